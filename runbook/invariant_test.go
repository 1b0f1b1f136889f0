package runbook

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// write puts a runbook and its lock in a folder of their own.
func write(t *testing.T, markdown string, lock []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "RUNBOOK.md")
	must(t, os.WriteFile(path, []byte(markdown), 0o600))
	if lock != nil {
		must(t, os.WriteFile(LockPath(path), lock, 0o600))
	}
	return path
}

func loaded(t *testing.T, markdown string, lock []byte) *Runbook {
	t.Helper()
	rb, err := Load(write(t, markdown, lock), nil)
	must(t, err)
	return rb
}

// TestI5_AChangedCharacterMakesTheStepText: every single-character edit of a command in the Markdown, one at a time.
func TestI5_AChangedCharacterMakesTheStepText(t *testing.T) {
	lock := reviewed(t, parse(t, small)).Marshal()
	at := strings.Index(small, "rm -rf two")
	for i := range len("rm -rf two") {
		b := []byte(small)
		b[at+i] ^= 2
		rb, err := Load(write(t, string(b), lock), nil)
		must(t, err)
		_, s := rb.Step("1.2")
		if s.Ready || s.Why != WhyChanged {
			t.Fatalf("byte %d: %+v", i, s)
		}
		if _, other := rb.Step("1.1"); !other.Ready {
			t.Fatalf("byte %d took step 1.1 along: %q", i, other.Why)
		}
	}
}

func TestI5_WithoutALockNothingIsReady(t *testing.T) {
	for _, p := range loaded(t, small, nil).Procedures {
		for _, s := range p.Steps {
			if s.Ready || s.Kind == Executable && s.Why != WhyNoEntry {
				t.Errorf("%+v", s)
			}
		}
	}
}

func TestI5_OnlyAcceptedEntriesAreReady(t *testing.T) {
	lock := reviewed(t, parse(t, small))
	rb := loaded(t, small, lock.Marshal())
	_, one := rb.Step("1.1")
	one = &Step{Entry: one.Entry}
	some := rb.Accepted(func(d string) bool { return d == one.Entry.Digest() })
	if _, s := some.Step("1.1"); !s.Ready {
		t.Errorf("accepted, and %q", s.Why)
	}
	if _, s := some.Step("1.2"); s.Ready || s.Why != WhyAccepted {
		t.Errorf("not accepted: %+v", s)
	}
	if _, s := rb.Step("1.2"); !s.Ready {
		t.Error("Accepted changed the runbook that it was asked of")
	}
}

// TestI5_TheDigestCoversWhatWasReviewed: any change of an entry, its target or the defaults it takes needs a new acceptance, and only its.
func TestI5_TheDigestCoversWhatWasReviewed(t *testing.T) {
	fresh := func() *Lock { return reviewed(t, parse(t, small)) }
	was := fresh().Digests()
	for name, change := range map[string]func(*Lock, *Entry){
		"run":         func(_ *Lock, e *Entry) { e.Run += "\n" },
		"interpreter": func(_ *Lock, e *Entry) { e.Interpreter = SQLite },
		"parameter":   func(_ *Lock, e *Entry) { e.Parameters = []Parameter{{Name: "X", Type: TypeText}} },
		"pattern":     func(_ *Lock, e *Entry) { e.Parameters = []Parameter{{Name: "X", Type: TypeText, Pattern: "a"}} },
		"risk":        func(_ *Lock, e *Entry) { e.Risk = Change },
		"approvals":   func(_ *Lock, e *Entry) { e.Approvals = &Approvals{Need: 1, From: []string{}} },
		"target":      func(l *Lock, e *Entry) { l.Targets["there"] = l.Targets["here"]; e.Target = "there" },
		"list":        func(_ *Lock, e *Entry) { e.List = "ls" },
		"precheck":    func(_ *Lock, e *Entry) { e.Precheck = "true" },
		"expect":      func(_ *Lock, e *Entry) { e.Expect = &Expect{Stdout: "one"} },
		"undo":        func(_ *Lock, e *Entry) { e.Undo = "p1.s2" },
		"timeout":     func(_ *Lock, e *Entry) { e.Timeout = 7 },
		"survivors":   func(_ *Lock, e *Entry) { e.Survivors = "keep" },
		"leaves":      func(_ *Lock, e *Entry) { e.Leaves = "x" },
	} {
		l := fresh()
		change(l, l.entry("p1.s1"))
		if now := l.Digests(); now["p1.s1"] == was["p1.s1"] || now["p1.s2"] != was["p1.s2"] {
			t.Errorf("%s: changed %v, other kept %v", name, now["p1.s1"] != was["p1.s1"], now["p1.s2"] == was["p1.s2"])
		}
	}
	l := fresh()
	l.Targets = map[string]Target{"here": {Dir: ".", Path: "/tmp"}}
	if now := l.Digests(); now["p1.s1"] == was["p1.s1"] || now["p1.s2"] == was["p1.s2"] {
		t.Error("another PATH of the target needs no acceptance")
	}
	l = fresh()
	l.Defaults.Destructive.Approvals = &Approvals{Need: 2}
	if now := l.Digests(); now["p1.s1"] != was["p1.s1"] || now["p1.s2"] == was["p1.s2"] {
		t.Error("other defaults must touch the destructive entry and only it")
	}
}

// TestI6_LockBytesAreTheFenceBytes: what the lock gives to the interpreter is what stands between the fences, for text that tools like to strip.
func TestI6_LockBytesAreTheFenceBytes(t *testing.T) {
	for _, text := range []string{
		"$ echo prompt-like\n", "  indented\n\ttab\n", "echo 'a  b'   \n", "echo \"\\$HOME `x` \\\\\"\n", "cat <<'EOF'\n$ x\nEOF\n", "echo é ✅ \u00a0x\n", "\necho after an empty line\n\n\n",
		"# only\n: \"${x:-}\"\n", "echo '---'\n---\n", "printf '%s' \"a: b # c\"\n", "echo\u2028x\n", "echo a\x07b\n",
	} {
		rb := parse(t, "## Procedure 1: P\n\n1. **Step**\n\n"+indent("```bash\n"+text+"```\n"))
		c := rb.Procedures[0].Steps[0].Commands[0]
		if c.Source != text {
			t.Errorf("fence %q was read as %q", text, c.Source)
		}
		lock := &Lock{Format: 1, Targets: map[string]Target{"t": {}}, Steps: []Entry{{
			ID: "p1.s1", Procedure: "p1", SourceSHA256: digest([]byte(c.Source)), Run: c.Source, SHA256: digest([]byte(c.Source)), Interpreter: Bash, Target: "t", Risk: Read,
		}}}
		back, err := ReadLock(lock.Marshal())
		if err != nil {
			t.Errorf("%q: %v\n%s", text, err, lock.Marshal())
			continue
		}
		if back.Steps[0].Run != text {
			t.Errorf("%q came back as %q", text, back.Steps[0].Run)
		}
	}
}

func indent(s string) string {
	lines := strings.SplitAfter(s, "\n")
	for i, l := range lines {
		if strings.TrimSpace(l) != "" {
			lines[i] = "   " + l
		}
	}
	return strings.Join(lines, "")
}

func TestI6_AnyTextComesBackFromTheLock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([ -~\n\t]|é|\x{2028}|✅){1,60}`).Draw(t, "text")
		lock := &Lock{Format: 1, Targets: map[string]Target{"t": {}}, Steps: []Entry{{
			ID: "p1.s1", Procedure: "p1", SourceSHA256: digest(nil), Run: text, SHA256: digest([]byte(text)), Interpreter: Bash, Target: "t", Risk: Destructive, Leaves: text,
		}}}
		back, err := ReadLock(lock.Marshal())
		if err != nil || back.Steps[0].Run != text || back.Steps[0].Leaves != text {
			t.Fatalf("%q: %v\n%s", text, err, lock.Marshal())
		}
		if again := back.Marshal(); string(again) != string(lock.Marshal()) {
			t.Fatalf("written differently:\n%s\n%s", lock.Marshal(), again)
		}
	})
}

func TestI6_ARunThatIsNotItsSHA256IsRefused(t *testing.T) {
	lock := string(reviewed(t, parse(t, small)).Marshal())
	_, err := ReadLock([]byte(strings.Replace(lock, "rm -rf two", "rm -rf two three", 1)))
	var e *Error
	if !errors.As(err, &e) || e.Line == 0 || !strings.Contains(err.Error(), "changed after it was reviewed") {
		t.Errorf("%v", err)
	}
}

// TestI17_TheMarkdownAloneLoosensNothing: whatever is written around the command, risk and approvals stay those of the lock.
func TestI17_TheMarkdownAloneLoosensNothing(t *testing.T) {
	lock := reviewed(t, parse(t, small)).Marshal()
	_, before := loaded(t, small, lock).Step("1.2")
	for _, text := range []string{
		strings.Replace(small, "2. **Two**", "2. **Two** (risk: read, no approval needed)", 1),
		strings.Replace(small, "# Small", "---\nrisk: read\napprovals: {need: 0}\n---\n# Small", 1),
		strings.Replace(small, "```bash\n   rm", "```bash {risk=read approvals=0}\n   rm", 1),
		strings.Replace(small, "```bash\n   rm", "```sh\n   rm", 1),
	} {
		_, s := loaded(t, text, lock).Step("1.2")
		if s.Entry == nil || s.Entry.Risk != Destructive || s.Entry.Approvals == nil || s.Entry.Approvals.Need != 1 || s.Entry.Digest() != before.Entry.Digest() {
			t.Errorf("%s\n%+v", text, s.Entry)
		}
	}
}

func TestI17_ADestructiveStepAlwaysNeedsSomebody(t *testing.T) {
	l := reviewed(t, parse(t, small))
	l.Defaults.Destructive = Policy{Approvals: &Approvals{Need: 0, From: []string{}}}
	two := l.entry("p1.s2")
	two.Risk = Read // the text says otherwise
	e := l.Effective(*two)
	if e.Risk != Destructive || e.Approvals == nil || e.Approvals.Need != 1 {
		t.Errorf("%+v", e)
	}
	if e.Approvals.From == nil || len(e.Approvals.From) != 0 {
		t.Errorf("an empty list became %v: it means nobody (I13)", e.Approvals.From)
	}
}

// hostile values must come to the process as they are, or be refused.
var hostile = []string{
	"$(touch pwned)", "`touch pwned`", "; rm -rf /", "a b", "a'b", `a"b`, `a\b`, "*", "?", "[a]", "~", "~root", "$HOME", "${IFS}", "a\nb", "a\rb", "a\x00b", "a\tb", "-rf", "--help", "-", "'; DROP TABLE t; --",
	`\'; SELECT 1`, "../../etc/passwd", "/etc/passwd", "%s%n", "a=b", "!important", "&& id", "| id", "> f", "< f", "\u202eabc", "\u2066x", "\ufeffx", "a\u200bb", "é", "日本", "\xff\xfe", strings.Repeat("x", 5000), "", " ", "{a,b}", "#x", "a#b", "\\", "\x1b[2J",
}

// TestI34_HostileValuesArriveAsTheyAreOrNotAtAll: with real bash.
func TestI34_HostileValuesArriveAsTheyAreOrNotAtAll(t *testing.T) {
	e := &Entry{ID: "p1.s1", Parameters: []Parameter{{Name: "VALUE", Type: TypeText}}}
	refused := 0
	for _, v := range hostile {
		b, err := Bind(e, map[string]string{"VALUE": v})
		if err != nil {
			refused++
			continue
		}
		dir := t.TempDir()
		cmd := exec.Command("bash", "--noprofile", "--norc", "-c", `printf '%s' "$VALUE"`)
		cmd.Env, cmd.Dir = b.Env, dir
		out, err := cmd.Output()
		must(t, err)
		if string(out) != v {
			t.Errorf("%q arrived as %q", v, out)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%q made %v", v, left)
		}
	}
	if refused != 16 {
		t.Errorf("%d values refused", refused)
	}
}

// TestI34_HostileValuesInSQL: bound, never pasted; with the SQLite of the binary.
func TestI34_HostileValuesInSQL(t *testing.T) {
	s := &service{t: t, dir: t.TempDir()}
	e := &Entry{ID: "p1.s1", Interpreter: SQLite, Run: "SELECT :VALUE;\n", Parameters: []Parameter{{Name: "VALUE", Type: TypeText}}}
	for _, v := range hostile {
		b, err := Bind(e, map[string]string{"VALUE": v})
		if err != nil {
			continue
		}
		if r := s.sqlite(e, b.Values); r.code != 0 || r.out != ":VALUE\n"+v+"\n" {
			t.Errorf("%q arrived as %+v", v, r)
		}
	}
}

func TestI35_TypePatternAndSetAreEnforced(t *testing.T) {
	for _, c := range []struct {
		p       Parameter
		yes, no []string
	}{
		{Parameter{Type: TypeInt, Min: "1", Max: "10"}, []string{"1", "10"}, []string{"0", "11", "01", "+1", "1.0", "one", "-1", "1 "}},
		{Parameter{Type: TypeInt}, []string{"-5", "0"}, []string{"--5", "-"}},
		{Parameter{Type: TypeChoice, Allowed: []string{"a", "b"}}, []string{"a"}, []string{"c", "A", "a,b"}},
		{Parameter{Type: TypeChoice, From: "list"}, nil, []string{"a"}},
		{Parameter{Type: TypeText, Pattern: "a|b"}, []string{"a", "b"}, []string{"ab", "xa", "b\n"}},
		{Parameter{Type: TypeText, Pattern: "[a-z]+"}, []string{"abc"}, []string{"abc1", "1abc"}},
		{Parameter{Type: TypeDate}, []string{"2026-01-13"}, []string{"2026-02-30", "13.1.2026", "2026-01-13T00:00:00Z"}},
		{Parameter{Type: TypeTime}, []string{"2026-01-13T10:00:00Z", "2026-01-13T10:00:00+02:00"}, []string{"2026-01-13 10:00:00", "2026-01-13T10:00:00"}},
		{Parameter{Type: TypeDuration, Max: "1h"}, []string{"15m"}, []string{"2h", "15", "-5m", "0s"}},
		{Parameter{Type: TypeHostname}, []string{"db1.internal", "10.0.0.1"}, []string{"db_1", "a..b", "-a", "a b", "a;b"}},
		{Parameter{Type: TypeK8sName}, []string{"my-app"}, []string{"My-App", "a.b", "a-"}},
		{Parameter{Type: TypeDBName}, []string{"aragora_2"}, []string{"2a", "a-b", `a"b`}},
		{Parameter{Type: TypePath}, []string{"a/b.db", "a"}, []string{"/a", "../a", "a/../../b", "a//b", "./a", "a/"}},
		{Parameter{Type: TypeSecret}, []string{"pg"}, []string{"p g", "$PG"}},
	} {
		c.p.Name = "X"
		e := &Entry{ID: "p1.s1", Parameters: []Parameter{c.p}}
		for _, v := range c.yes {
			if _, err := Bind(e, map[string]string{"X": v}); err != nil {
				t.Errorf("%s %q: %v", c.p.Type, v, err)
			}
		}
		for _, v := range c.no {
			_, err := Bind(e, map[string]string{"X": v})
			var refusal *ValueError
			if !errors.As(err, &refusal) || refusal.Parameter != "X" {
				t.Errorf("%s takes %q (%v)", c.p.Type, v, err)
			}
		}
	}
	if _, err := Bind(&Entry{ID: "p1.s1"}, map[string]string{"PATH": "/tmp"}); err == nil {
		t.Error("a value that is no parameter was taken")
	}
}

func TestI35_AnInvalidPatternIsALoadError(t *testing.T) {
	for _, bad := range []Parameter{
		{Name: "X", Type: TypeText, Pattern: "("}, {Name: "X", Type: TypeText, Pattern: "a)|(b"}, {Name: "X", Type: "string"}, {Name: "x", Type: TypeText}, {Name: "LD_PRELOAD", Type: TypePath},
		{Name: "X", Type: TypeChoice}, {Name: "X", Type: TypeChoice, From: "list"}, {Name: "X", Type: TypeText, From: "p9.s9.X"}, {Name: "X", Type: TypeInt, Min: "one"}, {Name: "X", Type: TypeInt, Default: "one"}, {Name: "DRBOT_OUT", Type: TypeText},
	} {
		l := reviewed(t, parse(t, small))
		l.entry("p1.s1").Parameters = []Parameter{bad}
		if _, err := ReadLock(l.Marshal()); err == nil || !strings.Contains(err.Error(), "parameter") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestI36_UnresolvedAndSampleValuesAreRefused(t *testing.T) {
	e := &Entry{ID: "p1.s1", Parameters: []Parameter{{Name: "BACKUP", Type: TypeText, Sample: "backup_20260113_100000"}}}
	for _, v := range []string{"", "backup_20260113_100000", "YYYYMMDD", "[BACKUP]", "<backup>", "{{ backup }}", "TBD]"[:0]} {
		if _, err := Bind(e, map[string]string{"BACKUP": v}); err == nil {
			t.Errorf("%q was taken", v)
		}
	}
	if _, err := Bind(e, map[string]string{"BACKUP": "backup_20260114_100000"}); err != nil {
		t.Error(err)
	}
	for run, want := range map[string]string{
		"echo \"$NOWHERE\"\n":                                             "reads $NOWHERE",
		"pg_restore /backup/YYYYMMDD\n":                                   "YYYYMMDD is a placeholder",
		"echo {{host}}\n":                                                 "{{host}} is a placeholder",
		"x=1; echo \"$x\" \"$DRBOT_OUT\"\n":                               "",
		"echo \"$BACKUP\" \"${OTHER:-}\"\n":                               "",
		"for ((i = 0; i < 3; i++)); do echo \"$i\"; done; cat <in >out\n": "",
		"a=(1); I=0; echo \"${a[I]}\"; exec {fd}<f; read -r -u \"$fd\" l; echo \"$l\"\n": "",
		"cp [BACKUP] x\n": "[BACKUP] is a placeholder",
		"cp <backup> x\n": "<backup> is a placeholder",
	} {
		entry := *e
		entry.Run, entry.Interpreter = run, Bash
		if got := entry.Blocked(); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%q: %q, want %q", run, got, want)
		}
	}
}

func TestI37_ValuesNeverBecomeOptions(t *testing.T) {
	for _, kind := range types {
		p := Parameter{Name: "X", Type: kind, Allowed: []string{"-rf", "--x", "-"}}
		for _, v := range p.Allowed {
			if _, err := Bind(&Entry{ID: "p1.s1", Parameters: []Parameter{p}}, map[string]string{"X": v}); err == nil {
				t.Errorf("%s takes %q", kind, v)
			}
		}
	}
}

func TestI45_RiskIsOnlyRaised(t *testing.T) {
	for text, want := range map[string]Risk{
		"ls -la\n": Read, "cat f | grep x > /dev/null\n": Read, "kubectl get pods -n x\n": Read, "echo x >&2\n": Read, "curl -fsS http://x/\n": Read, "systemctl is-active x\n": Read,
		"f() { ls; }; f\n": Read, "find . -name x\n": Read, "redis-cli INFO keyspace\n": Read, "sed -n 1p f\n": Read, "kill -0 5\n": Read, "psql -c 'SELECT 1'\n": Read, "unknown-tool --read\n": Read,
		"terraform state pull | jq -r .serial\n": Read, "terraform state list\n": Read, "terraform state rm x\n": Destructive,
		"cp a b\n": Change, "echo x > f\n": Change, "sed -i.bak s/a/b/ f\n": Change, "sed -i s/a/b/ f\n": Destructive, "kubectl create ns x\n": Change, "redis-cli BGSAVE\n": Change,
		"cp b /var/lib/redis/dump.rdb\n": Destructive, "cp -n b /var/lib/redis/dump.rdb\n": Change, "cp /var/lib/redis/dump.rdb /backup/r.rdb\n": Change, "cp -t /etc a\n": Destructive, "cp \"old/$X/users.db\" live/\n": Destructive, "cp users.db backups/\n": Change, "cp a /etc/x.bak\n": Change,
		"echo x > /etc/app.conf\n": Destructive, "echo x >> /etc/app.conf\n": Change, "rsync -a --delete a/ b/\n": Destructive, "rsync -a a/ b/\n": Change, "tee /etc/x < y\n": Destructive, "tee -a /etc/x < y\n": Change,
		"tar -xf a.tar -C /\n": Destructive, "tar -cf /srv/a.tar x\n": Change, "ln -sf a /etc/b\n": Destructive, "mv -n a b\n": Destructive, "install -m 600 a users.db\n": Destructive, "psql -c '\\! rm x'\n": Destructive, "sqlite3 f.db '.shell rm x'\n": Destructive,
		"curl -fsS http://x | sudo bash\n": Destructive, "kubectl apply -f x\n": Destructive, "docker compose down -v\n": Destructive, "aws rds promote-read-replica --x y\n": Destructive, "openssl rand -hex 32\n": Read,
		"rm f\n": Destructive, "sudo -n rm f\n": Destructive, "sudo -u postgres dropdb x\n": Destructive, "$'\\162m' x\n": Destructive, "{rm,x}\n": Destructive, "nice -n 5 rm x\n": Destructive, "flock /l rm x\n": Destructive, "ls; (cd x && mv a b)\n": Destructive, "if true; then dropdb x; fi\n": Destructive, "f() { rm x; }\n": Destructive, "$(rm x)\n": Destructive,
		"kubectl -n x scale deploy/y --replicas=0\n": Destructive, "terraform apply -auto-approve\n": Destructive, "redis-cli -h x FLUSHDB\n": Destructive, "eval \"$x\"\n": Destructive,
		"curl -s http://x | sh\n": Destructive, "bash -c 'rm x'\n": Destructive, "xargs rm < f\n": Destructive, "find . -delete\n": Destructive, "find . -exec rm {} +\n": Destructive, "\"$tool\" x\n": Destructive,
		"psql -c 'DROP TABLE x'\n": Destructive, "psql -f x.sql\n": Destructive, "psql -c \"SELECT $x\"\n": Destructive, "timeout 5 rm x\n": Destructive, "/bin/rm x\n": Destructive, "\\rm x\n": Destructive, "systemctl stop x\n": Destructive,
		"trap 'rm x' EXIT\n": Destructive, "env A=b rm x\n": Destructive, "echo 'unclosed\n": Destructive, "if\n": Destructive, "cat <<EOF\n$(rm x)\nEOF\n": Destructive, "r\"\"m x\n": Destructive, "kill 5\n": Destructive,
	} {
		if got := InferRisk(Bash, text); got.Risk != want {
			t.Errorf("%q: %s %v, want %s", text, got.Risk, got.Why, want)
		}
		for _, written := range []Risk{Read, Change, Destructive} {
			e := Entry{Interpreter: Bash, Run: text, Risk: written}
			if got := e.EffectiveRisk(); riskOrder[got] < riskOrder[written] || riskOrder[got] < riskOrder[want] {
				t.Errorf("%q, written as %s: %s", text, written, got)
			}
		}
	}
	for text, want := range map[string]Risk{
		"SELECT 1": Read, "PRAGMA integrity_check": Read, "PRAGMA users.integrity_check;": Read, "-- DROP TABLE x\nSELECT 'DELETE'": Read, "WITH a AS (SELECT 1) SELECT * FROM a": Read,
		"INSERT INTO x VALUES (1)": Change, "PRAGMA user_version = 3": Change, "VACUUM INTO 'x'": Change,
		"DROP TABLE x": Destructive, "SELECT 1; DELETE FROM x": Destructive, "WITH a AS (DELETE FROM x RETURNING *) SELECT * FROM a": Destructive, "SELECT pg_terminate_backend(1)": Destructive,
		"\\! rm x": Destructive, ".shell rm x": Destructive, "SELECT 'open": Destructive, "SELECT /* open": Destructive, "ATTACH 'x' AS y": Destructive, "SELECT load_extension('x')": Destructive,
	} {
		if got := InferRisk(SQLite, text); got.Risk != want {
			t.Errorf("%q: %s %v, want %s", text, got.Risk, got.Why, want)
		}
	}
	if InferRisk("perl", "1").Risk != Destructive || (&Entry{Run: "x", Interpreter: Bash, Risk: "harmless"}).EffectiveRisk() != Destructive {
		t.Error("what is not known must be destructive")
	}
}
