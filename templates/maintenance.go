package templates

import "github.com/drbot/drbot/incident"

// Scheduled maintenance has words of its own: what is done, from when until when, and how far it is. It has no severity, no
// RTO and no review, and calls nobody before its window.

// Keys of the built-in messages about scheduled maintenance; a runbook has none.
const (
	Maintenance    = "maintenance"
	MaintenanceEnd = "maintenance_end"
)

// FillMaintenance is the message about scheduled maintenance in the place of one of the four: what nobody knows is left out.
func FillMaintenance(key string, v Values) Filled {
	if key == Resolved {
		return FillKnown(BuiltIn(MaintenanceEnd), v)
	}
	return FillKnown(BuiltIn(Maintenance), v)
}

// windowValues are the facts of a window.
func windowValues(i *incident.Incident, v Values) {
	if i.Window == nil {
		return
	}
	v.Set("phase", string(i.Phase()))
	if w := i.Window; !w.From.IsZero() {
		v.Set("window", utc(w.From)+" to "+utc(w.Until))
	}
}

// rank is what stands in front of an incident's number: its light and severity, of maintenance its sign.
func rank(i *incident.Incident) string {
	switch {
	case i.Window == nil:
		return light(i) + " " + severity(i)
	case i.Active():
		return "🔧 Maintenance"
	}
	return "✅ Maintenance"
}

// windowFacts are those of the lines about maintenance.
func windowFacts(i *incident.Incident) map[string]any {
	return map[string]any{
		"ID": i.ID, "Title": flat(i.Title, 120), "Phase": string(i.Phase()), "From": i.Window.From, "Until": i.Window.Until, "Commander": i.Roles[incident.Commander],
		"Over": !i.Active(), "At": i.ResolvedAt, "By": i.ResolvedBy, "Summary": sentence(flat(i.Summary, 1000)),
	}
}

// uncalled reports whether people are not asked to take it on yet: maintenance before its window.
func uncalled(i *incident.Incident) bool {
	return i.Window != nil && i.Phase() == incident.Scheduled && i.State != incident.StateTriage
}

// maintained is the end of scheduled maintenance: how it went, beside what was planned.
func maintained(i *incident.Incident, f Facts) Message {
	facts := windowFacts(i)
	m := Message{Text: locked(i, Say("maintenance.text", facts)), Blocks: []Block{
		Header{Text: short(drill(i, Say("maintenance.header", facts)), maxHeader)},
		Lines{Lines: [][]Span{Line("maintenance.by", facts), Line("maintenance.planned", facts)}}, cardActions(i),
	}}
	if f.Head != "" {
		m.Blocks = append(m.Blocks, Note{Spans: Line("resolution.head", map[string]any{"Head": shortHead(f.Head)})})
	}
	return fit(m)
}
