package incident

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// over is an incident in which R7 has ended: 1.1 read, 1.6 restored and 1.8 started the service; the last two have an undo.
func over() *Incident {
	i := &Incident{ID: 42, State: StateOpen}
	step := func(n, undo string, risk Risk) Step {
		return Step{ID: "p1.s" + n, Number: "1." + n, Title: "Step " + n, Target: "db1", Lock: "db1", Risk: risk, Undo: undo}
	}
	undo := func(n string) Step {
		return Step{ID: "p1.s" + n + "u", Number: "1." + n + "u", UndoOf: "p1.s" + n, Target: "db1", Lock: "db1", Risk: Destructive, Need: 1}
	}
	i.apply(night, RunPlanned{Run: 7, By: ana, Steps: []Step{step("1", "", Read), step("6", "p1.s6u", Destructive), step("8", "p1.s8u", Destructive)}, Undos: []Step{undo("6"), undo("8")}})
	i.Runs[0].Identity = map[string]map[string]string{"db1": {"id": "one"}}
	i.apply(night, RunStarted{Run: 7, By: ana})
	for _, s := range []string{"p1.s1", "p1.s6", "p1.s8"} {
		i.does(7, s)
	}
	i.apply(night.Add(time.Hour), RunEnded{Run: 7, How: EndDone})
	return i
}

func (i *Incident) apply(at time.Time, events ...Event) {
	for _, e := range events {
		i.Apply(Stamp{Seq: i.Seq + 1, N: i.N + 1, Time: at}, e)
	}
}

// does lets one attempt of a step end well.
func (i *Incident) does(run uint64, step string) {
	attempt := AttemptName(run, step, i.Run(run).Step(step).Attempts+1)
	i.apply(night, StepStarting{Run: run, Step: step, Attempt: attempt}, StepEnded{Run: run, Step: step, Attempt: attempt, Outcome: Succeeded})
}

// takes plans and starts the run that takes a step of R7 back.
func (i *Incident) takes(t *testing.T, run uint64, step string) {
	t.Helper()
	r, s, err := i.TakeBack(7, step)
	if err != nil {
		t.Fatal(err)
	}
	k := slices.IndexFunc(r.Undos, func(u Step) bool { return u.ID == s.Undo })
	i.apply(night, RunPlanned{Run: run, By: ana, Steps: []Step{r.Undos[k]}, Undoes: i.Undoing(r, s, "db1")}, RunStarted{Run: run, By: ana})
}

// TestI28: a step is taken back once, and what stood on it with it.
func TestI28_AStepOfAnEndedRunIsTakenBackOnce(t *testing.T) {
	i := over()
	if !i.HasEnded(0) || !i.HasEnded(7) {
		t.Error("R7 has not ended")
	}
	if _, s, err := i.TakeBack(0, ""); err != nil || s.Number != "1.8" {
		t.Errorf("the last one that can be taken back: %+v, %v", s, err)
	}
	i.takes(t, 8, "1.6")
	if i.Run(7).Step("1.6").TakenBack != 0 {
		t.Error("it is taken back before its undo ran")
	}
	i.does(8, "p1.s6u")
	i.apply(night, RunEnded{Run: 8, How: EndDone})
	for _, n := range []string{"1.6", "1.8"} {
		_, _, err := i.TakeBack(7, n)
		refusedAs(t, n, err, WrongState)
		if err == nil || !strings.Contains(err.Error(), "Step "+n+" of R7 is taken back already, by R8. To do it again, plan the procedure anew.") {
			t.Errorf("%s: %v", n, err)
		}
	}
	_, _, err := i.TakeBack(8, "")
	refusedAs(t, "an undo has no undo", err, NotFound)
}

// TestI28: what a run undid itself is not undone a second time after its end.
func TestI28_WhatTheRunUndidItselfIsSaidSo(t *testing.T) {
	i := over()
	r := i.Run(7)
	r.State = Paused
	i.apply(night, UndoPlanned{Run: 7, Step: "p1.s8", Undo: "p1.s8u", By: ana})
	i.does(7, "p1.s8u")
	i.apply(night, RunEnded{Run: 7, How: EndCancelled})
	_, _, err := i.TakeBack(7, "1.8")
	refusedAs(t, "undone in the run", err, WrongState)
	if err == nil || !strings.Contains(err.Error(), "was undone already, in the run itself, by step 1.8u") {
		t.Error(err)
	}
	if _, s, err := i.TakeBack(7, ""); err != nil || s.Number != "1.6" {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestI2: the undo starts where the step worked, and nowhere else.
func TestI2_AnUndoOfAnEndedRunKnowsItsTarget(t *testing.T) {
	i := over()
	i.takes(t, 8, "1.6")
	r := i.Run(8)
	for read, wants := range map[string]string{"one": "", "two": "db1 is another than R7 worked on: id was one, is two"} {
		r.Identity = map[string]map[string]string{"db1": {"id": read}}
		if err := i.stillUndoes(r); (err == nil) != (wants == "") || err != nil && !strings.Contains(err.Error(), wants) {
			t.Errorf("%s: %v", read, err)
		}
	}
	r.Identity = nil
	refusedAs(t, "nothing was read", i.stillUndoes(r), Blocked)
}

// A run that the incident no longer keeps is named, with what is left to do.
func TestARunThatIsNotKeptIsNotTakenBack(t *testing.T) {
	i := over()
	for n := range uint64(keepRuns) {
		i.apply(night, RunPlanned{Run: 8 + n, By: ana}, RunStarted{Run: 8 + n, By: ana}, RunEnded{Run: 8 + n, How: EndDone})
	}
	_, _, err := i.TakeBack(7, "1.6")
	refusedAs(t, "R7", err, NotFound)
	if err == nil || !strings.Contains(err.Error(), "R7 is not at hand any more: INC-42 keeps its newest 8 runs. Take it back by hand") {
		t.Error(err)
	}
}

// TestI21: whatever became of a run, only a step that ran, has an undo and still stands is taken back.
func TestI21_OnlyWhatRanAndStandsIsTakenBack(t *testing.T) {
	states := []StepState{StepTodo, StepDone, StepFailed, StepIsLost, StepSkip, StepWasHand, StepUndoTodo, StepUnneeded, StepHand}
	rapid.Check(t, func(t *rapid.T) {
		i := over()
		r := i.Run(7)
		for k := range r.Steps {
			s := &r.Steps[k]
			s.State, s.Begun = rapid.SampledFrom(states).Draw(t, "state"), rapid.Bool().Draw(t, "begun")
			s.TakenBack = rapid.SampledFrom([]uint64{0, 0, 3}).Draw(t, "by")
		}
		named := rapid.SampledFrom([]string{"", "1.1", "1.6", "p1.s8", "9.9"}).Draw(t, "step")
		got, s, err := i.TakeBack(rapid.SampledFrom([]uint64{0, 7}).Draw(t, "run"), named)
		if err != nil {
			return
		}
		stands := s.State == StepDone || s.State == StepIsLost || s.State == StepWasHand || s.State == StepFailed && s.Begun
		if got != r || s.Undo == "" || s.TakenBack != 0 || !stands || named != "" && s.ID != named && s.Number != named {
			t.Fatalf("%q takes %+v back", named, s)
		}
	})
}
