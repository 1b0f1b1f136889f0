package commands_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/runbook"
)

// TestOpen_OnTheSourceRunbook opens one incident of each type of the source document, which is not in this repository.
func TestOpen_OnTheSourceRunbook(t *testing.T) {
	src, err := os.ReadFile("../../shared/seed/DISASTER_RECOVERY.md")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the source runbook is not beside this checkout (../shared/seed)")
	}
	if err != nil {
		t.Fatal(err)
	}
	o := opened(t)
	if o.book, err = runbook.Parse(src, nil); err != nil {
		t.Fatal(err)
	}
	restricted := 0
	for _, kind := range o.book.IncidentTypes {
		reply := o.typed(eva, "CTALK", "/incident open "+strings.ToLower(kind.Name)+": x")
		i := o.read(reply.ID)
		if i.Type != kind.Name || i.Severity != kind.Severity {
			t.Errorf("%s: %s SEV-%d, want SEV-%d", kind.Name, i.Type, i.Severity, kind.Severity)
		}
		if i.Restricted {
			restricted++
		}
		ordered := 0
		for _, it := range i.Checklist {
			if it.Order {
				ordered++
			}
		}
		if len(i.Checklist) != 23 || ordered != 4 || i.RTO.Limit == 0 || i.RPO.Limit == 0 {
			t.Errorf("%s: %d items, %d in order, RTO %v, RPO %v", kind.Name, len(i.Checklist), ordered, i.RTO, i.RPO)
		}
	}
	if restricted == 0 || restricted == len(o.book.IncidentTypes) {
		t.Errorf("%d of %d types are restricted", restricted, len(o.book.IncidentTypes))
	}
}

// TestPlan_OnTheSourceRunbook compiles the source document, answers every question with its proposal, accepts the lock, and
// plans each procedure: every choice is asked in a form that Slack takes, and once it is made the run has one step a number.
func TestPlan_OnTheSourceRunbook(t *testing.T) {
	src, err := os.ReadFile("../../shared/seed/DISASTER_RECOVERY.md")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the source runbook is not beside this checkout (../shared/seed)")
	}
	if err != nil {
		t.Fatal(err)
	}
	rb, err := runbook.Parse(src, nil)
	if err != nil {
		t.Fatal(err)
	}
	lock, _ := runbook.Compile(rb, nil)
	for n := 0; len(lock.Questions(rb)) > 0; n++ {
		q := lock.Questions(rb)[0]
		answer := q.Proposal
		if answer == "" {
			answer = runbook.AnswerManual
		}
		if err := lock.Answer(q, answer); err != nil || n > 300 {
			t.Fatalf("%+v: %v", q, err)
		}
	}
	o := opened(t)
	if o.book, err = rb.Join(lock.Marshal(), "/srv"); err != nil {
		t.Fatal(err)
	}
	o.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: commands.RunbookLoaded{Runbook: o.book}})
	o.accept()
	asked, conditions, calls := 0, 0, 0
	for _, p := range o.book.Procedures {
		r := o.rig()
		reply := r.say(ana, "/recover plan "+p.ID)
		r.must(reply)
		for range 3 {
			if len(r.run().Undecided()) == 0 {
				break
			}
			fields := []string{}
			for _, f := range reply.Form.Fields {
				if len([]rune(f.Label)) > 150 || len(f.Options) < 2 || f.Value != "" {
					t.Errorf("%s: %+v", p.ID, f)
				}
				fields = append(fields, f.ID, f.Options[0].Value)
				asked++
			}
			reply = r.press(ana, "recover choose", r.run().Name(), fields...)
			r.must(reply)
		}
		numbers := map[string]bool{}
		for k, s := range r.run().Steps {
			if numbers[s.Number] || s.Choose || s.Number != p.Steps[k].Number {
				t.Errorf("%s: step %d is %s, want %s: %+v", p.ID, k, s.Number, p.Steps[k].Number, s)
			}
			numbers[s.Number] = true
			if s.Condition != "" {
				conditions++
			}
			if spec, err := r.Spec(t.Context(), s.Spec); err != nil || len(spec.Calls) > 0 {
				calls++
			}
		}
		if len(r.run().Steps) != len(p.Steps) {
			t.Errorf("%s: %d of %d steps", p.ID, len(r.run().Steps), len(p.Steps))
		}
		t.Logf("%s: %s", p.Title, reply.Say.Text)
	}
	if asked == 0 || conditions == 0 || calls == 0 {
		t.Errorf("%d choices, %d conditions, %d calls", asked, conditions, calls)
	}
}
