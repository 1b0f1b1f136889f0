package incident

import (
	"strings"
	"testing"
	"time"
)

// foreseen is an incident whose R7 is about to ask for step 1.6, which Bea approved in advance for SEV-1.
func foreseen(t *testing.T) (*story, Desk) {
	s := open(t, time.Hour, 0)
	s.i.Severity = 1
	spec := &Spec{ID: "p1.s6", Title: "Restore", Interpreter: "bash", Script: "restore\n", Target: "db1", Host: "local", Timeout: time.Minute}
	s.apply(night, RunPlanned{Run: 7, By: ana, Revision: "md-1", Lock: "lock-1", Steps: []Step{{
		ID: "p1.s6", Number: "1.6", Title: "Restore", Risk: Destructive, Spec: "spec", Script: Digest([]byte(spec.Script)), Target: "db1", Entry: "entry-1",
		Need: 1, From: []Right{Approver}, Expires: 15 * time.Minute, StartWithin: 10 * time.Minute, Standing: &Standing{Severity: []int{1}, For: 24 * time.Hour},
	}}}, RunStarted{Run: 7, By: ana})
	approvals := uint64(16)
	return s, Desk{
		At: night, Basis: "people-1", Rights: rightsOf{"ana": {Operator}, "bea": {Approver}, "eva": {Approver}}, Specs: map[string]*Spec{"spec": spec},
		House: &House{
			Runbook:  LoadedRunbook{Digest: "md-1", LockDigest: "lock-1"},
			Accepted: map[string]Acceptance{"entry-1": {By: bea, At: night.Add(-time.Hour)}},
		},
		Approvers: func([]Right) []Person { return []Person{bea} }, NextApproval: func() uint64 { approvals++; return approvals },
	}
}

// asks takes the run on and gives the names of what happened.
func asks(s *story, d Desk) string {
	w := s.i.draft(d.At)
	w.advance(d, w.Run(7))
	s.apply(d.At, w.events...)
	return names7(w.events)
}

func names7(events []Event) string {
	var list []string
	for _, e := range events {
		list = append(list, e.EventKind())
	}
	return strings.Join(list, " ")
}

// TestI2_I21: in advance is approved what was asked for, digest and all, for one attempt.
func TestI2_I21_AnApprovalInAdvanceIsForOneAttemptOfWhatWasAsked(t *testing.T) {
	s, d := foreseen(t)
	if got := asks(s, d); got != "ApprovalAsked StandingApproved StepStarting" {
		t.Fatal(got)
	}
	a := s.i.Approval(17)
	if a.State != Used || len(a.Votes) != 1 || !a.Votes[0].By.Same(bea) || !a.Accepted.Equal(night.Add(-time.Hour)) || s.i.Run(7).Step("1.6").By.Name != "Bea" {
		t.Errorf("%+v", a)
	}
	attempt := s.i.Run(7).Step("1.6").Attempt
	s.apply(night, StepEnded{Run: 7, Step: "p1.s6", Attempt: attempt, Outcome: Failed, Exit: 1})
	events, err := s.i.Retry(d, ana, 7, "1.6")
	if err != nil || names7(events) != "StepSettled ApprovalAsked" {
		t.Errorf("a retry is approved in advance too: %s, %v", names7(events), err)
	}
}

// Each thing that keeps an approval in advance from being given; people are asked then.
func TestI17_WhatKeepsAnApprovalInAdvanceAway(t *testing.T) {
	for name, change := range map[string]func(*story, *Desk){
		"I5 the entry is not accepted any more":   func(_ *story, d *Desk) { d.House.Accepted = nil },
		"I5 another entry is accepted":            func(s *story, d *Desk) { s.i.Run(7).Steps[0].Entry = "entry-2" },
		"I4 the Markdown was loaded anew":         func(_ *story, d *Desk) { d.House.Runbook.Digest = "md-2" },
		"I4 the lock was loaded anew":             func(_ *story, d *Desk) { d.House.Runbook.LockDigest = "lock-2" },
		"the severity is another":                 func(s *story, _ *Desk) { s.i.Severity = 2 },
		"it was accepted too long ago":            func(_ *story, d *Desk) { d.At = night.Add(23 * time.Hour) },
		"I8 who accepted it runs it":              func(s *story, _ *Desk) { s.i.Run(7).Operator = bea },
		"I10 who accepted it may not approve now": func(_ *story, d *Desk) { d.Rights = rightsOf{"ana": {Operator}} },
		"I11 two people must approve it":          func(s *story, _ *Desk) { s.i.Run(7).Steps[0].Need = 2 },
		"I13 nobody may approve it":               func(s *story, _ *Desk) { s.i.Run(7).Steps[0].From = nil },
		"I21 it was tried before":                 func(s *story, _ *Desk) { s.i.Run(7).Steps[0].Attempts = 1 },
		"the lock gives none":                     func(s *story, _ *Desk) { s.i.Run(7).Steps[0].Standing = nil },
	} {
		s, d := foreseen(t)
		change(s, &d)
		if got := asks(s, d); got != "ApprovalAsked" {
			t.Errorf("%s: %s", name, got)
		}
		if a := s.i.Approval(17); a.State != Pending || len(a.Votes) != 0 {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// TestI12: where a person has denied the step in this run, no lock revives it.
func TestI12_ADenialIsNotOverruledInAdvance(t *testing.T) {
	s, d := foreseen(t)
	s.i.Severity = 2
	asks(s, d)
	events, err := s.i.Deny(d, bea, 17, "wrong backup")
	if err != nil {
		t.Fatal(err)
	}
	s.apply(night, events...)
	s.i.Severity = 1
	events, err = s.i.Start(d, ana, 7, false)
	if err != nil || names7(events) != "RunResumed ApprovalAsked" {
		t.Errorf("%s, %v", names7(events), err)
	}
}

// TestI10_I18_I19: between the grant and the start it is asked again; TestI24: with the stop switch on nothing starts.
func TestI10_I24_AnApprovalInAdvanceIsAskedAgainAtTheStart(t *testing.T) {
	for name, change := range map[string]func(*story, *Desk){
		"the right is gone":        func(_ *story, d *Desk) { d.Rights = rightsOf{"ana": {Operator}} },
		"the entry is gone":        func(_ *story, d *Desk) { d.House.Accepted = nil },
		"accepted by another":      func(_ *story, d *Desk) { d.House.Accepted = map[string]Acceptance{"entry-1": {By: eva, At: night}} },
		"the runbook is another":   func(_ *story, d *Desk) { d.House.Runbook.Digest = "md-2" },
		"the severity is another":  func(s *story, _ *Desk) { s.i.Severity = 3 },
		"the operator accepted it": func(s *story, _ *Desk) { s.i.Run(7).Operator = bea },
		"too late":                 func(_ *story, d *Desk) { d.At = night.Add(11 * time.Minute) },
	} {
		s, d := foreseen(t)
		d.House.Frozen = &Freeze{By: eva, Reason: "storage moves"}
		if got := asks(s, d); got != "ApprovalAsked StandingApproved" {
			t.Fatalf("frozen: %s", got)
		}
		d.House.Frozen = nil
		change(s, &d)
		if got := asks(s, d); strings.Contains(got, "StepStarting") || !strings.Contains(got, "Withdrawn RunPaused") {
			t.Errorf("%s: %s", name, got)
		}
	}
}
