package runbook

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"
)

// The names below are the contract of `runbook show --json`: others script against them. Durations are in seconds; 0 is not understood.

type shownRunbook struct {
	Title         string           `json:"title"`
	Digest        string           `json:"digest"`
	Lock          string           `json:"lock,omitempty"`
	Severities    []shownSeverity  `json:"severities"`
	IncidentTypes []shownType      `json:"incident_types"`
	RTO           []shownRTO       `json:"rto"`
	RPO           []shownRPO       `json:"rpo"`
	Procedures    []shownProcedure `json:"procedures"`
	Checklist     shownChecklist   `json:"checklist"`
	Templates     []shownTemplate  `json:"templates"`
	Review        shownReview      `json:"review"`
	Contacts      []shownContact   `json:"contacts"`
	Warnings      []Finding        `json:"warnings"`
}

type shownSeverity struct {
	Level      int     `json:"level"`
	ID         string  `json:"id"`
	Name       string  `json:"name"`
	Definition string  `json:"definition"`
	Respond    float64 `json:"respond_seconds"`
	Text       string  `json:"response_time"`
	Update     float64 `json:"update_seconds,omitempty"`
}

type shownType struct {
	Name        string `json:"name"`
	Severity    int    `json:"severity"`
	Description string `json:"description"`
}

type shownRTO struct {
	Tier        string  `json:"tier"`
	Target      float64 `json:"target_seconds"`
	Text        string  `json:"target"`
	Description string  `json:"description"`
}

type shownRPO struct {
	Data      string  `json:"data"`
	Target    float64 `json:"target_seconds"`
	Text      string  `json:"target"`
	Mechanism string  `json:"mechanism"`
	Every     float64 `json:"every_seconds,omitempty"`
}

type shownProcedure struct {
	ID       string      `json:"id"`
	Number   int         `json:"number"`
	Title    string      `json:"title"`
	Scenario string      `json:"scenario"`
	Notes    []string    `json:"notes"`
	Steps    []shownStep `json:"steps"`
	Line     int         `json:"line"`
	File     string      `json:"file,omitempty"`
}

type shownStep struct {
	ID           string             `json:"id"`
	Number       string             `json:"number"`
	Title        string             `json:"title"`
	Kind         Kind               `json:"kind"`
	Text         string             `json:"text"`
	Condition    string             `json:"condition,omitempty"`
	Commands     []shownCommand     `json:"commands"`
	Alternatives []shownAlternative `json:"alternatives,omitempty"`
	Calls        []string           `json:"calls,omitempty"`
	Ready        bool               `json:"ready"`
	Why          string             `json:"why,omitempty"`
	Risk         Risk               `json:"risk,omitempty"`
	Line         int                `json:"line"`
	Steps        []shownStep        `json:"steps,omitempty"` // of an item with several commands
}

type shownCommand struct {
	Lang   string `json:"lang"`
	Source string `json:"source"`
	SHA256 string `json:"sha256"`
	Line   int    `json:"line"`
}

type shownAlternative struct {
	ID     string `json:"id,omitempty"`
	Label  string `json:"label"`
	Source string `json:"source"`
	Ready  bool   `json:"ready"`
	Why    string `json:"why,omitempty"`
	Risk   Risk   `json:"risk,omitempty"`
}

type shownChecklist struct {
	Phases []shownPhase `json:"phases"`
}

type shownPhase struct {
	Title string      `json:"title"`
	Items []shownItem `json:"items"`
}

type shownItem struct {
	ID      string      `json:"id"`
	Text    string      `json:"text"`
	Ordered bool        `json:"ordered,omitempty"`  // some of Items
	InOrder bool        `json:"in_order,omitempty"` // only after those before it in its list
	Items   []shownItem `json:"items,omitempty"`
}

type shownTemplate struct {
	Key     string   `json:"key"`
	Title   string   `json:"title"`
	Subject string   `json:"subject,omitempty"`
	Body    string   `json:"body"`
	Fields  []string `json:"fields"`
	Line    int      `json:"line"`
}

type shownReview struct {
	Deadlines []shownDeadline `json:"deadlines"`
	Template  string          `json:"template,omitempty"`
}

type shownDeadline struct {
	Task  string  `json:"task"`
	After float64 `json:"after_seconds"`
	Text  string  `json:"deadline"`
}

type shownContact struct {
	Role       string `json:"role"`
	Contact    string `json:"contact"`
	Known      bool   `json:"known"`
	Escalation string `json:"escalation"`
}

// MarshalJSON is what `runbook show --json` prints.
func (rb *Runbook) MarshalJSON() ([]byte, error) { return json.Marshal(show(rb)) }

func show(rb *Runbook) shownRunbook {
	return shownRunbook{
		Title: rb.Title, Digest: rb.Digest, Lock: rb.LockDigest,
		Severities: each(rb.Severities, func(s Severity) shownSeverity {
			return shownSeverity{s.Level, s.ID, s.Name, s.Definition, s.Respond.Seconds(), s.ResponseText, s.Update.Seconds()}
		}),
		IncidentTypes: each(rb.IncidentTypes, func(t IncidentType) shownType { return shownType{t.Name, t.Severity, t.Description} }),
		RTO: each(rb.RTO, func(o Objective) shownRTO {
			return shownRTO{o.Tier, o.Target.Seconds(), o.TargetText, o.Description}
		}),
		RPO: each(rb.RPO, func(o DataObjective) shownRPO {
			return shownRPO{o.Data, o.Target.Seconds(), o.TargetText, o.Mechanism, o.Every.Seconds()}
		}),
		Procedures: each(rb.Procedures, func(p Procedure) shownProcedure {
			return shownProcedure{p.ID, p.Number, p.Title, p.Scenario, list(p.Notes), showSteps(p.Steps), p.Line, p.File}
		}),
		Checklist: shownChecklist{each(rb.Checklist.Phases, func(p Phase) shownPhase { return shownPhase{p.Title, each(p.Items, showItem)} })},
		Templates: each(rb.Templates, showTemplate),
		Review: shownReview{each(rb.Review.Deadlines, func(d Deadline) shownDeadline {
			return shownDeadline{d.Task, d.After.Round(time.Second).Seconds(), d.Text}
		}), rb.Review.Template},
		Contacts: each(rb.Contacts, func(c Contact) shownContact { return shownContact{c.Role, c.Contact, c.Known, c.Text} }),
		Warnings: list(rb.Warnings),
	}
}

// showSteps keeps each numbered item one step; the sub-steps of one with several commands are inside it.
func showSteps(steps []Step) []shownStep {
	out := []shownStep{}
	for _, s := range steps {
		if s.whole == nil {
			out = append(out, showStep(s))
			continue
		}
		if len(out) == 0 || out[len(out)-1].Number != s.Item {
			item := showStep(*s.whole)
			item.Ready, item.Line = true, s.Line
			out = append(out, item)
		}
		item := &out[len(out)-1]
		item.Steps = append(item.Steps, showStep(s))
		item.Ready = item.Ready && s.Ready
		item.Risk = worst(item.Risk, showStep(s).Risk)
		item.Why = or(item.Why, s.Why)
	}
	return out
}

func worst(a, b Risk) Risk {
	if a == "" || b == "" {
		return Risk(or(string(a), string(b)))
	}
	return Worse(a, b)
}

func showStep(s Step) shownStep {
	out := shownStep{
		ID: s.ID, Number: s.Number, Title: s.Title, Kind: s.Kind, Text: s.Text, Condition: s.Condition, Calls: s.Calls, Ready: s.Ready, Why: s.Why, Line: s.Line,
		Commands: each(s.Commands, func(c Command) shownCommand { return shownCommand{c.Lang, c.Source, c.SHA256, c.Line} }),
	}
	for _, a := range s.Alternatives {
		b := shownAlternative{ID: a.ID, Label: a.Label, Source: a.Source, Ready: a.Ready, Why: a.Why}
		if a.Entry != nil && !a.Entry.Manual {
			b.Risk = a.Entry.Risk
		}
		out.Alternatives = append(out.Alternatives, b)
	}
	if s.Entry != nil && !s.Entry.Manual {
		out.Risk = s.Entry.Risk
	}
	return out
}

func showItem(i Item) shownItem {
	out := shownItem{ID: i.ID, Text: i.Text, InOrder: i.List != ""}
	for _, c := range i.Items {
		out.Ordered = out.Ordered || c.List != ""
		out.Items = append(out.Items, showItem(c))
	}
	return out
}

func showTemplate(t Template) shownTemplate {
	return shownTemplate{t.Key, t.Title, t.Subject, t.Body, each(t.Fields, func(f Field) string { return f.Name }), t.Line}
}

// each maps a list; an empty one stays a list in JSON.
func each[A, B any](in []A, f func(A) B) []B {
	out := make([]B, 0, len(in))
	for _, x := range in {
		out = append(out, f(x))
	}
	return out
}

func list[A any](in []A) []A { return each(in, func(x A) A { return x }) }

// Findings is what `runbook lint --json` prints.
type Findings struct {
	Findings []Finding `json:"findings"`
}

// SortFindings orders findings by line, then rule, and drops what is said twice.
func SortFindings(fs []Finding) Findings {
	return Findings{sortFindings(list(fs))}
}

func compareFindings(a, b Finding) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
}

func sortFindings(fs []Finding) []Finding {
	slices.SortFunc(fs, compareFindings)
	return slices.Compact(fs)
}
