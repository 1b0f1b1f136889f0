package pagerduty

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	pd "github.com/PagerDuty/go-pagerduty"

	"github.com/drbot/drbot/state/follow"
)

// Finding is one thing that Check found. Level is error, warning or note; Fix says what to do.
type Finding struct{ Level, What, Fix string }

// Events are the types that a subscription should be about.
var Events = []string{
	"incident.acknowledged", "incident.annotated", "incident.delegated", "incident.escalated", "incident.priority_updated", "incident.reassigned", "incident.reopened",
	"incident.resolved", "incident.responder.added", "incident.responder.replied", "incident.status_update_published", "incident.triggered", "incident.unacknowledged",
}

// needed are those without which drbot misses what it acts on.
var needed = []string{"incident.triggered", "incident.acknowledged", "incident.resolved", "incident.reopened"}

// Check says what of the link would not work. Offline asks no network. It changes nothing.
func Check(ctx context.Context, o Options, offline bool) []Finding {
	c := &checking{l: open(o), ctx: ctx}
	defer c.l.Close()
	if c.l.deaf() {
		c.add("error", "PAGERDUTY_WEBHOOK_SECRET is not set: no webhook can be judged, and every one is put off.",
			"Set it to the secret that PagerDuty showed when the subscription was made (Integrations, Generic Webhooks V3); several with commas while they rotate.")
	}
	for _, s := range o.Secrets {
		if n := len(s.Reveal()); n > 0 && n < 16 {
			c.add("warning", fmt.Sprintf("A secret of PAGERDUTY_WEBHOOK_SECRET has %d characters; PagerDuty's have 64.", n), "Copy it again, whole.")
		}
	}
	switch {
	case o.Token.IsZero():
		c.add("warning", "PAGERDUTY_API_TOKEN is not set: PagerDuty is heard, told nothing, and never asked what was missed.", "Make a REST API key (Integrations, API Access Keys) and set it.")
	case o.From == "":
		c.add("error", "pagerduty.from is not set, and PagerDuty takes nothing without a user in whose name it is written.", "Set pagerduty: {from: …} to the email of a PagerDuty user.")
	case !offline:
		c.account()
	}
	return c.found
}

type checking struct {
	l     *Link
	ctx   context.Context
	found []Finding
}

func (c *checking) add(level, what, fix string) { c.found = append(c.found, Finding{level, what, fix}) }

// account asks the API: first whose name drbot writes in, which also proves the token.
func (c *checking) account() {
	o := c.l.Options
	var users *pd.ListUsersResponse
	err := c.l.call(c.ctx, "look for "+o.From, func(ctx context.Context) error {
		var err error
		users, err = c.l.client.ListUsersWithContext(ctx, pd.ListUsersOptions{Query: o.From})
		return err
	})
	if err != nil {
		c.refused("PagerDuty did not answer: ", err)
		return
	}
	if !slices.ContainsFunc(users.Users, func(u pd.User) bool { return strings.EqualFold(u.Email, o.From) }) {
		c.add("error", "pagerduty.from: PagerDuty has no user "+o.From+".", "Name the email of a user as PagerDuty writes it (People, Users).")
	}
	c.services()
	if o.People != nil {
		for _, e := range o.People().All() {
			if e.PagerDuty != "" {
				c.place("users", "user", "people: "+e.Name, e.PagerDuty)
			}
		}
	}
	if o.Approvers != "" {
		c.place("escalation_policies", "escalation policy", "pagerduty.approvers", o.Approvers)
	}
	for _, id := range o.Policies {
		c.place("escalation_policies", "escalation policy", "contacts", id)
	}
	c.duty()
	c.priorities()
	c.abilities()
	c.subscriptions()
}

// duty says which policies would wake nobody now, since a page of one is lost.
func (c *checking) duty() {
	policies := slices.Clone(c.l.Policies)
	if c.l.Approvers != "" {
		policies = append(policies, c.l.Approvers)
	}
	onCall, err := c.l.onCall(c.ctx, policies)
	if err != nil {
		c.refused("Who is on call cannot be read: ", err)
		return
	}
	for _, id := range slices.Sorted(maps.Keys(onCall)) {
		if len(onCall[id]) == 0 {
			c.add("warning", "Nobody is on call now by the escalation policy "+id+": a page of it wakes nobody.", "Fill its schedule in PagerDuty (People, On-Call Schedules).")
		}
	}
}

// priorities says which of those that severities are mapped to PagerDuty does not have.
func (c *checking) priorities() {
	if len(c.l.Priorities) == 0 {
		return
	}
	all, err := c.l.priorities(c.ctx)
	if api := (pd.APIError{}); errors.As(err, &api) && api.StatusCode == http.StatusPaymentRequired {
		c.add("error", "pagerduty.priorities: this account of PagerDuty has no priorities.", "Switch them on (Settings, Incident Priorities), or take pagerduty.priorities out.")
		return
	}
	if err != nil {
		c.refused("The priorities cannot be read: ", err)
		return
	}
	var names []string
	for _, p := range all {
		names = append(names, p.name())
	}
	for _, severity := range slices.Sorted(maps.Keys(c.l.Priorities)) {
		name := c.l.Priorities[severity]
		if !slices.ContainsFunc(all, func(p rank) bool { return p.called(name) }) {
			c.add("error", fmt.Sprintf("pagerduty.priorities: PagerDuty has no priority %q, which SEV-%d is mapped to.", name, severity), "It has: "+strings.Join(names, ", ")+".")
		}
	}
}

// abilities says what pages cannot be here.
func (c *checking) abilities() {
	err := c.l.fetch(c.ctx, "/abilities/"+coordinated, nil)
	if api := (pd.APIError{}); errors.As(err, &api) && api.StatusCode == http.StatusPaymentRequired {
		c.add("note", "This account of PagerDuty cannot ask people to join an incident: every page makes an incident of its own.", "Nothing needs to be done; a plan with responder requests shows people the alert itself.")
	}
}

func (c *checking) refused(what string, err error) {
	fix := "Check the network to PagerDuty, and PAGERDUTY_API_URL where it is set. drbot starts without it."
	if later := (follow.Unavailable{}); errors.As(err, &later) {
		err = later.Err
		if strings.Contains(c.l.Health().Why, "TOKEN") {
			fix = "Make a new REST API key with full access and set PAGERDUTY_API_TOKEN."
		}
	}
	c.add("error", what+err.Error()+".", fix)
}

// services checks what the rules name.
func (c *checking) services() {
	seen := map[string]bool{"": true}
	for _, r := range c.l.Rules {
		if !seen[r.Service] {
			seen[r.Service] = true
			c.place("services", "service", "pagerduty.services", r.Service)
		}
	}
	for _, id := range c.l.Places {
		if !seen[id] {
			seen[id] = true
			c.place("services", "service", "pagerduty.pages or contacts", id)
		}
	}
}

func (c *checking) place(path, kind, key, id string) {
	switch err := c.l.fetch(c.ctx, "/"+path+"/"+url.PathEscape(id), nil); {
	case errors.Is(err, errGone):
		c.add("error", key+": PagerDuty has no "+kind+" "+id+".", "Copy the id from the address of its page in PagerDuty, like P1ABCDE.")
	case err != nil:
		c.refused("The "+kind+" "+id+" cannot be read: ", err)
	}
}

// subscription is a webhook subscription as REST tells it.
type subscription struct {
	ID       string   `json:"id"`
	Active   bool     `json:"active"`
	Events   []string `json:"events"`
	Delivery struct {
		URL      string `json:"url"`
		Disabled bool   `json:"temporarily_disabled"`
	} `json:"delivery_method"`
}

// subscriptions looks for one that ends at drbot's door.
func (c *checking) subscriptions() {
	var ours []subscription
	for offset := 0; ; offset += pageSize {
		var page struct {
			List []subscription `json:"webhook_subscriptions"`
			More bool           `json:"more"`
		}
		if err := c.l.fetch(c.ctx, fmt.Sprintf("/webhook_subscriptions?limit=%d&offset=%d", pageSize, offset), &page); err != nil {
			c.refused("The webhook subscriptions cannot be read: ", err)
			return
		}
		for _, s := range page.List {
			if u, err := url.Parse(s.Delivery.URL); err == nil && strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), "/pagerduty/webhook") {
				ours = append(ours, s)
			}
		}
		if !page.More || offset >= 10_000-2*pageSize {
			break
		}
	}
	if len(ours) == 0 {
		c.add("error", "PagerDuty has no webhook subscription that ends in /pagerduty/webhook.", "Integrations, Generic Webhooks V3, New Webhook: https://<drbot>/pagerduty/webhook, and set the secret that it shows.")
	}
	for _, s := range ours {
		c.subscription(s)
	}
}

func (c *checking) subscription(s subscription) {
	name := "The webhook subscription " + s.ID + " (" + s.Delivery.URL + ")"
	switch {
	case !s.Active:
		c.add("error", name+" is switched off.", "Enable it in PagerDuty: Integrations, Generic Webhooks V3.")
	case s.Delivery.Disabled:
		c.add("error", name+" is disabled for a day: three webhooks in a row were refused.", "Set PAGERDUTY_WEBHOOK_SECRET to its secret, then enable it (POST /webhook_subscriptions/"+s.ID+"/enable); drbot asks for what was missed.")
	}
	var lacks []string
	level := "warning"
	for _, event := range Events {
		if !slices.Contains(s.Events, event) {
			lacks = append(lacks, event)
			if slices.Contains(needed, event) {
				level = "error"
			}
		}
	}
	if len(lacks) > 0 {
		c.add(level, name+" does not tell of "+strings.Join(lacks, ", ")+".", "Add them to the subscription's events.")
	}
	if strings.HasPrefix(s.Delivery.URL, "http://") {
		c.add("warning", name+" goes over plain HTTP.", "Put a TLS proxy in front of drbot and name its https address.")
	}
}
