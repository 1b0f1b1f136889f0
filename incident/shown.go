package incident

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Shown is what an approver reads before deciding, besides the action, the facts and the people: counted when it is
// asked and kept in the event, so that the card, the terminal and the evidence say for ever what was said then (I43). The
// digest does not cover it: it binds what runs, and this is why somebody lets it run.
type Shown struct {
	Title  string   `json:"title"`            // of the step
	Loses  *Loses   `json:"loses,omitempty"`  // nil: nothing, or its precheck counted it, and then it is a fact
	Undo   *Back    `json:"undo,omitempty"`   // nil: there is none
	Before *Before  `json:"before,omitempty"` // nil: not counted
	Why    *Finding `json:"why,omitempty"`
	Locks  string   `json:"locks,omitempty"` // what the run holds meanwhile, so that no other run touches it
}

// Loses is what is gone when the step has run: the writes from Taken to Until where it works with a dated backup, not
// known where Word deletes or overwrites something, and with neither a backup of which nobody knows the time.
type Loses struct {
	Taken  time.Time     `json:"taken,omitzero"`
	Until  time.Time     `json:"until,omitzero"`
	Opened bool          `json:"opened,omitempty"` // Until is when the incident was opened
	RPO    time.Duration `json:"rpo,omitempty"`
	Word   string        `json:"word,omitempty"`
}

// Back is the way back. An undo whose step is not in the run has no title.
type Back struct {
	Number string `json:"number"`
	Title  string `json:"title,omitempty"`
}

// Before is how often this text had run; Times 0: never.
type Before struct {
	Times   int           `json:"times"`
	Last    time.Time     `json:"last,omitzero"`
	Drill   bool          `json:"drill,omitempty"` // the last one was in a drill
	Outcome string        `json:"outcome,omitempty"`
	Took    time.Duration `json:"took,omitempty"`
}

// Finding is what the latest step that only looked, or that a person did, has shown.
type Finding struct {
	Number string `json:"number"`
	Said   string `json:"said"`
}

// Asking is a request as it is put together.
type Asking struct {
	At     time.Time
	Run    *Run
	Step   *Step
	Action Action
	Facts  []Fact
	Specs  map[string]*Spec
	Script string
}

// Shown words the request for an incident; what the house counted is the caller's to add.
func (q Asking) Shown(i *Incident) Shown {
	return Shown{Title: q.Step.Title, Loses: q.loses(i), Undo: q.undo(), Why: q.why(), Locks: q.Step.Lock}
}

// CountedLoss is what a precheck counted of what is lost; "" when it did not.
func CountedLoss(facts []Fact) string {
	for _, f := range facts {
		if IsLoss(f) {
			return f.Value
		}
	}
	return ""
}

// IsLoss reports whether a fact says what is lost.
func IsLoss(f Fact) bool {
	name := strings.ToLower(strings.TrimSpace(f.Name))
	return name == "loses" || name == "loss"
}

func (q Asking) loses(i *Incident) *Loses {
	if CountedLoss(q.Facts) != "" {
		return nil
	}
	if q.Run != nil {
		switch line, takes := q.Run.Chosen(q.Step, q.Specs); {
		case takes && line.TakenAt.IsZero():
			return &Loses{}
		case takes:
			until := i.LossUntil(line.TakenAt, q.At)
			return &Loses{Taken: line.TakenAt, Until: until, Opened: until.Equal(i.OpenedAt), RPO: i.RPO.Limit}
		}
	}
	if word := Overwrites(q.Step.Title, q.Action.Interpreter, q.Script); word != "" {
		return &Loses{Word: word}
	}
	return nil
}

func (q Asking) undo() *Back {
	if q.Step.Undo == "" || q.Run == nil {
		return nil
	}
	for k := range q.Run.Undos {
		if u := &q.Run.Undos[k]; u.ID == q.Step.Undo {
			return &Back{Number: u.Number, Title: u.Title}
		}
	}
	return &Back{Number: q.Step.Undo}
}

// maxSaid bounds a finding, in characters.
const maxSaid = 300

func (q Asking) why() *Finding {
	if q.Run == nil {
		return nil
	}
	if u := q.Run.Step(q.Step.UndoOf); q.Step.UndoOf != "" && u != nil && u.Note != "" && (u.State == StepFailed || u.State == StepIsLost) {
		return &Finding{Number: u.Number, Said: atMost(u.Note, maxSaid)} // what it undoes is the reason
	}
	var found *Finding
	for k := range q.Run.Steps {
		s := &q.Run.Steps[k]
		if s.ID == q.Step.ID {
			break
		}
		said := ""
		switch {
		case s.State == StepDone && s.Risk == Read && s.Quoted():
			said = finding(s.Last)
		case s.State == StepWasHand:
			said = s.Note
		}
		if said != "" {
			found = &Finding{Number: s.Number, Said: atMost(said, maxSaid)}
		}
	}
	return found
}

// listed is a line of `ls -l`, which says nothing to somebody who decides.
var listed = regexp.MustCompile(`^(?:[-bcdlps][-rwxsStT]{9}\S?\s|total [0-9]+$)`)

// finding is the last line of an output that can be a reason; "" where there is none.
func finding(output string) string {
	for _, line := range slices.Backward(strings.Split(output, "\n")) {
		if line = strings.TrimSpace(line); line != "" && !listed.MatchString(line) {
			return line
		}
	}
	return ""
}

func atMost(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// before is what the house counted of a text.
func (h *House) before(script string) *Before {
	r := h.Scripts[script]
	return &Before{Times: r.Times, Last: r.Last, Drill: r.Drill, Outcome: r.Outcome, Took: r.Took}
}
