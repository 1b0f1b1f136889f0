package commands_test

import (
	"strings"
	"testing"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
)

// forDrills gives every target of the lock to drills.
func forDrills(l *runbook.Lock) {
	for name, target := range l.Targets {
		target.Drill = true
		l.Targets[name] = target
	}
}

func drilling(o *office) *rig {
	opened := o.typed(ana, "CTALK", "/incident open drill Database corruption: practice")
	o.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: commands.BindChannel{Incident: opened.ID, Channel: "CDRILL", Name: "drill"}})
	return &rig{office: o, id: opened.ID, channel: "CDRILL", host: "db1"}
}

// A drill plans nothing that would reach a target outside the drill set, and its readings are not asked for; a real incident goes
// on as ever.
func TestI44_ADrillPlansNothingOutsideItsTargets(t *testing.T) {
	for name, change := range map[string]func(*runbook.Lock){
		"no target is for drills": func(*runbook.Lock) {},
		"one step is outside": func(l *runbook.Lock) {
			forDrills(l)
			l.Targets["prod"] = runbook.Target{Dir: "/srv/prod", Lock: "prod", Probe: "echo host=prod"}
			entryOf(l, "p1.s4").Target = "prod"
		},
		"only the undo is outside": func(l *runbook.Lock) {
			forDrills(l)
			l.Targets["prod"] = runbook.Target{Dir: "/srv/prod", Lock: "prod", Probe: "echo host=prod"}
			entryOf(l, "p1.s4u").Target = "prod"
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := recovery(t, change)
			r := drilling(o)
			r.refused(r.say(ana, "/recover database"), incident.Blocked, "not for drills")
			i := r.fold()
			if len(i.Runs) != 0 {
				t.Errorf("a run was made: %+v", i.Runs[0])
			}
			r.refused(r.say(ana, "/recover start"), incident.WrongState, "No run is planned")
			real := o.rig()
			real.must(real.say(ana, "/recover database"))
		})
	}
}

// The whole way of a drill is that of an incident, approval included, and it is marked.
func TestI44_ADrillOnItsOwnTargetsNeedsTheSameApproval(t *testing.T) {
	r := drilling(recovery(t, forDrills))
	r.plan()
	name := r.toApproval()
	if !strings.HasPrefix(name, "A") || !r.fold().Drill {
		t.Errorf("%s", name)
	}
	r.refused(r.press(ana, "recover approve", name), incident.NotAllowed, "")
}
