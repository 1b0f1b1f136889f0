package workspace

import (
	"encoding/json"
	"strings"

	"github.com/drbot/drbot/workspace/person"
)

// spot is where something is pressed: a message, a modal or the App Home.
type spot struct {
	ch     *channel
	m      *message
	v      *view
	blocks []any
	held   values
}

// heldKey is where a person's client keeps its state of a message.
func heldKey(user string, m *message) string { return user + " " + m.channel + " " + m.ts }

func (w *Workspace) spotOf(u *user, p person.Pick) (spot, error) {
	if p.Home || p.View != "" {
		v := w.homes[u.ID]
		if !p.Home {
			v = w.viewBy(p.View, "")
		}
		if v == nil || v.user != u.ID {
			return spot{}, refuse("view_not_found", "no such view is open")
		}
		return spot{v: v, blocks: v.blocks(), held: v.state}, nil
	}
	ch, err := w.room(u, p.Channel)
	if err != nil {
		return spot{}, err
	}
	m := ch.find(p.TS)
	if m == nil || (m.only != "" && m.only != u.ID) {
		return spot{}, refuse("message_not_found", "no such message")
	}
	key := heldKey(u.ID, m)
	if w.pressed[key] == nil {
		w.pressed[key] = values{}
	}
	return spot{ch: ch, m: m, blocks: m.blocks, held: w.pressed[key]}, nil
}

// found is an element with its block; option is set when the pick named one of
// its options instead of the element.
type found struct {
	block, e obj
	option   string
}

// find looks for the one element that the pick names.
func (s spot) find(p person.Pick) (found, error) {
	var exact, byOption []found
	for _, b := range s.blocks {
		block, _ := b.(obj)
		for _, e := range interactive(block) {
			if (p.ActionID != "" && e["action_id"] != p.ActionID) || (p.BlockID != "" && block["block_id"] != p.BlockID) {
				continue
			}
			if p.Label == "" || labelOf(block, e) == p.Label || textOf(e["text"]) == p.Label {
				exact = append(exact, found{block, e, ""})
				continue
			}
			for _, c := range optionsOf(e) {
				if textOf(c.o["text"]) == p.Label {
					byOption = append(byOption, found{block, e, textOf(c.o["text"])})
				}
			}
		}
	}
	if len(exact) == 0 {
		exact = byOption
	}
	switch len(exact) {
	case 0:
		return found{}, refuse("element_not_found", "nothing here is called label=%q action_id=%q block_id=%q", p.Label, p.ActionID, p.BlockID)
	case 1:
		return exact[0], nil
	}
	return found{}, refuse("element_ambiguous", "%d elements are called label=%q action_id=%q block_id=%q", len(exact), p.Label, p.ActionID, p.BlockID)
}

// look describes an element and sends nothing.
func (w *Workspace) look(u *user, p person.Pick) (person.Reply, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, err := w.spotOf(u, p)
	if err != nil {
		return person.Reply{}, err
	}
	f, err := s.find(p)
	if err != nil {
		return person.Reply{}, err
	}
	x := describe(f.block, f.e)
	if stateKeys[x.Type] != "" {
		x.Selected = chosen(s.held.stateOf(f.block, f.e))
	}
	return person.Reply{Seq: w.journal.seq, Element: &x}, nil
}

// press presses or chooses, asks first where the element has a dialog, and
// sends block_actions. A form's field without dispatch_action only changes.
func (w *Workspace) press(u *user, p person.Pick) (person.Reply, error) {
	w.mu.Lock()
	s, err := w.spotOf(u, p)
	var f found
	if err == nil {
		f, err = s.find(p)
	}
	if err != nil {
		w.mu.Unlock()
		return person.Reply{}, err
	}
	x := describe(f.block, f.e)
	if x.Confirm != nil && !p.Confirm {
		defer w.mu.Unlock()
		return person.Reply{Seq: w.journal.seq, Confirm: x.Confirm, Element: &x}, nil
	}
	action, err := w.apply(s, f, p)
	if err != nil {
		w.mu.Unlock()
		return person.Reply{}, err
	}
	if s.m != nil {
		w.journal.add(change{Kind: "message", Channel: s.m.channel, TS: s.m.ts, Thread: s.m.thread, User: u.ID})
	}
	if x.Input && !x.Dispatch {
		defer w.mu.Unlock()
		return person.Reply{Seq: w.journal.seq}, nil
	}
	payload := w.pressPayload(u, s, action)
	w.mu.Unlock()
	_, derr := w.deliver(kindInteractive, "block_actions", payload)
	return w.after3s(derr), nil
}

// apply changes the client's state and gives the action for the payload.
func (w *Workspace) apply(s spot, f found, p person.Pick) (obj, error) {
	kind := f.e["type"].(string)
	action := obj{"type": kind, "block_id": f.block["block_id"], "action_id": f.e["action_id"], "action_ts": w.stamp()}
	picks := p.Chosen
	switch {
	case kind == "button":
		action["text"] = f.e["text"]
		for _, k := range []string{"value", "style", "url"} {
			if f.e[k] != nil {
				action[k] = f.e[k]
			}
		}
		return action, nil
	case f.option != "" && kind == "checkboxes":
		picks = toggled(f.e, chosen(s.held.stateOf(f.block, f.e)), f.option)
	case f.option != "":
		picks = []string{f.option}
	}
	if kind == "overflow" {
		o, err := w.chooseOne(f.e, kind, strings.Join(picks, ""))
		if err == nil && o == nil {
			err = refuse("choice_missing", "the menu %q needs a choice", labelOf(f.block, f.e))
		}
		if err != nil {
			return nil, refuse("no_such_option", "%v", err)
		}
		action["selected_option"] = o
		return action, nil
	}
	state, err := w.choose(f.e, picks)
	if err != nil {
		return nil, refuse("no_such_option", "%v", err)
	}
	s.held.set(f.block["block_id"].(string), f.e["action_id"].(string), state)
	for k, v := range state {
		action[k] = v
	}
	return action, nil
}

// toggled is the ticked values after one option changed sides.
func toggled(e obj, ticked []string, label string) []string {
	for _, c := range optionsOf(e) {
		v, _ := c.o["value"].(string)
		if textOf(c.o["text"]) != label {
			continue
		}
		rest := without(ticked, v)
		if len(rest) == len(ticked) {
			return append(rest, v)
		}
		return rest
	}
	return ticked
}

func (w *Workspace) pressPayload(u *user, s spot, action obj) json.RawMessage {
	o := w.interaction("block_actions", u)
	o["trigger_id"], o["actions"] = w.newTrigger(u.ID), []any{action}
	if s.v != nil {
		o["container"], o["view"] = obj{"type": "view", "view_id": s.v.id}, w.wireView(s.v)
	} else {
		c := obj{"type": "message", "message_ts": s.m.ts, "channel_id": s.ch.id, "is_ephemeral": s.m.only != ""}
		if s.m.thread != "" {
			c["thread_ts"] = s.m.thread
		}
		o["container"], o["channel"] = c, obj{"id": s.ch.id, "name": shownName(s.ch)}
		o["state"] = obj{"values": s.held.all(s.blocks)}
		o["response_url"] = w.hookURL(w.newHook(s.ch.id, u.ID, s.m.ts, s.m.thread))
		if s.m.only == "" { // Slack sends no copy of an ephemeral message
			o["message"] = w.wire(s.m, true)
		}
	}
	raw, _ := json.Marshal(o)
	return raw
}
