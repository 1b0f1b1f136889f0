package pagerduty

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"time"

	pd "github.com/PagerDuty/go-pagerduty"

	"github.com/drbot/drbot/people"
)

// usersEvery is how often PagerDuty is asked for people: they change more rarely than who is on call.
const usersEvery = time.Hour

// Learn asks who is on call, and now and then who is who. What cannot be read stays as it was: an outage makes nobody
// unknown, and who is on call is shown with its age.
func (l *Link) Learn(ctx context.Context) error {
	err := l.learnDuty(ctx)
	if l.Found != nil && !l.Now().Before(l.users.Add(usersEvery)) {
		var list []people.Found
		if list, err = l.everybody(ctx); err == nil {
			l.users = l.Now()
			l.Found(ctx, people.FromPagerDuty, list)
		}
	}
	return err
}

// learnDuty reads the services that drbot knows of, their policies, and who is on call by those and by the configured ones.
func (l *Link) learnDuty(ctx context.Context) error {
	if l.Duty == nil {
		return nil
	}
	at := l.Now().UTC()
	var places []people.Place
	policies := slices.Clone(l.Policies)
	if l.Approvers != "" {
		policies = append(policies, l.Approvers)
	}
	for _, id := range l.Places {
		var answer struct {
			Service struct {
				Name   string    `json:"name"`
				Policy reference `json:"escalation_policy"`
			} `json:"service"`
		}
		err := l.fetch(ctx, "/services/"+url.PathEscape(id), &answer)
		if errors.Is(err, errGone) {
			continue // check says so
		}
		if err != nil {
			return err
		}
		places = append(places, people.Place{ID: id, Name: answer.Service.Name, Policy: answer.Service.Policy.ID})
		if answer.Service.Policy.ID != "" {
			policies = append(policies, answer.Service.Policy.ID)
		}
	}
	slices.Sort(policies)
	onCall, err := l.onCall(ctx, slices.Compact(policies))
	if err != nil {
		return err
	}
	l.Duty.Set(at, onCall, places)
	if l.Learned != nil {
		l.Learned()
	}
	return nil
}

// onCall lists who is on call now, by policy. A policy without anybody is there, empty.
func (l *Link) onCall(ctx context.Context, policies []string) (map[string][]people.OnCall, error) {
	all := map[string][]people.OnCall{}
	if len(policies) == 0 {
		return all, nil
	}
	for _, id := range policies {
		all[id] = nil
	}
	for page := range maxPages {
		var answer *pd.ListOnCallsResponse
		err := l.call(ctx, "read who is on call", func(ctx context.Context) (err error) {
			answer, err = l.client.ListOnCallsWithContext(ctx, pd.ListOnCallOptions{
				Limit: pageSize, Offset: uint(page * pageSize), EscalationPolicyIDs: policies, Includes: []string{"users"},
			})
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, o := range answer.OnCalls {
			policy := o.EscalationPolicy.ID
			if _, asked := all[policy]; !asked {
				continue
			}
			name := o.User.Name
			if name == "" {
				name = o.User.Summary
			}
			duty := people.OnCall{Level: int(o.EscalationLevel), User: o.User.ID, Name: cut(name, 100)}
			if !slices.Contains(all[policy], duty) {
				all[policy] = append(all[policy], duty)
			}
		}
		if !answer.More {
			break
		}
	}
	return all, nil
}

// everybody lists the users with their emails and phone numbers, all of them or none.
func (l *Link) everybody(ctx context.Context) (list []people.Found, err error) {
	for page := range maxPages {
		var answer *pd.ListUsersResponse
		err := l.call(ctx, "list people", func(ctx context.Context) (err error) {
			answer, err = l.client.ListUsersWithContext(ctx, pd.ListUsersOptions{Limit: pageSize, Offset: uint(page * pageSize), Includes: []string{"contact_methods"}})
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, u := range answer.Users {
			list = append(list, people.Found{Email: u.Email, ID: u.ID, Phone: phone(u.ContactMethods)})
		}
		if !answer.More {
			break
		}
	}
	return list, nil
}

// phone is the first number that rings.
func phone(methods []pd.ContactMethod) string {
	for _, m := range methods {
		if m.Type == "phone_contact_method" && m.Address != "" {
			if m.CountryCode > 0 {
				return "+" + strconv.Itoa(m.CountryCode) + " " + m.Address
			}
			return m.Address
		}
	}
	return ""
}
