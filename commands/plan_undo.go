package commands

import "github.com/drbot/drbot/runbook"

// undo is the way back of a step: the entry that the lock made for it, or another step of the procedure that the lock names
// ("start the service" is undone by "stop the service"). That one is planned under an id of its own, so that both stand in
// the run, each with its own approval; its text, and whether it is accepted, are the named step's.
func (p planning) undo(s *runbook.Step) *runbook.Entry {
	if !s.Ready || !p.meant(s.Entry) {
		return nil
	}
	u := s.Undo
	if u == nil && s.Entry.Undo != "" {
		u = p.named(s)
	}
	if u == nil || u.Blocked() != "" {
		return nil
	}
	return u
}

func (p planning) named(s *runbook.Step) *runbook.Entry {
	for k := range p.procedure.Steps {
		other := &p.procedure.Steps[k]
		if other.ID != s.Entry.Undo || other.ID == s.ID || !other.Ready || !p.meant(other.Entry) {
			continue
		}
		u := *other.Entry
		u.ID, u.UndoOf, u.Title = s.ID+"u", s.ID, other.Title
		u.Undo, u.Verify, u.Closes = "", "", nil
		return &u
	}
	return nil
}
