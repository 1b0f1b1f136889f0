package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/state"
)

// RunReader shows what a step printed. The runner has it; an office without one says so.
type RunReader interface {
	// Output is the end of an attempt's output, at most lines long, neutralised and redacted.
	Output(ctx context.Context, attempt string, lines int) (string, error)
	// Open reads the whole of it, redacted and not neutralised; where it is longer than is kept, what is kept.
	Open(attempt string) (io.ReadSeekCloser, error)
}

// specCache keeps the resolved steps of live runs, which never change under their digest.
type specCache struct {
	mu    sync.Mutex
	specs map[string]*incident.Spec
}

// maxSpecs bounds the cache; a run has some ten steps, and few runs live at once.
const maxSpecs = 1000

func (k *specCache) get(digest string) *incident.Spec {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.specs[digest]
}

func (k *specCache) put(digest string, s *incident.Spec) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.specs == nil || len(k.specs) >= maxSpecs {
		k.specs = map[string]*incident.Spec{}
	}
	k.specs[digest] = s
}

// Spec reads a resolved step back by its digest.
func (o *Office) Spec(ctx context.Context, digest string) (*incident.Spec, error) {
	if s := o.specs.get(digest); s != nil {
		return s, nil
	}
	s, err := readSpec(ctx, o.Store, digest)
	if err == nil {
		o.specs.put(digest, s)
	}
	return s, err
}

// readSpec reads one from its blob, which is the one of its digest.
func readSpec(ctx context.Context, store state.Reader, digest string) (*incident.Spec, error) {
	blob, err := store.Blob(ctx, digest)
	if err != nil {
		return nil, fmt.Errorf("read step %.12s: %w", digest, err)
	}
	if incident.Digest(blob) != digest {
		return nil, fmt.Errorf("read step %.12s: its bytes are not those of its digest", digest)
	}
	s := &incident.Spec{}
	if err := json.Unmarshal(blob, s); err != nil {
		return nil, fmt.Errorf("read step %.12s: %w", digest, err)
	}
	return s, nil
}

// Specs reads every step of a run. It is called before a decision: nothing is read from blobs inside the
// transaction.
func (o *Office) Specs(ctx context.Context, r *incident.Run) (map[string]*incident.Spec, error) {
	specs := map[string]*incident.Spec{}
	if r == nil {
		return specs, nil
	}
	for _, s := range slices.Concat(r.Steps, r.Undos) {
		spec, err := o.Spec(ctx, s.Spec)
		if err != nil {
			return nil, err
		}
		specs[s.Spec] = spec
	}
	return specs, nil
}

// rights is the people table as it is now, without those whom the chat calls guests or deactivated (I9, I10).
type rights struct {
	table *people.Table
	flags *people.Cache
}

func (r rights) May(key string, right incident.Right) bool {
	if e, ok := r.table.ByKey(key); ok && e.Slack != "" && r.flags != nil {
		if f, seen := r.flags.Get(e.Slack); seen && (f.Deactivated || f.Guest || f.Bot || f.Foreign) {
			return false
		}
	}
	return r.table.May(key, right)
}

// desk completes a decision about runs with plain values, as they are inside the transaction.
func (o *Office) desk(v state.View, specs map[string]*incident.Spec) incident.Desk {
	table := o.People()
	now := rights{table, o.Flags}
	return incident.Desk{
		At: v.Now(), House: v.House(), Rights: now, Basis: table.Digest(), Specs: specs, Holder: v.Claim, Check: checkValues,
		Breakers:     now.breakers(),
		NextApproval: func() uint64 { return v.Next("approval") },
		Approvers: func(from []incident.Right) []incident.Person {
			return slices.DeleteFunc(table.With(from...), func(p incident.Person) bool {
				return !slices.ContainsFunc(from, func(r incident.Right) bool { return now.May(p.Key, r) })
			})
		},
	}
}

// errMoved says that the run which a decision was completed for is not the one it found.
var errMoved = errors.New("the run changed meanwhile")

// fits reports whether every step of the live run is at hand.
func fits(i *incident.Incident, specs map[string]*incident.Spec) bool {
	r := i.LiveRun()
	if r == nil {
		return true
	}
	for _, s := range slices.Concat(r.Steps, r.Undos) {
		if specs[s.Spec] == nil {
			return false
		}
	}
	return true
}

// maxMoves bounds how often a decision is completed anew because another one replaced the draft.
const maxMoves = 5

// onRun calls with the steps of the incident's live run until what it decides on is that run.
func (o *Office) onRun(ctx context.Context, ref state.Ref, with func(specs map[string]*incident.Spec) (Reply, error)) (Reply, error) {
	for range maxMoves {
		i, err := o.Store.Incident(ctx, ref)
		if err != nil {
			return Reply{}, err
		}
		live := i.LiveRun()
		specs, err := o.Specs(ctx, live)
		if err != nil {
			return Reply{}, err
		}
		if live != nil && live.Undoes != nil { // what it takes back closed items of the checklist
			undone, err := o.Specs(ctx, i.Run(live.Undoes.Run))
			if err != nil {
				return Reply{}, err
			}
			maps.Copy(specs, undone)
		}
		reply, err := with(specs)
		if !errors.Is(err, errMoved) {
			return reply, err
		}
	}
	return Reply{}, errMoved
}

// steer carries out a decision about the live run of the call's incident.
func (o *Office) steer(ctx context.Context, c *call, decide func(incident.Desk, *incident.Incident) ([]incident.Event, error), say func(*incident.Incident) string) (Reply, error) {
	if c.ref == (state.Ref{}) {
		return Reply{}, state.ErrNotFound
	}
	return o.onRun(ctx, c.ref, func(specs map[string]*incident.Spec) (Reply, error) {
		var frozen *incident.Freeze
		return o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
			if !fits(i, specs) {
				return nil, errMoved
			}
			frozen = v.House().Frozen
			return decide(o.desk(v, specs), i)
		}, func(i *incident.Incident) string {
			text := say(i)
			if held(i, frozen) {
				text = said("held", facts{"Say": text, "By": frozen.By.Name, "At": frozen.At, "Reason": strings.TrimSuffix(frozen.Reason, "."), "Recover": o.command("recover")})
			}
			return text
		})
	})
}

// held reports whether the stop switch keeps the run's next step from starting.
func held(i *incident.Incident, frozen *incident.Freeze) bool {
	r := i.LiveRun()
	if frozen == nil || r == nil || r.State != incident.Running || r.Next() == nil {
		return false
	}
	s := r.Next().State
	return s == incident.StepReady || s == incident.StepTodo
}

// turnedAway commits the refusal of somebody who may not even open a form (I42).
func (o *Office) turnedAway(ctx context.Context, c *call) (Reply, error) {
	return o.change(ctx, c, func(state.View, *incident.Incident) ([]incident.Event, error) { return nil, nil }, doing)
}

// target reads what a verb is about: the run ("R7", or the live one for 0) and the step ("p1.s6", or empty). The step
// may also stand first in the text, as people type it.
func target(c *call) (run uint64, step, rest string) {
	object, tail := c.Object, ""
	for k := range object {
		if object[k] == '/' {
			object, tail = object[:k], object[k+1:]
			break
		}
	}
	if runName.MatchString(object) && object[0] == 'R' {
		_, _ = fmt.Sscanf(object, "R%d", &run)
	}
	step, rest = tail, c.Text
	if first, after := head(c.Text); step == "" && stepName.MatchString(first) {
		step, rest = first, after
	}
	return run, step, rest
}

// approvalNumber reads A17 from the object or the text; 0 when there is none.
func approvalNumber(c *call) (n uint64) {
	for _, word := range []string{c.Object, c.Text} {
		if first, _ := head(word); runName.MatchString(first) && first[0] == 'A' {
			_, _ = fmt.Sscanf(first, "A%d", &n)
			return n
		}
	}
	return 0
}

// doing is the answer that says where the run is now.
func doing(i *incident.Incident) string {
	r := lastRun(i)
	switch {
	case r == nil:
		return "No run is planned."
	case r.State == incident.Ended && r.Why != "":
		return r.Name() + " ended (" + r.How + "): " + r.Why
	case r.State == incident.Ended:
		return r.Name() + " ended (" + r.How + ")."
	case r.State == incident.Paused && r.Why != "":
		return r.Name() + " is paused, " + r.Why + "."
	case r.State == incident.Draft:
		return r.Name() + " is planned."
	}
	return r.Name() + ": " + r.Doing() + "."
}

// lastRun is the live run, else the newest.
func lastRun(i *incident.Incident) *incident.Run {
	if r := i.LiveRun(); r != nil {
		return r
	}
	if len(i.Runs) == 0 {
		return nil
	}
	return i.Runs[len(i.Runs)-1]
}
