package workspace_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/drbot/drbot/workspace/person"
)

func input(block, label string) slack.Block {
	return slack.NewInputBlock(block, slack.NewTextBlockObject("plain_text", label, false, false), nil, slack.NewPlainTextInputBlockElement(nil, "v"))
}

func form(title, callback string, blocks ...slack.Block) slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: slack.NewTextBlockObject("plain_text", title, false, false), CallbackID: callback, NotifyOnClose: true,
		Submit: slack.NewTextBlockObject("plain_text", "Go", false, false), Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// opener is an app that opens form One at a command and answers submissions as
// the callback_id says.
func (k *kit) opener(closed chan<- string) {
	k.app(func(c *socketmode.Client, e socketmode.Event) {
		switch e.Type {
		case socketmode.EventTypeSlashCommand:
			c.Ack(*e.Request)
			v := form("One", "update", input("a", "A"))
			v.ExternalID = "R7"
			if _, err := k.api.OpenViewContext(k.ctx, e.Data.(slack.SlashCommand).TriggerID, v); err != nil {
				k.t.Error(err)
			}
		case socketmode.EventTypeInteractive:
			ic := e.Data.(slack.InteractionCallback)
			two, three := form("Two", "push", input("a", "A"), input("b", "B")), form("Three", "clear", input("c", "C"))
			switch {
			case ic.Type == slack.InteractionTypeViewClosed:
				c.Ack(*e.Request)
				closed <- ic.View.CallbackID
			case ic.View.CallbackID == "update":
				c.Ack(*e.Request, slack.NewUpdateViewSubmissionResponse(&two))
			case ic.View.CallbackID == "push":
				c.Ack(*e.Request, slack.NewPushViewSubmissionResponse(&three))
			case ic.View.State.Values["c"]["v"].Value == "foreign key":
				c.Ack(*e.Request, slack.NewErrorsViewSubmissionResponse(map[string]string{"nowhere": "x"}))
			default:
				c.Ack(*e.Request, slack.NewClearViewSubmissionResponse())
			}
		default:
			if e.Request != nil {
				c.Ack(*e.Request)
			}
		}
	})
}

func (k *kit) submit(view string, values map[string]any, want string) person.Reply {
	k.t.Helper()
	r, err := k.ana.Submit(k.ctx, view, values)
	k.must(err)
	if r.Result != want {
		k.t.Fatalf("got %+v, want %s", r, want)
	}
	return r
}

func TestFormsUpdatePushAndClear(t *testing.T) {
	k := start(t)
	closed := make(chan string, 5)
	k.opener(closed)
	_, err := k.ana.Command(k.ctx, "incidents", "/incident")
	k.must(err)
	v, err := k.ana.AwaitModal(k.ctx, "One")
	k.must(err)
	_, err = k.api.UpdateViewContext(k.ctx, form("One again", "update", input("a", "A")), "R7", "0.stale", "")
	wantErr(t, err, "hash_conflict")
	_, err = k.ana.Fill(k.ctx, v.ID, map[string]any{"A": "typed"})
	k.must(err)
	_, err = k.api.UpdateViewContext(k.ctx, form("One again", "update", input("a", "A")), "R7", v.Hash, "")
	k.must(err)
	v, err = k.ana.AwaitModal(k.ctx, "One again")
	k.must(err)
	if e, _ := v.Element("A"); len(e.Selected) != 1 || e.Selected[0] != "typed" {
		t.Fatalf("an update lost what was typed: %+v", e)
	}
	two := k.submit(v.ID, nil, "updated").View
	if two.Title != "Two" || two.ID != v.ID {
		t.Fatalf("%+v", two)
	}
	three := k.submit(two.ID, map[string]any{"B": "x"}, "pushed").View
	if three.Title != "Three" || len(k.state().Modals) != 2 {
		t.Fatalf("%+v", three)
	}
	if r := k.submit(three.ID, map[string]any{"C": "foreign key"}, "errors"); r.Say == "" {
		t.Fatal("an error at an unknown field must read as trouble")
	}
	k.submit(three.ID, map[string]any{"C": "fine"}, "cleared")
	if n := len(k.state().Modals); n != 0 {
		t.Fatalf("%d forms are still open", n)
	}
	_, err = k.ana.Command(k.ctx, "incidents", "/incident")
	k.must(err)
	v, err = k.ana.AwaitModal(k.ctx, "One")
	k.must(err)
	_, err = k.ana.CloseModal(k.ctx, v.ID)
	k.must(err)
	if c := <-closed; c != "update" {
		t.Fatal(c)
	}
}

func TestTriggerLivesThreeSeconds(t *testing.T) {
	k := start(t)
	triggers := make(chan string, 1)
	k.app(func(c *socketmode.Client, e socketmode.Event) {
		if e.Type == socketmode.EventTypeInteractive {
			c.Ack(*e.Request)
			triggers <- e.Data.(slack.InteractionCallback).TriggerID
		}
	})
	_, err := k.ana.Shortcut(k.ctx, "open_incident", "", "")
	k.must(err)
	id := <-triggers
	k.clock.Push(3*time.Second + time.Millisecond)
	_, err = k.api.OpenViewContext(k.ctx, id, form("Late", "x", input("a", "A")))
	wantErr(t, err, "expired_trigger_id")
}

// A client keeps its own ticks over an edit with the same block_id, and takes
// the message's with a new one.
func TestClientKeepsItsTicksUnderTheSameBlockID(t *testing.T) {
	k := start(t)
	k.app(func(c *socketmode.Client, e socketmode.Event) {
		if e.Request != nil {
			c.Ack(*e.Request)
		}
	})
	_, ts, err := k.api.PostMessageContext(k.ctx, "C0INC", slack.MsgOptionText("list", false), slack.MsgOptionBlocks(card(false)...))
	k.must(err)
	_, err = k.ana.Press(k.ctx, person.Pick{Channel: "C0INC", TS: ts, Label: "Service stopped"})
	k.must(err)
	ticked := func() int {
		m, _ := k.channel("C0INC").Message(ts)
		e, _ := m.Element("tick")
		return len(e.Selected)
	}
	update := func(blockID string) {
		blocks := card(false)
		blocks[1].(*slack.ActionBlock).BlockID = blockID
		_, _, _, err := k.api.UpdateMessageContext(k.ctx, "C0INC", ts, slack.MsgOptionText("list", false), slack.MsgOptionBlocks(blocks...))
		k.must(err)
	}
	update("boxes/1")
	if ticked() != 1 {
		t.Fatal("the client forgot its tick")
	}
	update("boxes/2")
	if ticked() != 0 {
		t.Fatal("a new block_id must start from the message's own state")
	}
}

func TestMenusDatesAndOverflow(t *testing.T) {
	k := start(t)
	got := make(chan slack.BlockAction, 1)
	k.app(func(c *socketmode.Client, e socketmode.Event) {
		if e.Type == socketmode.EventTypeInteractive {
			c.Ack(*e.Request)
			got <- *e.Data.(slack.InteractionCallback).ActionCallback.BlockActions[0]
		}
	})
	blocks := `[{"type":"actions","block_id":"b","elements":[
	 {"type":"overflow","action_id":"more","options":[` + optionList(3) + `]},
	 {"type":"static_select","action_id":"pick","placeholder":{"type":"plain_text","text":"Pick"},"option_groups":[{"label":{"type":"plain_text","text":"G"},"options":[` + optionList(2) + `]}]},
	 {"type":"users_select","action_id":"who"},{"type":"datepicker","action_id":"day"},{"type":"timepicker","action_id":"hour"},
	 {"type":"radio_buttons","action_id":"one","options":[` + optionList(2) + `]}]}]`
	r := k.call("chat.postMessage", url.Values{"channel": {"C0INC"}, "text": {"t"}, "blocks": {blocks}})
	ts, _ := r["ts"].(string)
	for action, c := range map[string]struct {
		pick string
		want func(slack.BlockAction) string
		is   string
	}{
		"more": {"o2", func(a slack.BlockAction) string { return a.SelectedOption.Value }, "v2"},
		"pick": {"v1", func(a slack.BlockAction) string { return a.SelectedOption.Value }, "v1"},
		"who":  {"bea", func(a slack.BlockAction) string { return a.SelectedUser }, "U0BEA"},
		"day":  {"2026-11-24", func(a slack.BlockAction) string { return a.SelectedDate }, "2026-11-24"},
		"hour": {"03:30", func(a slack.BlockAction) string { return a.SelectedTime }, "03:30"},
		"one":  {"o1", func(a slack.BlockAction) string { return a.SelectedOption.Value }, "v1"},
	} {
		_, err := k.ana.Press(k.ctx, person.Pick{Channel: "C0INC", TS: ts, ActionID: action, Chosen: []string{c.pick}})
		k.must(err)
		if a := <-got; a.ActionID != action || c.want(a) != c.is {
			t.Errorf("%s: %+v", action, a)
		}
	}
	if _, err := k.ana.Press(k.ctx, person.Pick{Channel: "C0INC", TS: ts, ActionID: "pick", Chosen: []string{"o9"}}); !person.IsRefused(err, "no_such_option") {
		t.Fatal(err)
	}
	if _, err := k.ana.Press(k.ctx, person.Pick{Channel: "C0INC", TS: ts, BlockID: "b"}); !person.IsRefused(err, "element_ambiguous") {
		t.Fatal(err)
	}
}
