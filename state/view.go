package state

import (
	"time"

	"github.com/drbot/drbot/incident"
)

// view is what one decision sees: the committed state and what the changes before it in the batch did. Its folds are
// the writer's own. A decision that wants to try events on one clones it first.
type view struct {
	building *building
	fold     *fold // what the change is about; nil when its Ref names none
	house    *fold
	fresh    bool // the incident does not exist yet
	now      time.Time
	next     map[string]uint64
	err      error // the first read that did not work; the decision then counts for nothing
}

// decide lets the change decide. Its panic is its own: the others of the batch go on, and the folds it looked at are
// read again, in case it changed them.
func (v *view) decide(decide func(View) (Decision, error)) (d Decision, err error) {
	defer func() {
		if p := recover(); p != nil {
			d, err = Decision{}, caught("decide", p)
			v.building.queue.folds.clear()
		}
		if err == nil {
			err = v.err
		}
	}()
	return decide(v)
}

// id is the incident of the change; 0 for the house and for none.
func (v *view) id() incident.ID {
	if v.fold == nil {
		return 0
	}
	return v.fold.id
}

func (v *view) Now() time.Time { return v.now }

func (v *view) Incident() *incident.Incident {
	if v.fold == nil {
		return nil
	}
	return v.fold.inc
}

func (v *view) House() *incident.House { return v.house.house }

func (v *view) Claim(name string) (incident.ID, bool) {
	holder, taken, err := v.building.number(Claims, name)
	v.fail(err)
	return incident.ID(holder), taken
}

func (v *view) Next(kind string) uint64 {
	if err := named("counter", kind); err != nil {
		v.fail(err)
		return 0
	}
	last, ok := v.next[kind]
	if !ok {
		var err error
		last, _, err = v.building.number(Counters, kind)
		v.fail(err)
	}
	v.next[kind] = last + 1
	return last + 1
}

func (v *view) Other(r Ref) *incident.Incident {
	f, err := v.building.resolve(r)
	v.fail(err)
	if f == nil {
		return nil
	}
	return f.inc
}

func (v *view) fail(err error) {
	if v.err == nil {
		v.err = err
	}
}
