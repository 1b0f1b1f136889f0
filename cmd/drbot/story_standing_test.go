package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
)

// inAdvance lets whoever accepts the entry approve it in advance for SEV-1.
func inAdvance(e *runbook.Entry) {
	destructive(e)
	e.Approvals = &runbook.Approvals{Standing: &runbook.Standing{Severity: []int{1}}}
}

func foreseen() book {
	return book{steps: []step{
		{title: "Look", run: "echo all is there\n"},
		{title: "Restore", run: mark("restore"), set: inAdvance},
		{title: "Check", run: "cat ran.txt\n"},
	}}
}

// TestI5_I17: the acceptance card says what is given with it; the plan and the run say who gave it, and the step runs at
// once, one process, with a request of its own in the record that grants by an event of its own.
func TestI5_I17_WhatTheLockApprovesInAdvanceRuns(t *testing.T) {
	t.Parallel()
	w := settle(t, foreseen())
	w.serve()
	w.linked()
	w.button(w.bea, "drbot", "runbook.accept", "who accepts this approves it in advance at SEV-1, for 90 days")
	w.accept(w.bea)
	room := w.open(w.ana, "Database corruption: users gone")
	if said := w.say(w.ana, room, "/recover rescue").Text; !strings.Contains(said, "3 steps") || strings.Contains(said, "approval") {
		t.Errorf("the plan counts an approval that the lock gave: %s", said)
	}
	w.press(w.ana, room, "recover.start", "1.2 Restore", "approved in advance by the lock, accepted by @Bea Ode", "no approval")
	v := w.awaitRun(1, "ended")
	if w.ran("restore") != 1 || v.Runs[0].How != "done" {
		t.Errorf("it ran %d times, the run %s", w.ran("restore"), v.Runs[0].How)
	}
	w.expect(w.ana, room, "Step 1.2 on db1", "Approved in advance by the lock, which @Bea Ode accepted", "echo restore", "sha256", "as declared")
	w.expect(w.ana, room, "R1 · Rescue", "✅ 1.2 Restore", "approved in advance by the lock, accepted by @Bea Ode")
	if n := w.pressable(w.bea, room, "recover.approve"); n != 0 {
		t.Errorf("%d requests can be decided", n)
	}
	granted, asked, began := w.records("StandingApproved"), w.records("ApprovalAsked"), w.records("StepStarting")
	if len(granted) != 1 || len(asked) != 1 || len(w.records("Approved")) != 0 {
		t.Fatalf("%d granted in advance, %d asked", len(granted), len(asked))
	}
	var grant incident.StandingApproved
	var ask incident.ApprovalAsked
	var start incident.StepStarting
	w.ok(json.Unmarshal(granted[0].Payload, &grant))
	w.ok(json.Unmarshal(asked[0].Payload, &ask))
	for _, r := range began {
		if w.ok(json.Unmarshal(r.Payload, &start)); start.Approval != 0 {
			break
		}
	}
	if grant.Digest != ask.Digest || start.Digest != grant.Digest || grant.By.Name != "Bea Ode" || grant.Entry == "" || grant.Severity != 1 {
		t.Errorf("granted %+v\nasked %s\nstarted %+v", grant, ask.Digest, start)
	}
	w.audited()
}

// TestI4_I5_I8: at another severity, after a reload, with another text, or when who accepted it runs it, people are asked.
func TestI4_I5_I8_PeopleAreAskedWhereTheLockGaveNothing(t *testing.T) {
	t.Parallel()
	w := settle(t, foreseen())
	w.people[1].roles = "responder, operator, approver" // Bea, who accepts it, may run it too
	w.configure()
	w.up()
	low := w.open(w.ana, "sev2 Database corruption: some users gone")
	w.start(w.ana, low, "rescue")
	w.button(w.chen, low, "recover.approve", "Approve step 1.2", "echo restore")
	w.say(w.ana, low, "/recover cancel")
	w.fill(w.ana, "Cancel R1", map[string]any{"reason": "the other one is worse"})
	w.awaitRun(1, "ended")

	own := w.open(w.bea, "Database corruption: users gone")
	w.start(w.bea, own, "rescue")
	w.button(w.chen, own, "recover.approve", "Approve step 1.2")
	w.say(w.bea, own, "/recover cancel")
	w.fill(w.bea, "Cancel R2", map[string]any{"reason": "Ana takes it"})
	w.awaitRun(2, "ended")

	w.say(w.ana, own, "/recover rescue")
	w.button(w.ana, own, "recover.start", "approved in advance by the lock")
	w.leave()
	w.ok(os.WriteFile(w.path("RUNBOOK.md"), []byte(strings.Replace(foreseen().markdown(), "Nobody can work", "Nobody can log in", 1)), 0o600))
	w.serve() // the same lock entries, and another Markdown around them
	w.linked()
	w.say(w.ana, own, "/recover start")
	w.button(w.chen, own, "recover.approve", "Approve step 1.2")
	if n := len(w.records("StandingApproved")); n != 0 || w.ran("restore") != 0 {
		t.Errorf("%d were approved in advance, it ran %d times", n, w.ran("restore"))
	}
	w.say(w.ana, own, "/recover cancel")
	w.fill(w.ana, "Cancel R3", map[string]any{"reason": "enough"})
	w.awaitRun(2, "ended")
	w.audited()
}

// TestI12_I24: with the stop switch on nothing starts, approved in advance or not; once it is off the run goes on.
func TestI12_I24_TheStopSwitchHoldsInAdvanceToo(t *testing.T) {
	t.Parallel()
	w := settle(t, foreseen())
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.say(w.ana, room, "/recover rescue")
	w.button(w.ana, room, "recover.start", "approved in advance by the lock")
	w.say(w.bea, room, "/recover freeze storage team moves db1")
	w.until("it is frozen", func() bool { return len(w.records("Frozen")) == 1 })
	w.answers(w.ana, room, "/recover start", "Frozen by Bea Ode")
	if w.ran("restore") != 0 {
		t.Error("it ran while everything was frozen")
	}
	w.say(w.chen, room, "/recover thaw db1 is moved")
	w.until("it is thawed", func() bool { return len(w.records("Thawed")) == 1 })
	w.say(w.ana, room, "/recover start")
	w.awaitRun(1, "ended")
	if w.ran("restore") != 1 {
		t.Errorf("it ran %d times", w.ran("restore"))
	}
	w.audited()
}
