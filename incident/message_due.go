package incident

import (
	"fmt"
	"time"
)

// DueLook is the kind of the deadlines of messages that wait for a second look: who may decide is reminded once.
const DueLook = "look"

// leastWait is how long a message waits at least before its second look is reminded of.
const leastWait = 5 * time.Minute

// lookDeadlines are the messages that wait for a second look for a quarter of the cadence; what does not hold any more can
// only go back, and calls nobody.
func (i *Incident) lookDeadlines(add func(due time.Time, key string, args ...any)) {
	for k := range i.Outgoing {
		wait := max(leastWait, i.UpdateEvery/4)
		if o := &i.Outgoing[k]; o.State == LookWaits && i.holds(o) && !i.saidLate(o) && (wait < time.Hour || !i.heldAsEnd(o)) {
			add(o.At.Add(wait), "%s", lookKey(o.Draft))
		}
	}
}

// lookKey ends with a slash, so that the first message's is no beginning of the tenth's.
func lookKey(draft int) string { return fmt.Sprintf("%s/%d/", DueLook, draft) }

// holds reports whether a message still fits: an update to an incident that goes on, a resolution to one that is over. An edit
// of an update always does, and one whose words were redacted never.
func (i *Incident) holds(o *Outgoing) bool {
	return !o.Blank && (o.Version > 1 && o.Number > 0 || i.Active() == (o.Number > 0))
}
