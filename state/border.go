package state

import (
	"iter"
	"time"

	"github.com/drbot/drbot/incident"
)

// Backend is what one store brings to the queue. The queue calls it from its one goroutine only.
type Backend interface {
	// Begin opens the write transaction of one batch.
	Begin() (Tx, error)
	// Reopen is called after a commit failed and before the next one: nil once the store can be trusted again.
	Reopen() error
	// Committed is called after a commit and before anybody is answered.
	Committed(*Batch)
}

// Tx is an open write transaction. Its reads see what was committed before it; the queue itself remembers what the
// batch adds.
type Tx interface {
	Ground
	Commit(*Batch) error
	// Rollback ends a transaction that was not committed; it never panics.
	Rollback()
}

// Ground is the committed state that a batch stands on.
type Ground interface {
	Head() (Head, error)
	// Page gives an incident's fold (id 0: the house's); a Page without Fold when there is none.
	Page(id incident.ID) (Page, error)
	// Memory gives what a delivery key was answered; nil when it is unknown.
	Memory(key string) (*Memory, error)
	Number(t Table, name string) (uint64, bool, error)
	// Record gives one record by its place in the whole sequence.
	Record(seq uint64) (Record, error)
	// Stream yields the records of an incident (0: the house) from its first.
	Stream(id incident.ID) iter.Seq2[Record, error]
}

// Page is a stored fold and the place of its newest record.
type Page struct {
	Fold []byte // JSON of incident.Incident or incident.House, of this incident.FoldVersion
	Seq  uint64
	Tail Digest // hash of the newest record
}

// Memory is what is kept of an answered change.
type Memory struct {
	ID     incident.ID `json:"id"`
	Seq    uint64      `json:"seq,omitempty"`
	Answer []byte      `json:"answer,omitempty"`
	Until  time.Time   `json:"until,omitzero"` // zero: for ever
}

// Expired reports whether the memory is over at now.
func (m *Memory) Expired(now time.Time) bool { return !m.Until.IsZero() && !now.Before(m.Until) }

// Table names a set of named numbers.
type Table string

const (
	Claims   Table = "claims"   // unique name -> incident
	Indexes  Table = "indexes"  // Ref.Index/Ref.Value -> incident
	Counters Table = "counters" // kind -> last number given
)

// Leaf is the new fold of one stream with what the store indexes of it.
type Leaf struct {
	Page
	Incident *incident.Summary // nil for the house
	Figures  *incident.Figures // nil: as they were when this process last wrote the fold
	Due      time.Time         // zero: nothing is due
}

// Stored is a record with the exact bytes that its hash covers.
type Stored struct {
	Record
	Head []byte
}

// Place is a follower's cursor to be saved.
type Place struct {
	Follower string
	ID       incident.ID
	Cursor   Cursor
}

// Batch is everything that one commit writes.
type Batch struct {
	Now     time.Time
	Records []Stored
	Leaves  map[incident.ID]Leaf
	Keys    map[string]Memory
	Numbers map[Table]map[string]uint64
	Freed   map[string]bool // claims that nobody holds any more
	Blobs   map[Digest][]byte
	Places  []Place
	Blank   map[uint64][]byte // payloads that redaction left, by sequence
	Gone    []Digest          // blobs that only a redacted record named
}

// Empty reports whether a commit would write nothing.
func (b *Batch) Empty() bool {
	return len(b.Records)+len(b.Keys)+len(b.Numbers)+len(b.Freed)+len(b.Blobs)+len(b.Places)+len(b.Blank) == 0
}
