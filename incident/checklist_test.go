package incident

import (
	"strings"
	"testing"
)

func TestAnOrderedItemWaitsForThoseBeforeItAndNotForItself(t *testing.T) {
	i := New(1)
	i.Apply(Stamp{}, Opened{Title: "x", Checklist: []Item{
		{ID: "c1", Text: "In order"}, {ID: "c2", Text: "First", Parent: "c1", Order: true}, {ID: "c3", Text: "Second", Parent: "c1", Order: true},
	}})
	by := Person{Key: "ana@example.com"}
	for _, c := range []struct {
		item string
		may  bool
	}{{"c3", false}, {"c1", false}, {"c2", true}, {"c3", true}, {"c1", false}} {
		events, err := i.CloseItem(by, c.item, "", "")
		if (err == nil) != c.may {
			t.Fatalf("%s: %v", c.item, err)
		}
		for _, e := range events {
			i.Apply(Stamp{}, e)
		}
	}
	if closed, all := i.ItemsDone(); closed != all {
		t.Errorf("%d of %d", closed, all)
	}
}

// nested is a list of which one item has an order below it, and one of its items an unordered list.
func nested() *Incident {
	i := New(42)
	i.Apply(Stamp{Seq: 1, N: 1, Time: night}, Opened{Title: "x", Severity: 1, Checklist: []Item{
		{ID: "c1", Text: "Started again in this order"},
		{ID: "c2", Text: "Database", Parent: "c1", Order: true}, {ID: "c3", Text: "Service", Parent: "c1", Order: true},
		{ID: "c4", Text: "Both nodes", Parent: "c3"},
	}})
	return i
}

func (i *Incident) all(t *testing.T, events []Event, err error) []string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, e := range events {
		i.Apply(Stamp{Seq: i.Seq + 1, N: i.N + 1, Time: night}, e)
		switch e := e.(type) {
		case ItemDone:
			kinds = append(kinds, "done "+e.Item)
		case ItemExcused:
			kinds = append(kinds, "na "+e.Item)
		case ItemReopened:
			kinds = append(kinds, "open "+e.Item)
		}
	}
	return kinds
}

// A parent is no work of its own: it closes with its last child and opens again with any of them (T11).
func TestChecklist_AParentGoesWithItsChildren(t *testing.T) {
	i, ana := nested(), Person{Key: "ana", Name: "Ana"}
	do := func(want string, events []Event, err error) {
		t.Helper()
		if got := strings.Join(i.all(t, events, err), ", "); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	close := func(id, excuse, want string) {
		t.Helper()
		events, err := i.CloseItem(ana, id, "", excuse)
		do(want, events, err)
	}
	close("c2", "", "done c2")
	close("c4", "there is one node", "na c4, done c3, done c1")
	if closed, all := i.ItemsDone(); closed != 4 || all != 4 {
		t.Errorf("%d of %d", closed, all)
	}
	if by := i.Item("c1").By; !by.Same(Bot) {
		t.Errorf("c1 was closed by %v", by)
	}
	events, err := i.ReopenItem(ana, "c4", "")
	do("open c1, open c3, open c4", events, err)
	close("c4", "", "done c4, done c3, done c1")
	events, err = i.ReopenItem(ana, "c2", "")
	do("open c1, open c2", events, err)
	close("c2", "", "done c2, done c1")
	i.Checklist = nil
	if _, err := i.CloseItem(ana, "c99", "", ""); err == nil || !strings.Contains(err.Error(), "has no checklist") {
		t.Errorf("without a list: %v", err)
	}
}

// What a step closes closes the parent too, and its undo opens both.
func TestChecklist_AStepThatClosesTheLastChildClosesTheParent(t *testing.T) {
	i := nested()
	i.Runs = []*Run{{N: 1, Steps: []Step{{ID: "p1.s1", Number: "1.1", Spec: "s"}}}}
	desk := Desk{Specs: map[string]*Spec{"s": {Closes: []string{"Database", "Both nodes", "Service"}}}}
	w := &draft{Incident: i}
	w.tick(desk, i.Runs[0], &i.Runs[0].Steps[0], Bot, "")
	if closed, all := i.ItemsDone(); closed != all {
		t.Errorf("%d of %d: %+v", closed, all, w.events)
	}
	w.tick(desk, i.Runs[0], &Step{ID: "p1.s1u", UndoOf: "p1.s1"}, Bot, "")
	if closed, _ := i.ItemsDone(); closed != 0 {
		t.Errorf("undone, and %d stay closed: %+v", closed, i.Checklist)
	}
}

// A step done by hand closes what it closes as well, in the name of whoever did it.
func TestChecklist_AStepByHandClosesItsItems(t *testing.T) {
	i := nested()
	i.Runs = []*Run{{N: 1, State: Running, Operator: ana, Steps: []Step{{ID: "p1.s1", Number: "1.1", Spec: "s", State: StepHand, Manual: true}}}}
	desk := Desk{Rights: rightsOf{"ana": {Operator}}, Specs: map[string]*Spec{"s": {Closes: []string{"Database"}}}}
	events, err := i.ByHand(desk, ana, 1, "p1.s1", "switched the load balancer", "traffic is back")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if done, ok := e.(ItemDone); ok && done.By.Same(ana) && done.How == "step 1.1 of R1, by hand" {
			return
		}
	}
	t.Errorf("nothing was closed: %+v", events)
}

// TestI42_AnOrderStandsWhereverItIsWritten: a phase's own numbered list, one of two lists below an item, and what stands below
// an item whose turn has not come.
func TestI42_AnOrderStandsWhereverItIsWritten(t *testing.T) {
	i := New(42)
	i.Apply(Stamp{Seq: 1, N: 1, Time: night}, Opened{Title: "x", Severity: 1, Checklist: []Item{
		{ID: "c1", Text: "first of all", Order: true, List: "c1"}, {ID: "c2", Text: "second of all", Order: true, List: "c1"},
		{ID: "c3", Text: "sub one", Parent: "c2", Order: true, List: "c3"}, {ID: "c4", Text: "sub two", Parent: "c2", Order: true, List: "c3"}, {ID: "c5", Text: "loose", Parent: "c2"},
		{ID: "c6", Text: "of another list", Order: true, List: "c6"},
	}})
	for _, c := range []struct{ item, refused string }{
		{"c2", "children"}, {"c3", "“first of all” comes before c2"}, {"c5", "“first of all” comes before c2"}, {"c6", ""}, {"c1", ""},
		{"c4", "“sub one” comes before c4"}, {"c5", ""}, {"c3", ""}, {"c4", ""},
	} {
		events, err := i.CloseItem(ana, c.item, "", "")
		if (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Fatalf("%s: %v, want %q", c.item, err, c.refused)
		}
		i.all(t, events, nil)
	}
	if closed, all := i.ItemsDone(); closed != all {
		t.Errorf("%d of %d", closed, all)
	}
}
