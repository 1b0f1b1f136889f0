package commands

import (
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/state"
)

// ChecklistRule is what the configuration says of an item of the checklist, by its text.
type ChecklistRule struct {
	Probe  string // id of a step, or an http(s) address that answers 2xx
	Person bool   // nobody but people tick it, whatever it says
}

// checklist flattens the runbook's, each child behind its parent, and ties items to what proves them.
func (o *Office) checklist(rb *runbook.Runbook, drill, restricted bool) []incident.Item {
	var list []incident.Item
	var add func(phase, parent string, items []runbook.Item)
	add = func(phase, parent string, items []runbook.Item) {
		for _, it := range items {
			item := incident.Item{ID: it.ID, Phase: phase, Text: it.Text, Parent: parent, Order: it.List != "", List: it.List}
			if len(it.Items) == 0 { // what has items below it closes with them
				item.Bind = o.bind(rb, it.Text, o.audiences(&incident.Incident{Drill: drill, Restricted: restricted}))
			}
			list = append(list, item)
			add(phase, it.ID, it.Items)
		}
	}
	for _, phase := range rb.Checklist.Phases {
		add(phase.Title, "", phase.Items)
	}
	return list
}

// proven adds to what was decided the items of the checklist that the record shows now, and gives the incident as it is
// after all of it.
func proven(v state.View, i *incident.Incident, events []incident.Event) ([]incident.Event, *incident.Incident) {
	after := folded(v, i, events)
	if after == i { // nothing that proves anything
		return events, i
	}
	more := append(after.ToProbe(events), after.Prove(v.Now())...)
	if len(more) == 0 {
		return events, after
	}
	for k, e := range more {
		after.Apply(incident.Stamp{Seq: after.Seq, N: i.N + uint64(len(events)+k) + 1, Time: v.Now()}, e)
	}
	return append(events[:len(events):len(events)], more...), after
}

// ItemProbed is what the address of an item's probe answered.
type ItemProbed struct {
	Incident incident.ID
	incident.ItemProbed
}

// MessageLeft: the first of an audience outside has a message.
type MessageLeft struct {
	Incident incident.ID
	incident.MessageLeft
}

// PinChanged is what became of a kept message at the chat while nobody of the people here said so.
type PinChanged struct {
	Incident    incident.ID
	Channel, TS string
	Text        string // of an edit
	Deleted     bool
	Off         bool // its last 📌 was taken back while drbot was away
}

// KeepFile: a file of a kept message was copied, or never will be.
type KeepFile struct {
	Incident incident.ID
	incident.FileKept
}

func probed(i *incident.Incident, e ItemProbed) []incident.Event {
	it := i.Item(e.Item)
	if it == nil {
		return nil
	}
	if e.Said = cut(e.Said, 200); e.For.Same(incident.Bot) {
		e.For = incident.Person{}
	}
	return []incident.Event{e.ItemProbed}
}

func pinChanged(i *incident.Incident, e PinChanged) []incident.Event {
	switch {
	case e.Deleted:
		return i.LosePin(e.Channel, e.TS)
	case e.Off:
		return i.Unpin(incident.Bot, e.Channel, e.TS)
	}
	return i.EditPin(e.Channel, e.TS, e.Text)
}
