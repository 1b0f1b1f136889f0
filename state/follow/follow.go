// Package follow carries out what was decided.
//
// A Follower delivers the records of each incident, in order, to one vendor. The loop (loop.go) finds who is behind,
// runs one worker per follower and incident (worker.go), saves the place after each delivery, waits out an outage and
// parks what can never succeed. The clock loop (clock.go) sends Tick to incidents whose deadline came and notices a
// clock that was set back. Both turn outcomes that decisions need into commands through Outcomes.
package follow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// Follower delivers records somewhere.
type Follower interface {
	// Name is unique and stays: cursors hang on it.
	Name() string
	// Wants picks kinds of events; others advance without a call.
	Wants(kind string) bool
	// Deliver sends a batch. An Unavailable is tried again later; any other error parks the record at fault. What was
	// done before an error is said in Done all the same.
	Deliver(context.Context, Batch) (Done, error)
}

// Once is a Follower with records whose delivery must not happen twice (a post, not a redraw). Such a record is
// delivered alone, and the cursor says so beforehand.
type Once interface {
	Follower
	Once(state.Record) bool
}

// Paced is a Follower that shows an incident as it is now, at a cost: a file on the record's own disk. One delivery
// covers what came meanwhile (Done.Through), and the next one of the same incident begins no sooner than Pace later.
type Paced interface {
	Follower
	Pace() time.Duration
}

// Prompt is a Follower with kinds of records that people stand and wait for: they are looked for at once, even while
// commands pour in.
type Prompt interface {
	Follower
	Prompt(kind string) bool
}

// Batch is what one call delivers: wanted records of one incident (0: the house) in their order, all after what was
// delivered before.
type Batch struct {
	Incident incident.ID
	Records  []state.Record
	// Notes are what earlier deliveries left for this follower and incident: the vendor's ids of what was made.
	Notes map[string]string
	// Unsure: an earlier call for this record may have happened without our knowing. Search before sending (I49).
	Unsure bool
	// Again: a person asked for a parked delivery again; later records may have been delivered already.
	Again bool
}

// Done says how far a delivery came.
type Done struct {
	// Through is the sequence of the last record that is done with; it may be after the batch, where the follower showed
	// more. Zero is all of them when there is no error, and none when there is one.
	Through uint64
	// Notes are merged into the follower's notes for the incident; an empty value removes one.
	Notes map[string]string
}

// Unavailable says that the vendor is down, slow or limiting: the same delivery is tried again later.
type Unavailable struct {
	RetryAfter time.Duration // as the vendor said; zero: drbot's own backoff
	Err        error
	// NotSent: the call certainly did not reach its effect (rate limit, connection refused), so that the next try need
	// not search.
	NotSent bool
}

func (u Unavailable) Error() string { return fmt.Sprintf("unavailable: %v", u.Err) }

// Unwrap gives the cause.
func (u Unavailable) Unwrap() error { return u.Err }

// unavailable finds an Unavailable; a call that ran out of its time is one.
func unavailable(err error) (Unavailable, bool) {
	var u Unavailable
	var p *Unavailable
	switch {
	case errors.As(err, &u):
		return u, true
	case errors.As(err, &p):
		return *p, true
	case errors.Is(err, context.DeadlineExceeded):
		return Unavailable{Err: err}, true
	}
	return u, false
}

// Parking is a delivery that can never succeed.
type Parking struct {
	Follower string
	Incident incident.ID
	Seq      uint64
	Why      string
	// Key is the same when the same failure is told again after a crash, and another one after each requeue.
	Key string
}

// Outcomes turns what the loops find into commands. An error is tried again later.
type Outcomes interface {
	Tick(context.Context, incident.ID) error
	Park(context.Context, Parking) error
	// ClockStepped: the wall clock went back by that much against the monotonic one (I54).
	ClockStepped(ctx context.Context, back time.Duration) error
}

// Store is what the loops need of one.
type Store interface {
	state.Reader
	state.Cursors
}

// Health is how one follower stands, for /readyz.
type Health struct {
	Follower string    `json:"follower"`
	Behind   int       `json:"behind"`             // incidents with records that it has not passed
	Waiting  int       `json:"waiting"`            // of these, those that wait for their next try
	Error    string    `json:"error,omitempty"`    // the last one, until nothing waits any more
	Since    time.Time `json:"since,omitzero"`     // of the first error since then
	RetryAt  time.Time `json:"retry_at,omitzero"`  // the next try
	Parked   int       `json:"parked,omitempty"`   // given up since the start of the process
	LastDone time.Time `json:"last_done,omitzero"` // the last call that succeeded
}
