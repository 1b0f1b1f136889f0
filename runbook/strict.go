package runbook

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// The lock is decoded by hand from YAML nodes: every refusal then has its line and column, and nothing is guessed.

// readYAML reads one document without anchors, aliases or explicit tags.
func readYAML(src []byte) (node *yaml.Node, err error) {
	defer func() { // the library reports some malformed input by panic
		if r := recover(); r != nil {
			err = &Error{Problem: fmt.Sprintf("not YAML: %v", r)}
		}
	}()
	if line, depth := deepestYAML(src); depth > maxNesting {
		return nil, &Error{Line: line, Problem: fmt.Sprintf("nested %d deep", depth), Want: fmt.Sprintf("at most %d", maxNesting)}
	}
	dec := yaml.NewDecoder(strings.NewReader(string(src)))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, &Error{Line: 1, Problem: "an empty document", Want: "keys and values"}
		}
		return nil, yamlError(err)
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, &Error{Line: max(more.Line, 1), Problem: "a second document", Want: "one"}
	}
	if len(doc.Content) != 1 {
		return nil, &Error{Line: 1, Problem: "an empty document", Want: "keys and values"}
	}
	return doc.Content[0], plainOnly(doc.Content[0])
}

// deepestYAML bounds the nesting before the library sees it: flow marks, and the indentation of block style.
func deepestYAML(src []byte) (line, depth int) {
	open, n := 0, 1
	indent, fresh := 0, true
	for _, b := range src {
		switch {
		case b == '\n':
			n++
			indent, fresh = 0, true
			continue
		case fresh && (b == ' ' || b == '-' || b == '?' || b == ':'):
			if b != ' ' {
				indent++
			}
		default:
			fresh = false
		}
		switch b {
		case '[', '{':
			open++
		case ']', '}':
			open = max(0, open-1)
		}
		if d := max(indent, openFlow(open)); d > depth {
			line, depth = n, d
		}
	}
	return line, depth
}

// openFlow forgives brackets in scripts, of which a lock is full; nesting that hurts has thousands.
func openFlow(open int) int { return open / 20 }

func yamlError(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	e := &Error{Problem: text, Want: "YAML"}
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		if num, what, ok := strings.Cut(rest, ": "); ok {
			if n, err := strconv.Atoi(num); err == nil {
				e.Line, e.Problem = n, what
			}
		}
	}
	return e
}

func plainOnly(n *yaml.Node) error {
	switch {
	case n.Kind == yaml.AliasNode:
		return at(n, "an alias", "the value itself")
	case n.Anchor != "":
		return at(n, "an anchor &"+n.Anchor, "the value alone")
	case n.Style&yaml.TaggedStyle != 0:
		return at(n, "the tag "+n.Tag, "the value alone")
	}
	for _, c := range n.Content {
		if err := plainOnly(c); err != nil {
			return err
		}
	}
	return nil
}

func at(n *yaml.Node, problem, want string) *Error {
	return &Error{Line: n.Line, Column: n.Column, Problem: problem, Want: want}
}

// strict decodes into structs with yaml tags, slices, maps by string, strings, ints, bools and durations.
type strict struct {
	whole string // what the document is called in refusals
	errs  []error
}

// DecodeYAML reads one document strictly into a struct with yaml tags: unknown and repeated keys, aliases, anchors and tags
// are refused with line and column (type *Error, several joined). what names the document: "the configuration".
func DecodeYAML(src []byte, what string, into any) error {
	node, err := readYAML(src)
	if err != nil {
		return err
	}
	s := strict{whole: what}
	s.decode(node, reflect.ValueOf(into).Elem(), what)
	return errors.Join(s.errs...)
}

func (s *strict) fail(n *yaml.Node, problem, want string) {
	s.errs = append(s.errs, at(n, problem, want))
}

func (s *strict) decode(n *yaml.Node, v reflect.Value, path string) {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]():
		s.duration(n, v, path)
	case v.Kind() == reflect.Struct:
		s.object(n, v, path)
	case v.Kind() == reflect.Map:
		s.dict(n, v, path)
	case v.Kind() == reflect.Interface:
		if err := n.Decode(v.Addr().Interface()); err != nil {
			s.fail(n, path+" cannot be read", "values, lists and mappings")
		}
	case v.Kind() == reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			s.fail(n, path+" is no list", "a list")
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
		for i, c := range n.Content {
			s.decode(c, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	default:
		s.scalar(n, v, path)
	}
}

func (s *strict) scalar(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		s.fail(n, path+" has no value of its own", "one value")
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(n.Value) // as written: sha256 12e4 is no number
	case reflect.Int:
		i, err := strconv.Atoi(n.Value)
		if err != nil {
			s.fail(n, fmt.Sprintf("%s is %q", path, n.Value), "a whole number")
		}
		v.SetInt(int64(i))
	case reflect.Bool:
		if n.Value != "true" && n.Value != "false" {
			s.fail(n, fmt.Sprintf("%s is %q", path, n.Value), "true or false")
		}
		v.SetBool(n.Value == "true")
	}
}

func (s *strict) duration(n *yaml.Node, v reflect.Value, path string) {
	d, err := time.ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || d <= 0 {
		s.fail(n, fmt.Sprintf("%s is %q", path, n.Value), "a duration like 90s, 15m or 2h")
	}
	v.SetInt(int64(d))
}

func (s *strict) pairs(n *yaml.Node, path string, each func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		s.fail(n, path+" is no mapping", "keys and values")
		return
	}
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode {
			s.fail(k, "a key that is no word", "a word")
			continue
		}
		if first := seen[k.Value]; first != nil {
			s.fail(k, fmt.Sprintf("%s again in %s", k.Value, path), fmt.Sprintf("it once; the first is at %d:%d", first.Line, first.Column))
			continue
		}
		seen[k.Value] = k
		each(k, n.Content[i+1])
	}
}

func (s *strict) dict(n *yaml.Node, v reflect.Value, path string) {
	v.Set(reflect.MakeMap(v.Type()))
	s.pairs(n, path, func(key, value *yaml.Node) {
		e := reflect.New(v.Type().Elem()).Elem()
		s.decode(value, e, path+"."+key.Value)
		v.SetMapIndex(reflect.ValueOf(key.Value), e)
	})
}

func (s *strict) object(n *yaml.Node, v reflect.Value, path string) {
	fields := map[string]int{}
	for i := range v.NumField() {
		if name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ","); name != "" && name != "-" {
			fields[name] = i
		}
	}
	s.pairs(n, path, func(key, value *yaml.Node) {
		i, ok := fields[key.Value]
		if !ok {
			s.fail(key, fmt.Sprintf("unknown key %q in %s", key.Value, path), nearest(key.Value, slices.Sorted(maps.Keys(fields))))
			return
		}
		inner := path + "." + key.Value
		if path == s.whole {
			inner = key.Value
		}
		s.decode(value, v.Field(i), inner)
	})
}

// nearest proposes the known word that is closest, or all of them.
func nearest(word string, known []string) string {
	best, distance := "", 3
	for _, k := range known {
		if d := edits(word, k); d < distance {
			best, distance = k, d
		}
	}
	if best != "" {
		return best
	}
	return "one of " + strings.Join(known, ", ")
}

// edits counts the insertions, deletions and replacements between two short words.
func edits(a, b string) int {
	if len(a) > 40 || len(b) > 40 {
		return 40
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		prev := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := prev
			if a[i] != b[j] {
				cost = 1 + min(prev, row[j], row[j+1])
			}
			prev, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
