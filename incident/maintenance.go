package incident

import (
	"slices"
	"strings"
	"time"
)

// Scheduled maintenance is an incident with a window. Nobody is paged, nothing is promised by its severity, and it counts
// in no figure of response or recovery. Its phases are spoken at the window's instants.

// DueWindow is the kind of a window's deadlines.
const DueWindow = "window"

// windowSoon is how long before its end people are asked whether the window is long enough.
const windowSoon = 15 * time.Minute

// maxWindow is the longest window that can be planned, and maxAhead how far ahead.
const (
	maxWindow = 7 * 24 * time.Hour
	maxAhead  = 366 * 24 * time.Hour
)

// Window is when maintenance is planned; without instants it is planned for some time.
type Window struct {
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

// Phase of scheduled maintenance, in the words of the status page.
type Phase string

const (
	Scheduled  Phase = "scheduled"
	InProgress Phase = "in progress"
	Completed  Phase = "completed"
)

// Phase is how far scheduled maintenance is; empty for every other incident. It moves when drbot speaks the instant, so
// that everybody sees the same.
func (i *Incident) Phase() Phase {
	switch {
	case i.Window == nil:
		return ""
	case !i.Active() || i.windowSpoken("end", i.Window.Until):
		return Completed
	case i.windowSpoken("begin", i.Window.From):
		return InProgress
	}
	return Scheduled
}

func windowKey(what string, at time.Time) string {
	return DueWindow + "/" + what + "/" + at.UTC().Format("20060102T150405Z")
}

func (i *Incident) windowSpoken(what string, at time.Time) bool {
	return !at.IsZero() && slices.Contains(i.Spoken, windowKey(what, at))
}

// windowDeadlines are the window's instants.
func (i *Incident) windowDeadlines(add func(due time.Time, key string, args ...any)) {
	w := i.Window
	if w == nil || w.From.IsZero() || i.Phase() == Completed {
		return
	}
	if i.Phase() == Scheduled {
		add(w.From, "%s", windowKey("begin", w.From))
	}
	if w.Until.Sub(w.From) > 2*windowSoon {
		add(w.Until.Add(-windowSoon), "%s", windowKey("soon", w.Until))
	}
	add(w.Until, "%s", windowKey("end", w.Until))
}

// windowSet folds a plan: what was said of the one before is forgotten, but that it began stays said.
func (i *Incident) windowSet(e WindowSet) {
	began := i.Phase() == InProgress || i.Phase() == Completed
	i.forget(DueWindow + "/")
	i.policy(e.Policy)
	if e.Off {
		i.Window = nil
		return
	}
	i.Window, i.Owed = &Window{From: e.From, Until: e.Until}, nil
	if began && !e.From.IsZero() && !e.From.After(i.Time) {
		i.Spoken = append(i.Spoken, windowKey("begin", e.From))
	}
}

// windowSaid remembers an instant of the window; those before it are said with it.
func (i *Incident) windowSaid(key string) {
	if w := i.Window; w != nil && (strings.HasPrefix(key, DueWindow+"/end/") || strings.HasPrefix(key, DueWindow+"/soon/")) {
		if begin := windowKey("begin", w.From); !slices.Contains(i.Spoken, begin) {
			i.Spoken = append(i.Spoken, begin)
		}
	}
	i.Spoken = append(i.Spoken, key)
}

// SetWindow plans the window of scheduled maintenance.
func (i *Incident) SetWindow(now time.Time, by Person, from, until time.Time) ([]Event, error) {
	if err := i.active(); err != nil {
		return nil, err
	}
	from, until = from.UTC().Truncate(time.Second), until.UTC().Truncate(time.Second)
	switch {
	case i.Window == nil:
		return nil, Refuse(WrongState, "%s is no scheduled maintenance.", i.ID).Then("Only incidents of that type have a window.")
	case !until.After(from):
		return nil, Refuse(BadInput, "The window ends before it begins.")
	case !until.After(now):
		return nil, Refuse(BadInput, "That window is over already.")
	case until.Sub(from) > maxWindow:
		return nil, Refuse(BadInput, "A window is at most 7 days long.")
	case from.Sub(now) > maxAhead:
		return nil, Refuse(BadInput, "A window begins within a year.")
	case from.Equal(i.Window.From) && until.Equal(i.Window.Until):
		return nil, Refuse(WrongState, "That is its window already.")
	}
	return []Event{WindowSet{By: by, From: from, Until: until}}, nil
}
