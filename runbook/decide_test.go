package runbook

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestI36_DoneIsCheckedAgainstTheText: an answer that leaves the sample, the placeholder or the value read as code where it is, is refused with the line.
func TestI36_DoneIsCheckedAgainstTheText(t *testing.T) {
	sql := "## Procedure 1: P\n\n1. **Do**\n\n   ```sql\n   SELECT 1;\n   DELETE FROM s WHERE c < '2026-01-13 10:00:00' AND d = '<VALUE>';\n   ```\n"
	rb := parse(t, sql)
	l, _ := Compile(rb, nil)
	for _, q := range l.Questions(rb) {
		if strings.HasSuffix(q.Ask, sqlSlotQuestion) {
			if err := l.Answer(q, AnswerDone); err == nil || !strings.Contains(err.Error(), "still there at line 2") {
				t.Errorf("%s: %v", q.Ask, err)
			}
		}
	}
	for range 20 {
		qs := l.Questions(rb)
		if len(qs) == 0 {
			break
		}
		answer := or(qs[0].Proposal, AnswerManual)
		if qs[0].Ask == sqlQuestion {
			answer = "sqlite a=a.db:write"
		}
		if strings.HasSuffix(qs[0].Ask, textQuestion) {
			answer = "pattern [a-z]+"
		}
		must(t, l.Answer(qs[0], answer))
	}
	e := l.entry("p1.s1")
	if e.Blocked() != "" || e.Run != "SELECT 1;\nDELETE FROM s WHERE c < :TARGET_TIME AND d = :VALUE;\n" || len(e.Parameters) != 2 || !e.asWritten() {
		t.Errorf("%+v %q", e, e.Blocked())
	}
	if _, err := ReadLock(l.Marshal()); err != nil {
		t.Error(err)
	}
	for command, still := range map[string]string{
		"tool <<'EOF'\na\n<VALUE>\nEOF": "line 3", "ls x\nbash -c \"ls $DIR\"": "line 2", "ls\necho ${!NAMES*}; echo $((1 + $NUM))": "line 2", "tool $EXTRA_ARGS": "line 1", "ls \u200b": "U+200B",
	} {
		rb := parse(t, oneStep(command))
		l, _ := Compile(rb, nil)
		must(t, l.Answer(l.Questions(rb)[0], "here=."))
		if len(l.Questions(rb)) == 0 {
			t.Errorf("%q: blocked %q, and nothing is asked", command, l.entry("p1.s1").Blocked())
		}
		for _, q := range l.Questions(rb) {
			if q.Ask == timeoutQuestion || strings.HasSuffix(q.Ask, textQuestion) || strings.HasSuffix(q.Ask, rootQuestion) {
				continue
			}
			before := string(l.Marshal())
			if err := l.Answer(q, AnswerDone); err == nil || !strings.Contains(err.Error(), still) || string(l.Marshal()) != before {
				t.Errorf("%q, %q: %v", command, q.Ask, err)
			}
		}
	}
}

// TestI36_ABlockedStepIsAlwaysAsked: where a lock was edited by hand and no question is in it, what blocks the step is asked all the same.
func TestI36_ABlockedStepIsAlwaysAsked(t *testing.T) {
	for _, command := range append([]string{"tool <<'EOF'\n<VALUE>\nEOF", "ls $NOWHERE", "ls <DIR>", "ls \u202e", "x=<html>; ls"}, asCode...) {
		rb := parse(t, oneStep("ls"))
		l := reviewed(t, rb)
		e := l.entry("p1.s1")
		e.Parameters = []Parameter{{Name: "FILE", Type: TypePath}}
		e.setRun(command+"\n", Bash)
		e.Decide = nil
		if e.Blocked() == "" {
			continue
		}
		qs := l.Questions(rb)
		if len(qs) != 1 || len(qs[0].Options) < 2 {
			t.Errorf("%q: blocked %q, asked %+v", command, e.Blocked(), qs)
			continue
		}
		must(t, l.Answer(qs[0], AnswerManual))
	}
}

// TestI36_KeptOnPurpose: a token that is no placeholder is kept by a decision that the lock shows, and only that token.
func TestI36_KeptOnPurpose(t *testing.T) {
	rb := parse(t, oneStep("tool <<'EOF'\n<html> <VALUE>\nEOF"))
	l, _ := Compile(rb, &Lock{Format: 1, Targets: map[string]Target{"here": {Dir: "."}}})
	for _, q := range l.Questions(rb) {
		if strings.HasPrefix(q.Ask, "<html>") {
			must(t, l.Answer(q, "keep"))
		}
	}
	e := l.entry("p1.s1")
	if !slices.Contains(e.Rewrites, Rewrite{"<html>", "<html>"}) || !strings.Contains(e.Blocked(), "<VALUE>") || !e.asWritten() {
		t.Errorf("%+v %q", e.Rewrites, e.Blocked())
	}
	must(t, l.Answer(l.Questions(rb)[0], "keep"))
	if e := l.entry("p1.s1"); e.Blocked() != "" {
		t.Error(e.Blocked())
	}
	if again, _ := Compile(rb, l); string(again.Marshal()) != string(l.Marshal()) {
		t.Error("compiling undid it")
	}
}

// TestQuestionIDsStay: answering one question, in any order, changes the id of no other, and ids are unique.
func TestQuestionIDsStay(t *testing.T) {
	text := "## Procedure 1: P\n\n1. **A**\n\n   ```bash\n   cp <thing> $OTHER x; bash -c \"ls $DIR\"; rm -rf $DIR\n   ```\n2. **B**\n\n   ```sql\n   SELECT '<a>', '<b>';\n   ```\n"
	rb := parse(t, text)
	start, _ := Compile(rb, nil)
	first := start.Questions(rb)
	seen := map[string]bool{}
	for _, q := range first {
		if seen[q.ID] {
			t.Errorf("%s again", q.ID)
		}
		seen[q.ID] = true
	}
	for _, answered := range first {
		l, _ := Compile(rb, nil)
		for _, answer := range append([]string{answered.Proposal, ".", "30m", "[a-z]+", "pattern [a-z]+", "int"}, AnswerManual) {
			if answer != "" && l.Answer(answered, answer) == nil {
				break
			}
		}
		for _, q := range l.Questions(rb) {
			i := slices.IndexFunc(first, func(o Question) bool { return o.Step == q.Step && o.Ask == q.Ask })
			if i >= 0 && first[i].ID != q.ID {
				t.Errorf("after %s, %s became %s", answered.ID, first[i].ID, q.ID)
			}
		}
	}
}

// TestPathsThatDestroyHaveAFolder: asked at the compile, kept at the run.
func TestPathsThatDestroyHaveAFolder(t *testing.T) {
	rb := parse(t, oneStep("rm -rf <DIR>/*"))
	l, _ := Compile(rb, nil)
	var q Question
	for _, x := range l.Questions(rb) {
		if strings.HasSuffix(x.Ask, rootQuestion) {
			q = x
		}
	}
	if q.ID != "p1.s1/DIR.root" {
		t.Fatalf("%+v", l.Questions(rb))
	}
	for _, bad := range []string{"", "/", "..", "../x", "/a/../b", "/a/", "done", "x y/../.."} {
		if err := l.Answer(q, bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	for root, values := range map[string]map[string]bool{
		"/srv/backups": {"/srv/backups/a": true, "/srv/backups": false, "/srv/backups2": false, "a": false, "/srv/backups/../x": false, "/srv/backups/a/": false, "/": false},
		"backups":      {"backups/a": true, "a": false, "backups": false, "backups/../a": false, "/backups/a": false},
		".":            {"a": true, "/a": false, "../a": false},
	} {
		next, _ := Compile(rb, nil)
		must(t, next.Answer(q, root))
		e := next.entry("p1.s1")
		if slices.ContainsFunc(e.Decide, func(d string) bool { return strings.HasSuffix(d, rootQuestion) }) {
			t.Errorf("%s: still asked", root)
		}
		for v, ok := range values {
			if _, err := Bind(e, map[string]string{"DIR": v}); (err == nil) != ok {
				t.Errorf("under %s, %q: %v", root, v, err)
			}
		}
		if back, err := ReadLock(next.Marshal()); err != nil || back.entry("p1.s1").Parameters[0].Root != root {
			t.Errorf("%s: %v", root, err)
		}
	}
	read, _ := Compile(parse(t, oneStep("ls <DIR>")), nil)
	if len(read.entry("p1.s1").Decide) != 1 {
		t.Errorf("a reading asks too: %q", read.entry("p1.s1").Decide)
	}
	for _, text := range []string{"cp /data/<SUBDIR> x", `cp "/backup/$NAME.db" x`} {
		l, _ := Compile(parse(t, oneStep(text)), nil)
		e := l.entry("p1.s1")
		for _, q := range l.Questions(nil) {
			if strings.HasSuffix(q.Ask, textQuestion) {
				must(t, l.Answer(q, q.Proposal))
			}
		}
		for _, v := range []string{"x/../../etc", "..", "../x", "a/..", ".", "/etc"} {
			if _, err := Bind(e, map[string]string{e.Parameters[0].Name: v}); err == nil {
				t.Errorf("%s takes %q", text, v)
			}
		}
	}
}

// TestI36_ProducedInsteadOfAsked: a variable that an earlier step sets comes from there; with real bash.
func TestI36_ProducedInsteadOfAsked(t *testing.T) {
	rb := parse(t, "## Procedure 1: P\n\n1. **Find**\n\n   ```bash\n   export BACKUP=$(printf 'b-1')\n   ```\n2. **Use**\n\n   ```bash\n   printf '%s' $BACKUP\n   ```\n3. **Other**\n\n   ```bash\n   f() { OTHER=1; }; (BACKUP=2); ls\n   ```\n4. **Last**\n\n   ```bash\n   printf '%s %s' $OTHER $BACKUP\n   ```\n")
	l, _ := Compile(rb, &Lock{Format: 1, Targets: map[string]Target{"here": {Dir: "."}}})
	qs := l.Questions(rb)
	i := slices.IndexFunc(qs, func(q Question) bool { return q.ID == "p1.s2/BACKUP.from" })
	if i < 0 || !strings.Contains(qs[i].Ask, `printf 'BACKUP=%s\n' "$BACKUP" >> "$DRBOT_OUT"`) || !strings.Contains(qs[i].Ask, "from: p1.s1.BACKUP") {
		t.Fatalf("%+v", qs)
	}
	must(t, l.Answer(qs[i], "yes"))
	e, from := l.entry("p1.s2"), l.entry("p1.s1")
	if e.Parameters[0].From != "p1.s1.BACKUP" || e.Blocked() != "" || len(from.Produces) != 1 || !from.asWritten() {
		t.Fatalf("%+v\n%+v", e, from)
	}
	read, err := ReadLock(l.Marshal())
	must(t, err)
	if again, _ := Compile(rb, read); string(again.Marshal()) != string(l.Marshal()) {
		t.Errorf("compiling undid it:\n%s\n%s", l.Marshal(), again.Marshal())
	}
	out := filepath.Join(t.TempDir(), "out")
	cmd := exec.Command("bash", "-c", from.Run)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "DRBOT_OUT=" + out}
	must(t, cmd.Run())
	text, err := os.ReadFile(out)
	must(t, err)
	made, err := from.Collect(text)
	must(t, err)
	if v := e.Resolve(Facts{Produced: made}, nil); v["BACKUP"] != "b-1" {
		t.Errorf("%v", v)
	}
	if slices.ContainsFunc(qs, func(q Question) bool { return q.ID == "p1.s4/OTHER.from" }) || !slices.ContainsFunc(qs, func(q Question) bool { return q.ID == "p1.s4/BACKUP.from" && strings.Contains(q.Ask, "p1.s1") }) {
		t.Errorf("%+v", qs)
	}
	refused, _ := Compile(rb, nil)
	for _, q := range refused.Questions(rb) {
		if q.ID == "p1.s2/BACKUP.from" {
			must(t, refused.Answer(q, "no"))
		}
	}
	if e := refused.entry("p1.s2"); e.Parameters[0].From != "" || len(refused.entry("p1.s1").Produces) != 0 {
		t.Errorf("%+v", e)
	}
}

// TestI34_ProposedTypesLiftTheBlock: where a type makes the place safe, it is proposed, and taking it lifts the block.
func TestI34_ProposedTypesLiftTheBlock(t *testing.T) {
	for command, want := range map[string]string{
		"bash -c \"ls <DIR>\"": "pattern [A-Za-z0-9][A-Za-z0-9_.-]*", "echo $((1 + <DIR>)); [[ <DIR> -gt 1 ]]": "", "[[ $NUM -gt 1 ]]": TypeInt, "sqlite3 q.db \"delete from u where id = <USER_ID>\"": TypeInt, "bash -c \"$DIR\"": "",
	} {
		rb := parse(t, oneStep(command))
		l, _ := Compile(rb, nil)
		for _, q := range l.Questions(rb) {
			if !strings.Contains(q.Ask, pastedWords) {
				continue
			}
			if want != "" && q.Proposal != want {
				t.Errorf("%q: %q, want %q", command, q.Proposal, want)
			}
			must(t, l.Answer(q, or(q.Proposal, AnswerManual)))
			if left, _ := l.entry("p1.s1").codeValues(); len(left) > 0 {
				t.Errorf("%q: %q", command, left)
			}
		}
	}
}
