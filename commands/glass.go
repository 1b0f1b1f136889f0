package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// glassVerb stands for the missing approvals of one request, in the hands of listed people.
func glassVerb() Verb {
	return Verb{
		Group: "recover", Name: "break", May: incident.Everyone, Scope: InChannel, Hidden: true, Deed: "break the glass", Decides: true,
		Does: "Lets a listed person decide in place of approvers who do not answer.", do: breakGlass,
	}
}

// breakers are the people of break_glass who are who they are now (I9, I10).
func (r rights) breakers() []incident.Person {
	return slices.DeleteFunc(r.table.Breakers(), func(p incident.Person) bool { return !r.May(p.Key, incident.Everyone) })
}

// breakGlass asks for the reason and the target in a form; at the terminal they come as fields, with the first digits of
// the text's sha256, which say that it was read.
func breakGlass(ctx context.Context, o *Office, c *call) (Reply, error) {
	n := approvalNumber(c)
	reason, typed, digest := strings.TrimSpace(c.Field("reason")), strings.TrimSpace(c.Field("target")), c.Field("sha256")
	if c.Actor.Slack == "" && (reason == "" || typed == "" || digest == "") {
		return Reply{}, incident.Refuse(incident.BadInput, "Breaking the glass needs a reason, the target, and the first eight digits of the sha256.").
			Then("Like: drbot approve %s --break-glass \"Bea and Chen were called twice\"", incident.ApprovalName(n))
	}
	if c.Actor.Slack != "" && len(c.Fields) == 0 {
		form, err := o.glassForm(ctx, c, n)
		if form != nil || err != nil {
			return Reply{Form: form}, err
		}
	}
	reply, err := o.steer(ctx, c, func(d incident.Desk, i *incident.Incident) ([]incident.Event, error) {
		return i.BreakGlass(d, c.person, n, reason, typed, digest)
	}, func(i *incident.Incident) string {
		return fmt.Sprintf("You broke the glass on %s. %s", incident.ApprovalName(n), doing(i))
	})
	if c.Actor.Slack == "" {
		return reply, err
	}
	field := "target"
	if utf8.RuneCountInString(reason) < incident.MinGlassReason {
		field = "reason"
	}
	return c.atField(field, reply, err)
}

// glassForm opens for who may break the glass now; for everybody else the decision says why not, and is recorded.
func (o *Office) glassForm(ctx context.Context, c *call, n uint64) (*templates.Form, error) {
	i, err := o.Store.Incident(ctx, c.ref)
	if err != nil {
		return nil, err
	}
	a := i.Approval(n)
	listed := false
	for _, p := range (rights{o.People(), o.Flags}).breakers() {
		listed = listed || p.Same(c.person)
	}
	if a == nil || a.State != incident.Pending || !listed || c.person.Same(a.By) || o.may(c, i) != nil {
		return nil, nil
	}
	return &templates.Form{
		Verb: c.verb.Full(), Object: a.Name(), Title: "Break the glass on " + a.Name(), Submit: "Break the glass",
		Intro: []templates.Block{templates.Lines{Lines: [][]templates.Span{
			{templates.T("Step " + a.Number + " on "), templates.B(cut(a.Target(), 80)), templates.T(" runs as its card shows it: same text, same target, same limits.")},
			{templates.T("It is posted here and in the house channel, opens a review item, and stays marked.")},
		}}},
		Fields: []templates.Field{
			{ID: "reason", Label: "Why it cannot wait", Kind: templates.FieldArea, Max: 500, Hint: fmt.Sprintf("At least %d characters: who was called, and what happens otherwise.", incident.MinGlassReason)},
			{ID: "target", Label: "Type the target", Kind: templates.FieldText, Max: 200},
		},
	}, nil
}
