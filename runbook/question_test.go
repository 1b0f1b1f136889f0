package runbook

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// TestDecideOneAtATime answers every question of the source runbook with its proposal: the lock can be read after each, no other entry moves,
// compiling keeps the answers, and in the end nothing is open.
func TestDecideOneAtATime(t *testing.T) {
	rb := seed(t)
	l, _ := Compile(rb, nil)
	asked := 0
	for ; asked < 200; asked++ {
		qs := l.Questions(rb)
		if len(qs) == 0 {
			break
		}
		q := qs[0]
		if q.Ask == "" || len(q.Options) == 0 || q.ID != "target" && (q.Line == 0 || q.Title == "" || q.Text == "") {
			t.Fatalf("%+v", q)
		}
		before := entryTexts(l)
		must(t, l.Answer(q, or(q.Proposal, AnswerManual)))
		text := l.Marshal()
		read, err := ReadLock(text)
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		for id, was := range before {
			if now := entryTexts(l)[id]; id != q.Step && q.ID != "target" && now != was {
				t.Errorf("%+v moved %s:\n%s\n%s", q, id, was, now)
			}
		}
		if again, _ := Compile(rb, read); !bytes.Equal(again.Marshal(), text) {
			t.Fatalf("%+v: compiling undid the answer", q)
		}
	}
	_, rep := Compile(rb, l)
	if rep.Summary() != "23 of 28 steps ready, 0 need one answer, 5 stay manual" {
		t.Errorf("after %d answers: %s", asked, rep.Summary())
	}
	if e := l.entry("p2.s3"); e.Interpreter != Bash || !strings.HasPrefix(e.Run, "psql -X -v ON_ERROR_STOP=1 <<'SQL'\nDROP") || e.Risk != Destructive {
		t.Errorf("%+v", e)
	}
}

func entryTexts(l *Lock) map[string]string {
	out := map[string]string{}
	for _, e := range l.Steps {
		one := Lock{Format: 1, Steps: []Entry{e}}
		out[e.ID] = string(one.Marshal())
	}
	return out
}

func TestAnswersThatAreRefusedChangeNothing(t *testing.T) {
	rb := parse(t, "## Procedure 1: P\n\n1. **A**\n   ```sql\n   SELECT 1;\n   ```\n2. **B**\n   ```bash\n   cp <thing> x\n   ```\n3. **C**\n   ```bash\n   tool $EXTRA_ARGS\n   ```\n")
	l, _ := Compile(rb, nil)
	for id, bad := range map[string][]string{
		"target":         {"", "x", "Here=.", "x=", "=."},
		"p1.s1/database": {"mysql", "sqlite", "sqlite a", "sqlite main=x", "sqlite a=../x", "sqlite a=/x", "sqlite a=x a=y", "done"},
		"p1.s2/THING":    {"pattern (", "string", "choice", ""},
		"p1.s2/timeout":  {"soon", "-1h", "0s"},
		"p1.s3/" + questionKey("$EXTRA_ARGS is set nowhere: make it a parameter"): {"parameters", "yes", "done"},
	} {
		for _, answer := range bad {
			var q Question
			for _, x := range l.Questions(rb) {
				if x.ID == id {
					q = x
				}
			}
			if q.ID == "" {
				t.Fatalf("no question %s in %+v", id, l.Questions(rb))
			}
			before := string(l.Marshal())
			err := l.Answer(q, answer)
			var refusal *ValueError
			if !errors.As(err, &refusal) || string(l.Marshal()) != before {
				t.Errorf("%s %q: %v", id, answer, err)
			}
		}
	}
	if err := l.Answer(Question{ID: "p9.s9/1", Step: "p9.s9", Ask: "x"}, "y"); err == nil {
		t.Error("a question that nobody asked was answered")
	}
}

// TestI6_PsqlGetsTheSQLAsItIs: the here-document that Answer makes gives the statements to the program byte for byte; with real bash.
func TestI6_PsqlGetsTheSQLAsItIs(t *testing.T) {
	text := "SELECT '$HOME', `x`, \"\\\\\";\nSELECT 'é';\n"
	e := Entry{ID: "p1.s1", Procedure: "p1", Run: text, SHA256: digest([]byte(text)), SourceSHA256: digest([]byte(text)), Decide: []string{sqlQuestion}}
	l := &Lock{Format: 1, Steps: []Entry{e}}
	must(t, l.Answer(Question{Step: "p1.s1", Ask: sqlQuestion}, "psql"))
	out, err := exec.Command("bash", "-c", "psql() { cat; }\n"+l.Steps[0].Run).Output()
	if err != nil || string(out) != text {
		t.Errorf("%q %v", out, err)
	}
	if !l.Steps[0].asWritten() {
		t.Error("the rewrite is not told from one by hand")
	}
}

// TestSQLGoesToTheServerOfATarget: where a target has a PostgreSQL server, it is proposed, and the answer says where too.
func TestSQLGoesToTheServerOfATarget(t *testing.T) {
	rb := parse(t, "## Procedure 1: P\n\n1. **A**\n   ```sql\n   SELECT 1;\n   ```\n")
	l, _ := Compile(rb, &Lock{Format: 1, Targets: map[string]Target{"db1": {Dir: ".", Server: &Server{Kind: "postgres", Host: "db1.test"}}, "app": {Dir: "."}}})
	q := l.Questions(rb)[0]
	if q.Ask != sqlQuestion || q.Proposal != "sql db1" {
		t.Fatalf("%+v", q)
	}
	for _, bad := range []string{"sql", "sql app", "sql x"} {
		if err := l.Answer(q, bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	must(t, l.Answer(q, q.Proposal))
	if e := l.entry("p1.s1"); e.Interpreter != SQL || e.Target != "db1" || len(e.Decide) != 0 || e.Risk != Read {
		t.Errorf("%+v", e)
	}
	if _, err := ReadLock(l.Marshal()); err != nil {
		t.Error(err)
	}
}
