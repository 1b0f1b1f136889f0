package runbook

import (
	"errors"
	"strconv"
	"strings"
	"testing"
)

// TestHostileInputEndsInAnAnswer: sizes and depths that people do not write are read or refused with a place; nothing panics, nothing hangs (the
// test binary's own limit would say so).
func TestHostileInputEndsInAnAnswer(t *testing.T) {
	if testing.Short() {
		t.Skip("reads some hundred megabytes")
	}
	step := "## Procedure 1: P\n\n1. **x**\n"
	long := func(unit string) string { return strings.Repeat(unit, 10<<20/len(unit)) }
	many := func(unit string, n int) string { return strings.Repeat(unit, n) }
	for name, src := range map[string]string{
		"a line of 10 MB":            step + "   " + long("word "),
		"a command of 1 MB":          step + "   ```bash\n   echo " + many("word ", 200_000) + "\n   ```\n",
		"placeholders of 10 MB":      step + "   ```bash\n   echo " + long("<a> ") + "\n   ```\n",
		"variables of 1 MB":          step + "   ```bash\n   echo " + many("$abc ", 200_000) + "\n   ```\n",
		"a transcript of many lines": step + "   ```console\n" + many("   $ echo 'open\n", 3000) + "   ```\n",
		"alternatives without end":   step + "   ```bash\n" + many("   # OR\n   ls\n", 50_000) + "   ```\n",
		"quotes in quotes":           step + "   ```bash\n   " + many("$(", 5000) + "\n   ```\n",
		"brackets":                   step + "   ```bash\n   " + many("((", 20_000) + "\n   ```\n",
		"SQL comments":               step + "   ```sql\n   " + many("/* ", 100_000) + "\n   ```\n",
		"deep lists":                 many("- ", 5000) + "x",
		"deep quotes":                many(">", 100_000) + "x",
		"deep by indentation":        step + deepList(400),
		"many headings":              many("## x\n\n1. y\n   ```bash\n   ls\n   ```\n", 20_000),
		"many steps":                 step + many("1. y\n", 100_000),
		"many fences in one item":    step + many("   ```bash\n   ls\n   ```\n", 20_000),
		"many tabs":                  step + many("=== \"x\"\n    ", 20_000),
		"unclosed tags":              step + many("<Tab label=\"", 100_000),
		"a table of one row":         "| " + long("x | "),
		"bold":                       step + many("**a", 100_000),
		"open comments in HTML":      step + "   <div>\n" + many("   <!--<b>x</b>\n\n", 200_000),
		"comments in HTML":           step + "   <!--\n" + many("<b><!--\n\n", 200_000),
		"code in a paragraph":        step + many("`ls -l` word. ", 4000) + long("word. "),
		"code in many items":         step + many("1. run `ls -l`, then `ls -a`\n", 100_000),
		"a table of commands":        "## Procedure 1: P\n\n| # | Command |\n|--|--|\n" + numberedRows(3000),
		"many summaries":             step + many("   <details><summary>A</summary>\n\n   ```bash\n   ls\n   ```\n\n   </details>\n", 3000),
		"many lists":                 "## Procedure 1: P\n\n" + many("1. x\n\nwords\n\n", 20_000),
		"ways without end":           step + many("   or\n\n   ```bash\n   ls\n   ```\n\n", 10_000),
		"links":                      step + many("[a](", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rb, err := Parse([]byte(src), nil)
			if err != nil {
				var e *Error
				if !errors.As(err, &e) || e.Problem == "" {
					t.Error(err)
				}
				return
			}
			l, _ := Compile(rb, nil)
			Lint(rb, Env{})
			if len(l.Marshal()) < 10 {
				t.Error("no lock")
			}
		})
	}
	for name, src := range map[string]string{
		"aliases":        "a: &a [x]\nb: [" + many("*a, ", 100_000) + "]\n",
		"billion laughs": "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nformat: 1\n",
		"merge keys":     "format: 1\nsteps:\n  - &x {id: p1.s1}\n  - <<: *x\n",
		"deep flow":      many("[", 1_000_000),
		"deep block":     many("- ", 100_000) + "x",
		"long scalar":    "format: 1\nsteps: [{id: " + many("x", 7<<20) + "}]\n",
		"same keys":      "format: 1\n" + many("format: 1\n", 10_000),
		"tags":           "format: !!binary AQ==\n",
		"a tab":          "format:\t1\n\tsteps: []\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ReadLock([]byte(src))
			var e *Error
			if !errors.As(err, &e) {
				t.Error(err)
			}
		})
	}
}

func numberedRows(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("| " + strconv.Itoa(i+1) + " | `ls -l` |\n")
	}
	return b.String()
}

func deepList(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat("  ", i) + "- x\n")
	}
	return b.String()
}
