package main

import (
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/workspace"
	"github.com/drbot/drbot/workspace/person"
)

// one is a runbook of one destructive step.
func one(set ...func(*runbook.Entry)) book {
	return book{steps: []step{{title: "Restore", run: mark("restore"), undo: mark("unrestore"), set: func(e *runbook.Entry) {
		e.Risk = runbook.Destructive
		for _, s := range set {
			s(e)
		}
	}}}}
}

// asked opens an incident as Ana and starts the runbook's first procedure, until its first approval is asked for.
func (w *town) asked(title string) (room string, card person.Message) {
	w.Helper()
	room = w.open(w.ana, title)
	w.start(w.ana, room, "rescue")
	return room, w.button(w.bea, room, "recover.approve")
}

// TestI8_I9_I12: who asked does not decide, nor who is no approver, a guest or somebody of another
// workspace; and a denial is final.
func TestI8_I9_I12_WhoMayApprove(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	w.up()
	room, card := w.asked("Database corruption: users gone")
	_, err := w.ana.Invite(w.within(), room, "U0EVE", "U0GUS")
	w.ok(err)
	hears := func(p *person.Person, text string) {
		t.Helper()
		w.pressOn(p, card, "recover.approve")
		w.expect(p, room, text)
	}
	hears(w.ana, "You asked for this, so someone else decides: Bea Ode, Chen Li")
	hears(w.dev, "You cannot decide this: Bea Ode, Chen Li can")
	hears(w.eve, "You cannot decide this")
	hears(w.gus, "Only full members")
	_, err = w.fay.Join(w.within(), "random")
	w.ok(err)
	w.answers(w.fay, "random", "/incident open A title from afar", "shared with another workspace")
	w.pressOn(w.bea, card, "recover.deny")
	w.fill(w.bea, "Deny A1", map[string]any{"reason": "Wrong backup or value"})
	w.expect(w.bea, room, "Bea Ode denied", "Wrong backup or value")
	w.say(w.ana, room, "/recover resume")
	second := w.button(w.bea, room, "recover.approve", "A2")
	w.pressOn(w.bea, second, "recover.approve")
	w.awaitRun(1, "ended")
	if n := w.ran("restore"); n != 1 {
		t.Errorf("it ran %d times", n)
	}
	if n := len(w.records("Refused")); n < 2 {
		t.Errorf("I42: %d refusals of known people are recorded", n)
	}
	w.audited()
}

// TestI10: a right that is taken away between approval and start blocks the start. The approval waits frozen meanwhile.
func TestI10_I24_ARightRemovedBlocksTheStart(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	w.up()
	room, card := w.asked("Database corruption: users gone")
	w.say(w.chen, room, "/recover freeze storage team moves db1")
	w.expect(w.dev, "drbot", "No step starts any more, by @Chen Li")
	w.pressOn(w.bea, card, "recover.approve")
	w.expect(w.bea, room, "Bea Ode approved")
	if n := w.ran("restore"); n != 0 {
		t.Fatalf("I24: it ran %d times although frozen", n)
	}
	w.answers(w.ana, room, "/recover resume", "Frozen by Chen Li")
	w.leave()
	w.people[1].roles = "responder"
	w.configure()
	w.serve()
	w.linked()
	w.expect(w.dev, "drbot", "Bea Ode: responder, was approver, responder")
	w.answers(w.dev, room, "/recover thaw it is over", "Only admins thaw", "Chen Li")
	w.say(w.chen, room, "/recover thaw db1 is moved")
	w.expect(w.dev, "drbot", "Steps start again, by @Chen Li")
	w.answers(w.ana, room, "/recover resume", "right to approve was removed")
	if n := w.ran("restore"); n != 0 {
		t.Fatalf("it ran %d times", n)
	}
	w.answers(w.ana, room, "/recover resume", "step 1.1")
	w.press(w.chen, room, "recover.approve", "A2")
	w.awaitRun(1, "ended")
	w.audited()
}

// TestI13: an empty list of approvers means nobody, admins included: a lock that asks for it is refused with the place, and nothing of it runs.
func TestI13_NobodyConfiguredIsNobody(t *testing.T) {
	t.Parallel()
	w := settle(t, one(func(e *runbook.Entry) { e.Approvals = &runbook.Approvals{Need: 1, From: []string{}} }))
	if code, out, errs := w.drbot("check", "--offline"); code == 0 || !strings.Contains(out+errs, "from: nobody could approve") {
		t.Errorf("check: exit %d: %s%s", code, out, errs)
	}
	if _, out, errs := w.drbot("runbook", "show"); strings.Contains(out, "[ready]") || !strings.Contains(errs, "from: nobody could approve") {
		t.Errorf("show: %s%s", out, errs)
	}
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: users gone")
	w.say(w.ana, room, "/recover rescue")
	w.expect(w.ana, room, "1.1 Restore", "by hand")
	if w.ran("restore") != 0 {
		t.Error("it ran")
	}
}

// TestI11: of a quorum of two, one is not enough, and one person counts once.
func TestI11_AQuorumNeedsTwoPeople(t *testing.T) {
	t.Parallel()
	w := settle(t, one(func(e *runbook.Entry) { e.Approvals = &runbook.Approvals{Need: 2, From: []string{"approver"}} }))
	w.up()
	room, card := w.asked("Database corruption: users gone")
	w.pressOn(w.bea, card, "recover.approve")
	w.expect(w.bea, room, "1 of 2")
	w.pressOn(w.bea, card, "recover.approve")
	w.expect(w.bea, room, "one more person must")
	if w.ran("restore") != 0 {
		t.Fatal("it ran with one of two")
	}
	w.pressOn(w.chen, card, "recover.approve")
	w.awaitRun(1, "ended")
	if n := w.ran("restore"); n != 1 {
		t.Errorf("it ran %d times", n)
	}
}

// TestI18_I19: a decision after the end is refused by the clock alone, before any sweeper spoke; and what was approved
// and not started within its time needs a new approval.
func TestI18_I19_ExpiryByTheClock(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	w.up()
	room, card := w.asked("Database corruption: users gone")
	w.clock.push(15 * minute) // the press may come before or after the tick
	w.pressOn(w.bea, card, "recover.approve")
	w.expect(w.bea, room, "Too late: ended", "Nothing ran")
	w.expect(w.bea, room, "nobody decided")
	w.awaitRun(1, "paused")
	w.say(w.ana, room, "/recover resume")
	second := w.button(w.bea, room, "recover.approve", "A2")
	w.say(w.chen, room, "/recover freeze wait for the storage team")
	w.pressOn(w.bea, second, "recover.approve")
	w.expect(w.bea, room, "A2", "Bea Ode approved")
	w.clock.push(10 * minute)
	w.expect(w.bea, room, "Approved, not started by")
	w.say(w.chen, room, "/recover thaw go on")
	w.say(w.ana, room, "/recover resume")
	w.press(w.bea, room, "recover.approve", "A3")
	w.awaitRun(1, "ended")
	if n := w.ran("restore"); n != 1 {
		t.Errorf("it ran %d times", n)
	}
	w.audited()
}

// TestI20: two approvers at once, every envelope delivered twice: one decision, one process.
func TestI20_TwoApproversAtOnceOneProcess(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	w.up()
	room, card := w.asked("Database corruption: users gone")
	_, err := w.client.Inject(w.within(), person.Fault{Kind: "duplicate", Method: "interactive"})
	w.ok(err)
	done := make(chan error)
	for _, p := range []*person.Person{w.bea, w.chen} {
		go func() {
			_, err := p.PressConfirmed(w.within(), person.Pick{Channel: room, TS: card.TS, ActionID: "recover.approve"})
			done <- err
		}()
	}
	w.ok(<-done)
	w.ok(<-done)
	w.awaitRun(1, "ended")
	if n := w.ran("restore"); n != 1 {
		t.Errorf("it ran %d times", n)
	}
	if a, s := len(w.records("Approved")), len(w.records("StepStarting")); a != 1 || s != 1 {
		t.Errorf("%d approvals, %d starts", a, s)
	}
	w.audited()
}

// TestI15: decisions about runs count only in the incident's own channel, on drbot's own messages, and an old card
// answers with what became of it.
func TestI15_ElsewhereAndOldCards(t *testing.T) {
	t.Parallel()
	w := settle(t, one(), func(_ *town, o *workspace.Options) { o.AckTimeout = 10 * time.Second })
	w.up()
	room, card := w.asked("Database corruption: users gone")
	w.answers(w.ana, "incidents", "/recover resume", "INC-1")
	w.answers(w.bea, "random", "/recover approve A1", "channel")
	other := w.open(w.ana, "slow pages of the shop")
	_, err := w.bea.PressConfirmed(w.within(), person.Pick{Channel: other, TS: card.TS, ActionID: "recover.approve"})
	if err == nil {
		t.Error("a message was pressed in a channel that does not hold it")
	}
	w.answers(w.ana, other, "/recover resume R1", "Runs and approvals of INC-1 are decided in its own channel")
	w.pressOn(w.bea, card, "recover.deny")
	w.fill(w.bea, "Deny A1", map[string]any{"reason": "Not now"})
	w.expect(w.bea, room, "Bea Ode denied")
	deliveries, err := w.client.Deliveries(w.within())
	w.ok(err)
	for _, d := range deliveries { // the client that held the old card sends its press again
		if strings.Contains(d.What, "view_submission") {
			w.ok(w.client.Replay(w.within(), d.Seq))
		}
	}
	if n := len(w.records("Denied")); n != 1 {
		t.Errorf("%d denials", n)
	}
	if w.ran("restore") != 0 {
		t.Error("it ran")
	}
}
