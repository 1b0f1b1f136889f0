package runner_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runner"
	"github.com/drbot/drbot/runner/attempt"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
)

func TestI24_AFreezeBetweenDecisionAndStartHolds(t *testing.T) {
	r := newRig(t, once)
	r.serve()
	a := r.toApproval()
	gate := &gated{Reader: r.store, frozen: true}
	r.stop()
	r.must(r.press(bea, "recover approve", a))
	r.answerStart()
	e := r.events("StepStarting")[1].(incident.StepStarting)
	made, err := runner.New(runner.Options{Store: gate, Outcomes: r.office, Dir: r.runs()})
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close()
	empty := &gated{Reader: r.store, empty: true}
	made.Store = empty
	if err := made.Recover(t.Context()); err != nil { // finds nothing, so that the delivery is what decides
		t.Fatal(err)
	}
	made.Store = gate
	r.deliver(made, e)
	r.untilStep("1.2", incident.StepFailed)
	if note := r.fold().Runs[0].Step("1.2").Note; !strings.Contains(note, "frozen by") || r.lines("ran") != 0 {
		t.Fatalf("%q, it ran %d times", note, r.lines("ran"))
	}
}

// answerStart answers the question before the start as the runner would.
func (r *rig) answerStart() {
	r.t.Helper()
	run := r.fold().Runs[0]
	ask := incident.ReadsDone{Run: run.N, Step: run.Next().ID, For: run.Asking, Ask: run.Ask, Identity: map[string]map[string]string{"db1": {"host": "db1"}}}
	if err := r.office.Report(context.Background(), r.id, "reads-by-hand", ask); err != nil {
		r.t.Fatal(err)
	}
}

// deliver hands one event to a runner as its loop would.
func (r *rig) deliver(to *runner.Runner, e incident.Event) {
	r.t.Helper()
	if _, err := to.Deliver(r.t.Context(), batch(r.t, r.id, e)); err != nil {
		r.t.Fatal(err)
	}
}

func batch(t testing.TB, id incident.ID, e incident.Event) follow.Batch {
	t.Helper()
	payload, err := incident.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	return follow.Batch{Incident: id, Records: []state.Record{{Seq: 1, Incident: id, Kind: e.EventKind(), Payload: payload}}}
}

// gated is a store that answers some questions otherwise.
type gated struct {
	state.Reader
	frozen bool
	empty  bool
	broken string // what cannot be read: "incident", "house" or "blob"
	blob   func([]byte) []byte
}

var errDown = errors.New("the record cannot be read")

func (g *gated) House(ctx context.Context) (*incident.House, error) {
	if g.broken == "house" {
		return nil, errDown
	}
	house, err := g.Reader.House(ctx)
	if err == nil && g.frozen {
		house.Frozen = &incident.Freeze{By: incident.Person{Name: "Bea"}, Reason: "storage moves"}
	}
	return house, err
}

func (g *gated) List(ctx context.Context, q state.Query) ([]incident.Summary, error) {
	if g.empty {
		return nil, nil
	}
	return g.Reader.List(ctx, q)
}

func (g *gated) Incident(ctx context.Context, ref state.Ref) (*incident.Incident, error) {
	if g.broken == "incident" {
		return nil, errDown
	}
	return g.Reader.Incident(ctx, ref)
}

func (g *gated) Blob(ctx context.Context, d state.Digest) ([]byte, error) {
	if g.broken == "blob" {
		return nil, errDown
	}
	blob, err := g.Reader.Blob(ctx, d)
	if err == nil && g.blob != nil {
		blob = g.blob(blob)
	}
	return blob, err
}

// starting brings a run to a StepStarting that no runner has seen, and gives it with a fresh runner on the store.
func (r *rig) starting(gate *gated) (*runner.Runner, incident.StepStarting) {
	r.t.Helper()
	r.serve()
	a := r.toApproval()
	r.stop()
	r.must(r.press(bea, "recover approve", a))
	r.answerStart()
	gate.Reader, gate.empty = r.store, true
	made, err := runner.New(runner.Options{Store: gate, Outcomes: r.office, Dir: r.runs()})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(made.Close)
	if err := made.Recover(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	all := r.events("StepStarting")
	return made, all[len(all)-1].(incident.StepStarting)
}

func TestI2_WhatWasNotApprovedDoesNotStart(t *testing.T) {
	again := func(e *incident.StepStarting) { e.Digest = e.Action.Digest([]byte(once)) }
	for name, tamper := range map[string]func(*gated, *incident.StepStarting){
		"blob": func(g *gated, _ *incident.StepStarting) {
			g.blob = func(b []byte) []byte { return []byte(strings.Replace(string(b), "restored", "RESTORED", 1)) }
		},
		"words in the blob": func(g *gated, _ *incident.StepStarting) {
			g.blob = func(b []byte) []byte { return []byte(strings.Replace(string(b), "Restore", "RESTORE", 1)) }
		},
		"value": func(_ *gated, e *incident.StepStarting) { e.Action.Env = []incident.Var{{Name: "BACKUP", Value: "b9"}} },
		"value and digest": func(_ *gated, e *incident.StepStarting) {
			e.Action.Env = []incident.Var{{Name: "BACKUP", Value: "b9"}}
			again(e)
		},
		"directory":      func(_ *gated, e *incident.StepStarting) { e.Action.Dir = "/"; again(e) },
		"no approval":    func(_ *gated, e *incident.StepStarting) { e.Approval = 0 },
		"other approval": func(_ *gated, e *incident.StepStarting) { e.Approval = 9 },
		"script":         func(_ *gated, e *incident.StepStarting) { e.Action.Script = incident.Digest([]byte("x")); again(e) },
		"digest":         func(_ *gated, e *incident.StepStarting) { e.Digest = strings.Repeat("0", 64) },
	} {
		t.Run(name, func(t *testing.T) {
			r, gate := newRig(t, once), &gated{}
			made, e := r.starting(gate)
			tamper(gate, &e)
			r.write("go", "")
			r.deliver(made, e)
			r.untilStep("1.2", incident.StepFailed)
			if r.lines("ran") != 0 || len(r.events("StepNotStarted")) != 1 {
				t.Fatalf("it ran %d times", r.lines("ran"))
			}
		})
	}
}

func TestI20_OneStartHoweverOftenItIsDelivered(t *testing.T) {
	r, gate := newRig(t, once), &gated{}
	made, e := r.starting(gate)
	r.write("go", "")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { _, _ = made.Deliver(t.Context(), batch(t, r.id, e)) })
	}
	all.Wait()
	r.untilStep("1.2", incident.StepDone)
	if n := r.lines("ran"); n != 1 {
		t.Fatalf("it ran %d times", n)
	}
}

func TestI23_NothingStartsWhileTheRecordCannotBeRead(t *testing.T) {
	r, gate := newRig(t, once), &gated{}
	made, e := r.starting(gate)
	for _, gate.broken = range []string{"incident", "house", "blob"} {
		_, err := made.Deliver(t.Context(), batch(t, r.id, e))
		var later follow.Unavailable
		if !errors.As(err, &later) {
			t.Fatalf("%s: %v", gate.broken, err)
		}
		if on, err := attempt.Attempts(r.runs()); err != nil || len(on) != 1 {
			t.Fatalf("%s: attempts %v, %v", gate.broken, on, err)
		}
	}
	gate.broken = ""
	r.write("go", "")
	r.deliver(made, e)
	r.untilStep("1.2", incident.StepDone)
}

func TestI23_NothingStartsWhileTheJournalCannotBeWritten(t *testing.T) {
	r, gate := newRig(t, once), &gated{}
	made, e := r.starting(gate)
	r.write("go", "")
	place := filepath.Join(r.runs(), e.Attempt)
	if err := os.WriteFile(place, nil, 0o600); err != nil { // where the attempt's folder would be
		t.Fatal(err)
	}
	_, err := made.Deliver(t.Context(), batch(t, r.id, e))
	var later follow.Unavailable
	if !errors.As(err, &later) {
		t.Fatalf("%v", err)
	}
	if err := os.Remove(place); err != nil {
		t.Fatal(err)
	}
	r.deliver(made, e) // it was tried, so it is claimed and never started
	r.untilStep("1.2", incident.StepFailed)
	if n := r.lines("ran"); n != 0 {
		t.Fatalf("it ran %d times", n)
	}
}
