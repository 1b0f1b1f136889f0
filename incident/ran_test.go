package incident

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 12, 12, 0, 0, 0, time.UTC)

// carry writes a fold and reads it back, as a store does between two commits.
func carry(t *testing.T, h *House) *House {
	t.Helper()
	raw, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	back := &House{}
	if err := json.Unmarshal(raw, back); err != nil {
		t.Fatal(err)
	}
	return back
}

// Folding in one go and folding with the store in between give the same bytes, also where texts are forgotten.
func TestI52_WhatRanFoldsAgainToTheSameBytes(t *testing.T) {
	whole, stored := NewHouse(), NewHouse()
	var n uint64
	apply := func(e Event) {
		n++
		at := Stamp{Seq: n, N: n, Time: noon.Add(time.Duration(n/7) * time.Minute)} // several at one instant
		payload, err := Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decode(e.EventKind(), payload)
		if err != nil {
			t.Fatal(err)
		}
		whole.Apply(at, back)
		stored = carry(t, stored)
		stored.Apply(at, back)
	}
	apply(RunbookLoaded{Digest: "d", Entries: []string{"e0", "e1", "e2", "e3", "e4", "e5", "e6", "e7", "e8", "e9"}})
	for k := range 300 {
		outcome := []string{Succeeded, Failed, OutcomeUnknown}[k%3]
		apply(ScriptRan{Script: fmt.Sprintf("text%d", k*7%120), Entry: fmt.Sprintf("e%d", k%20), Attempt: fmt.Sprint("a", k), Drill: k%2 == 0, Outcome: outcome, Took: time.Duration(k) * time.Second})
		apply(ProcedureRan{Procedure: fmt.Sprintf("p%d", k%70), Run: uint64(k), How: EndDone, Took: time.Minute})
	}
	a, _ := json.Marshal(whole)
	b, _ := json.Marshal(stored)
	if string(a) != string(b) {
		t.Fatalf("the folds differ:\n%s\n%s", a, b)
	}
	if len(whole.Procedures) != keepProcedures || len(whole.Scripts) > keepTexts {
		t.Fatalf("%d procedures and %d texts are remembered", len(whole.Procedures), len(whole.Scripts))
	}
}

func TestARetryCountsAndALaterWordOnTheSameAttemptDoesNot(t *testing.T) {
	h := NewHouse()
	ran := func(minute int, attempt, outcome string, took time.Duration) Ran {
		h.Apply(Stamp{Time: noon.Add(time.Duration(minute) * time.Minute)}, ScriptRan{Script: "s", Attempt: attempt, Drill: minute > 2, Outcome: outcome, Took: took})
		return h.Scripts["s"]
	}
	if r := ran(0, "r1-p1-s6-1", OutcomeUnknown, 0); r.Times != 1 || r.Usually() != 0 {
		t.Fatalf("%+v", r)
	}
	if r := ran(1, "r1-p1-s6-1", Failed, time.Minute); r.Times != 1 || r.Outcome != Failed {
		t.Fatalf("the same attempt counted twice: %+v", r)
	}
	if r := ran(2, "r1-p1-s6-2", Succeeded, 6*time.Minute); r.Times != 2 || r.Drills != 0 || r.Usually() != 6*time.Minute {
		t.Fatalf("the retry did not count: %+v", r)
	}
	for k := range 9 {
		ran(3+k, fmt.Sprintf("r%d-p1-s6-1", 2+k), Succeeded, time.Duration(10+k)*time.Minute)
	}
	r := h.Scripts["s"]
	if r.Times != 11 || r.Drills != 9 || !r.Drill || len(r.Good) != keepTimes || r.Usually() != 16*time.Minute {
		t.Fatalf("%+v", r)
	}
}

// A text of the loaded lock is remembered however many others ran since.
func TestTextsOfNoLoadedEntryAreForgottenFirst(t *testing.T) {
	h := NewHouse()
	h.Apply(Stamp{Time: noon}, RunbookLoaded{Entries: []string{"loaded"}})
	h.Apply(Stamp{Time: noon}, ScriptRan{Script: "restore", Entry: "loaded", Attempt: "a", Outcome: Succeeded})
	for k := range 500 {
		h.Apply(Stamp{Time: noon.Add(time.Duration(k+1) * time.Minute)}, ScriptRan{Script: fmt.Sprint("old", k), Entry: fmt.Sprint("gone", k), Attempt: fmt.Sprint(k), Outcome: Succeeded})
	}
	if _, ok := h.Scripts["restore"]; !ok || len(h.Scripts) != keepOldTexts+1 {
		t.Fatalf("%d texts, restore %v", len(h.Scripts), ok)
	}
	h.Apply(Stamp{Time: noon.Add(time.Hour)}, RunbookLoaded{Entries: []string{"another"}})
	if _, ok := h.Scripts["restore"]; ok || len(h.Scripts) != keepOldTexts {
		t.Fatalf("%d texts, restore %v", len(h.Scripts), ok)
	}
}

func TestRanInCountsStartedRunsAndAttemptsThatExisted(t *testing.T) {
	i := New(4)
	i.Drill = true
	i.Runs = []*Run{{N: 7, Procedure: "p1", StartedAt: noon, EndedAt: noon.Add(9 * time.Minute), Steps: []Step{{ID: "p1.s6", Script: "s", Entry: "e"}, {ID: "p1.s7", Manual: true}}}, {N: 8, Procedure: "p1"}}
	got := RanIn(i, []Event{
		StepNotStarted{Run: 7, Step: "p1.s6", Attempt: "a1"}, StepEnded{Run: 7, Step: "p1.s6", Attempt: "a2", Outcome: Succeeded, Started: noon, Ended: noon.Add(6 * time.Minute)},
		StepByHand{Run: 7, Step: "p1.s7"}, RunEnded{Run: 7, How: EndDone}, RunEnded{Run: 8, How: EndDiscarded}, StepUnknown{Run: 9, Step: "p1.s6"},
	})
	want := []Event{
		ScriptRan{Script: "s", Entry: "e", Incident: 4, Attempt: "a2", Drill: true, Outcome: Succeeded, Took: 6 * time.Minute},
		ProcedureRan{Procedure: "p1", Incident: 4, Run: 7, Drill: true, How: EndDone, Took: 9 * time.Minute},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}
