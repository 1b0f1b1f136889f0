package commands

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// pageVerbs wake people, and let nobody be called for a while.
func pageVerbs() []Verb {
	list := []Verb{
		{Name: "page", May: incident.Responder, Scope: OfIncident, Grammar: "@who|<service>|approvers [reason]", Example: "page @Bea all logins fail", Does: "Wakes a person, a service's people or the approvers through PagerDuty; shows phone numbers when it does not take that.", Deed: "page", do: pageSomebody},
		{Group: "recover", Name: "page", May: incident.Operator, Also: incident.Responder, Scope: InChannel, Hidden: true, Does: "Wakes those who may decide on a request, each once.", Deed: "page approvers", do: pageApprovers},
		{Group: "recover", Name: "quiet", May: incident.Approver, Also: incident.Operator, Scope: InChannel, Hidden: true, Does: "Puts the next call for an approval off.", Deed: "put calls off", do: quietNudges},
		{Name: "quiet", May: incident.Responder, Scope: OfIncident, Hidden: true, Does: "Puts the calls for an answer off by 15 minutes.", Deed: "put calls off", do: quietCalls},
	}
	for k := range list {
		list[k].Group = or(list[k].Group, "incident")
	}
	return list
}

// pageSomebody asks PagerDuty to wake somebody. What is decided is that it is asked; whether it took that is the answer at
// a terminal, which waits for it, and comes as a message in the chat.
func pageSomebody(ctx context.Context, o *Office, c *call) (Reply, error) {
	i, err := o.look(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	typed, reason := c.Text, ""
	if len(c.Fields) > 0 {
		typed, reason = or(c.Field("who"), c.Field("what")), c.Field("reason")
	}
	names, _ := o.wakers(i)
	if typed == "" {
		if len(c.Fields) > 0 {
			return Reply{Errors: map[string]string{"who": "Choose a person, or whom else to wake."}}, nil
		}
		return pageForm(o, c, i, names)
	}
	var n uint64
	var w wake
	var left string
	reply, err := o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		var rest string
		var err error
		if w, rest, err = o.whom(c, i, typed); err != nil {
			return nil, err
		}
		left = o.second(c, rest)
		asked := w.asked(c.person, incident.PageByHand, cut(or(reason, rest), 500))
		n = uint64(len(i.Pages)) + 1
		return i.AskPage(asked, w.cannot, w.away)
	}, func(i *incident.Incident) string { return o.pageAnswer(i, n, w.policy, left) })
	if err != nil || reply.Kind != "" || reply.Again || c.Actor.Slack != "" || w.cannot != "" {
		return c.atField("who", reply, err)
	}
	if settled := o.awaitPage(ctx, reply.ID, n); settled != nil {
		reply.Say = templates.Message{Text: o.pageAnswer(settled, n, w.policy, left)}
	}
	return reply, nil
}

// second is a further person whom the line names: one page wakes one, and whoever typed it must not believe that both come.
func (o *Office) second(c *call, rest string) string {
	word, _ := head(rest)
	if !strings.HasPrefix(word, "@") && !mention.MatchString(word) {
		return ""
	}
	if p, err := o.someone(c, strings.TrimRight(word, ",;:")); err == nil {
		return or(p.Name, p.Key)
	}
	return ""
}

// whom finds who or what was typed: the longest name that the line begins with, else a person.
func (o *Office) whom(c *call, i *incident.Incident, typed string) (w wake, reason string, err error) {
	names, find := o.wakers(i)
	typed = strings.TrimSpace(typed)
	first, rest := head(typed)
	if !strings.HasPrefix(first, "@") && !mention.MatchString(first) && !strings.EqualFold(first, "me") {
		best := ""
		for name := range find {
			if len(name) > len(best) && begins(typed, name) {
				best = name
			}
		}
		if best != "" {
			return find[best](), strings.TrimSpace(typed[len(best):]), nil
		}
	}
	if second, after := head(rest); second != "" {
		if entry, ok := o.People().Named(first + " " + second); ok {
			return o.wakePerson(i, entry.Person("")), after, nil
		}
	}
	who, err := o.someone(c, first)
	if refusal := (*incident.Refusal)(nil); errors.As(err, &refusal) && refusal.Kind == incident.BadInput {
		return w, "", incident.Refuse(incident.BadInput, "%q is nobody here whom drbot could page.", cut(first, 60)).Then("A person as @name, or one of: %s.", cut(strings.Join(names, ", "), 300))
	}
	if err != nil {
		return w, "", err
	}
	return o.wakePerson(i, who), rest, nil
}

// begins reports whether a line begins with a name, without regard to case, and the name ends at a word's end there.
func begins(line, name string) bool {
	return len(line) >= len(name) && strings.EqualFold(line[:len(name)], name) && (len(line) == len(name) || line[len(name)] == ' ')
}

// pageAnswer says how a page stands, and who is on call as far as PagerDuty said, with its age.
func (o *Office) pageAnswer(i *incident.Incident, n uint64, policy, left string) string {
	p := i.Page(n)
	if p == nil {
		return ""
	}
	f := facts{"Whom": p.Whom, "At": when(p.PagedAt), "Why": "", "Reach": "", "Later": false, "Left": left, "Woke": []string{}, "OnCall": "", "Age": time.Time{}}
	if len(p.Woke) > 0 && (len(p.Woke) > 1 || p.Woke[0] != p.Whom) {
		f["Woke"] = p.Woke
	}
	if p.Failed != "" && (p.PagedAt.IsZero() || len(p.Woke) == 0) {
		f["Later"] = !p.Over
		f["At"], f["Why"], f["Reach"] = nil, cut(p.Failed, 200), templates.Phones(p.Reach, o.contacts())
	}
	if names, at := o.OnCall(policy); names != "" {
		f["OnCall"], f["Age"] = names, at
	}
	return said("paged", about(i, f))
}

// contacts are the people with their phone numbers.
func (o *Office) contacts() []templates.Contact {
	var list []templates.Contact
	for _, e := range o.People().All() {
		list = append(list, templates.Contact{Name: e.Name, Key: e.Key(), Slack: e.Slack, Phone: e.Phone, Roles: e.Roles})
	}
	return list
}

// OnCall names who is on call by a policy, and when PagerDuty said so: "Bea Ode, then Chen Li"; "" while it has not.
func (o *Office) OnCall(policy string) (names string, at time.Time) {
	list, at, known := o.Duty.On(policy)
	switch {
	case !known || policy == "":
		return "", time.Time{}
	case len(list) == 0:
		return "nobody", at
	}
	var said []string
	for _, p := range o.onCall(policy) {
		said = append(said, p.Name)
	}
	return strings.Join(said, ", then "), at
}

// How long the answer at a terminal waits for PagerDuty's, and how often it looks into the record.
const (
	pagePatience = 20 * time.Second
	pageLook     = 100 * time.Millisecond
)

// awaitPage waits until a page was taken or not; nil: neither in time. It reads the record, and no network.
func (o *Office) awaitPage(ctx context.Context, id incident.ID, n uint64) *incident.Incident {
	ctx, cancel := context.WithTimeout(ctx, pagePatience)
	defer cancel()
	tick := time.NewTicker(pageLook)
	defer tick.Stop()
	for {
		i, err := o.Store.Incident(ctx, state.Ref{ID: id})
		if err != nil {
			return nil
		}
		if p := i.Page(n); p != nil && (!p.PagedAt.IsZero() || p.Failed != "") {
			return i
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func pageForm(o *Office, c *call, i *incident.Incident, names []string) (Reply, error) {
	var options []templates.Option
	for _, name := range names[:min(len(names), 50)] {
		options = append(options, templates.Option{Value: cut(name, 70), Label: cut(name, 70)})
	}
	var intro []templates.Block
	if duty, at := o.OnCall(o.Config().Pager.Approvers); duty != "" {
		intro = []templates.Block{templates.Lines{Lines: [][]templates.Span{{templates.T("On call for approvals, as PagerDuty said " + at.UTC().Format("15:04 UTC") + ": " + duty)}}}}
	}
	return c.form(o, templates.Form{Verb: "incident page", Object: objectOf(i), Title: "Page", Submit: "Page", Intro: intro, Fields: []templates.Field{
		{ID: "who", Label: "Person", Kind: templates.FieldPerson, Optional: true},
		{ID: "what", Label: "Or", Kind: templates.FieldSelect, Options: options, Optional: true},
		{ID: "reason", Label: "Why", Kind: templates.FieldText, Optional: true, Max: 300},
	}}, "Whom to page is missing.")
}

// quietCalls puts the calls for an answer off.
func quietCalls(ctx context.Context, o *Office, c *call) (Reply, error) {
	return o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		return i.Hush(v.Now(), c.person)
	}, func(i *incident.Incident) string { return said("quiet", about(i, facts{"Until": i.Hushed})) })
}

// Outcomes of the follower that pages.
type (
	// PageTaken: PagerDuty made an incident of a page.
	PageTaken struct {
		Incident    incident.ID
		Page        uint64
		Alert, Name string
		Woke        []string
		Joins       bool // Alert is one of the incident's own: they are asked to join it
	}
	// PageFailed: it did not. Over: it is not tried again; Past: nobody needs it any more.
	PageFailed struct {
		Incident   incident.ID
		Page       uint64
		Why        string
		Over, Past bool
	}
)

// pageTaken ties what PagerDuty made to the incident, so that its acknowledgement and its end are told there too.
func (o *Office) pageTaken(ctx context.Context, c Command, e PageTaken) (Reply, error) {
	return o.do(ctx, state.Change{Target: state.Ref{ID: e.Incident}, Keys: c.Keys, Keep: c.Keep, Decide: func(v state.View) (state.Decision, error) {
		i := v.Incident()
		if !i.Exists() {
			return state.Decision{}, state.ErrNotFound
		}
		events := i.TakePage(e.Page, e.Alert, e.Name, e.Woke)
		if e.Joins {
			events = i.JoinPage(e.Page, e.Alert, e.Name, e.Woke)
		}
		d := effects(folded(v, i, events), events)
		if slices.ContainsFunc(events, func(e incident.Event) bool { _, links := e.(incident.AlertLinked); return links }) {
			d.Claim, d.Index = append(d.Claim, alertClaim(e.Alert)), append(d.Index, alertRef(e.Alert))
		}
		return d, nil
	}})
}

// hearPage keeps an event about an incident that PagerDuty made of a page, before the page's answer came.
func (o *Office) hearPage(ctx context.Context, c Command, e HearAlert) (Reply, error) {
	return o.do(ctx, state.Change{Target: state.Ref{ID: e.Page.Incident}, Keys: c.Keys, Keep: c.Keep, Decide: func(v state.View) (state.Decision, error) {
		i := v.Incident()
		p := i.Page(e.Page.Page)
		if !i.Exists() || p == nil || p.Alert != "" && p.Alert != e.Alert || !p.At.Truncate(time.Second).Equal(e.Page.At.Truncate(time.Second)) {
			return houseEvent(passed(e, "it is a page of another drbot")), nil
		}
		s := e.seen(i)
		events := i.Link(i.LinkPage(p.N, e.Alert, s.Name), v.House().EarlyOf(e.Alert), s, o.doer(e.Agent), o.policy(i, i.Severity, v.Now()))
		d := effects(folded(v, i, events), events)
		d.Claim, d.Index = append(d.Claim, alertClaim(e.Alert)), append(d.Index, alertRef(e.Alert))
		return d, nil
	}})
}
