package bolt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	bbolt "go.etcd.io/bbolt"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

const (
	// chunk bounds what one read transaction copies out for an iterator: records (firstChunk in the first one, since most
	// readers are nearly up to date), and bytes of their payloads.
	firstChunk = 32
	chunk      = 256
	chunkBytes = 1 << 20
)

// safely runs f so that a damaged page is an error and not a panic, nor a crash of the process: pages are read through
// the memory map, where a cut file faults.
func safely(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = damaged(fmt.Errorf("read a page: %v", p))
		}
	}()
	return f()
}

// view runs f in a read transaction. What f keeps it copies.
func (s *Store) view(ctx context.Context, f func(reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.db == nil {
		return s.gone()
	}
	return safely(func() error {
		tx, err := s.db.Begin(false)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		return f(reader{tx})
	})
}

// reader reads rows of one transaction.
type reader struct{ tx *bbolt.Tx }

func (r reader) get(bucket, key []byte) []byte {
	b := r.tx.Bucket(bucket)
	if b == nil {
		panic(fmt.Sprintf("bucket %s is missing", bucket))
	}
	return b.Get(key)
}

func (r reader) head() (state.Head, error) { return decodeHead(r.get(metaBucket, headKey)) }

// record reads one record and compares it with its own hashes (I53).
func (r reader) record(seq uint64) (state.Record, error) {
	b := r.get(recordBucket, u64(seq))
	if b == nil {
		return state.Record{}, fmt.Errorf("record %d: %w", seq, state.ErrNotFound)
	}
	return r.decode(seq, b)
}

// kind reads a record's kind out of its header without decoding it: before it stand only numbers and an instant.
func (r reader) kind(seq uint64) (string, bool) {
	b := r.get(recordBucket, u64(seq))
	if len(b) < 35 {
		return "", false
	}
	_, rest, found := bytes.Cut(b[35:], kindField)
	kind, _, closed := bytes.Cut(rest, quote)
	return string(kind), found && closed
}

var (
	kindField = []byte(`"kind":"`)
	quote     = []byte(`"`)
)

func (r reader) decode(seq uint64, b []byte) (state.Record, error) {
	split, err := splitRow(b)
	if err != nil {
		return state.Record{}, damaged(fmt.Errorf("record %d: %w", seq, err))
	}
	if state.Sum(split.header) != split.hash {
		return state.Record{}, damaged(fmt.Errorf("record %d: its header was changed", seq))
	}
	rec, err := state.ParseHeader(split.header)
	if err != nil {
		return state.Record{}, damaged(err)
	}
	if rec.Seq != seq {
		return state.Record{}, damaged(fmt.Errorf("record %d stands where %d belongs", rec.Seq, seq))
	}
	payload := split.payload
	if split.flags&flagApart != 0 {
		payload = r.get(payloadBucket, u64(seq))
	}
	rec.Hash, rec.Payload, rec.Redacted = split.hash, slices.Clone(payload), split.flags&flagRedacted != 0
	if !rec.Redacted && state.Sum(rec.Payload) != rec.Digest {
		return state.Record{}, damaged(fmt.Errorf("record %d: its payload was changed", seq))
	}
	return rec, nil
}

// page reads a fold. One of another version, or whose checksum is wrong, is made again from its records.
func (r reader) page(id incident.ID) (state.Page, error) {
	t, err := decodeTail(r.get(tailBucket, u64(uint64(id))))
	if err != nil {
		return state.Page{}, damaged(err)
	}
	if t.seq == 0 {
		return state.Page{}, nil
	}
	fold, ok := unsealed(r.get(foldBucket, u64(uint64(id))))
	if ok && foldVersion(fold) == incident.FoldVersion {
		return state.Page{Fold: slices.Clone(fold), Seq: t.seq, Tail: t.hash}, nil
	}
	leaf, err := state.FoldRecords(id, r.stream(id))
	return leaf.Page, err
}

// foldVersion reads the version of a fold, which stands first in it: whoever reads the fold reads the rest.
func foldVersion(fold []byte) int {
	rest, found := bytes.CutPrefix(fold, []byte(`{"v":`))
	digits, _, closed := bytes.Cut(rest, []byte(","))
	v, err := strconv.Atoi(string(digits))
	if !found || !closed || err != nil {
		return 0
	}
	return v
}

// stream yields the records of one incident inside the transaction.
func (r reader) stream(id incident.ID) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		c := r.tx.Bucket(streamBucket).Cursor()
		for k, _ := c.Seek(pair(uint64(id), 0)); len(k) == 16 && number(k) == uint64(id); k, _ = c.Next() {
			if rec, err := r.record(number(k[8:])); !yield(rec, err) || err != nil {
				return
			}
		}
	}
}

func (r reader) resolve(ref state.Ref) incident.ID {
	if ref.ID != 0 || ref.Index == "" {
		return ref.ID
	}
	return incident.ID(number(r.get(indexBucket, []byte(state.IndexName(ref)))))
}

// Incident reads a fold; ErrNotFound when the Ref names none.
func (s *Store) Incident(ctx context.Context, ref state.Ref) (*incident.Incident, error) {
	var page state.Page
	err := s.view(ctx, func(r reader) error {
		id := r.resolve(ref)
		if id == 0 {
			return state.ErrNotFound
		}
		var err error
		page, err = r.page(id)
		return err
	})
	if err != nil {
		return nil, err
	}
	if page.Fold == nil {
		return nil, state.ErrNotFound
	}
	var i incident.Incident
	if err := json.Unmarshal(page.Fold, &i); err != nil {
		return nil, damaged(err)
	}
	return &i, nil
}

// House reads the fold of stream 0.
func (s *Store) House(ctx context.Context) (*incident.House, error) {
	var page state.Page
	err := s.view(ctx, func(r reader) (err error) { page, err = r.page(0); return err })
	if err != nil {
		return nil, err
	}
	h := incident.NewHouse()
	if page.Fold == nil {
		return h, nil
	}
	if err := json.Unmarshal(page.Fold, h); err != nil {
		return nil, damaged(err)
	}
	return h, nil
}

// Records yields an incident's records after a sequence. No transaction is open while the caller works on one.
func (s *Store) Records(ctx context.Context, id incident.ID, after uint64) iter.Seq2[state.Record, error] {
	return s.Picked(ctx, id, after, func(string) bool { return true })
}

// Picked yields them too, but of those whose kind is not wanted it reads Seq, Incident and Kind alone: followers pass by
// most records.
func (s *Store) Picked(ctx context.Context, id incident.ID, after uint64, wants func(kind string) bool) iter.Seq2[state.Record, error] {
	return s.chunks(ctx, after, func(r reader, after uint64, take func(state.Record) bool) error {
		c := r.tx.Bucket(streamBucket).Cursor()
		for k, _ := c.Seek(pair(uint64(id), after+1)); len(k) == 16 && number(k) == uint64(id); k, _ = c.Next() {
			seq := number(k[8:])
			if kind, ok := r.kind(seq); ok && !wants(kind) {
				if !take(state.Record{Seq: seq, Incident: id, Kind: kind}) {
					break
				}
				continue
			}
			rec, err := r.record(seq)
			if err != nil {
				return err
			}
			if !take(rec) {
				break
			}
		}
		return nil
	})
}

// All yields every record of every stream in sequence.
func (s *Store) All(ctx context.Context, after uint64) iter.Seq2[state.Record, error] {
	return s.chunks(ctx, after, func(r reader, after uint64, take func(state.Record) bool) error {
		c := r.tx.Bucket(recordBucket).Cursor()
		for k, v := c.Seek(u64(after + 1)); k != nil; k, v = c.Next() {
			rec, err := r.decode(number(k), v)
			if err != nil {
				return err
			}
			if !take(rec) {
				break
			}
		}
		return nil
	})
}

// chunks turns a reader of a few records into an iterator over all of them.
func (s *Store) chunks(ctx context.Context, after uint64, read func(reader, uint64, func(state.Record) bool) error) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		for most := firstChunk; ; most = min(2*most, chunk) {
			var records []state.Record
			size := 0
			err := s.view(ctx, func(r reader) error {
				return read(r, after, func(rec state.Record) bool {
					records, size = append(records, rec), size+len(rec.Payload)
					return len(records) < most && size < chunkBytes
				})
			})
			for _, rec := range records {
				if !yield(rec, nil) {
					return
				}
				after = rec.Seq
			}
			if err != nil {
				yield(state.Record{}, err)
				return
			}
			if len(records) == 0 {
				return
			}
		}
	}
}

// List reads summaries, worst first, then oldest first.
func (s *Store) List(ctx context.Context, q state.Query) ([]incident.Summary, error) {
	var list []incident.Summary
	err := s.view(ctx, func(r reader) error {
		return r.picked(q, func(id incident.ID) error {
			var line incident.Summary
			if err := json.Unmarshal(r.get(summaryBucket, u64(uint64(id))), &line); err != nil {
				return damaged(fmt.Errorf("summary of incident %d: %w", id, err))
			}
			if !line.OpenedAt.Before(q.Since) && (!q.Alive || line.Alive()) {
				list = append(list, line)
			}
			return nil
		})
	})
	slices.SortFunc(list, func(a, b incident.Summary) int {
		if a.Severity != b.Severity {
			return a.Severity - b.Severity
		}
		if c := a.OpenedAt.Compare(b.OpenedAt); c != 0 {
			return c
		}
		return int(a.ID) - int(b.ID)
	})
	if q.Limit > 0 && len(list) > q.Limit {
		list = list[:q.Limit]
	}
	return list, err
}

// Blob reads bytes by their hex sha256 and compares them with it.
func (s *Store) Blob(ctx context.Context, d state.Digest) ([]byte, error) {
	var blob []byte
	err := s.view(ctx, func(r reader) error {
		b := r.get(blobBucket, []byte(d))
		if b == nil {
			return fmt.Errorf("blob %s: %w", d, state.ErrNotFound)
		}
		blob = slices.Clone(b)
		return nil
	})
	if err == nil && state.Sum(blob) != d {
		return nil, damaged(errors.New("blob " + d + " was changed"))
	}
	return blob, err
}

// Due lists incidents with a deadline until then, and the first instant after it; zero when there is none.
func (s *Store) Due(ctx context.Context, until time.Time) (due []incident.ID, next time.Time, err error) {
	err = s.view(ctx, func(r reader) error {
		c := r.tx.Bucket(dueBucket).Cursor()
		for k, _ := c.First(); len(k) == 16; k, _ = c.Next() {
			if at := number(k); at > instant(until) {
				next = time.Unix(0, int64(at)).UTC()
				return nil
			}
			due = append(due, incident.ID(number(k[8:])))
		}
		return nil
	})
	return due, next, err
}

// Newest reads the last record of all; ErrNotFound when there is none yet.
func (s *Store) Newest(ctx context.Context) (rec state.Record, err error) {
	err = s.view(ctx, func(r reader) error {
		head, err := r.head()
		if err != nil {
			return damaged(err)
		}
		rec, err = r.record(head.Seq)
		return err
	})
	return rec, err
}
