package incident

import "time"

// FiguresVersion is written beside stored figures; figures of another version are worked out again from the fold.
const FiguresVersion = 2

// Verdict is what became of a promise.
type Verdict string

const (
	Unpromised    Verdict = ""        // nothing was promised, or it cannot be told
	VerdictWaits  Verdict = "waiting" // its instant is not over
	VerdictKept   Verdict = "kept"
	VerdictBroken Verdict = "broken"
)

// Why an incident stands in no figure of incidents; a drill is counted apart and is none of these.
const (
	OutTriage      = "not accepted yet"
	OutFalseAlarm  = "false alarm"
	OutDeclined    = "declined"
	OutMerged      = "merged"
	OutMaintenance = "maintenance"
)

// Figures are one incident in numbers, worked out from its fold alone. They are small, hold no words of people, and change
// only when one of them does: a store keeps them beside the fold, so that a report reads no folds.
type Figures struct {
	ID         ID     `json:"id"`
	Severity   int    `json:"severity"`
	Type       string `json:"type,omitempty"`
	State      State  `json:"state"`
	Drill      bool   `json:"drill,omitempty"`
	Restricted bool   `json:"restricted,omitempty"`
	Out        string `json:"out,omitempty"` // why it stands in no figure

	Opened   time.Time `json:"opened"`
	Start    time.Time `json:"start"`             // of the clocks: Opened, or when the alert that opened it was triggered
	Acked    time.Time `json:"acked,omitzero"`    // first acknowledgement
	Resolved time.Time `json:"resolved,omitzero"` // the last resolution, while it stands
	Reopened int       `json:"reopened,omitempty"`

	Response   Verdict       `json:"response,omitempty"`
	RespondBy  time.Time     `json:"respond_by,omitzero"`
	Updates    Cadence       `json:"updates,omitzero"`
	UpdateDue  time.Time     `json:"update_due,omitzero"` // promised now
	Executives Cadence       `json:"executives,omitzero"`
	Mailed     Cadence       `json:"mailed,omitzero"`
	Moved      int           `json:"moved,omitempty"`
	RTO        time.Duration `json:"rto,omitempty"` // promised; counts from Start, as on the card
	RPO        time.Duration `json:"rpo,omitempty"`
	Restored   bool          `json:"restored,omitempty"` // a run put a chosen backup in place: what was lost may be known

	Runs     int  `json:"runs,omitempty"`
	Live     int  `json:"live,omitempty"` // runs that go on or are paused
	ByHand   int  `json:"by_hand,omitempty"`
	Skipped  int  `json:"skipped,omitempty"`
	Glass    int  `json:"glass,omitempty"`
	Anyway   int  `json:"anyway,omitempty"` // items of the checklist that were ticked though the record does not show them
	Decided  int  `json:"decided,omitempty"`
	Deciding Span `json:"deciding,omitzero"`
	Lapsed   int  `json:"lapsed,omitempty"`
	Asked    int  `json:"asked,omitempty"` // approvals that wait now

	Tasks   int       `json:"tasks,omitempty"` // of its review, open
	TaskDue time.Time `json:"task_due,omitzero"`
	Begun   int       `json:"begun,omitempty"` // of those tasks, in progress
	Blocked int       `json:"blocked,omitempty"`
	Parked  int       `json:"parked,omitempty"`
}

// Figures works them out.
func (i *Incident) Figures() Figures {
	p := i.Promises
	f := Figures{
		ID: i.ID, Severity: i.Severity, Type: i.Type, State: i.State, Drill: i.Drill, Restricted: i.Restricted, Out: i.out(),
		Opened: i.OpenedAt, Start: i.Since(), Acked: i.AckedAt, Reopened: i.Reopened, Updates: p.Updates, Executives: p.Executives, Mailed: p.Mailed, Moved: p.Moved,
		RTO: i.RTO.Limit, RPO: i.RPO.Limit, Glass: len(i.Glass), Decided: p.Decided, Deciding: p.Deciding, Lapsed: p.Lapsed, Parked: len(i.Parked),
		Anyway: len(i.TickedAnyway()),
	}
	if i.Active() {
		f.UpdateDue = i.UpdateDue
	} else {
		f.Resolved = i.ResolvedAt
	}
	f.RespondBy, f.Response = i.response()
	for _, r := range i.Runs {
		f.run(r)
	}
	for _, a := range i.Approvals {
		if a.State == Pending {
			f.Asked++
		}
	}
	if !i.Active() {
		f.owed(i.Review)
	}
	return f
}

// out says why the incident stands in no figure; "" when it stands there.
func (i *Incident) out() string {
	switch {
	case i.MergedInto != 0:
		return OutMerged
	case i.Window != nil:
		return OutMaintenance
	case i.FalseAlarm:
		return OutFalseAlarm
	case i.Triaged && i.AcceptedBy.Key == "" && i.State == StateTriage:
		return OutTriage
	case i.Dismissed():
		return OutDeclined
	}
	return ""
}

// response is what became of the response time. Whoever resolves without acknowledging has answered with that.
func (i *Incident) response() (time.Time, Verdict) {
	by := i.Promises.RespondBy
	if i.AckedAt.IsZero() && i.Active() {
		by = i.RespondBy
	}
	switch {
	case i.Promises.Unheard:
		return by, VerdictBroken
	case by.IsZero():
		return by, Unpromised
	case i.AckedAt.IsZero() && i.Active():
		return by, VerdictWaits
	}
	return by, VerdictKept
}

func (f *Figures) run(r *Run) {
	if r.State == Draft || r.StartedAt.IsZero() {
		return
	}
	f.Runs++
	if r.State != Ended {
		f.Live++
	}
	for k := range r.Steps {
		s := &r.Steps[k]
		switch s.State {
		case StepWasHand:
			f.ByHand++
		case StepSkip:
			f.Skipped++
		}
		if len(r.Choices) > 0 && s.Risk != Read && (s.State == StepDone || s.State == StepWasHand) {
			f.Restored = true
		}
	}
}

func (f *Figures) owed(r *Review) {
	for _, t := range r.Items() {
		if !t.Open() {
			continue
		}
		switch t.Status {
		case TaskBegun:
			f.Begun++
		case TaskBlocked:
			f.Blocked++
		}
		if f.Tasks++; !t.Due.IsZero() && (f.TaskDue.IsZero() || t.Due.Before(f.TaskDue)) {
			f.TaskDue = t.Due
		}
	}
}

// ToAck is the time to the first acknowledgement; false while there is none.
func (f Figures) ToAck() (time.Duration, bool) { return since(f.Start, f.Acked) }

// ToResolve is the time to the resolution; false while it is open.
func (f Figures) ToResolve() (time.Duration, bool) { return since(f.Start, f.Resolved) }

func since(from, to time.Time) (time.Duration, bool) {
	if to.IsZero() {
		return 0, false
	}
	return max(0, to.Sub(from)), true
}

// RTOVerdict is what became of the recovery time objective by an instant. It counts as the incident's card does.
func (f Figures) RTOVerdict(now time.Time) Verdict {
	end := f.Resolved
	if end.IsZero() {
		end = now
	}
	switch {
	case f.RTO <= 0:
		return Unpromised
	case end.Sub(f.Start) > f.RTO:
		return VerdictBroken
	case f.Resolved.IsZero():
		return VerdictWaits
	}
	return VerdictKept
}
