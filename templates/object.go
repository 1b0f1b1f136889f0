package templates

import "github.com/drbot/drbot/incident"

// What a button of a run or an approval is about: the number, and behind it the mark of what its card shows, so that it
// means nothing else in a record that gave the number again (I1).

func approvalObject(a *incident.Approval) string { return a.Name() + "#" + a.Mark() }

func runObject(r *incident.Run) string { return r.Name() + "#" + r.Mark() }

func stepObject(r *incident.Run, s *incident.Step) string { return StepKey(r, s) + "#" + r.Mark() }

// planObject is bound to every step and value of the plan.
func planObject(r *incident.Run) string { return r.Name() + "#" + r.MarkWith("") }

// confirmObject is bound to the step's text and values.
func confirmObject(r *incident.Run, s *incident.Step) string {
	return StepKey(r, s) + "#" + r.MarkWith(s.ID)
}
