package commands_test

import (
	"testing"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/runbook"
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
