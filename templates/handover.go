package templates

import (
	"strconv"

	"github.com/drbot/drbot/incident"
)

// Handover asks one person to take over, with what they need to know; once answered it is one line.
func Handover(i *incident.Incident, o *incident.Offer) Message {
	facts := map[string]any{
		"ID": i.ID, "To": o.To, "From": o.From, "By": o.By, "Away": !o.By.Same(o.From), "What": Names(o.What(), "and"), "How": o.How, "At": o.Ended, "Active": i.Active(),
	}
	if o.How == "" && !i.Stands(o) {
		facts["How"] = "moot"
	}
	m := Message{Text: locked(i, Say("handover.text", facts))}
	if facts["How"] != "" {
		m.Blocks = []Block{Lines{Lines: [][]Span{marked(i, Line("handover.over", facts))}}}
		return fit(m)
	}
	lines := [][]Span{marked(i, Line("handover.line", facts))}
	if next := nextLine(i); len(next) > 0 {
		lines = append(lines, append(Line("handover.open", nil), append([]Span{T(" ")}, next...)...))
	}
	lines = append(lines, append(Line("welcome.now", nil), append([]Span{T(" ")}, nowLine(i)...)...))
	if r := i.Run(o.Run); r != nil {
		if now := flat(r.NowTrue(), 300); now != "" {
			lines = append(lines, Line("handover.true", map[string]any{"Now": now}))
		}
	}
	object := strconv.FormatUint(uint64(i.ID), 10) + "/h" + strconv.FormatUint(o.N, 10)
	m.Blocks = []Block{Lines{Lines: lines}, Actions{Elements: []Element{
		Button{Verb: "incident take", Object: object, Label: Say("button.take", nil), Style: "primary"},
		Button{Verb: "incident notnow", Object: object, Label: Say("button.notnow", nil)},
	}}}
	return fit(m)
}
