package runbook

import (
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Spelled texts: what a program gets as a word, or on its standard input, with a mark for each value that stands in it.

var markName = regexp.MustCompile(`^q*[ps]([A-Z][A-Z0-9_]*)z`)

// marked are the parameters whose marks stand in a spelled text.
func (t *tracer) marked(text string) []string {
	var out []string
	for _, m := range t.marks(text) {
		out = append(out, m.name)
	}
	return out
}

// standIn is one mark in a spelled text: there the value stands, as it is or quoted for a shell.
type standIn struct {
	from, to int
	name     string
	quoted   bool
}

func (t *tracer) marks(text string) []standIn {
	var out []standIn
	for at := 0; ; {
		i := strings.Index(text[at:], t.mark)
		if i < 0 {
			return out
		}
		from := at + i
		at = from + len(t.mark)
		if m := markName.FindStringSubmatch(text[at:]); m != nil && len(m[0]) == len(m[1])+2 {
			out = append(out, standIn{from, at + len(m[0]), m[1], text[at] == 's'})
			at += len(m[0])
		}
	}
}

// stand writes the marks of the values that a part of a word holds; a part that holds none, and is not known either, is "\x00".
func (t *tracer) stand(part syntax.Node) string {
	names := t.inside(part)
	if len(names) == 0 {
		return "\x00"
	}
	how := "p"
	if quotes(part) {
		how = "s"
	}
	var b strings.Builder
	for _, n := range names {
		b.WriteString(t.mark + how + n + "z")
	}
	return b.String()
}

// quotes says that a part gives its value quoted for a shell: ${X@Q}, $(printf %q "$X").
func quotes(part syntax.Node) bool {
	switch p := part.(type) {
	case *syntax.ParamExp:
		return p.Exp != nil && p.Exp.Op == syntax.OtherParamOps && p.Exp.Word != nil && p.Exp.Word.Lit() == "Q"
	case *syntax.CmdSubst:
		if len(p.Stmts) != 1 || len(p.Stmts[0].Redirs) > 0 {
			return false
		}
		c, ok := p.Stmts[0].Cmd.(*syntax.CallExpr)
		return ok && len(c.Assigns) == 0 && len(c.Args) == 3 && known(c.Args[0]) == "printf" && (known(c.Args[1]) == "%q" || known(c.Args[1]) == "%q ")
	}
	return false
}

// spell is a word's text as known() gives it, with marks where values stand.
func (t *tracer) spell(w *syntax.Word) string {
	var b strings.Builder
	for _, part := range w.Parts {
		switch p := part.(type) {
		case *syntax.Lit:
			b.WriteString(unescape(p.Value, ""))
		case *syntax.SglQuoted:
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			for _, in := range p.Parts {
				if l, ok := in.(*syntax.Lit); ok {
					b.WriteString(unescape(l.Value, "$`\"\\\n"))
				} else {
					b.WriteString(t.stand(in))
				}
			}
		default:
			b.WriteString(t.stand(part))
		}
	}
	return b.String()
}

// document is the body of a here-document.
func (t *tracer) document(r *syntax.Redirect) string {
	var b strings.Builder
	for _, part := range r.Hdoc.Parts {
		if l, ok := part.(*syntax.Lit); ok {
			b.WriteString(unescape(l.Value, "$`\\\n"))
		} else {
			b.WriteString(t.stand(part))
		}
	}
	return b.String()
}

// produced are the texts that a statement writes on its standard output, as far as values stand in them: echo, printf, here-documents.
func (t *tracer) produced(n syntax.Node, depth int) []string {
	var out []string
	if depth > 3 {
		return nil
	}
	syntax.Walk(n, func(n syntax.Node) bool {
		switch s := n.(type) {
		case *syntax.Redirect:
			out = append(out, t.given(s)...)
		case *syntax.CallExpr:
			if len(s.Args) == 0 {
				return true
			}
			name := known(s.Args[0])
			if f := t.funcs[name]; f != nil {
				out = append(out, t.produced(f.Body, depth+1)...)
			}
			if name == "echo" || name == "printf" {
				out = append(out, t.printed(s.Args[1:], name == "printf"))
			}
		}
		return true
	})
	return out
}

// printed is what echo and printf write; %q quotes.
func (t *tracer) printed(args []*syntax.Word, format bool) string {
	var words []string
	for _, w := range args {
		words = append(words, t.spell(w))
	}
	text := strings.Join(words, " ")
	if format && len(words) > 0 && strings.Contains(words[0], "%q") && strings.Count(words[0], "%") == strings.Count(words[0], "%q") {
		for _, m := range slices.Backward(t.marks(text)) {
			text = text[:m.from] + t.mark + "s" + m.name + "z" + text[m.to:]
		}
	}
	return text
}

// given is what a redirection puts on standard input.
func (t *tracer) given(r *syntax.Redirect) []string {
	switch {
	case r.Hdoc != nil:
		return []string{t.document(r)}
	case r.Op == syntax.WordHdoc:
		return []string{t.spell(r.Word)}
	}
	return nil
}
