package incident

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A restore proves its items when the check behind it passed: by the listing's line or by its words, by a machine or by
// hand, with the check that its lock names where it names one.
func TestReturned(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Run, map[string]*Spec)
		want   string
	}{
		"by the line":                {func(*Run, map[string]*Spec) {}, "p1.s2 p1.s3"},
		"by hand":                    {func(r *Run, _ map[string]*Spec) { r.Steps[1].State = StepWasHand }, "p1.s2 p1.s3"},
		"skipped":                    {func(r *Run, _ map[string]*Spec) { r.Steps[1].State = StepSkip }, ""},
		"by its title":               {func(r *Run, s map[string]*Spec) { s["put"].Params, r.Steps[1].Title = nil, "Restore the dump" }, "p1.s2 p1.s3"},
		"by its text":                {func(_ *Run, s map[string]*Spec) { s["put"].Params, s["put"].Script = nil, "pg_restore -d users dump" }, "p1.s2 p1.s3"},
		"in a comment":               {func(_ *Run, s map[string]*Spec) { s["put"].Params, s["put"].Script = nil, "true # no restore yet" }, ""},
		"another list":               {func(r *Run, _ map[string]*Spec) { r.Choices["WANTED"][1].TakenAt = time.Time{} }, ""},
		"the check had no word":      {func(_ *Run, s map[string]*Spec) { s["look"].Expect = nil }, "p1.s2 p1.s5"},
		"the check was skipped":      {func(r *Run, _ map[string]*Spec) { r.Steps[2].State = StepSkip }, ""},
		"the check was by hand":      {func(r *Run, _ map[string]*Spec) { r.Steps[2].State = StepWasHand }, ""},
		"another check is named":     {func(r *Run, _ map[string]*Spec) { r.Steps[1].Verify = "p1.s5" }, "p1.s2 p1.s5"},
		"the named one was skipped":  {func(r *Run, _ map[string]*Spec) { r.Steps[1].Verify, r.Steps[4].State = "p1.s5", StepSkip }, ""},
		"the named one is elsewhere": {func(r *Run, _ map[string]*Spec) { r.Steps[1].Verify = "p9.s9" }, "p1.s2 p1.s3"},
		"an undo":                    {func(r *Run, _ map[string]*Spec) { r.Undoes = &Undoes{} }, ""},
	} {
		r, specs := recoveryRun("b2")
		r.Values["p1.s1.BACKUP"] = "b2"
		specs["health"] = &Spec{ID: "p1.s5", Expect: &Expect{}}
		r.Steps = append(r.Steps, Step{ID: "p1.s5", Number: "1.5", Risk: Read, Spec: "health"})
		for k := range r.Steps {
			r.Steps[k].State = StepDone
		}
		c.change(r, specs)
		got := ""
		if back := r.returned(specs); back != nil {
			got = back.Step + " " + back.By
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// What ran the restore back takes the proof back, and an older run that still stands keeps it.
func TestRestored_UntilItIsTakenBack(t *testing.T) {
	i := New(42)
	i.Apply(Stamp{Seq: 1, N: 1, Time: noon}, Opened{Title: "x", Checklist: []Item{{ID: "c1", Text: "Backup restored", Bind: &Bind{Rule: RuleRestored}}}})
	r, _ := recoveryRun("b2")
	i.Runs = []*Run{r}
	end := RunEnded{Run: 7, How: EndDone, Back: &Return{Step: "p1.s2", By: "p1.s3"}}
	if ticked := i.then(end); len(ticked) != 1 || ticked[0] != "c1: step 1.2 of R7, checked by step 1.3" {
		t.Fatal(ticked)
	}
	i.Run(7).Steps[1].TakenBack = 8
	d := i.draft(noon)
	d.unreturned()
	if len(d.events) != 1 || d.events[0] != Event(ItemReopened{By: Bot, Item: "c1"}) {
		t.Errorf("%+v", d.events)
	}
	if _, err := d.TickItem(ana, "c1", ""); err == nil {
		t.Error("ticked by a restore that was taken back")
	}
}

// A probe is asked by itself for what is open and was not asked just now.
func TestAskProbes(t *testing.T) {
	i := tied()
	if got := i.AskProbes(night); len(got) != 1 || got[0] != Event(ProbeAsked{By: Bot, Item: "c8"}) {
		t.Fatalf("%+v", got)
	}
	i.then(ProbeAsked{By: ana, Item: "c8"})
	at := i.Item("c8").Asked
	if got := i.AskProbes(at.Add(time.Second)); len(got) != 0 {
		t.Errorf("while it is asked: %+v", got)
	}
	i.then(ItemProbed{Item: "c8", Said: "answered 503"})
	if got := i.AskProbes(i.Item("c8").ProbedAt.Add(59 * time.Second)); len(got) != 0 {
		t.Errorf("just after its answer: %+v", got)
	}
	if got := i.AskProbes(i.Item("c8").ProbedAt.Add(time.Minute)); len(got) != 1 {
		t.Errorf("later: %+v", got)
	}
	for how, want := range map[string]int{EndDone: 1, EndCancelled: 1, EndDiscarded: 0} {
		if got := i.ToProbe([]Event{RunEnded{Run: 7, How: how}}); len(got) != want {
			t.Errorf("a run that ended as %s: %+v", how, got)
		}
	}
}

// The address of a probe is shown without its query, its password and its fragment.
func TestNamed_ShowsNoSecret(t *testing.T) {
	for probe, want := range map[string]string{
		"https://a:b@shop.example.com:8443/healthz?token=x#y": "https://shop.example.com:8443/healthz", "http://x/?": "http://x/", "p1.s9": "step 1.9 of a run", "http://%zz?token=x": "its address",
	} {
		b := &Bind{Rule: RuleProbe, Probe: probe}
		if b.Named() != want || !strings.Contains(b.Waits(), want) {
			t.Errorf("%s: %q, %q", probe, b.Named(), b.Waits())
		}
	}
}

// What is open is named, ten items and the number of the others, with what a probe said.
func TestStillOpen_NamesItems(t *testing.T) {
	i := tied()
	i.then(ItemProbed{Item: "c8", Said: "answered 503"})
	said := strings.Join(i.StillOpen(), "; ")
	for _, want := range []string{"11 checklist items (c1 classified, c2 ", "c8 probe (answered 503, ", "c10 first, and 1 more)"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q lacks %q", said, want)
		}
	}
	for k := range i.Checklist {
		i.Checklist[k].Text = strings.Repeat("x", 300)
		i.Checklist[k].State = map[bool]string{true: "done"}[k > 0]
	}
	if said := fmt.Sprint(i.StillOpen()); len(said) > 250 || strings.Contains(said, "more") {
		t.Error(said)
	}
	i.Checklist[0].State = "na"
	if said := i.StillOpen(); len(said) != 0 {
		t.Error(said)
	}
}

// What a step did before its item's turn is kept, ticked when the turn comes, and forgotten when the step is taken back.
func TestShown_IsTickedInItsTurn(t *testing.T) {
	i := tied()
	i.Checklist[10].Bind = &Bind{Rule: RuleStep}
	d := i.draft(night)
	d.tickFor(d.Item("c11"), Bot, "step 1.8 of R7")
	d.tickFor(d.Item("c9"), Bot, "step 1.8 of R7") // closes with its items
	if len(d.events) != 1 || d.events[0] != Event(ItemShown{Item: "c11", How: "step 1.8 of R7"}) {
		t.Fatalf("%+v", d.events)
	}
	if ticked := i.then(d.events...); len(ticked) != 0 {
		t.Fatal(ticked)
	}
	if said, ok := i.Shown(i.Item("c11")); !ok || said != "step 1.8 of R7" {
		t.Errorf("%q, %v", said, ok)
	}
	back := i.draft(night)
	back.unshow(back.Item("c11"))
	back.add(ItemDone{By: ana, Item: "c10"})
	if more := back.Prove(night); len(more) != 0 || back.Proofs != nil {
		t.Errorf("what was taken back is ticked: %+v", more)
	}
	if ticked := strings.Join(i.then(ItemDone{By: ana, Item: "c10"}), ", "); ticked != "c11: step 1.8 of R7, c9: with its items" {
		t.Error(ticked)
	}
	if ticked := i.then(ItemReopened{By: ana, Item: "c11"}); len(ticked) != 0 {
		t.Errorf("ticked again against a person's word: %v", ticked)
	}
	if events, err := i.TickItem(ana, "c11", ""); err != nil || events[0].(ItemDone).How != "step 1.8 of R7" {
		t.Errorf("%+v, %v", events, err)
	}
}

// What closes meanwhile is not being asked any more, and a step that fails as a probe is said beside its item.
func TestProbed_IsWhatWasSaidLast(t *testing.T) {
	i := tied()
	i.then(ProbeAsked{By: Bot, Item: "c8"}, ItemDone{By: ana, Item: "c8", Anyway: "we looked"}, ItemReopened{By: ana, Item: "c8"})
	if it := i.Item("c8"); !it.Asked.IsZero() {
		t.Errorf("it is asked for ever: %+v", it)
	}
	i.Runs = []*Run{{N: 7, State: Running, Steps: []Step{{ID: "p1.s9", Number: "1.9", Risk: Read, Attempt: "a", State: StepRuns}}}}
	i.then(StepEnded{Run: 7, Step: "p1.s9", Attempt: "a", Outcome: Failed, Last: "2 of 3 up\n"})
	if it := i.Item("c7"); it.Passed || it.Probed != "step 1.9 of R7: 2 of 3 up" || it.ProbedAt.IsZero() || it.Closed() {
		t.Errorf("%+v", it)
	}
}
