package commands_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/state"
)

// finished drives R1 to its end: the restore 1.4, which has an undo, is done.
func (r *rig) finished() {
	r.t.Helper()
	r.must(r.press(bea, "recover approve", r.toApproval()))
	r.answer()
	r.ended(incident.Succeeded, nil)
	r.must(r.say(ana, "/recover hand 1.5 they know"))
	r.answer()
	r.ended(incident.Succeeded, nil)
	if r.fold().LiveRun() != nil {
		r.t.Fatal("R1 has not ended")
	}
}

// undoes plans the undo of 1.4 of R1 and reads its target.
func (r *rig) undoes() {
	r.t.Helper()
	r.must(r.say(ana, "/recover undo R1 1.4"))
	r.answer()
}

// TestI21_I22: the undo of a step whose run has ended is a run of one step, with an approval of its own; it holds the
// target's lock again, works with the values of the ended run, and marks there what it took back.
func TestI21_I22_UndoAfterTheEndIsARunOfItsOwn(t *testing.T) {
	r := recovery(t, func(l *runbook.Lock) {
		u := entryOf(l, "p1.s4u")
		u.Parameters = []runbook.Parameter{{Name: "QUARANTINE", Type: runbook.TypeText, From: "run.id"}}
	}).rig()
	r.finished()
	r.undoes()
	run := r.run()
	if run.N != 2 || run.State != incident.Draft || len(run.Steps) != 1 || run.Title != "Undo 1.4 of R1" || run.Undoes == nil {
		t.Fatalf("%+v", run)
	}
	if run.Values["QUARANTINE"] != "R1" {
		t.Errorf("it works on %v, and not on what R1 left", run.Values)
	}
	r.must(r.say(ana, "/recover start"))
	if holder, taken := r.held("lock:db1"); !taken || holder != r.id {
		t.Error("the target is not locked")
	}
	r.answer() // for the approval
	a := r.fold().Approvals[len(r.fold().Approvals)-1]
	if a.State != incident.Pending || a.Step != "p1.s4u" || a.Facts[0].Value != "step 1.4 of R1, which ended 02:58 UTC" {
		t.Fatalf("%+v", a)
	}
	r.refused(r.press(ana, "recover approve", a.Name()), incident.NotAllowed, "")
	r.must(r.press(bea, "recover approve", a.Name()))
	r.answer() // identity once more
	r.ended(incident.Succeeded, nil)
	i := r.fold()
	if i.LiveRun() != nil || i.Runs[1].How != incident.EndDone {
		t.Fatalf("R2: %+v", i.Runs[1])
	}
	if _, taken := r.held("lock:db1"); taken {
		t.Error("the lock outlives the run")
	}
	if s := i.Runs[0].Step("1.4"); s.TakenBack != 2 || s.State != incident.StepDone || i.Runs[0].Step("1.6").TakenBack != 2 || i.Runs[0].Step("1.3").TakenBack != 0 {
		t.Errorf("R1 after its undo: %+v", i.Runs[0].Steps)
	}
	if it := i.Item("c2"); it.Closed() {
		t.Errorf("what 1.4 had ticked stays ticked: %+v", it)
	}
	if n := r.records(0, "ProcedureRan"); n != 1 {
		t.Errorf("an undo counts as a run of the procedure: %d", n)
	}
	r.refused(r.say(ana, "/recover undo R1 1.4"), incident.WrongState, "Step 1.4 of R1 is taken back already, by R2. To do it again, plan the procedure anew.")
	if err := r.refolded(r.id); err != nil {
		t.Error(err)
	}
}

// TestI5_I23: what would undo is asked of the lock that is accepted now.
func TestI5_I23_UndoAfterTheEndNeedsTheLockThatWasAccepted(t *testing.T) {
	for name, c := range map[string]struct {
		load []func(*runbook.Lock)
		ok   bool
		says string
	}{
		"another step is changed": {[]func(*runbook.Lock){func(l *runbook.Lock) { entryOf(l, "p1.s3").Leaves = "the log is new" }}, true, ""},
		"the undo is changed": {[]func(*runbook.Lock){func(l *runbook.Lock) {
			u := entryOf(l, "p1.s4u")
			u.Run, u.SHA256 = "mv elsewhere\n", runbookDigest("mv elsewhere\n")
		}}, false, "What undoes step 1.4 is not accepted as R1 had it"},
		"its target is changed": {[]func(*runbook.Lock){func(l *runbook.Lock) {
			l.Targets["db1"] = runbook.Target{Dir: "/srv/db2", Lock: "db1", Probe: "echo host=db1"}
		}}, false, "What undoes step 1.4 is not accepted as R1 had it"},
		"the undo is gone": {[]func(*runbook.Lock){func(l *runbook.Lock) {
			entryOf(l, "p1.s4").Undo, entryOf(l, "p1.s4").OnFailure = "", ""
			l.Steps = slices.DeleteFunc(l.Steps, func(e runbook.Entry) bool { return e.ID == "p1.s4u" })
		}}, false, "What undoes step 1.4 is not accepted as R1 had it"},
		"the step is not as in the Markdown": {[]func(*runbook.Lock){func(l *runbook.Lock) {
			entryOf(l, "p1.s4").SourceSHA256 = strings.Repeat("0", 64)
		}}, false, "not in the runbook as it was reviewed"},
	} {
		t.Run(name, func(t *testing.T) {
			r := recovery(t).rig()
			r.finished()
			r.book = procedures(t, c.load...)
			r.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: commands.RunbookLoaded{Runbook: r.book}})
			if open := r.house().Open(); len(open) > 0 {
				r.accept()
			}
			reply := r.say(ana, "/recover undo R1 1.4")
			if c.ok {
				r.must(reply)
				return
			}
			r.refused(reply, incident.Blocked, c.says)
			if r.fold().LiveRun() != nil {
				t.Error("it is planned all the same")
			}
		})
	}
}

// TestI2: the target must be the one that the ended run worked on.
func TestI2_UndoAfterTheEndRefusesAnotherTarget(t *testing.T) {
	r := recovery(t).rig()
	r.finished()
	r.host = "db9"
	r.undoes()
	r.refused(r.say(ana, "/recover start"), incident.Blocked, "db1 is another than R1 worked on: host was db1, is db9.")
	r.refused(r.say(ana, "/recover plan"), incident.WrongState, "nothing of it is chosen")
	r.refused(r.say(ana, "/recover undo R1 1.4"), incident.WrongState, "R2 is planned already, to take back step 1.4 of R1")
	r.must(r.say(ana, "/recover cancel R2"))
	r.host = "db1"
	r.undoes()
	r.must(r.say(ana, "/recover start"))
}

// TestUndoAfterTheEndSaysWhyNot: each way in which there is nothing to take back, with what to do now.
func TestUndoAfterTheEndSaysWhyNot(t *testing.T) {
	r := recovery(t).rig()
	r.refused(r.say(ana, "/recover undo R9 1.4"), incident.NotFound, "R9")
	r.finished()
	for line, says := range map[string]string{
		"R1 1.1": "Step 1.1 of R1 has no undo. Take it back by hand",
		"R1 9.9": "R1 has no step 9.9",
		"R7 1.4": "There is no run R7",
	} {
		if reply := r.say(ana, "/recover undo "+line); reply.Done() || !strings.Contains(reply.Say.Text, says) {
			t.Errorf("%s: %+v", line, reply)
		}
	}
	r.refused(r.say(dev, "/recover undo R1 1.4"), incident.NotAllowed, "Only operators")
	r.must(r.say(ana, "/recover database"))
	r.answer()
	r.must(r.press(ana, "recover choose", "R2", "BACKUP", "backup_1"))
	r.must(r.say(ana, "/recover start"))
	r.refused(r.say(ana, "/recover undo R1 1.4"), incident.WrongState, "R2 Database recovery is not over")
}

// An undo whose secret is not configured any more is refused when it is planned, and not in the middle of the night's work.
func TestUndoAfterTheEndNeedsItsSecret(t *testing.T) {
	o := recovery(t, func(l *runbook.Lock) {
		entryOf(l, "p1.s4u").Parameters = []runbook.Parameter{{Name: "PG", Type: runbook.TypeSecret, Default: "pg"}}
	})
	o.conf.Secrets = []string{"pg"}
	r := o.rig()
	r.finished()
	o.conf.Secrets = nil
	r.refused(r.say(ana, "/recover undo R1 1.4"), incident.Blocked, "Step 1.4u does not run: its secret PG is not configured. Take it back by hand")
}

// TestUndoAfterTheEndTellsWhatCameLater: whoever approves reads what another run did on the same target since.
func TestUndoAfterTheEndTellsWhatCameLater(t *testing.T) {
	r := recovery(t).rig()
	r.finished()
	r.must(r.say(ana, "/recover database"))
	r.answer()
	r.must(r.press(ana, "recover choose", "R2", "BACKUP", "backup_1"))
	r.must(r.say(ana, "/recover start"))
	r.answer()
	r.ended(incident.Succeeded, nil)
	r.answer()
	r.ended(incident.Succeeded, map[string]string{"PICK": "backup_1"})
	r.must(r.press(ana, "recover confirm", "R2/p1.s3"))
	r.answer()
	r.ended(incident.Succeeded, nil)
	r.answer()
	r.must(r.say(ana, "/recover cancel R2 the other one was right"))
	r.must(r.press(ana, "recover cancel", "R2", "reason", "the first was right"))
	r.undoes()
	if since := r.run().Undoes.Since; len(since) != 1 || since[0] != "R2 1.3 Rotate the log" {
		t.Errorf("%q", since)
	}
	r.must(r.say(ana, "/recover start"))
	r.answer()
	if f := r.fold().Approvals[len(r.fold().Approvals)-1].Facts; f[1] != (incident.Fact{Name: "since then", Value: "R2 1.3 Rotate the log"}) {
		t.Errorf("%+v", f)
	}
}

// held asks the store who holds a claim.
func (r *rig) held(name string) (holder incident.ID, taken bool) {
	r.t.Helper()
	if _, err := r.store.Do(r.t.Context(), state.Change{Decide: func(v state.View) (state.Decision, error) {
		holder, taken = v.Claim(name)
		return state.Decision{}, nil
	}}); err != nil {
		r.t.Fatal(err)
	}
	return holder, taken
}

func (r *rig) house() *incident.House {
	r.t.Helper()
	h, err := r.store.House(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return h
}
