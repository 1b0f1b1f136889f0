package incident

import (
	"strings"
	"testing"
	"time"
)

// Whatever was planned, a step of a drill starts only on a target that is for drills; and break-glass is no way around it.
func TestI44_NoStepStartsOutsideADrill(t *testing.T) {
	for _, c := range []struct{ drill, inside, starts bool }{{true, false, false}, {true, true, true}, {false, false, true}} {
		s, desk := waits(t)
		s.i.Drill, desk.Specs["spec"].Drill = c.drill, c.inside
		events, err := s.i.BreakGlass(desk.at(9*time.Minute), eva, 17, tried, "db1", "")
		if err != nil {
			t.Fatal(err)
		}
		started, why := false, ""
		for _, e := range events {
			switch e := e.(type) {
			case StepStarting:
				started = true
			case RunPaused:
				why = e.Why
			}
		}
		if started != c.starts || !c.starts && !strings.Contains(why, "this is a drill, and db1 is not for drills") {
			t.Errorf("%+v: started %v, %q", c, started, why)
		}
	}
}
