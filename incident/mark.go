package incident

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// A number names a request within one record. A record that was restored from a backup gives the same numbers again, and
// the cards of the first ones still stand in the chat. So a button carries, behind the number, a mark that is made of
// what its card showed; a decision compares it with what the number means now.

// Mark tells this request apart from every other one that bears its number. It begins with the first digits of the
// digest, so that a refusal can say what the other card showed.
func (a *Approval) Mark() string {
	return short(a.Digest) + "-" + marked(a.Run, a.Step, a.Digest, a.At.UnixNano())
}

// Mark tells this run apart from every other one that bears its number.
func (r *Run) Mark() string {
	return marked(r.Procedure, r.Revision, r.PlannedAt.UnixNano())
}

// MarkWith is the run's mark and one of what a person agrees to on its card: the plan for an empty step, else the step
// with its values.
func (r *Run) MarkWith(step string) string {
	type shown struct{ ID, Spec, Target string }
	var list []shown
	for k := range r.Steps {
		if s := &r.Steps[k]; step == "" || s.ID == step {
			list = append(list, shown{s.ID, s.Spec, s.Target})
		}
	}
	return r.Mark() + "-" + marked(list, r.Values, r.Branches)
}

// Bears reports whether a mark that came with a run, and with one of its steps, is of it as it is now.
func (r *Run) Bears(mark, step string) bool {
	return mark == r.Mark() || strings.Contains(mark, "-") && mark == r.MarkWith(step)
}

func marked(parts ...any) string {
	text, err := json.Marshal(parts)
	if err != nil { // strings, numbers and maps of strings: it cannot be
		text = []byte(err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}

func short(digest string) string { return digest[:min(8, len(digest))] }

// now says what a number asks for in this record.
func (a *Approval) now() string {
	where := ""
	if a.Target() != "" {
		where = " on " + a.Target()
	}
	return "step " + a.Number + where
}

// SameCard refuses a decision that was made on the card of another request with this one's number (I1, I2).
func (a *Approval) SameCard(mark string) error {
	if mark == a.Mark() {
		return nil
	}
	read := "Read its card in this channel and press there."
	if !a.Undecided() {
		read = "It is over."
	}
	shown, _, _ := strings.Cut(mark, "-")
	switch {
	case mark == "":
		return Refuse(TooLate, "%s is decided on its card, and this button does not say which text its card shows.", a.Name()).
			Then("Read its newest card in this channel, or decide at the terminal.")
	case shown == short(a.Digest):
		return Refuse(TooLate, "Nothing was decided: this card is of an earlier %s, from before drbot's record was restored. %s asks now for %s with the same text, sha256 %s.",
			a.Name(), a.Name(), a.now(), short(a.Digest)).Then("%s", read)
	}
	return Refuse(TooLate, "Nothing was decided: this card shows the text with sha256 %s and is from before drbot's record was restored. %s asks now for %s, sha256 %s.",
		short(shown), a.Name(), a.now(), short(a.Digest)).Then("%s", read)
}

// SameCard refuses what was pressed on a card of another run with this one's number, or of this one with other values.
func (r *Run) SameCard(mark, step string) error {
	switch {
	case r.Bears(mark, step):
		return nil
	case strings.HasPrefix(mark, r.Mark()):
		return Refuse(WrongState, "Nothing was done: %s was changed after this was drawn.", r.Name()).Then("Read its card as it is now, and press there.")
	}
	return Refuse(TooLate, "Nothing was done: this is of another %s than there is now; its plan was made anew, or drbot's record was restored. %s is now %s: %s.",
		r.Name(), r.Name(), r.Title, r.Doing()).Then("Read its newest card in this channel, and press there.")
}
