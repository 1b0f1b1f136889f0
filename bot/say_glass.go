package bot

import (
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// nudge calls the approvers of a request again, here and by direct message, and at last whom may break the glass. key is
// what follows the kind: "A17/2".
func (t *talk) nudge(e incident.DeadlineSpoken, key string) error {
	name, _, _ := strings.Cut(key, "/")
	var a *incident.Approval
	for _, known := range t.i.Approvals {
		if known.Name() == name {
			a = known
		}
	}
	if a == nil || a.State != incident.Pending {
		return nil // it was decided while this waited
	}
	m := templates.Nudge(t.i, a, e, t.facts())
	if !t.usable() {
		return t.toHouse("nudge/"+key, sayWaitsAtTerminal(t.i, a))
	}
	if err := t.line("nudge/"+key, m); err != nil {
		return err
	}
	call := a.Open()
	if strings.HasSuffix(key, "/2") {
		for _, p := range t.facts().Breakers {
			if !p.Same(a.By) {
				call = append(call, p)
			}
		}
	}
	at, ok := placeOf(t.note(a.Name()))
	if !ok {
		return nil
	}
	link := t.permalink(at)
	for _, p := range call {
		object := "nudged/" + key + "/" + p.Slack
		if p.Slack == "" || t.note(object) != "" {
			continue
		}
		if err := t.tell(p.Slack, object, m.Text, link); err != nil {
			return err
		}
	}
	return nil
}

// broken says in the incident's channel and in the house channel that the glass was broken (I16).
func (t *talk) broken(e incident.GlassBroken) error {
	name := incident.ApprovalName(e.Approval)
	if err := t.line("glass/"+name, templates.Broken(t.i, e, false)); err != nil {
		return err
	}
	return t.toHouse("glass/"+name+"/house", templates.Broken(t.i, e, true))
}
