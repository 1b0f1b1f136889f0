package runbook

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

func TestLockRefusalsNameLineAndColumn(t *testing.T) {
	entry := "format: 1\ntargets:\n  t: {dir: .}\nsteps:\n  - id: p1.s1\n    procedure: p1\n"
	run := entry + "    run: |\n      ls\n    sha256: " + digest([]byte("ls\n")) + "\n    source_sha256: " + digest([]byte("ls\n")) + "\n    interpreter: bash\n    target: t\n    risk: read\n"
	if _, err := ReadLock([]byte(run)); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"":                              "line 1: an empty document",
		"format: 2\nsteps: []\n":        "1:9: format 2",
		"format: 1\nformat: 1\n":        "2:1: format again",
		"format: 1\nstepz: []\n":        "2:1: unknown key \"stepz\" in the lock; expected steps",
		"format: 1\nsteps: {}\n":        "2:8: steps is no list",
		"format: 1\nsteps: &a []\n":     "an anchor",
		"a: &a [x]\nb: *a\n":            "an anchor",
		"format: !!int 1\n":             "the tag",
		"format: 1\n---\nformat: 1\n":   "a second document",
		"format: 1\n\tsteps: []\n":      "line 2:",
		"[1, 2]\n":                      "1:1: the lock is no mapping",
		entry:                           "nothing to run",
		entry + "    manual: perhaps\n": "7:13: steps[0].manual is \"perhaps\"; expected true or false",
		entry + "    timeout: 5\n":      "7:14: steps[0].timeout is \"5\"",
		run + "    precheck: rm x\n":    "precheck is no reading",
		run + "    list: eval $x\n":     "list is no reading",
		run + "    verify: p1.s9\n":     "names p1.s9",
		run + "    undo: p1.s1u\n":      "names p1.s1u",
		run + "    databases: [{name: a, file: ../x}]\n":        "under the target's dir",
		run + "    output: nowhere\n":                           "output is \"nowhere\"",
		run + "    expect: {match: ['(']}\n":                    "expect: ",
		run + "    approvals: {need: 1, from: [ana]}\n":         "unknown role \"ana\"",
		strings.Replace(run, "p1.s1", "p2.s1", 1):               "is in procedure \"p1\"",
		strings.Replace(run, "risk: read", "risk: harmless", 1): "risk is \"harmless\"",
		strings.Replace(run, "target: t", "target: u", 1):       "target \"u\"",
		run + "retired: [p1.s1]\n":                              "is retired",
		strings.Repeat("[", 5000):                               "nested",
		strings.Repeat("- ", 5000):                              "nested",
	} {
		_, err := ReadLock([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q\n got %v\nwant %s", text, err, want)
		}
	}
}

func TestLoadOfADamagedLock(t *testing.T) {
	lock := string(reviewed(t, parse(t, small)).Marshal())
	path := write(t, small, []byte(strings.Replace(lock, "risk: destructive", "risc: destructive", 1)))
	_, err := Load(path, nil)
	if err == nil || !strings.Contains(err.Error(), LockPath(path)+":") || !strings.Contains(err.Error(), "expected risk") {
		t.Errorf("%v", err)
	}
	rb, err := LoadText(path, nil)
	if err != nil || rb.LockError == nil || rb.Lock != nil || len(rb.Procedures) != 1 {
		t.Fatalf("%v, %+v", err, rb)
	}
	for _, s := range rb.Procedures[0].Steps {
		if s.Ready {
			t.Errorf("%s is ready", s.ID)
		}
	}
	must(t, os.Remove(path))
	if _, err := LoadText(path, nil); err == nil {
		t.Error("a runbook that is gone was read")
	}
}

func TestMarkdownRefusalsNameTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"# Nothing\n\nhere\n":                                                         "line 1: no procedure",
		small + "\n## Procedure 1: Again\n\n1. x\n":                                   "procedure 1 again",
		small + "\n| Level | Response |\n|--|--|\n| SEV-7 | 1 h |\n":                  "line 17: severity \"SEV-7\"",
		small + "\n| Type | Severity |\n|--|--|\n| A | SEV-1 |\n| a | SEV-2 |\n":      "line 18: incident type \"a\"",
		small + "\n## Templates\n\n### Initial\n\n```\nx\n[Colour of the sky]\n```\n": "line 21: message \"initial\": nothing known fills [Colour of the sky]",
		"# x\n\x00\n":                    "line 2: not UTF-8",
		"# x\n\n\xff\n":                  "line 3: not UTF-8",
		strings.Repeat(">", 3000) + " x": "line 1: quotes or lists nested",
	} {
		_, err := Parse([]byte(text), nil)
		var e *Error
		if err == nil || !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := Parse([]byte(small), Sections{"nowhere": "x"}); err == nil {
		t.Error("an unknown part was taken")
	}
}

func TestSectionsInOtherWords(t *testing.T) {
	text := `# Notfall

## Stufen

| Stufe | Name | Bedeutung | Antwort |
|--|--|--|--|
| 1 | Kritisch | Alles steht | 15 min |

## Abläufe

### Datenbank zurückholen

1. **Anhalten**
   ` + "```sh\n   systemctl stop x\n   ```" + `

## Nachrichten

### Erste Nachricht

` + "```\nBetrifft: [SEVERITY]\n```\n"
	rb, err := Parse([]byte(text), Sections{"severities": "Stufen", "procedures": "Abläufe", "initial": "Erste Nachricht"})
	must(t, err)
	if len(rb.Severities) != 1 || rb.Severities[0].Respond != 15*time.Minute || rb.Severities[0].Definition != "Alles steht" {
		t.Errorf("%+v", rb.Severities)
	}
	if len(rb.Procedures) != 1 || rb.Procedures[0].Title != "Datenbank zurückholen" || rb.Procedures[0].Steps[0].Kind != Executable {
		t.Errorf("%+v", rb.Procedures)
	}
	if m := rb.Template("initial"); m == nil || m.Body != "Betrifft: [[severity]]" {
		t.Errorf("%+v", m)
	}
}

// TestMarkdownInOddForms: line ends, byte-order mark, front matter, a fence that is not indented, fences in fences.
func TestMarkdownInOddForms(t *testing.T) {
	plain := parse(t, small)
	for name, text := range map[string]string{
		"CRLF":         strings.ReplaceAll(small, "\n", "\r\n"),
		"BOM":          "\xef\xbb\xbf" + small,
		"front matter": "---\ntitle: x\n---\n" + small,
		"unindented":   strings.Replace(small, "   ```bash\n   echo one\n   ```", "\n```bash\necho one\n```\n", 1),
		"tildes":       strings.ReplaceAll(small, "```", "~~~"),
	} {
		rb := parse(t, text)
		if len(rb.Procedures) != 1 || len(rb.Procedures[0].Steps) != 3 {
			t.Errorf("%s: %+v", name, rb.Procedures)
			continue
		}
		if got, want := rb.Procedures[0].Steps[0].SourceSHA256, plain.Procedures[0].Steps[0].SourceSHA256; got != want {
			t.Errorf("%s: another source: %v", name, rb.Procedures[0].Steps[0].Commands)
		}
	}
	rb := parse(t, small+"\n## More\n\n````markdown\n```bash\nrm -rf /\n```\n````\n")
	if n := len(rb.Fences); n != 3 || rb.Fences[2].Verdict != "display" {
		t.Errorf("fences %+v", rb.Fences)
	}
}

func TestSpans(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"< 15 minutes": 15 * time.Minute, "1 week": 7 * 24 * time.Hour, "48h": 48 * time.Hour, "1h30m": 90 * time.Minute, "≤ 2 hours": 2 * time.Hour, "within 5 min": 5 * time.Minute, "1.5 hours": 90 * time.Minute,
		"2 weeks": 14 * 24 * time.Hour, "As needed": 0, "": 0, "-5 minutes": 0, "5": 0, "soon": 0, "99999999999 weeks": 0, "0 hours": 0,
	} {
		if got, _ := span(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	for text, want := range map[string]time.Duration{"Hourly snapshots": time.Hour, "every 15 minutes": 15 * time.Minute, "a segment every 5 minutes at least": 5 * time.Minute, "Continuous replication": 0, "every": 0} {
		if got := interval(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestExpectations(t *testing.T) {
	for _, c := range []struct {
		e    *Expect
		code int
		out  string
		ok   bool
	}{
		{nil, 0, "", true}, {nil, 1, "", false}, {&Expect{Exit: []int{0, 1}}, 1, "", true}, {&Expect{Exit: []int{1}}, 0, "", false},
		{&Expect{Stdout: "ok"}, 0, "ok\n", true}, {&Expect{Stdout: "ok"}, 0, "ok\nmore\n", false},
		{&Expect{Match: []string{"^a$", "^b$"}}, 0, "a\nb\n", true}, {&Expect{Match: []string{"^a$", "^c$"}}, 0, "a\nb\n", false}, {&Expect{Not: []string{"DIFF"}}, 0, "x DIFF y", false},
		{&Expect{JSON: map[string]string{"status": "healthy"}}, 0, "log\n{\"status\":\"healthy\"}\n", true}, {&Expect{JSON: map[string]string{"status": "healthy"}}, 0, `{"status":"degraded"}`, false},
		{&Expect{JSON: map[string]string{"a.n": "3"}}, 0, "{\n \"a\": {\"n\": 3}\n}", true}, {&Expect{JSON: map[string]string{"a": "x"}}, 0, "no json", false},
	} {
		if why := c.e.Check(c.code, []byte(c.out)); (why == "") != c.ok {
			t.Errorf("%+v on %d %q: %q", c.e, c.code, c.out, why)
		}
	}
	e := &Expect{Not: []string{"DIFF"}, Match: []string{"^fine$"}}
	if why := e.Check(0, []byte("users: 1900, manifest says 2000: DIFFERENT\n")); why != "exit 0, but the check failed: users: 1900, manifest says 2000: DIFFERENT" {
		t.Errorf("%q", why)
	}
}

func TestCollectedValuesAreTheDeclaredOnes(t *testing.T) {
	e := &Entry{ID: "p1.s5", Produces: []Produce{{Name: "BACKUP", Pattern: "b[0-9]+"}, {Name: "ROWS", Type: TypeInt}}}
	got, err := e.Collect([]byte("BACKUP=b1\nROWS=5\n"))
	if err != nil || got["p1.s5.BACKUP"] != "b1" || got["p1.s5.ROWS"] != "5" {
		t.Errorf("%v %v", got, err)
	}
	for _, out := range []string{"", "BACKUP=b1\n", "BACKUP=b1\nROWS=x\n", "BACKUP=b1\nBACKUP=b2\nROWS=5\n", "BACKUP=xb1\nROWS=5\n", "BACKUP=b1\nROWS=5\nPATH=/tmp\n", "BACKUP=-b1\nROWS=5\n", "BACKUP\nROWS=5\n"} {
		if _, err := e.Collect([]byte(out)); err == nil {
			t.Errorf("%q was taken", out)
		}
	}
	for _, bad := range []string{"b1 verified\n", "b1\tgood\t-\n", "b1\tverified\tyesterday\n", "\tverified\t-\n"} {
		if _, err := ParseOptions([]byte(bad)); err == nil {
			t.Errorf("the list %q was taken", bad)
		}
	}
	o, err := ParseOptions([]byte("b2\trejected\t-\thash differs\nb1\tverified\t2026-11-24T02:00:00Z\t5 rows\n"))
	if err != nil || len(o) != 2 || o[0].Note != "hash differs" || o[1].At.Hour() != 2 {
		t.Errorf("%+v %v", o, err)
	}
	list := &Entry{ID: "p1.s5", Parameters: []Parameter{{Name: "W", Type: TypeChoice, From: "list", Allowed: []string{"newest"}, Default: "newest"}}}
	for v, ok := range map[string]bool{"newest": true, "b1": true, "b2": false, "b3": false} {
		if _, err := Bind(list.WithOptions(o), map[string]string{"W": v}); (err == nil) != ok {
			t.Errorf("%s: %v", v, err)
		}
	}
	if v := list.Resolve(Facts{}, nil); v["W"] != "newest" {
		t.Errorf("default: %v", v)
	}
}

// TestDecodeYAML: the configuration is read as strictly as a lock.
func TestDecodeYAML(t *testing.T) {
	type inner struct {
		Mode string `yaml:"mode"`
	}
	var c struct {
		Listen string            `yaml:"listen"`
		Slack  inner             `yaml:"slack"`
		Wait   time.Duration     `yaml:"wait"`
		Names  map[string]string `yaml:"names"`
	}
	must(t, DecodeYAML([]byte("listen: 127.0.0.1:8080\nslack: {mode: socket}\nwait: 15m\nnames: {a: b}\n"), "the configuration", &c))
	if c.Listen != "127.0.0.1:8080" || c.Slack.Mode != "socket" || c.Wait != 15*time.Minute || c.Names["a"] != "b" {
		t.Errorf("%+v", c)
	}
	for text, want := range map[string]string{
		"lisen: x\n":              `1:1: unknown key "lisen" in the configuration; expected listen`,
		"slack:\n  mod: socket\n": `2:3: unknown key "mod" in slack; expected mode`,
		"listen: a\nlisten: b\n":  "2:1: listen again",
		"slack: *x\n":             "unknown anchor",
		"":                        "an empty document",
	} {
		if err := DecodeYAML([]byte(text), "the configuration", &c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
