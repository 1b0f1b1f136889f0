package runbook

import (
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Arithmetic: bash works out a variable's value again, and a subscript in it runs commands: a[$(rm -rf /srv)]. It does so in (( )), $(( )),
// subscripts, [[ a -gt b ]], declare -i, let, and wherever a word names a variable.

// arithmetic notes the values that bash would work out.
func (t *tracer) arithmetic(n syntax.Node) {
	switch s := n.(type) {
	case *syntax.ArithmExp:
		t.worked(s, s.X)
	case *syntax.ArithmCmd:
		t.worked(s, s.X)
	case *syntax.CStyleLoop:
		t.worked(s, s.Init, s.Cond, s.Post)
	case *syntax.LetClause:
		for _, x := range s.Exprs {
			t.worked(s, x)
		}
	case *syntax.ArrayElem:
		t.worked(s, s.Index)
	case *syntax.Assign:
		t.worked(s, s.Index)
		if s.Name != nil && t.ints[s.Name.Value] && s.Value != nil {
			t.worked(s, s.Value)
		}
	case *syntax.DeclClause:
		t.declared(s)
	case *syntax.BinaryTest:
		switch s.Op {
		case syntax.TsEql, syntax.TsNeq, syntax.TsLeq, syntax.TsGeq, syntax.TsLss, syntax.TsGtr:
			t.worked(s, s.X, s.Y)
		}
	case *syntax.UnaryTest:
		if s.Op == syntax.TsVarSet || s.Op == syntax.TsRefVar {
			t.worked(s, s.X)
		}
	case *syntax.ParamExp:
		t.expanded(s)
	}
}

// expanded looks at the ways of reading a variable that work its value, or a number beside it, out.
func (t *tracer) expanded(p *syntax.ParamExp) {
	t.worked(p, p.Index)
	if p.Slice != nil {
		t.worked(p, p.Slice.Offset, p.Slice.Length)
	}
	if p.Param == nil {
		return
	}
	prompt := p.Exp != nil && p.Exp.Op == syntax.OtherParamOps && p.Exp.Word != nil && p.Exp.Word.Lit() == "P"
	if p.Excl || prompt {
		t.found(arithmeticText, "bash", t.carries[t.variable(p)], p)
	}
}

// declared follows declare -i and -n, and names that are values.
func (t *tracer) declared(d *syntax.DeclClause) {
	number := false
	for _, a := range d.Args {
		if a.Name != nil {
			if number {
				t.ints[a.Name.Value] = true
				if a.Value != nil {
					t.worked(d, a.Value)
				}
			}
			continue
		}
		word := known(a.Value)
		number = number || strings.HasPrefix(word, "-") && strings.ContainsAny(word, "in")
		t.worked(d, a.Value)
	}
}

// worked notes the values in expressions, and the variables named there without a dollar sign.
func (t *tracer) worked(at syntax.Node, exprs ...syntax.Node) {
	var names, based []string
	for _, x := range exprs {
		if x == nil {
			continue
		}
		syntax.Walk(x, func(n syntax.Node) bool {
			switch s := n.(type) {
			case *syntax.Word:
				if l, ok := s.Parts[0].(*syntax.Lit); ok && len(s.Parts) == 2 && numberBase.MatchString(l.Value) {
					based = append(based, t.inside(s.Parts[1])...)
					return false
				}
			case *syntax.ArithmExp:
				return false // it is looked at by itself
			case *syntax.ParamExp, *syntax.CmdSubst:
				names = append(names, t.inside(s)...)
				return false // its name is no variable of the expression
			case *syntax.Lit:
				if syntax.ValidName(s.Value) {
					names = append(names, t.carries[s.Value]...)
				}
				names = append(names, t.marked(s.Value)...)
			}
			return true
		})
	}
	slices.Sort(names)
	t.found(arithmeticText, "arithmetic", slices.Compact(names), at)
	slices.Sort(based)
	t.found(basedText, "arithmetic", slices.Compact(based), at)
}

// numberBase stands before the digits of a number: 16#ff. Letters and digits behind it are never a variable.
var numberBase = regexp.MustCompile(`^[0-9]+#$`)
