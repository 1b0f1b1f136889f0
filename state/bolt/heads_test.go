package bolt

import (
	"strings"
	"testing"

	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/statetest"
)

// A head as a message shows it, with the first digits of its hash, is compared by those; fewer prove nothing.
func TestI42_AHeadThatWasShownShortIsCompared(t *testing.T) {
	s, err := Open(t.TempDir(), Options{Now: statetest.NewClock(statetest.Start).Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	statetest.Open(t, s, "one")
	head, err := s.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Map(func(r rune) rune { return map[bool]rune{true: '1', false: '0'}[r == '0'] }, head.Hash)
	for _, c := range []struct {
		name string
		head state.Head
		ok   bool
	}{
		{"whole", head, true},
		{"as shown", state.Head{Seq: head.Seq, Hash: head.Hash[:8]}, true},
		{"too short", state.Head{Seq: head.Seq, Hash: head.Hash[:7]}, false},
		{"empty", state.Head{Seq: head.Seq}, false},
		{"another", state.Head{Seq: head.Seq, Hash: other[:8]}, false},
		{"longer than a hash", state.Head{Seq: head.Seq, Hash: head.Hash + "0"}, false},
		{"cut", state.Head{Seq: head.Seq + 1, Hash: head.Hash[:8]}, false},
	} {
		if _, err := s.Verify(t.Context(), c.head); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
