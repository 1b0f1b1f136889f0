package commands

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// sendDraft sends the reminder's draft. The button names the draft that was shown, and the newest update that there was
// then: when the record has moved on since, the words are others, and the person reads them first; when somebody else
// pressed, one message went.
func sendDraft(ctx context.Context, o *Office, c *call) (Reply, error) {
	n, err := noticeOf(c)
	if err != nil {
		return Reply{}, err
	}
	shown := draftShown(c.Object)
	n.data = o.lostData(ctx, c)
	to := n.to
	return o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		n.text, n.to = Draft(i), to
		if n.open {
			n.to = append(slices.Clone(to), o.open(i, i.Awaiting())...)
		}
		if n.seen >= 0 && n.seen < i.Updates { // of the two refusals the one that says what was sent
			if _, err := o.posting(v.Now(), i, c, n); err != nil {
				return nil, err
			}
		}
		if shown != "" && shown != DraftID(n.text) {
			return nil, incident.Refuse(incident.WrongState, "More happened since that draft.").Then("Press Edit and send: %s", cut(n.text, 400))
		}
		return o.posting(v.Now(), i, c, n)
	}, updateAnswer)
}

// draftShown is the draft's name in "42/u2/d<id>", or in "42/<id>" of an earlier version.
func draftShown(object string) string {
	_, rest, _ := strings.Cut(object, "/")
	for part := range strings.SplitSeq(rest, "/") {
		switch {
		case len(part) == 13 && part[0] == 'd':
			return part[1:]
		case len(part) == 12:
			return part
		}
	}
	return ""
}

// snoozeUpdate moves the next update, by 15 minutes where nothing else is said.
func snoozeUpdate(ctx context.Context, o *Office, c *call) (Reply, error) {
	var whom []incident.Audience
	if word, rest := head(c.Text); audienceNamed(word) == incident.AudienceExecutives {
		whom, c.Text = []incident.Audience{incident.AudienceExecutives}, rest
	}
	_, rest, _ := strings.Cut(c.Object, "/")
	for part := range strings.SplitSeq(rest, "/") {
		if part == string(incident.AudienceExecutives) {
			whom = []incident.Audience{incident.AudienceExecutives}
		}
	}
	typed := or(c.Field("pick"), c.Text)
	var was time.Time
	return o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		span, ok := parseWhen(or(typed, "15m"), v.Now())
		if was = dueOf(i, whom); typed == "" && was.Sub(v.Now()) > span { // later, and never earlier
			span += was.Sub(v.Now())
		}
		if !ok {
			return nil, incident.Refuse(incident.BadInput, "%q is no time.", cut(typed, 40)).Then("Write 15m or 15:30 (UTC).")
		}
		return i.Snooze(v.Now(), c.person, span, whom...)
	}, func(i *incident.Incident) string {
		due := dueOf(i, whom)
		known := facts{"Due": due, "Day": otherDay(due, i.Time), "Executives": len(whom) > 0, "Earlier": nil}
		if due.Before(was) {
			known["Earlier"] = was
		}
		answer := said("snoozed", about(i, known))
		if len(whom) == 0 {
			answer += stillOwed(i, i.Outlasting(), true)
		}
		return answer
	})
}

// dueOf is when the next update is promised: to executives where whom names them.
func dueOf(i *incident.Incident, whom []incident.Audience) time.Time {
	if len(whom) > 0 {
		return i.ExecutivesDue
	}
	return i.UpdateDue
}
