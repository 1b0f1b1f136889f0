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

	"github.com/drbot/drbot/people"
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
	c := &checking{l: open(o), ctx: ctx, teams: map[string][]string{}, unknown: map[string]bool{}}
	defer c.l.Close()
	if c.l.deaf() {
		c.add("error", "PAGERDUTY_WEBHOOK_SECRET is not set: no webhook can be judged, and every one is put off.",
			"Set it to the secret that PagerDuty showed when the subscription was made (Integrations, Generic Webhooks V3); several with commas while they rotate.")
	}
	for _, s := range o.Secrets {
		if n := len(s.Reveal()); n > 0 && n < minSecret {
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

// minSecret is the fewest characters of a secret that cannot be guessed.
const minSecret = 16

type checking struct {
	l       *Link
	ctx     context.Context
	found   []Finding
	unknown map[string]bool     // ids that PagerDuty does not have
	teams   map[string][]string // of the services that rules name, as far as they can be read
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
				c.person(e)
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
		if len(onCall[id]) == 0 && !c.unknown[id] {
			c.add("warning", "Nobody is on call now by the escalation policy "+id+": a page of it wakes nobody.", "Fill its schedule in PagerDuty (People, On-Call Schedules).")
		}
	}
}

// priorities says which of those that severities are mapped to PagerDuty does not have.
func (c *checking) priorities() {
	var wanted []string
	for _, r := range c.l.Rules {
		for _, name := range r.Priority {
			if name != "-" && !slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(w, name) }) {
				wanted = append(wanted, name)
			}
		}
	}
	if len(c.l.Priorities)+len(wanted) == 0 {
		return
	}
	all, err := c.l.priorities(c.ctx)
	if api := (pd.APIError{}); errors.As(err, &api) && api.StatusCode == http.StatusPaymentRequired {
		c.add("error", "pagerduty.priorities: this account of PagerDuty has no priorities.", "Switch them on (Settings, Incident Priorities), or take pagerduty.priorities and the priorities of rules out.")
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
	for _, name := range wanted {
		if !slices.ContainsFunc(all, func(p rank) bool { return p.called(name) }) {
			c.add("error", fmt.Sprintf("pagerduty.rules: PagerDuty has no priority %q, so that rule never matches.", name), "It has: "+strings.Join(names, ", ")+".")
		}
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
			c.ruled(r.Service)
		}
	}
	for _, id := range c.l.Places {
		if !seen[id] {
			seen[id] = true
			c.place("services", "service", "pagerduty.pages or contacts", id)
		}
	}
}

// ruled reads a service that a rule names, with the teams whose it is.
func (c *checking) ruled(id string) {
	var answer struct {
		Service struct {
			Teams []reference `json:"teams"`
		} `json:"service"`
	}
	if !c.read("services", "service", "pagerduty.services", id, &answer) {
		return
	}
	c.teams[id] = []string{}
	for _, t := range answer.Service.Teams {
		c.teams[id] = append(c.teams[id], t.ID)
	}
}

// person compares a user's email: what a wrong one does would be somebody else's, and so would the pages.
func (c *checking) person(e people.Entry) {
	var answer struct {
		User struct {
			Name  string `json:"name"`
			Email string `json:"email"`
		} `json:"user"`
	}
	key := "people: " + e.Name
	if !c.read("users", "user", key, e.PagerDuty, &answer) || answer.User.Email == "" || e.Email == "" || strings.EqualFold(answer.User.Email, e.Email) {
		return
	}
	level := "note"
	if other, known := c.l.People().Email(answer.User.Email); known && other.Key() != e.Key() {
		level = "error"
	}
	c.add(level, fmt.Sprintf("%s: PagerDuty's user %s is %s <%s>, not %s.", key, e.PagerDuty, answer.User.Name, answer.User.Email, e.Email), "Give "+e.Name+" their own id, or leave it out: it is found by the email.")
}

// place says where the configuration names what PagerDuty does not have.
func (c *checking) place(path, kind, key, id string) { c.read(path, kind, key, id, nil) }

func (c *checking) read(path, kind, key, id string, into any) bool {
	switch err := c.l.fetch(c.ctx, "/"+path+"/"+url.PathEscape(id), into); {
	case errors.Is(err, errGone):
		c.unknown[id] = true
		c.add("error", key+": PagerDuty has no "+kind+" "+id+".", "Copy the id from the address of its page in PagerDuty, like P1ABCDE.")
	case err != nil:
		c.refused("The "+kind+" "+id+" cannot be read: ", err)
	default:
		return true
	}
	return false
}
