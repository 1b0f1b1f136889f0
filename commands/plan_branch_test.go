package commands_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
)

const choicesText = "# Recovery\n\n" +
	"## Procedure 1: Restart\n\n**Scenario:** it hangs\n\n**Steps:**\n\n" +
	"1. **Look.**\n    ```bash\n    echo seen\n    ```\n\n" +
	"2. **Stop where it runs.**\n    ```bash\n    # Kubernetes\n    kubectl get pods\n    # Systemd\n    systemctl status app\n    ```\n\n" +
	"3. **Clear the cache (if necessary).**\n    ```bash\n    echo cleared\n    ```\n\n" +
	"4. **Follow Procedure 2.**\n\n" +
	"5. **Check.**\n    ```bash\n    echo fine\n    ```\n\n" +
	"## Procedure 2: Configuration\n\n**Scenario:** it is wrong\n\n**Steps:**\n\n1. **Look.**\n    ```bash\n    echo config\n    ```\n"

// choices gives an office whose runbook has a choice, a condition and a call, compiled and accepted.
func choices(t testing.TB, change ...func(*runbook.Lock)) *office {
	t.Helper()
	return compiledOffice(t, choicesText, change...)
}

// compiledOffice gives an office whose runbook is compiled, decided and accepted.
func compiledOffice(t testing.TB, markdown string, change ...func(*runbook.Lock)) *office {
	t.Helper()
	rb, err := runbook.Parse([]byte(markdown), nil)
	if err != nil {
		t.Fatal(err)
	}
	lock, _ := runbook.Compile(rb, nil)
	lock.Targets = map[string]runbook.Target{"db1": {Dir: "/srv/app", Lock: "app", Probe: "echo host=db1"}}
	for k := range lock.Steps {
		if e := &lock.Steps[k]; !e.Manual && !e.Choice {
			e.Target, e.Decide = "db1", nil
		} else {
			e.Decide = nil
		}
	}
	for _, f := range change {
		f(lock)
	}
	o := opened(t)
	if o.book, err = rb.Join(lock.Marshal(), "/srv"); err != nil {
		t.Fatal(err)
	}
	o.book.Severities, o.book.IncidentTypes = book().Severities, book().IncidentTypes
	o.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: commands.RunbookLoaded{Runbook: o.book}})
	o.accept()
	return o
}

func TestI5_OneBranchIsChosenAndRunsAlone(t *testing.T) {
	r := choices(t).rig()
	reply := r.say(ana, "/recover restart")
	if form := reply.Form; form == nil || len(form.Fields) != 1 || form.Submit != "Next" || form.Fields[0].ID != "p1.s2" || len(form.Fields[0].Options) != 2 {
		t.Fatalf("the choice is asked first: %+v", reply.Form)
	}
	if r.run().Asking != "" {
		t.Error("a target is read before it is known which")
	}
	for _, words := range []string{"1 to choose", "1.2 Stop where it runs: one of these runs", "1.2=kubernetes  Kubernetes", "1.2=systemd"} {
		if !strings.Contains(reply.Say.Text, words) {
			t.Errorf("%q is not in %q", words, reply.Say.Text)
		}
	}
	r.refused(r.say(ana, "/recover start"), incident.BadInput, "1.2 Stop where it runs")
	r.refused(r.say(ana, "/recover plan 1.2=docker"), incident.BadInput, "has no branch")
	r.refused(r.say(ana, "/recover plan 1.1=a"), incident.BadInput, "no branches")
	r.must(r.press(ana, "recover choose", "R1", "p1.s2", "p1.s2a"))
	run := r.run()
	s := run.Step("1.2")
	if s.ID != "p1.s2a" || s.Title != "Stop where it runs: Kubernetes" || s.Choose || s.Manual || run.Branches["p1.s2"] != "p1.s2a" || len(run.Steps) != 5 {
		t.Fatalf("%+v", s)
	}
	if run.Asking != incident.ReadForPlan {
		t.Error("the branch's target is not read")
	}
	r.answer()
	if form, err := r.PlanForm(t.Context(), "R1"); err != nil || len(form.Fields) != 1 || form.Fields[0].Value != "p1.s2a" || form.Fields[0].Label != "1.2 Stop where it runs" {
		t.Fatalf("Change… shows what was chosen: %+v %v", form, err)
	}
	r.must(r.say(ana, "/recover plan 1.2=Systemd"))
	if s := r.run().Step("1.2"); s.ID != "p1.s2b" || r.run().N != 1 {
		t.Errorf("typed: %+v", s)
	}
	r.answer()
	r.must(r.say(ana, "/recover start"))
	r.answer()
	r.ended(incident.Succeeded, nil)
	r.answer()
	r.ended(incident.Succeeded, nil)
	var planned []incident.RunPlanned
	var started []string
	for rec, err := range r.store.Records(t.Context(), r.id, 0) {
		if err != nil {
			t.Fatal(err)
		}
		switch e, _ := rec.Event(); e := e.(type) {
		case incident.RunPlanned:
			planned = append(planned, e)
		case incident.StepStarting:
			started = append(started, e.Step)
		}
	}
	if !slices.Equal(started, []string{"p1.s1", "p1.s2b"}) {
		t.Errorf("ran %v", started)
	}
	if last := planned[len(planned)-1]; last.Branches["p1.s2"] != "p1.s2b" {
		t.Errorf("the choice is not in the record: %+v", last.Branches)
	}
	if err := r.refolded(r.id); err != nil {
		t.Error(err)
	}
}

// A choice of which one branch alone could run is asked all the same: that the other is wrong here is for a person to say.
func TestAChoiceWithOneReadyBranchIsAsked(t *testing.T) {
	r := choices(t, func(l *runbook.Lock) { entryOf(l, "p1.s2b").Decide = []string{"which unit?"} }).rig()
	reply := r.say(ana, "/recover restart")
	if reply.Form == nil || len(reply.Form.Fields[0].Options) != 2 || !strings.Contains(reply.Form.Fields[0].Options[1].Hint, "which unit?") {
		t.Fatalf("%+v", reply.Form)
	}
	r.must(r.say(ana, "/recover plan 1.2=b"))
	if s := r.run().Step("1.2"); !s.Manual || !strings.Contains(s.Why, "which unit?") {
		t.Errorf("%+v", s)
	}
	if v := r.do(commands.Command{Verb: "recover list", Actor: ana, Channel: r.channel}); !strings.Contains(v.Say.Text, "ready") {
		t.Errorf("%q", v.Say.Text)
	}
}

// toCondition starts the run and brings it to the step that is done only if necessary.
func (r *rig) toCondition() {
	r.t.Helper()
	r.must(r.say(ana, "/recover restart 1.2=kubernetes"))
	r.answer()
	r.must(r.say(ana, "/recover start"))
	for range 10 {
		switch s := r.run().Next(); {
		case s.State == incident.StepAsked:
			return
		case r.run().AwaitsConfirm(s):
			r.must(r.say(ana, "/recover step"))
			r.must(r.say(ana, "/recover resume"))
		case r.run().Asking != "":
			r.answer()
		case s.State == incident.StepWaits:
			r.must(r.press(bea, "recover approve", incident.ApprovalName(s.Approval)))
		default:
			r.ended(incident.Succeeded, nil)
		}
	}
	r.t.Fatalf("it does not come to the condition: %s", r.run().Doing())
}

func TestAConditionIsAskedAndItsAnswerRecorded(t *testing.T) {
	for name, needed := range map[string]bool{"needed": true, "not needed": false} {
		t.Run(name, func(t *testing.T) {
			r := choices(t).rig()
			r.toCondition()
			starts := r.starts()
			r.pass(60e9)
			if r.run().Next().Number != "1.3" || r.starts() != starts {
				t.Fatal("it did not wait for the answer")
			}
			r.refused(r.say(bea, "/recover needed 1.3"), incident.NotAllowed, "operators")
			r.refused(r.say(ana, "/recover needed 1.5"), incident.WrongState, "Nothing asks")
			if needed {
				r.must(r.say(ana, "/recover needed 1.3"))
				if s := r.run().Step("1.3"); !s.Needed || s.State == incident.StepAsked || s.State.Over() {
					t.Errorf("%+v", s)
				}
			} else {
				if reply := r.press(ana, "recover notneeded", "R1/p1.s3"); reply.Form == nil || reply.Form.Verb != "recover notneeded" {
					t.Fatalf("it asks why: %+v", reply)
				}
				r.must(r.say(ana, "/recover notneeded 1.3 the cache is empty already"))
				if s := r.run().Step("1.3"); s.State != incident.StepUnneeded || s.Note != "the cache is empty already" || r.starts() != starts {
					t.Errorf("%+v, %d starts", s, r.starts()-starts)
				}
				if s := r.run().Next(); s.Number != "1.4" || s.State != incident.StepHand {
					t.Errorf("the run stands at %s: %s", s.Number, s.State)
				}
			}
			if r.records(r.id, "ConditionAsked") != 1 || r.records(r.id, "ConditionAnswered") != 1 || r.records(r.id, "StepSkipped") != 0 {
				t.Error("the answer is a fact of its own")
			}
			if err := r.refolded(r.id); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAStepThatNamesAProcedureOffersIt(t *testing.T) {
	r := choices(t).rig()
	r.toCondition()
	r.must(r.say(ana, "/recover notneeded 1.3 no"))
	s := r.run().Next()
	spec, err := r.Spec(t.Context(), s.Spec)
	if err != nil || !s.Manual || len(spec.Calls) != 1 || spec.Calls[0] != (incident.Called{ID: "p2", Title: "Configuration"}) {
		t.Fatalf("%+v %+v %v", s, spec, err)
	}
	r.refused(r.press(ana, "recover plan", "1/p2"), incident.WrongState, "R1")
	r.must(r.say(ana, "/recover hand 1.4 planned next"))
	r.answer()
	r.ended(incident.Succeeded, nil)
	r.must(r.press(ana, "recover plan", "1/p2"))
	if run := r.fold().LiveRun(); run == nil || run.Procedure != "p2" {
		t.Errorf("%+v", run)
	}
}

const twiceText = "# Recovery\n\n## Procedure 1: Restart\n\n**Scenario:** it hangs\n\n**Steps:**\n\n" +
	"1. **Stop it.**\n    ```bash\n    # Kubernetes\n    echo stop kube\n    # Systemd\n    echo stop unit\n    ```\n\n" +
	"2. **Look.**\n    ```bash\n    echo eye\n    # OR\n    echo tool\n    ```\n\n" +
	"3. **Start it.**\n    ```bash\n    # Systemd\n    echo start unit\n    # Kubernetes\n    echo start kube\n    ```\n"

// Stopping and starting the same thing is one question: nobody stops it in one place and starts it in another by an oversight.
func TestChoicesThatAreCalledAlikeAreOneQuestion(t *testing.T) {
	r := compiledOffice(t, twiceText).rig()
	chosen := func() string {
		var titles []string
		for _, s := range r.run().Steps {
			titles = append(titles, s.Title)
		}
		return strings.Join(titles, ", ")
	}
	form := r.say(ana, "/recover restart").Form
	if form == nil || len(form.Fields) != 2 || form.Fields[0].Label != "1.1 Stop it, 1.3 Start it" || form.Fields[1].Label != "1.2 Look" {
		t.Fatalf("%+v", form)
	}
	r.must(r.press(ana, "recover choose", "R1", "p1.s1", "p1.s1b", "p1.s2", "p1.s2a"))
	if got := chosen(); got != "Stop it: Systemd, Look: echo eye, Start it: Systemd" {
		t.Errorf("%s", got)
	}
	if branches := r.run().Branches; len(branches) != 3 || branches["p1.s3"] != "p1.s3a" {
		t.Errorf("the record says what each step is: %v", branches)
	}
	r.answer()
	r.must(r.say(ana, "/recover plan 1.1=kubernetes"))
	if got := chosen(); got != "Stop it: Kubernetes, Look: echo eye, Start it: Kubernetes" {
		t.Errorf("the other follows: %s", got)
	}
	r.answer()
	r.must(r.say(ana, "/recover plan 1.3=systemd"))
	if got := chosen(); got != "Stop it: Systemd, Look: echo eye, Start it: Systemd" {
		t.Errorf("%s", got)
	}
	r.answer()
	r.must(r.say(ana, "/recover plan 1.1=kubernetes 1.3=systemd"))
	if got := chosen(); got != "Stop it: Kubernetes, Look: echo eye, Start it: Systemd" {
		t.Errorf("each as it was said: %s", got)
	}
	r.answer()
	if form, err := r.PlanForm(t.Context(), "R1"); err != nil || len(form.Fields) != 3 {
		t.Errorf("chosen apart, they are two questions: %+v %v", form, err)
	}
	r.must(r.press(ana, "recover choose", "R1", "p1.s1", "p1.s1a", "p1.s2", "p1.s2b", "p1.s3", "p1.s3a"))
	if got := chosen(); got != "Stop it: Kubernetes, Look: echo tool, Start it: Systemd" {
		t.Errorf("%s", got)
	}
	for _, s := range r.run().Steps {
		spec, err := r.Spec(t.Context(), s.Spec)
		if e := entryOf(r.book.Lock, s.ID); err != nil || e == nil || spec.Script != e.Run || s.Script != e.SHA256 {
			t.Errorf("I6: %s is not its lock entry's bytes: %+v %v", s.ID, spec, err)
		}
	}
}
