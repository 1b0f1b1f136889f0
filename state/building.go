package state

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"
	"unicode/utf8"

	"github.com/drbot/drbot/incident"
)

const (
	// maxAnswer is how much of an answer is remembered for a repeated key.
	maxAnswer = 1 << 10
	// maxName bounds delivery keys, claims and index values, in bytes.
	maxName = 2 << 10
	// incidents is the counter that new incidents take their id from.
	incidents = "incident"
	// probes counts the commits that only tried whether the store can write again.
	probes = "probe"
)

// building is a batch while its changes decide, one after the other; each sees what the ones before it did.
type building struct {
	queue *Queue
	tx    Ground
	head  Head
	batch Batch
}

func newBuilding(q *Queue, tx Ground) (*building, error) {
	head, err := tx.Head()
	if err != nil {
		return nil, err
	}
	b := &building{queue: q, tx: tx, head: head}
	b.batch = Batch{
		Now: q.clock(), Leaves: map[incident.ID]Leaf{}, Keys: map[string]Memory{}, Numbers: map[Table]map[string]uint64{},
		Freed: map[string]bool{}, Blobs: map[Digest][]byte{},
	}
	return b, nil
}

// clock is the wall clock as the record writes it.
func (q *Queue) clock() time.Time { return q.now().UTC().Round(0) }

func (b *building) do(j *job) {
	switch {
	case j.change != nil:
		j.result, j.err = b.change(*j.change)
	case j.place != nil:
		b.batch.Places = append(b.batch.Places, *j.place)
	case j.redact != nil:
		j.err = b.redact(*j.redact)
	default: // a probe writes something, since reading alone does not show that there is space again
		last, _, err := b.number(Counters, probes)
		if b.set(Counters, probes, last+1); err != nil {
			j.err = err
		}
	}
}

// change answers one change: from memory if a key of it is known, else by deciding now.
func (b *building) change(c Change) (Result, error) {
	for _, key := range c.Keys {
		if err := named("delivery key", key); err != nil {
			return Result{}, err
		}
		m, err := b.memory(key)
		if err != nil {
			return Result{}, err
		}
		if m != nil {
			return Result{ID: m.ID, Seq: m.Seq, Answer: m.Answer, Again: true}, nil
		}
	}
	v, err := b.look(c)
	if err != nil {
		return Result{}, err
	}
	d, err := v.decide(c.Decide)
	if err != nil {
		return Result{}, err
	}
	return b.take(c, v, d)
}

func (b *building) memory(key string) (*Memory, error) {
	if m, ok := b.batch.Keys[key]; ok {
		return &m, nil
	}
	m, err := b.tx.Memory(key)
	if err != nil || m == nil || m.Expired(b.batch.Now) {
		return nil, err
	}
	return m, nil
}

// look resolves what a change is about. A change that is New and has a Target takes the incident that the target
// names, or a new one when it names none.
func (b *building) look(c Change) (*view, error) {
	v := &view{building: b, now: b.queue.clock(), next: map[string]uint64{}}
	var err error
	if v.house, err = b.fold(0); err != nil {
		return nil, err
	}
	if c.Target != (Ref{}) {
		if v.fold, err = b.resolve(c.Target); err != nil {
			return nil, err
		}
	}
	switch {
	case v.fold != nil:
	case c.New:
		last, _, err := b.number(Counters, incidents)
		if err != nil {
			return nil, err
		}
		v.fold, v.fresh = newFold(incident.ID(last+1)), true
	case c.Target == (Ref{}):
		v.fold = v.house
	}
	if v.fold != nil && v.now.Before(v.fold.place().Time) {
		v.now = v.fold.place().Time
	}
	return v, nil
}

// resolve gives the fold that a Ref names; nil when it names none.
func (b *building) resolve(r Ref) (*fold, error) {
	id := r.ID
	if id == 0 && r.Index != "" {
		n, _, err := b.number(Indexes, IndexName(r))
		if err != nil {
			return nil, err
		}
		id = incident.ID(n)
	}
	if id == 0 {
		return nil, nil
	}
	return b.fold(id)
}

// IndexName is the name under which Indexes keeps a Ref.
func IndexName(r Ref) string { return r.Index + "/" + r.Value }

// number reads a named number as the batch left it.
func (b *building) number(t Table, name string) (uint64, bool, error) {
	if n, ok := b.batch.Numbers[t][name]; ok {
		return n, true, nil
	}
	if t == Claims && b.batch.Freed[name] {
		return 0, false, nil
	}
	return b.tx.Number(t, name)
}

func (b *building) set(t Table, name string, n uint64) {
	if b.batch.Numbers[t] == nil {
		b.batch.Numbers[t] = map[string]uint64{}
	}
	b.batch.Numbers[t][name] = n
	if t == Claims {
		delete(b.batch.Freed, name)
	}
}

// fold gives a stream as the batch left it; nil when there is no such incident. A fold that was dropped after a panic
// is read from the last commit and gets the batch's own records again.
func (b *building) fold(id incident.ID) (*fold, error) {
	if f := b.queue.folds.get(id); f != nil {
		return f, nil
	}
	page, err := b.tx.Page(id)
	if err != nil {
		return nil, err
	}
	f := newFold(id)
	if page.Fold != nil {
		if f, err = readFold(id, page); err != nil {
			return nil, &Trouble{Kind: ErrDamaged, Why: err}
		}
	}
	for _, r := range b.batch.Records {
		if r.Incident != id {
			continue
		}
		e, err := r.Event()
		if err != nil {
			return nil, err
		}
		f.apply(r.Stamp(), e)
		f.tail = r.Hash
	}
	if id != 0 && f.place().N == 0 {
		return nil, nil
	}
	f.promise()
	b.queue.folds.put(f)
	return f, nil
}

// take writes a decision into the batch, or refuses all of it: what can be refused is looked at before anything is
// written.
func (b *building) take(c Change, v *view, d Decision) (Result, error) {
	claims, err := b.claims(v, d)
	if err != nil {
		return Result{}, err
	}
	entries, err := b.entries(v, d)
	if err != nil {
		return Result{}, err
	}
	records, err := b.apply(entries, v.now)
	if err != nil {
		return Result{}, err
	}
	b.batch.Records = append(b.batch.Records, records...)
	result := Result{ID: v.id(), Answer: d.Answer}
	if n := len(records); n > 0 {
		b.head = Head{Seq: records[n-1].Seq, Hash: records[n-1].Hash}
		result.Seq = b.head.Seq
	}
	if v.fresh {
		if len(d.Events) == 0 {
			result.ID = 0
		} else {
			b.set(Counters, incidents, uint64(v.fold.id))
		}
	}
	b.keep(c, v, d, claims, result)
	return result, nil
}

// keep writes everything of a decision but its records.
func (b *building) keep(c Change, v *view, d Decision, claims map[string]bool, result Result) {
	for name, taken := range claims {
		if taken {
			b.set(Claims, name, uint64(v.id()))
			continue
		}
		delete(b.batch.Numbers[Claims], name)
		b.batch.Freed[name] = true
	}
	for _, r := range d.Index {
		b.set(Indexes, IndexName(r), uint64(v.id()))
	}
	for kind, n := range v.next {
		b.set(Counters, kind, n)
	}
	for _, blob := range d.Blobs {
		b.batch.Blobs[Sum(blob)] = blob
	}
	wrote := result.Seq > 0 || len(claims)+len(d.Index)+len(d.Blobs)+len(v.next) > 0
	if !wrote {
		return
	}
	m := Memory{ID: result.ID, Seq: result.Seq, Answer: cut(d.Answer, maxAnswer)}
	if c.Keep > 0 {
		m.Until = b.batch.Now.Add(c.Keep)
	}
	for _, key := range c.Keys {
		b.batch.Keys[key] = m
	}
}

// cut shortens a text to at most n bytes without cutting a character.
func cut(text []byte, n int) []byte {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// claims works out what becomes of the names of a decision: true is held by its incident, false is free. A name that
// an incident of Also holds moves; releasing a name that somebody else holds changes nothing.
func (b *building) claims(v *view, d Decision) (map[string]bool, error) {
	if len(d.Claim)+len(d.Index) > 0 && (v.fold == nil || v.fresh && len(d.Events) == 0) {
		return nil, errors.New("a claim or an index needs an incident that exists")
	}
	ours := func(holder uint64) bool {
		_, also := d.Also[incident.ID(holder)]
		return also || v.fold != nil && holder == uint64(v.fold.id)
	}
	for _, r := range d.Index {
		if err := named("index", IndexName(r)); err != nil {
			return nil, err
		}
	}
	result := map[string]bool{}
	for _, name := range d.Release {
		holder, taken, err := b.number(Claims, name)
		if err != nil {
			return nil, err
		}
		if taken && ours(holder) {
			result[name] = false
		}
	}
	for _, name := range d.Claim {
		if err := named("claim", name); err != nil {
			return nil, err
		}
		holder, taken, err := b.number(Claims, name)
		if err != nil {
			return nil, err
		}
		if taken && !ours(holder) {
			return nil, &ClaimError{Name: name, Holder: incident.ID(holder)}
		}
		result[name] = true
	}
	return result, nil
}

// named refuses what cannot be a key of a store, before it would fail the commit of everybody.
func named(what, name string) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("a %s has 1 to %d bytes; this one has %d", what, maxName, len(name))
	}
	return nil
}

// finish encodes each touched fold once.
func (b *building) finish() error {
	for _, r := range b.batch.Records {
		if _, done := b.batch.Leaves[r.Incident]; done {
			continue
		}
		f, err := b.fold(r.Incident)
		if err != nil {
			return err
		}
		leaf, err := f.leaf()
		if err != nil {
			return fmt.Errorf("encode the fold of %s: %w", f.id, err)
		}
		b.batch.Leaves[f.id] = leaf
	}
	return nil
}

// caught makes a panic of a decision or a fold an error of that change alone.
func caught(what string, p any) error {
	return fmt.Errorf("%s: panic: %v\n%s", what, p, debug.Stack())
}
