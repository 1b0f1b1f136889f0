package people

import (
	"strings"
	"testing"
	"time"
)

// TestDutyIsKeptOverAStart with its age; what cannot be trusted is not taken, and what was said since stands.
func TestDutyIsKeptOverAStart(t *testing.T) {
	at := time.Date(2026, 11, 24, 2, 58, 0, 0, time.UTC)
	said := &Duty{}
	said.Set(at, map[string][]OnCall{"P1": {{Level: 2, User: "U2", Name: "Chen"}, {Level: 1, User: "U1", Name: "Bea"}}, "P2": nil}, []Place{{ID: "S", Name: "Shop", Policy: "P1"}})
	kept, err := said.Kept()
	if err != nil {
		t.Fatal(err)
	}
	d := &Duty{}
	if err := d.Restore(kept, at.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	list, then, known := d.On("P1")
	if !known || !then.Equal(at) || len(list) != 2 || list[0].User != "U1" || d.Places()[0].Policy != "P1" {
		t.Errorf("%v %v %v", list, then, d.Places())
	}
	if list, _, known = d.On("P2"); !known || len(list) != 0 {
		t.Error("a policy with nobody on call is not known as that any more")
	}
	later := &Duty{}
	later.Set(at.Add(time.Minute), map[string][]OnCall{}, nil)
	if err := later.Restore(kept, at.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, _, known := later.On("P1"); known {
		t.Error("it took the place of what was said since")
	}
	for name, c := range map[string]struct {
		kept string
		now  time.Time
	}{
		"half of it": {string(kept[:len(kept)/2]), at}, "empty": {"", at}, "another format": {strings.Replace(string(kept), `"format":1`, `"format":2`, 1), at},
		"of the future": {string(kept), at.Add(-time.Minute)}, "too old": {string(kept), at.Add(25 * time.Hour)}, "of no time": {`{"format":1}`, at},
	} {
		d := &Duty{}
		if err := d.Restore([]byte(c.kept), c.now); err == nil {
			t.Errorf("%s is taken", name)
		}
		if _, _, known := d.On("P1"); known {
			t.Errorf("%s is known", name)
		}
	}
}
