package incident

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// What a restore gives up. Nothing here knows a runbook's names: a backup is a line of a listing, with the time at which
// it was taken, and a step works with it when it takes the listing's value, or a value that the step gave which took it.

// Chosen is the line of a listing that a step works with. takes says that there is one; the line is empty where the
// listing named none with that value (a value such as "newest", or a backup made after the plan was read).
func (r *Run) Chosen(s *Step, specs map[string]*Spec) (line Choice, takes bool) {
	spec := specs[s.Spec]
	if spec == nil {
		return Choice{}, false
	}
	for _, p := range spec.takes(s.Params) {
		lister, name := r.lister(spec, p, specs)
		if lister == "" {
			continue
		}
		takes = true
		if found := r.chosenOf(lister, name); len(found) > 0 {
			return found[0], true
		}
	}
	return Choice{}, takes
}

// lister is the step whose listing a value comes from, with the name of the listed parameter.
func (r *Run) lister(spec *Spec, p Param, specs map[string]*Spec) (step, name string) {
	if _, listed := r.Choices[p.Key]; listed || p.From == "list" {
		return spec.ID, p.Key
	}
	k := strings.LastIndexByte(p.Key, '.')
	if k < 0 {
		return "", ""
	}
	made := r.Step(p.Key[:k])
	if made == nil || specs[made.Spec] == nil {
		return "", ""
	}
	for _, q := range specs[made.Spec].takes(made.Params) {
		if _, listed := r.Choices[q.Key]; listed || q.From == "list" {
			return made.ID, q.Key
		}
	}
	return "", ""
}

// chosenOf are the lines whose value was chosen, or was given by the step that took the choice.
func (r *Run) chosenOf(step, name string) []Choice {
	var found []Choice
	for _, c := range r.Choices[name] {
		if c.State == "rejected" || c.TakenAt.IsZero() {
			continue
		}
		match := c.Value == r.Values[name]
		for key, value := range r.Values {
			match = match || value == c.Value && strings.HasPrefix(key, step+".")
		}
		if match {
			found = append(found, c)
		}
	}
	return found
}

// keepLines bounds the lines that a started run keeps while its choice has no line yet.
const keepLines = 24

// keepChosen drops the lines of listings that were not chosen. A choice that is no line itself ("newest") becomes one when
// its step says what it found; until then the lines stay, without their notes.
func (r *Run) keepChosen() {
	chosen := map[string][]Choice{}
	for name, lines := range r.Choices {
		waits := false
		for k := range r.Steps {
			s := &r.Steps[k]
			if !slices.Contains(s.Params, name) {
				continue
			}
			waits = waits || !s.State.Over()
			if chosen[name] == nil {
				chosen[name] = r.chosenOf(s.ID, name)
			}
		}
		for _, c := range lines { // a rejected or undated one that was chosen all the same
			if c.Value == r.Values[name] && chosen[name] == nil {
				chosen[name] = []Choice{c}
			}
		}
		if chosen[name] == nil && waits && r.State != Ended {
			for _, c := range lines {
				if c.State != "rejected" && !c.TakenAt.IsZero() && len(chosen[name]) < keepLines {
					c.Note = ""
					chosen[name] = append(chosen[name], c)
				}
			}
		}
		if chosen[name] == nil {
			delete(chosen, name)
		}
	}
	if r.Choices = chosen; len(chosen) == 0 {
		r.Choices = nil
	}
}

// LossUntil is the end of what a backup taken at an instant lacks: the opening of the incident, or for a backup that is
// younger, the given instant. Nobody knows when the damage began; what is written later is lost as well.
func (i *Incident) LossUntil(taken, at time.Time) time.Time {
	if taken.Before(i.OpenedAt) {
		return i.OpenedAt
	}
	return at
}

// Restored is what a run brought back.
type Restored struct {
	Run    *Run
	Step   *Step // that put it in place
	Line   Choice
	Lost   time.Duration // of writes: from Line.TakenAt to LossUntil
	By     *Step         // that compared it afterwards, with an expectation that held; nil: none
	Counts []Count       // the numbers that it compared
}

// Count is a number of something, in the runbook's words.
type Count struct{ Label, Number string }

// Restored finds the newest step that changed something with a chosen backup and stands. false: there is none, or it is
// not known which backup it was.
func (i *Incident) Restored(specs map[string]*Spec) (Restored, bool) {
	for _, r := range slices.Backward(i.Runs) {
		for k := len(r.Steps) - 1; k >= 0; k-- {
			s := &r.Steps[k]
			if r.Undoes != nil || s.TakenBack != 0 || s.Risk == Read || s.State != StepDone && s.State != StepWasHand {
				continue
			}
			line, takes := r.Chosen(s, specs)
			if !takes || line.TakenAt.IsZero() {
				continue
			}
			at := s.Started
			if at.IsZero() {
				at = s.EndedAt
			}
			back := Restored{Run: r, Step: s, Line: line, Lost: max(0, i.LossUntil(line.TakenAt, at).Sub(line.TakenAt))}
			back.compared(r.Steps[k+1:], specs)
			return back, true
		}
	}
	return Restored{}, false
}

// compared looks for the check behind the restore: a step that only reads, takes what the choosing step gave, and ended
// as its expectation says.
func (b *Restored) compared(after []Step, specs map[string]*Spec) {
	for k := range after {
		s := &after[k]
		spec := specs[s.Spec]
		if spec == nil || s.Risk != Read || s.State != StepDone || spec.Expect == nil {
			continue
		}
		line, takes := b.Run.Chosen(s, specs)
		if !takes || line != b.Line {
			continue
		}
		b.By = s
		for _, p := range spec.takes(s.Params) {
			if p.Type == "int" && b.Run.Values[p.Key] != "" && strings.Contains(p.Key, ".") {
				b.Counts = append(b.Counts, Count{b.label(p, specs), b.Run.Values[p.Key]})
			}
		}
		return
	}
}

// label is how the step that gave a value names it.
func (b *Restored) label(p Param, specs map[string]*Spec) string {
	if made := b.Run.Step(p.Key[:strings.LastIndexByte(p.Key, '.')]); made != nil && specs[made.Spec] != nil {
		for _, g := range specs[made.Spec].Gives {
			if g.Key == p.Key && g.Label != "" {
				return g.Label
			}
		}
	}
	if p.Label != "" {
		return p.Label
	}
	return p.Name
}

// destroying are words that delete or overwrite, of the shell, SQL, Redis and the tools of clouds and clusters. It is a
// list for people's eyes and no safeguard: the lock's risk class decides who approves. A program that hides what it does
// behind another name is not seen.
var destroying = strings.Fields(`
	rm rmdir unlink shred truncate dd mv cp rsync tar unzip cpio tee wipefs mkfs fdisk lvremove
	drop dropdb dropuser delete del update replace overwrite destroy purge prune wipe erase restore rewind resetwal reset
	flushall flushdb flush rename reinit reimage clean`)

var (
	scriptWord    = regexp.MustCompile(`[A-Za-z]+`)
	scriptComment = regexp.MustCompile(`(?m)(^|\s)#.*$`)
	redirection   = regexp.MustCompile(`(?:^|\s)>\|?\s*(["'$./\w][^\s;|&)]*)`)
)

// Overwrites gives the first word of a step's title or text that deletes or overwrites something, ">" for a file that the
// shell writes anew, and "" when there is none.
func Overwrites(title, interpreter, script string) string {
	if interpreter == "bash" || interpreter == "sh" {
		script = scriptComment.ReplaceAllString(script, "$1")
		for _, m := range redirection.FindAllStringSubmatch(script, -1) {
			if to := strings.Trim(m[1], `"'`); to != "/dev/null" && to != "/dev/stderr" && (to == "" || to[0] < '0' || to[0] > '9') {
				return ">"
			}
		}
	}
	for _, word := range append(scriptWord.FindAllString(title, -1), scriptWord.FindAllString(script, -1)...) {
		if slices.Contains(destroying, strings.ToLower(word)) {
			return word
		}
	}
	return ""
}
