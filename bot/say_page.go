package bot

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// onDuty is what a Handler may know besides: whom to call for an incident, and what PagerDuty said of who is on call.
type onDuty interface {
	OnCallFor(*incident.Incident) ([]incident.Person, templates.Duty)
}

// onCall are the people to call for an incident: whoever is on call first, then the other responders.
func (b *Bot) onCall(i *incident.Incident) ([]incident.Person, templates.Duty) {
	if office, ok := b.Handler.(onDuty); ok {
		return office.OnCallFor(i)
	}
	if b.People == nil {
		return nil, templates.Duty{}
	}
	return b.People().With(incident.Responder), templates.Duty{}
}

// paged tells whoever asked for a page that PagerDuty took it, alone: the card shows it to everybody.
func (t *talk) paged(e incident.Paged) error {
	p, object := t.i.Page(e.Page), "paged/"+strconv.FormatUint(e.Page, 10)
	if p == nil || p.By.Slack == "" || len(e.Woke) == 0 || !t.usable() || t.note(object) != "" {
		return nil
	}
	facts := map[string]any{"ID": t.i.ID, "Drill": t.i.Drill, "Whom": p.Whom, "At": p.PagedAt, "Why": "", "Reach": "", "Later": false, "Left": "", "Woke": []string{}, "OnCall": "", "Age": p.PagedAt}
	if len(e.Woke) > 1 || e.Woke[0] != p.Whom {
		facts["Woke"] = e.Woke
	}
	m, to, id := say(templates.Say("answer-paged", facts)), caller{user: p.By.Slack, channel: t.i.Channel.ID}, t.id
	t.after(func(ctx context.Context) { t.respond(ctx, to, m, id) })
	t.keep(object, "-")
	return nil
}

// notPaged says to everybody whom to call by phone. A restricted incident without a channel says its number (I56).
func (t *talk) notPaged(n uint64, why string, over bool) error {
	p := t.i.Page(n)
	if p == nil || t.i.Channel.ID == "" {
		return nil // the channel that follows says it
	}
	object := pagePrefix + strconv.FormatUint(n, 10)
	m := templates.PageFailed(t.i, p, incident.PageFailed{Page: n, Why: why, Over: over}, t.facts())
	switch {
	case t.usable():
		return t.line(object, m)
	case t.i.Restricted:
		m = say(m.Text)
	}
	return t.toHouse(object, m)
}

// pagePrefix begins the object of a page that PagerDuty did not take: "page/2". It is redrawn when PagerDuty took it later.
const pagePrefix = "page/"

// callPrefix begins the object of a contact's call: "call/0/1764040000/0" is the first contact, due at that second, called
// without delay.
const callPrefix = "call/"

// called posts the call of a contact. Before there is a channel it waits for that.
func (t *talk) called(e incident.DeadlineSpoken) error {
	n := numbers(e.Key)
	if len(n) != 2 || t.i.Answered() || !t.i.Active() || t.i.Channel.ID == "" {
		return nil
	}
	object := fmt.Sprintf("%s%d/%d/%d", callPrefix, n[0], n[1], int64(e.Late.Seconds()))
	if !t.usable() {
		m, ok := t.promise(t.i, object)
		if !ok {
			return nil
		}
		return t.toHouse(object, say(m.Text))
	}
	return t.promised(object)
}

// waited posts what was to be said before the incident had its channel: contacts that were called, pages that PagerDuty
// did not take.
func (t *talk) waited() error {
	for k := range t.i.Calls {
		if c := &t.i.Calls[k]; c.Made > 0 && !t.i.Answered() && t.i.Active() {
			if err := t.promised(fmt.Sprintf("%s%d/%d/0", callPrefix, k, t.i.OpenedAt.Unix())); err != nil {
				return err
			}
		}
	}
	for k := range t.i.Pages {
		if p := &t.i.Pages[k]; p.Failed != "" && p.PagedAt.IsZero() && t.i.Active() {
			if err := t.notPaged(p.N, p.Failed, p.Over); err != nil {
				return err
			}
		}
	}
	return nil
}

// summoned is what the message of a call shows now; false when there is no such contact any more.
func (b *Bot) summoned(i *incident.Incident, n []int64) (templates.Summoned, bool) {
	if n[0] < 0 || int(n[0]) >= len(i.Calls) {
		return templates.Summoned{}, false
	}
	c := i.Calls[n[0]]
	s := templates.Summoned{Role: c.Role, When: strings.ToLower(c.When), Reach: c.Text, Who: c.Who, At: secondOf(n[1]), Late: seconds(n[2])}
	for k := range i.Pages {
		if p := &i.Pages[k]; p.Why == incident.PageForContact && p.Contact == c.Role {
			s.Page = p
		}
	}
	return s, true
}
