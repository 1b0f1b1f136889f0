package incident

import (
	"strings"
	"time"
)

// Item is one line of the checklist. Its id is c1, c2 … in the runbook's order, children counted too.
type Item struct {
	ID     string    `json:"id"`
	Phase  string    `json:"phase"`
	Text   string    `json:"text"`
	Parent string    `json:"parent,omitempty"`
	Order  bool      `json:"order,omitempty"` // done only after the sibling before it
	State  string    `json:"state,omitempty"` // "" | done | na
	By     Person    `json:"by"`
	At     time.Time `json:"at,omitzero"`
	How    string    `json:"how,omitempty"` // what proved it, or why it does not apply
	Who    Person    `json:"who"`           // assignee
}

// Closed reports whether nothing is left to do for the item.
func (it *Item) Closed() bool { return it.State != "" }

// Item finds an item by id.
func (i *Incident) Item(id string) *Item {
	for k := range i.Checklist {
		if strings.EqualFold(i.Checklist[k].ID, id) {
			return &i.Checklist[k]
		}
	}
	return nil
}

// ItemsDone counts closed items and all of them.
func (i *Incident) ItemsDone() (closed, all int) {
	for k := range i.Checklist {
		if i.Checklist[k].Closed() {
			closed++
		}
	}
	return closed, len(i.Checklist)
}

func (i *Incident) item(id string) (*Item, error) {
	it := i.Item(id)
	if it == nil {
		return nil, Refuse(NotFound, "The checklist has no item %q.", id).Then("The items run from c1 to c%d.", len(i.Checklist))
	}
	return it, nil
}

// CanClose says why an item cannot be ticked yet: an ordered sibling before it, or an open child.
func (i *Incident) CanClose(it *Item) error {
	for k := range i.Checklist {
		other := &i.Checklist[k]
		if other.Parent == it.ID && !other.Closed() {
			return Refuse(WrongState, "%s closes with its children; %s “%s” is open.", it.ID, other.ID, other.Text)
		}
		if it.Order && other.Parent == it.Parent && other.Order && before(i.Checklist, other.ID, it.ID) && !other.Closed() {
			return Refuse(WrongState, "These go in order: %s “%s” comes before %s.", other.ID, other.Text, it.ID)
		}
	}
	return nil
}

// before reports whether a stands in front of b; nothing stands in front of itself.
func before(items []Item, a, b string) bool {
	for k := range items {
		switch items[k].ID {
		case b:
			return false
		case a:
			return true
		}
	}
	return false
}

// CloseItem ticks an item, or excuses it when a reason is given. A parent whose last child closes stays for a person.
func (i *Incident) CloseItem(by Person, id, how, excuse string) ([]Event, error) {
	it, err := i.item(id)
	if err != nil {
		return nil, err
	}
	if it.Closed() {
		return nil, Refuse(WrongState, "%s is closed already, by %s.", it.ID, it.By.Name)
	}
	if err := i.CanClose(it); err != nil {
		return nil, err
	}
	if excuse != "" {
		return []Event{ItemExcused{By: by, Item: it.ID, Reason: excuse}}, nil
	}
	return []Event{ItemDone{By: by, Item: it.ID, How: how}}, nil
}

// ReopenItem takes a tick back.
func (i *Incident) ReopenItem(by Person, id string) ([]Event, error) {
	it, err := i.item(id)
	if err != nil {
		return nil, err
	}
	if !it.Closed() {
		return nil, Refuse(WrongState, "%s is open.", it.ID)
	}
	if parent := i.Item(it.Parent); it.Parent != "" && parent != nil && parent.Closed() {
		return []Event{ItemReopened{By: by, Item: parent.ID}, ItemReopened{By: by, Item: it.ID}}, nil
	}
	return []Event{ItemReopened{By: by, Item: it.ID}}, nil
}

// AssignItem gives an item to a person.
func (i *Incident) AssignItem(by Person, id string, who Person) ([]Event, error) {
	it, err := i.item(id)
	if err != nil {
		return nil, err
	}
	return []Event{ItemAssigned{By: by, Item: it.ID, Who: who}}, nil
}
