// Package state is the contract of the store: one writer of incidents, decisions inside its transaction, one record.
//
// A Change names what it is about and how to decide; Decide runs inside the transaction, sees a View, and answers with
// a Decision. Whatever it says becomes durable in one commit, or nothing does. Readers, followers' cursors and the
// keeper's work (verify, backup, redact) stand beside it. The group-commit queue is in queue.go, once; a store only
// implements the commit of a batch. The suite that every store must pass is state/statetest.
package state

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"time"

	"github.com/drbot/drbot/incident"
)

// Ref names an incident by its id, or by an index: "channel", "pagerduty", "run" or "approval" with its value.
type Ref struct {
	ID           incident.ID
	Index, Value string
}

// View is what a decision may look at. Everything in it belongs to the store: read it, copy what you keep.
type View interface {
	Now() time.Time               // UTC; never before the incident's newest record
	Incident() *incident.Incident // nil when Ref names none; empty with its id when the Change is New
	House() *incident.House
	Claim(name string) (holder incident.ID, taken bool)
	Next(kind string) uint64      // "run", "approval": spent only if it commits
	Other(Ref) *incident.Incident // another incident, read in the same transaction
}

// Decision is what a Change comes to.
type Decision struct {
	Events  []incident.Event                 // to the incident
	House   []incident.Event                 // to stream 0
	Also    map[incident.ID][]incident.Event // to other incidents; a merge moves claims along
	Claim   []string                         // unique names; one that another incident holds refuses the whole decision with a ClaimError, unless that one is in Also: then it moves
	Release []string                         // names that the incident, or one in Also, holds; others stay as they are
	Index   []Ref                            // by Index and Value; they point at the incident of the Change
	Blobs   [][]byte                         // kept by their sha256
	Answer  []byte                           // given again to the same key; at most 1 KiB
}

// Change is one command on its way to the record. New: the store gives the id, unless a Target is given too and names an
// incident. Neither New nor a Target: stream 0.
type Change struct {
	Target Ref
	New    bool
	Keys   []string      // delivery keys: any known one answers with what was answered then; kept only if something was written
	Keep   time.Duration // how long the keys are remembered; 0 is for ever
	Decide func(View) (Decision, error)
}

// Result is a committed (or repeated) change.
type Result struct {
	ID     incident.ID
	Seq    uint64 // newest record of this change; 0 when it wrote none
	Answer []byte
	Again  bool // the key was known: nothing was decided now
}

// Record is one entry of the record. Hash covers the header, Digest the payload, so a redacted payload still verifies.
type Record struct {
	Seq          uint64          `json:"seq"`
	Incident     incident.ID     `json:"incident"`
	N            uint64          `json:"n"` // within the incident
	Time         time.Time       `json:"time"`
	Kind         string          `json:"kind"`
	Digest       string          `json:"digest"` // sha256 of the payload as it was written
	Prev         string          `json:"prev"`
	PrevIncident string          `json:"prev_incident"`
	Hash         string          `json:"hash"`
	Payload      json.RawMessage `json:"payload,omitempty"` // once redacted: its shape, numbers and instants, no words
	Redacted     bool            `json:"redacted,omitempty"`
}

// Event decodes the payload.
func (r Record) Event() (incident.Event, error) { return incident.Decode(r.Kind, r.Payload) }

// Stamp is the record's place, as folds take it.
func (r Record) Stamp() incident.Stamp {
	return incident.Stamp{Seq: r.Seq, N: r.N, Time: r.Time, Blank: r.Redacted}
}

// Query picks summaries, worst first, then oldest first.
type Query struct {
	Open  bool // only triage and open
	Alive bool // only those that are not closed, or whose review still owes something
	Since time.Time
	Limit int // 0: all
}

// Digest names a blob: hex sha256.
type Digest = string

// Head is the newest record that was shown somewhere outside.
type Head struct {
	Seq  uint64 `json:"seq"`
	Hash string `json:"hash"`
}

// Cursor is how far a follower is with one incident. Trying is the record whose call may have happened without our
// knowing; Notes are the vendor's ids of what was made (messages, views), never events.
type Cursor struct {
	Through uint64            `json:"through"`
	Trying  uint64            `json:"trying,omitempty"`
	Tries   int               `json:"tries,omitempty"`
	Notes   map[string]string `json:"notes,omitempty"`
}

// Writer commits changes.
type Writer interface {
	// Do commits what Decide answers. Errors of Decide come back as they are and write nothing.
	Do(context.Context, Change) (Result, error)
}

// Reader reads folds and the record. What it returns is the caller's own copy.
type Reader interface {
	Incident(context.Context, Ref) (*incident.Incident, error) // ErrNotFound
	House(context.Context) (*incident.House, error)
	// Records yields the incident's records with Seq > after, in order; id 0 is the house stream.
	Records(ctx context.Context, id incident.ID, after uint64) iter.Seq2[Record, error]
	// All yields every record of every stream in sequence.
	All(ctx context.Context, after uint64) iter.Seq2[Record, error]
	List(context.Context, Query) ([]incident.Summary, error)
	// Figures are those of the incidents that a Query picks, by id; they are kept beside the folds and read none of them.
	Figures(context.Context, Query) ([]incident.Figures, error)
	Blob(context.Context, Digest) ([]byte, error)
	// Due lists incidents with a deadline until then, and the first instant after it.
	Due(ctx context.Context, until time.Time) (due []incident.ID, next time.Time, err error)
}

// Cursors keeps followers' places.
type Cursors interface {
	// Behind lists incidents (0: the house) with records that the follower has not passed.
	Behind(ctx context.Context, follower string) ([]incident.ID, error)
	// Woken receives after commits that may concern the follower; it never blocks the writer.
	Woken(follower string) <-chan struct{}
	Cursor(ctx context.Context, follower string, id incident.ID) (Cursor, error)
	Save(ctx context.Context, follower string, id incident.ID, c Cursor) error
}

// Keeper looks after the whole.
type Keeper interface {
	// Verify walks the record, folds it, and compares folds, hashes and the heads that were shown outside.
	Verify(context.Context, ...Head) (Head, error)
	Backup(context.Context, io.Writer) error
	Redact(ctx context.Context, seq uint64, by incident.Person, why string) error
	Close() error
}

// Store is all of it.
type Store interface {
	Writer
	Reader
	Cursors
	Keeper
}
