package incident

import (
	"fmt"
	"strings"
	"time"
)

// HeadEvery is how often the record's newest record is shown outside of the store (I42): a cut of the record's end older
// than that is found.
const HeadEvery = 24 * time.Hour

// NextDeadline is when the house has to show the record's head; false while nothing was recorded. It takes no clock: an
// overdue one is next until it was spoken.
func (h *House) NextDeadline() (Deadline, bool) {
	if h.HeadDue.IsZero() {
		return Deadline{}, false
	}
	return Deadline{Key: fmt.Sprintf("%s/%d", DueHead, h.HeadDue.Unix()), Due: h.HeadDue}, true
}

// Tick speaks the house's deadline once it has come; after a downtime of days that is one sentence (I50).
func (h *House) Tick(at time.Time) []Event {
	d, ok := h.NextDeadline()
	if !ok || d.Due.After(at) {
		return nil
	}
	return []Event{spokenEvent(d, at)}
}

// promised keeps the head's deadline: a day after the first record, after it was spoken, and after a head was shown for
// another reason.
func (h *House) promised(at Stamp, e Event) {
	spoke := false
	switch e := e.(type) {
	case DeadlineSpoken:
		spoke = strings.HasPrefix(e.Key, DueHead+"/")
	case HeadPosted:
		spoke = true
	}
	if spoke || h.HeadDue.IsZero() {
		h.HeadDue = at.Time.Add(HeadEvery)
	}
}
