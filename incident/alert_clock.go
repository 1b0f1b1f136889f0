package incident

import (
	"slices"
	"strings"
	"time"
)

// An alert may come here late: PagerDuty was away, its webhooks were held back, drbot was down. Its trouble began with its
// trigger all the same, and so do the clocks. And what is said of it may come before its trigger does.

// ClockReach is how long before it came here an alert's trigger may lie to count for the clocks. What is older was open
// before drbot knew of it: promises that had ended days ago would say nothing to anybody.
const ClockReach = 24 * time.Hour

// Late reports whether an alert came here a while after its trigger, and whether the clocks count from the trigger.
func (a *Alert) Late() (late, counts bool) {
	gap := a.Came.Sub(a.Began)
	return !a.Began.IsZero() && gap >= time.Minute, !a.Began.IsZero() && gap > 0 && gap <= ClockReach
}

// Since is the instant from which the clocks of the incident count: when PagerDuty made the alert that opened it, else
// when it was opened. What was opened as maintenance and became an incident began when it became one.
func (i *Incident) Since() time.Time {
	if !i.Became.IsZero() {
		return i.Became
	}
	if a := i.Opener(); a != nil {
		if _, counts := a.Late(); counts && a.Began.Before(i.OpenedAt) {
			return a.Began
		}
	}
	return i.OpenedAt
}

// Opener is the alert that opened the incident; nil: a person did, or its alerts went on with another one.
func (i *Incident) Opener() *Alert {
	for k := range i.Alerts {
		if i.Alerts[k].How == alertOpened {
			return &i.Alerts[k]
		}
	}
	return nil
}

// maxEarly and maxEarlyText bound what the house keeps for alerts whose triggers may still come; the record has all of it.
const (
	maxEarly     = 30
	maxEarlyText = 2000
)

// early keeps what PagerDuty said of an alert that nothing was opened for yet.
func (h *House) early(e AlertPassed) {
	if e.Alert == "" || e.Text == "" && len(e.Facts) == 0 {
		return
	}
	if len(e.Text) > maxEarlyText {
		e.Text = strings.ToValidUTF8(e.Text[:maxEarlyText], "")
	}
	if len(h.Early) >= maxEarly {
		h.Early = slices.Delete(h.Early, 0, len(h.Early)-maxEarly+1)
	}
	h.Early = append(h.Early, e)
}

// EarlyOf is what was heard of an alert before its trigger, in the order in which it happened there.
func (h *House) EarlyOf(alert string) (list []AlertSeen) {
	for _, e := range h.Early {
		if e.Alert == alert {
			list = append(list, AlertSeen{Alert: e.Alert, Event: e.Event, What: e.What, At: e.At, Who: e.Who, Text: e.Text, Facts: e.Facts})
		}
	}
	slices.SortStableFunc(list, func(a, b AlertSeen) int { return a.At.Compare(b.At) })
	return list
}

// Differs reports whether PagerDuty's answer to a question says anything that its events did not.
func (i *Incident) Differs(s AlertSeen) bool {
	a := i.Alert(s.Alert)
	if a == nil {
		return true
	}
	known := i.Clone().Alert(s.Alert)
	return known.hear(s.facts())
}
