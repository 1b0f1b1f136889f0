package main

import (
	"strings"
	"testing"
)

// TestCheckNamesWhatThePublicNeverReads: fields of the message for the status page, and one that has no place for the words;
// not where no page is kept.
func TestCheckNamesWhatThePublicNeverReads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		body string
		want []string
	}{
		{"[Severity] [Impact]\n[Update message]", []string{"the status page never says [Severity]", "the status page never says [Impact]", "The runbook, line "}},
		{"[Page status]\nAffected: [Service 1]", []string{"has no line for the words that are typed for it"}},
	} {
		b := small()
		b.tail = "\n## Communication templates\n\n### Public status page\n\n```\n" + c.body + "\n```\n"
		w := settle(t, b)
		if _, out, errs := w.drbot("check", "--offline"); strings.Contains(out+errs, "status page") {
			t.Errorf("no page is kept: %s%s", out, errs)
		}
		w.extra += aPage
		w.configure()
		code, out, errs := w.drbot("check", "--offline")
		for _, want := range c.want {
			if code != 0 || !strings.Contains(out+errs, want) {
				t.Errorf("exit %d without %q: %s%s", code, want, out, errs)
			}
		}
	}
}
