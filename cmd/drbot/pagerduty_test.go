package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drbot/drbot/commands"
)

// TestPagerDutyInTheConfiguration: rules come before services, take what their service is mapped to, and a wrong one is
// refused at its place.
func TestPagerDutyInTheConfiguration(t *testing.T) {
	load := func(text string, env map[string]string) (*config, error) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "drbot.yaml")
		if err := os.WriteFile(path, []byte("runbook: ./R.md\npagerduty:\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
		return loadConfig(path, func(name string) string { return env[name] })
	}
	c, err := load(`  from: drbot@example.com
  services: {PDB1: {type: Database corruption, services: [users]}}
  rules:
    - {urgency: low, then: ignore}
    - {service: PDB1, title: "(?i)replica", attach: true, severity: 2}
`, map[string]string{"PAGERDUTY_WEBHOOK_SECRET": " one , two,", "PAGERDUTY_API_TOKEN": "t"})
	if err != nil {
		t.Fatal(err)
	}
	p := c.PagerDuty
	if !p.On || !p.tells() || len(p.Secrets) != 2 || p.Secrets[1].Reveal() != "two" || len(p.Rules) != 3 {
		t.Fatalf("%+v", p)
	}
	if r := p.Rules[1]; r.Type != "Database corruption" || r.Severity != 2 || !r.Attach || r.Then != commands.ThenOpen || !r.Title.MatchString("a Replica is late") {
		t.Errorf("%+v", r)
	}
	if r := p.Rules[2]; r.Service != "PDB1" || r.Then != commands.ThenOpen || r.Services[0] != "users" {
		t.Errorf("%+v", r)
	}
	for text, want := range map[string]string{
		"  rules: [{then: open}, {then: maybe}]\n": "3:25: pagerduty.rules[1]: then: \"maybe\"",
		"  rules: [{urgency: medium}]\n":           "urgency: \"medium\"",
		"  rules: [{severity: 9}]\n":               "severity: 9",
		"  rules: [{title: \"(\"}]\n":              "title: ",
		"  from: ana\n":                            "pagerduty.from: \"ana\" is no email",
		"  priorities: {5: P1}\n":                  "pagerduty.priorities: \"5\"",
		"  priorities: {1: \"\"}\n":                "maps no severity of 1 to 4 to a name",
		"  odd: 1\n":                               "odd",
	} {
		if _, err := load(text, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := load("  from: a@example.com\n", map[string]string{"PAGERDUTY_API_URL": "api.pagerduty.com"}); err == nil {
		t.Error("an address without a scheme was taken")
	}
}

// TestI46_AWebhookWithoutAConfigurationIsPutOff: refusing it would make PagerDuty stop for a day.
func TestI46_AWebhookWithoutAConfigurationIsPutOff(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	w.serve()
	answer, err := http.Post(w.door()+"/pagerduty/webhook", "application/json", strings.NewReader("{}"))
	w.ok(err)
	w.ok(answer.Body.Close())
	if answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("answered %d", answer.StatusCode)
	}
}
