package state_test

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// lawless are events in no lawful order: a fold takes them all the same.
func lawless(at time.Time) []incident.Event {
	ana := incident.Person{Key: "ana@example.com", Name: "Ana <Ruiz> & co"}
	steps := []incident.Step{{ID: "s1", Number: "1.1", Lock: "db1", Need: 1}, {ID: "s2", Number: "1.2", Undo: "u2", Params: []string{}}}
	return []incident.Event{
		incident.Opened{Title: "x", Severity: 1, Services: []string{}, Checklist: []incident.Item{{ID: "c1"}}, Policy: incident.Policy{RespondBy: at, UpdateEvery: time.Hour, UpdateDue: at}},
		incident.RoleTaken{Role: incident.Commander, Who: ana}, incident.RoleLeft{Role: incident.Commander},
		incident.Pinned{Channel: "C1", TS: "1"}, incident.Unpinned{Channel: "C1", TS: "1"},
		incident.ItemDone{Item: "c1", By: ana}, incident.ItemReopened{Item: "c1"}, incident.ItemDone{Item: "nobody's"},
		incident.DeadlineSpoken{Key: "update/late/1", Due: at}, incident.DeadlineSpoken{Key: "respond/80/1"}, incident.UpdateSent{Number: 1, Due: at},
		incident.RunPlanned{Run: 1, Steps: steps, Undos: []incident.Step{{ID: "u2"}}, Values: map[string]string{}},
		incident.RunStarted{Run: 1}, incident.RunPaused{Run: 1}, incident.RunResumed{Run: 1}, incident.RunEnded{Run: 1}, incident.RunEnded{Run: 9},
		incident.ReadsAsked{Run: 1, Ask: 1, For: incident.ReadForPlan}, incident.ReadsDone{Run: 1, Ask: 1, For: incident.ReadForPlan},
		incident.ApprovalAsked{Approval: 1, Run: 1, Step: "s1", Need: 1, Expires: at}, incident.Approved{Approval: 1, By: ana, StartBy: at},
		incident.Denied{Approval: 1, By: ana}, incident.Expired{Approval: 1}, incident.Withdrawn{Approval: 7},
		incident.StepStarting{Run: 1, Step: "s1", Attempt: "a", Approval: 1, Until: at}, incident.StepStarted{Run: 1, Step: "s1", Attempt: "a"},
		incident.StepEnded{Run: 1, Step: "s1", Attempt: "a", Outcome: incident.Succeeded, Produced: map[string]string{}},
		incident.StepUnknown{Run: 1, Step: "s1", Attempt: "a"}, incident.UndoPlanned{Run: 1, Step: "s2", Undo: "u2"},
		incident.DeliveryParked{Follower: "say", Seq: 1}, incident.DeliveryRequeued{Follower: "say", Seq: 1},
		incident.ReviewOpened{Owner: ana, Tasks: []incident.Task{}}, incident.Resolved{By: ana}, incident.Reopened{}, incident.Closed{},
	}
}

// TestI52_FoldIsTheSameHoweverOftenItIsReadBack: the writer folds on a fold that it kept decoded, or on one that it read
// back from its JSON. Neither may show.
func TestI52_FoldIsTheSameHoweverOftenItIsReadBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := newDisk()
		at := time.Date(2026, 3, 2, 9, 0, 0, 123, time.FixedZone("elsewhere", 3600))
		q := state.NewQueue(d, func() time.Time { return at })
		defer q.Close()
		if _, err := q.Do(context.Background(), opening()); err != nil {
			rt.Fatal(err)
		}
		for range rapid.IntRange(1, 60).Draw(rt, "changes") {
			events := rapid.SliceOfN(rapid.SampledFrom(lawless(at)), 1, 4).Draw(rt, "events")
			forget := rapid.Bool().Draw(rt, "forget")
			at = at.Add(time.Minute)
			_, err := q.Do(context.Background(), state.Change{Target: state.Ref{ID: 1}, Decide: func(state.View) (state.Decision, error) {
				return state.Decision{Events: events}, nil
			}})
			if err != nil {
				rt.Fatal(err)
			}
			if forget { // a panic makes the writer forget every decoded fold
				_, _ = q.Do(context.Background(), state.Change{Target: state.Ref{ID: 1}, Decide: func(state.View) (state.Decision, error) { panic("forget") }})
			}
		}
		leaf, err := state.FoldRecords(1, d.Stream(1))
		if err != nil || string(leaf.Fold) != string(d.leaves[1].Fold) || !leaf.Due.Equal(d.leaves[1].Due) {
			rt.Fatalf("stored\n%s\nfolded\n%s\n%v", d.leaves[1].Fold, leaf.Fold, err)
		}
	})
}

func FuzzRedaction_LeavesWhatDecodes(f *testing.F) {
	for _, e := range lawless(time.Unix(0, 0)) {
		payload, err := incident.Encode(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(e.EventKind(), payload)
	}
	f.Fuzz(func(t *testing.T, kind string, payload []byte) {
		if _, err := incident.Decode(kind, payload); err != nil {
			return
		}
		left, err := state.Left(payload)
		if err != nil {
			t.Fatalf("%s %s: %v", kind, payload, err)
		}
		if _, err := incident.Decode(kind, left); err != nil {
			t.Errorf("%s %s leaves %s: %v", kind, payload, left, err)
		}
	})
}
