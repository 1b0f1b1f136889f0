package runbook

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const germanTables = "# Kasse\n\n## Klassen\n\n| Stufe | Reaktionszeit | Beispiele |\n|--|--|--|\n| SEV-1 | 15 Minuten | alles steht |\n| SEV-2 | 2 Stunden | eine Filiale |\n\n" +
	"## Wiederanlauf\n\n1. Anhalten\n   ```bash\n   systemctl stop kasse\n   ```\n\n## Leute\n\n| Rolle | Name | Telefon | Wann |\n|--|--|--|--|\n| Leitung | Ute Beck | +49 30 55 | sofort |\n| Vertretung | Jan Roth | +49 30 56 | 30 Minuten |\n"

// TestTablesAreReadByTheirMeaning: in the languages whose words are known, with or without a mapping.
func TestTablesAreReadByTheirMeaning(t *testing.T) {
	for _, opt := range []Sections{{"procedures": "Wiederanlauf"}, {"procedures": "Wiederanlauf", "severities": "Klassen", "contacts": "Leute"}} {
		rb, err := Parse([]byte(germanTables), opt)
		must(t, err)
		if len(rb.Severities) != 2 || rb.Severities[0].Respond != 15*time.Minute || rb.Severities[1].Respond != 2*time.Hour || rb.Severities[0].Definition != "alles steht" || rb.Severities[0].Name != "" {
			t.Errorf("%+v", rb.Severities)
		}
		if len(rb.Contacts) != 2 || rb.Contacts[0].Contact != "Ute Beck, +49 30 55" || !rb.Contacts[0].Immediate || rb.Contacts[1].After != 30*time.Minute {
			t.Errorf("%+v", rb.Contacts)
		}
		if len(rb.Warnings) > 0 {
			t.Errorf("%+v", rb.Warnings)
		}
	}
	french := "## Procedure 1: P\n\n1. x\n\n## G\n\n| Gravité | Délai de réponse | Exemple |\n|--|--|--|\n| P1 | 15 minutes | tout |\n\n## C\n\n| Rôle | Téléphone | Quand |\n|--|--|--|\n| Chef | 1234 | immédiatement |\n\n## O\n\n| Service | RTO |\n|--|--|\n| caisse | 4 heures |\n"
	rb := parse(t, french)
	if len(rb.Severities) != 1 || rb.Severities[0].Respond != 15*time.Minute || len(rb.Contacts) != 1 || !rb.Contacts[0].Immediate || len(rb.RTO) != 1 || rb.RTO[0].Target != 4*time.Hour {
		t.Errorf("%+v %+v %+v", rb.Severities, rb.Contacts, rb.RTO)
	}
}

// TestUnknownColumnsAreNamed: a column that nobody knows is read by the configuration's word, by its place with a finding, or not at all with one.
func TestUnknownColumnsAreNamed(t *testing.T) {
	text := "## Procedure 1: P\n\n1. x\n\n## Kl\n\n| Aste | Vaste | Kommentti |\n|--|--|--|\n| SEV-1 | 15 min | kaikki |\n"
	read := func(opt Sections) *Runbook {
		rb, err := Parse([]byte(text), opt)
		must(t, err)
		return rb
	}
	rb := read(Sections{"severities": "Kl"})
	var said []string
	for _, w := range rb.Warnings {
		if w.Rule == "column" {
			said = append(said, w.Message+" / "+w.Fix)
		}
	}
	if all := strings.Join(said, "\n"); len(rb.Severities) != 1 || rb.Severities[0].Respond != 0 || !strings.Contains(all, `"Aste" is read as the level`) || !strings.Contains(all, "nobody is reminded to respond") || !strings.Contains(all, "severities.respond: HEADING") {
		t.Errorf("%+v\n%s", rb.Severities, all)
	}
	rb = read(Sections{"severities": "Kl", "severities.level": "Aste", "severities.respond": "vaste", "severities.definition": "Kommentti"})
	if len(rb.Severities) != 1 || rb.Severities[0].Respond != 15*time.Minute || rb.Severities[0].Definition != "kaikki" || len(rb.Warnings) > 0 {
		t.Errorf("%+v %+v", rb.Severities, rb.Warnings)
	}
}

func TestSectionsAreCheckedInOrder(t *testing.T) {
	for want, opt := range map[string]Sections{
		`"Klassen" stands before its part; the form is part: heading, so severities: Klassen`: {"Klassen": "severities", "Leute": "contacts"}, `unknown part "leveln"; the form is part: heading`: {"leveln": "x", "zzz": "y"},
		`unknown column "severities.x"`: {"severities.x": "Y"},
	} {
		for range 20 {
			_, err := Parse([]byte(germanTables), opt)
			if se := (*SectionError)(nil); !errors.As(err, &se) || !strings.Contains(err.Error(), want) {
				t.Fatalf("%v: %v", opt, err)
			}
		}
	}
	rb, err := Parse([]byte(germanTables), Sections{"procedures": "Wiederanlauf", "severities": "Klasen"})
	must(t, err)
	if len(rb.Warnings) != 1 || !strings.Contains(rb.Warnings[0].Message, `under "Klasen"`) || !strings.Contains(rb.Warnings[0].Fix, `"klassen"`) {
		t.Errorf("%+v", rb.Warnings)
	}
}

// TestNoProcedureSaysWhatIsThere: the refusal names what comes next to a procedure, and carries the account of every fence and list.
func TestNoProcedureSaysWhatIsThere(t *testing.T) {
	for text, want := range map[string]string{
		"# A\n\n## Notes\n\n1. Look: `systemctl status x`\n\n- b\n": `the list at line 5 under "Notes": its heading has no word of recovery`, "# A\n\n1. look\n2. tell\n": "none of its items has a command", "# A\n\n## B\n\n```bash\nls\n```\n": "the command at line 5", "# A\n": "no procedure; expected",
	} {
		_, err := Parse([]byte(text), nil)
		var no *NoProcedure
		var e *Error
		if !errors.As(err, &no) || !errors.As(err, &e) || !strings.Contains(err.Error(), want) || len(no.Report.Fences)+len(no.Report.Lists) != strings.Count(text, "\n1. ")+strings.Count(text, "\n- ")+strings.Count(text, "```b") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestNoRegularFileIsRefused: a pipe would wait for ever, a device give bytes for ever.
func TestNoRegularFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "a.md")
	must(t, syscall.Mkfifo(pipe, 0o600))
	big := filepath.Join(t.TempDir(), "big.md")
	must(t, os.WriteFile(big, nil, 0o600))
	must(t, os.Truncate(big, maxMarkdown+1))
	for path, want := range map[string]string{pipe: "is no regular file", dir: "is no regular file", "/dev/zero": "is no regular file", big: "more than 16777216 bytes"} {
		if _, err := Load(path, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	runbook := filepath.Join(t.TempDir(), "r.md")
	must(t, os.WriteFile(runbook, []byte("## Procedure 1: P\n\n1. x\n"), 0o600))
	must(t, syscall.Mkfifo(LockPath(runbook), 0o600))
	if _, err := Load(runbook, nil); err == nil || !strings.Contains(err.Error(), "is no regular file") {
		t.Error(err)
	}
}

func TestDeepListsAreRefusedAsQuotesAre(t *testing.T) {
	for _, src := range []string{deepList(101), strings.Repeat("- ", 101) + "x", strings.Repeat("1. ", 101) + "x", deepNumbers(101), strings.Repeat("> ", 101) + "x"} {
		var e *Error
		if _, err := Parse([]byte("## Procedure 1: P\n\n1. x\n\n"+src), nil); !errors.As(err, &e) || e.Line < 5 || !strings.Contains(e.Problem, "nested") {
			t.Errorf("%.40q: %v", src, err)
		}
	}
	for _, src := range []string{deepList(90), strings.Repeat("- a\n", 5000), strings.Repeat("- a\n  - b\n", 500), strings.Repeat("-", 500)} {
		if _, err := Parse([]byte("## Procedure 1: P\n\n1. x\n\n"+src), nil); err != nil {
			t.Errorf("%.40q: %v", src, err)
		}
	}
}

func deepNumbers(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat("   ", i) + "1. x\n")
	}
	return b.String()
}

// TestIdsOfEqualFilesStay: a file that comes first, or a copy that goes, moves no id to another file.
func TestIdsOfEqualFilesStay(t *testing.T) {
	web := "# Web\n\n## Procedure 1: Web\n\n1. **Stop**\n   ```bash\n   systemctl stop web\n   ```\n"
	db := strings.ReplaceAll(strings.ReplaceAll(web, "Web", "Base"), "web", "base")
	dir := t.TempDir()
	var lock *Lock
	compiled := func(files map[string]string) string {
		t.Helper()
		must(t, os.RemoveAll(dir))
		must(t, os.Mkdir(dir, 0o700))
		for name, text := range files {
			must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
		}
		rb, err := LoadMarkdown(dir, nil)
		must(t, err)
		lock, _ = Compile(rb, lock)
		var out []string
		for _, p := range rb.join(lock, nil, "/").Procedures {
			out = append(out, p.File+" "+p.ID)
		}
		return strings.Join(out, ", ")
	}
	for _, step := range []struct {
		files map[string]string
		want  string
	}{
		{map[string]string{"web.md": web}, "web.md p1"},
		{map[string]string{"web.md": web, "web2.md": web}, "web.md p1, web2.md p2"},
		{map[string]string{"base.md": db, "web.md": web, "web2.md": web}, "base.md p4, web.md p1, web2.md p2"},
		{map[string]string{"base.md": db, "web.md": web}, "base.md p4, web.md p1"},
	} {
		if got := compiled(step.files); got != step.want {
			t.Errorf("%s, want %s", got, step.want)
		}
	}
}
