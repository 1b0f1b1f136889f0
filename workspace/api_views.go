package workspace

import (
	"encoding/json"
	"fmt"
	"slices"
)

var viewMethods = map[string]method{
	"views.open":    {tier: tier4, run: (*Workspace).viewsOpen},
	"views.push":    {tier: tier4, run: (*Workspace).viewsPush},
	"views.update":  {tier: tier4, run: (*Workspace).viewsUpdate},
	"views.publish": {tier: tier4, run: (*Workspace).viewsPublish},
}

const (
	maxStack    = 3
	maxViewSize = 250_000 // bytes of JSON
)

// view is a modal in a person's stack, or an App Home.
type view struct {
	id, hash, user string
	kind           string // modal, home
	given          obj    // as the app sent it, blocks with their ids filled in
	root, previous string
	state          values
	errors         map[string]string // by block_id, of the last submission
	say            string
}

func (v *view) blocks() []any { l, _ := v.given["blocks"].([]any); return l }

func (v *view) str(k string) string { s, _ := v.given[k].(string); return s }

var viewShape = shape{
	"type": {need: true}, "title": {true, text(true, 1, 24)}, "submit": {rule: text(true, 1, 24)}, "close": {rule: text(true, 1, 24)},
	"blocks": {need: true}, "private_metadata": {rule: str(0, 3000)}, "callback_id": {rule: str(0, 255)}, "external_id": {rule: str(0, 255)},
	"clear_on_close": {rule: boolean}, "notify_on_close": {rule: boolean}, "submit_disabled": {rule: boolean},
}

var homeShape = shape{
	"type": {need: true}, "blocks": {need: true}, "private_metadata": {rule: str(0, 3000)}, "callback_id": {rule: str(0, 255)}, "external_id": {rule: str(0, 255)},
}

// checkView checks a view and gives it back with ids filled in.
func (w *Workspace) checkView(v any, kind string) (obj, *fail) {
	o, ok := v.(obj)
	if !ok {
		return nil, &fail{code: "invalid_arguments", messages: []string{"[ERROR] missing required field: view [json-pointer:]"}}
	}
	c := &checker{}
	if o["type"] != kind {
		c.bad("/view/type", "must be %q", kind)
	}
	s, p := viewShape, inModal
	if kind == "home" {
		s, p = homeShape, inHome
	}
	c.object("/view", o, s)
	blocks, bc := w.checkBlocks(o["blocks"], p)
	for _, m := range bc.problems {
		c.problems = append(c.problems, fmt.Sprint(m))
	}
	if kind == "modal" && bc.inputs > 0 && o["submit"] == nil {
		c.bad("/view", "missing required field: submit (the view has input blocks)")
	}
	if len(c.problems) > 0 {
		return nil, &fail{code: "invalid_arguments", messages: c.problems}
	}
	raw, _ := json.Marshal(o) // came from JSON
	if len(raw) > maxViewSize {
		return nil, no("view_too_large")
	}
	o, _ = cloneJSON(o).(obj)
	o["blocks"] = blocks
	return o, nil
}

func (w *Workspace) newHash() string { return fmt.Sprintf("%d.%s", w.now().Unix(), random(5)) }

func (w *Workspace) viewsOpen(r *request) (obj, *fail) { return w.openView(r, false) }
func (w *Workspace) viewsPush(r *request) (obj, *fail) { return w.openView(r, true) }

func (w *Workspace) openView(r *request, push bool) (obj, *fail) {
	tree, ok := r.tree("view")
	if !ok {
		return nil, no("invalid_arguments")
	}
	given, err := w.checkView(tree, "modal")
	if err != nil {
		return nil, err
	}
	if x, _ := given["external_id"].(string); x != "" && w.viewBy("", x) != nil {
		return nil, no("duplicate_external_id")
	}
	user, err := w.spendTrigger(r.str("trigger_id"))
	if err != nil {
		return nil, err
	}
	v, err := w.stack(user, given, push)
	if err != nil {
		return nil, err
	}
	return obj{"view": w.wireView(v)}, nil
}

// stack puts a modal on top of the person's stack.
func (w *Workspace) stack(user string, given obj, push bool) (*view, *fail) {
	below := w.modals[user]
	if push && len(below) == 0 {
		return nil, no("invalid_trigger_id") // nothing to push onto: the modal was closed
	}
	if len(below) >= maxStack {
		return nil, no("push_limit_reached")
	}
	v := &view{id: w.id("V"), hash: w.newHash(), user: user, kind: "modal", given: given, state: values{}}
	v.root = v.id
	if n := len(below); n > 0 {
		v.root, v.previous = below[0].id, below[n-1].id
	}
	w.modals[user] = append(slices.Clone(below), v)
	w.journal.add(change{Kind: "modal", User: user})
	return v, nil
}

// viewBy finds an open modal or a home by id or external_id.
func (w *Workspace) viewBy(id, external string) *view {
	match := func(v *view) bool {
		return (id != "" && v.id == id) || (external != "" && v.str("external_id") == external)
	}
	for _, stack := range w.modals {
		for _, v := range stack {
			if match(v) {
				return v
			}
		}
	}
	for _, v := range w.homes {
		if match(v) {
			return v
		}
	}
	return nil
}

func (w *Workspace) viewsUpdate(r *request) (obj, *fail) {
	v := w.viewBy(r.str("view_id"), r.str("external_id"))
	if v == nil {
		return nil, no("not_found")
	}
	tree, ok := r.tree("view")
	if !ok {
		return nil, no("invalid_arguments")
	}
	given, err := w.checkView(tree, v.kind)
	if err != nil {
		return nil, err
	}
	if h := r.str("hash"); h != "" && h != v.hash {
		return nil, no("hash_conflict")
	}
	if x, _ := given["external_id"].(string); x != "" {
		if other := w.viewBy("", x); other != nil && other != v {
			return nil, no("duplicate_external_id")
		}
	}
	w.redraw(v, given)
	return obj{"view": w.wireView(v)}, nil
}

// redraw gives a view new content; what the person has filled in stays where
// block_id, action_id and type are the same.
func (w *Workspace) redraw(v *view, given obj) {
	if given["external_id"] == nil && v.given["external_id"] != nil {
		given["external_id"] = v.given["external_id"]
	}
	v.given, v.hash, v.errors, v.say = given, w.newHash(), nil, ""
	w.journal.add(change{Kind: v.kind, User: v.user})
}

func (w *Workspace) viewsPublish(r *request) (obj, *fail) {
	if w.opt.HomeDisabled {
		return nil, no("not_enabled")
	}
	user := r.str("user_id")
	if u := w.users[user]; u == nil || u.Deactivated {
		return nil, no("user_not_found")
	}
	tree, ok := r.tree("view")
	if !ok {
		return nil, no("invalid_arguments")
	}
	given, err := w.checkView(tree, "home")
	if err != nil {
		return nil, err
	}
	v := w.homes[user]
	if h := r.str("hash"); v != nil && h != "" && h != v.hash {
		return nil, no("hash_conflict")
	}
	if v == nil {
		v = &view{id: w.id("V"), user: user, kind: "home", state: values{}}
		v.root = v.id
		w.homes[user] = v
	}
	w.redraw(v, given)
	return obj{"view": w.wireView(v)}, nil
}

func (w *Workspace) wireView(v *view) obj {
	o := obj{
		"id": v.id, "team_id": TeamID, "type": v.kind, "blocks": v.blocks(), "private_metadata": v.str("private_metadata"),
		"callback_id": v.str("callback_id"), "external_id": v.str("external_id"), "hash": v.hash, "root_view_id": v.root,
		"previous_view_id": nil, "app_id": AppID, "bot_id": BotID, "app_installed_team_id": TeamID,
		"clear_on_close": v.given["clear_on_close"] == true, "notify_on_close": v.given["notify_on_close"] == true,
		"state": obj{"values": v.state.all(v.blocks())}, "title": v.given["title"], "submit": v.given["submit"], "close": v.given["close"],
	}
	if v.previous != "" {
		o["previous_view_id"] = v.previous
	}
	return o
}

// drop takes one modal out of its person's stack.
func (w *Workspace) dropView(v *view) {
	w.modals[v.user] = slices.DeleteFunc(slices.Clone(w.modals[v.user]), func(x *view) bool { return x == v })
	w.journal.add(change{Kind: "modal", User: v.user})
}
