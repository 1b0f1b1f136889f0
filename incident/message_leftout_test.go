package incident

import (
	"slices"
	"testing"
	"time"
)

// TestI50_WhatWasMailedOutlastsWhatRespondersMove: an update to others, another next one and a snooze leave a debt as it is; it is
// reminded of once, called late once, and a downtime brings only the latter.
func TestI50_WhatWasMailedOutlastsWhatRespondersMove(t *testing.T) {
	t.Parallel()
	i, began, fold := nightOf(t)
	fold(0, UpdateSent{Number: 1, To: []Audience{AudienceResponders, AudienceMail}, Due: began.Add(time.Hour)})
	if len(i.LeftOut())+len(i.Outlasting()) > 0 || keysOf(i, DueOwed) != nil {
		t.Fatalf("left out %+v, outlasting %+v", i.LeftOut(), i.Outlasting())
	}
	snoozed := i.Clone()
	snoozed.Apply(Stamp{Seq: i.Seq + 1, N: i.N + 1, Time: began.Add(time.Minute)}, Snoozed{Until: began.Add(2 * time.Hour)})
	if list := snoozed.Outlasting(); len(list) != 1 || len(keysOf(snoozed, DueOwed)) != 2 {
		t.Errorf("after a snooze %+v, %q", list, keysOf(snoozed, DueOwed))
	}
	fold(time.Minute, UpdateSent{Number: 2, To: []Audience{AudienceResponders}, Due: began.Add(3 * time.Hour)})
	if list := i.LeftOut(); len(list) != 1 || list[0].To != AudienceMail {
		t.Errorf("left out %+v", list)
	}
	away := i.Clone()
	if events := away.Tick(began.Add(90 * time.Minute)); len(events) != 1 || events[0].(DeadlineSpoken).Late != 30*time.Minute {
		t.Errorf("after a downtime %+v", events)
	}
	soon := i.Tick(began.Add(55 * time.Minute))
	fold(55*time.Minute, soon...)
	late := i.Tick(began.Add(time.Hour))
	fold(time.Hour, late...)
	if len(soon) != 1 || len(late) != 1 || i.Tick(began.Add(2*time.Hour)) != nil {
		t.Errorf("reminded %+v, late %+v, and then %+v", soon, late, i.Tick(began.Add(2*time.Hour)))
	}
}

// TestTheNextOneOfExecutivesAlone: their words move their promise; the responders' is their cadence. Far off is refused by theirs.
func TestTheNextOneOfExecutivesAlone(t *testing.T) {
	t.Parallel()
	i, began, fold := nightOf(t)
	fold(0, SeveritySet{From: 1, To: 1, Policy: Policy{UpdateEvery: 15 * time.Minute, UpdateDue: began.Add(15 * time.Minute), ExecutivesEvery: time.Hour, ExecutivesDue: began.Add(time.Hour)}})
	w := Word{By: Person{Key: "ana"}, Text: "To you alone", Next: 2 * time.Hour, To: []Audience{AudienceResponders, AudienceExecutives}}
	events, err := i.Post(began, w)
	if err != nil {
		t.Fatal(err)
	}
	if u := events[0].(UpdateSent); !u.Due.Equal(began.Add(15*time.Minute)) || !u.ExecutivesDue.Equal(began.Add(2*time.Hour)) {
		t.Errorf("responders by %s, executives by %s", u.Due, u.ExecutivesDue)
	}
	w.Second = []Audience{AudienceExecutives}
	if events, err = i.Post(began, w); err != nil || !events[1].(UpdateDrafted).ExecutivesDue.Equal(began.Add(2*time.Hour)) || !events[0].(UpdateSent).ExecutivesDue.IsZero() {
		t.Errorf("before its second look: %+v, %v", events, err)
	}
	w.Next = 5 * time.Hour
	if _, err := i.Post(began, w); err == nil {
		t.Error("five hours are taken")
	}
	w.To, w.Next, w.Second = slices.Concat(w.To, []Audience{AudienceMail}), time.Hour, nil
	if events, err = i.Post(began, w); err != nil || !events[0].(UpdateSent).Due.Equal(began.Add(time.Hour)) || !events[0].(UpdateSent).ExecutivesDue.Equal(began.Add(time.Hour)) {
		t.Errorf("to others too: %+v, %v", events, err)
	}
}
