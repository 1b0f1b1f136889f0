package runbook

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// A slot is a place in a command that waits for a value: a placeholder, a sample, a variable that nothing sets. The compiler makes each a
// parameter and rewrites the place so that bash gives the value as it is, wherever it stands: "${NAME}" outside quotes, ${NAME} inside them.

// rewritten is a bash text with its slots as parameters.
type rewritten struct {
	text       string
	parameters []Parameter
	rewrites   []Rewrite
	open       []string // what could not be rewritten, as questions
}

// maxSlots bounds the values of one command; nobody fills in more.
const maxSlots = 200

// slot is one token of the text.
type slot struct {
	from, to int
	text     string
	sample   bool
	variable string // what it is assigned to as a whole: BACKUP="…"
	assigned bool   // by the shell itself; else `name=value` is a word, or a condition in SQL
	at, end  int    // of its mark in the marked text
	done     bool   // rewritten
}

var (
	sampleForms     = regexp.MustCompile(`(\b\w*20\d{6}_\d{6}\w*|20\d\d-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?Z?|[\w.-]*\bexample\.(?:com|org|net)\b|\bregistry/[\w.-]+)`)
	wholeAssignment = regexp.MustCompile(`(?:^|[\s;])([A-Za-z_][A-Za-z0-9_]*)=["']?$`)
)

// placeholders finds what nobody filled, comments left out.
func placeholders(src string) []string { return distinct(slots(placeholderForms, src)) }

// samples finds literals that look like an example of a value.
func samples(src string) []string { return distinct(slots(sampleForms, src)) }

func distinct(all []slot) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range all {
		if !seen[s.text] {
			seen[s.text] = true
			out = append(out, s.text)
		}
	}
	return out
}

// slots finds what the form's groups caught, of which one at a time is filled.
func slots(form *regexp.Regexp, src string) []slot {
	var out []slot
	at := 0
	for line := range strings.SplitAfterSeq(src, "\n") {
		if mayHold(form, line) && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			for _, m := range form.FindAllStringSubmatchIndex(line, -1) {
				for g := 2; g < len(m); g += 2 {
					if m[g] < 0 || m[g] > 0 && line[m[g]] == '<' && line[m[g]-1] == '<' || form == placeholderForms && meansItself(src, line, m[g], m[g+1]) {
						continue
					}
					s := slot{from: at + m[g], to: at + m[g+1], text: line[m[g]:m[g+1]], sample: form == sampleForms}
					if a := wholeAssignment.FindStringSubmatch(line[max(0, m[g]-80):m[g]]); a != nil && strings.Trim(line[m[g+1]:], "\"'; \n\t") == "" {
						s.variable = a[1]
					}
					out = append(out, s)
				}
			}
		}
		at += len(line)
	}
	return out
}

// markSlots puts a word that stands nowhere else in the place of each token, so that bash's grammar can be asked where it stands. A token that
// bash would read as a part of a name, or behind a dollar sign, stays: there no value can be put.
func markSlots(src string) (marked, mark string, all []slot) {
	all = append(slots(placeholderForms, src), slots(sampleForms, src)...)
	slices.SortFunc(all, func(a, b slot) int { return a.from - b.from })
	all = slices.CompactFunc(all, func(later, a slot) bool { return later.from < a.to })
	all = slices.DeleteFunc(all, func(s slot) bool { return s.from > 0 && src[s.from-1] == '$' })
	mark = "zq"
	for strings.Contains(strings.ToLower(src), mark) {
		mark += "q"
	}
	for {
		marked = putMarks(src, mark, all)
		named := inNames(marked, mark)
		if len(named) == 0 {
			return marked, mark, all
		}
		kept := all[:0]
		for i, s := range all {
			if !slices.ContainsFunc(named, func(name string) bool { return strings.Contains(name, fmt.Sprintf("%s%dz", mark, i)) }) {
				kept = append(kept, s)
			}
		}
		if len(kept) == len(all) {
			return src, mark, nil
		}
		all = kept
	}
}

func putMarks(src, mark string, all []slot) string {
	var b strings.Builder
	last := 0
	for i := range all {
		s := &all[i]
		b.WriteString(src[last:s.from])
		s.at = b.Len()
		fmt.Fprintf(&b, "%s%dz", mark, i)
		s.end, last = b.Len(), s.to
	}
	b.WriteString(src[last:])
	return b.String()
}

// unmark puts the tokens back into a text that was made from a marked one: a message, a name.
func unmark(text, mark string, all []slot) string {
	for i, s := range all {
		text = strings.ReplaceAll(text, fmt.Sprintf("%s%dz", mark, i), s.text)
	}
	return text
}

// inNames are the names of variables, functions and here-documents of a text that hold a mark.
func inNames(text, mark string) []string {
	if !strings.Contains(text, mark) {
		return nil
	}
	sh, err := readShell(text)
	if err != nil {
		return nil
	}
	var out []string
	add := func(names ...string) {
		for _, n := range names {
			if strings.Contains(n, mark) {
				out = append(out, n)
			}
		}
	}
	add(sh.names()...)
	syntax.Walk(sh.file, func(n syntax.Node) bool {
		switch t := n.(type) {
		case *syntax.FuncDecl:
			if t.Name != nil {
				add(t.Name.Value)
			}
		case *syntax.WordIter:
			add(t.Name.Value)
		case *syntax.Redirect:
			if t.N != nil {
				add(t.N.Value)
			}
			if t.Hdoc != nil {
				add(known(t.Word))
			}
		}
		return true
	})
	return out
}

// fill makes the slots of a bash text parameters. A text that does not parse, with or without them, is an error.
func fill(src string) (rewritten, error) {
	marked, mark, all := markSlots(src)
	if len(all) > maxSlots {
		return rewritten{}, fmt.Errorf("%d places wait for a value; at most %d are made parameters", len(all), maxSlots)
	}
	sh, err := readShell(marked)
	if err != nil {
		return rewritten{}, errors.New(unmark(err.Error(), mark, all))
	}
	f := &filler{src: marked, slots: all, used: map[string]string{}}
	for _, v := range sh.names() {
		f.used[v] = "$" + v
	}
	f.assigned(sh)
	f.tokens(sh)
	f.variables(sh)
	f.text = f.edit()
	for _, p := range placeholders(f.text) {
		f.open = appendOnce(f.open, p+" is a placeholder: make it a parameter")
	}
	if _, err := readShell(f.text); err != nil {
		return rewritten{}, errors.New(unmark(err.Error(), mark, all))
	}
	if f.shows(mark) {
		return rewritten{}, errors.New("a place that waits for a value cannot be rewritten")
	}
	return f.rewritten, nil
}

// shows says that a mark is left anywhere, in small letters or capitals.
func (r *rewritten) shows(mark string) bool {
	all := strings.ToLower(fmt.Sprint(r.text, r.parameters, r.rewrites, r.open))
	return strings.Contains(all, mark)
}

// filler rewrites one text.
type filler struct {
	rewritten
	src   string // the text with a mark for each token
	slots []slot
	used  map[string]string // parameter or variable -> what it stands for
	edits []edit
}

type edit struct {
	from, to int
	text     string
}

// edit applies the edits; tokens that none touched come back as they were.
func (f *filler) edit() string {
	for _, s := range f.slots {
		if !s.done {
			f.edits = append(f.edits, edit{s.at, s.end, s.text})
			f.open = appendOnce(f.open, ask(s))
		}
	}
	slices.SortFunc(f.edits, func(a, b edit) int { return a.from - b.from })
	var b strings.Builder
	last := 0
	for _, e := range f.edits {
		if e.from < last {
			continue
		}
		b.WriteString(f.src[last:e.from] + e.text)
		last = e.to
	}
	b.WriteString(f.src[last:])
	return b.String()
}

// ask is the question about a slot that stays.
func ask(s slot) string {
	if s.sample {
		return s.text + " looks like a sample: make it a parameter, or keep it on purpose"
	}
	return s.text + " is a placeholder: make it a parameter"
}

// tokens rewrites each token by where it stands.
func (f *filler) tokens(sh *shell) {
	quoted := map[syntax.Node]bool{} // inside double quotes
	closed := map[syntax.Node]bool{} // where a value cannot be put
	syntax.Walk(sh.file, func(n syntax.Node) bool {
		switch t := n.(type) {
		case *syntax.DblQuoted:
			for _, p := range t.Parts {
				quoted[p] = true
			}
		case *syntax.Redirect:
			if t.Hdoc != nil {
				_, literal := t.Word.Parts[0].(*syntax.Lit)
				for _, p := range t.Hdoc.Parts {
					quoted[p], closed[p] = true, !literal || len(t.Word.Parts) > 1
				}
			}
		case *syntax.ArithmExp, *syntax.ArithmCmd, *syntax.LetClause:
			return false
		case *syntax.Lit:
			if !closed[t] {
				f.literal(int(t.Pos().Offset()), int(t.End().Offset()), quoted[t])
			}
		case *syntax.SglQuoted:
			if !t.Dollar {
				f.single(int(t.Pos().Offset()), int(t.End().Offset()))
			}
		}
		return true
	})
}

// marks finds the tokens between two offsets.
func (f *filler) marks(from, to int, each func(s slot, from, to int)) {
	i, _ := slices.BinarySearchFunc(f.slots, from, func(s slot, at int) int { return s.at - at })
	for ; i < len(f.slots) && f.slots[i].end <= to; i++ {
		f.slots[i].done = true
		each(f.slots[i], f.slots[i].at, f.slots[i].end)
	}
}

func (f *filler) literal(from, to int, quoted bool) {
	f.marks(from, to, func(s slot, a, b int) {
		value := "${" + f.parameter(s, f.src[max(0, a-40):a], quoted && strings.ContainsAny(f.src[from:to], " \t\n")) + "}"
		if !quoted {
			value = `"` + value + `"`
		}
		f.edits = append(f.edits, edit{a, b, value})
		f.note(s.text, value)
	})
}

// single closes the quotes around the value; where nothing else stands in them they go.
func (f *filler) single(from, to int) {
	f.marks(from, to, func(s slot, a, b int) {
		value := `"${` + f.parameter(s, f.src[max(0, a-40):a], strings.ContainsAny(f.src[from:to], " \t\n")) + `}"`
		if a == from+1 && b == to-1 {
			f.edits = append(f.edits, edit{from, to, value})
			f.note("'"+s.text+"'", value)
			return
		}
		f.edits = append(f.edits, edit{a, b, "'" + value + "'"})
		f.note(s.text, "'"+value+"'")
	})
}

func (f *filler) note(from, to string) {
	if r := (Rewrite{from, to}); from != to && !slices.Contains(f.rewrites, r) {
		f.rewrites = append(f.rewrites, r)
	}
}

// parameter gives the name of a slot's parameter, and declares it the first time. embedded: the value stands among other words of one
// argument, which something else may read as a language.
func (f *filler) parameter(s slot, before string, embedded bool) string {
	if embedded && !s.assigned {
		s.variable = "" // `where id=<USER_ID>` sets nothing
	}
	p := guess(s, before)
	if !s.assigned || p.Name != s.variable {
		p.Name = f.free(p.Name, s.text)
	}
	if embedded && p.Type == TypeText && p.Pattern == "" {
		p.Pattern = plainValue
	}
	f.declare(p)
	f.used[p.Name] = s.text
	return p.Name
}

func (f *filler) declare(p Parameter) {
	if i := slices.IndexFunc(f.parameters, func(o Parameter) bool { return o.Name == p.Name }); i >= 0 {
		return
	}
	f.parameters = append(f.parameters, p)
	if p.Type == TypeText && p.Pattern == "" && len(p.Allowed) == 0 {
		f.open = append(f.open, p.Name+textQuestion)
	}
}

// free is the name, or the first of NAME_2, NAME_3 that nothing else has.
func (f *filler) free(name, text string) string {
	for n := 1; ; n++ {
		try := name
		if n > 1 {
			try = fmt.Sprintf("%s_%d", name, n)
		}
		if had, ok := f.used[try]; !ok || had == text {
			return try
		}
	}
}
