package commands

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// HomeView is what App Home shows to one person (UX §10). It holds links and no decisions.
type HomeView struct {
	Person  incident.Person
	Known   bool
	Roles   []string
	Waiting []Waiting
	Open    []HomeLine
	Tasks   []HomeTask
}

// Waiting is one thing that waits for the person. Object is its message: "A17", "hand/R7/p1.s6", "reminder/3".
type Waiting struct {
	Incident incident.ID
	Channel  string
	Object   string
	Text     string
	Ends     time.Time
}

// HomeLine is an open incident with the person's parts in it.
type HomeLine struct {
	incident.Summary
	You []string
}

// HomeTask is a task of a review that the person owes.
type HomeTask struct {
	Incident incident.ID
	Channel  string
	Title    string
	Due      time.Time
	Status   string // "in progress", "blocked"; "": nobody began
}

// maxHome bounds the incidents that App Home shows: so many open ones, and so many that owe a review.
const maxHome = 20

// Home reads what a person's App Home shows. Restricted incidents of others are a number (I56).
func (o *Office) Home(ctx context.Context, a Actor) (HomeView, error) {
	person, known, err := o.who(a)
	if err != nil {
		return HomeView{}, err
	}
	home := HomeView{Person: person, Known: known}
	if entry, ok := o.People().ByKey(person.Key); ok {
		home.Roles = slices.Clone(entry.Roles)
	}
	all, err := o.Store.List(ctx, state.Query{Alive: true})
	if err != nil {
		return HomeView{}, err
	}
	for _, s := range homeList(all, person) {
		i, err := o.Store.Incident(ctx, state.Ref{ID: s.ID})
		if err != nil {
			return HomeView{}, err
		}
		o.homeOf(&home, i)
	}
	slices.SortStableFunc(home.Tasks, func(a, b HomeTask) int { // what has no date is last
		if a.Due.IsZero() || b.Due.IsZero() {
			return cmp.Compare(b.Due.Unix(), a.Due.Unix())
		}
		return a.Due.Compare(b.Due)
	})
	return home, nil
}

// homeList is what is worth reading: the open incidents, and those of which the person owes something or whose end has not
// left, oldest first.
func homeList(all []incident.Summary, p incident.Person) []incident.Summary {
	var open, over []incident.Summary
	for _, s := range all {
		switch {
		case s.State == incident.StateOpen || s.State == incident.StateTriage:
			open = append(open, s)
		case slices.Contains(s.Owing, p.Key) || s.EndHeld:
			over = append(over, s)
		}
	}
	slices.SortFunc(over, func(a, b incident.Summary) int { return a.ResolvedAt.Compare(b.ResolvedAt) })
	return append(open[:min(len(open), maxHome)], over[:min(len(over), maxHome)]...)
}

func (o *Office) homeOf(home *HomeView, i *incident.Incident) {
	shown := !i.Restricted || inside(i, home.Person, "")
	for _, a := range i.Approvals {
		if a.State != incident.Pending || !o.mayDecide(home.Person, i, a) {
			continue
		}
		w := Waiting{Incident: i.ID, Channel: i.Channel.ID, Object: a.Name(), Ends: a.Expires}
		w.Text = fmt.Sprintf("%s step %s on %s, asked by %s", a.Name(), a.Number, or(a.Action.Target, "no target"), a.By.Name)
		if !shown {
			w.Text = i.ID.String() + " needs you"
		}
		home.Waiting = append(home.Waiting, w)
	}
	if end, to := i.HeldEnd(); end != nil && o.mayFree(home.Person, end) {
		back := end.State == incident.LookBack
		home.Waiting = append(home.Waiting, Waiting{Incident: i.ID, Channel: i.Channel.ID, Object: fmt.Sprintf("look/%d", end.Draft), Text: said("homeend", about(i, facts{"To": named(to), "N": end.Draft, "Back": back}))})
	}
	if !i.Active() {
		for _, t := range i.Review.Items() {
			if t.Open() && t.Owner.Same(home.Person) {
				home.Tasks = append(home.Tasks, HomeTask{Incident: i.ID, Channel: i.Channel.ID, Title: t.Key + " " + t.Title, Due: t.Due, Status: string(t.Status)})
			}
		}
		return
	}
	if r := i.LiveRun(); r != nil && r.Operator.Same(home.Person) {
		if s := r.Next(); s != nil && (s.State == incident.StepHand || s.State == incident.StepAsked || s.State == incident.StepIsLost || s.State == incident.StepFailed) {
			home.Waiting = append(home.Waiting, Waiting{
				Incident: i.ID, Channel: i.Channel.ID, Object: r.Name(), Text: fmt.Sprintf("%s step %s: %s", r.Name(), s.Number, s.State),
			})
		}
	}
	line := HomeLine{Summary: i.Summarise()}
	for _, role := range incident.Roles {
		if i.Roles[role].Same(home.Person) {
			line.You = append(line.You, string(role))
		}
	}
	if !shown {
		line = HomeLine{Summary: incident.Summary{ID: i.ID, State: i.State, Restricted: true}}
	}
	home.Open = append(home.Open, line)
}

// mayDecide reports whether an approval waits for this person.
func (o *Office) mayDecide(p incident.Person, i *incident.Incident, a *incident.Approval) bool {
	table := o.People()
	operator := incident.Person{}
	if r := i.Run(a.Run); r != nil {
		operator = r.Operator
	}
	return !p.Same(a.By) && !p.Same(operator) && slices.ContainsFunc(a.From, func(r incident.Right) bool { return table.May(p.Key, r) }) &&
		!slices.ContainsFunc(a.Votes, func(v incident.Vote) bool { return v.By.Same(p) })
}

// mayFree reports whether an end that has not left waits for this person.
func (o *Office) mayFree(p incident.Person, end *incident.Outgoing) bool {
	return end.MayFree(p) && (end.By.Same(p) || o.People().May(p.Key, incident.Responder) && o.mayLook(p) == nil)
}
