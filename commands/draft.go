package commands

import (
	"strings"

	"github.com/drbot/drbot/incident"
)

// Draft is the text of the next update as the record gives it: how far the work is, what users notice, what runs, what
// is true now. It says nothing that the record does not.
func Draft(i *incident.Incident) string {
	known := facts{
		"Status": strings.ToUpper(string(i.Status[:1])) + string(i.Status[1:]), "Title": sentence(i.Title), "Impact": sentence(i.Impact),
		"Again": "", "Run": "", "Over": false, "Step": 0, "Of": 0, "Waits": false, "Stuck": false, "Now": "", "From": nil,
	}
	if a := i.Again; a != nil && a.Updates == i.Updates {
		known["Again"] = sentence(a.Why)
	}
	if m := i.Moved; m != nil && m.Updates == i.Updates && i.Window != nil {
		known["From"], known["Until"], known["Was"], known["WasUntil"] = i.Window.From, i.Window.Until, m.From, m.Until
	}
	for _, r := range i.Runs {
		if r.StartedAt.IsZero() || r.State == incident.Ended && r.How != incident.EndDone {
			continue
		}
		over := 0
		for k := range r.Steps {
			if r.Steps[k].State.Over() {
				over++
			}
		}
		next := r.Next()
		known["Run"], known["Over"], known["Step"], known["Of"], known["Now"] = r.Title, next == nil, min(over+1, len(r.Steps)), len(r.Steps), sentence(r.NowTrue())
		known["Waits"] = next != nil && next.State == incident.StepWaits
		known["Stuck"] = next != nil && (next.State == incident.StepFailed || next.State == incident.StepIsLost)
	}
	if phase := i.Phase(); phase != "" {
		known["Status"] = "Maintenance " + string(phase)
	}
	return said("draft", known)
}

// sentence ends a text with a full stop where it has no end of its own.
func sentence(s string) string {
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

// DraftID names a draft in its [Send] button: "42/<id>".
func DraftID(text string) string { return incident.Digest([]byte(text))[:12] }
