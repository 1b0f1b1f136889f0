package incident

import "fmt"

// A drill reaches only targets that the reviewed lock gives to drills (I44). Three doors ask: the plan, the start of every step, and the
// runner before every process, its readings included. Whether an incident is a drill never changes after it was opened.

// OutsideDrill says why a drill may not reach the target of a step, as it was planned; "" lets it through.
func (i *Incident) OutsideDrill(s *Spec) string {
	switch {
	case !i.Drill || s == nil || s.Drill:
		return ""
	case s.Target == "":
		return "this is a drill, and the step has no target that is for drills"
	}
	return fmt.Sprintf("this is a drill, and %s is not for drills", s.Target)
}

// planDrill refuses a plan of which any step would reach outside.
func (i *Incident) planDrill(d Desk, p RunPlanned) error {
	for _, list := range [][]Step{p.Steps, p.Undos} {
		for k := range list {
			s := &list[k]
			if why := i.OutsideDrill(d.Specs[s.Spec]); why != "" && !s.Manual && !s.Choose {
				return Refuse(Blocked, "Nothing is planned: step %s: %s.", s.Number, why).
					Then("Drill another procedure, or give drills a target of their own: drill: true on it in the lock, reviewed and accepted.")
			}
		}
	}
	return nil
}
