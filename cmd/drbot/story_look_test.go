package main

import "testing"

// TestI50_AForgottenSecondLookIsRemindedOf: once, to who may decide, over a downtime, and closed with the decision.
func TestI50_AForgottenSecondLookIsRemindedOf(t *testing.T) {
	t.Parallel()
	w, server := mailing(t, "severities: {\"1\": {update: 1h}}\n")
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	w.answers(w.ana, room, "/incident impact nobody can log in", "nobody can log in")
	w.answers(w.ana, room, "/incident update Looking --to mail", "Update 1 of INC-1 is sent")
	w.expect(w.bea, room, "Second look", "Looking")
	w.leave()
	w.clock.push(45 * minute)
	w.serve()
	w.linked()
	w.expect(w.bea, room, "30 min late, drbot was not running", "Message m1", "has waited for a second look", "@Bea Ode")
	w.answers(w.ana, room, "/incident note back at it", "Noted")
	if n := w.count(w.bea, room, "has waited for a second look"); n != 1 {
		t.Errorf("reminded %d times", n)
	}
	w.press(w.bea, room, "incident.release", "Second look")
	w.mailed(server, 1)
	w.until("the reminder is closed", func() bool {
		return w.count(w.bea, room, "has waited for a second look") == 0 && w.count(w.bea, room, "@Bea Ode let it go") == 2
	})
	w.audited()
}
