package incident

import (
	"regexp"
	"slices"
)

// "Backup restored successfully" and "Data integrity verified" are proved by a run that came to its end: a step of it put a
// backup in place, and a check behind that showed what was expected. An undo of that step takes the proof back.

// Return is the restore of a run that is done, with what proved it.
type Return struct {
	Step string `json:"step"` // id of the step that restored
	By   string `json:"by"`   // id of the check behind it that passed
}

var restoring = regexp.MustCompile(`(?i)\b(pg_|un)?restor(e|es|ed|ing)\b|\bput\b.*\bback\b|\b(backup|dump|snapshot)s?\b.*\bin place\b`)

// Restores reports whether a step's title or text says that it puts a backup in place.
func Restores(title, script string) bool {
	return restoring.MatchString(title) || restoring.MatchString(scriptComment.ReplaceAllString(script, "$1"))
}

// returned finds the last restore of a run that was checked: a step that changed something, with a chosen backup or by what
// it says, and behind it the reading that its lock names, or else the first that has an expectation. nil: there is none.
func (r *Run) returned(specs map[string]*Spec) *Return {
	if r.Undoes != nil {
		return nil
	}
	for k := len(r.Steps) - 1; k >= 0; k-- {
		s := &r.Steps[k]
		if s.Risk == Read || s.UndoOf != "" || s.State != StepDone && s.State != StepWasHand || !r.restores(s, specs) {
			continue
		}
		after := r.Steps[k+1:]
		named := slices.ContainsFunc(after, func(t Step) bool { return t.ID == s.Verify })
		for n := range after {
			check := &after[n]
			spec := specs[check.Spec]
			if named && check.ID != s.Verify || spec == nil || spec.Expect == nil || check.Risk != Read {
				continue
			}
			if check.State != StepDone { // a later one that passed proves something else
				return nil
			}
			return &Return{Step: s.ID, By: check.ID}
		}
	}
	return nil
}

// restores reports whether a step works with a line of a listing that has the time of a backup, or says that it restores.
func (r *Run) restores(s *Step, specs map[string]*Spec) bool {
	if line, takes := r.Chosen(s, specs); takes && !line.TakenAt.IsZero() {
		return true
	}
	script := ""
	if spec := specs[s.Spec]; spec != nil {
		script = spec.Script
	}
	return Restores(s.Title, script)
}

// restored is the newest run whose restore stands and was checked, in words.
func (i *Incident) restored() (Proof, bool) {
	for _, r := range slices.Backward(i.Runs) {
		if r.Back == nil {
			continue
		}
		s, by := r.Step(r.Back.Step), r.Step(r.Back.By)
		if s == nil || by == nil || s.TakenBack != 0 {
			continue
		}
		p, ok := i.Proofs[string(RuleRestored)+"/"+r.Name()]
		return p, ok
	}
	return Proof{}, false
}

// tickFor ticks an item for a step; one whose turn has not come is ticked when it has.
func (d *draft) tickFor(it *Item, by Person, how string) {
	switch {
	case it.Closed():
	case d.CanClose(it) == nil:
		d.add(append([]Event{ItemDone{By: by, Item: it.ID, How: how}}, d.above(it)...)...)
	case it.Bind != nil && it.Bind.Rule == RuleStep:
		d.add(ItemShown{Item: it.ID, How: how})
	}
}

// unshow takes back what a step had shown of an item.
func (d *draft) unshow(it *Item) {
	if _, shown := d.Proofs["step/"+it.ID]; shown {
		d.add(ItemShown{Item: it.ID})
	}
}

// unreturned opens again what drbot closed for a restore that was taken back.
func (d *draft) unreturned() {
	if _, stands := d.restored(); stands {
		return
	}
	for k := range d.Checklist {
		if it := &d.Checklist[k]; it.Bind != nil && it.Bind.Rule == RuleRestored && it.Closed() && it.By.Same(Bot) {
			d.add(d.reopening(Bot, it, "")...)
		}
	}
}

// witnessReturn keeps what the end of a run says of its restore.
func (i *Incident) witnessReturn(at Stamp, e RunEnded) {
	r := i.Run(e.Run)
	if r == nil || e.Back == nil {
		return
	}
	s, by := r.Step(e.Back.Step), r.Step(e.Back.By)
	if s == nil || by == nil {
		return
	}
	i.show(at, string(RuleRestored)+"/"+r.Name(), "step "+s.Number+" of "+r.Name()+", checked by step "+by.Number+showed(by, by.Last))
}
