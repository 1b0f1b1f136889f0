package runbook

import (
	"errors"
	"strings"
	"testing"
)

// The lock holds what was reviewed: the bytes, and that they are the runbook's; the titles, the order, the languages.

const ordered = "# Ordered\n\n## Procedure 1: First\n\n" +
	"1. **Stop**\n   ```bash\n   systemctl stop x\n   ```\n" +
	"2. **Look**\n   ```bash\n   df -h\n   ```\n" +
	"3. **Copy**\n   ```bash\n   cp /backup/$NAME.db /srv/x.db\n   ```\n" +
	"4. **Start**\n   ```bash\n   systemctl start x\n   ```\n"

// orderedLock is its lock, every question answered.
func orderedLock(t *testing.T) *Lock {
	t.Helper()
	l := reviewed(t, parse(t, ordered))
	for i := range l.Steps {
		l.Steps[i].Decide = nil
	}
	return l
}

// whys says of each step why it does not run.
func whys(t *testing.T, markdown string, l *Lock) string {
	t.Helper()
	rb, err := parse(t, markdown).Join(l.Marshal(), "/srv")
	must(t, err)
	var out []string
	for _, p := range rb.Procedures {
		for _, s := range p.Steps {
			out = append(out, s.ID+" "+or(s.Why, "ready"))
		}
	}
	return strings.Join(out, "; ")
}

// inWords is the difference that compiling makes.
func inWords(t *testing.T, markdown string, l *Lock) string {
	t.Helper()
	next, rep := Compile(parse(t, markdown), l)
	if again, _ := Compile(parse(t, markdown), next); string(again.Marshal()) != string(next.Marshal()) {
		t.Error("compiling again changed the lock")
	}
	if changed := string(next.Marshal()) != string(l.Marshal()); changed != (len(rep.Changes) > 0) {
		t.Errorf("the lock changes: %v; in words: %v", changed, rep.Changes)
	}
	var out []string
	for _, c := range rep.Changes {
		out = append(out, c.ID+": "+c.Text)
	}
	return strings.Join(out, "\n")
}

// withRun is the lock with another text for p1.s1, its digest made to fit.
func withRun(l *Lock, run string, rewrites ...Rewrite) *Lock {
	e := l.entry("p1.s1")
	e.Run, e.SHA256, e.Rewrites = run, digest([]byte(run)), rewrites
	return l
}

func TestI5_WhatRunsIsTheRunbooksTextWithTheShownRewritesAlone(t *testing.T) {
	if got := whys(t, ordered, orderedLock(t)); got != "p1.s1 ready; p1.s2 ready; p1.s3 ready; p1.s4 ready" {
		t.Fatal(got)
	}
	tampered := withRun(orderedLock(t), "rm -rf /srv\n")
	if got := whys(t, ordered, tampered); !strings.HasPrefix(got, "p1.s1 the text that runs differs from the runbook; p1.s2 ready") {
		t.Error(got)
	}
	if got := inWords(t, ordered, tampered); !strings.HasPrefix(got, "p1.s1: command changed, risk stays destructive, asks: its run had been rewritten by hand") {
		t.Error(got)
	}
	rb, err := parse(t, ordered).Join(tampered.Marshal(), "/srv")
	must(t, err)
	found := false
	for _, f := range Lint(rb, Env{}) {
		found = found || f.Rule == "lock" && f.Line == 5 && strings.Contains(f.Message, "step 1.1: the text that runs differs from the runbook")
	}
	if !found {
		t.Error("lint does not name it with its line")
	}
	next, _ := Compile(parse(t, ordered), tampered)
	if e := next.entry("p1.s1"); e.Run != "systemctl stop x\n" || e.Blocked() == "" {
		t.Errorf("compiled: %+v", e)
	}
	// A rewrite that hides more than it shows does not help; one that shows all of it does, and is said.
	for run, rewrites := range map[string][]Rewrite{
		"systemctl stop y; rm -rf /srv\n": {{From: "x", To: "y"}},
		"rm -rf /srv\nsystemctl stop x\n": {{From: "", To: "rm -rf /srv\n"}},
		"systemctl stop x":                {{From: "y", To: ""}},
		"SYSTEMCTL stop x\n":              nil,
	} {
		if got := whys(t, ordered, withRun(orderedLock(t), run, rewrites...)); !strings.HasPrefix(got, "p1.s1 "+WhyDiffers) {
			t.Errorf("%q: %s", run, got)
		}
	}
	shown := withRun(orderedLock(t), "systemctl stop web\n", Rewrite{From: "x", To: "web"})
	if got := whys(t, ordered, shown); !strings.HasPrefix(got, "p1.s1 ready") {
		t.Error(got)
	}
	if d := Diff(orderedLock(t), shown); len(d) != 1 || !strings.Contains(d[0].Text, `runs "web" where the runbook says "x"`) {
		t.Errorf("%+v", d)
	}
	if got := inWords(t, ordered, shown); got != "" {
		t.Error(got)
	}
}

func TestRewritesAreHeldAgainstTheTextByteForByte(t *testing.T) {
	for _, c := range []struct {
		source, run string
		rewrites    []Rewrite
		ok          bool
	}{
		{"echo $X \"${X}\"\n", "echo \"${X}\" \"${X}\"\n", []Rewrite{{"$X", `"${X}"`}}, true}, // one of two places
		{"select 1;\n", "psql <<'SQL'\nselect 1;\nSQL\n", []Rewrite{{"select 1;\n", "psql <<'SQL'\nselect 1;\nSQL\n"}}, true},
		{"a <N>;\n", "psql <<'SQL'\na :N;\nSQL\n", []Rewrite{{"<N>", ":N"}, {"a :N;\n", "psql <<'SQL'\na :N;\nSQL\n"}}, true},
		{"aaaa", "aab", []Rewrite{{"a", "a"}, {"aa", "b"}}, true},
		{"aaaa", "ab", []Rewrite{{"aa", "b"}}, false},
		{strings.Repeat("a", 5000) + "b", strings.Repeat("a", 9000) + "c", []Rewrite{{"a", "aa"}, {"aa", "a"}}, false},
		{"", "", nil, true},
		{"export A=$X\n", "export A=\"${X}\"\nprintf 'A=%s\\n' \"$A\"\n", []Rewrite{{"", "printf 'A=%s\\n' \"$A\"\n"}, {"$X", `"${X}"`}}, true}, // a line that produces a value
		{"a <html>\n", "a <html>\n", []Rewrite{{"<html>", "<html>"}}, true},                                                                     // kept on purpose
	} {
		if got := derives(c.source, c.run, c.rewrites); got != c.ok {
			t.Errorf("%.40q -> %.40q: %v", c.source, c.run, got)
		}
	}
}

// TestTranscriptsRunTheirCommands: what a parser takes off is no difference.
func TestTranscriptsRunTheirCommands(t *testing.T) {
	md := "# T\n\n## Procedure 1: First\n\n1. **Look**\n   ```console\n   $ df -h\n   Filesystem\n   $ ls <DIR>\n   ```\n"
	l := reviewed(t, parse(t, md))
	l.entry("p1.s1").Decide = nil
	if got := whys(t, md, l); got != "p1.s1 ready" {
		t.Errorf("%s: %+v", got, l.entry("p1.s1"))
	}
}

func TestI5_OrderTitlesAndLanguagesAreReviewed(t *testing.T) {
	cut := func(from, to string) string {
		i, j := strings.Index(ordered, from), len(ordered)
		if to != "" {
			j = strings.Index(ordered, to)
		}
		return ordered[i:j]
	}
	stop, look := cut("1. **Stop", "2. **Look"), cut("2. **Look", "3. **Copy")
	moved := strings.Replace(strings.Replace(ordered, look, "", 1), stop, strings.Replace(look, "2.", "1.", 1)+strings.Replace(stop, "1.", "2.", 1), 1)
	exchanged := strings.NewReplacer("systemctl stop x", "systemctl start x", "systemctl start x", "systemctl stop x").Replace(ordered)
	for name, c := range map[string]struct{ markdown, why, words string }{
		"moved": {moved, "p1.s2 " + WhyMoved + "; p1.s1 " + WhyMoved + "; p1.s3 " + WhyMoved + "; p1.s4 ready",
			"p1.s1: moved: first -> after p1.s2 Look\np1.s2: moved: after p1.s1 Stop -> first\np1.s3: moved: after p1.s2 Look -> after p1.s1 Stop"},
		"a title": {strings.Replace(ordered, "**Stop**", "**Halt**", 1), "p1.s1 " + WhyTitle + "; p1.s2 ready; p1.s3 ready; p1.s4 ready",
			`p1.s1: title "Stop" -> "Halt"`},
		"fences exchanged": {exchanged, "p1.s4 " + WhyMoved + "; p1.s2 " + WhyMoved + "; p1.s3 ready; p1.s1 " + WhyMoved,
			"p1.s1: title \"Stop\" -> \"Start\", moved: first -> after p1.s3 Copy\np1.s2: moved: after p1.s1 Start -> after p1.s4 Stop\np1.s4: title \"Start\" -> \"Stop\", moved: after p1.s3 Copy -> first"},
		"a language": {strings.Replace(ordered, "```bash\n   df", "```python\n   df", 1), "p1.s1 ready; p1.s2 " + WhyFence + "; p1.s3 ready; p1.s4 ready",
			"p1.s2: becomes a step by hand"},
		"bash to sh": {strings.Replace(ordered, "```bash\n   df", "```sh\n   df", 1), "p1.s1 ready; p1.s2 " + WhyFence + "; p1.s3 ready; p1.s4 ready",
			"p1.s2: fence bash -> sh"},
		"gone": {strings.Replace(ordered, look, "", 1), "p1.s1 ready; p1.s3 ready; p1.s4 ready",
			"p1.s2: removed\np1.s3: moved: after p1.s2 Look -> after p1.s1 Stop"},
		"new": {strings.Replace(ordered, "3. **Copy", "3. **More**\n   ```bash\n   uptime\n   ```\n4. **Copy", 1), "p1.s1 ready; p1.s2 ready; p1.s5 " + WhyNoEntry + "; p1.s3 ready; p1.s4 ready",
			"p1.s3: moved: after p1.s2 Look -> after p1.s5 More\np1.s5: new: read, bash on here"},
		"by hand": {strings.Replace(ordered, "```bash\n   systemctl stop x\n   ```", "Stop it.", 1), "p1.s1 " + WhyChanged + "; p1.s2 ready; p1.s3 ready; p1.s4 ready",
			"p1.s1: becomes a step by hand"},
		"a value": {strings.Replace(ordered, "df -h", "df -h <HOST>", 1), "p1.s1 ready; p1.s2 " + WhyChanged + "; p1.s3 ready; p1.s4 ready",
			`p1.s2: command changed, runs "\"${HOST}\"" where the runbook says "<HOST>", risk stays read, the value HOST is new: hostname`},
	} {
		l := orderedLock(t)
		if got := whys(t, c.markdown, l); got != c.why {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.why)
		}
		if got := inWords(t, c.markdown, l); got != c.words {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.words)
		}
		next, _ := Compile(parse(t, c.markdown), l)
		before := l.Digests()
		for _, d := range Diff(l, next) {
			if digest, ok := next.Digests()[d.ID]; ok && before[d.ID] == digest {
				t.Errorf("%s: %s changed, and needs no acceptance", name, d.ID)
			}
		}
	}
	// The order in the lock alone, and a lock without it, are others than were accepted.
	l := orderedLock(t)
	l.entry("p1.s1").After, l.entry("p1.s2").After = "p1.s2", ""
	if got := whys(t, ordered, l); !strings.HasPrefix(got, "p1.s1 "+WhyMoved+"; p1.s2 "+WhyMoved) {
		t.Error(got)
	}
	bare := orderedLock(t)
	for i := range bare.Steps {
		bare.Steps[i].After, bare.Steps[i].Title, bare.Steps[i].Fence = "", "", ""
	}
	if got := whys(t, moved, bare); strings.Contains(got, WhyChanged) {
		t.Errorf("a lock of an earlier release: %s", got)
	}
	for id, digest := range bare.Digests() {
		if orderedLock(t).Digests()[id] == digest {
			t.Errorf("%s without title, place and language is accepted as it was", id)
		}
	}
}

// TestExchangedLabels: the same texts under each other's names are not what was reviewed.
func TestI5_BranchesKeepTheirLabels(t *testing.T) {
	md := "# T\n\n## Procedure 1: First\n\n1. **Stop**\n\n   === \"Kubernetes\"\n\n       ```bash\n       kubectl delete pod x\n       ```\n\n   === \"Systemd\"\n\n       ```bash\n       systemctl stop x\n       ```\n"
	l := reviewed(t, parse(t, md))
	rb, err := parse(t, strings.NewReplacer("Kubernetes", "Systemd", "Systemd", "Kubernetes").Replace(md)).Join(l.Marshal(), "/srv")
	must(t, err)
	if _, s := rb.Step("1.1"); s.Choosable() || len(s.Alternatives) != 2 {
		t.Errorf("%+v", s)
	}
}

func TestApprovalsThatAskNobodyAreRefusedWithTheirPlace(t *testing.T) {
	text := string(orderedLock(t).Marshal())
	defaults := "defaults:\n  destructive:\n    timeout: 30m\n    approvals:\n      %\n"
	for bad, at := range map[string]string{"need: 0": "8:13", "from: []": "8:13", "need: -1": "8:13", "from: [approver, boss]": "8:24"} {
		head, rest, _ := strings.Cut(text, "format: 1\n")
		src := head + "format: 1\n" + strings.Replace(defaults, "%", bad, 1) + rest
		if _, err := ReadLock([]byte(src)); err == nil || !strings.Contains(err.Error(), at) {
			t.Errorf("%s: %v", bad, err)
		}
		entry := strings.Replace(text, "    risk: destructive\n", "    risk: destructive\n    approvals:\n      "+bad+"\n", 1)
		line := strings.Count(entry[:strings.Index(entry, bad)], "\n") + 1
		var e *Error
		if _, err := ReadLock([]byte(entry)); err == nil || !errors.As(err, &e) || e.Line != line || e.Column < 13 {
			t.Errorf("%s in an entry: %v", bad, err)
		}
	}
}

// TestAnOldLockMovesNothing: a lock from before places and languages were written down says so once, and only what changed is a change.
func TestAnOldLockMovesNothing(t *testing.T) {
	l := orderedLock(t)
	for i := range l.Steps {
		l.Steps[i].After, l.Steps[i].Fence = "", ""
	}
	if !l.Older() || orderedLock(t).Older() {
		t.Fatal("which lock is older")
	}
	next, rep := Compile(parse(t, strings.Replace(ordered, "df -h", "df -k", 1)), l)
	for _, d := range rep.Changes {
		if strings.Contains(d.Text, "moved") || strings.Contains(d.Text, "fence not said") || d.Form == (d.ID == "p1.s2") || d.ID == "p1.s2" && !strings.HasPrefix(d.Text, "command changed") {
			t.Errorf("%+v", d)
		}
	}
	if len(rep.Changes) != 4 || next.Older() {
		t.Errorf("%+v", rep.Changes)
	}
}

// TestTextsSayWhichCommandsAreTextAndWhy: what a reload and a plan tell of a Markdown that changed under its lock.
func TestTextsSayWhichCommandsAreTextAndWhy(t *testing.T) {
	rb, err := parse(t, strings.Replace(ordered, "/backup/$NAME", "/backups/$NAME", 1)).Join(orderedLock(t).Marshal(), "/srv")
	must(t, err)
	if got := rb.Texts(); len(got) != 1 || got[0].String() != "1.3 Copy (changed since review)" {
		t.Errorf("%v", got)
	}
	if got := rb.Procedures[0].Takes("NAME"); got == nil || got.Why != WhyChanged || rb.Procedures[0].Takes("OTHER") != nil {
		t.Errorf("%v", got)
	}
	if rb, err = parse(t, ordered).Join(orderedLock(t).Marshal(), "/srv"); err != nil || len(rb.Texts()) != 0 || rb.Procedures[0].Takes("NAME") != nil {
		t.Errorf("%v %v", err, rb.Texts())
	}
}
