package commands_test

import (
	"strings"
	"testing"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
)

// TestResolve_IsShownBeforeItLeaves: where somebody outside reads it, the form comes back with what each will read; other words
// are shown again, and only what was shown is sent. Where nobody outside does, it resolves at once.
func TestResolve_IsShownBeforeItLeaves(t *testing.T) {
	o := telling(t)
	id, channel := o.begin("users db is gone")
	o.typed(ana, channel, "/incident impact nobody can log in")
	press := commands.Command{Verb: "incident resolve", Object: "1", Channel: channel, Actor: ana}
	press.Object = o.do(press).Form.Object
	press.Fields = map[string][]string{"summary": {"Restored on db1"}, "to": {"announcement", "executives", "mail"}}
	if reply := o.do(press); !strings.Contains(reply.Errors["anyway"], "Still open") {
		t.Fatalf("%+v", reply)
	}
	press.Fields["anyway"] = []string{"nothing is left"}
	for _, summary := range []string{"Restored on db1", "Logins work again"} {
		press.Fields["summary"] = []string{summary}
		form := o.do(press).Form
		if form == nil || form.Submit != "Resolve and send" || !o.read(id).Active() {
			t.Fatalf("%+v", form)
		}
		text := textOf(form.Intro)
		for _, want := range []string{"Subject: ", summary, "Mailing list · list@example.com · only after a second look", "Executives"} {
			if !strings.Contains(text, want) {
				t.Errorf("the preview lacks %q:\n%s", want, text)
			}
		}
		values := map[string]string{}
		for _, f := range form.Fields {
			values[f.ID] = f.Value
		}
		if values["summary"] != summary || values["anyway"] != "nothing is left" || values["to"] != "responders,announcement,executives,mail" {
			t.Errorf("the form forgets: %q", values)
		}
		press.Object = form.Object
	}
	if reply := o.do(press); reply.Form != nil || !reply.Done() {
		t.Fatalf("%+v", reply)
	}
	r, d := events[incident.Resolved](o, id), events[incident.UpdateDrafted](o, id)
	if len(r) != 1 || r[0].Summary != "Logins work again" || len(r[0].To) != 3 || len(d) != 1 {
		t.Errorf("%+v, %+v", r, d)
	}

	inside, room := o.begin("users db is slow")
	press = commands.Command{Verb: "incident resolve", Channel: room, Actor: ana, Object: "2", Fields: map[string][]string{"summary": {"fast"}, "to": {"announcement"}, "anyway": {"nothing"}}}
	if reply := o.do(press); reply.Form != nil || o.read(inside).Active() {
		t.Errorf("%+v", reply)
	}
}
