package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/drbot/drbot/incident"
)

// Blanked stands where words were before a redaction.
const Blanked = "[redacted]"

type redaction struct {
	seq uint64
	by  incident.Person
	why string
}

// Tombstone is the payload of a Redacted record: it also digests what was left of the payload, so that nobody can
// change that later without being found.
type Tombstone struct {
	incident.Redacted
	Left Digest `json:"left"`
}

// structure lists the fields whose strings a fold, an index or a card needs to stay what they are: numbers and names
// of things that the runbook and drbot gave. Every other string is somebody's words and is blanked.
var structure = map[string]bool{
	"key": true, "slack": true, "proof": true, "item": true, "id": true, "step": true, "number": true, "status": true, "state": true,
	"role": true, "kind": true, "risk": true, "for": true, "as": true, "outcome": true, "attempt": true, "digest": true,
	"revision": true, "lock": true, "lock_digest": true, "script": true, "spec": true, "entry": true, "entries": true, "interpreter": true,
	"target": true, "channel": true, "ts": true, "follower": true, "type": true, "procedure": true, "undo": true, "undo_of": true,
	"on_failure": true, "from": true, "hash": true, "host": true, "task": true, "action": true, "to": true,
}

// hows are what drbot itself says of how something came or ended; people's words stand in the same field elsewhere.
var hows = map[string]bool{
	"opened": true, "attached": true, "merged": true, incident.AlertPaged: true, incident.EndDone: true, incident.EndCancelled: true, incident.EndDiscarded: true,
	incident.OfferTaken: true, incident.OfferDeclined: true, incident.OfferReplaced: true,
}

// values lists the maps whose keys somebody chose: a parameter may be called "key" and hold a password.
var values = map[string]bool{"values": true, "identity": true, "facts": true, "produced": true, "params": true}

// Left gives what remains of a payload: its shape, numbers, instants and the names that structure needs; no words. It
// still decodes as the same kind, so an incident whose opening was redacted stays open.
func Left(payload []byte) ([]byte, error) {
	var v any
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber() // a duration in nanoseconds does not fit a float
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(blank("", v, nil))
}

// Words are the strings of a payload that Left takes away, in no order.
func Words(payload []byte) (words []string, err error) {
	var v any
	if err := json.Unmarshal(payload, &v); err != nil {
		return nil, err
	}
	blank("", v, func(word string) { words = append(words, word) })
	return words, nil
}

// blank takes the words out of a value, and gives each of them to took where there is one.
func blank(field string, v any, took func(string)) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			of := k
			if values[field] {
				of = field
			}
			v[k] = blank(of, v[k], took)
		}
	case []any:
		for k := range v {
			v[k] = blank(field, v[k], took)
		}
	case string:
		if _, err := time.Parse(time.RFC3339Nano, v); err != nil && v != "" && !structure[field] && (field != "how" || !hows[v]) {
			if took != nil {
				took(v)
			}
			return Blanked
		}
	}
	return v
}

// redact leaves of a record what holds the fold together, folds its stream again and appends the tombstone. It commits
// alone. The old page of the file is free then and is overwritten in time; copies made earlier still have the words.
func (b *building) redact(r redaction) error {
	target, err := b.find(r.seq)
	if err != nil {
		return err
	}
	if target.Redacted {
		return nil
	}
	left, err := Left(target.Payload)
	if err != nil {
		return err
	}
	event := incident.Redacted{Seq: r.seq, Incident: target.Incident, By: r.by, Why: r.why}
	stone, err := json.Marshal(Tombstone{Redacted: event, Left: Sum(left)})
	if err != nil {
		return err
	}
	leaf, err := FoldRecords(target.Incident, b.without(target.Incident, r.seq, left))
	if err != nil {
		return err
	}
	again, err := readFold(target.Incident, leaf.Page)
	if err != nil {
		return err
	}
	again.promise()
	b.queue.folds.put(again)
	gone, err := b.orphan(target)
	if err != nil {
		return err
	}
	house, err := b.fold(0)
	if err != nil {
		return err
	}
	records, err := b.apply([]entry{{to: house, event: event, payload: stone}}, b.queue.clock())
	if err != nil {
		return err
	}
	b.batch.Leaves[target.Incident] = leaf
	delete(b.batch.Leaves, 0) // finish encodes the house with its tombstone
	b.batch.Records = append(b.batch.Records, records...)
	b.batch.Blank = map[uint64][]byte{r.seq: left}
	b.batch.Gone = gone
	return nil
}

// orphan is the blob of a saved text that no other record names, since its words go with their record.
func (b *building) orphan(r Record) ([]Digest, error) {
	saved, err := savedBlob(r)
	if err != nil || saved == "" {
		return nil, err
	}
	for seq := uint64(1); seq <= b.head.Seq; seq++ {
		if seq == r.Seq {
			continue
		}
		other, err := b.tx.Record(seq)
		if err != nil {
			return nil, err
		}
		if blob, err := savedBlob(other); err != nil || blob == saved {
			return nil, err
		}
	}
	return []Digest{saved}, nil
}

// savedBlob is the blob of a review's text; "" where the record is none, or has its words in itself.
func savedBlob(r Record) (Digest, error) {
	if r.Kind != (incident.ReviewSaved{}).EventKind() || r.Redacted {
		return "", nil
	}
	e, err := r.Event()
	if err != nil {
		return "", err
	}
	return e.(incident.ReviewSaved).Blob, nil
}

// find looks a record up by its place in the whole sequence.
func (b *building) find(seq uint64) (Record, error) {
	if seq == 0 || seq > b.head.Seq {
		return Record{}, fmt.Errorf("record %d: %w", seq, ErrNotFound)
	}
	r, err := b.tx.Record(seq)
	if err != nil {
		return Record{}, err
	}
	if r.Kind == (incident.Redacted{}).EventKind() {
		return Record{}, errors.New("a tombstone cannot be redacted")
	}
	return r, nil
}

// without yields a stream with what is left of one of its payloads.
func (b *building) without(id incident.ID, seq uint64, left []byte) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for r, err := range b.tx.Stream(id) {
			if err == nil && r.Seq == seq {
				r.Payload, r.Redacted = left, true
			}
			if !yield(r, err) {
				return
			}
		}
	}
}
