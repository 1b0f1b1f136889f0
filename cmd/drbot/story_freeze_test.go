package main

import "testing"

// TestI24_AnApprovedStepGoesOnAfterTheThaw: while the stop switch is on the card says that nothing starts; then its operator is called,
// and a button of the card goes on.
func TestI24_AnApprovedStepGoesOnAfterTheThaw(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	w.up()
	room, card := w.asked("Database corruption: users gone")
	w.answers(w.chen, room, "/recover freeze look again", "No step starts any more")
	w.pressOn(w.bea, card, "recover.approve")
	w.expect(w.ana, room, "approved by @Bea Ode", "not started yet: nothing starts before the thaw", "No step starts, by @Chen Li")
	w.say(w.chen, room, "/recover thaw it is well")
	w.expect(w.ana, room, "Steps start again", "@Ana Ruiz: step 1.1 of R1 waits for your Go on")
	w.press(w.ana, room, "recover.resume", "waits for @Ana Ruiz to press Go on")
	w.awaitRun(1, "ended")
	if n := w.ran("restore"); n != 1 {
		t.Errorf("it ran %d times", n)
	}
	w.audited()
}
