package pagerduty

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	pd "github.com/PagerDuty/go-pagerduty"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// In an incident that has an alert, people are woken by a request to join that alert: PagerDuty then shows them what it is
// about, who else is there, and whether they come. An approval's page stays an incident of its own, as it ends with the
// approval, which a request cannot. Where PagerDuty cannot ask anybody to join, every page is an incident of its own.

// coordinated is the ability of an account to ask further people to respond.
const coordinated = "coordinated_responding"

// joinable is the alert that people can be asked to join; nil: none.
func (f Follower) joinable(i *incident.Incident, p *incident.Page, gone []string) *incident.Alert {
	if p.Why == incident.PageForApproval || p.Kind == incident.PageService || f.unable.Load() {
		return nil
	}
	for k := range i.Alerts {
		a := &i.Alerts[k]
		if a.How != incident.AlertPaged && !slices.Contains(gone, a.ID) && a.Fact(incident.AlertStatus) != incident.AlertResolved {
			return a
		}
	}
	return nil
}

// join asks whom a page is to wake to join an alert. A request that was made before a crash is found by its mark. false: it
// cannot be asked that way, and nothing was.
func (f Follower) join(ctx context.Context, i *incident.Incident, a *incident.Alert, r state.Record, e incident.PageAsked, unsure bool) (taken *commands.PageTaken, err error) {
	mark := mark(i, r)
	taken = &commands.PageTaken{Incident: i.ID, Page: e.Page, Alert: a.ID, Name: a.Name(), Woke: []string{e.Whom}, Joins: true}
	if unsure {
		if there, err := f.logged(ctx, a.ID, mark); err != nil || there {
			return taken, later(err)
		}
	}
	requester, err := f.self(ctx)
	if err != nil || requester == "" {
		return nil, later(err)
	}
	kind := "user_reference"
	if e.Kind == incident.PagePolicy {
		kind = "escalation_policy_reference"
	}
	var answer struct {
		Request struct {
			Targets []struct {
				Target struct {
					Responders json.RawMessage `json:"incidents_responders"`
				} `json:"responder_request_target"`
			} `json:"responder_request_targets"`
		} `json:"responder_request"`
	}
	err = f.send(ctx, http.MethodPost, "/incidents/"+url.PathEscape(a.ID)+"/responder_requests", map[string]any{
		"requester_id": requester, "message": f.title(i, e) + " " + mark,
		"responder_request_targets": []any{map[string]any{"responder_request_target": pointer{ID: e.ID, Type: kind}}},
	}, &answer)
	if err != nil {
		if api := (pd.APIError{}); errors.As(err, &api) && api.StatusCode == http.StatusPaymentRequired {
			f.unable.Store(true) // until the next start: a plan changes rarely
		}
		return nil, later(err)
	}
	if t := answer.Request.Targets; len(t) > 0 {
		if woke, said := responders(t[0].Target.Responders); said {
			taken.Woke = woke
		}
	}
	return taken, nil
}

// later keeps an error that is worth another try, and drops one that says that it cannot be done so.
func later(err error) error {
	if unavailable(err) {
		return err
	}
	return nil
}

// responders names whom a request reached; PagerDuty shows one as an object, several as a list. said is false where it does
// not say.
func responders(raw json.RawMessage) (names []string, said bool) {
	type responder struct {
		User reference `json:"user"`
	}
	var list []responder
	if json.Unmarshal(raw, &list) != nil {
		var one responder
		if json.Unmarshal(raw, &one) != nil {
			return nil, false
		}
		list = []responder{one}
	}
	for _, x := range list {
		if name := cut(strings.ToValidUTF8(x.User.Summary, ""), maxFact); name != "" {
			names = append(names, name)
		}
	}
	return names, raw != nil && (len(names) > 0 || len(list) == 0)
}

// self is PagerDuty's id of the user in whose name drbot writes; "" where there is none.
func (l *Link) self(ctx context.Context) (string, error) {
	if id := l.selfID.Load(); id != nil {
		return *id, nil
	}
	var answer struct {
		Users []struct {
			ID    string `json:"id"`
			Email string `json:"email"`
		} `json:"users"`
	}
	if err := l.fetch(ctx, "/users?limit=100&query="+url.QueryEscape(l.From), &answer); err != nil {
		return "", err
	}
	for _, u := range answer.Users {
		if strings.EqualFold(u.Email, l.From) {
			l.selfID.Store(&u.ID)
			return u.ID, nil
		}
	}
	return "", nil
}

// publish sends an update to those who subscribed to the alert. Of a restricted incident nothing is sent (I56).
func (f Follower) publish(ctx context.Context, i *incident.Incident, a *incident.Alert, r state.Record, unsure bool, e incident.UpdateSent) error {
	if i.Restricted || a.How == incident.AlertPaged {
		return nil
	}
	mark := mark(i, r)
	if unsure {
		if there, err := f.logged(ctx, a.ID, mark); err != nil || there {
			return err
		}
	}
	words := templates.Say("pagerduty-update", map[string]any{"ID": i.ID, "Drill": i.Drill, "Severity": i.Severity, "Text": e.Text, "Next": e.Next, "Due": e.Due})
	return f.send(ctx, http.MethodPost, "/incidents/"+url.PathEscape(a.ID)+"/status_updates", map[string]any{"message": cut(words, maxUpdate) + " " + mark}, nil)
}

// maxUpdate bounds a status update, in bytes: webhooks cut theirs at 4,000 characters, and the mark stands behind it.
const maxUpdate = 3_500

// errPriority parks what cannot be mapped: people see once that PagerDuty has no such priority.
var errPriority = errors.New("its priority was not set")

// prioritise gives the alert the priority that the configuration maps the severity to. Of a restricted incident PagerDuty
// learns no severity (I56).
func (f Follower) prioritise(ctx context.Context, i *incident.Incident, a *incident.Alert, severity int) error {
	name := f.Priorities[severity]
	if name == "" || i.Restricted || a.How == incident.AlertPaged || severity != i.Severity { // a later record sets what is so now
		return nil
	}
	there, _, err := f.status(ctx, a.ID)
	if err != nil || there.Status == incident.AlertResolved || strings.EqualFold(there.Priority.name(), name) {
		return err
	}
	all, err := f.priorities(ctx)
	if err != nil && !unavailable(err) {
		return fmt.Errorf("%w: %s: %w", errPriority, name, err)
	}
	if err != nil {
		return err
	}
	k := slices.IndexFunc(all, func(p rank) bool { return p.called(name) })
	if k < 0 {
		return fmt.Errorf("%w: PagerDuty has no priority %q (pagerduty.priorities)", errPriority, name)
	}
	err = f.set(ctx, a.ID, map[string]any{"priority": pointer{ID: all[k].ID, Type: "priority_reference"}})
	if err != nil && !unavailable(err) && !errors.Is(err, errGone) {
		return fmt.Errorf("%w: %w", errPriority, err)
	}
	return err
}

// priorities lists those of the account, the most severe first.
func (l *Link) priorities(ctx context.Context) (all []rank, err error) {
	for page := range maxPages {
		var answer struct {
			List []rank `json:"priorities"`
			More bool   `json:"more"`
		}
		if err := l.fetch(ctx, fmt.Sprintf("/priorities?limit=%d&offset=%d", pageSize, page*pageSize), &answer); err != nil {
			return nil, err
		}
		all = append(all, answer.List...)
		if !answer.More {
			break
		}
	}
	return all, nil
}
