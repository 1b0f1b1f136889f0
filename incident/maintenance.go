package incident

import (
	"slices"
	"strings"
	"time"
)

// Scheduled maintenance is an incident with a window. Nobody is paged, nothing is promised but what people write, and it counts
// in no figure of response or recovery. Its phases are spoken at the window's instants; that it is over, a person says.

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
	SetAt time.Time `json:"set_at,omitzero"` // when it was planned so: an instant that was over then is not said late
	Off   bool      `json:"off,omitempty"`   // it was called off
}

// Phase of scheduled maintenance, in the words of the status page.
type Phase string

const (
	Scheduled  Phase = "scheduled"
	InProgress Phase = "in progress"
	Completed  Phase = "completed"
	CalledOff  Phase = "called off"
)

// Phase is how far scheduled maintenance is; empty for every other incident. It begins when drbot speaks the instant, so
// that everybody sees the same, and it is over when a person says so: a window that ends ends no work.
func (i *Incident) Phase() Phase {
	switch {
	case i.Window == nil:
		return ""
	case !i.Active() && (i.Window.Off || i.FalseAlarm):
		return CalledOff
	case !i.Active():
		return Completed
	case i.windowSpoken("begin", i.Window.From):
		return InProgress
	}
	return Scheduled
}

// BeforeWindow reports whether an end at that instant calls the maintenance off: its window has not begun, and nothing was
// run for it.
func (i *Incident) BeforeWindow(at time.Time) bool {
	return i.Window != nil && at.Before(i.Window.From) && !slices.ContainsFunc(i.Runs, func(r *Run) bool { return !r.StartedAt.IsZero() })
}

// Overrun reports whether the window is over and the maintenance is not.
func (i *Incident) Overrun() bool {
	return i.Window != nil && i.Active() && i.windowSpoken("end", i.Window.Until)
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
	if w == nil || w.From.IsZero() || i.Overrun() {
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
func (i *Incident) windowSet(at Stamp, e WindowSet) {
	began, before := i.Phase() == InProgress, i.Window
	i.forget(DueWindow + "/")
	if e.Off {
		i.policy(e.Policy)
		i.Moved, i.Readers = nil, nil
		if i.Window = nil; i.Planned && i.Became.IsZero() {
			i.Became, i.StatusAt = i.Time, i.Time
		}
		return
	}
	i.Window = &Window{From: e.From, Until: e.Until, SetAt: i.Time}
	switch {
	case before == nil:
		i.planning()
	case !before.From.IsZero():
		i.windowMoved(at, e.By, *before)
	}
	if began && !e.From.IsZero() && !e.From.After(i.Time) {
		i.Spoken = append(i.Spoken, windowKey("begin", e.From))
	}
}

// During is maintenance that goes on while something else breaks: who reads the alert knows where it may come from.
type During struct {
	Incident ID        `json:"incident"`
	Services []string  `json:"services"` // of both
	Until    time.Time `json:"until"`    // as it was planned then
}

// windowOver folds the end: whether it was called off.
func (i *Incident) windowOver(off bool) {
	if i.Window != nil {
		w := *i.Window
		w.Off, i.Window = off, &w
	}
}

// windowAgain goes on with maintenance that was over: what has come of its window meanwhile is not said any more.
func (i *Incident) windowAgain() {
	i.windowOver(false)
	if i.Window == nil || i.Window.From.IsZero() {
		return
	}
	if !i.Window.From.After(i.Time) {
		i.Spoken = append(i.Spoken, windowKey("begin", i.Window.From))
	}
	if !i.Window.Until.After(i.Time) {
		i.Spoken = append(i.Spoken, windowKey("end", i.Window.Until))
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

// NoMaintenance refuses what only scheduled maintenance has.
func NoMaintenance(i *Incident) *Refusal {
	return Refuse(WrongState, "%s is no scheduled maintenance.", i.ID).Then("Only incidents of that type have a window.")
}

// SetWindow plans the window of scheduled maintenance.
func (i *Incident) SetWindow(now time.Time, by Person, from, until time.Time) ([]Event, error) {
	if err := i.active(); err != nil {
		return nil, err
	}
	from, until = from.UTC().Truncate(time.Second), until.UTC().Truncate(time.Second)
	switch {
	case i.Window == nil:
		return nil, NoMaintenance(i)
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
