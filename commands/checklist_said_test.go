package commands_test

import (
	"strings"
	"testing"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
)

// TestI42_WhatIsSaidWithATickIsKept: typed or in the form, beside a tick, a name or a time; what could not be kept is refused at
// its field.
func TestI42_WhatIsSaidWithATickIsKept(t *testing.T) {
	o := opened(t)
	id, channel := o.begin("users db is gone")
	form := func(item, what, reason, who string) commands.Reply {
		return o.do(commands.Command{Verb: "incident checklist", Object: "1", Actor: ana, Channel: channel, Fields: map[string][]string{"item": {item}, "what": {what}, "reason": {reason}, "who": {who}}})
	}
	for _, c := range []struct {
		reply      commands.Reply
		how, field string
	}{
		{form("c1", "done", "", "U0BEA"), "", "who"},
		{form("c1", "done", "we looked twice", ""), "we looked twice", ""},
		{form("c1", "reopen", "it was wrong", ""), "", ""},
		{o.typed(ana, channel, "/incident checklist c1 done I did it with care"), "I did it with care", ""},
		{o.typed(ana, channel, "/incident checklist c1 reopen it was wrong"), "", ""},
		{form("c1", "assign", "soon", "U0BEA"), "", "reason"},
		{form("c1", "assign", "20m", ""), "", "who"},
		{form("c1", "assign", "20m", "U0BEA"), "", ""},
		{form("c2", "due", "", "U0BEA"), "", "reason"},
		{form("c2", "due", "30m", "U0BEA"), "", ""},
	} {
		if field := c.reply.Errors[c.field]; c.field != "" && field == "" || c.field == "" && !c.reply.Done() {
			t.Errorf("want field %q: %+v", c.field, c.reply)
		}
		if c.how != "" && !strings.Contains(c.reply.Say.Text, "is done: "+c.how) {
			t.Errorf("%q is not said: %s", c.how, c.reply.Say.Text)
		}
	}
	i := o.read(id)
	for k, minutes := range map[string]float64{"c1": 20, "c2": 30} {
		if it := i.Item(k); it.Who.Name != "Bea Ode" || it.Due.Sub(i.Time).Minutes() > minutes || it.Due.Sub(i.Time).Minutes() < minutes-2 {
			t.Errorf("%+v", it)
		}
	}
	said := ""
	for r, err := range o.store.Records(t.Context(), id, 0) {
		if err != nil {
			t.Fatal(err)
		}
		said += string(r.Payload)
	}
	for _, want := range []string{"we looked twice", "I did it with care"} {
		if !strings.Contains(said, want) {
			t.Errorf("the record has no %q", want)
		}
	}
	if strings.Count(said, `"why":"it was wrong"`) != 2 {
		t.Error("why it was opened again is lost")
	}
}

// TestI42_AnItemIsLookedAtAndGivenBack: an item alone is shown and not ticked, 20 min is a time, and nobody has it again.
func TestI42_AnItemIsLookedAtAndGivenBack(t *testing.T) {
	o := opened(t)
	id, channel := o.begin("users db is gone")
	for _, c := range []struct{ line, want string }{
		{"c1", "c1 Team told"}, {"c1 due 20 min", "due "}, {"c1 due 1 h", "due "}, {"c1 @bea", "with Bea Ode"}, {"c1 nobody", "is open, due"}, {"c1 @bea", "with Bea Ode"}, {"c1 none", "is open, due"}, {"c1 unassign", "is open, due"}, {"page 1", "checklist 0 of 5"}, {"1", "checklist 0 of 5"},
	} {
		if r := o.typed(ana, channel, "/incident checklist "+c.line); !r.Done() || !strings.Contains(r.Say.Text, c.want) || strings.Contains(c.line, "n") && strings.HasPrefix(c.want, "is open") && strings.Contains(r.Say.Text, "Bea") {
			t.Errorf("%s: %+v", c.line, r)
		}
	}
	o.refused(ana, channel, "/incident checklist page x", "is no page")
	if r := o.typed(ana, channel, "/incident checklist c99"); r.Kind != incident.NotFound {
		t.Errorf("%+v", r)
	}
	o.refused(ana, channel, "/incident checklist c1 due 25 h", "too far ahead")
	if it := o.read(id).Item("c1"); it.Closed() || it.Who.Key != "" || it.Due.IsZero() {
		t.Errorf("%+v", it)
	}
}
