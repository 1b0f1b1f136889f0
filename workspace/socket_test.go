package workspace_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"github.com/drbot/drbot/workspace"
	"github.com/drbot/drbot/workspace/person"
)

func modal() slack.ModalViewRequest {
	title := slack.NewInputBlock("b-title", slack.NewTextBlockObject("plain_text", "Title", false, false), nil,
		slack.NewPlainTextInputBlockElement(nil, "title"))
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: slack.NewTextBlockObject("plain_text", "Open incident", false, false),
		Submit: slack.NewTextBlockObject("plain_text", "Open", false, false), CallbackID: "open", ExternalID: "R7",
		Blocks: slack.Blocks{BlockSet: []slack.Block{title}},
	}
}

func TestCommandOpensModalAndSubmits(t *testing.T) {
	k := start(t)
	got := make(chan slack.InteractionCallback, 1)
	k.app(func(c *socketmode.Client, e socketmode.Event) {
		switch e.Type {
		case socketmode.EventTypeSlashCommand:
			cmd := e.Data.(slack.SlashCommand)
			if cmd.Text != "open <@U0BEA|bea> in <#C0INC|incidents> a &lt; b" || cmd.ChannelName != "incidents" {
				t.Errorf("command text %q in %s", cmd.Text, cmd.ChannelName)
			}
			c.Ack(*e.Request)
			if _, err := k.api.OpenViewContext(k.ctx, cmd.TriggerID, modal()); err != nil {
				t.Error(err)
			}
			if _, err := k.api.OpenViewContext(k.ctx, cmd.TriggerID, slack.ModalViewRequest{
				Type: slack.VTModal, Title: slack.NewTextBlockObject("plain_text", "Again", false, false),
				Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewDividerBlock()}},
			}); err == nil || err.Error() != "exchanged_trigger_id" {
				t.Errorf("second use of a trigger: %v", err)
			}
		case socketmode.EventTypeInteractive:
			ic := e.Data.(slack.InteractionCallback)
			if ic.View.State.Values["b-title"]["title"].Value == "bad" {
				c.Ack(*e.Request, slack.NewErrorsViewSubmissionResponse(map[string]string{"b-title": "Say more."}))
				return
			}
			c.Ack(*e.Request)
			got <- ic
		}
	})
	r, err := k.ana.Command(k.ctx, "#incidents", "/incident open @bea in #incidents a < b")
	k.must(err)
	if r.Say != "" {
		t.Fatal(r.Say)
	}
	v, err := k.ana.AwaitModal(k.ctx, "Open incident")
	k.must(err)
	r, err = k.ana.Submit(k.ctx, v.ID, nil)
	k.must(err)
	if r.Result != "errors" || r.Errors["b-title"] == "" {
		t.Fatalf("empty required field: %+v", r)
	}
	r, err = k.ana.Submit(k.ctx, v.ID, map[string]any{"Title": "bad"})
	k.must(err)
	if r.Errors["b-title"] != "Say more." {
		t.Fatalf("errors of the app: %+v", r)
	}
	r, err = k.ana.Submit(k.ctx, v.ID, map[string]any{"b-title": "users db is gone"})
	k.must(err)
	if r.Result != "closed" {
		t.Fatalf("%+v", r)
	}
	if ic := <-got; ic.View.State.Values["b-title"]["title"].Value != "users db is gone" || ic.View.ExternalID != "R7" || ic.User.ID != "U0ANA" {
		t.Fatalf("%+v", ic.View.State)
	}
	if _, open := k.state().Modal(); open {
		t.Fatal("the form is still open")
	}
}

func card(confirm bool) []slack.Block {
	b := slack.NewButtonBlockElement("approve", "A17", slack.NewTextBlockObject("plain_text", "Approve", false, false)).WithStyle(slack.StylePrimary)
	if confirm {
		b.Confirm = slack.NewConfirmationBlockObject(slack.NewTextBlockObject("plain_text", "Approve on db1?", false, false),
			slack.NewTextBlockObject("plain_text", "Writes are lost.", false, false),
			slack.NewTextBlockObject("plain_text", "Approve", false, false), slack.NewTextBlockObject("plain_text", "Back", false, false))
	}
	boxes := slack.NewCheckboxGroupsBlockElement("tick",
		slack.NewOptionBlockObject("c1", slack.NewTextBlockObject("plain_text", "Service stopped", false, false), nil),
		slack.NewOptionBlockObject("c2", slack.NewTextBlockObject("plain_text", "Data preserved", false, false), nil))
	return []slack.Block{slack.NewActionBlock("buttons", b), slack.NewActionBlock("boxes/1", boxes)}
}

func TestPressWithConfirmAndCheckboxes(t *testing.T) {
	k := start(t)
	got := make(chan slack.InteractionCallback, 4)
	k.app(func(c *socketmode.Client, e socketmode.Event) {
		if e.Type == socketmode.EventTypeInteractive {
			c.Ack(*e.Request)
			got <- e.Data.(slack.InteractionCallback)
		} else if e.Request != nil {
			c.Ack(*e.Request)
		}
	})
	_, ts, err := k.api.PostMessageContext(k.ctx, "C0INC", slack.MsgOptionText("card", false), slack.MsgOptionBlocks(card(true)...))
	k.must(err)
	at := person.Pick{Channel: "#incidents", TS: ts, Label: "Approve"}
	e, err := k.bea.Look(k.ctx, at)
	k.must(err)
	if e.Confirm == nil || e.Confirm.Deny != "Back" {
		t.Fatalf("%+v", e)
	}
	r, err := k.bea.Press(k.ctx, at)
	k.must(err)
	if r.Confirm == nil || len(got) != 0 {
		t.Fatal("a press with a dialog must not be sent before it is confirmed")
	}
	_, err = k.bea.PressConfirmed(k.ctx, at)
	k.must(err)
	ic := <-got
	if a := ic.ActionCallback.BlockActions[0]; a.ActionID != "approve" || a.Value != "A17" || ic.Message.Timestamp != ts || ic.Channel.ID != "C0INC" {
		t.Fatalf("%+v", ic)
	}
	_, err = k.bea.Press(k.ctx, person.Pick{Channel: "C0INC", TS: ts, Label: "Data preserved"})
	k.must(err)
	ic = <-got
	if o := ic.ActionCallback.BlockActions[0].SelectedOptions; len(o) != 1 || o[0].Value != "c2" {
		t.Fatalf("%+v", o)
	}
	if v := ic.BlockActionState.Values["boxes/1"]["tick"].SelectedOptions; len(v) != 1 {
		t.Fatalf("state %+v", v)
	}
	_, err = k.bea.Press(k.ctx, person.Pick{Channel: "C0INC", TS: ts, ActionID: "tick", Chosen: []string{"c1", "c2"}})
	k.must(err)
	if o := (<-got).ActionCallback.BlockActions[0].SelectedOptions; len(o) != 2 {
		t.Fatalf("%+v", o)
	}
}

func TestResponseURLRepliesReplacesAndRunsOut(t *testing.T) {
	k := start(t)
	urls := make(chan string, 1)
	k.app(func(c *socketmode.Client, e socketmode.Event) {
		if e.Type == socketmode.EventTypeSlashCommand {
			c.Ack(*e.Request, map[string]any{"response_type": "ephemeral", "text": "INC-42 is open as SEV-1. Its channel follows."})
			urls <- e.Data.(slack.SlashCommand).ResponseURL
		} else if e.Request != nil {
			c.Ack(*e.Request)
		}
	})
	r, err := k.ana.Command(k.ctx, "incidents", "/incident open users db")
	k.must(err)
	if !strings.HasPrefix(r.Text, "INC-42 is open") {
		t.Fatalf("%+v", r)
	}
	u := <-urls
	post := func(opts ...slack.MsgOption) error {
		_, _, err := k.api.PostMessageContext(k.ctx, "", opts...)
		return err
	}
	k.must(post(slack.MsgOptionResponseURL(u, "ephemeral"), slack.MsgOptionReplaceOriginal(u), slack.MsgOptionText("INC-42: #inc-42", false)))
	m, ok := k.channel("incidents").Message(r.TS)
	if !ok || m.Plain != "INC-42: #inc-42" || !m.Ephemeral {
		t.Fatalf("%+v", m)
	}
	if s, _ := k.bea.State(k.ctx); func() bool { c, _ := s.Channel("incidents"); _, seen := c.Message(r.TS); return seen }() {
		t.Fatal("somebody else sees an ephemeral message")
	}
	for range 4 {
		k.must(post(slack.MsgOptionResponseURL(u, "in_channel"), slack.MsgOptionText("all", false)))
	}
	if err := post(slack.MsgOptionResponseURL(u, "in_channel"), slack.MsgOptionText("six", false)); err == nil {
		t.Fatal("a sixth answer was taken")
	}
}

func TestEventsArriveAndAreRetried(t *testing.T) {
	k := start(t)
	var refused atomic.Bool
	got := make(chan string, 20)
	stop := k.app(func(c *socketmode.Client, e socketmode.Event) {
		if e.Type != socketmode.EventTypeEventsAPI {
			return
		}
		ev := e.Data.(slackevents.EventsAPIEvent)
		if m, ok := ev.InnerEvent.Data.(*slackevents.MessageEvent); ok && m.SubType == "" {
			if !refused.Swap(true) {
				return // the first attempt is not acknowledged
			}
			got <- m.Text + " " + e.Request.RetryReason
		}
		c.Ack(*e.Request)
	})
	defer stop()
	_, _, _, err := k.api.JoinConversationContext(k.ctx, "C0INC")
	k.must(err)
	_, err = k.ana.Post(k.ctx, "incidents", "", "hello @bea <now> @channel")
	k.must(err)
	// AckTimeout is real time: the first retry follows three seconds later.
	if s := <-got; s != "hello <@U0BEA> &lt;now&gt; <!channel> timeout" {
		t.Fatal(s)
	}
	m, _ := k.channel("incidents").Find("hello")
	if len(m.Pings.Users) != 1 || len(m.Pings.Everybody) != 1 {
		t.Fatalf("%+v", m.Pings)
	}
}

func TestNoAppAndNoAckAreShown(t *testing.T) {
	k := start(t, func(o *workspace.Options) { o.AckTimeout = 50 * time.Millisecond })
	r, err := k.ana.Command(k.ctx, "incidents", "/incident list")
	k.must(err)
	if !strings.Contains(r.Say, "dispatch_failed") {
		t.Fatal(r.Say)
	}
	k.app(func(*socketmode.Client, socketmode.Event) {})
	r, err = k.ana.Command(k.ctx, "incidents", "/incident list")
	k.must(err)
	if !strings.Contains(r.Say, "did not respond") {
		t.Fatal(r.Say)
	}
	if _, err = k.ana.Command(k.ctx, "incidents", "/deploy"); !person.IsRefused(err, "invalid_command") {
		t.Fatal(err)
	}
	p, err := k.ana.Post(k.ctx, "incidents", "", "root")
	k.must(err)
	if _, err = k.ana.CommandInThread(k.ctx, "incidents", p.TS, "/incident list"); !person.IsRefused(err, "not_in_thread") {
		t.Fatal(err)
	}
}
