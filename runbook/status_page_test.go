package runbook

import (
	"strconv"
	"strings"
	"testing"
)

// TestLint_AsksWhatThePublicMayRead: a field without a public source, and a message without a place for the typed words.
func TestLint_AsksWhatThePublicMayRead(t *testing.T) {
	for body, want := range map[string]string{
		"[Date] - [Update message]":                      "",
		"**Status: [Operational]**\n[message]":           "",
		"[Severity] since [started]\n\n[Update message]": "status-page-field:6 status-page-field:6",
		"[Incident ID]: [Update message]":                "status-page-field:6 status-page-words:6",
		"State: [page status]":                           "status-page-words:6",
	} {
		rb, err := Parse([]byte("# T\n\n## Communication templates\n### Status page\n```\n"+body+"\n```\n\n## Procedure 1: Restart\n1. Ask somebody\n"), nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range Lint(rb, Env{}) {
			if strings.HasPrefix(f.Rule, "status-page") {
				got = append(got, f.Rule+":"+strconv.Itoa(f.Line))
				if f.Level != LevelWarning || f.Fix == "" {
					t.Errorf("%+v", f)
				}
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", body, got, want)
		}
	}
}
