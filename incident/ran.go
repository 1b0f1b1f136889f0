package incident

import (
	"slices"
	"time"
)

// What the house remembers of earlier runs: an approver asks "did this text ever run?", and opening the store never
// replays the log, so the answer is in the fold. It is bounded: a text that no loaded lock entry has is forgotten first.
const (
	keepTexts      = 200
	keepOldTexts   = 50 // of them, those that no loaded entry has
	keepProcedures = 50
	keepTimes      = 5 // newest durations that "usually" is taken from
)

// OutcomeUnknown is how an attempt counts whose process is gone and left no result.
const OutcomeUnknown = "unknown"

// ScriptRan counts one attempt of a text in the house. A later word on the same attempt takes the place of an earlier
// one; a process that never existed is no attempt.
type ScriptRan struct {
	Script   string        `json:"script"`          // sha256
	Entry    string        `json:"entry,omitempty"` // digest of the lock entry that it came from
	Incident ID            `json:"incident"`
	Attempt  string        `json:"attempt"`
	Drill    bool          `json:"drill,omitempty"`
	Outcome  string        `json:"outcome"`
	Took     time.Duration `json:"took,omitempty"`
}

// ProcedureRan counts one run that was started and has ended.
type ProcedureRan struct {
	Procedure string        `json:"procedure"` // id
	Incident  ID            `json:"incident"`
	Run       uint64        `json:"run"`
	Drill     bool          `json:"drill,omitempty"`
	How       string        `json:"how"` // done | cancelled
	Took      time.Duration `json:"took"`
}

func (ScriptRan) EventKind() string    { return "ScriptRan" }
func (ProcedureRan) EventKind() string { return "ProcedureRan" }

// Ran is how often a text or a procedure ran, and how the last time went.
type Ran struct {
	Times   int             `json:"times"`
	Drills  int             `json:"drills,omitempty"`
	Last    time.Time       `json:"last"`
	Drill   bool            `json:"drill,omitempty"` // the last one was in a drill
	Outcome string          `json:"outcome"`
	Took    time.Duration   `json:"took,omitempty"`
	Good    []time.Duration `json:"good,omitempty"` // the newest that went well, oldest first
	Of      string          `json:"of"`             // the last attempt or run
	Entry   string          `json:"entry,omitempty"`
}

// Usually is the middle one of the newest durations that went well; zero when none did.
func (r Ran) Usually() time.Duration {
	if len(r.Good) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(r.Good))
	return sorted[len(sorted)/2]
}

func (r Ran) again(of string, drill bool, outcome string, took time.Duration, at time.Time) Ran {
	if r.Of != of {
		r.Times++
		if drill {
			r.Drills++
		}
	}
	r.Of, r.Last, r.Drill, r.Outcome, r.Took = of, at, drill, outcome, took
	if outcome == Succeeded || outcome == EndDone {
		r.Good = append(slices.Clone(r.Good), took)
		r.Good = r.Good[max(0, len(r.Good)-keepTimes):]
	}
	return r
}

// RanIn derives what the house counts from events of an incident; after is its fold behind them.
func RanIn(after *Incident, events []Event) []Event {
	var ran []Event
	script := func(run uint64, step, attempt, outcome string, took time.Duration) {
		r := after.Run(run)
		if r == nil {
			return
		}
		if s := r.Step(step); s != nil && s.Script != "" {
			ran = append(ran, ScriptRan{
				Script: s.Script, Entry: s.Entry, Incident: after.ID, Attempt: attempt, Drill: after.Drill, Outcome: outcome, Took: max(0, took),
			})
		}
	}
	for _, e := range events {
		switch e := e.(type) {
		case StepEnded:
			script(e.Run, e.Step, e.Attempt, e.Outcome, e.Ended.Sub(e.Started))
		case StepUnknown:
			script(e.Run, e.Step, e.Attempt, OutcomeUnknown, 0)
		case RunEnded:
			if r := after.Run(e.Run); r != nil && !r.StartedAt.IsZero() && r.Undoes == nil && e.How != EndDiscarded {
				ran = append(ran, ProcedureRan{
					Procedure: r.Procedure, Incident: after.ID, Run: r.N, Drill: after.Drill, How: e.How, Took: max(0, r.EndedAt.Sub(r.StartedAt)),
				})
			}
		}
	}
	return ran
}

func (h *House) scriptRan(at Stamp, e ScriptRan) {
	if h.Scripts == nil {
		h.Scripts = map[string]Ran{}
	}
	r := h.Scripts[e.Script].again(e.Attempt, e.Drill, e.Outcome, e.Took, at.Time)
	r.Entry = e.Entry
	h.Scripts[e.Script] = r
	h.forgetTexts()
}

func (h *House) procedureRan(at Stamp, e ProcedureRan) {
	if h.Procedures == nil {
		h.Procedures = map[string]Ran{}
	}
	h.Procedures[e.Procedure] = h.Procedures[e.Procedure].again(RunName(e.Run), e.Drill, e.How, e.Took, at.Time)
	forgetOldest(h.Procedures, keepProcedures, func(Ran) bool { return true })
}

// forgetTexts keeps the fold small: first go texts that no loaded entry has, the longest unused before the others.
func (h *House) forgetTexts() {
	forgetOldest(h.Scripts, keepOldTexts, func(r Ran) bool { return r.Entry == "" || !slices.Contains(h.Runbook.Entries, r.Entry) })
	forgetOldest(h.Scripts, keepTexts, func(Ran) bool { return true })
}

// forgetOldest drops those that count beyond the newest n. Equal instants go by their key, so that every folding forgets
// the same ones (I52).
func forgetOldest(all map[string]Ran, n int, counts func(Ran) bool) {
	if len(all) <= n {
		return
	}
	var keys []string
	for key, r := range all {
		if counts(r) {
			keys = append(keys, key)
		}
	}
	if len(keys) <= n {
		return
	}
	slices.SortFunc(keys, func(a, b string) int {
		if c := all[b].Last.Compare(all[a].Last); c != 0 {
			return c
		}
		if a < b {
			return -1
		}
		return 1
	})
	for _, key := range keys[n:] {
		delete(all, key)
	}
}
