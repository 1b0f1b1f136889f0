package bot

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// awayLong is how long Slack must have been away before it is worth a line; shorter gaps are the followers' business.
const awayLong = time.Minute

// returned runs when Slack answers again: cards lose the line that says it is down, and after a longer outage each
// channel reads once when it was and what was decided at the terminal meanwhile. since is zero when it answers for the first
// time; what this drbot would draw otherwise than the last one did, or than the record had it before it was restored, is
// drawn then.
func (b *Bot) returned(ctx context.Context, since time.Time) {
	if b.Memory == nil {
		return // a check of the configuration draws nothing
	}
	b.catchUpSoon()
	if err := b.drawer.refresh(ctx); err != nil {
		b.Log.Warn("cards were not looked through", "error", err)
	}
	now := b.Now()
	if since.IsZero() || now.Sub(since) < b.awayLong || !b.health.anew(since, now) {
		return
	}
	open, err := b.Memory.List(ctx, state.Query{Open: true})
	if err != nil {
		b.Log.Warn("nobody was told that Slack was away", "error", err)
		return
	}
	for _, summary := range open {
		i, err := b.Memory.Incident(ctx, state.Ref{ID: summary.ID})
		if err != nil || i.Channel.ID == "" || i.Channel.Lost != "" || !i.OpenedAt.Before(since) {
			continue
		}
		b.tellAway(ctx, i, since, now)
	}
}

func (b *Bot) tellAway(ctx context.Context, i *incident.Incident, from, to time.Time) {
	m := templates.Away(i, from, to, b.decidedMeanwhile(ctx, i.ID, from))
	mark := mark{object: "away/" + strconv.FormatInt(from.Unix(), 10), incident: i.ID.String()}
	part := render(spoken(m), frame{drawing: newDrawing()})[0]
	_, _, err := b.api.PostMessageContext(ctx, i.Channel.ID, slack.MsgOptionText(escape(part.text), false), slack.MsgOptionBlocks(part.blocks...), slack.MsgOptionMetadata(mark.metadata()))
	if err != nil {
		b.Log.Warn("a channel was not told that Slack was away", "incident", i.ID.String(), "error", troubled(err))
	}
}

// decidedMeanwhile lists in words what people decided at the terminal since an instant.
func (b *Bot) decidedMeanwhile(ctx context.Context, id incident.ID, since time.Time) []string {
	var said []string
	for r, err := range b.Memory.Records(ctx, id, 0) {
		if err != nil {
			return said
		}
		if r.Time.Before(since) || r.Redacted {
			continue
		}
		if e, err := r.Event(); err == nil {
			if what, by := decisionOf(e); what != "" && (strings.HasPrefix(by.Proof, "unix:") || strings.HasPrefix(by.Proof, "ssh:")) {
				said = append(said, what+" by "+by.Name)
			}
		}
	}
	return said
}

// decisionOf says a decision in a few words; "" for what is none.
func decisionOf(e incident.Event) (string, incident.Person) {
	switch e := e.(type) {
	case incident.Approved:
		return incident.ApprovalName(e.Approval) + " approved", e.By
	case incident.Denied:
		return incident.ApprovalName(e.Approval) + " denied", e.By
	case incident.RunStarted:
		return incident.RunName(e.Run) + " started", e.By
	case incident.CancelAsked:
		return incident.RunName(e.Run) + " cancelled", e.By
	case incident.Confirmed:
		return "step " + templates.StepNumber(e.Step) + " confirmed", e.By
	case incident.StepByHand:
		return "step " + templates.StepNumber(e.Step) + " done by hand", e.By
	case incident.ConditionAnswered:
		if e.Needed {
			return "step " + templates.StepNumber(e.Step) + " called needed", e.By
		}
		return "step " + templates.StepNumber(e.Step) + " called not needed", e.By
	case incident.StepSkipped:
		return "step " + templates.StepNumber(e.Step) + " skipped", e.By
	case incident.SeveritySet:
		return fmt.Sprintf("SEV-%d set", e.To), e.By
	}
	return "", incident.Person{}
}
