package commands

import (
	"math"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// ReportView is the documented JSON of a report (docs/report.md). Durations are seconds, instants RFC 3339 in UTC. What was
// not measured is null or absent, never 0.
type ReportView struct {
	Since      *time.Time       `json:"since"` // null: from the first incident on
	Until      time.Time        `json:"until"`
	Opened     int              `json:"opened"` // in that time: counted, drills and left out
	Incidents  TallyView        `json:"incidents"`
	BySeverity []SeverityFigure `json:"by_severity"`
	ByType     []TypeFigure     `json:"by_type"`
	Drills     TallyView        `json:"drills"`
	LeftOut    []ReasonView     `json:"left_out"`
	Restricted int              `json:"restricted"`
	Reviews    ReviewsView      `json:"reviews"`
}

// SeverityFigure and TypeFigure are the figures of one severity and of one type.
type SeverityFigure struct {
	Severity int `json:"severity"`
	TallyView
}

type TypeFigure struct {
	Type string `json:"type"`
	TallyView
}

// TallyView is the figures of some incidents.
type TallyView struct {
	Count     int           `json:"count"`
	Open      int           `json:"open"`
	Resolved  int           `json:"resolved"`
	Reopened  int           `json:"reopened"`
	ToAck     ClockView     `json:"time_to_acknowledge"`
	ToResolve ClockView     `json:"time_to_resolve"`
	Response  PromiseView   `json:"response_time"`
	Updates   CadenceView   `json:"updates"`
	Execs     CadenceView   `json:"updates_to_executives"`
	Mailed    CadenceView   `json:"updates_by_mail"`
	RTO       PromiseView   `json:"rto"`
	RPO       PromiseView   `json:"rpo"`
	Lost      ClockView     `json:"writes_lost"`
	Approvals ApprovalsView `json:"approvals"`
	Runs      int           `json:"runs"`
	ByHand    int           `json:"steps_by_hand"`
	Skipped   int           `json:"steps_skipped"`
	Glass     int           `json:"glass_broken"`
	Anyway    int           `json:"items_ticked_anyway"`
}

// ClockView is a set of durations; the figures of an empty one are null.
type ClockView struct {
	N       int          `json:"n"`
	Mean    *float64     `json:"mean_s"`
	Median  *float64     `json:"median_s"`
	Longest *float64     `json:"longest_s"`
	LeftOut []ReasonView `json:"left_out"`
}

// PromiseView counts promises; Attained is Kept of those that are over, between 0 and 1, and null where none is.
type PromiseView struct {
	Kept       int      `json:"kept"`
	Broken     int      `json:"broken"`
	Waiting    int      `json:"waiting"`
	Unmeasured int      `json:"not_measured"`
	Attained   *float64 `json:"attained"`
}

// CadenceView counts promised updates.
type CadenceView struct {
	Kept     int      `json:"kept"`
	Late     int      `json:"late"`
	Missed   int      `json:"missed"`
	Overdue  int      `json:"overdue"`
	Moved    int      `json:"moved"`
	Attained *float64 `json:"attained"`
}

// ApprovalsView is how long people took to grant or deny.
type ApprovalsView struct {
	Decided int      `json:"decided"`
	Mean    *float64 `json:"mean_s"`
	Longest *float64 `json:"longest_s"`
	Lapsed  int      `json:"lapsed"`
}

// ReasonView counts what is left out.
type ReasonView struct {
	Why string `json:"why"`
	N   int    `json:"n"`
}

// ReviewsView is what reviews still owe. Listed are all incidents with open tasks, soonest first.
type ReviewsView struct {
	Tasks     int         `json:"open_tasks"`
	Incidents int         `json:"incidents"`
	Late      int         `json:"overdue_incidents"`
	Begun     int         `json:"in_progress"` // of the open tasks
	Blocked   int         `json:"blocked"`
	Drills    int         `json:"open_tasks_of_drills"`
	Listed    []OwingView `json:"list"`
}

// OwingView is one of them; a restricted one has no title for whom it is not.
type OwingView struct {
	ID      incident.ID `json:"id"`
	Name    string      `json:"name"` // INC-42
	Title   string      `json:"title,omitempty"`
	Drill   bool        `json:"drill,omitempty"`
	Tasks   int         `json:"open_tasks"`
	Begun   int         `json:"in_progress"`
	Blocked int         `json:"blocked"`
	Due     *time.Time  `json:"first_due"`
	Late    bool        `json:"overdue"`
}

// ViewReport makes it.
func ViewReport(r templates.ReportFacts) ReportView {
	v := ReportView{
		Until: r.Now.UTC(), Opened: r.All, Incidents: viewTally(r.Total), Drills: viewTally(r.Drills), LeftOut: viewReasons(r.LeftOut), Restricted: r.Restricted,
		BySeverity: []SeverityFigure{}, ByType: []TypeFigure{},
		Reviews: ReviewsView{Tasks: r.Tasks.Tasks, Incidents: r.Tasks.Incidents, Late: r.Tasks.Late, Begun: r.Tasks.Begun, Blocked: r.Tasks.Blocked, Drills: r.Tasks.Drills, Listed: []OwingView{}},
	}
	v.Since = instantOf(r.Since)
	for _, p := range r.Severities {
		v.BySeverity = append(v.BySeverity, SeverityFigure{p.Severity, viewTally(p.Tally)})
	}
	for _, p := range r.Types {
		v.ByType = append(v.ByType, TypeFigure{p.Name, viewTally(p.Tally)})
	}
	for _, o := range r.Owing {
		v.Reviews.Listed = append(v.Reviews.Listed, OwingView{o.ID, o.ID.String(), o.Title, o.Drill, o.Tasks, o.Begun, o.Blocked, instantOf(o.Due), o.Late})
	}
	return v
}

func viewTally(t incident.Tally) TallyView {
	v := TallyView{
		Count: t.Incidents, Open: t.Open, Resolved: t.Resolved, Reopened: t.Reopened, ToAck: viewClock(t.ToAck), ToResolve: viewClock(t.ToResolve),
		Response: viewPromise(t.Response), RTO: viewPromise(t.RTO), RPO: viewPromise(t.RPO), Lost: viewClock(t.Lost),
		Updates: viewCadence(t.Updates), Execs: viewCadence(t.Executives), Mailed: viewCadence(t.Mailed), Runs: t.Runs, ByHand: t.ByHand, Skipped: t.Skipped, Glass: t.Glass, Anyway: t.Anyway,
		Approvals: ApprovalsView{Decided: t.Decided, Lapsed: t.Lapsed},
	}
	v.Updates.Overdue, v.Updates.Moved = t.Overdue, t.Moved
	if t.Decided > 0 {
		v.Approvals.Mean, v.Approvals.Longest = seconds(t.Deciding.Sum/time.Duration(t.Decided)), seconds(t.Deciding.Longest)
	}
	return v
}

func viewClock(c incident.Clock) ClockView {
	v := ClockView{N: c.N, LeftOut: viewReasons(c.LeftOut)}
	if c.N > 0 {
		v.Mean, v.Median, v.Longest = seconds(c.Mean), seconds(c.Median), seconds(c.Longest)
	}
	return v
}

func viewPromise(p incident.Promised) PromiseView {
	return PromiseView{p.Kept, p.Broken, p.Waiting, p.Unmeasured, share(p.Kept, p.Of())}
}

func viewCadence(c incident.Cadence) CadenceView {
	return CadenceView{Kept: c.Kept, Late: c.Late, Missed: c.Missed, Attained: share(c.Kept, c.Promised())}
}

func viewReasons(list []incident.Reason) []ReasonView {
	views := []ReasonView{}
	for _, r := range list {
		views = append(views, ReasonView(r))
	}
	return views
}

// seconds are to the millisecond, which is finer than any clock here.
func seconds(d time.Duration) *float64 {
	s := math.Round(d.Seconds()*1000) / 1000
	return &s
}

func share(kept, of int) *float64 {
	if of == 0 {
		return nil
	}
	s := math.Floor(10_000*float64(kept)/float64(of)) / 10_000
	return &s
}

func instantOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
