package commands

import (
	"regexp"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// markedObject is what a button of a run or an approval says: the number, the step, and the mark of what its card showed.
var markedObject = regexp.MustCompile(`^([RA][0-9]{1,18}(?:/[^#]{1,40})?)#([0-9a-f-]{1,40})$`)

// unmarked splits the mark off an object.
func unmarked(object string) (plain, mark string) {
	if m := markedObject.FindStringSubmatch(object); m != nil {
		return m[1], m[2]
	}
	return object, ""
}

// sameCard refuses what was pressed on a card of another request or run than the one that bears its number in this record
// (I1, I2, I15). What lets something run needs the mark of a card; at the terminal the digits of the sha256 say the same.
func (c *call) sameCard(i *incident.Incident) error {
	if n := approvalNumber(c); n != 0 && c.Actor.Slack != "" && (c.mark != "" || c.verb.Name == "approve" || c.verb.Name == "break") {
		if a := i.Approval(n); a != nil {
			return a.SameCard(c.mark)
		}
		return nil // the rule says that there is none
	}
	if c.mark == "" {
		return nil
	}
	n, step, _ := target(c)
	if r := i.Run(n); r != nil {
		return r.SameCard(c.mark, step)
	}
	return nil
}

// markForm lets the form of a verb carry the mark of the card on which it was asked for, since a record may be restored
// while it is filled in. A plan's form is not bound: planning anew is what it does.
func (c *call) markForm(f *templates.Form) {
	if f == nil || c.mark == "" || f.Verb != c.verb.Full() || number(f.Object) != number(c.Object) {
		return
	}
	mark := c.mark
	if c.Object[0] == 'R' {
		mark, _, _ = strings.Cut(mark, "-")
	}
	f.Object += "#" + mark
}

// number is the A17 or R7 of an object.
func number(object string) string {
	name, _, _ := strings.Cut(object, "/")
	return name
}
