package evidence

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// collected is the case put together from its records: commands and requests, in the order in which they began.
type collected struct {
	*file
	store    Reader
	commands []*Command
	requests []*Request
	actions  map[string]incident.Action // attempt -> what it was to run
	plans    map[uint64]incident.RunPlanned
	started  map[uint64]incident.Person // run -> operator
	files    []KeptFile                 // of messages on the timeline
	words    map[string]*Word           // run/step -> the operator's confirmation that waits for its start
	specs    map[string]*incident.Spec  // by digest
	blobs    map[string][]byte          // spec, runbook and lock bytes, by digest
	houseIs  []incident.Event           // of house, one each; nil where the payload is not kept
}

func newCase(f *file, store Reader) *collected {
	return &collected{
		file: f, store: store, actions: map[string]incident.Action{}, plans: map[uint64]incident.RunPlanned{}, started: map[uint64]incident.Person{},
		words: map[string]*Word{}, specs: map[string]*incident.Spec{}, blobs: map[string][]byte{},
	}
}

func (c *collected) collect(ctx context.Context) error {
	for _, r := range c.house {
		var e incident.Event
		if c.concerns(r) {
			var err error
			if e, err = r.Event(); err != nil {
				return err
			}
			if err := c.readSigned(ctx, e); err != nil {
				return err
			}
		}
		c.houseIs = append(c.houseIs, e)
	}
	for k, r := range c.record {
		switch e := c.events[k].(type) {
		case incident.ReviewOpened:
			c.reviewed(r)
		case incident.Pinned, incident.FileKept:
			c.keptFile(r, e)
		case incident.RunPlanned:
			c.plans[e.Run] = e
			if err := c.readPlan(ctx, e); err != nil {
				return err
			}
		case incident.RunStarted:
			c.started[e.Run] = e.By
		case incident.RunHandedOver:
			c.started[e.Run] = e.To
		case incident.Confirmed:
			c.words[stepKey(e.Run, e.Step)] = &Word{What: "confirmed", By: e.By, At: r.Time, Text: e.Digest, Record: r.Seq}
		case incident.StepStarting:
			c.begin(r, e)
		default:
			if !c.request(r, e) {
				c.outcome(r, e)
			}
		}
	}
	return nil
}

func stepKey(run uint64, step string) string { return fmt.Sprintf("%d/%s", run, step) }

// readPlan reads the bytes that a plan names by their digests. What is gone is said where it is missed.
func (c *collected) readPlan(ctx context.Context, e incident.RunPlanned) error {
	for _, digest := range []string{e.Revision, e.Lock} {
		if b, err := c.store.Blob(ctx, digest); err == nil {
			c.blobs[digest] = b
		}
	}
	for _, s := range slices.Concat(e.Steps, e.Undos) {
		if c.specs[s.Spec] != nil {
			continue
		}
		b, err := c.store.Blob(ctx, s.Spec)
		if err != nil || state.Sum(b) != s.Spec {
			continue
		}
		spec := &incident.Spec{}
		if err := json.Unmarshal(b, spec); err != nil {
			return fmt.Errorf("read step %s: %w", s.ID, err)
		}
		c.specs[s.Spec], c.blobs[s.Spec] = spec, b
	}
	return ctx.Err()
}

// step finds a step in its run's plan.
func (c *collected) step(run uint64, id string) incident.Step {
	plan := c.plans[run]
	for _, s := range slices.Concat(plan.Steps, plan.Undos) {
		if s.ID == id {
			return s
		}
	}
	return incident.Step{ID: id, Number: id}
}

// readSigned reads the signature that accepted a lock, and the lock that it stands over.
func (c *collected) readSigned(ctx context.Context, e incident.Event) error {
	a, ok := e.(incident.LockAccepted)
	if !ok || a.Signature == "" {
		return nil
	}
	for _, digest := range []string{a.Signature, a.LockDigest} {
		if b, err := c.store.Blob(ctx, digest); err == nil {
			c.blobs[digest] = b
		}
	}
	return ctx.Err()
}

func (c *collected) begin(r state.Record, e incident.StepStarting) {
	s, plan := c.step(e.Run, e.Step), c.plans[e.Run]
	cmd := &Command{
		Attempt: e.Attempt, Run: incident.RunName(e.Run), Procedure: plan.Procedure, Step: s.ID, Number: s.Number, Title: s.Title, Risk: s.Risk,
		Digest: e.Digest, Script: e.Action.Script, Parameters: e.Action.Env, Secrets: e.Action.Secrets, Target: e.Action.Target, Host: e.Host,
		Identity: e.Action.Identity, Requester: c.started[e.Run], Runbook: plan.Revision, Lock: plan.Lock, Entry: s.Entry,
		Accepted: c.acceptance(r.Seq, s.Entry), Record: r.Seq, StartedAt: r.Time, Outcome: "running", Files: []string{}, redacted: r.Redacted,
	}
	if e.Approval != 0 {
		cmd.Approval = incident.ApprovalName(e.Approval)
		if q := c.asked(e.Approval); q != nil {
			q.Attempt = e.Attempt
			q.end(r, "used", nil, "")
			cmd.Votes, cmd.Glass = q.Votes, q.Glass
		}
	}
	cmd.Confirmed = c.words[stepKey(e.Run, e.Step)]
	delete(c.words, stepKey(e.Run, e.Step))
	c.commands, c.actions[e.Attempt] = append(c.commands, cmd), e.Action
}

// acceptance is the newest one of the lock entry before a record.
func (c *collected) acceptance(before uint64, entry string) *Acceptance {
	for k, e := range slices.Backward(c.houseIs) {
		a, ok := e.(incident.LockAccepted)
		if r := c.house[k]; ok && r.Seq < before && entry != "" && slices.Contains(a.Entries, entry) {
			return &Acceptance{By: a.By, At: r.Time, Basis: c.basis(r.Seq, a.Basis), Lock: a.LockDigest, Signature: a.Signature, Record: r.Seq}
		}
	}
	return nil
}

// basis finds the record that brought a revision of people and rights.
func (c *collected) basis(before uint64, revision string) Basis {
	b := Basis{Revision: revision}
	for k, e := range slices.Backward(c.houseIs) {
		p, ok := e.(incident.PeopleChanged)
		if r := c.house[k]; ok && r.Seq < before && p.Digest == revision {
			b.Record = r.Seq
			break
		}
	}
	return b
}

// reviewed notes which record opened the review of each broken glass.
func (c *collected) reviewed(r state.Record) {
	for _, q := range c.requests {
		if q.Glass != nil && q.Glass.Review == 0 {
			q.Glass.Review = r.Seq
		}
	}
}

func (c *collected) asked(n uint64) *Request {
	for _, q := range c.requests {
		if q.Approval == incident.ApprovalName(n) {
			return q
		}
	}
	return nil
}

func (q *Request) end(r state.Record, how string, by *incident.Person, why string) {
	if q == nil {
		return
	}
	q.End, q.EndedAt, q.EndRecord, q.EndedBy, q.Why = how, r.Time, r.Seq, by, why
}

// request follows an approval to its end.
func (c *collected) request(r state.Record, e incident.Event) bool {
	switch e := e.(type) {
	case incident.ApprovalAsked:
		c.requests = append(c.requests, &Request{
			Approval: incident.ApprovalName(e.Approval), Run: incident.RunName(e.Run), Step: e.Step, Number: c.step(e.Run, e.Step).Number, AskedBy: e.By,
			AskedAt: r.Time, Record: r.Seq, Digest: e.Digest, Parameters: e.Action.Env, Secrets: e.Action.Secrets, Target: e.Action.Target,
			Host: e.Action.Host, Identity: e.Action.Identity, Facts: e.Facts, Shown: e.Shown, Need: e.Need, From: e.From, Asked: e.Asked, Expires: e.Expires,
			End: string(incident.Pending),
		})
	case incident.Approved:
		if q := c.asked(e.Approval); q != nil {
			q.Votes = append(q.Votes, Vote{By: e.By, At: r.Time, Digest: e.Digest, Basis: c.basis(r.Seq, e.Basis), Record: r.Seq})
			if !e.StartBy.IsZero() {
				q.End = string(incident.Granted)
			}
		}
	case incident.StandingApproved:
		if q := c.asked(e.Approval); q != nil {
			q.Votes = append(q.Votes, Vote{By: e.By, At: e.Accepted, Digest: e.Digest, Basis: c.basis(r.Seq, e.Basis), Record: r.Seq, Entry: e.Entry})
			q.End = string(incident.Granted)
		}
	case incident.GlassBroken:
		if q := c.asked(e.Approval); q != nil {
			q.End = string(incident.Granted)
			q.Glass = &Glass{By: e.By, At: r.Time, Reason: e.Reason, Target: e.Target, Digest: e.Digest, Basis: c.basis(r.Seq, e.Basis), Record: r.Seq}
		}
	case incident.Denied:
		c.asked(e.Approval).end(r, string(incident.IsDenied), &e.By, e.Reason)
	case incident.Withdrawn:
		c.asked(e.Approval).end(r, string(incident.IsWithdrawn), nil, e.Why)
	case incident.Expired:
		how := incident.IsExpired
		if e.Approved {
			how = incident.ExpiredUnused
		}
		c.asked(e.Approval).end(r, string(how), nil, "")
	default:
		return false
	}
	return true
}

// outcome follows a command to its end, and keeps what people said about it.
func (c *collected) outcome(r state.Record, e incident.Event) {
	word := func(attempt, what string, by incident.Person, text string) {
		if cmd := c.command(attempt); cmd != nil {
			cmd.Words = append(cmd.Words, Word{What: what, By: by, At: r.Time, Text: text, Record: r.Seq})
		}
	}
	end := func(attempt, how, why string) *Command {
		cmd := c.command(attempt)
		if cmd != nil {
			cmd.Outcome, cmd.Why, cmd.EndedAt, cmd.EndRecord = how, why, r.Time, r.Seq
		}
		return cmd
	}
	switch e := e.(type) {
	case incident.StepEnded:
		if cmd := end(e.Attempt, e.Outcome, e.Why); cmd != nil {
			cmd.Exit, cmd.Signal, cmd.EndedAt, cmd.Output, cmd.Bytes, cmd.Kept = &e.Exit, e.Signal, e.Ended, e.Output, e.Bytes, e.Kept
			cmd.Produced, cmd.Survived = e.Produced, e.Survived
			cmd.redacted = cmd.redacted || r.Redacted
		}
	case incident.StepNotStarted:
		end(e.Attempt, "not started", e.Why)
	case incident.StepUnknown:
		end(e.Attempt, incident.OutcomeUnknown, e.Why)
	case incident.StepExtended:
		word(e.Attempt, "extended", e.By, e.Reason)
	case incident.CancelAsked:
		word(e.Attempt, "cancelled", e.By, e.Reason)
	case incident.StepSettled:
		word(c.latest(e.Run, e.Step), "settled: "+e.As, e.By, e.Saw)
	case incident.StepByHand:
		word(c.latest(e.Run, e.Step), "done by hand", e.By, strings.TrimSpace(e.Did+" saw: "+e.Saw))
	case incident.StepSkipped:
		word(c.latest(e.Run, e.Step), "skipped", e.By, e.Reason)
	}
}

func (c *collected) command(attempt string) *Command {
	for _, cmd := range c.commands {
		if cmd.Attempt == attempt {
			return cmd
		}
	}
	return nil
}

// latest is the newest attempt of a step; "" when none was made.
func (c *collected) latest(run uint64, step string) string {
	for _, cmd := range slices.Backward(c.commands) {
		if cmd.Run == incident.RunName(run) && cmd.Step == step {
			return cmd.Attempt
		}
	}
	return ""
}
