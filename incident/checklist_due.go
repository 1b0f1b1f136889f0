package incident

import (
	"fmt"
	"strings"
	"time"
)

// DueItem is the kind of a checklist item's deadline: its person is reminded once.
const DueItem = "item"

// ItemDue says by when an item is to be done; zero takes the time off again.
type ItemDue struct {
	By   Person    `json:"by"`
	Item string    `json:"item"`
	Due  time.Time `json:"due,omitzero"`
}

// ProbeAsked asks for the address of an item's probe.
type ProbeAsked struct {
	By   Person `json:"by"`
	Item string `json:"item"`
}

// ItemProbed is what the address answered.
type ItemProbed struct {
	Item string `json:"item"`
	OK   bool   `json:"ok,omitempty"`
	Said string `json:"said"`
	For  Person `json:"for,omitzero"` // who asked; nobody: drbot by itself
}

// ItemShown: a step of a run did what an item says, which cannot be ticked yet because of those before or below it. Without How
// the step was taken back.
type ItemShown struct {
	Item string `json:"item"`
	How  string `json:"how,omitempty"`
}

func (ItemShown) EventKind() string  { return "ItemShown" }
func (ItemDue) EventKind() string    { return "ItemDue" }
func (ProbeAsked) EventKind() string { return "ProbeAsked" }
func (ItemProbed) EventKind() string { return "ItemProbed" }

// SetDue promises an item by an instant; zero takes the promise away.
func (i *Incident) SetDue(at time.Time, by Person, id string, due time.Time) ([]Event, error) {
	if err := i.active(); err != nil {
		return nil, err
	}
	it, err := i.item(id)
	switch {
	case err != nil:
		return nil, err
	case it.Closed():
		return nil, Refuse(WrongState, "%s is closed already, by %s.", it.ID, it.By.Name)
	case !due.IsZero() && !due.After(at):
		return nil, Refuse(BadInput, "%s is over.", due.UTC().Format("15:04"))
	case due.UTC().Equal(it.Due):
		return nil, nil
	}
	return []Event{ItemDue{By: by, Item: it.ID, Due: due.UTC()}}, nil
}

// itemDeadlines are the items that are due and open; each is spoken of once.
func (i *Incident) itemDeadlines(add func(due time.Time, key string, args ...any)) {
	if !i.Active() {
		return
	}
	for k := range i.Checklist {
		if it := &i.Checklist[k]; !it.Closed() && !it.Due.IsZero() && !it.Reminded.Equal(it.Due) {
			add(it.Due, "%s", ItemKey(it))
		}
	}
}

// ItemKey is the key of an item's deadline, and the object of the message that speaks of it.
func ItemKey(it *Item) string { return fmt.Sprintf("%s/%s/%d", DueItem, it.ID, it.Due.Unix()) }

// ItemOf reads the key back; false when the item has another time now.
func (i *Incident) ItemOf(key string) (*Item, bool) {
	rest, ok := strings.CutPrefix(key, DueItem+"/")
	id, _, _ := strings.Cut(rest, "/")
	if it := i.Item(id); ok && it != nil {
		return it, ItemKey(it) == key
	}
	return nil, false
}

// reminded remembers that a deadline of an item was spoken.
func (i *Incident) reminded(key string) {
	if it, ok := i.ItemOf(key); ok {
		it.Reminded = it.Due
	}
}

// Reminds is who hears that an item is due: its person, else who has communications or command.
func (i *Incident) Reminds(it *Item) []Person {
	for _, p := range []Person{it.Who, i.Roles[Communications], i.Roles[Commander]} {
		if p.Key != "" {
			return []Person{p}
		}
	}
	return nil
}
