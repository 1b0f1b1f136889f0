package commands

import (
	"context"
	"fmt"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// ApprovalView is one approval for --json.
type ApprovalView struct {
	ID       string    `json:"id"`
	Incident string    `json:"incident"`
	Run      string    `json:"run"`
	Step     string    `json:"step"`
	Target   string    `json:"target,omitempty"`
	By       string    `json:"asked_by"`
	State    string    `json:"state"`
	SHA256   string    `json:"sha256"`
	Need     int       `json:"need"`
	Given    int       `json:"given"`
	Expires  time.Time `json:"expires"`
	Glass    bool      `json:"broken_glass,omitempty"`
}

func approvalView(i *incident.Incident, a *incident.Approval) ApprovalView {
	return ApprovalView{
		ID: a.Name(), Incident: i.ID.String(), Run: incident.RunName(a.Run), Step: a.Number, Target: a.Action.Target, By: a.By.Name,
		State: string(a.State), SHA256: a.Digest, Need: a.Need, Given: len(a.Votes), Expires: a.Expires, Glass: a.Glass,
	}
}

// ApprovalText is the whole text that an approval ("A17") authorises, as a terminal prints it. Its sha256 is the
// approval's digest; a text that has another one is refused and not shown as if it were it (I2, I3).
func (o *Office) ApprovalText(ctx context.Context, approval string) (string, error) {
	i, err := o.Store.Incident(ctx, state.Ref{Index: "approval", Value: approval})
	if err != nil {
		return "", err
	}
	for _, a := range i.Approvals {
		if a.Name() != approval {
			continue
		}
		r := i.Run(a.Run)
		if r == nil || r.Step(a.Step) == nil {
			return "", state.ErrNotFound
		}
		spec, err := o.Spec(ctx, r.Step(a.Step).Spec)
		if err != nil {
			return "", err
		}
		text := a.Action.Text([]byte(spec.Script))
		if digest := incident.Digest([]byte(text)); digest != a.Digest {
			return "", fmt.Errorf("%s: its text has sha256 %s, asked for was %s", approval, digest, a.Digest)
		}
		return text, nil
	}
	return "", state.ErrNotFound
}

// approve counts one person's yes. In the chat the card that was pressed shows the text; at the terminal the first
// digits of its sha256 say that it was read.
func approve(ctx context.Context, o *Office, c *call) (Reply, error) {
	n := approvalNumber(c)
	digest := c.Field("sha256")
	if c.Actor.Slack == "" && digest == "" {
		return Reply{}, incident.Refuse(incident.BadInput, "%s is approved by the first eight digits of its sha256.", incident.ApprovalName(n)).
			Then("Read its text, then: approve %s --sha256 …", incident.ApprovalName(n))
	}
	if form, err := o.targetForm(ctx, c, n); form != nil || err != nil {
		return Reply{Form: form}, err
	}
	reply, err := o.steer(ctx, c, func(d incident.Desk, i *incident.Incident) ([]incident.Event, error) {
		if a := i.Approval(n); a != nil && typesTarget(i, a) && c.Actor.Slack != "" && c.Field("target") != a.Action.Target {
			return nil, incident.Refuse(incident.BadInput, "%q is not the target of %s.", c.Field("target"), a.Name()).Then("Press Approve again and type it.")
		}
		return i.Approve(d, c.person, n, digest)
	}, func(i *incident.Incident) string {
		a := i.Approval(n)
		if a == nil {
			return "Approved."
		}
		if a.State == incident.Pending {
			return fmt.Sprintf("You approved %s; %d of %d.", a.Name(), len(a.Votes), a.Need)
		}
		return fmt.Sprintf("You approved %s. %s", a.Name(), doing(i))
	})
	return o.offerPaging(ctx, c, n, reply, err)
}

// typesTarget reports whether the lock wants the approver to type the target's name.
func typesTarget(i *incident.Incident, a *incident.Approval) bool {
	r := i.Run(a.Run)
	return r != nil && r.Step(a.Step) != nil && r.Step(a.Step).Confirm == "target" && a.Action.Target != ""
}

// targetForm asks for the target's name, for the steps that want it.
func (o *Office) targetForm(ctx context.Context, c *call, n uint64) (*templates.Form, error) {
	if c.Actor.Slack == "" || c.Field("target") != "" {
		return nil, nil
	}
	i, err := o.Store.Incident(ctx, c.ref)
	if err != nil {
		return nil, err
	}
	a := i.Approval(n)
	if a == nil || a.State != incident.Pending || !typesTarget(i, a) || o.may(c, i) != nil {
		return nil, nil // the decision says why
	}
	return &templates.Form{
		Verb: c.verb.Full(), Object: a.Name(), Title: "Approve " + a.Name(), Submit: "Approve",
		Intro:  []templates.Block{templates.Lines{Lines: [][]templates.Span{{templates.T("Step " + a.Number + " on "), templates.B(a.Action.Target), templates.T(". Type the target's name.")}}}},
		Fields: []templates.Field{{ID: "target", Label: "Target", Kind: templates.FieldText, Max: 100}},
	}, nil
}

// denials are the reasons that the form offers.
var denials = []string{"Wrong target", "Wrong backup or value", "Not now", "Other"}

// deny is final; it needs a reason, so a button without one brings the form.
func deny(ctx context.Context, o *Office, c *call) (Reply, error) {
	n := approvalNumber(c)
	reason, text := c.Field("reason"), c.Field("text")
	switch {
	case reason == "" && c.Object != "":
		reason = c.Text
	case reason == "":
		_, reason = head(c.Text)
	}
	switch {
	case reason == "Other":
		reason = text
	case text != "":
		reason += ": " + text
	}
	if reason == "" && c.Actor.Slack != "" {
		i, err := o.Store.Incident(ctx, c.ref)
		if err != nil {
			return Reply{}, err
		}
		if a := i.Approval(n); a != nil && a.State == incident.Pending && o.may(c, i) == nil {
			if c.Field("reason") == "Other" {
				return Reply{Errors: map[string]string{"text": "Say why."}}, nil
			}
			return Reply{Form: denyForm(c, a)}, nil
		}
	}
	reply, err := o.steer(ctx, c, func(d incident.Desk, i *incident.Incident) ([]incident.Event, error) {
		return i.Deny(d, c.person, n, reason)
	}, func(*incident.Incident) string {
		return fmt.Sprintf("You denied %s. The run waits.", incident.ApprovalName(n))
	})
	return o.offerPaging(ctx, c, n, reply, err)
}

func denyForm(c *call, a *incident.Approval) *templates.Form {
	pick := templates.Field{ID: "reason", Label: "Why", Kind: templates.FieldSelect}
	for _, why := range denials {
		pick.Options = append(pick.Options, templates.Option{Value: why, Label: why})
	}
	return &templates.Form{
		Verb: c.verb.Full(), Object: a.Name(), Title: "Deny " + a.Name(), Submit: "Deny",
		Fields: []templates.Field{pick, {ID: "text", Label: "In your words", Kind: templates.FieldArea, Optional: true, Max: 400}},
	}
}
