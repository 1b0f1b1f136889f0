package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/integrations/pagerduty"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/secret"
)

// rawPagerDuty is the key pagerduty of drbot.yaml. Rules come before services, which are rules too: what comes from the
// service opens an incident.
type rawPagerDuty struct {
	From      string                     `yaml:"from"`
	Approvers string                     `yaml:"approvers"`
	Pages     string                     `yaml:"pages"` // service on which people and policies are paged
	Services  map[string]rawAlertService `yaml:"services"`
	Rules     []rawAlertRule             `yaml:"rules"`
	// Priorities are names of PagerDuty's, by severity: 1 to 4.
	Priorities map[string]string `yaml:"priorities"`
}

type rawAlertService struct {
	Type     string   `yaml:"type"`
	Services []string `yaml:"services"`
}

type rawAlertRule struct {
	Service  string   `yaml:"service"`
	Urgency  string   `yaml:"urgency"`
	Priority []string `yaml:"priority"`
	Title    string   `yaml:"title"` // RE2
	Then     string   `yaml:"then"`  // open | triage | ignore
	Attach   bool     `yaml:"attach"`
	Type     string   `yaml:"type"`
	Severity int      `yaml:"severity"`
	Services []string `yaml:"services"`
	Drill    bool     `yaml:"drill"`
}

// pagerdutyConfig is what the link is made of.
type pagerdutyConfig struct {
	On               bool
	Token            secret.String
	Secrets          []secret.String
	APIURL           string
	From, Approvers  string
	Policies, Places []string // of which drbot asks who is on call
	Rules            commands.AlertRules
	Priorities       map[int]string
}

// pagerduty checks the key, and reads what the environment has of it.
func (w *written) pagerduty(c *config) error {
	r := w.PagerDuty
	p := pagerdutyConfig{From: r.From, Approvers: r.Approvers}
	for k, rule := range r.Rules {
		valid, err := rule.valid(r.Services[rule.Service])
		if err != nil {
			return w.places.fault(fmt.Errorf("pagerduty.rules[%d]: %w", k, err), "pagerduty", "rules", k)
		}
		p.Rules = append(p.Rules, valid)
	}
	for _, id := range slices.Sorted(maps.Keys(r.Services)) {
		p.Rules = append(p.Rules, commands.AlertRule{Service: id, Then: commands.ThenOpen, Type: r.Services[id].Type, Services: r.Services[id].Services})
	}
	for _, severity := range slices.Sorted(maps.Keys(r.Priorities)) {
		n, name := severityCondition.FindStringSubmatch(severity), strings.TrimSpace(r.Priorities[severity])
		if n == nil || name == "" {
			return w.places.fault(fmt.Errorf("pagerduty.priorities: %q: %q maps no severity of 1 to 4 to a name", severity, name), "pagerduty", "priorities", severity)
		}
		if p.Priorities == nil {
			p.Priorities = map[int]string{}
		}
		level, _ := strconv.Atoi(n[1])
		p.Priorities[level] = name
	}
	if r.From != "" && !strings.Contains(r.From, "@") {
		return w.places.fault(fmt.Errorf("pagerduty.from: %q is no email", r.From), "pagerduty", "from")
	}
	token, err := fromEnv(w.getenv, "PAGERDUTY_API_TOKEN")
	if err != nil {
		return err
	}
	secrets, err := fromEnv(w.getenv, "PAGERDUTY_WEBHOOK_SECRET")
	if err != nil {
		return err
	}
	if p.APIURL, err = fromEnv(w.getenv, "PAGERDUTY_API_URL"); err != nil {
		return err
	}
	if u, err := url.Parse(p.APIURL); p.APIURL != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("PAGERDUTY_API_URL: %q is no URL, like https://api.eu.pagerduty.com", p.APIURL)
	}
	p.Token = secret.New(token)
	for s := range strings.SplitSeq(secrets, ",") {
		if s = strings.TrimSpace(s); s != "" {
			p.Secrets = append(p.Secrets, secret.New(s))
		}
	}
	p.On = token != "" || len(p.Secrets) > 0 || r.From != "" || r.Approvers != "" || len(p.Rules) > 0
	c.PagerDuty = p
	return w.contacts(c)
}

// valid reads a rule. What its service is mapped to holds where the rule says nothing else.
func (r rawAlertRule) valid(mapped rawAlertService) (commands.AlertRule, error) {
	rule := commands.AlertRule{
		Service: r.Service, Urgency: r.Urgency, Priority: r.Priority, Then: r.Then, Attach: r.Attach, Type: r.Type, Severity: r.Severity, Services: r.Services, Drill: r.Drill,
	}
	if rule.Type == "" {
		rule.Type = mapped.Type
	}
	if rule.Services == nil {
		rule.Services = mapped.Services
	}
	switch r.Then {
	case "":
		rule.Then = commands.ThenOpen
	case commands.ThenOpen, commands.ThenTriage, commands.ThenIgnore:
	default:
		return rule, fmt.Errorf("then: %q is none of open, triage, ignore", r.Then)
	}
	if r.Urgency != "" && r.Urgency != "high" && r.Urgency != "low" {
		return rule, fmt.Errorf("urgency: %q is neither high nor low", r.Urgency)
	}
	if r.Severity < 0 || r.Severity > 4 {
		return rule, fmt.Errorf("severity: %d is none of 1 to 4", r.Severity)
	}
	if r.Title != "" {
		var err error
		if rule.Title, err = regexp.Compile(r.Title); err != nil {
			return rule, fmt.Errorf("title: %w", err)
		}
	}
	return rule, nil
}

// options are the link's; what needs the house is added there.
func (p pagerdutyConfig) options(table func() *people.Table) pagerduty.Options {
	return pagerduty.Options{Token: p.Token, APIURL: p.APIURL, Secrets: p.Secrets, From: p.From, Approvers: p.Approvers, Policies: p.Policies, Places: p.Places, Rules: p.Rules, Priorities: p.Priorities, People: table}
}

// tells reports whether PagerDuty can be told anything.
func (p pagerdutyConfig) tells() bool { return !p.Token.IsZero() && p.From != "" }

// follows adds the follower's name where there is one: what happened before PagerDuty could be told is never told.
func (p pagerdutyConfig) follows(names []string) []string {
	if p.tells() {
		names = append(slices.Clone(names), pagerduty.Name)
	}
	return names
}

// openPagerDuty makes the link, where PagerDuty is configured at all.
func (h *house) openPagerDuty() (err error) {
	if !h.config.PagerDuty.On {
		return nil
	}
	o := h.config.PagerDuty.options(h.office.People)
	o.Handler, o.Memory, o.Now, o.Until, o.Log = h.office, h.store, h.clock.Now, h.clock.Until, h.log
	o.Duty, o.Found, o.Learned = h.office.Duty, h.learned, h.keepDuty
	h.restoreDuty()
	if h.pagerduty, err = pagerduty.New(o); err == nil {
		h.office.Away = h.pagerduty.Away
	}
	return err
}

// pagerdutyHealth is the link for /readyz; nil where PagerDuty is not configured.
func (h *house) pagerdutyHealth() *pagerduty.Health {
	if h.pagerduty == nil {
		return nil
	}
	health := h.pagerduty.Health()
	return &health
}

// watch are the links besides Slack's, a line each, for App Home.
func (h *house) watch() []string {
	if h.pagerduty == nil {
		return nil
	}
	list := []string{h.pagerduty.Watch()}
	if names, at := h.office.OnCall(h.config.PagerDuty.Approvers); names != "" {
		list = append(list, "On call for approvals at "+at.UTC().Format("15:04 UTC")+": "+names)
	}
	return list
}

// pagerdutyRoutes adds the door. Without a configuration a webhook is put off: PagerDuty would stop for a day if it was
// refused.
func (h *house) pagerdutyRoutes(mux *http.ServeMux) {
	if h.pagerduty != nil {
		h.pagerduty.Routes(mux)
		return
	}
	for _, path := range []string{pagerduty.Path, pagerduty.Path + "/{$}"} {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "PagerDuty is not configured here", http.StatusServiceUnavailable)
		})
	}
}

// checkPagerDuty says what of the link and its mappings would not work.
func checkPagerDuty(ctx context.Context, c *config, offline bool) []finding {
	if !c.PagerDuty.On {
		return nil
	}
	var found []finding
	o := c.PagerDuty.options(func() *people.Table { return c.People })
	o.Serving = func(ctx context.Context) (pagerduty.Health, error) { return servingPagerDuty(ctx, c.Data) }
	for _, f := range pagerduty.Check(ctx, o, offline) {
		found = append(found, finding{f.Level, f.What, f.Fix})
	}
	rb, err := runbook.LoadText(c.Runbook, c.Sections)
	if err != nil {
		return found // said already
	}
	var types []string
	for _, t := range rb.IncidentTypes {
		types = append(types, t.Name)
	}
	for _, r := range c.PagerDuty.Rules {
		if r.Type != "" && rb.Type(r.Type) == nil {
			found = append(found, finding{
				"error", fmt.Sprintf("pagerduty: the runbook has no incident type “%s”, so what %s opens has none.", r.Type, orAny(r.Service)), "It has: " + strings.Join(types, ", ") + ".",
			})
		}
		for _, s := range r.Services {
			if _, ok := c.Commands.Services[s]; !ok {
				found = append(found, finding{
					"warning", fmt.Sprintf("pagerduty: the service “%s” is not in services:, so the strictest objectives count for it.", s), "Add it: services: {" + s + ": {tier: …, data: […]}}.",
				})
			}
		}
	}
	found = append(found, checkWaking(c, rb)...)
	if len(c.PagerDuty.Rules) == 0 {
		found = append(found, finding{"note", "pagerduty.services and pagerduty.rules are empty: every alert waits in triage until somebody accepts it.", "Map a service: pagerduty: {services: {P1ABCDE: {type: …}}}."})
	}
	return found
}

// servingPagerDuty asks the drbot that serves this data directory how its link stands.
func servingPagerDuty(ctx context.Context, data string) (health pagerduty.Health, err error) {
	address, err := os.ReadFile(filepath.Join(data, "address"))
	if err != nil {
		return health, err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+strings.TrimSpace(string(address))+"/readyz", nil)
	if err != nil {
		return health, err
	}
	direct := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // no proxy stands before this machine's own drbot
	answer, err := direct.Do(r)
	if err != nil {
		return health, err
	}
	defer func() { _ = answer.Body.Close() }()
	var ready readiness
	if err = json.NewDecoder(answer.Body).Decode(&ready); err != nil {
		return health, err
	}
	if ready.PagerDuty == nil {
		return health, errors.New("it was started without PagerDuty")
	}
	return *ready.PagerDuty, nil
}

func orAny(service string) string {
	if service == "" {
		return "a rule"
	}
	return "the service " + service
}
