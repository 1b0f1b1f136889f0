package follow_test

import (
	"context"
	"sync"
	"testing"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
	"github.com/drbot/drbot/state/follow"
	"github.com/drbot/drbot/state/statetest"
)

// prompt is a follower whose notes cannot wait.
type prompt struct{ *vendor }

func (prompt) Prompt(kind string) bool { return kind == "Noted" }

// listed counts looks.
type listed struct {
	*bolt.Store
	mu    sync.Mutex
	looks int
}

func (l *listed) Behind(ctx context.Context, follower string) ([]incident.ID, error) {
	l.mu.Lock()
	l.looks++
	l.mu.Unlock()
	return l.Store.Behind(ctx, follower)
}

// TestAPromptFollowerLooksAtOnce: where its looks are used up, a record that people wait for has one of its own, and
// what came while a worker was at the incident too.
func TestAPromptFollowerLooksAtOnce(t *testing.T) {
	v := newVendor("runner", "Noted")
	v.once = true
	s, err := bolt.Open(t.TempDir(), bolt.Options{Followers: follow.Names(v)})
	if err != nil {
		t.Fatal(err)
	}
	seen := &listed{Store: s}
	loop := follow.NewLoop(seen, newCommands(s), follow.Options{}, prompt{v})
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { loop.Run(ctx) })
	defer func() {
		cancel()
		done.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	id := statetest.Open(t, s, "db is down")
	const notes = 60
	for range notes {
		statetest.Note(t, s, id, "hello")
		v.next(t).ok()
	}
	seen.mu.Lock()
	defer seen.mu.Unlock()
	if seen.looks < notes/2 {
		t.Errorf("%d looks for %d notes, one after another", seen.looks, notes)
	}
}

var _ state.Reader = (*listed)(nil)
