package bot_test

import (
	"context"
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/drbot/drbot/bot"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/secret"
	"github.com/drbot/drbot/workspace"
)

// TestManifest: it is YAML that Slack takes, with the configured names, and every scope and event has its reason.
func TestManifest(t *testing.T) {
	for _, url := range []string{"", "https://drbot.example.com/"} {
		text, err := bot.Manifest(bot.ManifestOptions{Incident: "outage", Recover: "fix", URL: url})
		must(t, err)
		var m struct {
			Display struct {
				Name, Description string
			} `yaml:"display_information"`
			Features struct {
				Commands []struct {
					Command, URL, Description string
					Hint                      string `yaml:"usage_hint"`
				} `yaml:"slash_commands"`
				Shortcuts []struct {
					Name, Type, Description string
					ID                      string `yaml:"callback_id"`
				}
			}
			OAuth struct {
				Scopes struct{ Bot []string }
			} `yaml:"oauth_config"`
			Settings struct {
				Events struct {
					URL    string   `yaml:"request_url"`
					Events []string `yaml:"bot_events"`
				} `yaml:"event_subscriptions"`
				Socket bool `yaml:"socket_mode_enabled"`
			}
		}
		must(t, yaml.Unmarshal(text, &m))
		if len(m.Features.Commands) != 2 || m.Features.Commands[0].Command != "/outage" || m.Features.Commands[1].Command != "/fix" {
			t.Errorf("%+v", m.Features.Commands)
		}
		if m.Settings.Socket != (url == "") || strings.Contains(string(text), "com//") || url != "" && m.Settings.Events.URL != "https://drbot.example.com/slack/events" {
			t.Errorf("%+v", m.Settings)
		}
		for _, s := range m.Features.Shortcuts {
			if utf8.RuneCountInString(s.Name) > 24 || len(s.Description) > 150 {
				t.Errorf("%+v", s)
			}
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "      - ") && !strings.Contains(line, " # ") {
				t.Errorf("no reason: %s", line)
			}
		}
		if len(m.OAuth.Scopes.Bot) < 15 || len(m.Settings.Events.Events) < 15 {
			t.Errorf("%d scopes, %d events", len(m.OAuth.Scopes.Bot), len(m.Settings.Events.Events))
		}
	}
	for _, o := range []bot.ManifestOptions{{Incident: "In Cident"}, {Incident: "a", Recover: "a"}, {URL: "http://x"}} {
		if _, err := bot.Manifest(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

// TestCheck: what is wrong is named with its fix, and nothing is found where nothing is.
func TestCheck(t *testing.T) {
	ctx := context.Background()
	start := func(scopes []string) *workspace.Workspace {
		w, err := workspace.Start(ctx, workspace.Options{
			BotToken: botToken, AppToken: appToken, SigningSecret: signing, Scopes: scopes,
			Users:    []workspace.User{{ID: "U0ANA", Name: "ana"}, {ID: "U0BEA", Name: "bea", Guest: true}},
			Channels: []workspace.Channel{{ID: "C0INCIDENTS", Name: "incidents"}},
		})
		must(t, err)
		t.Cleanup(func() { _ = w.Close() })
		return w
	}
	table := func(entries ...people.Entry) func() *people.Table {
		made, err := people.New(entries)
		must(t, err)
		return func() *people.Table { return made }
	}
	good := start(nil)
	options := bot.Options{BotToken: secret.New(botToken), AppToken: secret.New(appToken), APIURL: good.APIURL(), Announce: "incidents", People: table(people.Entry{Name: "Ana", Slack: "U0ANA"})}
	if found := bot.Check(ctx, options); len(found) != 0 {
		t.Errorf("%+v", found)
	}
	bad := options
	bad.Announce, bad.AppToken = "nowhere", secret.New("xapp-wrong")
	bad.People = table(people.Entry{Name: "Bea", Slack: "U0BEA"}, people.Entry{Name: "Nobody", Slack: "U0NONE"})
	expect(t, bot.Check(ctx, bad), "Socket Mode", "nowhere", "Bea", "U0NONE")
	bad = options
	bad.BotToken = secret.New("xoxb-wrong")
	expect(t, bot.Check(ctx, bad), "bot token")
	bad = options
	bad.APIURL = "http://127.0.0.1:1/"
	expect(t, bot.Check(ctx, bad), "Slack cannot be reached")
	bad = options
	bad.APIURL = start([]string{"chat:write", "channels:read", "users:read", "groups:read", "channels:join"}).APIURL()
	expect(t, bot.Check(ctx, bad), "pins:write")
}

func expect(t *testing.T, found []bot.Finding, words ...string) {
	t.Helper()
	for _, word := range words {
		seen := false
		for _, f := range found {
			seen = seen || strings.Contains(f.What, word) && f.Fix != "" && f.Level == "error"
		}
		if !seen {
			t.Errorf("no finding says %q: %+v", word, found)
		}
	}
}
