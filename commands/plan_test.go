package commands_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/templates"
)

func TestAStepForAnotherTypeIsText(t *testing.T) {
	o := recovery(t, func(l *runbook.Lock) { entryOf(l, "p1.s4").For = []string{"Data breach"} })
	r := o.rig()
	r.must(r.say(ana, "/recover database"))
	if s := r.run().Step("1.4"); !s.Manual || s.Why != "meant for Data breach" || s.Undo != "" || len(r.run().Steps) != 6 {
		t.Errorf("%+v", s)
	}
}

func TestExamplesCanBePlanned(t *testing.T) {
	for _, path := range []string{"../examples/demo/DISASTER_RECOVERY.md", "../examples/aragora/DISASTER_RECOVERY.md"} {
		t.Run(path, func(t *testing.T) {
			rb, err := runbook.Load(path, nil)
			if err != nil {
				t.Fatal(err)
			}
			o := opened(t)
			o.book = rb
			o.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: commands.RunbookLoaded{Runbook: rb}})
			o.accept()
			for _, p := range rb.Procedures {
				r := o.rig()
				r.must(r.say(ana, "/recover plan "+p.ID))
				ready := 0
				for _, s := range r.run().Steps {
					if !s.Manual {
						ready++
					}
				}
				if _, err := r.PlanForm(t.Context(), r.run().Name()); err != nil {
					t.Error(err)
				}
				t.Logf("%s: %d of %d steps run, %d undos, missing %v", p.Title, ready, len(r.run().Steps), len(r.run().Undos), r.run().Missing())
			}
		})
	}
}

// TestRecoverOpensTheFormAtOnce: where one procedure is meant for the incident's type, nobody picks it from a list first.
func TestRecoverOpensTheFormAtOnce(t *testing.T) {
	o := recovery(t)
	press := func(r *rig) commands.Reply {
		return r.do(commands.Command{Verb: "recover plan", Object: strconv.FormatUint(uint64(r.id), 10), Actor: ana, Channel: r.channel})
	}
	r := o.rig()
	reply := press(r)
	if !reply.Done() || reply.Form == nil || reply.Form.ID != r.run().Name() || reply.Form.Verb != "recover choose" {
		t.Fatalf("%+v", reply)
	}
	o.conf.Procedures = map[string][]string{"Database corruption": {"p1", "p2"}}
	reply = press(o.rig())
	if reply.Form == nil || len(reply.Form.Fields) != 1 || reply.Form.Fields[0].ID != "procedure" || reply.Form.Fields[0].Value != "p1" {
		t.Errorf("%+v", reply.Form)
	}
	if reply := r.do(commands.Command{Verb: "recover plan", Object: strconv.FormatUint(uint64(r.id), 10), Actor: bea, Channel: r.channel}); reply.Kind != incident.NotAllowed || reply.Form != nil {
		t.Errorf("one who may not plan: %+v", reply)
	}
}

// TestAPlanWithEveryValueTypedIsShownAtOnce: a form would ask for what was just said, and who closes it has no plan.
func TestAPlanWithEveryValueTypedIsShownAtOnce(t *testing.T) {
	r := recovery(t, wanting).rig()
	reply := r.say(ana, "/recover database BACKUP=newest")
	if r.must(reply); reply.Form != nil || r.run().Asks || r.run().Values["BACKUP"] != "newest" {
		t.Errorf("%+v, values %v, asks %v", reply.Form, r.run().Values, r.run().Asks)
	}
}

// wanting lets the lock offer the newest backup by that word, as the examples do.
func wanting(l *runbook.Lock) {
	e := entryOf(l, "p1.s2")
	e.Parameters[0].Allowed, e.Parameters[0].Default = []string{"newest"}, "newest"
}

// A form says which backup the newest is, since when, and what it gives up; and which may not be taken.
func TestThePlanFormSaysWhichBackupNewestIs(t *testing.T) {
	r := recovery(t, wanting).rig()
	r.must(r.say(ana, "/recover database"))
	r.answer()
	form, err := r.PlanForm(t.Context(), "R1")
	if err != nil || len(form.Fields) == 0 {
		t.Fatalf("%+v, %v", form, err)
	}
	f := form.Fields[0]
	if f.Label != "Backup" || f.Value != "newest" || f.Options[0].Value != "newest" || f.Options[0].Label != "newest: 02:00 UTC, verified, loses 58 min" {
		t.Errorf("%+v", f)
	}
	if f.Hint != "Step 1.2. Rejected: 02:50 UTC hash differs" {
		t.Errorf("hint %q", f.Hint)
	}
	r.must(r.press(ana, "recover choose", "R1", "BACKUP", "newest"))
	specs, err := r.Specs(t.Context(), r.run())
	if err != nil {
		t.Fatal(err)
	}
	text := templates.Text(templates.RunCard(r.fold(), r.run(), templates.Facts{Specs: specs}))
	for _, want := range []string{"Backup ", "newest: 02:00 UTC, verified, loses 58 min", "Rejected", "02:50 UTC hash differs"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the plan:\n%s", want, text)
		}
	}
	for _, raw := range []string{"BACKUP", "QUARANTINE", "FROM_BACKUP"} {
		if strings.Contains(text, raw) {
			t.Errorf("%s is no word for people:\n%s", raw, text)
		}
	}
}

// While the form is open the plan is nobody else's: it has no Start. Sent, or typed at a terminal, it has.
func TestAPlanHasNoStartBeforeItsFormIsSent(t *testing.T) {
	starts := func(r *rig) bool {
		for _, b := range templates.RunCard(r.fold(), r.run(), templates.Facts{}).Blocks {
			if a, ok := b.(templates.Actions); ok {
				for _, e := range a.Elements {
					if button, ok := e.(templates.Button); ok && button.Verb == "recover start" {
						return true
					}
				}
			}
		}
		return false
	}
	r := recovery(t, wanting).rig()
	r.must(r.say(ana, "/recover database"))
	r.answer()
	if !r.run().Asks || starts(r) {
		t.Errorf("the form was not sent, and the plan can be started: asks %v", r.run().Asks)
	}
	r.must(r.press(ana, "recover choose", "R1", "BACKUP", "newest"))
	if r.run().Asks || !starts(r) {
		t.Errorf("the form was sent, and the plan cannot be started: asks %v", r.run().Asks)
	}
	typed := recovery(t, wanting).rig()
	c := commands.Parse("recover", "plan database")
	c.Actor, c.Object = commands.Actor{Unix: "ana"}, strconv.FormatUint(uint64(typed.id), 10)
	typed.must(typed.do(c))
	typed.answer()
	if typed.run().Asks || !starts(typed) {
		t.Error("a plan that was typed waits for a form")
	}
}

// Whoever chooses sees the type's procedures first, how long each usually takes and how its last time went.
func TestProceduresSayHowTheyUsuallyGo(t *testing.T) {
	o := recovery(t, forDrills)
	drill := o.typed(ana, "CTALK", "/incident open drill Database corruption: practice")
	channel := "CDRILL"
	o.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: commands.BindChannel{Incident: drill.ID, Channel: channel, Name: "drill"}})
	r := &rig{office: o, id: drill.ID, channel: channel, host: "db1"}
	if text := r.say(ana, "/recover list").Say.Text; !strings.Contains(text, "p1 · Database recovery") || strings.Contains(text, "last") {
		t.Fatalf("before it ever ran: %q", text)
	}
	r.plan()
	r.must(r.say(ana, "/recover start"))
	r.answer()
	r.ended(incident.Succeeded, nil)
	r.must(r.press(ana, "recover cancel", r.run().Name(), "reason", "enough"))
	day := r.clock().UTC().Format("2 Jan")
	text := o.rig().say(ana, "/recover list").Say.Text
	if first, _, _ := strings.Cut(text, "\n"); !strings.HasPrefix(first, "p1 · ") || !strings.HasSuffix(first, "last drill "+day+" cancelled") {
		t.Errorf("%q", text)
	}
	o.conf.Procedures = map[string][]string{"Database corruption": {"p1", "p2"}}
	reply := o.rig().say(ana, "/recover plan")
	if reply.Form == nil || reply.Form.Fields[0].Options[0].Hint != "last drill "+day+" cancelled" || reply.Form.Fields[0].Options[1].Hint != "the cache is empty" {
		t.Errorf("%+v", reply.Form)
	}
}

// A form that could not be filled has nothing to send but "read again", and then it is read again.
func TestAPlanThatCouldNotBeReadIsReadAgain(t *testing.T) {
	r := recovery(t).rig()
	r.must(r.say(ana, "/recover database"))
	form := func() *templates.Form {
		t.Helper()
		form, err := r.PlanForm(t.Context(), "R1")
		if err != nil {
			t.Fatal(err)
		}
		return form
	}
	if f := form(); f.Submit != "" || len(f.Fields) != 0 {
		t.Errorf("while it is read, the form can be sent: %+v", f)
	}
	r.fails = "db1: no such directory"
	r.answer()
	if f := form(); f.Submit != "Read again" || len(f.Fields) != 0 {
		t.Errorf("%+v", f)
	}
	reply := r.press(ana, "recover choose", "R1")
	if !reply.Done() || reply.Form == nil || r.run().Asking != incident.ReadForPlan || !r.run().Asks {
		t.Fatalf("%+v, %+v", reply, r.run())
	}
	r.fails = ""
	r.answer()
	if f := form(); f.Submit != "Show plan" || len(f.Fields) == 0 {
		t.Errorf("%+v", f)
	}
}

// A lock may name another step as the way back. It is planned beside it, with its own id and approval, and the approval
// card says so instead of "No undo".
func TestAnUndoMayBeAnotherStep(t *testing.T) {
	r := recovery(t, func(l *runbook.Lock) {
		l.Steps = slices.DeleteFunc(l.Steps, func(e runbook.Entry) bool { return e.UndoOf != "" })
		entryOf(l, "p1.s4").Undo = "p1.s3" // a change
	}).rig()
	name := r.toApproval()
	run := r.run()
	if len(run.Undos) != 1 || run.Undos[0].ID != "p1.s4u" || run.Undos[0].Number != "1.4u" || run.Undos[0].Title != "Rotate the log" || run.Undos[0].Entry != run.Step("1.3").Entry {
		t.Fatalf("%+v", run.Undos)
	}
	a := r.fold().Approvals[len(r.fold().Approvals)-1]
	if u := a.Shown.Undo; u == nil || u.Number != "1.4u" || u.Title != "Rotate the log" {
		t.Errorf("the card says of the way back: %+v", u)
	}
	r.must(r.press(bea, "recover approve", name))
	r.answer()
	r.ended(incident.Succeeded, nil)
	r.must(r.press(ana, "recover undo", "R1/p1.s4"))
	if run := r.run(); run.Next().ID != "p1.s4u" || !run.AwaitsConfirm(run.Next()) {
		t.Fatalf("next is %+v", run.Next())
	}
	r.must(r.press(ana, "recover confirm", "R1/p1.s4u"))
	r.answer()
	r.ended(incident.Succeeded, nil)
	if s := r.run().Step("p1.s4"); s.State != incident.StepTodo || s.Begun || r.run().Step("p1.s3").State != incident.StepDone {
		t.Errorf("after the undo: %+v", s)
	}
	if err := r.refolded(r.id); err != nil {
		t.Error(err)
	}
}

// TestAValueOfAStepThatBecameTextSaysWhy: not that the procedure takes no such value.
func TestAValueOfAStepThatBecameTextSaysWhy(t *testing.T) {
	o := recovery(t, func(l *runbook.Lock) {
		for i, e := range l.Steps {
			if slices.ContainsFunc(e.Parameters, func(p runbook.Parameter) bool { return p.Name == "BACKUP" }) {
				l.Steps[i].Title += " as it was called"
			}
		}
	})
	r := o.rig()
	r.refused(r.say(ana, "/recover plan database BACKUP=backup_2"), incident.BadInput, "takes BACKUP, and drbot does not run it: changed since review: its title.")
	r.refused(r.say(ana, "/recover plan database NOPE=1"), incident.BadInput, "takes no value NOPE")
}
