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
// wrong here is for a person to say. The chosen branch takes the step's place and number. Steps of one procedure whose
// branches are called alike (stop it, start it: on Kubernetes, by systemd) are one question, and one answer is for all of
// them unless somebody says otherwise.

// branch gives the step as its chosen branch makes it. open: nobody chose yet.
func (p planning) branch(s *runbook.Step, d *drafted) (one *runbook.Step, open bool, err error) {
	if !s.Choosable() {
		return s, false, nil
	}
	if said := p.typedBranch(s); said != "" {
		if one, err = s.Choose(said); err != nil {
			return nil, false, incident.Refuse(incident.BadInput, "Step %s has no branch “%s”.", s.Number, cut(said, 60)).Then("Branches: %s.", branchWords(branches(s)))
		}
	} else if one = p.sameBranch(s); one == nil {
		if one, err = s.Choose(p.kept[s.ID]); err != nil {
			return s, true, nil // nobody chose, or what was chosen is gone from the runbook
		}
	}
	d.planned.Branches[s.ID] = one.ID
	one.Number = s.Number
	return one, false, nil
}

// typedBranch is what somebody says now for this very step.
func (p planning) typedBranch(s *runbook.Step) string {
	return or(p.branches[s.Number], p.branches[s.ID])
}

// sameBranch follows what somebody says now for a step whose branches are called alike, unless the two were chosen apart before.
func (p planning) sameBranch(s *runbook.Step) *runbook.Step {
	for k := range p.procedure.Steps {
		t := &p.procedure.Steps[k]
		said := p.typedBranch(t)
		if t.ID == s.ID || said == "" || !t.Choosable() || !slices.Equal(labels(branches(s)), labels(branches(t))) {
			continue
		}
		if labelOf(branches(s), p.kept[s.ID]) != labelOf(branches(t), p.kept[t.ID]) {
			continue
		}
		if other, err := t.Choose(said); err == nil {
			if one, err := s.Choose(labelOf(branches(t), other.ID)); err == nil {
				return one
			}
		}
	}
	return nil
}

func labels(list []incident.Branch) []string {
	var all []string
	for _, b := range list {
		all = append(all, strings.ToLower(b.Label))
	}
	slices.Sort(all)
	return all
}

// labelOf is the label of the branch with an id; empty where there is none.
func labelOf(list []incident.Branch, id string) string {
	for _, b := range list {
		if b.ID == id {
			return b.Label
		}
	}
	return ""
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

// question is one choice to make: for one step, or for several whose branches are called alike.
type question struct {
	spec  *incident.Spec // of the first
	title string         // "1.2 Stop it, 1.6 Start it"
	steps []string       // their numbers
	open  bool           // nobody chose yet
}

// questions are the choices of a draft, in the order of its steps.
func questions(r *incident.Run, specs map[string]*incident.Spec) []question {
	var list []question
	for k := range r.Steps {
		s := &r.Steps[k]
		spec := specs[s.Spec]
		if spec == nil || spec.ChoiceOf == "" {
			continue
		}
		title := s.Number + " " + choiceTitle(r, s, spec)
		same := slices.IndexFunc(list, func(q question) bool {
			return slices.Equal(labels(q.spec.Branches), labels(spec.Branches)) &&
				labelOf(q.spec.Branches, r.Branches[q.spec.ChoiceOf]) == labelOf(spec.Branches, r.Branches[spec.ChoiceOf])
		})
		if same < 0 {
			list = append(list, question{spec: spec, title: title, steps: []string{s.Number}, open: s.Choose})
			continue
		}
		list[same].title, list[same].steps = list[same].title+", "+title, append(list[same].steps, s.Number)
	}
	return list
}

// branchFields asks for the branch of every step that has some.
func branchFields(r *incident.Run, specs map[string]*incident.Spec) []templates.Field {
	var fields []templates.Field
	for _, q := range questions(r, specs) {
		f := templates.Field{
			ID: q.spec.ChoiceOf, Label: cut(q.title, 150), Kind: templates.FieldSelect, Value: r.Branches[q.spec.ChoiceOf],
			Hint: "One of them runs; the choice is recorded.",
		}
		for _, b := range q.spec.Branches {
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
	for _, q := range questions(r, specs) {
		if !q.open {
			continue
		}
		text += "\n" + q.title + ": one of these runs"
		for _, b := range q.spec.Branches {
			text += fmt.Sprintf("\n%s=%s  %s", q.steps[0], branchTyped(b), b.Label)
			if b.Why != "" {
				text += " (" + b.Why + ")"
			}
		}
	}
	return text
}
