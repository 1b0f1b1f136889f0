package commands

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/templates"
)

// A step of which one branch runs is asked about at the plan, even where only one branch could run: that the others are
// wrong here is for a person to say. The chosen branch takes the step's place and number.

// branch gives the step as its chosen branch makes it. open: nobody chose yet.
func (p planning) branch(s *runbook.Step, d *drafted) (one *runbook.Step, open bool, err error) {
	said := ""
	for _, name := range []string{s.Number, s.ID} { // the number is what somebody typed just now, the id what was chosen before
		if b := p.branches[name]; b != "" && said == "" {
			said = b
		}
	}
	if !s.Choosable() || said == "" {
		return s, s.Choosable(), nil
	}
	one, err = s.Choose(said)
	if err != nil {
		return nil, false, incident.Refuse(incident.BadInput, "Step %s has no branch “%s”.", s.Number, cut(said, 60)).Then("Branches: %s.", branchWords(branches(s)))
	}
	d.planned.Branches[s.ID] = one.ID
	one.Number = s.Number
	return one, false, nil
}

// chooses holds that every branch that was named belongs to a step that has some.
func (p planning) chooses() error {
	for _, name := range slices.Sorted(maps.Keys(p.branches)) {
		if !slices.ContainsFunc(p.procedure.Steps, func(s runbook.Step) bool { return s.Choosable() && (s.ID == name || s.Number == name) }) {
			return incident.Refuse(incident.BadInput, "Step %s of %s has no branches to choose from.", name, p.procedure.Title)
		}
	}
	return nil
}

// undecided is a step whose branch nobody chose yet, as it stands in the draft.
func (p planning) undecided(s *runbook.Step) (incident.Step, incident.Spec) {
	step := incident.Step{ID: s.ID, Number: s.Number, Title: s.Title, Manual: true, Choose: true, Condition: s.Condition}
	return step, incident.Spec{ID: s.ID, Title: s.Title, Text: handText(s), ChoiceOf: s.ID, Branches: branches(s)}
}

func branches(s *runbook.Step) []incident.Branch {
	var list []incident.Branch
	for _, a := range s.Alternatives {
		b := incident.Branch{ID: a.ID, Label: a.Label, Why: a.Why}
		if !a.Ready && b.Why == "" {
			b.Why = "by hand"
		}
		list = append(list, b)
	}
	return list
}

// branchWords lists branches as they are typed: "kubernetes, b (Systemd, old hosts: by hand)".
func branchWords(list []incident.Branch) string {
	var all []string
	for _, b := range list {
		text := b.Label
		if b.Why != "" {
			text += ": " + b.Why
		}
		if name := branchTyped(b); name != strings.ToLower(b.Label) || b.Why != "" {
			text = name + " (" + text + ")"
		} else {
			text = name
		}
		all = append(all, text)
	}
	return words(all)
}

// branchTyped is what a person types for a branch: its label where that is one word, else its letter.
func branchTyped(b incident.Branch) string {
	if label := strings.ToLower(b.Label); label != "" && !strings.ContainsAny(label, " \t\"=") && len(label) <= 20 {
		return label
	}
	return b.ID[len(strings.TrimRight(b.ID, "abcdefghijklmnopqrstuvwxyz")):]
}

// branchFields asks for the branch of every step that has some.
func branchFields(r *incident.Run, specs map[string]*incident.Spec) []templates.Field {
	var fields []templates.Field
	for k := range r.Steps {
		s := &r.Steps[k]
		spec := specs[s.Spec]
		if spec.ChoiceOf == "" {
			continue
		}
		f := templates.Field{
			ID: spec.ChoiceOf, Label: cut(s.Number+" "+choiceTitle(r, s, spec), 150), Kind: templates.FieldSelect, Value: r.Branches[spec.ChoiceOf],
			Hint: "One of them runs; the choice is recorded.",
		}
		for _, b := range spec.Branches {
			f.Options = append(f.Options, templates.Option{Value: b.ID, Label: cut(b.Label, 70), Hint: cut(b.Why, 70)})
		}
		fields = append(fields, f)
	}
	return fields
}

// choiceTitle is the step's title without the branch that was chosen.
func choiceTitle(r *incident.Run, s *incident.Step, spec *incident.Spec) string {
	for _, b := range spec.Branches {
		if b.ID == r.Branches[spec.ChoiceOf] {
			return strings.TrimSuffix(s.Title, ": "+b.Label)
		}
	}
	return s.Title
}

// branchLines say at the terminal what is still to choose, and how it is typed.
func branchLines(r *incident.Run, specs map[string]*incident.Spec) string {
	text := ""
	for k := range r.Steps {
		s := &r.Steps[k]
		spec := specs[s.Spec]
		if !s.Choose || spec == nil {
			continue
		}
		text += fmt.Sprintf("\n%s %s: one of these runs", s.Number, s.Title)
		for _, b := range spec.Branches {
			text += fmt.Sprintf("\n%s=%s  %s", s.Number, branchTyped(b), b.Label)
			if b.Why != "" {
				text += " (" + b.Why + ")"
			}
		}
	}
	return text
}
