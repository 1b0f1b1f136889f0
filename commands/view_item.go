package commands

import (
	"time"

	"github.com/drbot/drbot/incident"
)

// ViewItem is a line of the checklist; State is open, done or na.
type ViewItem struct {
	ID      string     `json:"id"`
	Phase   string     `json:"phase"`
	Text    string     `json:"text"`
	Parent  string     `json:"parent,omitempty"`
	InOrder bool       `json:"in_order,omitempty"` // only after the items before it under the same parent
	State   string     `json:"state"`
	By      string     `json:"by,omitempty"`
	At      *time.Time `json:"at,omitempty"`     // when it was ticked or excused
	How     string     `json:"how,omitempty"`    // what proved it, or why it does not apply
	Anyway  string     `json:"anyway,omitempty"` // why it was ticked though the record does not show it
	Who     string     `json:"assigned_to,omitempty"`
	Due     *time.Time `json:"due,omitempty"`
	Waits   string     `json:"proved_by,omitempty"` // of one that drbot ticks: "when an update went to …"
	Probe   *ViewProbe `json:"probe,omitempty"`
}

// ViewProbe is what an item's probe is, and what it said last.
type ViewProbe struct {
	What   string     `json:"what"`             // "step 1.9 of a run", or an address without its query
	Asking bool       `json:"asking,omitempty"` // its answer has not come yet
	At     *time.Time `json:"at,omitempty"`
	Passed *bool      `json:"passed,omitempty"`
	Said   string     `json:"said,omitempty"`
}

func showItem(i *incident.Incident, it *incident.Item) ViewItem {
	v := ViewItem{
		ID: it.ID, Phase: it.Phase, Text: it.Text, Parent: it.Parent, InOrder: it.Order, State: or(it.State, "open"), By: it.By.Name,
		How: it.How, Anyway: it.Anyway, Who: it.Who.Name, Due: instant(it.Due),
	}
	if it.Closed() {
		v.At = instant(it.At)
	}
	if it.Bind == nil {
		return v
	}
	v.Waits = i.Waits(it)
	if it.Bind.Rule != incident.RuleProbe {
		return v
	}
	v.Probe = &ViewProbe{What: it.Bind.Named(), Asking: !it.Asked.IsZero(), At: instant(it.ProbedAt), Said: it.Probed}
	if !it.ProbedAt.IsZero() {
		v.Probe.Passed = &it.Passed
	}
	return v
}
