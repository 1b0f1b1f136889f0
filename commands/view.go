package commands

import (
	"time"

	"github.com/drbot/drbot/incident"
)

// View is an incident as `incident show --json` prints it. Scripts read it: fields are added, never renamed. Instants
// are UTC, durations seconds; what is not known is left out.
type View struct {
	ID         string            `json:"id"` // INC-42
	Number     uint64            `json:"number"`
	Title      string            `json:"title"`
	Type       string            `json:"type,omitempty"`
	Severity   int               `json:"severity"`
	State      string            `json:"state"`
	Status     string            `json:"status"`
	Drill      bool              `json:"drill"`
	Restricted bool              `json:"restricted"`
	FalseAlarm bool              `json:"false_alarm"`
	OpenedAt   time.Time         `json:"opened_at"`
	OpenedBy   string            `json:"opened_by"`
	AckedAt    *time.Time        `json:"acknowledged_at,omitempty"`
	AckedBy    string            `json:"acknowledged_by,omitempty"`
	ResolvedAt *time.Time        `json:"resolved_at,omitempty"`
	ResolvedBy string            `json:"resolved_by,omitempty"`
	Reopened   int               `json:"reopened"`
	Roles      map[string]string `json:"roles"`
	Channel    string            `json:"channel,omitempty"` // chat id
	Name       string            `json:"channel_name,omitempty"`
	Impact     string            `json:"impact,omitempty"`
	Services   []string          `json:"services"`
	RTO        *ViewObjective    `json:"rto,omitempty"`
	RPO        *ViewObjective    `json:"rpo,omitempty"`
	RespondBy  *time.Time        `json:"respond_by,omitempty"`
	UpdateDue  *time.Time        `json:"update_due,omitempty"`
	LateSince  *time.Time        `json:"update_late_since,omitempty"`
	Updates    int               `json:"updates"`
	Summary    string            `json:"summary,omitempty"`
	RootCause  string            `json:"root_cause,omitempty"`
	DataImpact string            `json:"data_impact,omitempty"`
	Runbook    string            `json:"runbook,omitempty"` // sha256
	Checklist  []ViewItem        `json:"checklist"`
	Runs       []ViewRun         `json:"runs"`
	Approvals  []ViewApproval    `json:"approvals"`
	Parked     []incident.Parked `json:"parked"`
	Alerts     []ViewAlert       `json:"alerts,omitempty"` // of PagerDuty
	Pages      []ViewPage        `json:"pages,omitempty"`
	Planned    *ViewPlan         `json:"maintenance,omitempty"`
	Review     *incident.Review  `json:"review,omitempty"`
	Record     uint64            `json:"record"` // sequence of its newest record
}

// ViewPlan is scheduled maintenance: scheduled, in progress, completed or called off. Its status is the same word.
type ViewPlan struct {
	Phase   string     `json:"phase"`
	From    *time.Time `json:"from,omitempty"`
	Until   *time.Time `json:"until,omitempty"`
	Overrun bool       `json:"overrun"` // its window is over, and it is not
}

// ViewObjective is a promise of the runbook with its end.
type ViewObjective struct {
	Name    string     `json:"name,omitempty"`
	Seconds int64      `json:"seconds"`
	Ends    *time.Time `json:"ends,omitempty"`
}

// ViewPage is one time that PagerDuty was asked to wake somebody.
type ViewPage struct {
	Number   uint64     `json:"number"`
	AskedAt  time.Time  `json:"asked_at"`
	AskedBy  string     `json:"asked_by"`
	Why      string     `json:"why"` // asked | approval | contact
	Whom     string     `json:"whom"`
	Approval string     `json:"approval,omitempty"`
	Woke     []string   `json:"woke,omitempty"`
	PagedAt  *time.Time `json:"paged_at,omitempty"`
	Failed   string     `json:"failed,omitempty"`
}

// ViewAlert is an incident of PagerDuty, as PagerDuty says.
type ViewAlert struct {
	ID     string            `json:"id"`
	Status string            `json:"status,omitempty"`
	Since  *time.Time        `json:"since,omitempty"` // when the status became so
	Facts  map[string]string `json:"facts"`           // title, priority, service …
}

// ViewRun is a run and the state of its steps.
type ViewRun struct {
	ID        string            `json:"id"` // R7
	Procedure string            `json:"procedure"`
	Title     string            `json:"title"`
	State     string            `json:"state"`
	Operator  string            `json:"operator"`
	StartedAt *time.Time        `json:"started_at,omitempty"`
	EndedAt   *time.Time        `json:"ended_at,omitempty"`
	How       string            `json:"ended,omitempty"`
	Why       string            `json:"why,omitempty"`
	NowTrue   string            `json:"now_true,omitempty"`
	Steps     []ViewStep        `json:"steps"`
	Branches  map[string]string `json:"branches,omitempty"` // step with several branches -> the one that runs
	Undoes    string            `json:"undoes,omitempty"`   // what it takes back: "R8 1.6"
}

// ViewStep is one step of a run.
type ViewStep struct {
	ID        string     `json:"id"`
	Number    string     `json:"number"`
	Title     string     `json:"title"`
	State     string     `json:"state"`
	Risk      string     `json:"risk,omitempty"`
	Target    string     `json:"target,omitempty"`
	Attempt   string     `json:"attempt,omitempty"`
	StartedAt *time.Time `json:"started_at,omitempty"`
	EndedAt   *time.Time `json:"ended_at,omitempty"`
	Exit      int        `json:"exit"`
	Note      string     `json:"note,omitempty"`
	Why       string     `json:"why,omitempty"`        // why drbot does not run it: "changed since review"
	Choose    bool       `json:"choose,omitempty"`     // one of its branches is still to be chosen
	Condition string     `json:"condition,omitempty"`  // "if necessary"
	Needed    bool       `json:"needed,omitempty"`     // somebody said that the condition holds
	TakenBack string     `json:"taken_back,omitempty"` // the later run that undid it: R8
}

// ViewApproval is a request and what became of it.
type ViewApproval struct {
	ID      string    `json:"id"` // A17
	Run     string    `json:"run"`
	Step    string    `json:"step"`
	State   string    `json:"state"`
	Need    int       `json:"need"`
	Have    []string  `json:"approved_by"`
	SHA256  string    `json:"sha256"`
	Expires time.Time `json:"expires"`
	Why     string    `json:"why,omitempty"`
}

// Show makes the view of an incident.
func Show(i *incident.Incident) View {
	v := View{
		ID: i.ID.String(), Number: uint64(i.ID), Title: i.Title, Type: i.Type, Severity: i.Severity, State: string(i.State), Status: string(i.Status),
		Drill: i.Drill, Restricted: i.Restricted, FalseAlarm: i.FalseAlarm, OpenedAt: i.OpenedAt, OpenedBy: i.OpenedBy.Name,
		AckedAt: instant(i.AckedAt), AckedBy: i.AckedBy.Name, ResolvedAt: instant(i.ResolvedAt), ResolvedBy: i.ResolvedBy.Name,
		Reopened: i.Reopened, Roles: map[string]string{}, Channel: i.Channel.ID, Name: i.Channel.Name, Impact: i.Impact,
		Services: append([]string{}, i.Services...), RTO: objective(i.RTO, i.Since()), RPO: objective(i.RPO, time.Time{}),
		RespondBy: instant(i.RespondBy), UpdateDue: instant(i.UpdateDue), LateSince: instant(i.LateSince), Updates: i.Updates,
		Summary: i.Summary, RootCause: i.RootCause, DataImpact: i.DataImpact, Runbook: i.Revision,
		Checklist: []ViewItem{}, Runs: []ViewRun{}, Approvals: []ViewApproval{}, Parked: append([]incident.Parked{}, i.Parked...),
		Review: i.Review, Record: i.Seq,
	}
	if w := i.Window; w != nil {
		v.Status, v.RTO, v.RPO = string(i.Phase()), nil, nil
		v.Planned = &ViewPlan{Phase: v.Status, From: instant(w.From), Until: instant(w.Until), Overrun: i.Overrun()}
	}
	for role, who := range i.Roles {
		v.Roles[string(role)] = who.Name
	}
	v.Pages = viewPages(i)
	for k := range i.Alerts {
		v.Alerts = append(v.Alerts, showAlert(&i.Alerts[k]))
	}
	for k := range i.Checklist {
		v.Checklist = append(v.Checklist, showItem(i, &i.Checklist[k]))
	}
	for _, r := range i.Runs {
		v.Runs = append(v.Runs, showRun(r))
	}
	for _, a := range i.Approvals {
		have := []string{}
		for _, vote := range a.Votes {
			have = append(have, vote.By.Name)
		}
		v.Approvals = append(v.Approvals, ViewApproval{
			ID: a.Name(), Run: incident.RunName(a.Run), Step: a.Step, State: string(a.State), Need: a.Need, Have: have,
			SHA256: a.Digest, Expires: a.Expires, Why: a.Why,
		})
	}
	return v
}

func showRun(r *incident.Run) ViewRun {
	run := ViewRun{
		ID: r.Name(), Procedure: r.Procedure, Title: r.Title, State: string(r.State), Operator: r.Operator.Name,
		StartedAt: instant(r.StartedAt), EndedAt: instant(r.EndedAt), How: r.How, Why: r.Why, NowTrue: r.NowTrue(), Steps: []ViewStep{}, Branches: r.Branches,
	}
	if r.Undoes != nil {
		run.Undoes = incident.RunName(r.Undoes.Run) + " " + r.Undoes.Number
	}
	for _, s := range r.Steps {
		back := ""
		if s.TakenBack != 0 {
			back = incident.RunName(s.TakenBack)
		}
		run.Steps = append(run.Steps, ViewStep{
			ID: s.ID, Number: s.Number, Title: s.Title, State: string(s.State), Risk: string(s.Risk), Target: s.Target, Attempt: s.Attempt,
			StartedAt: instant(s.Started), EndedAt: instant(s.EndedAt), Exit: s.Exit, Note: s.Note,
			Why: s.Why, Choose: s.Choose, Condition: s.Condition, Needed: s.Needed, TakenBack: back,
		})
	}
	return run
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func objective(o incident.Objective, from time.Time) *ViewObjective {
	if o.Limit == 0 {
		return nil
	}
	v := &ViewObjective{Name: o.Name, Seconds: int64(o.Limit / time.Second)}
	if !from.IsZero() {
		v.Ends = instant(from.Add(o.Limit))
	}
	return v
}

func showAlert(a *incident.Alert) ViewAlert {
	status := a.Facts[incident.AlertStatus]
	v := ViewAlert{ID: a.ID, Status: status.Value, Since: instant(status.At), Facts: map[string]string{}}
	for name, fact := range a.Facts {
		v.Facts[name] = fact.Value
	}
	return v
}

func viewPages(i *incident.Incident) (list []ViewPage) {
	for k := range i.Pages {
		p := &i.Pages[k]
		v := ViewPage{Number: p.N, AskedAt: p.At, AskedBy: p.By.Name, Why: p.Why, Whom: p.Whom, Woke: p.Woke, PagedAt: instant(p.PagedAt), Failed: p.Failed}
		if p.Approval != 0 {
			v.Approval = incident.ApprovalName(p.Approval)
		}
		list = append(list, v)
	}
	return list
}
