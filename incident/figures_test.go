package incident

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestFiguresOfANight tells the story of one incident and reads its figures: answered in time, updates at their times, one
// forgotten and called late, one put off, reopened, and resolved at last.
func TestFiguresOfANight(t *testing.T) {
	s := open(t, 15*time.Minute, 15*time.Minute)
	at := func(minutes int) time.Time { return night.Add(time.Duration(minutes) * time.Minute) }
	s.apply(at(4), Acknowledged{By: Person{Key: "ana"}})
	s.apply(at(14), UpdateSent{Number: 1, Due: at(29)})
	s.apply(at(28), UpdateSent{Number: 2, Due: at(43)})
	s.tick(at(43))
	s.apply(at(60), UpdateSent{Number: 3, Due: at(75), Late: true})
	s.apply(at(70), Snoozed{Until: at(90)})
	s.tick(at(90))
	s.apply(at(91), Resolved{By: Person{Key: "ana"}})
	f := s.i.Figures()
	if ack, ok := f.ToAck(); !ok || ack != 4*time.Minute {
		t.Errorf("acknowledged after %s", ack)
	}
	if f.Response != VerdictKept || f.Updates != (Cadence{Kept: 2, Late: 1, Missed: 1}) || f.Moved != 1 {
		t.Errorf("response %s, updates %+v, moved %d", f.Response, f.Updates, f.Moved)
	}
	s.apply(at(100), Reopened{Policy: Policy{UpdateEvery: 15 * time.Minute, UpdateDue: at(115)}})
	if f = s.i.Figures(); !f.Resolved.IsZero() || f.UpdateDue != at(115) {
		t.Errorf("while it is open again: %+v", f)
	}
	s.apply(at(110), Resolved{By: Person{Key: "ana"}})
	f = s.i.Figures()
	if took, ok := f.ToResolve(); !ok || took != 110*time.Minute || f.Reopened != 1 {
		t.Errorf("resolved after %s, reopened %d", took, f.Reopened)
	}
	if f.Updates.Promised() != 4 {
		t.Errorf("a resolution in time ended a promise as %+v", f.Updates)
	}
}

// TestFigures_BroughtForwardIsNotPutOff: a snooze to an earlier instant is none.
func TestFigures_BroughtForwardIsNotPutOff(t *testing.T) {
	s := open(t, 15*time.Minute, time.Hour)
	at := func(minutes int) time.Time { return night.Add(time.Duration(minutes) * time.Minute) }
	s.apply(at(4), UpdateSent{Number: 1, Due: at(64)})
	for k, c := range []struct{ until, moved int }{{40, 0}, {50, 1}, {50, 1}} {
		s.apply(at(10+k), Snoozed{Until: at(c.until)})
		if f := s.i.Figures(); f.Moved != c.moved {
			t.Errorf("until %d: %d put off", c.until, f.Moved)
		}
	}
}

// TestFiguresOfSilence: nobody acknowledges, the response time passes, and what came later does not mend it.
func TestFiguresOfSilence(t *testing.T) {
	s := open(t, 15*time.Minute, 0)
	if f := s.i.Figures(); f.Response != VerdictWaits {
		t.Errorf("at first the response %s", f.Response)
	}
	s.tick(night.Add(15 * time.Minute))
	if f := s.i.Figures(); f.Response != VerdictBroken {
		t.Errorf("after it passed the response is %s", f.Response)
	}
	s.apply(night.Add(20*time.Minute), SeveritySet{To: 4, Policy: Policy{RespondBy: night.Add(4 * time.Hour)}})
	s.apply(night.Add(21*time.Minute), Acknowledged{By: Person{Key: "ana"}})
	if f := s.i.Figures(); f.Response != VerdictBroken {
		t.Errorf("with a later promise the response is %s", f.Response)
	}
}

// TestI44_WhatStandsInNoFigure: each of them is counted by why, and a drill apart (I44).
func TestI44_WhatStandsInNoFigure(t *testing.T) {
	none := func(Figures) string { return "" }
	ana := Person{Key: "ana"}
	for want, events := range map[string][]Event{
		"":             {Resolved{By: ana}},
		OutFalseAlarm:  {Resolved{By: ana, FalseAlarm: true}, Closed{}},
		OutMerged:      {Merged{By: ana, Into: 7}},
		OutMaintenance: {WindowSet{By: ana, From: night, Until: night.Add(time.Hour)}, Resolved{By: ana}},
		OutDeclined:    {Declined{By: ana, Reason: "a test"}},
		OutTriage:      nil,
	} {
		for _, drill := range []bool{false, true} {
			i := New(1)
			i.Apply(Stamp{Seq: 1, N: 1, Time: night}, Opened{Title: "x", Severity: 1, Drill: drill, Triage: want == OutTriage || want == OutDeclined})
			for n, e := range events {
				i.Apply(Stamp{Seq: uint64(n) + 2, N: uint64(n) + 2, Time: night.Add(time.Hour)}, e)
			}
			r := Tell([]Figures{i.Figures()}, time.Time{}, night.Add(2*time.Hour), nil, none)
			switch {
			case want != "":
				if len(r.LeftOut) != 1 || r.LeftOut[0] != (Reason{want, 1}) || r.Total.Incidents+r.Drills.Incidents != 0 {
					t.Errorf("%s, drill %t: %+v", want, drill, r)
				}
			case r.Drills.Incidents != map[bool]int{true: 1}[drill] || r.Total.Incidents != map[bool]int{false: 1}[drill]:
				t.Errorf("a drill %t stands in %+v", drill, r)
			}
		}
	}
}

// TestFiguresOfAnything folds any events at any times: no figure is negative, each incident is counted in one place, and the
// parts add up to the whole.
func TestFiguresOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []Figures
		lost := map[ID]time.Duration{}
		for n := range rapid.IntRange(0, 12).Draw(t, "incidents") {
			f := anything(t, ID(n+1)).Figures()
			if rapid.Bool().Draw(t, "restored") {
				lost[f.ID] = time.Duration(rapid.Int64Range(-5, 1e15).Draw(t, "lost"))
			}
			all = append(all, f)
		}
		now := night.Add(time.Duration(rapid.Int64Range(-100, 10_000).Draw(t, "now")) * time.Minute)
		since := rapid.SampledFrom([]time.Time{{}, night, night.Add(time.Hour)}).Draw(t, "since")
		r := Tell(all, since, now, lost, func(f Figures) string { return f.Type })
		left := 0
		for _, reason := range r.LeftOut {
			left += reason.N
		}
		if r.All != left+r.Drills.Incidents+r.Total.Incidents {
			t.Fatalf("%d incidents: %d left out, %d drills, %d counted", r.All, left, r.Drills.Incidents, r.Total.Incidents)
		}
		for _, f := range all {
			if f.Drill && f.Out == "" && r.Total.Incidents > 0 && r.Drills.Incidents == 0 && !f.Opened.Before(since) {
				t.Fatalf("the drill %s stands in the figures", f.ID)
			}
		}
		sound(t, r.Total)
		sound(t, r.Drills)
		adds(t, r.Total, r.Severities)
		adds(t, r.Total, r.Types)
	})
}

// anything is an incident with any events, lawful or not.
func anything(t *rapid.T, id ID) *Incident {
	i, ana := New(id), Person{Key: "ana"}
	minutes := func(name string) time.Duration {
		return time.Duration(rapid.IntRange(-30, 300).Draw(t, name)) * time.Minute
	}
	at := night.Add(minutes("opened"))
	later := func() time.Time {
		if rapid.Bool().Draw(t, "none") {
			return time.Time{}
		}
		return at.Add(minutes("due"))
	}
	policy := func() Policy {
		return Policy{RespondBy: later(), UpdateDue: later(), UpdateEvery: 15 * time.Minute}
	}
	i.Apply(Stamp{Seq: 1, N: 1, Time: at}, Opened{
		Title: "x", Severity: rapid.IntRange(1, 4).Draw(t, "severity"), Type: fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "type")), Policy: policy(),
		Drill: rapid.Bool().Draw(t, "drill"), Restricted: rapid.Bool().Draw(t, "restricted"), Triage: rapid.Bool().Draw(t, "triage"),
		RTO: Objective{Limit: max(0, minutes("rto"))}, RPO: Objective{Limit: max(0, minutes("rpo"))},
	})
	for range rapid.IntRange(0, 12).Draw(t, "events") {
		at = at.Add(max(0, minutes("gap")))
		events := rapid.SampledFrom([]func() []Event{
			func() []Event { return []Event{Acknowledged{By: ana}} },
			func() []Event {
				return []Event{SeveritySet{By: ana, To: rapid.IntRange(1, 4).Draw(t, "to"), Policy: policy()}}
			},
			func() []Event {
				return []Event{UpdateSent{By: ana, Number: i.Updates + 1, Due: later(), Late: rapid.Bool().Draw(t, "late"), To: []Audience{AudienceExecutives}}}
			},
			func() []Event { return []Event{Snoozed{By: ana, Until: later()}} },
			func() []Event { return spoken(i, at) },
			func() []Event { return []Event{Expired{Approval: 1}} },
			func() []Event { return []Event{Resolved{By: ana, FalseAlarm: rapid.Bool().Draw(t, "false")}} },
			func() []Event { return []Event{Reopened{By: ana, Policy: policy()}} },
			func() []Event { return []Event{Accepted{By: ana, Policy: policy()}} },
			func() []Event { return []Event{Declined{By: ana}} },
			func() []Event {
				return []Event{ReviewOpened{Owner: ana, Tasks: []Task{{Title: "write", Due: later()}}}}
			},
			func() []Event { return []Event{ApprovalAsked{Approval: 1, By: ana, Need: 1, Expires: later()}} },
			func() []Event { return []Event{Approved{Approval: 1, By: ana}} },
			func() []Event { return []Event{Denied{Approval: 1, By: ana}} },
			func() []Event { return []Event{Closed{}} },
		}).Draw(t, "event")()
		for _, e := range events {
			i.Apply(Stamp{Seq: i.Seq + 1, N: i.N + 1, Time: at}, e)
		}
	}
	return i
}

// spoken says what is due.
func spoken(i *Incident, at time.Time) (events []Event) {
	for _, d := range i.Deadlines() {
		if !d.Due.After(at) {
			events = append(events, spokenEvent(d, at))
		}
	}
	return events
}

// sound checks one tally: nothing negative, every incident in each clock or left out of it.
func sound(t *rapid.T, y Tally) {
	if y.Open+y.Resolved != y.Incidents || y.Reopened > y.Incidents {
		t.Fatalf("%d open, %d resolved, %d reopened of %d", y.Open, y.Resolved, y.Reopened, y.Incidents)
	}
	for name, c := range map[string]Clock{"acknowledge": y.ToAck, "resolve": y.ToResolve, "lost": y.Lost} {
		n := c.N
		for _, reason := range c.LeftOut {
			n += reason.N
		}
		if name != "lost" && n != y.Incidents {
			t.Fatalf("%s: %d of %d incidents", name, n, y.Incidents)
		}
		if c.Mean < 0 || c.Median < 0 || c.Longest < c.Median || c.Longest < c.Mean {
			t.Fatalf("%s: %+v", name, c)
		}
	}
	for name, p := range map[string]Promised{"response": y.Response, "rto": y.RTO, "rpo": y.RPO} {
		if min(p.Kept, p.Broken, p.Waiting, p.Unmeasured) < 0 || p.Of()+p.Waiting+p.Unmeasured > y.Incidents {
			t.Fatalf("%s: %+v of %d", name, p, y.Incidents)
		}
	}
	if min(y.Updates.Kept, y.Updates.Late, y.Updates.Missed, y.Executives.Kept, y.Executives.Late, y.Executives.Missed, y.Overdue, y.Moved, y.Decided, y.Lapsed) < 0 ||
		y.Deciding.Sum < 0 || y.Deciding.Longest > y.Deciding.Sum {
		t.Fatalf("%+v", y)
	}
}

// adds compares parts with their whole.
func adds(t *rapid.T, whole Tally, parts []Part) {
	var sum Tally
	for _, p := range parts {
		sum.Incidents += p.Incidents
		sum.Open += p.Open
		sum.ToAck.N += p.ToAck.N
		sum.ToResolve.N += p.ToResolve.N
		sum.Updates.add(p.Updates)
		sum.Decided += p.Decided
		sum.Deciding.Sum += p.Deciding.Sum
		sum.Response.Kept += p.Response.Kept
		sum.RTO.Broken += p.RTO.Broken
		sum.RPO.Unmeasured += p.RPO.Unmeasured
	}
	if sum.Incidents != whole.Incidents || sum.Open != whole.Open || sum.ToAck.N != whole.ToAck.N || sum.ToResolve.N != whole.ToResolve.N || sum.Updates != whole.Updates ||
		sum.Decided != whole.Decided || sum.Deciding.Sum != whole.Deciding.Sum || sum.Response.Kept != whole.Response.Kept || sum.RTO.Broken != whole.RTO.Broken ||
		sum.RPO.Unmeasured != whole.RPO.Unmeasured {
		t.Fatalf("the parts add up to %+v, the whole is %+v", sum, whole)
	}
}

// TestClockOfManyLongTimes: the mean of the longest durations there are does not overflow.
func TestClockOfManyLongTimes(t *testing.T) {
	longest := time.Duration(1<<63 - 1)
	c := Clock{all: []time.Duration{longest, longest, longest}}
	if c.close(); c.Mean < longest-3 || c.Median != longest || c.Longest != longest || c.N != 3 {
		t.Errorf("%+v", c)
	}
}
