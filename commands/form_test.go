package commands_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// TestForms: a bare verb offers its form in the chat and its grammar at the terminal, and a form keeps Slack's limits.
func TestForms(t *testing.T) {
	o := opened(t)
	_, channel := o.begin("users db is gone")
	for _, c := range []struct {
		verb, object string
		fields       map[string][]string // of its submission
		want         string
	}{
		{"incident open", "", map[string][]string{"title": {"another"}}, "INC-2 is open"},
		{"incident severity", "", map[string][]string{"severity": {"2"}}, "SEV-1 → SEV-2"},
		{"incident type", "", map[string][]string{"pick": {"Slow pages"}}, "Slow pages"},
		{"incident status", "", map[string][]string{"status": {"monitoring"}}, "is monitoring"},
		{"incident impact", "", map[string][]string{"impact": {"no logins"}}, "no logins"},
		{"incident role", "", map[string][]string{"role": {"scribe"}, "who": {"U0BEA"}}, "Bea Ode is scribe"},
		{"incident note", "", map[string][]string{"text": {"seen"}, "at": {"02:40"}}, "Noted at 02:40 UTC."},
		{"incident checklist", "1", map[string][]string{"item": {"c1"}, "what": {"na"}, "reason": {"not here"}}, "not applicable: not here"},
		{"incident checklist", "1", map[string][]string{"item": {"c2"}, "what": {"assign"}, "who": {"U0DEV"}}, "with Dev Rao"},
		{"incident update", "", map[string][]string{"text": {"on it"}, "status": {"identified"}, "next": {"45m"}, "steps": {"look"}}, "Update 1 of INC-1"},
		{"incident resolve", "", map[string][]string{"summary": {"fixed"}, "anyway": {"later"}}, "is resolved"},
		{"incident reopen", "", map[string][]string{"reason": {"again"}}, "open again"},
	} {
		press := commands.Command{Verb: c.verb, Object: c.object, Channel: channel, Actor: ana}
		form := o.do(press).Form
		if form == nil {
			t.Fatalf("%s has no form", c.verb)
		}
		if len([]rune(form.Title)) > 24 || len([]rune(form.Submit)) > 24 || form.Submit == "" || commands.Find(form.Verb) == nil {
			t.Errorf("%s: %q %q %q", c.verb, form.Title, form.Submit, form.Verb)
		}
		seen := map[string]bool{}
		for _, f := range form.Fields {
			if seen[f.ID] || f.Label == "" || f.Kind == "select" && len(f.Options) == 0 {
				t.Errorf("%s: field %+v", c.verb, f)
			}
			seen[f.ID] = true
			for _, option := range f.Options {
				if len([]rune(option.Label)) > 75 || option.Value == "" {
					t.Errorf("%s %s: option %+v", c.verb, f.ID, option)
				}
			}
		}
		if c.verb != "incident checklist" {
			press.Actor = commands.Actor{Unix: "ana", Terminal: true}
			press.Object = "1"
			if reply := o.do(press); reply.Kind != incident.BadInput || !strings.Contains(reply.Say.Text, "Like: drbot incident ") {
				t.Errorf("%s at the terminal: %+v", c.verb, reply)
			}
		}
		reply := o.do(commands.Command{Verb: c.verb, Object: form.Object, Channel: channel, Actor: ana, Fields: c.fields})
		if c.verb == "incident update" && reply.Form != nil { // as each audience will read it, before it is sent
			reply = o.do(commands.Command{Verb: c.verb, Object: reply.Form.Object, Channel: channel, Actor: ana, Fields: c.fields})
		}
		if !strings.Contains(reply.Say.Text, c.want) || !reply.Done() {
			t.Errorf("%s: %+v", c.verb, reply)
		}
	}
	if i := o.read(1); i.Status != incident.Identified || i.Updates != 1 {
		t.Errorf("%+v", i)
	}
}

func TestBare_ShowsWhatComesNext(t *testing.T) {
	o := opened(t)
	_, channel := o.begin("drill users db is gone")
	reply := o.typed(ana, channel, "/incident")
	var verbs []string
	for _, b := range buttonsOf(reply) {
		verbs = append(verbs, b.Verb)
		if commands.Find(b.Verb) == nil || b.Object != "1" {
			t.Errorf("%+v", b)
		}
	}
	if got := strings.Join(verbs, ", "); got != "incident ack, recover plan, incident update, incident severity, incident resolve" {
		t.Errorf("%s", got)
	}
	if text := dump(reply); !strings.Contains(text, "DRILL INC-1") || !strings.Contains(text, "/incident severity <1-4> [reason]") {
		t.Error(text)
	}
	if reply := o.typed(eva, "CTALK", "/incident"); reply.Form == nil || reply.Form.Verb != "incident open" {
		t.Errorf("%+v", reply)
	}
	o.conf.Incident, o.conf.Recover = "outage", "dr"
	for _, reply := range []commands.Reply{o.typed(ana, channel, "/incident help"), o.typed(ana, channel, "/incident help note"), o.typed(chen, channel, "/incident ack")} {
		if text := dump(reply); strings.Contains(text, "/incident") || strings.Contains(text, "/recover") {
			t.Errorf("the configured names are not used: %s", text)
		}
	}
}

// planted puts an approval that waits into an incident's record.
func (o *office) planted(id incident.ID) {
	o.t.Helper()
	by := incident.Person{Key: "ana@example.com", Name: "Ana Ruiz"}
	_, err := o.store.Do(context.Background(), state.Change{Target: state.Ref{ID: id}, Decide: func(v state.View) (state.Decision, error) {
		run, approval := v.Next("run"), v.Next("approval")
		return state.Decision{Events: []incident.Event{
			incident.RunPlanned{Run: run, By: by, Procedure: "p1", Title: "Restore", Steps: []incident.Step{{ID: "p1.s1", Number: "1.1", Title: "Put back", Need: 1, Leaves: "service stopped"}, {ID: "p1.s2", Number: "1.2", Title: "Start"}}},
			incident.RunStarted{Run: run, By: by},
			incident.ApprovalAsked{Approval: approval, Run: run, Step: "p1.s1", By: by, Need: 1, From: []incident.Right{incident.Approver}, Expires: v.Now().Add(15 * time.Minute), Action: incident.Action{Target: "db1"}},
		}}, nil
	}})
	if err != nil {
		o.t.Fatal(err)
	}
}

func TestHome_WaitsForWhoMayDecide(t *testing.T) {
	o := opened(t)
	id, channel := o.begin("users db is gone")
	o.planted(id)
	secret, _ := o.begin("Data breach: SECRET")
	o.planted(secret)
	for _, c := range []struct {
		who     commands.Actor
		waiting []string
	}{
		{ana, nil}, {dev, nil}, {eva, nil},
		{bea, []string{"A1 step 1.1 on db1, asked by Ana Ruiz", "INC-2 needs you"}},
	} {
		home, err := o.Home(t.Context(), c.who)
		if err != nil {
			t.Fatal(err)
		}
		var waiting []string
		for _, w := range home.Waiting {
			waiting = append(waiting, w.Text)
		}
		if strings.Join(waiting, "|") != strings.Join(c.waiting, "|") || len(home.Open) != 2 {
			t.Errorf("%s: %q, %d open", c.who.Slack, waiting, len(home.Open))
		}
	}
	if draft := commands.Draft(o.read(id)); draft != "Investigating: users db is gone. Restore: step 1 of 2 waits for approval." {
		t.Errorf("%q", draft)
	}
	shown, err := json.Marshal(o.do(commands.Command{Verb: "incident show", Channel: channel, Actor: ana}).Data)
	if err != nil || !strings.Contains(string(shown), `"id":"A1"`) || !strings.Contains(string(shown), `"number":"1.2"`) {
		t.Errorf("%s %v", shown, err)
	}
	o.outcome(commands.ClockStepped{Back: 5 * time.Second})
	for _, n := range []incident.ID{id, secret} {
		if a := o.read(n).Approvals[0]; a.State != incident.IsWithdrawn {
			t.Errorf("I54: %s of %s is %s after the clock was set back", a.Name(), n, a.State)
		}
		if err := o.refolded(n); err != nil {
			t.Error(err)
		}
	}
}

func TestSend_OnlyWhatWasShown(t *testing.T) {
	o := opened(t)
	id, channel := o.begin("users db is gone")
	object := "1/" + commands.DraftID(commands.Draft(o.read(id)))
	o.typed(ana, channel, "/incident impact nobody can log in")
	send := commands.Command{Verb: "incident send", Object: object, Channel: channel, Actor: ana}
	if reply := o.do(send); reply.Kind != incident.WrongState || o.read(id).Updates != 0 {
		t.Errorf("%+v", reply)
	}
	send.Object = "1/" + commands.DraftID(commands.Draft(o.read(id)))
	if reply := o.do(send); !reply.Done() || o.read(id).Updates != 1 {
		t.Errorf("%+v", reply)
	}
}
