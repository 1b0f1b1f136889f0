package incident

import (
	"cmp"
	"slices"
	"time"
)

// Report is many incidents in numbers. Drills are counted apart, and what was none (false alarms, declined, merged, not
// accepted) or was planned (maintenance) stands in no figure and is counted by why.
type Report struct {
	Since      time.Time // of the openings; zero: from the first incident on
	Now        time.Time
	All        int // incidents that were opened in that time, drills and those left out with them
	Total      Tally
	Severities []Part // worst first
	Types      []Part // most incidents first
	Drills     Tally
	LeftOut    []Reason
	Restricted int // among Total
	Tasks      Owed
}

// Part is the figures of some of the incidents.
type Part struct {
	Name     string // of the type
	Severity int
	Tally
}

// Reason counts why something is left out.
type Reason struct {
	Why string
	N   int
}

// Tally adds incidents up.
type Tally struct {
	Incidents int // Open and Resolved together
	Open      int
	Resolved  int // closed ones too
	Reopened  int

	ToAck      Clock
	ToResolve  Clock
	Response   Promised
	Updates    Cadence
	Executives Cadence // what they were promised
	Mailed     Cadence // what those were promised who are mailed with everybody else
	Overdue    int     // updates that are promised for an instant that is over, and count in none of Updates yet
	Moved      int
	RTO, RPO   Promised
	Lost       Clock // of writes, where a restore was measured

	Runs, ByHand, Skipped, Glass int
	Anyway                       int // items of the checklist that were ticked against the record

	Decided  int // approvals
	Deciding Span
	Lapsed   int
}

// Clock is a set of durations with what it leaves out.
type Clock struct {
	N                     int
	Mean, Median, Longest time.Duration
	LeftOut               []Reason

	all []time.Duration
}

// Promised counts promises by what became of them.
type Promised struct {
	Kept, Broken, Waiting int
	Unmeasured            int // promised, and nothing says what became of it
}

// Of is how many are decided.
func (p Promised) Of() int { return p.Kept + p.Broken }

// Owed are the open tasks of the reviews of incidents that count, and of those that were left out but are reviewed.
type Owed struct {
	Tasks, Incidents, Late int // Late: incidents with a task that is overdue
	Begun, Blocked         int // of the tasks
	Drills                 int // tasks of drills, apart
}

// Reasons for which a clock leaves an incident out.
const (
	NoAckYet    = "not acknowledged yet"
	NeverAcked  = "resolved without an acknowledgement"
	StillOpen   = "still open"
	NotRestored = "no restore was measured"
)

// Tell adds figures up. lost is how much of the writes a restore gave up, where that was measured; label is the name of
// the type under which an incident is shown ("" is none).
func Tell(all []Figures, since, now time.Time, lost map[ID]time.Duration, label func(Figures) string) Report {
	r := Report{Since: since, Now: now}
	severities, types := map[int]*Tally{}, map[string]*Tally{}
	out := map[string]int{}
	for _, f := range all {
		if f.Opened.Before(since) {
			continue
		}
		r.All++
		r.Tasks.add(f, now)
		switch {
		case f.Out != "":
			out[f.Out]++
			continue
		case f.Drill:
			r.Drills.add(f, now, lost)
			continue
		case f.Restricted:
			r.Restricted++
		}
		r.Total.add(f, now, lost)
		of(severities, f.Severity).add(f, now, lost)
		of(types, label(f)).add(f, now, lost)
	}
	r.LeftOut = reasons(out)
	for severity, t := range severities {
		r.Severities = append(r.Severities, Part{Severity: severity, Tally: *t})
	}
	for name, t := range types {
		r.Types = append(r.Types, Part{Name: name, Tally: *t})
	}
	slices.SortFunc(r.Severities, func(a, b Part) int { return a.Severity - b.Severity })
	slices.SortFunc(r.Types, func(a, b Part) int { return cmp.Or(b.Incidents-a.Incidents, cmp.Compare(a.Name, b.Name)) })
	r.Total.close()
	r.Drills.close()
	for k := range r.Severities {
		r.Severities[k].close()
	}
	for k := range r.Types {
		r.Types[k].close()
	}
	return r
}

func of[K comparable](m map[K]*Tally, key K) *Tally {
	if m[key] == nil {
		m[key] = &Tally{}
	}
	return m[key]
}

func reasons(by map[string]int) []Reason {
	var list []Reason
	for why, n := range by {
		list = append(list, Reason{why, n})
	}
	slices.SortFunc(list, func(a, b Reason) int { return cmp.Or(b.N-a.N, cmp.Compare(a.Why, b.Why)) })
	return list
}

func (o *Owed) add(f Figures, now time.Time) {
	switch {
	case f.Tasks == 0:
		return
	case f.Drill:
		o.Drills += f.Tasks
		return
	}
	o.Tasks, o.Incidents = o.Tasks+f.Tasks, o.Incidents+1
	o.Begun, o.Blocked = o.Begun+f.Begun, o.Blocked+f.Blocked
	if !f.TaskDue.IsZero() && now.After(f.TaskDue) {
		o.Late++
	}
}

func (t *Tally) add(f Figures, now time.Time, lost map[ID]time.Duration) {
	t.Incidents++
	if f.Resolved.IsZero() {
		t.Open++
	} else {
		t.Resolved++
	}
	if f.Reopened > 0 {
		t.Reopened++
	}
	t.clocks(f)
	t.Response.add(f.Response)
	t.RTO.add(f.RTOVerdict(now))
	t.Updates.add(f.Updates)
	t.Executives.add(f.Executives)
	t.Mailed.add(f.Mailed)
	if !f.UpdateDue.IsZero() && now.After(f.UpdateDue) {
		t.Overdue++
	}
	t.Moved += f.Moved
	t.restored(f, lost)
	t.Runs += f.Runs
	t.ByHand += f.ByHand
	t.Skipped += f.Skipped
	t.Glass += f.Glass
	t.Anyway += f.Anyway
	t.Decided += f.Decided
	t.Deciding.Sum += f.Deciding.Sum
	t.Deciding.Longest = max(t.Deciding.Longest, f.Deciding.Longest)
	t.Lapsed += f.Lapsed
}

func (t *Tally) clocks(f Figures) {
	d, ok := f.ToAck()
	switch {
	case ok:
		t.ToAck.all = append(t.ToAck.all, d)
	case f.Resolved.IsZero():
		t.ToAck.leave(NoAckYet)
	default:
		t.ToAck.leave(NeverAcked)
	}
	if d, ok := f.ToResolve(); ok {
		t.ToResolve.all = append(t.ToResolve.all, d)
	} else {
		t.ToResolve.leave(StillOpen)
	}
}

// restored measures the recovery point, which only a restore tells.
func (t *Tally) restored(f Figures, lost map[ID]time.Duration) {
	gave, measured := lost[f.ID]
	gave = max(0, gave)
	switch {
	case measured:
		t.Lost.all = append(t.Lost.all, gave)
	case f.Restored:
		t.Lost.leave(NotRestored)
	}
	switch {
	case f.RPO <= 0:
	case !measured:
		t.RPO.Unmeasured++
	case gave > f.RPO:
		t.RPO.Broken++
	default:
		t.RPO.Kept++
	}
}

func (c *Cadence) add(d Cadence) {
	c.Kept += d.Kept
	c.Late += d.Late
	c.Missed += d.Missed
}

func (p *Promised) add(v Verdict) {
	switch v {
	case VerdictKept:
		p.Kept++
	case VerdictBroken:
		p.Broken++
	case VerdictWaits:
		p.Waiting++
	}
}

func (t *Tally) close() {
	t.ToAck.close()
	t.ToResolve.close()
	t.Lost.close()
}

func (c *Clock) leave(why string) {
	for k := range c.LeftOut {
		if c.LeftOut[k].Why == why {
			c.LeftOut[k].N++
			return
		}
	}
	c.LeftOut = append(c.LeftOut, Reason{why, 1})
}

// close works mean and median out. Durations of any number add up without overflow: each is divided first.
func (c *Clock) close() {
	c.N = len(c.all)
	slices.SortFunc(c.LeftOut, func(a, b Reason) int { return cmp.Compare(a.Why, b.Why) })
	if c.N == 0 {
		return
	}
	slices.Sort(c.all)
	n := time.Duration(c.N)
	var rest time.Duration
	for _, d := range c.all {
		c.Mean += d / n
		rest += d % n
	}
	c.Mean += rest / n
	c.Longest = c.all[c.N-1]
	low, high := c.all[(c.N-1)/2], c.all[c.N/2]
	c.Median = low + (high-low)/2
	c.all = nil
}
