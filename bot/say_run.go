package bot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// run posts what a run needs people for: its plan, an approval, a failure, a doubt, a step by hand.
func (t *talk) run(e incident.Event) error {
	switch e := e.(type) {
	case incident.RunPlanned:
		return t.plan(e.Run)
	case incident.ReadsDone:
		if e.For == incident.ReadForPlan {
			t.fillForm(t.ctx, t.i.Channel.ID, incident.RunName(e.Run), nil)
			return t.plan(e.Run)
		}
	case incident.RunStarted:
		return t.runCard(e.Run)
	case incident.ApprovalAsked:
		return t.approval(e)
	case incident.RoleOffered:
		return t.offer(e)
	case incident.GlassBroken:
		return t.broken(e)
	case incident.StepEnded:
		if e.Outcome != incident.Succeeded {
			if err := t.failure(e.Run, e.Step, e.Attempt, templates.Failure); err != nil {
				return err
			}
		}
		return t.output(e)
	case incident.StepNotStarted:
		return t.failure(e.Run, e.Step, e.Attempt, templates.Failure)
	case incident.StepUnknown:
		return t.failure(e.Run, e.Step, e.Attempt, templates.Unknown)
	case incident.RunPaused:
		return t.stopped(e)
	case incident.HandAsked:
		return t.hand(e.Run, e.Step)
	case incident.ConditionAsked:
		return t.hand(e.Run, e.Step)
	}
	return nil
}

// plan posts the run card once the plan is whole: nothing is being read, no value is missing, and its form was sent. Until
// then it is a form.
func (t *talk) plan(n uint64) error {
	r := t.i.Run(n)
	if r == nil || r.State == incident.Draft && (r.Asking != "" || r.Asks || len(r.Missing())+len(r.Undecided()) > 0) {
		return nil
	}
	return t.runCard(n)
}

func (t *talk) runCard(n uint64) error {
	r := t.i.Run(n)
	if r == nil || !t.usable() {
		return nil
	}
	upload := ""
	if s := r.Next(); s != nil {
		upload = templates.StepKey(r, s)
	}
	at, err := t.card(r.Name(), t.i.Channel.ID, upload, func(f templates.Facts) templates.Message { return templates.RunCard(t.i, r, f) })
	if err != nil {
		return t.channelTrouble(err)
	}
	return t.bookmark(t.i.Channel.ID, r.Name(), r.Name(), t.permalink(at))
}

// approval posts the card, and tells each person who was asked, with a link and no button: decisions happen in the
// incident's channel.
func (t *talk) approval(e incident.ApprovalAsked) error {
	a := t.i.Approval(e.Approval)
	if a == nil {
		return nil // decided and forgotten long ago
	}
	if !t.usable() {
		return t.toHouse("waits/"+a.Name(), sayWaitsAtTerminal(t.i, a))
	}
	at, err := t.card(a.Name(), t.i.Channel.ID, a.Name(), func(f templates.Facts) templates.Message { return templates.ApprovalCard(t.i, a, f) })
	if err != nil {
		return t.channelTrouble(err)
	}
	if a.State != incident.Pending {
		return nil
	}
	told := templates.ApprovalCard(t.i, a, t.facts()).Text
	for _, p := range a.Asked {
		if p.Slack == "" || p.Same(a.By) || t.note(toldPrefix+a.Name()+"/"+p.Slack) != "" {
			continue
		}
		if err := t.tell(p.Slack, toldPrefix+a.Name()+"/"+p.Slack, told, t.permalink(at)); err != nil {
			return err
		}
	}
	return nil
}

// tell sends a direct message with a link. Who cannot be written to was named in the channel.
func (t *talk) tell(user, object, text, link string) error {
	if !t.mayRead(user) {
		text = sayDecidesInside(t.i)
	}
	channel, err := t.direct(t.ctx, user)
	if err == nil {
		spans := []templates.Span{templates.T(text)}
		if link != "" {
			spans = append(spans, templates.T("  "), templates.Span{Text: "Open ↗", URL: link})
		}
		m := templates.Message{Text: text, Blocks: []templates.Block{templates.Lines{Lines: [][]templates.Span{spans}}}}
		_, err = t.post(posting{object: object, channel: channel, message: m})
	}
	if err != nil && !troubled(err).away {
		t.Log.Warn("somebody was not told", "incident", t.id.String(), "user", user, "error", troubled(err))
		t.keep(object, "-")
		return nil
	}
	return err
}

// failure posts a step that failed, or whose end nobody knows.
func (t *talk) failure(run uint64, step, attempt string, draw func(*incident.Incident, *incident.Run, *incident.Step, templates.Facts) templates.Message) error {
	r := t.i.Run(run)
	if r == nil || r.Step(step) == nil {
		return nil
	}
	return t.line(failKey(r, step, attempt), draw(t.i, r, r.Step(step), t.facts()))
}

// failKey names the message of an attempt that failed: "fail/R7/p1.s6/2".
func failKey(r *incident.Run, step, attempt string) string {
	return fmt.Sprintf("fail/%s/%s/%s", r.Name(), step, attempt[strings.LastIndexByte(attempt, '-')+1:])
}

// stopped posts that drbot stopped a run before a step: the redraw of an approval's card calls nobody.
func (t *talk) stopped(e incident.RunPaused) error {
	r := t.i.Run(e.Run)
	if e.Stop == nil || r == nil || r.Step(e.Stop.Step) == nil || !r.Stands(e.Stop.N) {
		return nil // the run went on meanwhile
	}
	return t.line(fmt.Sprintf("stop/%s/%s/%d", r.Name(), e.Stop.Step, e.Stop.N), templates.Stopped(t.i, r, r.Step(e.Stop.Step), e.Stop.N))
}

// hand posts a step that waits for a person; whether it is needed and that it is theirs to do is one message.
func (t *talk) hand(run uint64, step string) error {
	r := t.i.Run(run)
	if r == nil || r.Step(step) == nil || !t.usable() {
		return nil
	}
	s := r.Step(step)
	key := templates.StepKey(r, s)
	_, err := t.card("hand/"+key, t.i.Channel.ID, key, func(f templates.Facts) templates.Message { return templates.Hand(t.i, r, s, f) })
	return t.channelTrouble(err)
}

// stepWarning reads "R7/p1.s6/1764040000".
func (t *talk) stepWarning(rest string) error {
	name, rest, _ := strings.Cut(rest, "/")
	step, _, _ := strings.Cut(rest, "/")
	for _, r := range t.i.Runs {
		if r.Name() == name && r.Step(step) != nil {
			return t.line("warning/"+name+"/"+step+"/"+t.seq(), templates.StepWarning(t.i, r, r.Step(step), t.facts()))
		}
	}
	return nil
}

// inThread carries a message to the thread of the announcement, and for the two highest severities to its channel too.
// A restricted incident says nothing there (I56).
func (t *talk) inThread(object string, m templates.Message) error {
	at, ok := placeOf(t.note("announcement"))
	if !ok || t.i.Restricted {
		return nil
	}
	_, err := t.post(posting{object: object, channel: at.channel, thread: at.ts, broadcast: t.i.Severity <= 2 && !t.i.Drill, message: m})
	if is(err, "thread_not_found", "message_not_found") {
		_, err = t.post(posting{object: object, channel: at.channel, message: m})
	}
	return err
}

// resolution ends the story: the message, the thread, and the record's head shown outside (I42).
func (t *talk) resolution(e incident.Resolved) error {
	f := t.facts()
	head := t.headOf(t.record.Seq)
	if head != "" {
		f.Head = t.seq() + ":" + head
	}
	m := templates.Resolution(t.i, f)
	key := resolutionKey(t.i)
	t.keep(noteHead+key, f.Head)
	if err := t.line(key, m); err != nil {
		return err
	}
	outward := say(m.Text)
	if e.Outward != "" {
		outward = templates.Outward(t.i, e.Outward)
	}
	if len(e.To) == 0 || slices.Contains(e.To, incident.AudienceAnnouncement) {
		if err := t.inThread(key+"/announcement", outward); err != nil {
			return err
		}
	}
	if head == "" || t.note(key) == "" {
		return nil
	}
	return t.outcome(t.ctx, commands.HeadPosted{Seq: t.record.Seq, Hash: head, Where: "slack " + t.note(key)}, []string{Say + "/" + t.seq() + "/head"}, 0)
}

// headOf is the hash of one record of the incident.
func (t *talk) headOf(seq uint64) string {
	for r, err := range t.Memory.Records(t.ctx, t.id, seq-1) {
		if err != nil || r.Seq != seq {
			return ""
		}
		return r.Hash
	}
	return ""
}

// initial is the body of the initial notification as the announcement shows it: the runbook's own, or the built-in one.
func (b *Bot) initial(i *incident.Incident, f templates.Facts) string {
	form := templates.BuiltIn(templates.Initial)
	if b.Messages != nil {
		form = b.Messages(templates.Initial)
	}
	return templates.Announced(i, f, form)
}
