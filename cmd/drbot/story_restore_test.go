package main

import (
	"os"
	"strings"
	"testing"

	"github.com/drbot/drbot/commands"

	"github.com/drbot/drbot/workspace/person"
)

// TestI1_I15_ACardFromBeforeARestore: the record is restored on a host that has seen nothing later, and gives the number of
// a card that stands in the channel to another text. Who presses the old card approves nothing; the new request has a
// card of its own, and the cards that the record knows show again what it says.
func TestI1_I15_ACardFromBeforeARestore(t *testing.T) {
	t.Parallel()
	w := settle(t, book{steps: []step{
		{title: "Restore", run: mark("restore"), set: destructive}, {title: "Clean", run: mark("clean"), set: destructive},
	}})
	w.up()
	room, first := w.asked("Database corruption: users gone")
	w.backup("before.db")
	w.pressOn(w.bea, first, "recover.deny")
	w.fill(w.bea, "Deny A1", map[string]any{"reason": "Not now"})
	w.expect(w.bea, room, "Bea Ode denied")
	w.say(w.ana, room, "/recover skip 1.1 it was done elsewhere")
	old := w.button(w.bea, room, "recover.approve", "Approve step 1.2", "drbot approve A2")
	w.leave()
	w.ok(os.Remove(w.path("data", "drbot.db")))
	w.restore("before.db")
	w.serve()
	w.linked()
	again := w.button(w.bea, room, "recover.approve", "Approve step 1.1", "drbot approve A1")
	if again.TS != first.TS {
		t.Errorf("A1 has a second card")
	}
	w.pressOn(w.bea, again, "recover.deny")
	w.fill(w.bea, "Deny A1", map[string]any{"reason": "Not now"})
	w.awaitView(1, "A1 is denied again", func(v commands.View) bool { return len(v.Approvals) == 1 && v.Approvals[0].State == "denied" })
	w.say(w.ana, room, "/recover resume")
	now := w.button(w.bea, room, "recover.approve", "Approve step 1.1", "drbot approve A2")
	if now.TS == old.TS {
		t.Error("the new request was drawn onto the old card")
	}
	_, err := w.bea.PressConfirmed(w.within(), person.Pick{Channel: room, TS: old.TS, ActionID: "recover.approve"})
	w.ok(err)
	w.expect(w.bea, room, "Nothing was decided", "is from before drbot's record was restored", "A2 asks now for step 1.1")
	if v := w.view(1); v.Approvals[1].State != "pending" || w.ran("restore")+w.ran("clean") != 0 {
		t.Fatalf("%s; %d ran", v.Approvals[1].State, w.ran("restore")+w.ran("clean"))
	}
	w.pressOn(w.bea, now, "recover.approve")
	w.until("the step ran", func() bool { return w.ran("restore") == 1 })
	w.audited()
}

func (w *town) backup(name string) {
	w.Helper()
	if code, _, errs := w.drbot("backup", w.path(name)); code != 0 {
		w.Fatalf("backup: %s", errs)
	}
}

func (w *town) restore(name string) {
	w.Helper()
	code, out, errs := w.drbot("restore", w.path(name))
	if code != 0 || !strings.Contains(out, "Restored") {
		w.Fatalf("restore: %d %s%s", code, out, errs)
	}
}

// TestI24_AFreezeOfDrbotsOwnIsTold: an attempt is on disk that the restored record does not know. Whoever could go on hears
// that nothing starts, and later that it does again.
func TestI24_AFreezeOfDrbotsOwnIsTold(t *testing.T) {
	t.Parallel()
	w := settle(t, long())
	w.up()
	room, card := w.asked("Database corruption: users gone")
	w.backup("before.db")
	w.pressOn(w.bea, card, "recover.approve")
	w.until("the step runs", func() bool { return w.ran("restore") == 1 })
	w.enough()
	w.awaitStep(1, "1.4", "hand")
	w.leave()
	w.restore("before.db")
	w.serve()
	w.linked()
	const frozen = "No step starts any more, by drbot: attempt r1-p1-s2-1 is on disk and not in the record."
	w.expect(w.dev, "drbot", frozen)
	w.expect(w.ana, room, frozen)
	said := "No step starts: frozen by drbot since"
	if _, out, _ := w.drbot("check", "--offline"); !strings.Contains(out, said) || !strings.Contains(out, "r1-p1-s2-1") {
		t.Errorf("check beside a drbot that runs: %s", out)
	}
	w.pressOn(w.bea, w.button(w.bea, room, "recover.approve", "Approve step 1.2"), "recover.approve")
	w.expect(w.bea, room, "You approved A1", "Nothing starts now: frozen by drbot")
	w.say(w.chen, room, "/recover thaw it was looked at")
	w.expect(w.dev, "drbot", "Steps start again, by @Chen Li: it was looked at.")
	w.expect(w.ana, room, "Steps start again")
	if _, out, _ := w.drbot("check", "--offline"); strings.Contains(out, said) {
		t.Errorf("check after the thaw: %s", out)
	}
}
