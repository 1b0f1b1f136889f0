package person

import (
	"context"
	"net/url"
)

// Reply is what an act gave back.
type Reply struct {
	Seq     uint64            `json:"seq"`
	Channel string            `json:"channel,omitempty"`
	TS      string            `json:"ts,omitempty"`      // the message that came of it, an app's ephemeral answer included
	Text    string            `json:"text,omitempty"`    // a command's answer as read
	Say     string            `json:"say,omitempty"`     // what Slack itself tells the person, as "/incident did not respond"
	Result  string            `json:"result,omitempty"`  // of a submission: closed, cleared, updated, pushed, errors
	Errors  map[string]string `json:"errors,omitempty"`  // of a submission, by block_id
	View    *View             `json:"view,omitempty"`    // the form now on top
	Confirm *Confirm          `json:"confirm,omitempty"` // asked and not yet answered: nothing was sent
	Element *Element          `json:"element,omitempty"`
}

// Pick names something to press. Channel and TS name a message; View a form;
// Home the App Home. Label, ActionID and BlockID narrow down; together they
// must leave one element. Chosen are option values or visible labels, a user
// id or name, a date, a time or a text; for checkboxes, all that is ticked
// afterwards.
type Pick struct {
	Channel  string   `json:"channel,omitempty"`
	TS       string   `json:"ts,omitempty"`
	View     string   `json:"view,omitempty"`
	Home     bool     `json:"home,omitempty"`
	Label    string   `json:"label,omitempty"`
	ActionID string   `json:"action_id,omitempty"`
	BlockID  string   `json:"block_id,omitempty"`
	Chosen   []string `json:"chosen,omitempty"`
	Confirm  bool     `json:"confirm,omitempty"` // the answer to a confirm dialog; without it the press only shows the dialog
}

func (p *Person) act(ctx context.Context, verb string, body any) (Reply, error) {
	var r Reply
	err := p.c.post(ctx, "/person/"+verb, url.Values{"as": {p.user}}, body, &r)
	return r, err
}

type bag map[string]any

// Command types a slash command with its text in a channel, and waits for the
// app's acknowledgement. A late or missing one is in Reply.Say.
func (p *Person) Command(ctx context.Context, channel, line string) (Reply, error) {
	return p.act(ctx, "command", bag{"channel": channel, "text": line})
}

// CommandInThread types a slash command in a thread, where Slack takes none.
func (p *Person) CommandInThread(ctx context.Context, channel, thread, line string) (Reply, error) {
	return p.act(ctx, "command", bag{"channel": channel, "text": line, "thread": thread})
}

// Look finds an element, its confirm dialog included, and presses nothing.
func (p *Person) Look(ctx context.Context, pick Pick) (Element, error) {
	r, err := p.act(ctx, "look", pick)
	if err != nil {
		return Element{}, err
	}
	return *r.Element, nil
}

// Press presses, chooses or ticks.
func (p *Person) Press(ctx context.Context, pick Pick) (Reply, error) {
	return p.act(ctx, "press", pick)
}

// PressConfirmed presses and says yes where the client asks first.
func (p *Person) PressConfirmed(ctx context.Context, pick Pick) (Reply, error) {
	pick.Confirm = true
	return p.act(ctx, "press", pick)
}

// Fill sets fields of a form without submitting it. Keys are block_id,
// action_id or the visible label; values a string or a list of strings.
func (p *Person) Fill(ctx context.Context, view string, values map[string]any) (Reply, error) {
	return p.act(ctx, "fill", bag{"view": view, "values": values})
}

// Submit fills and submits a form.
func (p *Person) Submit(ctx context.Context, view string, values map[string]any) (Reply, error) {
	return p.act(ctx, "submit", bag{"view": view, "values": values})
}

// CloseModal closes the form on top.
func (p *Person) CloseModal(ctx context.Context, view string) (Reply, error) {
	return p.act(ctx, "close", bag{"view": view})
}

// OpenHome opens the app's Home tab; what it shows comes with Await.
func (p *Person) OpenHome(ctx context.Context) (Reply, error) { return p.act(ctx, "home", bag{}) }

// Shortcut runs a global shortcut, or with a channel and ts a message shortcut.
func (p *Person) Shortcut(ctx context.Context, callbackID, channel, ts string) (Reply, error) {
	return p.act(ctx, "shortcut", bag{"callback_id": callbackID, "channel": channel, "ts": ts})
}

// Post writes a message; with a thread, a reply.
func (p *Person) Post(ctx context.Context, channel, thread, text string) (Reply, error) {
	return p.act(ctx, "post", bag{"channel": channel, "thread": thread, "text": text})
}

// Upload posts a message with a file; with a thread, a reply.
func (p *Person) Upload(ctx context.Context, channel, thread, text, name string, content []byte) (Reply, error) {
	return p.act(ctx, "post", bag{"channel": channel, "thread": thread, "text": text, "files": []bag{{"name": name, "content": content}}})
}

// Edit changes the person's own message.
func (p *Person) Edit(ctx context.Context, channel, ts, text string) (Reply, error) {
	return p.act(ctx, "edit", bag{"channel": channel, "ts": ts, "text": text})
}

// Delete removes a message, an app's included (as a workspace admin may).
func (p *Person) Delete(ctx context.Context, channel, ts string) (Reply, error) {
	return p.act(ctx, "delete", bag{"channel": channel, "ts": ts})
}

// React adds an emoji by name, as "pushpin"; Unreact takes it back.
func (p *Person) React(ctx context.Context, channel, ts, name string) (Reply, error) {
	return p.act(ctx, "react", bag{"channel": channel, "ts": ts, "name": name})
}

// Unreact takes the person's own reaction back.
func (p *Person) Unreact(ctx context.Context, channel, ts, name string) (Reply, error) {
	return p.act(ctx, "react", bag{"channel": channel, "ts": ts, "name": name, "remove": true})
}

// Pin pins a message to its channel; Unpin takes it off.
func (p *Person) Pin(ctx context.Context, channel, ts string) (Reply, error) {
	return p.act(ctx, "pin", bag{"channel": channel, "ts": ts})
}

// Unpin takes a pin off.
func (p *Person) Unpin(ctx context.Context, channel, ts string) (Reply, error) {
	return p.act(ctx, "pin", bag{"channel": channel, "ts": ts, "remove": true})
}

// Join joins a public channel.
func (p *Person) Join(ctx context.Context, channel string) (Reply, error) {
	return p.act(ctx, "channel", bag{"do": "join", "channel": channel})
}

// Leave leaves a channel.
func (p *Person) Leave(ctx context.Context, channel string) (Reply, error) {
	return p.act(ctx, "channel", bag{"do": "leave", "channel": channel})
}

// Invite brings users in; Remove puts one out.
func (p *Person) Invite(ctx context.Context, channel string, users ...string) (Reply, error) {
	return p.act(ctx, "channel", bag{"do": "invite", "channel": channel, "users": users})
}

// Remove puts a user out of a channel.
func (p *Person) Remove(ctx context.Context, channel, user string) (Reply, error) {
	return p.act(ctx, "channel", bag{"do": "kick", "channel": channel, "users": []string{user}})
}

// Archive archives a channel by hand; Unarchive brings it back.
func (p *Person) Archive(ctx context.Context, channel string) (Reply, error) {
	return p.act(ctx, "channel", bag{"do": "archive", "channel": channel})
}

// Unarchive brings an archived channel back.
func (p *Person) Unarchive(ctx context.Context, channel string) (Reply, error) {
	return p.act(ctx, "channel", bag{"do": "unarchive", "channel": channel})
}

// Rename renames a channel by hand.
func (p *Person) Rename(ctx context.Context, channel, name string) (Reply, error) {
	return p.act(ctx, "channel", bag{"do": "rename", "channel": channel, "name": name})
}

// DeleteChannel removes a channel with all its messages.
func (p *Person) DeleteChannel(ctx context.Context, channel string) (Reply, error) {
	return p.act(ctx, "channel", bag{"do": "delete", "channel": channel})
}

// CreateChannel makes a channel by hand.
func (p *Person) CreateChannel(ctx context.Context, name string, private bool) (Reply, error) {
	return p.act(ctx, "channel", bag{"do": "create", "name": name, "private": private})
}

// Topic sets a channel's topic by hand.
func (p *Person) Topic(ctx context.Context, channel, topic string) (Reply, error) {
	return p.act(ctx, "channel", bag{"do": "topic", "channel": channel, "name": topic})
}

// DM opens the direct message with a user and gives its channel.
func (p *Person) DM(ctx context.Context, user string) (Reply, error) {
	return p.act(ctx, "channel", bag{"do": "dm", "users": []string{user}})
}
