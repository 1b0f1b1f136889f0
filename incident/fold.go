package incident

import (
	"slices"
	"strings"
	"time"
)

// Apply folds one record of this incident. It is total: an event that decisions would not make today (an older
// version made it) still folds, so opening the record never fails.
func (i *Incident) Apply(at Stamp, e Event) {
	i.N, i.Seq, i.Time = at.N, at.Seq, at.Time
	i.touch(e)
	i.witness(at, e)
	i.account(at, e)
	i.fold(at, e)
	i.began(at, e)
}

func (i *Incident) fold(at Stamp, e Event) {
	switch e := e.(type) {
	case Opened:
		i.opened(at, e)
	case TypeSet:
		i.Type, i.Restricted, i.RTO, i.RPO = e.Type, i.Restricted || e.Restricted, e.RTO, e.RPO
		i.executivesClosed()
	case SeveritySet:
		i.Severity = e.To
		i.policy(e.Policy)
	case StatusSet:
		i.Status, i.StatusAt = e.Status, at.Time
	case Acknowledged:
		i.AckedBy, i.AckedAt = e.By, at.Time
	case RoleTaken:
		if i.Roles == nil {
			i.Roles = map[Role]Person{}
		}
		i.Roles[e.Role] = e.Who
	case RoleLeft:
		delete(i.Roles, e.Role)
	case ImpactSet:
		i.Impact = e.Text
	case ServicesSet:
		i.Services, i.RTO, i.RPO = e.Services, e.RTO, e.RPO
	case Resolved:
		i.resolved(at, e)
	case Reopened:
		i.reopened(at, e)
	case Closed:
		i.State = StateClosed
	case ReviewOpened:
		i.reviewOpened(at, e)
	case ChannelBound:
		i.Channel = Channel{ID: e.ID, Name: e.Name, Private: e.Private}
	case ChannelLost:
		if i.Channel.ID == e.ID {
			i.Channel.Lost = e.Why
		}
	case MembersSeen:
		i.applyMembers(e)
	case UpdateSent:
		i.updateSent(at, e)
	case Snoozed:
		i.snoozed(e)
	case DeadlineSpoken:
		i.spoken(e)
	case DeliveryParked:
		i.Parked = append(i.Parked, Parked{Follower: e.Follower, Seq: e.Seq, Why: e.Why, At: at.Time})
	case DeliveryRequeued:
		i.Parked = slices.DeleteFunc(i.Parked, func(p Parked) bool { return p.Follower == e.Follower && p.Seq == e.Seq })
	default:
		if !i.applyMessage(at, e) && !i.applyItem(at, e) && !i.applyPin(e) && !i.applyApproval(at, e) && !i.applyOffer(at, e) && !i.applyAlert(at, e) && !i.applyPage(at, e) && !i.applyReview(at, e) {
			i.applyRun(at, e)
		}
	}
}

func (i *Incident) reopened(at Stamp, e Reopened) {
	i.State, i.Reopened, i.FalseAlarm = StateOpen, i.Reopened+1, false
	i.putAway()
	i.displace(at, e.By, LookReopened, func(*Outgoing) bool { return true }) // nobody hears of an end that was none
	i.ResolvedBy, i.ResolvedAt, i.LateSince = Person{}, time.Time{}, time.Time{}
	i.policy(e.Policy)
	i.windowAgain()
	i.owesAgain(at, e)
}

func (i *Incident) opened(at Stamp, e Opened) {
	i.Title, i.Type, i.Severity, i.Drill, i.Restricted = e.Title, e.Type, e.Severity, e.Drill, e.Restricted
	i.Source, i.Revision, i.OpenedBy, i.OpenedAt, i.LowerFree = e.Source, e.Revision, e.By, at.Time, e.LowerFree
	i.Services, i.Impact, i.RTO, i.RPO, i.Checklist = e.Services, e.Impact, e.RTO, e.RPO, e.Checklist
	i.State, i.Status, i.StatusAt, i.Planned, i.During = StateOpen, Investigating, at.Time, e.Planned, e.During
	if e.Triage {
		i.State, i.Triaged = StateTriage, true
	}
	i.policy(e.Policy)
}

// resolved folds the end of the work.
func (i *Incident) resolved(at Stamp, e Resolved) {
	i.State, i.ResolvedBy, i.ResolvedAt, i.FalseAlarm = StateResolved, e.By, at.Time, e.FalseAlarm
	i.Summary, i.RootCause, i.DataImpact = e.Summary, e.RootCause, e.DataImpact
	i.Spoken = nil
	i.owedAtEnd(at, e)
	i.windowOver(e.CalledOff)
	i.displace(at, e.By, LookEnded, func(*Outgoing) bool { return true }) // nobody hears after the end how it was going
	if s := i.SentAs(0); s != nil {
		s.Version, s.By, s.At = 1, Person{}, time.Time{} // of the one before a reopening
	}
	i.told(0, e.To)
	i.published(at, e.To, e.Public)
}

func (i *Incident) policy(p Policy) {
	if !p.RespondBy.Equal(i.RespondBy) && i.Time.After(i.OpenedAt) {
		i.RespondSet = i.Time
	}
	i.RespondBy, i.UpdateEvery, i.UpdateDue, i.Calls = p.RespondBy, p.UpdateEvery, p.UpdateDue, i.callsOf(p.Calls)
	mailed, late := i.ExecutivesDue, i.ExecutivesLate
	i.ExecutivesEvery, i.ExecutivesDue = p.ExecutivesEvery, p.ExecutivesDue
	i.forget(DueExecutives + "/")
	if p.ExecutivesEvery > 0 {
		i.owe(AudienceExecutives, time.Time{}) // they have a promise of their own
	}
	i.executivesOutlast(mailed, late)
	i.executivesClosed()
	if !i.Hushed.After(i.Time) {
		i.Hushed = time.Time{}
	}
	i.forget("update/")
	i.forget("respond/")
}

// forget drops what was said of promises that no longer stand.
func (i *Incident) forget(prefix string) {
	i.Spoken = slices.DeleteFunc(i.Spoken, func(k string) bool { return strings.HasPrefix(k, prefix) })
}

func (i *Incident) applyItem(at Stamp, e Event) bool {
	set := func(id, state, how string, by Person) {
		if it := i.Item(id); it != nil {
			it.State, it.How, it.By, it.At, it.Anyway, it.Asked = state, how, by, at.Time, "", time.Time{}
		}
	}
	switch e := e.(type) {
	case ItemDone:
		set(e.Item, "done", e.How, e.By)
		i.itemProven(e)
	case ItemExcused:
		set(e.Item, "na", e.Reason, e.By)
	case ItemReopened:
		set(e.Item, "", "", e.By)
		i.itemAgain(at, e)
	case ItemAssigned:
		if it := i.Item(e.Item); it != nil {
			it.Who = e.Who
		}
	case ItemDue:
		if it := i.Item(e.Item); it != nil {
			it.Due = e.Due
		}
	case ProbeAsked:
		if it := i.Item(e.Item); it != nil {
			it.Asked = at.Time
		}
	case ItemProbed:
		if it := i.Item(e.Item); it != nil {
			it.Asked, it.Probed, it.ProbedAt, it.Passed = time.Time{}, e.Said, at.Time, e.OK
		}
	default:
		return false
	}
	return true
}

func (i *Incident) applyApproval(at Stamp, e Event) bool {
	switch e := e.(type) {
	case ApprovalAsked:
		number := e.Step
		if r := i.Run(e.Run); r != nil {
			if s := r.Step(e.Step); s != nil {
				s.State, s.Approval, number = StepWaits, e.Approval, s.Number
			}
		}
		i.Approvals = append(i.Approvals, &Approval{
			N: e.Approval, Run: e.Run, Step: e.Step, Number: number, By: e.By, At: at.Time, Digest: e.Digest, Action: e.Action,
			Facts: e.Facts, Shown: e.Shown, Need: e.Need, From: e.From, Asked: e.Asked, Expires: e.Expires, StartWithin: e.StartWithin, State: Pending,
		})
	case Approved:
		if a := i.Approval(e.Approval); a != nil {
			a.Votes = append(a.Votes, Vote{By: e.By, At: at.Time})
			if len(a.Votes) >= a.Need {
				i.forget(DueNudge + "/" + a.Name() + "/")
				a.State, a.StartBy, a.Decided, a.DecidedBy = Granted, e.StartBy, at.Time, e.By
				i.stepOf(a, func(s *Step) { s.State, s.By = StepReady, e.By })
			}
		}
	case Denied:
		i.decide(at, e.Approval, IsDenied, e.By, e.Reason)
	case GlassBroken:
		i.glassBroken(at, e)
	case StandingApproved:
		i.standingApproved(at, e)
	case Withdrawn:
		i.decide(at, e.Approval, IsWithdrawn, Person{}, e.Why)
	case Expired:
		state := IsExpired
		if e.Approved {
			state = ExpiredUnused
		}
		i.decide(at, e.Approval, state, Person{}, "")
	default:
		return false
	}
	return true
}

func (i *Incident) stepOf(a *Approval, f func(*Step)) {
	if r := i.Run(a.Run); r != nil {
		if s := r.Step(a.Step); s != nil && s.Approval == a.N {
			f(s)
		}
	}
}

// decide ends an approval without a start: its step is to do again, and asking makes a new number.
func (i *Incident) decide(at Stamp, n uint64, state ApprovalState, by Person, why string) {
	a := i.Approval(n)
	if a == nil || !a.Undecided() {
		return
	}
	a.State, a.Decided, a.Why = state, at.Time, why
	i.forget(DueNudge + "/" + a.Name() + "/")
	if by.Key != "" {
		a.DecidedBy = by
	}
	i.stepOf(a, func(s *Step) {
		if !s.State.Active() && !s.State.Over() {
			s.State, s.By = StepTodo, Person{}
		}
	})
}
