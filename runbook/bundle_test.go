package runbook

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	policyFile = "# Policy\n\n| Level | Name | Definition | Response time |\n|-|-|-|-|\n| SEV-1 | Critical | All is gone | < 15 minutes |\n\n| Type | Severity | Description |\n|-|-|-|\n| Cache lost | SEV-1 | x |\n\n" +
		"| Role | Contact | Escalation |\n|-|-|-|\n| Desk | +44 20 7946 0000 | Immediate |\n\n## Checklist\n\n- [ ] Told\n"
	tableFile = "# Tables\n\n## Procedure 1: Restore the tables\n\n1. **Stop**\n   ```bash\n   systemctl stop app\n   ```\n2. Follow Procedure 2.\n\n## Procedure 2: Compare the tables\n\n1. **Count**\n   ```bash\n   ls\n   ```\n   and\n   ```bash\n   ls -l\n   ```\n"
	cacheFile = "# Cache\n\n## Restore the cache\n\nThrow away what is there.\n\n```bash\nredis-cli -e FLUSHDB\n```\n\n## Checklist\n\n- [ ] Warm\n"
)

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

func TestAFolderIsOneRunbook(t *testing.T) {
	dir := folder(t, map[string]string{"1-policy.md": policyFile, "cache.md": cacheFile, "tables.md": tableFile, "notes.txt": "x", ".hidden.md": "x", "cache.lock.yaml": "format: 1\nsteps: []\n"})
	rb, err := Load(dir, nil)
	must(t, err)
	if len(rb.Severities) != 1 || len(rb.Contacts) != 1 || len(rb.IncidentTypes) != 1 || len(rb.Files) != 3 || rb.Title != "Policy" || len(rb.Checklist.Phases) != 2 || rb.Checklist.Phases[1].Items[0].ID != "c2" {
		t.Errorf("%+v", rb)
	}
	want := "1 Restore the cache\n1.1 p1.s1 executable Throw away what is there\n3 Restore the tables\n3.1 p3.s1 executable Stop\n3.2 p3.s2 call Follow Procedure 2 -> p2\n2 Compare the tables\n2.1.1 p2.s1.1 executable Count\n2.1.2 p2.s1.2 executable Count: and\n"
	if got := outline(rb); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if w := rb.Warnings[len(rb.Warnings)-1]; w.Rule != "unused-lock" || w.File != "cache.lock.yaml" {
		t.Errorf("%+v", rb.Warnings)
	}
	if LockPath(dir) != filepath.Join(dir, "runbook.lock.yaml") {
		t.Error(LockPath(dir))
	}
	for _, f := range Lint(rb, Env{Exists: func(string) bool { return false }, Services: map[string]string{"app": "Gold"}}) {
		if f.Line > 0 && f.File == "" {
			t.Errorf("%+v: in which file?", f)
		}
	}
	if text, err := json.Marshal(rb); err != nil || !strings.Contains(string(text), `"file":"tables.md"`) {
		t.Error(err)
	}
}

// TestI4_AFolderComesBackFromItsBytes: source and lock as kept with a run give the same runbook, whatever became of the folder.
func TestI4_AFolderComesBackFromItsBytes(t *testing.T) {
	dir := folder(t, map[string]string{"policy.md": policyFile, "cache.md": cacheFile, "tables.md": tableFile})
	src, err := ReadSource(dir)
	must(t, err)
	rb, err := Parse(src, nil)
	must(t, err)
	l, _ := Compile(rb, &Lock{Format: 1, Targets: map[string]Target{"here": {Dir: "."}}})
	must(t, os.WriteFile(LockPath(dir), l.Marshal(), 0o600))
	loaded, err := Load(dir, nil)
	must(t, err)
	kept, err := Parse(loaded.Source, nil)
	must(t, err)
	back, err := kept.Join(loaded.LockSource, dir)
	must(t, err)
	if outline(back) != outline(loaded) || back.Digest != loaded.Digest {
		t.Errorf("%s\n%s", outline(back), outline(loaded))
	}
	_, a := loaded.Step("2.1.2")
	_, b := back.Step("2.1.2")
	if !a.Ready || a.Entry.Digest() != b.Entry.Digest() || a.Entry.On.Dir != dir {
		t.Errorf("%+v %+v", a, b)
	}
	// A new file before the others takes no id away.
	must(t, os.WriteFile(filepath.Join(dir, "a-mail.md"), []byte("# Mail\n\n## Restore the mail\n\nStart it.\n\n```bash\nsystemctl start mail\n```\n"), 0o600))
	more, err := Load(dir, nil)
	must(t, err)
	ids := map[string]string{}
	for _, p := range more.Procedures {
		for _, s := range p.Steps {
			if was, twice := ids[s.ID]; twice {
				t.Errorf("%s is %q and %q", s.ID, was, s.Title)
			}
			ids[s.ID] = s.Title
			if p.File != "a-mail.md" && s.Kind == Executable && !s.Ready {
				t.Errorf("%s %s: %s", s.ID, s.Title, s.Why)
			}
		}
	}
	if ids["p2.s1.2"] != "Count: and" || ids["p1.s1"] != "Throw away what is there" {
		t.Errorf("%v", ids)
	}
}

func TestFoldersThatContradictThemselvesAreRefused(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"b.md:5: a second table of severities": {"a.md": policyFile, "b.md": strings.Replace(policyFile, "SEV-1 | x", "SEV-1 | y", 1), "c.md": tableFile},
		"with another severity":                {"a.md": policyFile, "b.md": "| Type | Severity | Description |\n|-|-|-|\n| Cache lost | SEV-2 | x |\n", "c.md": tableFile},
		"no procedure":                         {"a.md": policyFile},
		"no Markdown in this folder":           {},
		"b.md:1: not UTF-8":                    {"a.md": tableFile, "b.md": "\xff"},
		"b.md:3: procedure 1 again":            {"a.md": policyFile, "b.md": "## Procedure 1: x\n\n## Procedure 1: y\n"},
		"a second table of contacts":           {"a.md": policyFile, "b.md": "| Role | Contact | Escalation |\n|-|-|-|\n| x | y | z |\n", "c.md": tableFile},
	} {
		_, err := Load(folder(t, files), nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	for _, src := range []string{"<!-- drbot:file a.md 99 bytes -->\nx", "<!-- drbot:file a.md 1 bytes -->\nxy", "<!-- drbot:file a.md 999999999 bytes -->\n"} {
		if _, err := Parse([]byte(src), nil); err == nil {
			t.Errorf("%q was read", src)
		}
	}
	path := filepath.Join(t.TempDir(), "x.md")
	must(t, os.WriteFile(path, []byte("<!-- drbot:file a.md 0 bytes -->\n"+tableFile), 0o600))
	if _, err := Load(path, nil); err == nil || !strings.Contains(err.Error(), "bundle") {
		t.Errorf("%v", err)
	}
}
