package incident

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

type rightsOf map[string][]Right

func (r rightsOf) May(key string, right Right) bool { return slices.Contains(r[key], right) }

var (
	ana = Person{Key: "ana", Name: "Ana"}
	bea = Person{Key: "bea", Name: "Bea"}
	eva = Person{Key: "eva", Name: "Eva"}
)

const tried = "Bea and Chen were called twice and nobody answers"

// waits is an incident whose run waits for A17, asked at the beginning of the night; it ends after 15 minutes.
func waits(t *testing.T) (*story, Desk) {
	s := open(t, time.Hour, 0)
	spec := &Spec{ID: "p1.s6", Title: "Restore", Interpreter: "bash", Script: "restore\n", Target: "db1", Host: "local", Timeout: time.Minute}
	step := Step{
		ID: "p1.s6", Number: "1.6", Title: "Restore", Risk: Destructive, Spec: "spec", Script: Digest([]byte(spec.Script)), Target: "db1", Need: 2,
		From: []Right{Approver}, Expires: 15 * time.Minute, StartWithin: 10 * time.Minute,
	}
	action, err := spec.Resolve(nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.apply(night, RunPlanned{Run: 7, By: ana, Steps: []Step{step}}, RunStarted{Run: 7, By: ana}, ApprovalAsked{
		Approval: 17, Run: 7, Step: "p1.s6", By: ana, Digest: action.Digest([]byte(spec.Script)), Action: action, Need: 2, From: []Right{Approver},
		Asked: []Person{bea}, Expires: night.Add(15 * time.Minute), StartWithin: 10 * time.Minute,
	})
	return s, Desk{
		House: &House{}, Basis: "people-1", Rights: rightsOf{"ana": {Operator}, "bea": {Approver}}, Breakers: []Person{eva, ana}, Specs: map[string]*Spec{"spec": spec},
		Approvers: func([]Right) []Person { return []Person{bea} }, NextApproval: func() uint64 { return 18 },
	}
}

func (d Desk) at(after time.Duration) Desk { d.At = night.Add(after); return d }

func TestI50_ApproversAreCalledAgainAndThenGlassIsOffered(t *testing.T) {
	s, _ := waits(t)
	s.expect(2 * time.Minute)
	s.expect(3*time.Minute, "nudge/A17")
	s.expect(3 * time.Minute)
	if s.i.GlassOffered(s.i.Approval(17)) {
		t.Error("glass is offered with the first call")
	}
	s.expect(8*time.Minute, "nudge/A17 late 2m0s")
	if !s.i.GlassOffered(s.i.Approval(17)) {
		t.Error("glass is not offered with the second call")
	}
	s.expect(16*time.Minute, "Expired", "RunPaused")
	if slices.ContainsFunc(s.i.Spoken, func(k string) bool { return strings.HasPrefix(k, "nudge/") }) {
		t.Errorf("calls of an approval that is over are remembered: %v", s.i.Spoken)
	}
}

func TestI50_AfterDowntimeOneCallOrTheEnd(t *testing.T) {
	s, _ := waits(t)
	s.expect(7*time.Minute, "nudge/A17 late 1m0s")
	s.expect(7 * time.Minute)
	s, _ = waits(t)
	s.expect(20*time.Minute, "Expired", "RunPaused")
}

func TestNobodyIsCalledForWhatIsDecided(t *testing.T) {
	s, d := waits(t)
	events, err := s.i.Deny(d.at(4*time.Minute), bea, 17, "wrong backup")
	if err != nil {
		t.Fatal(err)
	}
	s.apply(night.Add(4*time.Minute), events...)
	s.expect(14 * time.Minute)
}

func TestShortRequestsCallSooner(t *testing.T) {
	a := Approval{At: night, Expires: night.Add(5 * time.Minute)}
	if got := a.NudgeAt(2).Sub(night); got != 2*time.Minute {
		t.Errorf("the second call of a request of 5 min comes after %s", got)
	}
}

// TestI16_BreakGlass: who, when, why and where; then the step starts with exactly what was asked, and the mark stays.
func TestI16_BreakGlass(t *testing.T) {
	s, d := waits(t)
	later := d.at(6 * time.Minute)
	frozen := later
	frozen.House = &House{Frozen: &Freeze{By: bea, Reason: "stop"}}
	for name, c := range map[string]struct {
		d                     Desk
		by                    Person
		reason, typed, digest string
		kind                  Kind
	}{
		"not listed":        {later, bea, tried, "db1", "", NotAllowed},
		"I8 the requester":  {later, ana, tried, "db1", "", NotAllowed},
		"too early":         {d.at(6*time.Minute - time.Second), eva, tried, "db1", "", WrongState},
		"I18 too late":      {d.at(15 * time.Minute), eva, tried, "db1", "", TooLate},
		"no reason":         {later, eva, "", "db1", "", BadInput},
		"a short reason":    {later, eva, "it is urgent now   ", "db1", "", BadInput},
		"another target":    {later, eva, tried, "db2", "", BadInput},
		"no target":         {later, eva, tried, "", "", BadInput},
		"I1 another digest": {later, eva, tried, "db1", "00000000", BadInput},
	} {
		events, err := s.i.BreakGlass(c.d, c.by, 17, c.reason, c.typed, c.digest)
		refusal := (*Refusal)(nil)
		if !errors.As(err, &refusal) || refusal.Kind != c.kind || len(events) > 0 {
			t.Errorf("%s: %v, %v", name, events, err)
		}
	}
	events, err := s.i.BreakGlass(later, eva, 17, tried, "db1", s.i.Approval(17).Digest[:8])
	if err != nil || len(events) != 2 {
		t.Fatalf("%v, %v", events, err)
	}
	broken, starting := events[0].(GlassBroken), events[1].(StepStarting)
	if broken.Digest != starting.Digest || starting.Approval != 17 || broken.Basis != "people-1" || broken.Reason != tried {
		t.Errorf("%+v\n%+v", broken, starting)
	}
	if held, err := s.i.BreakGlass(frozen, eva, 17, tried, "db1", ""); err != nil || len(held) != 1 {
		t.Errorf("frozen: %v, %v", held, err) // I24: it stands, and nothing starts
	}
	s.apply(night.Add(6*time.Minute), events...)
	if _, err := s.i.Approve(later, bea, 17, ""); err == nil || !strings.Contains(err.Error(), "Eva broke the glass") {
		t.Errorf("a late approval: %v", err)
	}
	if g := s.i.BrokenIn(7); len(g) != 1 || g[0].By.Key != "eva" || g[0].Reason != tried || s.i.Approval(17).State != Used {
		t.Errorf("the mark: %+v, %s", g, s.i.Approval(17).State)
	}
	s.apply(night.Add(7*time.Minute), StepEnded{Run: 7, Step: "p1.s6", Attempt: starting.Attempt, Outcome: Succeeded}, RunEnded{Run: 7, How: EndDone})
	for _, falseAlarm := range []bool{false, true} {
		events, err := s.i.Resolve(Resolved{By: bea, FalseAlarm: falseAlarm, Reason: "it was nothing"}, []Task{{Title: "Write it", Due: night.Add(48 * time.Hour)}})
		if err != nil {
			t.Fatal(err)
		}
		review, ok := events[len(events)-1].(ReviewOpened)
		if !ok || !strings.Contains(review.Tasks[0].Title, "broken glass: A17 for step 1.6 of R7, by Eva") {
			t.Errorf("false alarm %t: no review item: %+v", falseAlarm, events)
		}
	}
}

// TestI16_GlassSkipsNothingElse: a denial is final, a changed text does not start, a removed name does not start.
func TestI16_GlassSkipsNothingElse(t *testing.T) {
	s, d := waits(t)
	denied, err := s.i.Deny(d.at(time.Minute), bea, 17, "wrong backup")
	if err != nil {
		t.Fatal(err)
	}
	s.apply(night.Add(time.Minute), denied...)
	if _, err := s.i.BreakGlass(d.at(7*time.Minute), eva, 17, tried, "db1", ""); err == nil {
		t.Error("I12: glass was broken over a denial")
	}
	s, d = waits(t)
	d.Specs = maps.Clone(d.Specs)
	other := *d.Specs["spec"]
	other.Script = "drop everything\n"
	d.Specs["spec"] = &other
	events, err := s.i.BreakGlass(d.at(7*time.Minute), eva, 17, tried, "db1", "")
	if err != nil || slices.ContainsFunc(events, func(e Event) bool { _, ok := e.(StepStarting); return ok }) {
		t.Errorf("I1: another text started: %v, %v", events, err)
	}
	s, d = waits(t)
	d.House = &House{Frozen: &Freeze{By: bea, Reason: "stop"}}
	if events, err = s.i.BreakGlass(d.at(7*time.Minute), eva, 17, tried, "db1", ""); err != nil {
		t.Fatal(err)
	}
	s.apply(night.Add(7*time.Minute), events...)
	d.House, d.Breakers = &House{}, nil
	events, err = s.i.Start(d.at(8*time.Minute), ana, 7, false)
	if err != nil || !slices.ContainsFunc(events, func(e Event) bool { w, ok := e.(Withdrawn); return ok && strings.Contains(w.Why, "broke the glass") }) {
		t.Errorf("I10: %v, %v", events, err)
	}
}
