package incident

import "testing"

func TestAnOrderedItemWaitsForThoseBeforeItAndNotForItself(t *testing.T) {
	i := New(1)
	i.Apply(Stamp{}, Opened{Title: "x", Checklist: []Item{
		{ID: "c1", Text: "In order"}, {ID: "c2", Text: "First", Parent: "c1", Order: true}, {ID: "c3", Text: "Second", Parent: "c1", Order: true},
	}})
	by := Person{Key: "ana@example.com"}
	for _, c := range []struct {
		item string
		may  bool
	}{{"c3", false}, {"c1", false}, {"c2", true}, {"c3", true}, {"c1", true}} {
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
