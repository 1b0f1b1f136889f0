package commands

import (
	"context"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// TextView is everything that a decision at a terminal lets run, with the sha256 whose first digits are typed to decide.
type TextView struct {
	Approval string `json:"approval,omitempty"`
	Lock     string `json:"lock,omitempty"`
	Text     string `json:"text"`
	Digest   string `json:"digest"`
	Refused  string `json:"refused,omitempty"` // why this person need not type any
}

// lockText shows what waits in the loaded lock, to a person who is known: the difference in words and every entry whole.
func lockText(ctx context.Context, o *Office, c *call) (Reply, error) {
	house, err := o.Store.House(ctx)
	if err != nil {
		return Reply{}, err
	}
	loaded := house.Runbook.LockDigest
	if loaded == "" {
		return Reply{}, incident.Refuse(incident.WrongState, "The runbook has no lock, so every step is by hand.").Then("`drbot runbook compile` writes one; reload it then.")
	}
	load, err := o.load(ctx, loaded)
	if err != nil {
		return Reply{}, err
	}
	load.LockDigest = loaded // a redacted load keeps its lock
	offer, err := LockOffer(ctx, o.Store, load)
	if err != nil {
		return Reply{}, err
	}
	view := TextView{Lock: loaded, Text: offer.Whole, Digest: loaded}
	decision := *c
	decision.verb = Find("runbook accept")
	err = o.mayAnywhere(&decision)
	if err == nil {
		_, err = house.Accept(c.person, o.People(), "", nil, nil) // its events are dropped: the decision makes its own
	}
	if err != nil {
		view.Refused = err.Error()
	}
	return Reply{Say: templates.LockWhole(offer), Data: view}, nil
}

// facts are what a card needs besides the fold.
func (o *Office) facts(ctx context.Context, i *incident.Incident) templates.Facts {
	if o.Facts == nil {
		return templates.Facts{Now: i.Time}
	}
	return o.Facts(ctx, i)
}

// lacking answers a line that names no incident. At a shell, where no channel could have said which, that is a fault of the
// line.
func (o *Office) lacking(ctx context.Context, c *call) (Reply, error) {
	reply, err := o.which(ctx, c)
	if c.Actor.Slack == "" && len(reply.Say.Blocks) > 0 {
		reply.Kind = incident.BadInput
		reply.Say = templates.Message{Text: reply.Say.Text} // which has in words what the buttons offer
	}
	return reply, err
}

// notThere says which thing a command named that is not there.
func notThere(c *call) Reply {
	text := "There is no such incident. `list` shows those that are open."
	if c != nil {
		switch c.ref.Index {
		case "approval":
			text = "There is no approval " + c.ref.Value + ". `recover approvals` lists those that wait."
		case "run":
			text = "There is no run " + c.ref.Value + ". `show` lists the runs of an incident."
		}
	}
	return Reply{Say: templates.Message{Text: text}, Kind: incident.NotFound}
}
