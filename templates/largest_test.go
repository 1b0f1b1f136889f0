package templates

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/drbot/drbot/incident"
)

// The largest incident that people, runbooks and machines can make still shows in every card.
func TestLargestIncidentFits(t *testing.T) {
	text := rapid.OneOf(rapid.StringN(0, 400, -1), rapid.SampledFrom(hostile), rapid.Just(strings.Repeat("Wörter und ", 400)))
	rapid.Check(t, func(t *rapid.T) {
		s := poisoned(text.Draw(t, "value"))
		i, r := s.Incident, s.Run(7)
		i.Drill, i.Restricted = rapid.Bool().Draw(t, "drill"), rapid.Bool().Draw(t, "restricted")
		i.Severity = rapid.IntRange(1, 4).Draw(t, "severity")
		i.State = rapid.SampledFrom([]incident.State{incident.StateTriage, incident.StateOpen, incident.StateResolved, incident.StateClosed}).Draw(t, "state")
		if !i.Active() {
			i.ResolvedAt, i.ResolvedBy = at("04:00"), ana
		}
		r.State = rapid.SampledFrom([]incident.RunState{incident.Draft, incident.Running, incident.Paused, incident.Ended}).Draw(t, "run")
		for n := range rapid.IntRange(0, 60).Draw(t, "items") {
			i.Checklist = append(i.Checklist, incident.Item{
				ID: fmt.Sprintf("c%d", n+11), Phase: "Before", Text: text.Draw(t, "item"), State: rapid.SampledFrom([]string{"", "done", "na"}).Draw(t, "closed"),
				By: rapid.SampledFrom([]incident.Person{ana, incident.Bot}).Draw(t, "by"), How: text.Draw(t, "how"),
			})
		}
		states := rapid.SampledFrom([]incident.StepState{
			incident.StepTodo, incident.StepReading, incident.StepWaits, incident.StepReady, incident.StepHand, incident.StepStarts, incident.StepRuns, incident.StepDone,
			incident.StepFailed, incident.StepIsLost, incident.StepSkip, incident.StepWasHand, incident.StepUndoTodo,
		})
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			step := r.Steps[0]
			step.State, step.Title, step.Note, step.Started, step.EndedAt = states.Draw(t, "step"), text.Draw(t, "title"), text.Draw(t, "note"), at("03:00"), at("03:01")
			r.Steps = append(r.Steps, step)
		}
		for n := range rapid.IntRange(0, 30).Draw(t, "values") {
			r.Values[fmt.Sprintf("VALUE%d", n)] = text.Draw(t, "value")
		}
		for n := range rapid.IntRange(0, 4).Draw(t, "approvals") {
			a := *i.Approvals[0]
			a.N, a.State = uint64(100+n), incident.Pending
			for range 12 {
				a.Asked = append(a.Asked, incident.Person{Key: "x", Name: text.Draw(t, "name")})
			}
			i.Approvals = append(i.Approvals, &a)
		}
		for name, m := range everyCard(s) {
			if strings.Contains(Text(m), "(sentence ") {
				t.Fatalf("%s: a sentence failed: %s", name, Text(m))
			}
			checkLimits(t, m)
		}
	})
}

// The page has what people need to go on by hand, and its values stay values.
func TestI55_PageIsEnoughToGoOn(t *testing.T) {
	s := waiting()
	page := string(Paper(s.Incident, s.facts()))
	for _, want := range []string{
		"SEV-1", "INC-42", "Identified", "A17 for step 1.6 waits", "service stopped; data files untouched", "Ana Ruiz: +34 600 000 001", "Bea Ode: +34 600 000 002",
		"c4 Damaged data preserved", "`/srv/backups/20261124_020000`", "With drbot dead", "drbot incident show 42 --offline", "Call the hoster.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(restoreScript), "\n") {
		if !strings.Contains(page, line) {
			t.Errorf("the page lacks the script's line %q", line)
		}
	}
	golden(t, "paper/waiting.md", page)
	golden(t, "paper/opened.md", string(Paper(opening().Incident, Facts{})))
	golden(t, "paper/restoring.md", string(Paper(restoring().Incident, restoring().facts())))
	secret := resolved()
	secret.Restricted, secret.Channel.Lost = true, "archived"
	golden(t, "paper/resolved.md", string(Paper(secret.Incident, Facts{Host: "ops1"})))
	for _, value := range hostile {
		page := string(Paper(poisoned(value).Incident, Facts{Contacts: []Contact{{Name: value, Phone: value}}}))
		if strings.Contains(page, "(sentence ") || strings.ContainsFunc(page, func(r rune) bool { return hidden(r) && r != '\n' }) {
			t.Errorf("with %.40q the page is broken", value)
		}
	}
}

// TestUnsaid fails on a sentence of a card that no golden shows: nobody has read it.
func TestUnsaid(t *testing.T) {
	sayings := map[string]bool{}
	listen = func(name string) { sayings[name] = true }
	defer func() { listen = func(string) {} }()
	cards()
	for _, s := range []*story{waiting(), opening(), restoring(), resolved()} {
		f := s.facts()
		f.Contacts = nil
		s.Restricted = true
		Topic(s.Incident)
		Paper(s.Incident, f)
	}
	waiting := waiting()
	Paper(waiting.Incident, waiting.facts())
	values := resolved()
	Known(values.Incident, Facts{})
	DataImpact(&Saved{})
	for _, name := range kinds(t) {
		InWords(decoded(t, name, "word"))
	}
	s := reviewed()
	s.Restricted, s.Run(7).Steps[0].Attempts, s.DataImpact = true, 1, "none"
	s.Checklist[3].State, s.Checklist[3].Anyway = "done", "seen"
	review(s, ownTemplate)
	straight := resolved()
	straight.Run(7).Steps = straight.Run(7).Steps[:1]
	ReviewDraft(straight.Incident, make([]Entry, maxTimeline+1), straight.facts(), "")
	ticked := opening()
	ticked.Checklist = []incident.Item{{ID: "c1", Text: "Users told", State: "done", Anyway: "by phone"}}
	ReviewDraft(ticked.Incident, nil, Facts{}, "")
	mailed := opening()
	mailed.Promises.Mailed = incident.Cadence{Kept: 1, Late: 1, Missed: 1}
	ReviewDraft(mailed.Incident, nil, Facts{}, "")
	Say("review.redacted", nil)
	Delayed(Letter{Text: utc(at("03:00"))}, at("03:00"), at("04:00"), at("03:00"))
	Say("audience.name", map[string]any{"To": "mail"}) // in answers
	mailAll()
	pageAll()
	Topic(opening().say("02:59", incident.WindowSet{By: ana}).Incident)
	reportAll()
	Card(opening().say("02:59", incident.StatusSet{By: ana, Status: incident.Identified}).Incident, Facts{})
	for _, sentence := range parsed()[1].Templates() {
		if name := sentence.Name(); !strings.HasSuffix(name, ".tmpl") && name != "say" && !sayings[name] {
			t.Errorf("nothing says %q", name)
		}
	}
}

// everyMessage adds what is drawn of messages to people, and of the review.
func everyMessage(i *incident.Incident, f Facts, all map[string]Message) {
	words, writer := short(i.Title, incident.MaxUpdate), i.OpenedBy
	writer.Name = short(writer.Name, 80) // Slack's own bound
	values := Known(i, f)
	values.Set("update_message", words)
	values.Set("next_steps", words)
	sent := incident.UpdateSent{By: writer, Number: 2, Text: words, Next: words, Due: at("04:00"), ExecutivesDue: at("05:00"), To: incident.Audiences, Status: i.Status}
	filled := FillKnown(BuiltIn(Progress), values)
	sent.Subject, sent.Outward, sent.Opening = filled.Subject, filled.Body, FillKnown(BuiltIn(Initial), values).Body
	all["sent"], all["sent outward"] = Update(i, sent), Outward(i, sent.Outward)
	drafted := draftedFrom(sent)
	waits := i.Clone()
	waits.Apply(incident.Stamp{Time: at("03:30")}, drafted)
	if o := waits.Outgone(drafted.Draft); o != nil {
		all["look"], all["look due"], all["sent back"] = SecondLook(waits, o, outletNames), LookDue(waits, o, time.Hour), SentBack(waits, o)
	}
	edited := incident.UpdateEdited{Number: 2, Version: 2, By: writer, To: incident.Audiences, Text: words, Next: words, Subject: sent.Subject, Outward: sent.Outward}
	all["edited"], all["edited outward"] = Edited(i, edited, at("15:04")), EditedOutward(i, edited, at("15:04"))
	all["executives"] = Reminder(i, Promised{Executives: true, Missed: true, Due: at("04:00"), Late: time.Hour}, Drafted{Text: i.Title})
	all["goes on"], all["not over"] = GoesOn(i, incident.Again{By: writer, Why: i.Title}, Drafted{Text: i.Title}), NotOver(i, at("03:50"))
	if i.Review != nil {
		all["review"] = ReviewCard(i, ReviewParts(i.Title), at("03:50"))
	}
}
