package templates

import (
	"maps"
	"slices"
	"time"

	"github.com/drbot/drbot/incident"
)

// Scheduled maintenance has words of its own: what is done, from when until when, and how far it is. It has no severity, no
// RTO and no review, and calls nobody before its window.

// Keys of the built-in messages about scheduled maintenance; a runbook has none.
const (
	Maintenance    = "maintenance"
	MaintenanceEnd = "maintenance_end"
	MaintenanceOff = "maintenance_off"
)

// FillMaintenance is the message about scheduled maintenance in the place of one of the four: what nobody knows is left out.
func FillMaintenance(key string, v Values) Filled {
	switch {
	case key == Resolved && slices.Equal(v["phase"], []string{string(incident.CalledOff)}):
		return FillKnown(BuiltIn(MaintenanceOff), v)
	case key == Resolved:
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
	case i.Phase() == incident.CalledOff:
		return "⏹ Maintenance"
	}
	return "✅ Maintenance"
}

// windowFacts are those of the lines about maintenance.
func windowFacts(i *incident.Incident) map[string]any {
	return map[string]any{
		"ID": i.ID, "Title": flat(i.Title, 120), "Phase": string(i.Phase()), "From": i.Window.From, "Until": i.Window.Until, "Commander": i.Roles[incident.Commander],
		"Over": !i.Active(), "Active": i.Active(), "Overrun": i.Overrun(), "Off": i.Phase() == incident.CalledOff, "At": i.ResolvedAt, "By": i.ResolvedBy, "Summary": sentence(flat(i.Summary, 1000)),
	}
}

// stateLine is the line that says how far it is: of an incident its status, of maintenance its phase and window.
func stateLine(i *incident.Incident) []Span {
	switch {
	case i.Window == nil || i.State == incident.StateTriage || i.MergedInto != 0:
		return Line("card.state", map[string]any{"I": i, "Commander": i.Roles[incident.Commander]})
	case !i.Active():
		return join(Line("maintenance.done", windowFacts(i)), Line("maintenance.planned", windowFacts(i)))
	}
	return join(Line("window.state", windowFacts(i)), Line("maintenance.led", windowFacts(i)))
}

// cardText is the card on a locked phone.
func cardText(i *incident.Incident) string {
	if i.Window != nil {
		return locked(i, Say("maintenance.text", windowFacts(i)))
	}
	return locked(i, Say("card.text", map[string]any{"I": i}))
}

// plannedActions are the buttons of maintenance: who leads it, its runs, its messages, its window, its end.
func plannedActions(i *incident.Incident) Actions {
	lead, end := ackButton(i), "button.completed"
	if i.Roles[incident.Commander].Key == "" {
		lead.Label = Say("button.lead", nil)
	}
	if i.BeforeWindow(i.Time) {
		end = "button.calloff"
	}
	id := object(i)
	return Actions{Elements: []Element{
		lead,
		Button{Verb: "recover plan", Object: id, Label: Say("button.recover", nil)},
		Button{Verb: "incident update", Object: id, Label: Say("button.update", nil)},
		Menu{Options: []Button{
			{Verb: "incident window", Object: id, Label: Say("button.window", nil)},
			{Verb: "incident role", Object: id, Label: Say("button.role", nil)},
			{Verb: "incident note", Object: id, Label: Say("button.note", nil)},
			{Verb: "incident type", Object: id, Label: Say("button.type", nil)},
			{Verb: "incident resolve", Object: id, Label: Say(end, nil)},
		}},
	}}
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

// Windowed is an instant of a maintenance window that drbot speaks of.
type Windowed struct {
	What string    // begin | soon | end
	At   time.Time // the instant as it was planned then: of begin the beginning, of the others the end
	Late time.Duration
}

// Stands reports whether the window is still planned so, and the maintenance is not over.
func (w Windowed) Stands(i *incident.Incident) bool {
	if i.Window == nil || !i.Active() {
		return false
	}
	if w.What == "begin" {
		return w.At.Equal(i.Window.From)
	}
	return w.At.Equal(i.Window.Until)
}

func (w Windowed) facts(i *incident.Incident) map[string]any {
	facts := map[string]any{"What": w.What, "Was": w.At, "Stands": w.Stands(i), "Late": w.Late, "Down": false, "Who": speakers(i, true), "ID": i.ID, "Gone": i.Window == nil, "Active": i.Active()}
	if i.Window != nil {
		maps.Copy(facts, windowFacts(i))
		facts["Down"] = w.Late > tolerated && !w.At.Before(i.Window.SetAt) // planned for an instant that was over: nobody was late
	}
	return facts
}

// WindowSaid says an instant of scheduled maintenance in its channel, to who leads it.
func WindowSaid(i *incident.Incident, w Windowed) Message {
	facts := w.facts(i)
	text := locked(i, Say("window.text", facts))
	if !w.Stands(i) {
		return closed(i, text, Line("window.over", facts))
	}
	m := Message{Text: text, Blocks: []Block{Lines{Lines: [][]Span{marked(i, Line("window."+w.What, facts))}}}}
	if w.What != "begin" {
		m.Blocks = append(m.Blocks, Actions{Elements: []Element{
			Button{Verb: "incident longer", Object: object(i), Label: Say("button.longer", nil)},
			Button{Verb: "incident resolve", Object: object(i), Label: Say("button.completed", nil)},
		}})
	}
	return fit(m).dated(i.Time)
}

// WindowTold says it where people only read it: nobody is called.
func WindowTold(i *incident.Incident, w Windowed) Message {
	facts := w.facts(i)
	if !w.Stands(i) {
		return closed(i, Say("window.text", facts), Line("window.over", facts))
	}
	facts["Who"] = []incident.Person(nil)
	name := "window." + w.What
	if w.What == "end" {
		name = "window.endtold"
	}
	return closed(i, Say("window.text", facts), Line(name, facts))
}

// duringLine says that the services of an incident were being maintained when it was opened.
func duringLine(i *incident.Incident) []Span {
	d := i.During
	if d == nil || !i.Active() {
		return nil
	}
	return Line("maintenance.during", map[string]any{"ID": d.Incident, "Services": flat(Names(d.Services, "and"), maxLine), "Until": d.Until, "Over": d.Until.Before(i.OpenedAt)})
}
