package templates

import (
	"fmt"
	"time"

	"github.com/drbot/drbot/incident"
)

// OwedSoon reminds of it five minutes before, with the draft, where responders are promised another instant. A mail cannot be
// taken back, so nothing puts it off.
func OwedSoon(i *incident.Incident, d Overdue, draft Drafted) Message {
	to := d.To(i)
	facts := map[string]any{"ID": i.ID, "Due": d.Due, "To": to, "Who": speakers(i, false), "Draft": flat(draft.Text, 2500), "Active": i.Active()}
	text := Say("owedsoon.text", facts)
	if len(to) == 0 || !i.OwedTo(to[0]).Late.IsZero() {
		return closed(i, text, Line("owedsoon.over", facts))
	}
	if o := i.Held(to[0]); o != nil {
		return closed(i, text, held(Line("owedsoon.held", facts), o))
	}
	seen := fmt.Sprintf("/u%d", i.Updates)
	return fit(Message{Text: locked(i, text), Blocks: []Block{
		Lines{Lines: [][]Span{marked(i, Line("owedsoon.line", facts)), Line("reminder.draft", facts)}},
		Actions{Elements: []Element{
			Button{Verb: "incident send", Object: object(i) + whom(to) + seen + "/d" + draft.ID, Label: Say("button.send", nil), Style: "primary"},
			Button{Verb: "incident update", Object: object(i) + whom(to) + seen, Label: Say("button.edit", nil)},
		}},
	}}).dated(i.Time)
}

// whom are audiences in the object of a button.
func whom(to []incident.Audience) (part string) {
	for _, a := range to {
		part += "/" + string(a)
	}
	return part
}

// promisedToo are the facts of the line that says whom else the responders' draft goes to: promised the same instant, or an
// earlier one that has passed.
func promisedToo(i *incident.Incident, to []incident.Audience, due time.Time) map[string]any {
	var since time.Time
	for _, a := range to {
		if o := i.OwedTo(a); o != nil && (since.IsZero() || o.Due.Before(since)) {
			since = o.Due
		}
	}
	return map[string]any{"To": to, "Since": since, "Promised": since.Unix() == due.Unix()}
}
