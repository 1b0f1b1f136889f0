package incident

import (
	"fmt"
	"slices"
	"time"
)

// A lock entry may say that whoever accepts it approves its step in advance, at incidents of some severities
// (docs/adr/0014). The request is made as ever, with the whole text, and is granted in the same commit; what starts is held
// against it by the same rules. Where anything differs from what was accepted, or a person has decided on the step in this
// run, people are asked.

// Standing is what a lock entry gives in advance.
type Standing struct {
	Severity []int         `json:"severity"`
	For      time.Duration `json:"for"` // from the acceptance on
}

// StandingApproved is the approval that the acceptance of a lock entry gave in advance.
type StandingApproved struct {
	Approval uint64    `json:"approval"`
	Run      uint64    `json:"run"`
	Step     string    `json:"step"`
	By       Person    `json:"by"`       // who accepted the entry
	Accepted time.Time `json:"accepted"` // when
	Entry    string    `json:"entry"`    // digest of the lock entry
	Lock     string    `json:"lock"`
	Severity int       `json:"severity"` // of the incident
	Digest   string    `json:"digest"`   // of the request
	Basis    string    `json:"basis"`    // revision of people and rights, by which that person may approve now (I43)
	StartBy  time.Time `json:"start_by"`
}

func (StandingApproved) EventKind() string { return "StandingApproved" }

// InAdvance gives the acceptance that approves a step in advance; why says what keeps it from doing so, "" where the lock
// gives nothing. Rights are the caller's to ask.
func (i *Incident) InAdvance(h *House, r *Run, s *Step, at time.Time) (by Acceptance, why string, ok bool) {
	if s.Standing == nil || h == nil {
		return by, "", false
	}
	by, accepted := h.Accepted[s.Entry]
	switch {
	case !accepted:
		return by, "its lock entry is not accepted any more", false
	case s.Need != 1:
		return by, fmt.Sprintf("%d people must approve it", s.Need), false
	case r.Revision != h.Runbook.Digest || r.Lock != h.Runbook.LockDigest:
		return by, "the runbook was loaded anew since the plan", false
	case !slices.Contains(s.Standing.Severity, i.Severity):
		return by, fmt.Sprintf("it is given at other severities than SEV-%d", i.Severity), false
	case !at.Before(by.At.Add(s.Standing.For)):
		return by, "it was accepted too long ago", false
	case by.By.Same(r.Operator):
		return by, "who accepted it is the run's operator", false
	case s.Attempts > 0:
		return by, "it was tried before", false
	}
	return by, "", true
}

// approveInAdvance grants the request that was just made, where the lock gave its approval and nobody has decided on the
// step in this run: a denial stays one, and what was withdrawn is looked at by a person (I12).
func (d *draft) approveInAdvance(desk Desk, r *Run, s *Step) {
	a := d.Approval(s.Approval)
	by, _, ok := d.InAdvance(desk.House, r, s, d.at)
	if a == nil || !ok || !desk.mayAny(by.By.Key, s.From) {
		return
	}
	if slices.ContainsFunc(d.Approvals, func(earlier *Approval) bool { return earlier.Run == r.N && earlier.Step == s.ID && earlier.N != a.N }) {
		return
	}
	d.add(StandingApproved{
		Approval: a.N, Run: r.N, Step: s.ID, By: by.By, Accepted: by.At, Entry: s.Entry, Lock: r.Lock, Severity: d.Severity, Digest: a.Digest,
		Basis: desk.Basis, StartBy: d.at.Add(a.StartWithin).UTC(),
	})
	d.advance(desk, r)
}

// standingHolds is asked just before the start, as the rights of approvers are (I10).
func (d *draft) standingHolds(desk Desk, r *Run, s *Step, a *Approval) string {
	by, why, ok := d.InAdvance(desk.House, r, s, d.at)
	if ok && (!by.By.Same(a.DecidedBy) || !by.At.Equal(a.Accepted)) {
		ok, why = false, "its lock entry was accepted anew"
	}
	if ok {
		return ""
	}
	return "the approval in advance does not hold: " + why
}

// standingApproved folds the grant: a vote of the person who accepted the entry, and how it came.
func (i *Incident) standingApproved(at Stamp, e StandingApproved) {
	a := i.Approval(e.Approval)
	if a == nil {
		return
	}
	a.Votes = append(a.Votes, Vote{By: e.By, At: e.Accepted})
	a.State, a.StartBy, a.Decided, a.DecidedBy, a.Accepted = Granted, e.StartBy, at.Time, e.By, e.Accepted
	i.stepOf(a, func(s *Step) { s.State, s.By = StepReady, e.By })
}
