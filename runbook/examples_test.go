package runbook

import (
	"bytes"
	"os"
	"slices"
	"testing"
	"time"
)

const aragoraRunbook = "../examples/aragora/DISASTER_RECOVERY.md"

// TestExamplesAreInOrder: both runbooks of the project load, their locks are what compile writes, and lint has nothing grave to say.
func TestExamplesAreInOrder(t *testing.T) {
	for _, path := range []string{demoRunbook, aragoraRunbook} {
		rb, err := Load(path, nil)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		for _, s := range rb.Procedures[0].Steps {
			if !s.Ready && !(path == aragoraRunbook && s.Number == "1.10") {
				t.Errorf("%s: %s is not ready: %s", path, s.Number, s.Why)
			}
			if own := rb.Lock.entry(s.ID); !own.Manual && own.Risk != s.Entry.Risk {
				t.Errorf("%s: %s is raised from %s to %s: %v", path, s.Number, own.Risk, s.Entry.Risk, InferRisk(own.Interpreter, own.Run).Why)
			}
		}
		again, rep := Compile(rb, rb.Lock)
		src, err := os.ReadFile(LockPath(path))
		must(t, err)
		if !bytes.Equal(again.Marshal(), src) {
			t.Errorf("%s: compile would write another lock: %v", path, rep.Changes)
		}
		if len(rb.Severities) != 4 || len(rb.Templates) != 4 || len(rb.Review.Deadlines) != 5 || len(rb.Checklist.Phases) != 3 || rb.Review.Template == "" {
			t.Errorf("%s: something is missing", path)
		}
		for i, want := range []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 24 * time.Hour} {
			if got := rb.Severities[i].Update; got != want {
				t.Errorf("%s: severity %d is told every %s", path, i+1, got)
			}
		}
		for _, f := range Lint(rb, Env{}) {
			if f.Level == LevelError || !slices.Contains([]string{"type-without-procedure", "review-owner", "slow-answer", "free-cadence", "cause-too-early"}, f.Rule) {
				t.Errorf("%s:%d: %s %s: %s", path, f.Line, f.Level, f.Rule, f.Message)
			}
		}
	}
}

func TestExampleAragoraHoldsTheWholeSubject(t *testing.T) {
	rb, err := Load(aragoraRunbook, nil)
	must(t, err)
	items := 0
	for _, p := range rb.Checklist.Phases {
		for _, it := range p.Items {
			items += 1 + len(it.Items)
		}
	}
	if len(rb.IncidentTypes) != 10 || len(rb.RTO) != 4 || len(rb.RPO) != 6 || len(rb.Procedures) != 7 || items != 23 || len(rb.Contacts) != 4 {
		t.Errorf("%d types, %d RTO, %d RPO, %d procedures, %d items, %d contacts", len(rb.IncidentTypes), len(rb.RTO), len(rb.RPO), len(rb.Procedures), items, len(rb.Contacts))
	}
	people := []string{"1.10", "2.10", "3.1", "4.6", "4.7", "4.8", "5.1", "5.11", "5.12", "5.14", "6.1", "6.9", "6.12", "7.6", "7.7"}
	ways := map[string]int{"4.3": 2, "5.2": 2, "5.9": 2}
	for _, p := range rb.Procedures {
		for _, s := range p.Steps {
			ready := 0
			for _, a := range s.Alternatives {
				if a.Ready {
					ready++
				}
			}
			switch byHand := s.Kind == Manual || s.Kind == Call; {
			case slices.Contains(people, s.Number) != byHand, ready != ways[s.Number]:
				t.Errorf("%s: %s, %d ways ready", s.Number, s.Kind, ready)
			case !byHand && !s.Ready && !s.Choosable():
				t.Errorf("%s: %s", s.Number, s.Why)
			}
		}
	}
	if _, s := rb.Step("4.6"); !slices.Equal(s.Calls, []string{"p1", "p2", "p6"}) {
		t.Errorf("4.6 calls %v", s.Calls)
	}
}
