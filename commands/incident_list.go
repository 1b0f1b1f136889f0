package commands

import (
	"context"
	"slices"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// maxListed is how many lines a list shows.
const maxListed = 10

// listIncidents shows open incidents, worst first. Machines get every incident that is not closed.
func listIncidents(ctx context.Context, o *Office, c *call) (Reply, error) {
	all, err := o.Store.List(ctx, state.Query{Open: c.Actor.Slack != "", Alive: true})
	if err != nil {
		return Reply{}, err
	}
	alive := []incident.Summary{}
	for _, s := range all {
		if s.State != incident.StateClosed {
			alive = append(alive, s)
		}
	}
	if err := o.shade(ctx, c.person, c.Channel, alive); err != nil {
		return Reply{}, err
	}
	slices.SortStableFunc(alive, func(a, b incident.Summary) int { // what is planned stands behind what broke
		switch {
		case (a.Phase == "") == (b.Phase == ""):
			return 0
		case a.Phase == "":
			return -1
		}
		return 1
	})
	var lines []string
	open := 0
	for _, s := range alive {
		if s.State != incident.StateOpen && s.State != incident.StateTriage {
			continue
		}
		if open++; open <= maxListed {
			lines = append(lines, ListLine(s))
		}
	}
	if open > maxListed {
		lines = append(lines, said("listmore", facts{"Count": open - maxListed}))
	}
	if open == 0 {
		lines = []string{said("listnone", nil)}
	}
	return Reply{Say: templates.Message{Text: strings.Join(lines, "\n")}, Data: alive}, nil
}

// ListLine is like "SEV-1 INC-42 Users database · identified · Ana · update due 03:30".
func ListLine(s incident.Summary) string {
	if s.Phase != "" && s.State == incident.StateOpen {
		return said("planned", facts{
			"What": "listed", "ID": s.ID, "Drill": s.Drill, "Title": s.Title, "Type": s.Type, "Phase": string(s.Phase), "From": when(s.From), "Until": when(s.Until),
			"Commander": s.Commander, "Heard": "", "Closed": "",
		})
	}
	status := string(s.Status)
	if s.State == incident.StateTriage {
		status = string(s.State)
	}
	return said("listed", facts{
		"ID": s.ID, "Drill": s.Drill, "Hidden": s.Restricted && s.Title == "", "Severity": s.Severity, "Title": s.Title, "Status": status,
		"Commander": s.Commander, "Due": when(s.UpdateDue),
	})
}

// shade leaves of restricted incidents nothing but the number, except for their own people (I56).
func (o *Office) shade(ctx context.Context, p incident.Person, channel string, list []incident.Summary) error {
	for k, s := range list {
		if !s.Restricted {
			continue
		}
		i, err := o.Store.Incident(ctx, state.Ref{ID: s.ID})
		if err != nil {
			return err
		}
		if !inside(i, p, channel) {
			list[k] = incident.Summary{ID: s.ID, State: s.State, Restricted: true}
		}
	}
	return nil
}

// showIncident shows the card as it is now, and machines the documented view.
func showIncident(ctx context.Context, o *Office, c *call) (Reply, error) {
	i, err := o.look(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	house, err := o.Store.House(ctx)
	if err != nil {
		return Reply{}, err
	}
	config := o.Config()
	card := templates.Card(i, templates.Facts{
		Now: i.Time, House: house, Commands: templates.Commands{Incident: config.Incident, Recover: config.Recover},
		Approvers: o.People().With(incident.Approver), Operators: o.People().With(incident.Operator),
	})
	return Reply{Say: card, ID: i.ID, Seq: i.Seq, Data: Show(i)}, nil
}
