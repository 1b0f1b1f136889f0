package runbook

import (
	"maps"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// A value that is pasted into a text which another program reads as its language is code there: `bash -c "ls $DIR"`, `awk "/$X/"`, SQL, arithmetic.
// Here such places are found, through variables, functions, pipes and here-documents, in a text and in the texts within it. What a parameter's
// type admits then says whether the place can be left (see pastedtext.go); else the step is blocked, with the form that is safe (I34).

// paste is one place where a parameter's value becomes part of a text that something reads as a language.
type paste struct {
	name   string // of the parameter
	reader string // who reads the text: bash -c, awk, arithmetic
	line   int    // in the outermost text, from 1
	fix    string // how the value gets there safely
	admits func(Parameter) bool
}

// tracer follows values through one text.
type tracer struct {
	src     string
	mark    string // begins the word that stands for a value in a spelled text; it stands nowhere in the outermost text
	depth   int
	line    int                         // of the text within the outermost one; 0: this is the outermost
	names   []string                    // of the parameters: in every text they are in the environment
	carries map[string][]string         // variable -> the parameters whose values it holds
	around  map[string][]string         // those of the text around this one, which may be in the environment
	holders map[*syntax.ParamExp]string // $1 of a function f is f:1
	funcs   map[string]*syntax.FuncDecl
	ints    map[string]bool // declare -i
	piped   map[*syntax.Stmt][]string
	out     *[]paste
}

// pastes finds the places of the named values; ok is false where the text does not parse.
func pastes(text string, names []string) (all []paste, ok bool) {
	if len(names) == 0 {
		return nil, true
	}
	mark := "zq"
	for strings.Contains(text, mark) {
		mark += "q"
	}
	t := &tracer{mark: mark, names: names, out: &all}
	ok = t.read(text, nil, nil)
	return all, ok
}

// read looks through one text, with the words behind it ($1, $2) and what its commands are given on standard input; false: it does not parse.
func (t *tracer) read(text string, args, input []string) bool {
	sh, err := readShell(text)
	if err != nil {
		return false
	}
	t.src, t.holders, t.funcs, t.ints, t.piped = text, map[*syntax.ParamExp]string{}, map[string]*syntax.FuncDecl{}, map[string]bool{}, map[*syntax.Stmt][]string{}
	t.carries = maps.Clone(t.around)
	if t.carries == nil {
		t.carries = map[string][]string{}
	}
	for _, n := range t.names {
		t.carries[n] = []string{n}
	}
	for i, w := range args { // args[0] is $0
		for _, at := range []string{string(rune('0' + min(i, 9))), "@", "*"} {
			t.carries[at] = append(t.carries[at], t.marked(w)...)
		}
	}
	syntax.Walk(sh.file, func(n syntax.Node) bool {
		if d, ok := n.(*syntax.FuncDecl); ok && d.Name != nil {
			t.funcs[d.Name.Value] = d
			t.own(d)
		}
		return true
	})
	t.feed(sh.file, input)
	for range 8 { // each round follows one more assignment of a chain
		if !t.spread(sh.file) {
			break
		}
	}
	syntax.Walk(sh.file, func(n syntax.Node) bool {
		t.arithmetic(n)
		t.commands(n)
		return true
	})
	return true
}

// own notes which of a function's words its positional variables are.
func (t *tracer) own(d *syntax.FuncDecl) {
	syntax.Walk(d.Body, func(n syntax.Node) bool {
		if p, ok := n.(*syntax.ParamExp); ok && p.Param != nil && !syntax.ValidName(p.Param.Value) {
			t.holders[p] = d.Name.Value + ":" + p.Param.Value
		}
		return true
	})
}

// spread gives variables the values that they are set from; false: nothing new.
func (t *tracer) spread(file *syntax.File) (more bool) {
	give := func(name string, nodes ...syntax.Node) {
		for _, n := range nodes {
			for _, v := range t.inside(n) {
				if !slices.Contains(t.carries[name], v) {
					t.carries[name] = append(t.carries[name], v)
					more = true
				}
			}
		}
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		switch s := n.(type) {
		case *syntax.Assign:
			if s.Name == nil {
				return true
			}
			if s.Value != nil {
				give(s.Name.Value, s.Value)
			}
			if s.Array != nil {
				give(s.Name.Value, s.Array)
			}
		case *syntax.WordIter:
			for _, w := range s.Items {
				give(s.Name.Value, w)
			}
		case *syntax.BinaryCmd:
			if s.Op == syntax.Pipe || s.Op == syntax.PipeAll {
				t.feed(s.Y, t.produced(s.X, 0))
				for _, name := range readNames(s.Y) {
					give(name, s.X)
				}
			}
		case *syntax.Stmt:
			for _, name := range readNames(s) {
				for _, r := range s.Redirs {
					give(name, r)
				}
			}
		case *syntax.CallExpr:
			t.called(s, give)
		}
		return true
	})
	return more
}

// feed notes the texts that come to a command's standard input, and to what is inside it.
func (t *tracer) feed(n syntax.Node, texts []string) {
	if len(texts) == 0 {
		return
	}
	syntax.Walk(n, func(n syntax.Node) bool {
		s, ok := n.(*syntax.Stmt)
		if !ok {
			return true
		}
		had := t.piped[s]
		t.piped[s] = append(slices.Clone(had), slices.DeleteFunc(slices.Clone(texts), func(x string) bool { return slices.Contains(had, x) })...)
		if c, ok := s.Cmd.(*syntax.CallExpr); ok && len(c.Args) > 0 && len(had) == 0 {
			if f := t.funcs[known(c.Args[0])]; f != nil {
				t.feed(f.Body, texts)
			}
		}
		return true
	})
}

// called gives a function's positional variables, and those of `set --` and `printf -v`, their values.
func (t *tracer) called(c *syntax.CallExpr, give func(string, ...syntax.Node)) {
	if len(c.Args) == 0 {
		return
	}
	name := known(c.Args[0])
	switch {
	case t.funcs[name] != nil:
		for i, w := range c.Args[1:] {
			for _, at := range []string{string(rune('1' + min(i, 8))), "@", "*"} {
				give(name+":"+at, w)
			}
		}
	case name == "set":
		for _, w := range c.Args[1:] {
			for _, at := range strings.Split("1 2 3 4 5 6 7 8 9 @ *", " ") {
				give(at, w)
			}
		}
	case name == "printf" && len(c.Args) > 3 && known(c.Args[1]) == "-v":
		for _, w := range c.Args[3:] {
			give(known(c.Args[2]), w)
		}
	}
}

// readNames are the variables that `read` and `mapfile` set in a statement.
func readNames(s *syntax.Stmt) []string {
	var out []string
	syntax.Walk(s, func(n syntax.Node) bool {
		c, ok := n.(*syntax.CallExpr)
		if ok && len(c.Args) > 0 && slices.Contains([]string{"read", "mapfile", "readarray"}, known(c.Args[0])) {
			for _, w := range c.Args[1:] {
				if name := w.Lit(); syntax.ValidName(name) {
					out = append(out, name)
				}
			}
		}
		return true
	})
	return out
}

// variable is the key of a variable in carries.
func (t *tracer) variable(p *syntax.ParamExp) string {
	if key := t.holders[p]; key != "" {
		return key
	}
	return p.Param.Value
}

// inside are the parameters whose values a node's text holds. What arithmetic gives is a number, whatever went in.
func (t *tracer) inside(n syntax.Node) []string {
	var out []string
	add := func(names []string) {
		for _, v := range names {
			if !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	syntax.Walk(n, func(n syntax.Node) bool {
		switch p := n.(type) {
		case *syntax.ArithmExp:
			return false
		case *syntax.CmdSubst:
			for _, s := range p.Stmts {
				add(t.passed(s, 0))
			}
			return false
		case *syntax.ParamExp:
			if p.Length {
				return false
			}
			if p.Param != nil {
				add(t.carries[t.variable(p)])
				add(t.marked(p.Param.Value))
			}
		case *syntax.Lit:
			add(t.marked(p.Value))
		case *syntax.SglQuoted:
			add(t.marked(p.Value))
		}
		return true
	})
	return out
}

// passers are programs that print words which they are given, or words made of them.
var passers = strings.Fields("echo printf basename dirname realpath readlink ls find expr eval seq base64 tr command env sudo timeout bash sh awk gawk jq xargs git")

// passed are the parameters whose values come out of a statement as text. What other programs print about a file is not its name.
func (t *tracer) passed(n syntax.Node, depth int) []string {
	var out []string
	if depth > 3 {
		return nil
	}
	syntax.Walk(n, func(n syntax.Node) bool {
		switch s := n.(type) {
		case *syntax.Redirect:
			if s.Hdoc != nil {
				out = append(out, t.inside(s.Hdoc)...)
			} else if s.Op == syntax.WordHdoc {
				out = append(out, t.inside(s.Word)...)
			}
			return false
		case *syntax.Assign, *syntax.WordIter:
			return false // what it sets carries the value on
		case *syntax.CallExpr:
			if len(s.Args) == 0 {
				return false
			}
			name := known(s.Args[0])
			if f := t.funcs[name]; f != nil {
				out = append(out, t.passed(f.Body, depth+1)...)
			}
			if slices.Contains(passers, name) || strings.Contains(name, "\x00") {
				for _, w := range s.Args {
					out = append(out, t.inside(w)...)
				}
			}
			return false
		}
		return true
	})
	return out
}
