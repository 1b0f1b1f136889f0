package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestCompileAccountsForATextWithoutProcedures: the refusal comes after what became of every fence and list, in both forms.
func TestCompileAccountsForATextWithoutProcedures(t *testing.T) {
	path := writeFile(t, filepath.Join(t.TempDir(), "HINTS.md"), "# Hints\n\n1. `systemctl status x` helps\n\n## More\n\n```bash\nls\n```\n")
	code, out, errs := drbot(t, nil, "runbook", "compile", path)
	if code != exitFailed || !strings.Contains(out, "line 3: list: display") || !strings.Contains(out, "line 7: manual") || !strings.Contains(errs, "the nearest is the list at line 3") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	if _, out, _ := drbot(t, nil, "runbook", "compile", "--report", "json", path); !strings.Contains(out, `"lists": [`) || !strings.Contains(out, `"line": 7`) {
		t.Error(out)
	}
}

// TestSectionsErrorsHaveTheirPlace: the configuration's line and column, and the form that is meant.
func TestSectionsErrorsHaveTheirPlace(t *testing.T) {
	for text, want := range map[string]string{
		"runbook: x.md\nsections: {Klassen: severities}\n":                      `drbot.yaml: 2:21: sections: "Klassen" stands before its part; the form is part: heading, so severities: Klassen`,
		"runbook: x.md\nsections:\n  severities: Klassen\n  severity: Andere\n": `drbot.yaml: 4:13: sections: unknown part "severity"`,
		"runbook: x.md\nsections: {severities.levl: Stufe}\n":                   `2:29: sections: unknown column "severities.levl"`,
	} {
		path := writeFile(t, filepath.Join(t.TempDir(), "drbot.yaml"), text)
		if code, _, errs := drbot(t, nil, "check", "--config", path); code != exitConfig || !strings.Contains(errs, want) {
			t.Errorf("%q: exit code %d: %s", text, code, errs)
		}
	}
}

// TestShowNamesFilesAndConditions: in a folder the file of each procedure; at a step what it depends on; a table's commands as steps.
func TestShowNamesFilesAndConditions(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "web.md"), "# W\n\n## Procedure 1: Web\n\n1. Only if it hangs, stop it\n   ```bash\n   systemctl stop web\n   ```\n")
	writeFile(t, filepath.Join(dir, "queue.md"), "# Q\n\n## Procedure 1: Queue\n\n| # | Command |\n|--|--|\n| 1 | `systemctl stop q` |\n")
	_, out, errs := drbot(t, nil, "runbook", "show", dir)
	for _, want := range []string{"p2 Web (web.md)", "p1 Queue (queue.md)", "; only if it hangs]", "1.1  Row 1 [executable"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s%s", want, out, errs)
		}
	}
	if _, out, _ := drbot(t, nil, "runbook", "compile", dir); !strings.Contains(out, "queue.md line 5: text: executable") {
		t.Error(out)
	}
}
