package commands_test

import (
	"strconv"
	"testing"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
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
