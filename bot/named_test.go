package bot

import (
	"testing"
	"time"
)

// TestWorded: what Slack marks up reads as people would write it; angle brackets of people's own stay.
func TestWorded(t *testing.T) {
	b := open(Options{})
	b.places.remember("incidents", "C0INCIDENTS")
	for text, want := range map[string]string{
		"<@U0BEA|bea> and <@U0NEW>":                          "@bea and @U0NEW",
		"<#C0INCIDENTS> <#C0OTHER|other> <#C0PRIVATE|>":      "#incidents #other #C0PRIVATE",
		"<http://x.example|click>":                           "http://x.example",
		"<http://db1.a|db1.a> <https://y.example/a?b=c>":     "db1.a https://y.example/a?b=c",
		"<mailto:x@y.example|x@y.example> <tel:+34|+34>":     "x@y.example +34",
		"<!channel> <!subteam^S1|@oncall> <!date^1^{d}|now>": "@channel @oncall now",
		"a <b> c < d, <x@y>, 2<3":                            "a <b> c < d, <x@y>, 2<3",
	} {
		if got := b.worded(text); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

// TestSlackIsOneLink: App Home says Slack once, away since the first of its connections was.
func TestSlackIsOneLink(t *testing.T) {
	at := time.Date(2026, 11, 25, 3, 5, 0, 0, time.UTC)
	for want, links := range map[string][]Link{
		"Slack ok":                            {{Name: "slack api", Up: true, Since: at}, {Name: "slack socket", Up: true, Since: at}},
		"Slack not reachable since 03:05 UTC": {{Name: "slack api", Since: at.Add(time.Minute)}, {Name: "slack socket", Since: at}},
	} {
		if got := slackInWords(links); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
