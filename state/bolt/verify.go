package bolt

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// Verify walks the record from its start and finds any edit, removal, insertion or reordering; with the heads that were
// shown outside also a cut of the end (I42). Then it folds every stream again and compares to the byte (I52). It works
// on one moment of the file and stops no writer; memory grows with the number of incidents only.
func (s *Store) Verify(ctx context.Context, heads ...state.Head) (state.Head, error) {
	var head state.Head
	err := s.view(ctx, func(r reader) error {
		v := verifier{ctx: ctx, reader: r, last: map[incident.ID]state.Head{}, stones: map[uint64]state.Digest{}}
		var err error
		if head, err = v.chain(heads); err != nil {
			return damaged(err)
		}
		return v.streams()
	})
	return head, err
}

// minHead is how many digits of a hash a message shows; a head that is compared has at least those.
const minHead = 8

type verifier struct {
	ctx context.Context
	reader
	last   map[incident.ID]state.Head // Seq is the stream's n here
	stones map[uint64]state.Digest    // redacted record -> digest of what was left; both must be found
	blanks []blankRecord
}

type blankRecord struct {
	seq  uint64
	left state.Digest
}

// chain walks all records in sequence.
func (v *verifier) chain(heads []state.Head) (state.Head, error) {
	var head state.Head
	shown := map[uint64][]state.Digest{}
	for _, h := range heads {
		shown[h.Seq] = append(shown[h.Seq], h.Hash)
	}
	c := v.tx.Bucket(recordBucket).Cursor()
	for k, b := c.First(); k != nil; k, b = c.Next() {
		if len(k) != 8 || number(k) != head.Seq+1 {
			return head, fmt.Errorf("record %d is missing", head.Seq+1)
		}
		if head.Seq%4096 == 0 && v.ctx.Err() != nil {
			return head, v.ctx.Err()
		}
		r, err := v.decode(number(k), b)
		if err != nil {
			return head, err
		}
		if err := v.link(head, r); err != nil {
			return head, err
		}
		head = state.Head{Seq: r.Seq, Hash: r.Hash}
		for _, hash := range shown[r.Seq] {
			if len(hash) < minHead || !strings.HasPrefix(r.Hash, hash) {
				return head, fmt.Errorf("record %d is not the one whose head was shown", r.Seq)
			}
		}
		delete(shown, r.Seq)
	}
	if stored, err := v.head(); err != nil || stored != head {
		return head, fmt.Errorf("the record ends at %d, its head row says %d", head.Seq, stored.Seq)
	}
	for seq := range shown {
		if seq > head.Seq {
			return head, fmt.Errorf("the record ends at %d, and record %d was shown: its end was cut", head.Seq, seq)
		}
	}
	return head, v.redactions()
}

// link compares a record with the one before it, and with the one before it of its incident.
func (v *verifier) link(head state.Head, r state.Record) error {
	last := v.last[r.Incident]
	switch {
	case r.Prev != head.Hash:
		return fmt.Errorf("record %d does not follow record %d", r.Seq, head.Seq)
	case r.N != last.Seq+1:
		return fmt.Errorf("record %d is number %d of its incident, and %d was expected", r.Seq, r.N, last.Seq+1)
	case r.PrevIncident != last.Hash:
		return fmt.Errorf("record %d does not follow the one before it in its incident", r.Seq)
	}
	if k, _ := v.tx.Bucket(streamBucket).Cursor().Seek(pair(uint64(r.Incident), r.Seq)); !bytes.Equal(k, pair(uint64(r.Incident), r.Seq)) {
		return fmt.Errorf("record %d is missing in its incident", r.Seq)
	}
	v.last[r.Incident] = state.Head{Seq: r.N, Hash: r.Hash}
	if r.Redacted {
		v.blanks = append(v.blanks, blankRecord{r.Seq, state.Sum(r.Payload)})
	}
	if r.Kind == (incident.Redacted{}).EventKind() && r.Incident == 0 {
		var stone state.Tombstone
		if err := json.Unmarshal(r.Payload, &stone); err != nil {
			return fmt.Errorf("record %d: %w", r.Seq, err)
		}
		v.stones[stone.Seq] = stone.Left
	}
	return nil
}

// redactions pairs blanked payloads with their tombstones: one without the other is an edit.
func (v *verifier) redactions() error {
	for _, b := range v.blanks {
		left, ok := v.stones[b.seq]
		if !ok {
			return fmt.Errorf("record %d is blank, and no record says that it was redacted", b.seq)
		}
		if left != b.left {
			return fmt.Errorf("record %d: what its redaction left was changed", b.seq)
		}
		delete(v.stones, b.seq)
	}
	for seq := range v.stones {
		return fmt.Errorf("record %d was redacted, and its words are there", seq)
	}
	return nil
}

// streams folds each incident from its start.
func (v *verifier) streams() error {
	rows := 0
	for id := range v.last {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		if err := v.stream1(id); err != nil {
			return damaged(err)
		}
		rows++
	}
	stored := 0
	err := v.tx.Bucket(tailBucket).ForEach(func(_, _ []byte) error { stored++; return nil })
	if err == nil && stored != rows {
		err = damaged(fmt.Errorf("%d incidents have folds, %d have records", stored, rows))
	}
	return err
}

func (v *verifier) stream1(id incident.ID) error {
	var n uint64
	leaf, err := state.FoldRecords(id, func(yield func(state.Record, error) bool) {
		for r, err := range v.stream(id) {
			if n++; err == nil && r.Incident != id {
				err = fmt.Errorf("record %d is listed under %s and belongs to %s", r.Seq, id, r.Incident)
			}
			if !yield(r, err) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	if n != v.last[id].Seq {
		return fmt.Errorf("%s lists %d records and has %d", id, n, v.last[id].Seq)
	}
	fold, ok := unsealed(v.get(foldBucket, u64(uint64(id))))
	if !ok {
		return fmt.Errorf("the fold of %s was changed", id)
	}
	t, err := decodeTail(v.get(tailBucket, u64(uint64(id))))
	if err != nil {
		return err
	}
	var version struct {
		V int `json:"v"`
	}
	if json.Unmarshal(fold, &version) == nil && version.V != incident.FoldVersion {
		return nil // it is folded again on its first read
	}
	if t.seq != leaf.Seq || t.hash != leaf.Tail || t.due != instant(leaf.Due) {
		return fmt.Errorf("the place of %s is not what its records give", id)
	}
	if !slices.Equal(fold, leaf.Fold) {
		return fmt.Errorf("the fold of %s is not what its records give", id)
	}
	return v.figures(id, leaf.Figures)
}
