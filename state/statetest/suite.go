// Package statetest is the suite that every store must pass.
//
// Run takes a function that opens one store, in one place, as often as it is asked: that is how restarts are tested.
// Each part is named for what it proves and ends with an audit: the record verifies, and folding it from its start
// gives every fold again, byte for byte. The pushed clock and the small incidents of the tests are here too.
package statetest

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// Options are what a store is opened with.
type Options struct {
	Followers []string
	Now       func() time.Time
}

// OpenFunc opens the same store again each time it is called. The one before it was closed.
type OpenFunc func(Options) (state.Store, error)

// Start is when the clock of a test begins.
var Start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// TB is what the tests need of a testing.T or a rapid.T.
type TB interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
	Cleanup(func())
	Context() context.Context
}

// Bench is one test's store and clock.
type Bench struct {
	state.Store
	T     TB
	Clock *Clock
	open  OpenFunc
	names []string
	heads []state.Head
}

// Run proves a store. fresh gives the OpenFunc of a new, empty place.
func Run(t *testing.T, fresh func(t *testing.T) OpenFunc) {
	for _, part := range parts {
		t.Run(part.name, func(t *testing.T) {
			t.Parallel()
			b := NewBench(t, fresh(t), "say", "paper")
			part.prove(t, b)
			b.Audit()
		})
	}
	t.Run("Model", func(t *testing.T) { model(t, fresh) })
}

// NewBench opens a store with followers; it is closed with the test.
func NewBench(t TB, open OpenFunc, followers ...string) *Bench {
	b := &Bench{T: t, Clock: NewClock(Start), open: open, names: followers}
	b.start()
	t.Cleanup(func() { _ = b.Store.Close() })
	return b
}

func (b *Bench) start() {
	b.T.Helper()
	s, err := b.open(Options{Followers: b.names, Now: b.Clock.Now})
	if err != nil {
		b.T.Fatalf("open: %v", err)
	}
	b.Store = s
}

// Reopen is a restart, with these followers.
func (b *Bench) Reopen(followers ...string) {
	b.T.Helper()
	if err := b.Close(); err != nil {
		b.T.Fatalf("close: %v", err)
	}
	b.names = followers
	b.start()
}

// Must commits a change.
func (b *Bench) Must(c state.Change) state.Result {
	b.T.Helper()
	r, err := b.Do(context.Background(), c)
	if err != nil {
		b.T.Fatalf("do: %v", err)
	}
	return r
}

// Get reads an incident that must be there.
func (b *Bench) Get(ref state.Ref) *incident.Incident {
	b.T.Helper()
	i, err := b.Incident(context.Background(), ref)
	if err != nil {
		b.T.Fatalf("read %+v: %v", ref, err)
	}
	return i
}

// Audit ends a test: the record verifies with every head seen so far, before and after a restart, and folding it from
// its start gives what is stored, byte for byte (I52).
func (b *Bench) Audit() {
	b.T.Helper()
	b.audit()
	b.Reopen(b.names...)
	b.audit()
}

func (b *Bench) audit() {
	b.T.Helper()
	ctx := context.Background()
	head, err := b.Verify(ctx, b.heads...)
	if err != nil {
		b.T.Fatalf("verify: %v", err)
	}
	b.heads = append(b.heads, head)
	b.same(0)
	list, err := b.List(ctx, state.Query{})
	if err != nil {
		b.T.Fatalf("list: %v", err)
	}
	for _, line := range list {
		b.same(line.ID)
	}
	b.figured()
	var prev state.Record
	for r, err := range b.All(ctx, 0) {
		if err != nil {
			b.T.Fatalf("read the record: %v", err)
		}
		if r.Seq != prev.Seq+1 || r.Prev != prev.Hash {
			b.T.Fatalf("record %d does not follow %d", r.Seq, prev.Seq)
		}
		if err := r.Check(); err != nil {
			b.T.Fatal(err)
		}
		prev = r
	}
	if prev.Seq != head.Seq || prev.Hash != head.Hash {
		b.T.Fatalf("the record ends at %d, the head is %d", prev.Seq, head.Seq)
	}
}

// same compares a stored fold with its records.
func (b *Bench) same(id incident.ID) {
	b.T.Helper()
	ctx := context.Background()
	leaf, err := state.FoldRecords(id, b.Records(ctx, id, 0))
	if err != nil {
		b.T.Fatalf("fold %s: %v", id, err)
	}
	var got any
	if got, err = b.House(ctx); id != 0 {
		got, err = b.Incident(ctx, state.Ref{ID: id})
	}
	if err != nil {
		b.T.Fatalf("read %s: %v", id, err)
	}
	stored, err := json.Marshal(got)
	if err != nil {
		b.T.Fatal(err)
	}
	if !bytes.Equal(stored, leaf.Fold) {
		b.T.Fatalf("%s: stored\n%s\nbut its records give\n%s", id, stored, leaf.Fold)
	}
}

// part is one thing that a store must do.
type part struct {
	name  string
	prove func(*testing.T, *Bench)
}

var parts = []part{
	{"I46_AcknowledgedSurvivesARestart", survives},
	{"I47_KnownKeyAnswersAndDoesNothing", knownKey},
	{"I47_SameDeliveryAtOnceIsOneEffect", sameAtOnce},
	{"I47_KeysAreForgottenInTime", keysExpire},
	{"ErrorsAndPanicsWriteNothing", nothingWritten},
	{"DecisionsSeeTheOnesBeforeThemInTheBatch", sameBatch},
	{"CancelledBeforeItsTurnIsNotDone", cancelled},
	{"RefsNameIncidents", refs},
	{"NumbersAreSpentByCommits", numbers},
	{"I22_ClaimsAreHeldByOneIncident", claims},
	{"ClaimsMoveWithAMerge", claimsMove},
	{"HouseIsOneStream", house},
	{"I54_TimeNeverDecreasesWithinAnIncident", timeNeverDecreases},
	{"ListsAreWorstFirst", lists},
	{"FiguresFollowTheFolds", figures},
	{"DueIsDerived", due},
	{"BlobsAreKeptByTheirDigest", blobs},
	{"LongPayloadsAndManyRecords", long},
	{"FollowersStartAtTheHeadAndCatchUp", followers},
	{"CursorsClearOnlyWhatWasPassed", cursors},
	{"I42_RedactionKeepsTheChain", redaction},
	{"I42_HeadsFindACutOrAnotherRecord", heads},
	{"ManyCallersAtOnce", many},
	{"ClosedRefuses", closed},
}
