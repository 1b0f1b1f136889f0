package bot

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"
	"pgregory.net/rapid"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// The largest review is edited in forms that Slack takes, and none of them cuts or changes what it shows: what is saved from
// it would lose that.
func TestI41_FormsOfTheLargestReviewLoseNothing(t *testing.T) {
	line := rapid.SampledFrom([]string{"## Head\n", "text <!channel> `x` *y* <https://evil.example|z>\n", "| a | b |\n", strings.Repeat("long ", 700) + "\n", strings.Repeat("ü🙂", 1500), "שלום עולם\n", "\n", "```\n"})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(line, 0, 60).Draw(t, "lines"), "")
		for _, p := range templates.ReviewParts(text) {
			value := strings.TrimSpace(p.Text)
			view := modal(templates.Form{Verb: "incident review part", Object: "42/12-" + p.ID(), Title: "Review of INC-42", Submit: "Save", Fields: []templates.Field{
				{ID: "text", Label: p.Label(), Kind: templates.FieldArea, Value: value, Optional: true, Max: 3000},
			}}, slip{Channel: "C1"}, testFrame())
			input := view.Blocks.BlockSet[0].(*slack.InputBlock).Element.(*slack.PlainTextInputBlockElement)
			if input.InitialValue != value {
				t.Fatalf("of %d characters %d stand in the form", utf8.RuneCountInString(value), utf8.RuneCountInString(input.InitialValue))
			}
			if encoded, err := json.Marshal(view); err != nil || len(encoded) > 250_000 || len(view.PrivateMetadata) > maxMeta {
				t.Fatalf("%d bytes (%v)", len(encoded), err)
			}
		}
	})
}

// A review with more parts than a menu holds, and more tasks than a message does, is one message that Slack takes.
func TestTheLargestReviewIsOneMessage(t *testing.T) {
	i := incident.New(42)
	at := time.Date(2026, 11, 24, 3, 31, 0, 0, time.UTC)
	i.Apply(incident.Stamp{Seq: 1, N: 1, Time: at}, incident.Opened{Title: strings.Repeat("title ", 20)})
	i.Apply(incident.Stamp{Seq: 2, N: 2, Time: at}, incident.Resolved{})
	i.Apply(incident.Stamp{Seq: 3, N: 3, Time: at}, incident.ReviewOpened{})
	for n := range incident.MaxActions {
		i.Apply(incident.Stamp{Seq: uint64(4 + n), N: uint64(4 + n), Time: at}, incident.ActionAdded{Action: "a1", Text: strings.Repeat("text ", 99), Link: "https://x.example.com/" + strings.Repeat("y", 400)})
	}
	parts := templates.ReviewParts(strings.Repeat("## Heading "+strings.Repeat("h", 200)+"\n\ntext\n", 300))
	drawn := render(templates.ReviewCard(i, parts, at), testFrame())
	if len(drawn) != 1 || len(drawn[0].blocks) > 50 {
		t.Fatalf("%d parts", len(drawn))
	}
	for _, b := range drawn[0].blocks {
		if actions, ok := b.(*slack.ActionBlock); ok {
			for _, e := range actions.Elements.ElementSet {
				if menu, ok := e.(*slack.SelectBlockElement); ok && (len(menu.Options) == 0 || len(menu.Options) > 100) {
					t.Errorf("a menu of %d", len(menu.Options))
				}
			}
		}
	}
}
