package commands

import (
	"fmt"
	"strings"

	"github.com/drbot/drbot/incident"
)

// Draft is the text of the next update as the record gives it: how far the work is, what users notice, what runs, what
// is true now. It says nothing that the record does not.
func Draft(i *incident.Incident) string {
	parts := []string{strings.ToUpper(string(i.Status[:1])) + string(i.Status[1:]) + ": " + sentence(i.Title)}
	if i.Impact != "" {
		parts = append(parts, sentence(i.Impact))
	}
	var run *incident.Run
	for _, r := range i.Runs {
		if !r.StartedAt.IsZero() && (r.State != incident.Ended || r.How == incident.EndDone) {
			run = r
		}
	}
	if run != nil {
		parts = append(parts, progress(run))
		if now := run.NowTrue(); now != "" {
			parts = append(parts, sentence("Now: "+now))
		}
	}
	return strings.Join(parts, " ")
}

func progress(r *incident.Run) string {
	over := 0
	for k := range r.Steps {
		if r.Steps[k].State.Over() {
			over++
		}
	}
	next := r.Next()
	if next == nil {
		return r.Title + " is done."
	}
	say := fmt.Sprintf("%s: step %d of %d", r.Title, min(over+1, len(r.Steps)), len(r.Steps))
	switch next.State {
	case incident.StepWaits:
		say += " waits for approval"
	case incident.StepFailed, incident.StepIsLost:
		say += " did not go well and is being looked at"
	}
	return say + "."
}

// sentence ends a text with a full stop where it has no end of its own.
func sentence(s string) string {
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

// DraftID names a draft in its [Send] button: "42/<id>".
func DraftID(text string) string { return incident.Digest([]byte(text))[:12] }
