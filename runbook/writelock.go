package runbook

import (
	"bytes"
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"
)

const lockHeader = `# What may run, reviewed like code: "drbot runbook compile" writes it from the Markdown beside it and keeps the answers
# that people gave. A step runs only while its bytes here and in the Markdown are the reviewed ones. Keys: see the docs of package runbook.
`

// Marshal writes the lock: entries sorted by id, keys in the order of Entry, so that equal locks are equal bytes.
func (l *Lock) Marshal() []byte {
	sorted := *l
	sorted.Steps = slices.Clone(l.Steps)
	slices.SortStableFunc(sorted.Steps, func(a, b Entry) int { return compareIDs(a.ID, b.ID) })
	sorted.Retired = slices.Clone(l.Retired)
	slices.SortFunc(sorted.Retired, compareIDs)
	var b bytes.Buffer
	b.WriteString(lockHeader)
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	// Encoding a tree of plain nodes into memory cannot fail.
	_ = enc.Encode(encodeNode(reflect.ValueOf(sorted)))
	_ = enc.Close()
	return escapeHidden(b.Bytes())
}

// compareIDs sorts p2.s9 before p2.s10, p1.s4.1 after p1.s4, and p1.s6au after p1.s6a.
func compareIDs(a, b string) int {
	x, y := idParts(a), idParts(b)
	return cmp.Or(x.procedure-y.procedure, x.step-y.step, x.sub-y.sub, strings.Compare(x.rest, y.rest), strings.Compare(a, b))
}

// idOf is an id taken apart: p1.s4.2au is procedure 1, step 4, sub 2, rest "au".
type idOf struct {
	procedure, step, sub int // sub is 0 for a whole item
	rest                 string
}

func idParts(id string) idOf {
	var out idOf
	p, s, _ := strings.Cut(id, ".")
	out.procedure, _ = strconv.Atoi(strings.TrimPrefix(p, "p"))
	s = strings.TrimPrefix(s, "s")
	numbers := strings.TrimRight(s, "abcdefghijklmnopqrstu")
	out.rest = s[len(numbers):]
	step, sub, _ := strings.Cut(numbers, ".")
	out.step, _ = strconv.Atoi(step)
	out.sub, _ = strconv.Atoi(sub)
	return out
}

func encodeNode(v reflect.Value) *yaml.Node {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if d, ok := v.Interface().(time.Duration); ok {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: shortDuration(d)}
	}
	switch v.Kind() {
	case reflect.Struct:
		return encodeStruct(v)
	case reflect.Map:
		n := &yaml.Node{Kind: yaml.MappingNode}
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, k := range keys {
			n.Content = append(n.Content, encodeString(k.String()), encodeNode(v.MapIndex(k)))
		}
		return n
	case reflect.Slice:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		short := true
		for i := range v.Len() {
			c := encodeNode(v.Index(i))
			short = short && c.Kind == yaml.ScalarNode && c.Style != yaml.LiteralStyle && len(c.Value) < 24
			n.Content = append(n.Content, c)
		}
		if short && v.Len() < 8 {
			n.Style = yaml.FlowStyle
		}
		return n
	case reflect.Int:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.FormatInt(v.Int(), 10)}
	case reflect.Bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(v.Bool())}
	}
	return encodeString(v.String())
}

func encodeStruct(v reflect.Value) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for i := range v.NumField() {
		name, opt, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		f := v.Field(i)
		if name == "" || name == "-" || opt == "omitempty" && isEmpty(f) {
			continue
		}
		n.Content = append(n.Content, encodeString(name), encodeNode(f))
	}
	return n
}

func encodeString(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	switch {
	case !literalSafe(s):
		n.Style = yaml.DoubleQuotedStyle
	case strings.Contains(s, "\n"):
		n.Style = yaml.LiteralStyle
	}
	return n
}

// literalSafe says that a block of literal text gives the same bytes back. Where it would not, the double-quoted form does.
func literalSafe(s string) bool {
	for line := range strings.SplitSeq(s, "\n") {
		if line != strings.TrimRight(line, " \t") {
			return false
		}
	}
	return hiddenIn(s) == "" && !strings.HasPrefix(s, "\n") && !strings.HasPrefix(s, " ") && !strings.HasPrefix(s, "\t") && !strings.HasSuffix(s, "\n\n") && s != "\n" &&
		!strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && r != '\t' && (!unicode.IsPrint(r) || r > 0xffff) })
}

// shortDuration is 15m, not 15m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
