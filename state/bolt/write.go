package bolt

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"time"

	bbolt "go.etcd.io/bbolt"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// forgotten is how many expired keys one commit removes: enough to keep up, too few to be felt.
const forgotten = 100

// writing is the write transaction that the queue sees. Every call is guarded: a damaged page fails it and nothing else.
type writing struct {
	store *Store
	tx    *bbolt.Tx
	began time.Time
}

func (w writing) guard(f func(reader) error) error {
	return safely(func() error { return f(reader{w.tx}) })
}

func (w writing) Head() (head state.Head, err error) {
	err = w.guard(func(r reader) (err error) { head, err = r.head(); return err })
	return head, err
}

func (w writing) Page(id incident.ID) (page state.Page, err error) {
	err = w.guard(func(r reader) (err error) { page, err = r.page(id); return err })
	return page, err
}

func (w writing) Record(seq uint64) (rec state.Record, err error) {
	err = w.guard(func(r reader) (err error) { rec, err = r.record(seq); return err })
	return rec, err
}

func (w writing) Memory(key string) (m *state.Memory, err error) {
	err = w.guard(func(r reader) error {
		b := r.get(keyBucket, []byte(key))
		if b == nil {
			return nil
		}
		m = &state.Memory{}
		if err := json.Unmarshal(b, m); err != nil {
			return damaged(err)
		}
		return nil
	})
	return m, err
}

func (w writing) Number(t state.Table, name string) (n uint64, ok bool, err error) {
	err = w.guard(func(r reader) error {
		b := r.get(tables[t], []byte(name))
		n, ok = number(b), b != nil
		return nil
	})
	return n, ok, err
}

func (w writing) Stream(id incident.ID) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		stopped := false
		err := w.guard(func(r reader) error {
			for rec, err := range r.stream(id) {
				if err != nil {
					return err
				}
				if !yield(rec, nil) {
					stopped = true
					return nil
				}
			}
			return nil
		})
		if err != nil && !stopped {
			yield(state.Record{}, err)
		}
	}
}

func (w writing) Rollback() { _ = safely(w.tx.Rollback) }

// Commit writes a batch and makes it durable: two fsyncs by bbolt, of the pages and of the meta page.
func (w writing) Commit(b *state.Batch) error {
	err := safely(func() error {
		for _, step := range []func(*state.Batch) error{w.records, w.blank, w.leaves, w.keys, w.numbers, w.blobs, w.places} {
			if err := step(b); err != nil {
				return err
			}
		}
		return w.tx.Commit()
	})
	if err != nil {
		return w.store.notWritable(fmt.Errorf("commit: %w", err))
	}
	if w.store.committed != nil {
		w.store.committed(time.Since(w.began))
	}
	return nil
}

func (w writing) put(bucket, key, value []byte) error { return w.tx.Bucket(bucket).Put(key, value) }

func (w writing) records(b *state.Batch) error {
	if len(b.Records) == 0 {
		return nil
	}
	records := w.tx.Bucket(recordBucket)
	records.FillPercent = 0.95 // they only ever grow at the end
	for _, r := range b.Records {
		row, apart, err := encodeRecord(r)
		if err != nil {
			return err
		}
		if err := records.Put(u64(r.Seq), row); err != nil {
			return err
		}
		if apart != nil {
			if err := w.put(payloadBucket, u64(r.Seq), apart); err != nil {
				return err
			}
		}
		if err := w.put(streamBucket, pair(uint64(r.Incident), r.Seq), nil); err != nil {
			return err
		}
	}
	last := b.Records[len(b.Records)-1]
	head, err := encodeHead(state.Head{Seq: last.Seq, Hash: last.Hash})
	if err != nil {
		return err
	}
	return w.put(metaBucket, headKey, head)
}

// leaves writes the touched folds with what is indexed of them, and marks them for every follower.
func (w writing) leaves(b *state.Batch) error {
	for id, leaf := range b.Leaves {
		key := u64(uint64(id))
		old, err := decodeTail(w.tx.Bucket(tailBucket).Get(key))
		if err != nil {
			return damaged(err)
		}
		now := tail{seq: leaf.Seq, due: instant(leaf.Due), hash: leaf.Tail}
		row, err := now.encode()
		if err != nil {
			return err
		}
		if err := w.put(tailBucket, key, row); err != nil {
			return err
		}
		if err := w.put(foldBucket, key, sealed(leaf.Fold)); err != nil {
			return err
		}
		if err := w.due(id, old.due, now.due); err != nil {
			return err
		}
		if err := w.summary(key, leaf.Incident); err != nil {
			return err
		}
		if err := w.figures(key, leaf.Figures); err != nil {
			return err
		}
		if err := w.pending(id, old.seq, now.seq); err != nil {
			return err
		}
	}
	return nil
}

// pending marks an incident for every follower. A redaction changes a fold and adds no record to it.
func (w writing) pending(id incident.ID, old, now uint64) error {
	if old == now {
		return nil
	}
	for _, follower := range w.store.followers {
		if err := w.mark(pendingBucket, placeKey(follower, id)); err != nil {
			return err
		}
	}
	return nil
}

func (w writing) due(id incident.ID, old, now uint64) error {
	if old == now {
		return nil
	}
	if old != 0 {
		if err := w.tx.Bucket(dueBucket).Delete(pair(old, uint64(id))); err != nil {
			return err
		}
	}
	if now == 0 {
		return nil
	}
	return w.put(dueBucket, pair(now, uint64(id)), nil)
}

func (w writing) summary(key []byte, s *incident.Summary) error {
	if s == nil {
		return nil
	}
	line, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if !slices.Equal(w.tx.Bucket(summaryBucket).Get(key), line) {
		if err := w.put(summaryBucket, key, line); err != nil {
			return err
		}
	}
	if err := w.marked(aliveBucket, key, s.Alive()); err != nil {
		return err
	}
	return w.marked(openBucket, key, s.State == incident.StateOpen || s.State == incident.StateTriage)
}

// marked puts a mark or takes it away.
func (w writing) marked(bucket, key []byte, on bool) error {
	if on {
		return w.mark(bucket, key)
	}
	return w.tx.Bucket(bucket).Delete(key)
}

// mark puts a row that says only that it is there; a page that has it already is not written again.
func (w writing) mark(bucket, key []byte) error {
	b := w.tx.Bucket(bucket)
	if b.Get(key) != nil {
		return nil
	}
	return b.Put(key, []byte{1})
}

// keys remembers answers and removes a few whose time is over.
func (w writing) keys(b *state.Batch) error {
	keys, expiry := w.tx.Bucket(keyBucket), w.tx.Bucket(expiryBucket)
	for key, m := range b.Keys {
		row, err := json.Marshal(m)
		if err != nil {
			return err
		}
		if err := keys.Put([]byte(key), row); err != nil {
			return err
		}
		if m.Until.IsZero() {
			continue
		}
		if err := expiry.Put(append(u64(instant(m.Until)), key...), nil); err != nil {
			return err
		}
	}
	var over [][]byte
	c := expiry.Cursor()
	for k, _ := c.First(); k != nil && len(over) < forgotten && number(k) <= instant(b.Now); k, _ = c.Next() {
		over = append(over, slices.Clone(k))
	}
	for _, k := range over {
		if err := expiry.Delete(k); err != nil {
			return err
		}
		// A key that was given again after its time has a later row.
		var m state.Memory
		if row := keys.Get(k[8:]); row != nil && json.Unmarshal(row, &m) == nil && instant(m.Until) != number(k) {
			continue
		}
		if err := keys.Delete(k[8:]); err != nil {
			return err
		}
	}
	return nil
}

func (w writing) numbers(b *state.Batch) error {
	for name := range b.Freed {
		if err := w.tx.Bucket(claimBucket).Delete([]byte(name)); err != nil {
			return err
		}
	}
	for table, rows := range b.Numbers {
		for name, n := range rows {
			if err := w.put(tables[table], []byte(name), u64(n)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w writing) blobs(b *state.Batch) error {
	blobs := w.tx.Bucket(blobBucket)
	for digest, blob := range b.Blobs {
		if blobs.Get([]byte(digest)) != nil {
			continue
		}
		if err := blobs.Put([]byte(digest), blob); err != nil {
			return err
		}
	}
	for _, digest := range b.Gone {
		if err := blobs.Delete([]byte(digest)); err != nil {
			return err
		}
	}
	return nil
}

// places saves cursors. A follower that passed the newest record of an incident is not behind with it any more.
func (w writing) places(b *state.Batch) error {
	for _, p := range b.Places {
		row, err := json.Marshal(p.Cursor)
		if err != nil {
			return err
		}
		key := placeKey(p.Follower, p.ID)
		if err := w.put(cursorBucket, key, row); err != nil {
			return err
		}
		t, err := decodeTail(w.tx.Bucket(tailBucket).Get(u64(uint64(p.ID))))
		if err != nil {
			return damaged(err)
		}
		if p.Cursor.Through < t.seq {
			err = w.mark(pendingBucket, key)
		} else {
			err = w.tx.Bucket(pendingBucket).Delete(key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// blank writes what redaction left of payloads, and forgets the answers of the same incident that may quote them.
func (w writing) blank(b *state.Batch) error {
	for seq, left := range b.Blank {
		records := w.tx.Bucket(recordBucket)
		old, err := splitRow(records.Get(u64(seq)))
		if err != nil {
			return damaged(err)
		}
		rec, err := state.ParseHeader(old.header)
		if err != nil {
			return damaged(err)
		}
		row, err := blanked(records.Get(u64(seq)), left)
		if err != nil {
			return damaged(err)
		}
		if err := records.Put(u64(seq), row); err != nil {
			return err
		}
		if err := w.tx.Bucket(payloadBucket).Delete(u64(seq)); err != nil {
			return err
		}
		if err := w.forget(rec.Incident, seq); err != nil {
			return err
		}
	}
	return nil
}

func (w writing) forget(id incident.ID, seq uint64) error {
	keys := w.tx.Bucket(keyBucket)
	again := map[string][]byte{}
	err := keys.ForEach(func(k, v []byte) error {
		var m state.Memory
		if err := json.Unmarshal(v, &m); err != nil {
			return damaged(err)
		}
		if m.ID != id || m.Seq < seq || m.Answer == nil {
			return nil
		}
		m.Answer = []byte(state.Blanked)
		row, err := json.Marshal(m)
		again[string(k)] = row
		return err
	})
	if err != nil {
		return err
	}
	for k, row := range again {
		if err := keys.Put([]byte(k), row); err != nil {
			return err
		}
	}
	return nil
}
