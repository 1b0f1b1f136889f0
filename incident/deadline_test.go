package incident

import (
	"slices"
	"strings"
	"testing"
	"time"
)

var night = time.Date(2026, 11, 25, 2, 0, 0, 0, time.UTC)

// story folds events at instants, as the store would.
type story struct {
	t *testing.T
	i *Incident
}

func open(t *testing.T, respond, every time.Duration) *story {
	s := &story{t: t, i: New(42)}
	p := Policy{RespondBy: night.Add(respond), UpdateEvery: every}
	if every > 0 {
		p.UpdateDue = night.Add(every)
	}
	s.apply(night, Opened{Title: "users db", Severity: 1, Policy: p})
	return s
}

func (s *story) apply(at time.Time, events ...Event) {
	for _, e := range events {
		s.i.Apply(Stamp{Seq: s.i.Seq + 1, N: s.i.N + 1, Time: at}, e)
	}
}

// tick speaks what is due at an instant and gives the keys and how late they were.
func (s *story) tick(at time.Time) []string {
	var said []string
	events := s.i.Tick(at)
	for _, e := range events {
		switch e := e.(type) {
		case DeadlineSpoken:
			key := e.Key[:strings.LastIndex(e.Key, "/")]
			if e.Late > 0 {
				key += " late " + e.Late.String()
			}
			said = append(said, key)
		default:
			said = append(said, e.EventKind())
		}
	}
	s.apply(at, events...)
	return said
}

func (s *story) expect(at time.Duration, want ...string) {
	s.t.Helper()
	if got := s.tick(night.Add(at)); !slices.Equal(got, want) {
		s.t.Errorf("at %s: said %q, want %q", at, got, want)
	}
}

func TestI50_EachPromiseSpeaksOnceAndGoesOn(t *testing.T) {
	s := open(t, 15*time.Minute, 30*time.Minute)
	s.expect(time.Minute)
	s.expect(7*time.Minute+30*time.Second, "respond/50")
	s.expect(8 * time.Minute)
	s.expect(12*time.Minute, "respond/80")
	s.apply(night.Add(13*time.Minute), Acknowledged{By: Person{Key: "ana"}})
	s.expect(25*time.Minute, "update/remind")
	s.expect(26 * time.Minute)
	s.expect(30*time.Minute, "update/late")
	if !s.i.LateSince.Equal(night.Add(30 * time.Minute)) {
		t.Errorf("late since %s", s.i.LateSince)
	}
	s.send(t, 40*time.Minute)
	s.expect(65*time.Minute, "update/remind")
	s.expect(70*time.Minute, "update/late")
}

// A missed update is one further message, however long the incident is left alone (UX §7, §11).
func TestI50_AMissedUpdateSpeaksOnceWhoeverSleeps(t *testing.T) {
	s := open(t, 15*time.Minute, 15*time.Minute)
	s.apply(night.Add(time.Minute), Acknowledged{By: Person{Key: "ana"}})
	s.expect(10*time.Minute, "update/remind")
	s.expect(15*time.Minute, "update/late")
	for at := 20 * time.Minute; at < 10*time.Hour; at += 5 * time.Minute {
		s.expect(at)
	}
	if !s.i.LateSince.Equal(night.Add(15*time.Minute)) || !s.i.UpdateDue.Equal(s.i.LateSince) {
		t.Errorf("late since %s, due %s", s.i.LateSince, s.i.UpdateDue)
	}
	s.apply(night.Add(10*time.Hour), Snoozed{Until: night.Add(10*time.Hour + 15*time.Minute)})
	if !s.i.LateSince.IsZero() {
		t.Errorf("moved, and still late since %s", s.i.LateSince)
	}
	s.expect(10*time.Hour+10*time.Minute, "update/remind")
	s.expect(10*time.Hour+15*time.Minute, "update/late")
	s.expect(11 * time.Hour)
}

func TestI50_AfterDowntimeOneSentenceSaysHowLate(t *testing.T) {
	s := open(t, 15*time.Minute, 15*time.Minute)
	s.apply(night.Add(time.Minute), Acknowledged{By: Person{Key: "ana"}})
	s.expect(55*time.Minute, "update/late late 40m0s")
	s.expect(55 * time.Minute)
	s.expect(70 * time.Minute)
	s.send(t, 71*time.Minute)
	s.expect(81*time.Minute, "update/remind")
	s.expect(86*time.Minute, "update/late")
}

// A severity that changes makes a promise of its own; a reopened incident is not late from before.
func TestI50_ANewPolicyIsANewPromise(t *testing.T) {
	s := open(t, 0, 15*time.Minute)
	s.i.RespondBy = time.Time{}
	s.expect(15*time.Minute, "update/late")
	s.apply(night.Add(20*time.Minute), SeveritySet{From: 1, To: 2, Policy: Policy{UpdateEvery: 30 * time.Minute, UpdateDue: night.Add(50 * time.Minute)}})
	s.expect(45*time.Minute, "update/remind")
	s.expect(50*time.Minute, "update/late")
	s.apply(night.Add(60*time.Minute), Resolved{By: Person{Key: "ana"}}, Reopened{Policy: Policy{UpdateEvery: 30 * time.Minute, UpdateDue: night.Add(90 * time.Minute)}})
	if !s.i.LateSince.IsZero() {
		t.Errorf("reopened, and late since %s", s.i.LateSince)
	}
	s.expect(90*time.Minute, "update/late")
}

// send sends the next update.
func (s *story) send(t *testing.T, at time.Duration) {
	t.Helper()
	events, err := s.i.Update(night.Add(at), Person{Key: "eva"}, "Restoring.", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	s.apply(night.Add(at), events...)
}

func TestI50_NobodyAnsweredWhileDrbotWasDown(t *testing.T) {
	s := open(t, 15*time.Minute, 0)
	s.expect(20*time.Minute, "respond/100 late 5m0s")
	s.expect(3 * time.Hour)
	if d, ok := s.i.NextDeadline(); ok {
		t.Errorf("still due: %v", d)
	}
}

func TestUpdateSentMovesThePromise(t *testing.T) {
	s := open(t, time.Hour, 30*time.Minute)
	s.expect(31*time.Minute, "update/late late 1m0s", "respond/50 late 1m0s")
	events, err := s.i.Update(night.Add(33*time.Minute), Person{Key: "eva"}, "Restoring the users database.", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	if u := events[0].(UpdateSent); !u.Late || u.Number != 1 || !u.Due.Equal(night.Add(63*time.Minute)) {
		t.Fatalf("update: %+v", u)
	}
	s.apply(night.Add(33*time.Minute), events...)
	s.apply(night.Add(34*time.Minute), Acknowledged{By: Person{Key: "ana"}})
	s.expect(58*time.Minute, "update/remind")
	s.apply(night.Add(59*time.Minute), Snoozed{Until: night.Add(75 * time.Minute)})
	s.expect(63 * time.Minute)
	s.expect(70*time.Minute, "update/remind")
}

func TestResolvedPromisesNothing(t *testing.T) {
	s := open(t, 15*time.Minute, 15*time.Minute)
	s.apply(night.Add(time.Minute), Resolved{By: Person{Key: "ana"}})
	if all := s.i.Deadlines(); len(all) != 0 {
		t.Errorf("a resolved incident promises %v", all)
	}
	s.apply(night.Add(2*time.Minute), Reopened{Policy: Policy{RespondBy: night.Add(15 * time.Minute)}})
	if _, ok := s.i.NextDeadline(); !ok || !s.i.ResolvedAt.IsZero() {
		t.Errorf("reopened: %v, resolved at %s", s.i.Deadlines(), s.i.ResolvedAt)
	}
}

func TestLoweringNeedsAReasonAfterTheFirstMinutes(t *testing.T) {
	s := open(t, 15*time.Minute, 0)
	s.i.LowerFree = night.Add(10 * time.Minute)
	ana := Person{Key: "ana"}
	if _, err := s.i.SetSeverity(night.Add(9*time.Minute), ana, 3, "", Policy{}); err != nil {
		t.Errorf("in the first minutes: %v", err)
	}
	if _, err := s.i.SetSeverity(night.Add(10*time.Minute), ana, 3, "", Policy{}); err == nil {
		t.Error("lowered later without a reason")
	}
	if _, err := s.i.SetSeverity(night.Add(10*time.Minute), ana, 3, "logins work again", Policy{}); err != nil {
		t.Errorf("with a reason: %v", err)
	}
}
