package runbook

import (
	"errors"
	"io/fs"
	"os"
	"testing"
)

// seed reads the source runbook, which is not part of this repository.
func seed(t testing.TB) []byte {
	t.Helper()
	src, err := os.ReadFile("../../shared/seed/DISASTER_RECOVERY.md")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the seed runbook is not beside this checkout (../shared/seed)")
	}
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestSeedDump(t *testing.T) {
	rb, err := Parse(seed(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range rb.Procedures {
		t.Logf("%s %q %q %q", p.ID, p.Title, p.Scenario, p.Notes)
		for _, s := range p.Steps {
			t.Logf("   %s %q %s cond=%q calls=%v alts=%+v text=%q", s.Number, s.Title, s.Kind, s.Condition, s.Calls, s.Alternatives, s.Text)
		}
	}
	for _, b := range rb.Fences {
		t.Logf("%+v", b)
	}
	for _, b := range rb.Lists {
		t.Logf("%+v", b)
	}
	for _, x := range rb.Templates {
		t.Logf("%s %q\n%s", x.Key, x.Subject, x.Body)
		t.Logf("%+v", x.Fields)
	}
	t.Logf("%+v", rb.Severities)
	t.Logf("%+v", rb.IncidentTypes)
	t.Logf("%+v", rb.RTO)
	t.Logf("%+v", rb.RPO)
	t.Logf("%+v", rb.Contacts)
	t.Logf("%+v", rb.Review.Deadlines)
	t.Logf("%+v", rb.Checklist)
	for _, w := range rb.Warnings {
		t.Logf("%+v", w)
	}
}
