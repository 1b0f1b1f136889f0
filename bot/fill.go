package bot

import "github.com/drbot/drbot/incident"

// fillForm fills the form of a plan whose reads are done; it was opened as "Reading…" under the run's name. Somebody looks
// at it and waits, so it is not among the redraws: those wait up to 3 s for the turn of their message.
func (t *talk) fillForm(run uint64) {
	office, ok := t.Handler.(planner)
	if !ok {
		return
	}
	form, err := office.PlanForm(t.ctx, incident.RunName(run))
	if err != nil || form == nil {
		return
	}
	view := modal(*form, slip{Channel: t.i.Channel.ID}, frame{drawing: newDrawing()})
	if _, err := t.api.UpdateViewContext(t.ctx, view, view.ExternalID, "", ""); err != nil && !isGone(err) {
		t.Log.Warn("a form was not filled", "incident", t.id.String(), "error", troubled(err))
	}
}

// isGone: the person closed the form, or never opened it.
func isGone(err error) bool { return is(err, "not_found", "view_not_found") }
