package runbook

import (
	"strings"
	"testing"
)

// A text that asks somebody is named as that before it runs, with what to do instead: here it reads the end of its input.
func TestATextThatAsksIsNamed(t *testing.T) {
	const asks = "read -r -p 'sure? ' answer\n[ \"$answer\" = yes ]\n"
	if v := classify("bash", asks); v.verdict != "manual" || !strings.Contains(v.why, "interactive commands cannot run here") {
		t.Errorf("%+v", v)
	}
	rb := parse(t, "# Restore\n\n### Procedure 1: Restore\n\n1. **Ask**\n```bash\n"+asks+"```\n")
	found := false
	for _, f := range Lint(rb, Env{}) {
		if f.Rule == "interactive" {
			found = true
			if !strings.Contains(f.Message, "asks somebody") || !strings.Contains(f.Fix, "take the question out") {
				t.Errorf("%+v", f)
			}
		}
	}
	if !found {
		t.Error("lint says nothing of it")
	}
}
