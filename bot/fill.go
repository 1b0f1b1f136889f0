package bot

import (
	"context"
	"reflect"

	"github.com/drbot/drbot/templates"
)

// fillForm fills the form of a plan whose reads are done; it was opened as "Reading…" under the run's name. Somebody looks
// at it and waits, so it is not among the redraws: those wait up to 3 s for the turn of their message. Reads may be done
// before the form is open: who opened it (as opened) fills it then.
func (b *Bot) fillForm(ctx context.Context, channel, run string, opened *templates.Form) {
	office, ok := b.Handler.(planner)
	if !ok {
		return
	}
	form, err := office.PlanForm(ctx, run)
	if err != nil || form == nil || opened != nil && reflect.DeepEqual(form, opened) {
		return
	}
	view := modal(*form, slip{Channel: channel}, frame{drawing: newDrawing()})
	if _, err := b.api.UpdateViewContext(ctx, view, view.ExternalID, "", ""); err != nil && !isGone(err) {
		b.Log.Warn("a form was not filled", "run", run, "error", troubled(err))
	}
}

// isGone: the person closed the form, or never opened it.
func isGone(err error) bool { return is(err, "not_found", "view_not_found") }
