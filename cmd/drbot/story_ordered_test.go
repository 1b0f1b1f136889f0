package main

import "testing"

// TestI42_WhatAPersonTypesAtTheChecklistStands: a numbered phase is an order, words beside a tick are kept, to look at an item is
// not to tick it, and a note stands at no other instant than was meant. Named in another channel the list is shown.
func TestI42_WhatAPersonTypesAtTheChecklistStands(t *testing.T) {
	t.Parallel()
	b := proving()
	b.tail += "\n### Ordered\n\n1. [ ] first of all\n2. [ ] second of all\n    1. [ ] sub one\n    2. [ ] sub two\n\n    - [ ] loose\n"
	w := settle(t, b)
	w.extra = "hours: {timezone: Asia/Tokyo}\n"
	w.configure()
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	first, second, one, two, loose := w.item(1, "first of all"), w.item(1, "second of all"), w.item(1, "sub one"), w.item(1, "sub two"), w.item(1, "loose")
	if !first.InOrder || !second.InOrder || !one.InOrder || !two.InOrder || loose.InOrder {
		t.Errorf("%+v %+v %+v %+v %+v", first, second, one, two, loose)
	}
	w.answers(w.ana, room, "/incident checklist "+loose.ID+" done", "These go in order", "first of all")
	w.answers(w.ana, room, "/incident checklist "+first.ID, first.ID+" first of all")
	w.answers(w.ana, room, "/incident checklist "+first.ID+" done we looked twice", "is done: we looked twice")
	w.answers(w.ana, room, "/incident checklist "+two.ID+" done", "These go in order", "sub one")
	w.answers(w.ana, room, "/incident checklist "+loose.ID+" @Bea due 20 min", "with Bea Ode, due ")
	w.answers(w.ana, room, "/incident checklist "+loose.ID+" nobody", "is open, due ")
	w.answers(w.ana, room, "/incident checklist "+first.ID+" reopen it was wrong", "is open")
	w.answers(w.ana, room, "/incident timeline", "(we looked twice)", "opened "+first.ID, "again: it was wrong", "nobody's")
	w.answers(w.ana, "incidents", "/incident checklist INC-1", "first of all", "The cables are dry")
	w.answers(w.ana, room, "/incident note 09:20 CET ok", "“09:20 CET” is no time that drbot reads", "the note is not kept")
	w.answers(w.ana, room, "/incident note 10m ago the fan was loud", "Noted at ")
	w.audited()
}
