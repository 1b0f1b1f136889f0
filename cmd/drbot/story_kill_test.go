package main

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/drbot/drbot/commands"
)

// TestI26_I28_KilledDuringAStep: drbot is killed while a step runs; the next drbot attaches to it again, nothing runs
// twice, and what was done is not repeated.
func TestI26_I28_KilledDuringAStep(t *testing.T) {
	t.Parallel()
	w := settle(t, long())
	w.spawn()
	w.linked()
	w.accept(w.bea)
	room, card := w.asked("Database corruption: users gone")
	w.pressOn(w.bea, card, "recover.approve")
	w.until("the step runs", func() bool { return w.ran("restore") == 1 })
	starting := w.records("StepStarting")
	w.life.kill()
	if len(starting) != 2 {
		t.Errorf("I25: %d durable starts before the second process ran", len(starting))
	}
	w.spawn()
	w.linked()
	w.awaitStep(1, "1.2", "running")
	w.enough()
	w.awaitStep(1, "1.4", "hand")
	w.life.kill()
	w.spawn()
	w.linked()
	w.button(w.ana, room, "recover.hand", "Ring the bell")
	w.say(w.ana, room, "/recover hand 1.4 it rang")
	w.awaitRun(1, "ended")
	if n := w.ran("restore"); n != 1 {
		t.Errorf("it ran %d times", n)
	}
	if n := len(w.records("StepStarting")); n != 3 {
		t.Errorf("%d starts of three steps", n)
	}
	w.onceEach(room)
	w.audited()
}

// TestI26_I27_AStepWithoutAResult: the machine takes supervisor and step along; nobody knows what the step did, so a
// person is asked, and nothing later starts.
func TestI26_I27_AStepWithoutAResult(t *testing.T) {
	t.Parallel()
	w := settle(t, long())
	w.spawn()
	w.linked()
	w.accept(w.bea)
	room, card := w.asked("Database corruption: users gone")
	w.pressOn(w.bea, card, "recover.approve")
	w.until("the step runs", func() bool { return w.ran("restore") == 1 })
	w.life.kill()
	w.killSteps()
	w.spawn()
	w.linked()
	v := w.awaitStep(1, "1.2", "unknown")
	if stepState(v, "1.3") != "todo" {
		t.Errorf("1.3 is %s", stepState(v, "1.3"))
	}
	w.expect(w.ana, room, "❓ R1 step 1.2 ended without a result", "drbot will not repeat it by itself")
	w.answers(w.ana, room, "/recover resume", "1.2")
	if n := w.ran("restore"); n != 1 {
		t.Errorf("it ran %d times", n)
	}
	w.enough()
	w.press(w.ana, room, "recover.retry", "without a result")
	w.press(w.bea, room, "recover.approve", "A2")
	w.awaitStep(1, "1.4", "hand")
	if n := w.ran("restore"); n != 2 {
		t.Errorf("it ran %d times after somebody said so once", n)
	}
	w.audited()
}

// TestI46_KilledAtAnAcknowledgement: every note that was acknowledged is there after a kill, every time.
func TestI46_KilledAtAnAcknowledgement(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	w.spawn()
	w.linked()
	room := w.open(w.ana, "Database corruption: users gone")
	for _, text := range []string{"first note", "second note", "third note"} {
		w.answers(w.ana, room, "/incident note "+text, "Noted at")
		w.life.kill()
		w.audited()
		w.spawn()
		w.linked()
		found := 0
		for _, r := range w.records("Noted") {
			if strings.Contains(string(r.Payload), text) {
				found++
			}
		}
		if found != 1 {
			t.Errorf("%q is there %d times", text, found)
		}
	}
}

// TestI29: a second drbot on the same data refuses to start and says who holds it; the first goes on.
func TestI29_ASecondDrbotIsRefused(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	w.spawn()
	second := w.process("serve", "--config", w.config())
	code := <-second.code
	second.code <- code
	if log := second.log(); code != exitFailed && code != exitConfig || !strings.Contains(log, "process") || !strings.Contains(log, "holds") {
		t.Errorf("exit %d: %s", code, log)
	}
	w.linked()
	w.open(w.ana, "Database corruption: users gone")
	w.audited()
}

// TestI53: a data file that is newer or damaged is refused with a sentence and not touched.
func TestI53_NewerOrDamagedDataIsRefused(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(string) error{
		"cut": func(file string) error { return os.Truncate(file, 3*4096) },
		"noise": func(file string) error {
			return os.WriteFile(file, []byte(strings.Repeat("no database ", 4096)), 0o600)
		},
		"flipped": func(file string) error { return overwrite(file, 2*4096) },
		"newer": func(file string) error {
			db, err := bbolt.Open(file, 0o600, nil)
			if err != nil {
				return err
			}
			return errors.Join(db.Update(func(tx *bbolt.Tx) error {
				return tx.Bucket([]byte("meta")).Put([]byte("format"), []byte{0, 0, 0, 0, 0, 0, 0, 99})
			}), db.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := settle(t, one())
			w.serve()
			w.leave()
			file := w.path("data", "drbot.db")
			w.ok(spoil(file))
			before, err := os.ReadFile(file)
			w.ok(err)
			code, _, said := w.drbot("serve")
			if code != exitFailed && code != exitConfig || !strings.Contains(said, "drbot: ") || holdsAny(said, "panic", "deadline") {
				t.Errorf("exit %d: %s", code, said)
			}
			after, err := os.ReadFile(file)
			w.ok(err)
			if !bytes.Equal(before, after) {
				t.Error("the file was modified")
			}
			t.Logf("%s", said)
		})
	}
}

// overwrite puts noise over a file from an offset on.
func overwrite(file string, from int) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for k := from; k < len(b); k++ {
		b[k] = 0xff
	}
	return os.WriteFile(file, b, 0o600)
}

func holdsAny(text string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}

// TestI51: with Slack unreachable drbot starts, says at /readyz what is down, and the terminal reads.
func TestI51_StartsWithSlackDown(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	w.env["SLACK_API_URL"] = "http://127.0.0.1:1/api/"
	w.serve()
	w.until("/readyz says that Slack is down", func() bool {
		code, body := w.get("/readyz")
		return code == http.StatusOK && strings.Contains(body, "Slack is not reachable since")
	})
	if code, out, errs := w.drbot("incident", "list"); code != 0 || !strings.Contains(out, "No incident is open") {
		t.Errorf("list: exit %d: %s%s", code, out, errs)
	}
	w.audited()
}

// TestI55: after each event the incident's own file says how people go on by hand; it reads the same with drbot dead.
func TestI55_TheIncidentOnPaper(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	w.spawn()
	w.linked()
	w.accept(w.bea)
	room := w.open(w.ana, "Database corruption: users gone")
	paper := filepath.Join(w.dir, "data", "incidents", "INC-1.md")
	reads := func(texts ...string) {
		t.Helper()
		w.until("the paper says "+strings.Join(texts, ", "), func() bool {
			b, err := os.ReadFile(paper)
			return err == nil && holdsAll(string(b), texts)
		})
	}
	reads("INC-1", "users gone", "SEV-1", "Bea Ode", "+34 600")
	w.answers(w.ana, room, "/incident impact nobody can log in", "nobody")
	reads("nobody can log in")
	w.start(w.ana, room, "rescue")
	w.awaitView(1, "1.2 waits", func(v commands.View) bool { return stepState(v, "1.1") == "done" })
	reads("R1", "1.2", "After Look.", "echo banner")
	st, err := os.Stat(paper)
	w.ok(err)
	if st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", st.Mode())
	}
	code, out, said := w.drbot("incident", "show", "1", "--offline")
	if code != 0 || !strings.Contains(out, "nobody can log in") || !strings.Contains(said, "ago; another process holds the record") {
		t.Errorf("beside a running drbot: exit %d: %s%s", code, out, said)
	}
	w.life.kill()
	for _, args := range [][]string{{"incident", "show", "1", "--offline"}, {"incident", "show", "1"}, {"incident", "list"}} {
		if code, out, errs := w.drbot(args...); code != 0 || !strings.Contains(out, "users gone") {
			t.Errorf("%v with drbot dead: exit %d: %s%s", args, code, out, errs)
		}
	}
	if code, _, errs := w.drbot("incident", "ack", "1"); code != exitFailed || !strings.Contains(errs, "drbot serve") {
		t.Errorf("a decision with drbot dead: exit %d: %s", code, errs)
	}
}
