package templates

import (
	"fmt"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
)

// Limits that every message keeps, in characters (Slack: docs.slack.dev/reference/block-kit).
const (
	maxHeader = 150
	maxLabel  = 75
	maxLine   = 300 // of one line of running text
)

// Announcement is the one message in the announcement channel, redrawn to the end. Of a restricted incident it says
// nothing but the number and whom to ask (I56). initial is the filled initial notification.
func Announcement(i *incident.Incident, f Facts, initial string) Message {
	if i.Restricted {
		return restricted(i, f)
	}
	m := Message{Text: locked(i, Say("announcement.text", map[string]any{"I": i}))}
	m.Blocks = append(m.Blocks, Header{Text: short(drill(i, rank(i)+" "+i.ID.String()+" "+flat(i.Title, 120)), maxHeader)})
	facts := map[string]any{"I": i, "Commander": i.Roles[incident.Commander], "Took": i.ResolvedAt.Sub(i.Since()), "Summary": sentence(flat(i.Summary, 500))}
	state, over := Line("announcement.state", facts), Line("announcement.over", facts)
	if i.Window != nil {
		m.Text = locked(i, Say("maintenance.text", windowFacts(i)))
		state = Line("maintenance.state", windowFacts(i))
		if i.MergedInto == 0 {
			over = Line("maintenance.over", windowFacts(i))
		}
	}
	if !i.Active() {
		m.Blocks = append(m.Blocks, Lines{Lines: [][]Span{over}})
		return fit(m)
	}
	lines := [][]Span{state}
	if during := duringLine(i); during != nil {
		lines = append(lines, during)
	}
	if initial != "" {
		lines = append(lines, bolded(textLines(initial, 2500))...)
	} else if i.Impact != "" {
		lines = append(lines, plain(sentence(flat(i.Impact, 500))))
	}
	if initial == "" && !i.UpdateDue.IsZero() {
		lines = append(lines, Line("announcement.next", map[string]any{"Due": i.UpdateDue}))
	}
	buttons := []Element{ackButton(i)}
	if i.State == incident.StateTriage {
		buttons[0] = acceptButton(i)
	}
	if uncalled(i) {
		buttons = nil
	}
	if f.ChannelURL != "" && i.Channel.ID != "" && i.Channel.Lost == "" {
		buttons = append(buttons, Button{Label: Say("button.channel", nil), URL: f.ChannelURL})
	}
	if m.Blocks = append(m.Blocks, Lines{Lines: lines}); len(buttons) > 0 {
		m.Blocks = append(m.Blocks, Actions{Elements: buttons})
	}
	return fit(m)
}

func restricted(i *incident.Incident, f Facts) Message {
	ask := i.Roles[incident.Commander]
	if ask.Key == "" && len(f.Approvers) > 0 {
		ask = f.Approvers[0]
	}
	facts := map[string]any{"ID": i.ID, "Ask": ask, "Open": i.Active(), "Drill": i.Drill}
	return Message{Text: Say("restricted.text", facts), Blocks: []Block{Lines{Lines: [][]Span{Line("restricted.line", facts)}}}}
}

// Card is the incident card, pinned in the incident's channel.
func Card(i *incident.Incident, f Facts) Message {
	m := Message{Text: cardText(i)}
	m.Blocks = append(m.Blocks, Header{Text: cardHeader(i)})
	var lines [][]Span
	for _, link := range f.Degraded {
		lines = append(lines, Line("card.degraded", map[string]any{"Link": flat(link, maxLine)}))
	}
	if f.House != nil && f.House.Frozen != nil {
		lines = append(lines, Line("card.frozen", f.House.Frozen))
	}
	if i.Channel.Lost != "" {
		lines = append(lines, Line("card.lost", map[string]any{"Why": flat(i.Channel.Lost, maxLine)}))
	}
	lines = append(lines, stateLine(i))
	end, _ := i.HeldEnd()
	if end != nil {
		lines = append(lines, Line("end.card", endFacts(i)))
	}
	for _, o := range i.Waiting() {
		if end != nil && o.Draft == end.Draft {
			continue
		}
		lines = append(lines, Line("look.waits", map[string]any{"To": o.To, "N": o.Draft, "By": o.By}))
	}
	for _, role := range incident.Roles[1:] {
		if who, ok := i.Roles[role]; ok {
			lines = append(lines, Line("card.role", map[string]any{"Role": role, "Who": who}))
		}
	}
	if i.Impact != "" {
		lines = append(lines, Line("card.impact", map[string]any{"Impact": flat(i.Impact, 500)}))
	}
	if len(i.Services) > 0 {
		lines = append(lines, Line("card.services", map[string]any{"Services": flat(Names(i.Services, "and"), maxLine)}))
	}
	if during := duringLine(i); during != nil {
		lines = append(lines, during)
	}
	m.Blocks = append(m.Blocks, Lines{Lines: lines})
	if rows := cardRows(i, f); len(rows) > 0 {
		m.Blocks = append(m.Blocks, Rows{Rows: rows})
	}
	if len(i.Parked) > 0 {
		p := i.Parked[len(i.Parked)-1]
		m.Blocks = append(m.Blocks, Lines{Lines: [][]Span{Line("card.parked", map[string]any{
			"Count": len(i.Parked), "Follower": flat(p.Follower, 40), "Why": flat(p.Why, 200), "Seq": p.Seq, "Commands": f.commandNames(),
		})}})
	}
	m.Blocks = append(m.Blocks, cardActions(i), Note{Spans: Line("card.opened", map[string]any{"I": i, "Source": flat(i.Source, 120), "Type": flat(i.Type, 80), "Revision": short8(i.Revision)})})
	return fit(m).dated(f.Now)
}

func cardHeader(i *incident.Incident) string {
	return short(drill(i, rank(i)+" · "+i.ID.String()+" · "+flat(i.Title, 120)), maxHeader)
}

func cardRows(i *incident.Incident, f Facts) []Row {
	var rows []Row
	add := func(label string, spans []Span) {
		if len(spans) > 0 {
			rows = append(rows, Row{Label: Say("label."+label, nil), Spans: spans})
		}
	}
	if i.Active() {
		add("now", nowLine(i))
	}
	if !i.Dismissed() {
		add("time", timeLine(i, f))
	}
	if i.Active() {
		add("data", dataLine(i, f))
		add("next", nextLine(i))
	}
	add("told", toldLine(i))
	add("alert", join(alertLine(i), lateLine(i)))
	return rows
}

// nowLine says what the incident is at: its run, or that none is planned.
func nowLine(i *incident.Incident) []Span {
	r := i.LiveRun()
	if r == nil {
		for k := len(i.Runs) - 1; k >= 0; k-- {
			if last := i.Runs[k]; last.How != incident.EndDiscarded {
				return Line("now.ended", map[string]any{"Run": last.Name(), "Title": flat(last.Title, 80), "How": last.How, "At": last.EndedAt})
			}
		}
		return Line("now.none", nil)
	}
	facts := map[string]any{"Run": r.Name(), "Title": flat(r.Title, 80), "Why": because(r.Why), "Number": "", "State": "", "Approval": ""}
	if s := r.Next(); s != nil {
		facts["Number"], facts["State"] = s.Number, doing(r, s)
		if s.State == incident.StepWaits {
			facts["Approval"] = incident.ApprovalName(s.Approval)
		}
	}
	switch r.State {
	case incident.Draft:
		return Line("now.draft", facts)
	case incident.Paused:
		return Line("now.paused", facts)
	}
	return Line("now.running", facts)
}

// because continues a sentence with a reason: ": …", or " by Ana" where that is the reason.
func because(why string) string {
	why = flat(why, 300)
	switch {
	case why == "":
		return ""
	case strings.HasPrefix(why, "by "):
		return " " + why
	}
	return ": " + why
}

// doing says in one or two words what a step is at.
func doing(r *incident.Run, s *incident.Step) string {
	if r.AwaitsConfirm(s) {
		return "confirm"
	}
	return string(s.State)
}

func timeLine(i *incident.Incident, f Facts) []Span {
	if i.RTO.Limit == 0 || i.Window != nil {
		return nil
	}
	facts := map[string]any{
		"Ends": i.Since().Add(i.RTO.Limit), "Name": flat(i.RTO.Name, 60), "Limit": i.RTO.Limit, "Ready": time.Time{},
		"Over": !i.Active() && !i.ResolvedAt.IsZero(), "Took": i.ResolvedAt.Sub(i.Since()), "Met": i.ResolvedAt.Sub(i.Since()) <= i.RTO.Limit,
	}
	if r := i.LiveRun(); r != nil && r.State == incident.Running {
		// An estimate that has passed, or that a failed step has made untrue, is not shown.
		s, ready := r.Next(), r.StartedAt.Add(f.Usual[r.Procedure].Took)
		if s != nil && s.State != incident.StepFailed && s.State != incident.StepIsLost && ready.After(i.Time) && ready.After(f.Now) {
			facts["Ready"] = ready
		}
	}
	return Line("card.time", facts)
}

func dataLine(i *incident.Incident, f Facts) []Span {
	if i.RPO.Limit == 0 && f.Backup == nil || i.Window != nil {
		return nil
	}
	if f.Backup == nil {
		return Line("card.unwatched", map[string]any{"RPO": i.RPO.Limit})
	}
	return Line("card.data", map[string]any{"At": f.Backup.At, "Stake": i.Since().Sub(f.Backup.At), "RPO": i.RPO.Limit})
}

func nextLine(i *incident.Incident) []Span {
	var update []Span
	switch {
	case !i.LateSince.IsZero():
		update = Line("next.late", map[string]any{"Since": i.LateSince})
	case !i.UpdateDue.IsZero():
		update = Line("next.update", map[string]any{"Due": i.UpdateDue})
	}
	var items []Span
	if closed, all := i.ItemsDone(); all > 0 {
		items = Line("next.checklist", map[string]any{"Closed": closed, "All": all})
	}
	return join(update, items)
}

func toldLine(i *incident.Incident) []Span {
	var answered []Span
	switch {
	case i.Window != nil: // nobody is asked for an answer
	case !i.AckedAt.IsZero():
		answered = Line("told.answered", map[string]any{"Who": i.AckedBy, "At": i.AckedAt})
	case i.Active() && !i.BegunAt.IsZero():
		answered = Line("told.began", map[string]any{"Who": i.BegunBy, "At": i.BegunAt})
	case i.Active() && !i.RespondBy.IsZero() && !i.Answered():
		answered = Line("told.nobody", map[string]any{"Due": i.RespondBy})
	}
	parts := [][]Span{answered}
	for _, a := range i.Approvals {
		if a.State == incident.Pending && len(a.Asked) > 0 {
			parts = append(parts, Line("told.asked", map[string]any{"Asked": a.Asked[:min(len(a.Asked), 5)], "At": a.At, "Name": a.Name()}))
		}
	}
	return join(append(parts, pagedLines(i)...)...)
}

func cardActions(i *incident.Incident) Actions {
	id := object(i)
	if !i.Active() {
		return Actions{Elements: []Element{
			Button{Verb: "incident reopen", Object: id, Label: Say("button.reopen", nil)},
		}}
	}
	if i.State == incident.StateTriage {
		return triageActions(i)
	}
	if i.Window != nil {
		return plannedActions(i)
	}
	return Actions{Elements: []Element{
		ackButton(i),
		Button{Verb: "recover plan", Object: id, Label: Say("button.recover", nil)},
		Button{Verb: "incident update", Object: id, Label: Say("button.update", nil)},
		Menu{Options: []Button{
			{Verb: "incident severity", Object: id, Label: Say("button.severity", nil)},
			{Verb: "incident role", Object: id, Label: Say("button.role", nil)},
			{Verb: "incident note", Object: id, Label: Say("button.note", nil)},
			{Verb: "incident page", Object: id, Label: Say("button.page", nil)},
			{Verb: "incident resolve", Object: id, Label: Say("button.resolve", nil)},
		}},
	}}
}

// ackButton takes the incident on; once somebody commands it, it takes that over.
func ackButton(i *incident.Incident) Button {
	b := Button{Verb: "incident ack", Object: object(i), Label: Say("button.ack", nil), Style: "primary"}
	if i.Roles[incident.Commander].Key != "" {
		b.Label, b.Style = Say("button.takeover", nil), ""
	}
	return b
}

// Topic is the channel's topic: "SEV-1 · Identified · Ana · RTO 03:58".
func Topic(i *incident.Incident) string {
	if i.Window != nil {
		return flat(drill(i, Say("maintenance.topic", windowFacts(i))), 250)
	}
	return flat(drill(i, Say("card.topic", map[string]any{"I": i, "Commander": i.Roles[incident.Commander], "Ends": i.Since().Add(i.RTO.Limit)})), 250)
}

func object(i *incident.Incident) string { return fmt.Sprint(uint64(i.ID)) }

func severity(i *incident.Incident) string { return fmt.Sprintf("SEV-%d", i.Severity) }

// light is the sign in front of a severity; the word stands behind it always.
func light(i *incident.Incident) string {
	switch {
	case !i.Active():
		return "✅"
	case i.Severity <= 1:
		return "🔴"
	case i.Severity == 2:
		return "🟠"
	}
	return "🟡"
}

// drill puts DRILL first.
func drill(i *incident.Incident, s string) string {
	if i.Drill {
		return "DRILL · " + s
	}
	return s
}

// marked puts DRILL in front of a message that has no header.
func marked(i *incident.Incident, spans []Span) []Span {
	if i.Drill {
		return append([]Span{B("DRILL · ")}, spans...)
	}
	return spans
}

// locked is the text of a locked phone; of a restricted incident it is nothing but the number (I56).
func locked(i *incident.Incident, s string) string {
	if i.Restricted {
		s = Say("card.needs", map[string]any{"ID": i.ID})
	}
	return short(drill(i, flat(s, 400)), 400)
}

func short8(digest string) string {
	if len(digest) > 8 {
		return digest[:8]
	}
	return digest
}
