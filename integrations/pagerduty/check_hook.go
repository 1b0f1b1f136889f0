package pagerduty

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The secret stands in no answer of PagerDuty. That it is the right one is seen by what the door says of a test event, which
// PagerDuty signs and sends when it is asked to.

const (
	pingEvent = "pagey.ping"
	// pingPatience bounds the wait for a test event; PagerDuty sends it within a few seconds.
	pingPatience = 15 * time.Second
	pingLook     = 200 * time.Millisecond
)

// subscription is a webhook subscription as REST tells it.
type subscription struct {
	ID       string    `json:"id"`
	Active   bool      `json:"active"`
	Events   []string  `json:"events"`
	Filter   reference `json:"filter"` // what it is about: a service, a team, or the whole account
	Delivery struct {
		URL      string `json:"url"`
		Disabled bool   `json:"temporarily_disabled"`
	} `json:"delivery_method"`
}

// name is what people find it by.
func (s subscription) name() string {
	return "The webhook subscription " + s.ID + " (" + s.Delivery.URL + ")"
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
			if u, err := url.Parse(s.Delivery.URL); err == nil && strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), Path) {
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
	c.uncovered(c.prove(ours))
}

func (c *checking) subscription(s subscription) {
	name := s.name()
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

// proof is what became of a test event.
type proof int

const (
	unproven proof = iota
	proven
	refused
	absent // it did not come here
)

// prove has a test event sent by each subscription that works, and answers which of them may be this drbot's.
func (c *checking) prove(list []subscription) (ours []subscription) {
	works := func(s subscription) bool { return s.Active && !s.Delivery.Disabled }
	if c.l.Serving == nil || c.l.deaf() || !slices.ContainsFunc(list, works) {
		return list
	}
	serving, err := c.l.Serving(c.ctx)
	if err != nil {
		c.add("note", "No drbot serves here now, so it is not known whether PAGERDUTY_WEBHOOK_SECRET is the secret of the webhook subscription.", "Start it and check again: PagerDuty is then asked for a test event.")
		return list
	}
	if !c.l.sameMarks(serving) {
		c.add("warning", "The drbot that serves has other secrets than PAGERDUTY_WEBHOOK_SECRET has here, so no test event was sent: it would judge the old ones.", "Restart drbot with these and check again.")
		return list
	}
	if serving.Refused.After(serving.Webhook) {
		c.add("error", "A test event was refused at "+serving.Refused.UTC().Format("15:04")+" UTC by the drbot that serves, as no secret of PAGERDUTY_WEBHOOK_SECRET signed it. No further one was sent: after three refusals PagerDuty sends nothing for a day.",
			"Set PAGERDUTY_WEBHOOK_SECRET to the subscription's secret, restart drbot and check again.")
		return list
	}
	var away []subscription
	good := false
	for _, s := range list {
		if !works(s) {
			ours = append(ours, s)
			continue
		}
		was := c.ping(s)
		switch was {
		case refused:
			c.add("error", s.name()+": its test event was refused here, as no secret of PAGERDUTY_WEBHOOK_SECRET signed it. After three refusals PagerDuty sends nothing for a day.", "Set PAGERDUTY_WEBHOOK_SECRET to its secret, which PagerDuty shows only when a subscription is made; if it is lost, make a new one and delete this.")
		case absent:
			away = append(away, s)
			continue
		}
		good = good || was == proven
		ours = append(ours, s)
	}
	for _, s := range away {
		level, fix := "error", "See that its address leads to this drbot, through DNS, firewall and proxy, and check again."
		if good {
			level, fix = "note", "Nothing, if it is another drbot's."
		}
		c.add(level, fmt.Sprintf("%s: its test event did not come here within %s.", s.name(), c.patience()), fix)
	}
	return ours
}

func (c *checking) patience() time.Duration {
	if c.l.Patience > 0 {
		return c.l.Patience
	}
	return pingPatience
}

// ping has one test event sent, and watches what the drbot that serves makes of it.
func (c *checking) ping(s subscription) proof {
	before, err := c.l.Serving(c.ctx)
	if err != nil {
		return unproven
	}
	if err := c.l.send(c.ctx, http.MethodPost, "/webhook_subscriptions/"+url.PathEscape(s.ID)+"/ping", struct{}{}, nil); err != nil {
		c.add("note", s.name()+": PagerDuty sends no test event ("+err.Error()+"), so it is not known whether PAGERDUTY_WEBHOOK_SECRET is its secret.", "Use a REST API key with full access, and check again.")
		return unproven
	}
	ctx, cancel := context.WithTimeout(c.ctx, c.patience())
	defer cancel()
	look := time.NewTicker(pingLook)
	defer look.Stop()
	for {
		switch now, err := c.l.Serving(ctx); {
		case err != nil: // it is asked again
		case now.Pings > before.Pings:
			return proven
		case now.Forged > before.Forged:
			return refused
		}
		select {
		case <-ctx.Done():
			return absent
		case <-look.C:
		}
	}
}

// uncovered names the services of the rules whose events no subscription tells.
func (c *checking) uncovered(list []subscription) {
	if len(list) == 0 {
		return
	}
	said := map[string]bool{"": true}
	for _, r := range c.l.Rules {
		teams, known := c.teams[r.Service]
		if said[r.Service] || !known || slices.ContainsFunc(list, func(s subscription) bool { return s.tells(r.Service, teams) }) {
			continue
		}
		said[r.Service] = true
		c.add("error", "No webhook subscription is about the service "+r.Service+", which pagerduty.services or pagerduty.rules names: its alerts come minutes late, when drbot asks for them.", "Add a subscription with the scope of the account, or one of that service.")
	}
}

// tells reports whether events of a service are in its scope.
func (s subscription) tells(service string, teams []string) bool {
	switch kind, _, _ := strings.Cut(s.Filter.Type, "_"); kind {
	case "service":
		return s.Filter.ID == service
	case "team":
		return slices.Contains(teams, s.Filter.ID)
	}
	return true
}
