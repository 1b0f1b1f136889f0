package incident

import (
	"strconv"
	"strings"
	"time"
)

// Item is one line of the checklist. Its id is c1, c2 … in the runbook's order, children counted too.
type Item struct {
	ID     string    `json:"id"`
	Phase  string    `json:"phase"`
	Text   string    `json:"text"`
	Parent string    `json:"parent,omitempty"`
	Order  bool      `json:"order,omitempty"` // done only after those before it in its list
	List   string    `json:"list,omitempty"`  // first item of its numbered list; empty in earlier records
	State  string    `json:"state,omitempty"` // "" | done | na
	By     Person    `json:"by"`
	At     time.Time `json:"at,omitzero"`
	How    string    `json:"how,omitempty"`    // what proved it, what who ticked it said, or why it does not apply
	Anyway string    `json:"anyway,omitempty"` // why a person ticked it before the record showed it
	Who    Person    `json:"who"`              // assignee
	Due    time.Time `json:"due,omitzero"`
	// Reminded is the due time that was spoken of.
	Reminded time.Time `json:"reminded,omitzero"`
	Bind     *Bind     `json:"bind,omitempty"`   // what proves it; nil: a person's word
	Proof    string    `json:"proof,omitempty"`  // of a step: what proved it last
	Again    uint64    `json:"again,omitempty"`  // record that opened it again last
	Asked    time.Time `json:"asked,omitzero"`   // its probe was asked then, and has not answered
	Probed   string    `json:"probed,omitempty"` // what its probe said last
	ProbedAt time.Time `json:"probed_at,omitzero"`
	Passed   bool      `json:"passed,omitempty"` // its probe, then
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

// TickedAnyway are the items that a person ticked though the record does not show them.
func (i *Incident) TickedAnyway() []*Item {
	var list []*Item
	for k := range i.Checklist {
		if it := &i.Checklist[k]; it.Closed() && it.Anyway != "" {
			list = append(list, it)
		}
	}
	return list
}

// maxNamed is how many open items are named before the others are a number.
const maxNamed = 10

// OpenItems names the first open items in the runbook's order, with what a probe said of them last, and counts the others.
func (i *Incident) OpenItems() (names []string, more int) {
	for k := range i.Checklist {
		it := &i.Checklist[k]
		switch {
		case it.Closed():
		case len(names) == maxNamed:
			more++
		default:
			names = append(names, it.ID+" "+shortly(it.Text, 80)+it.probed())
		}
	}
	return names, more
}

// probed is what the item's probe said last, when that was no.
func (it *Item) probed() string {
	if it.ProbedAt.IsZero() || it.Passed {
		return ""
	}
	return " (" + shortly(it.Probed, 120) + ", " + clock(it.ProbedAt) + ")"
}

// StillOpen names what a resolution would leave undone, the items of the checklist one by one.
func (i *Incident) StillOpen() []string {
	open := i.LeftOpen()
	names, more := i.OpenItems()
	if len(names) == 0 {
		return open
	}
	if more > 0 {
		names = append(names, "and "+strconv.Itoa(more)+" more")
	}
	open[0] += " (" + strings.Join(names, ", ") + ")"
	return open
}

func (i *Incident) item(id string) (*Item, error) {
	it := i.Item(id)
	if it == nil && len(i.Checklist) == 0 {
		return nil, Refuse(NotFound, "%s has no checklist: its runbook has none.", i.ID)
	}
	if it == nil {
		return nil, Refuse(NotFound, "The checklist has no item %q.", id).Then("The items run from c1 to c%d.", len(i.Checklist))
	}
	return it, nil
}

// CanClose says why an item cannot be ticked yet: an open child, or one before it in its numbered list or in one above it.
func (i *Incident) CanClose(it *Item) error {
	for k := range i.Checklist {
		if other := &i.Checklist[k]; other.Parent == it.ID && !other.Closed() {
			return Refuse(WrongState, "%s closes with its children; %s “%s” is open.", it.ID, other.ID, other.Text)
		}
	}
	for ; it != nil; it = i.Item(it.Parent) {
		if before := i.before(it); before != nil {
			return Refuse(WrongState, "These go in order: %s “%s” comes before %s.", before.ID, before.Text, it.ID)
		}
	}
	return nil
}

// before is the first open item that stands in front of one in its numbered list.
func (i *Incident) before(it *Item) *Item {
	for k := range i.Checklist {
		other := &i.Checklist[k]
		if !it.Order || other.ID == it.ID {
			return nil
		}
		if other.Order && other.Parent == it.Parent && other.List == it.List && !other.Closed() {
			return other
		}
	}
	return nil
}

// CloseItem ticks an item, or excuses it when a reason is given. What stands above it closes with its last child.
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
		return append([]Event{ItemExcused{By: by, Item: it.ID, Reason: excuse}}, i.above(it)...), nil
	}
	return append([]Event{ItemDone{By: by, Item: it.ID, How: how}}, i.above(it)...), nil
}

// above closes the items above one that closes now, as far as it is the last that was open below them.
func (i *Incident) above(it *Item) []Event {
	var events []Event
	for parent := i.Item(it.Parent); it.Parent != "" && parent != nil && !parent.Closed(); it, parent = parent, i.Item(parent.Parent) {
		for k := range i.Checklist {
			if other := &i.Checklist[k]; other.Parent == parent.ID && other.ID != it.ID && !other.Closed() {
				return events
			}
		}
		events = append(events, ItemDone{By: Bot, Item: parent.ID, How: "with its items"})
	}
	return events
}

// reopening opens an item again, and before it whatever stands closed above it.
func (i *Incident) reopening(by Person, it *Item, why string) []Event {
	events := []Event{ItemReopened{By: by, Item: it.ID, Why: why}}
	for parent := i.Item(it.Parent); it.Parent != "" && parent != nil; it, parent = parent, i.Item(parent.Parent) {
		if parent.Closed() {
			events = append([]Event{ItemReopened{By: by, Item: parent.ID}}, events...)
		}
	}
	return events
}

// ReopenItem takes a tick back; why may be empty.
func (i *Incident) ReopenItem(by Person, id, why string) ([]Event, error) {
	it, err := i.item(id)
	if err != nil {
		return nil, err
	}
	if !it.Closed() {
		return nil, Refuse(WrongState, "%s is open.", it.ID)
	}
	return i.reopening(by, it, why), nil
}

// AssignItem gives an item to a person, or back: with nobody it is nobody's.
func (i *Incident) AssignItem(by Person, id string, who Person) ([]Event, error) {
	it, err := i.item(id)
	switch {
	case err != nil:
		return nil, err
	case it.Closed():
		return nil, Refuse(WrongState, "%s is closed already, by %s.", it.ID, it.By.Name).Then("Open it again first: checklist %s reopen", it.ID)
	case it.Who.Same(who), it.Who.Key == "" && who.Key == "":
		return nil, nil
	}
	return []Event{ItemAssigned{By: by, Item: it.ID, Who: who}}, nil
}
