package workspace

import (
	"encoding/json"
	"fmt"

	"github.com/drbot/drbot/workspace/person"
)

// trouble is what Slack writes into a form when the app does not answer well.
const trouble = "We had some trouble connecting. Try again?"

// formOf is a modal that this person has open.
func (w *Workspace) formOf(u *user, id string) (*view, error) {
	stack := w.modals[u.ID]
	if id == "" && len(stack) > 0 {
		return stack[len(stack)-1], nil
	}
	for _, v := range stack {
		if v.id == id {
			return v, nil
		}
	}
	return nil, refuse("view_not_found", "no such form is open")
}

// fillIn sets fields by block_id, action_id or label.
func (w *Workspace) fillIn(v *view, given map[string]any) error {
	for _, name := range sortedKeys(given) {
		var picks []string
		switch x := given[name].(type) {
		case string:
			picks = []string{x}
		case []any:
			for _, p := range x {
				picks = append(picks, fmt.Sprint(p))
			}
		case nil:
		default:
			picks = []string{fmt.Sprint(x)}
		}
		n := 0
		for _, b := range v.blocks() {
			block := b.(obj)
			for _, e := range interactive(block) {
				if stateKeys[e["type"].(string)] == "" || (block["block_id"] != name && e["action_id"] != name && labelOf(block, e) != name) {
					continue
				}
				state, err := w.choose(e, picks)
				if err != nil {
					return refuse("no_such_option", "%s: %v", name, err)
				}
				v.state.set(block["block_id"].(string), e["action_id"].(string), state)
				n++
			}
		}
		if n != 1 {
			return refuse("field_not_found", "%d fields are called %q", n, name)
		}
	}
	return nil
}

func (w *Workspace) fill(u *user, id string, given map[string]any) (person.Reply, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v, err := w.formOf(u, id)
	if err == nil {
		err = w.fillIn(v, given)
	}
	if err != nil {
		return person.Reply{}, err
	}
	w.journal.add(change{Kind: "modal", User: u.ID})
	return person.Reply{Seq: w.journal.seq}, nil
}

// submit checks the fields as a client does, sends view_submission and does
// what the answer says.
func (w *Workspace) submit(u *user, id string, given map[string]any) (person.Reply, error) {
	w.mu.Lock()
	v, err := w.formOf(u, id)
	if err == nil {
		err = w.fillIn(v, given)
	}
	if err == nil && v.given["submit"] == nil {
		err = refuse("no_submit", "this form has no submit button")
	}
	if err != nil {
		w.mu.Unlock()
		return person.Reply{}, err
	}
	v.errors, v.say = map[string]string{}, ""
	for _, b := range v.blocks() {
		block := b.(obj)
		if block["type"] != "input" {
			continue
		}
		e := block["element"].(obj)
		if bad := fieldTrouble(block, e, v.state.stateOf(block, e)); bad != "" {
			v.errors[block["block_id"].(string)] = bad
		}
	}
	if len(v.errors) > 0 {
		defer w.mu.Unlock()
		return w.submitted(u, v, "errors"), nil
	}
	o := w.interaction("view_submission", u)
	o["trigger_id"], o["view"], o["response_urls"] = w.newTrigger(u.ID), w.wireView(v), []any{}
	payload, _ := json.Marshal(o)
	w.mu.Unlock()
	raw, derr := w.deliver(kindInteractive, "view_submission", payload)
	w.mu.Lock()
	defer w.mu.Unlock()
	if derr != nil {
		v.say = trouble
		return w.submitted(u, v, "errors"), nil
	}
	return w.submitted(u, v, w.obey(v, parseAck(raw))), nil
}

func (w *Workspace) submitted(u *user, v *view, result string) person.Reply {
	w.journal.add(change{Kind: "modal", User: u.ID})
	r := person.Reply{Seq: w.journal.seq, Result: result, Say: v.say}
	if result == "errors" {
		r.Errors = v.errors
	}
	if stack := w.modals[u.ID]; len(stack) > 0 {
		top := w.showView(stack[len(stack)-1])
		r.View = &top
	}
	return r
}

// obey carries out the response_action of a view_submission.
func (w *Workspace) obey(v *view, body obj) string {
	switch body["response_action"] {
	case nil:
		w.dropView(v)
		return "closed"
	case "clear":
		w.modals[v.user] = nil
		return "cleared"
	case "errors":
		return w.obeyErrors(v, body)
	case "update", "push":
		given, err := w.checkView(body["view"], "modal")
		if err == nil && body["response_action"] == "push" {
			_, err = w.stack(v.user, given, true)
		} else if err == nil {
			w.redraw(v, given)
		}
		if err != nil {
			w.log.Warn("view in an answer refused", "error", err.code, "messages", err.messages)
			v.say = trouble
			return "errors"
		}
		if body["response_action"] == "push" {
			return "pushed"
		}
		return "updated"
	}
	v.say = trouble
	return "errors"
}

// obeyErrors shows errors at their fields; a key that is no input block makes
// Slack say only that it has trouble. [WIRE §1]
func (w *Workspace) obeyErrors(v *view, body obj) string {
	inputs := map[string]bool{}
	for _, b := range v.blocks() {
		if block := b.(obj); block["type"] == "input" {
			inputs[block["block_id"].(string)] = true
		}
	}
	errs, _ := body["errors"].(obj)
	v.errors = map[string]string{} // the app may have redrawn the form meanwhile
	if len(errs) == 0 {
		v.say = trouble
	}
	for k, e := range errs {
		if s, ok := e.(string); ok && inputs[k] {
			v.errors[k] = s
		} else {
			v.say = trouble
		}
	}
	if v.say != "" {
		v.errors = map[string]string{}
	}
	return "errors"
}

// closeForm closes the form on top; the app hears of it if it asked to.
func (w *Workspace) closeForm(u *user, id string) (person.Reply, error) {
	w.mu.Lock()
	v, err := w.formOf(u, id)
	if err != nil {
		w.mu.Unlock()
		return person.Reply{}, err
	}
	closing := []*view{v}
	cleared := v.given["clear_on_close"] == true
	if cleared {
		closing = w.modals[u.ID]
	}
	var told []json.RawMessage
	for _, c := range closing {
		if c.given["notify_on_close"] == true {
			o := w.interaction("view_closed", u)
			o["view"], o["is_cleared"] = w.wireView(c), cleared
			raw, _ := json.Marshal(o)
			told = append(told, raw)
		}
	}
	for _, c := range closing {
		w.dropView(c)
	}
	seq := w.journal.seq
	w.mu.Unlock()
	for _, raw := range told {
		if _, err := w.deliver(kindInteractive, "view_closed", raw); err != nil {
			w.log.Debug("view_closed", "trouble", err)
		}
	}
	return person.Reply{Seq: seq}, nil
}

// openHome opens the app's Home tab; the app answers with views.publish.
func (w *Workspace) openHome(u *user) (person.Reply, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, _ := w.dm(w.botUser, u.ID)
	o := obj{"type": "app_home_opened", "user": u.ID, "channel": ch.id, "tab": "home"}
	if v := w.homes[u.ID]; v != nil {
		o["view"] = w.wireView(v)
	}
	w.emit(o)
	return person.Reply{Seq: w.journal.seq}, nil
}
