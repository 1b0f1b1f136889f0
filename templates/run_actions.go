package templates

import (
	"slices"

	"github.com/drbot/drbot/incident"
)

func runActions(i *incident.Incident, r *incident.Run, f Facts) Actions {
	name := r.Name()
	output := Button{Verb: "recover output", Object: name, Label: Say("button.output", nil)}
	cancel := Button{Verb: "recover cancel", Object: runObject(r), Label: Say("button.cancel", nil)}
	var list []Element
	switch r.State {
	case incident.Draft:
		return draftActions(r)
	case incident.Ended:
		return endedActions(i, r, f, output)
	case incident.Paused:
		list = append(list,
			Button{Verb: "recover resume", Object: runObject(r), Label: Say("button.resume", nil), Style: "primary"},
			Button{Verb: "recover step", Object: runObject(r), Label: Say("button.step", nil)})
	default:
		if r.Held() && !f.frozen() {
			list = append(list, Button{Verb: "recover resume", Object: runObject(r), Label: Say("button.resume", nil), Style: "primary"})
		}
		list = append(list, Button{Verb: "recover pause", Object: runObject(r), Label: Say("button.pause", nil)})
	}
	menu := Menu{}
	if s := r.Next(); s != nil && !s.State.Active() {
		menu.Options = append(menu.Options,
			Button{Verb: "recover skip", Object: stepObject(r, s), Label: Say("button.skip", nil)},
			Button{Verb: "recover hand", Object: stepObject(r, s), Label: Say("button.hand", nil)})
		if u := r.Undoable(""); u != nil {
			menu.Options = append(menu.Options, Button{Verb: "recover undo", Object: stepObject(r, u), Label: Say("button.undo", map[string]any{"Number": u.Number})})
		}
	}
	menu.Options = append(menu.Options, Button{Verb: "recover handover", Object: runObject(r), Label: Say("button.handover", nil)}, cancel)
	return Actions{Elements: append(list, output, menu)}
}

// draftActions start a plan, change it, or let it go. An undo has the values of the run that it takes a step of back.
func draftActions(r *incident.Run) Actions {
	var list []Element
	if r.Asking == "" && r.Failure == "" && !r.Asks && len(r.Missing())+len(r.Undecided()) == 0 {
		list = append(list, Button{Verb: "recover start", Object: planObject(r), Label: Say("button.start", nil), Style: "primary"})
	}
	if r.Undoes == nil {
		list = append(list, Button{Verb: "recover plan", Object: runObject(r), Label: Say("button.change", nil)})
	}
	return Actions{Elements: append(list, Button{
		Verb: "recover cancel", Object: runObject(r), Label: Say("button.discard", nil), Confirm: &Confirm{
			Title: Say("discard.title", map[string]any{"Run": r.Name()}), Text: Say("discard.ask", nil),
			Yes: Say("button.discard", nil), No: Say("button.back", nil),
		},
	})}
}

// endedActions are what is left to do with a run that is over: read, take a step back, and plan what its steps named.
func endedActions(i *incident.Incident, r *incident.Run, f Facts, output Element) Actions {
	if r.StartedAt.IsZero() {
		return Actions{}
	}
	list := []Element{output}
	if u := r.Undoable(""); u != nil && i.Active() {
		list = append(list, Button{Verb: "recover undo", Object: stepObject(r, u), Label: Say("button.undo", map[string]any{"Number": u.Number})})
	}
	return Actions{Elements: append(list, calledNext(i, r, f)...)}
}

// calledNext offers the procedures that steps of an ended run named: runs are not nested, so they are planned now.
func calledNext(i *incident.Incident, r *incident.Run, f Facts) []Element {
	var list []Element
	if !i.Active() || i.LiveRun() != nil {
		return nil
	}
	for k := range r.Steps {
		if spec := f.Specs[r.Steps[k].Spec]; spec != nil && r.Steps[k].State == incident.StepWasHand {
			for _, b := range calledButtons(i, spec) {
				if !slices.Contains(list, b) && len(list) < maxCalled {
					list = append(list, b)
				}
			}
		}
	}
	return list
}
