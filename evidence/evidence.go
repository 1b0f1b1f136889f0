// Package evidence packs all that was recorded about one incident so that somebody else can check it without drbot.
//
// Export writes one archive: the incident's records and the chain that links them, every command that ran with its exact
// bytes, values, people and output, every request for approval however it ended, the runbook and lock that were used, and
// a page that says how an auditor checks it all with coreutils and a shell. Secrets stand in it by their names alone.
// Nothing is taken from a fold: what the archive says follows from the records that it holds. The same records and files
// give the same bytes.
package evidence

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// Reader is what an export needs of the store.
type Reader interface {
	Records(ctx context.Context, id incident.ID, after uint64) iter.Seq2[state.Record, error]
	Blob(context.Context, state.Digest) ([]byte, error)
}

// Runs is the directory of attempts inside a data directory, Pages that of incidents' files, Kept that of files of messages
// on the timeline, each named by its sha256.
const (
	Runs  = "runs"
	Pages = "incidents"
	Kept  = "files"
)

//go:embed verify.md
var verify []byte

// kept are the kinds of the house's records whose payload concerns every incident: what could run, who might decide, and
// when nothing might start. Of the others only the header is packed; it says nothing and keeps the chain whole.
var kept = []string{
	incident.ConfigLoaded{}.EventKind(), incident.PeopleChanged{}.EventKind(), incident.RunbookLoaded{}.EventKind(), incident.LockAccepted{}.EventKind(),
	incident.Frozen{}.EventKind(), incident.Thawed{}.EventKind(), incident.ClockStepped{}.EventKind(), incident.AttemptFound{}.EventKind(),
	incident.HeadPosted{}.EventKind(),
}

// file is what was kept of one case: its records and those of the house, as they were when the export began.
type file struct {
	id            incident.ID
	record, house []state.Record
	events        []incident.Event // of record, one each
	fold          *incident.Incident
	zone          *time.Location // of the people; nil: UTC alone
}

// Source is what evidence is made from. Data is the data directory, for what steps printed and for the draft of the review;
// where it is empty, or something in it is gone, the archive says so. Zone is the people's, beside UTC in the sentences.
type Source struct {
	Store Reader
	Data  string
	Zone  *time.Location
}

// Export writes the evidence of one incident to w, as a gzipped tar. An incident that
// does not exist is state.ErrNotFound.
func Export(ctx context.Context, from Source, id incident.ID, w io.Writer) error {
	f, err := read(ctx, from.Store, id)
	if err != nil {
		return fmt.Errorf("read %s: %w", id, err)
	}
	a := newArchive(w, id.String()+"-evidence", f.record[len(f.record)-1].Time)
	f.zone = from.Zone
	if err := f.pack(ctx, a, from.Store, from.Data); err != nil {
		return fmt.Errorf("pack the evidence of %s: %w", id, err)
	}
	return a.close(f.heads())
}

func read(ctx context.Context, store Reader, id incident.ID) (*file, error) {
	f := &file{id: id, fold: incident.New(id)}
	for r, err := range store.Records(ctx, id, 0) {
		if err != nil {
			return nil, err
		}
		e, err := r.Event()
		if err != nil {
			return nil, err
		}
		f.record, f.events = append(f.record, r), append(f.events, e)
		f.fold.Apply(r.Stamp(), e)
	}
	if len(f.record) == 0 || id == 0 {
		return nil, state.ErrNotFound
	}
	for r, err := range store.Records(ctx, 0, 0) {
		if err != nil {
			return nil, err
		}
		f.house = append(f.house, r)
	}
	return f, nil
}

func (f *file) pack(ctx context.Context, a *archive, store Reader, data string) error {
	if err := a.add("VERIFY.md", verify); err != nil {
		return err
	}
	if err := a.chain("record", f.record, func(state.Record) bool { return true }); err != nil {
		return err
	}
	if err := a.chain("house", f.house, f.concerns); err != nil {
		return err
	}
	c := newCase(f, store)
	if err := c.collect(ctx); err != nil {
		return err
	}
	if err := c.pack(ctx, a, data); err != nil {
		return err
	}
	if err := c.packKept(ctx, a, data); err != nil {
		return err
	}
	if err := a.add("timeline.md", f.timeline()); err != nil {
		return err
	}
	if data == "" {
		return nil
	}
	for from, to := range map[string]string{f.id.String() + "-review.md": "review.md"} {
		page, err := os.ReadFile(filepath.Join(data, Pages, from))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := a.add(to, page); err != nil {
			return err
		}
	}
	return nil
}

// concerns reports whether a record of the house has its payload in this case's archive; of redactions those of payloads
// that are in it.
func (f *file) concerns(r state.Record) bool {
	if r.Kind != (incident.Redacted{}).EventKind() {
		return slices.Contains(kept, r.Kind)
	}
	var stone incident.Redacted
	if json.Unmarshal(r.Payload, &stone) != nil {
		return false
	}
	of := func(own state.Record) bool { return own.Seq == stone.Seq }
	return slices.ContainsFunc(f.record, of) || slices.ContainsFunc(f.house, func(own state.Record) bool { return of(own) && slices.Contains(kept, own.Kind) })
}

// heads are the ends of the two chains, as the manifest names them.
func (f *file) heads() []string {
	var lines []string
	for _, chain := range []struct {
		name    string
		records []state.Record
	}{{"record", f.record}, {"house", f.house}} {
		if n := len(chain.records); n > 0 {
			last := chain.records[n-1]
			lines = append(lines, fmt.Sprintf("# %s ends with record %d, hash %s", chain.name, last.Seq, last.Hash))
		}
	}
	return lines
}
