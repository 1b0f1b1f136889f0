package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/drbot/drbot/bot"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
)

// What the benchmarks stand on: a record as it is after some years.
const (
	benchIncidents = 10_000
	benchOpen      = 50 // the last ones; each has its channel, its card and its promises
	benchEvents    = 1_000_000
	benchEach      = benchEvents / benchIncidents
	// benchLayout changes with what is written below, so that an older cached file is not taken for this one.
	benchLayout = 1
)

// benchFolder holds the record between runs: DRBOT_BENCH_DIR, or one in the temporary folder. It takes about 2 GB.
func benchFolder() string {
	if dir := os.Getenv("DRBOT_BENCH_DIR"); dir != "" {
		return dir
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("drbot-bench-%d", os.Getuid()))
}

// benchPeople are in the configuration; whoever of them notes something needs no look-up.
var benchPeople = []string{"U0ANA", "U0BEA", "U0CHEN", "U0DEV", "U0EVE", "U0FAY", "U0GUS", "U0HAL"}

func benchPerson(k int) incident.Person {
	id := benchPeople[k%len(benchPeople)]
	return incident.Person{Key: id + "@example.com", Name: id, Slack: id, Proof: "slack:" + id}
}

func benchChannel(id incident.ID) string { return fmt.Sprintf("C0BENCH%05d", id) }

// openIDs are the incidents that are open in the large record.
func openIDs() (ids []incident.ID) {
	for k := benchIncidents - benchOpen + 1; k <= benchIncidents; k++ {
		ids = append(ids, incident.ID(k))
	}
	return ids
}

// largeRecord is a data folder with a fresh copy of the large record. It is copied once a process; what benchmarks add to it stays.
var largeRecord = sync.OnceValues(func() (string, error) {
	root := benchFolder()
	made := filepath.Join(root, fmt.Sprintf("record-%d-%d", benchLayout, incident.FoldVersion))
	if _, err := os.Stat(filepath.Join(made, bolt.File)); errors.Is(err, os.ErrNotExist) {
		if err := os.RemoveAll(made + ".new"); err != nil {
			return "", err
		}
		if err := makeRecord(made + ".new"); err != nil {
			return "", fmt.Errorf("make the large record: %w", err)
		}
		if err := os.Rename(made+".new", made); err != nil {
			return "", err
		}
	}
	work := filepath.Join(root, "work", "large")
	if err := os.RemoveAll(work); err != nil {
		return "", err
	}
	return work, copyRecord(made, filepath.Join(work, "data"))
})

func copyRecord(from, to string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	in, err := os.Open(filepath.Join(from, bolt.File))
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(filepath.Join(to, bolt.File), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync() // or its pages would be written while the benchmarks measure
	}
	return errors.Join(err, out.Close())
}

// makeRecord writes the large record: through the store, with all of an incident's events in one change, before anybody
// follows it. Then the followers come, and those of the open incidents remember the messages that they posted.
func makeRecord(dir string) error {
	s, err := bolt.Open(dir, bolt.Options{})
	if err != nil {
		return err
	}
	ctx := context.Background()
	var all sync.WaitGroup
	errs := make(chan error, benchIncidents)
	// The open ones come last, so that their ids are known.
	for _, part := range [][2]int{{0, benchIncidents - benchOpen}, {benchIncidents - benchOpen, benchIncidents}} {
		next := make(chan int)
		for range 64 {
			all.Go(func() {
				for range next {
					_, err := s.Do(ctx, benchIncident(part[0] > 0))
					errs <- err
				}
			})
		}
		for k := part[0]; k < part[1]; k++ {
			next <- k
		}
		close(next)
		all.Wait()
	}
	close(errs)
	for e := range errs {
		err = errors.Join(err, e)
	}
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	return placeFollowers(ctx, dir)
}

// benchIncident is one incident with all its events.
func benchIncident(open bool) state.Change {
	return state.Change{New: true, Decide: func(v state.View) (state.Decision, error) {
		id, now := v.Incident().ID, v.Now()
		opened := incident.Opened{
			By: benchPerson(int(id)), Title: fmt.Sprintf("Replica %d lags behind", id), Type: "Rehearsal", Severity: 1 + int(id)%4, LowerFree: now.Add(5 * time.Minute),
			Policy: incident.Policy{RespondBy: now.Add(15 * time.Minute), UpdateEvery: 30 * time.Minute, UpdateDue: now.Add(30 * time.Minute)},
		}
		for k := range 8 {
			opened.Checklist = append(opened.Checklist, incident.Item{ID: fmt.Sprintf("c%d", k+1), Phase: "Before", Text: "Say who does what, and where it is written down"})
		}
		events := []incident.Event{
			opened, incident.Acknowledged{By: benchPerson(int(id))}, incident.RoleTaken{By: benchPerson(int(id)), Role: incident.Commander, Who: benchPerson(int(id))},
			incident.ChannelBound{ID: benchChannel(id), Name: fmt.Sprintf("inc-%d-replica-lags", id)},
		}
		for k := 0; len(events) < benchEach-2; k++ {
			events = append(events, incident.Noted{By: benchPerson(k), At: now, Text: fmt.Sprintf("replica lag is %d s and the writer is stopped, see the dashboard", k)})
		}
		if open {
			events = append(events, incident.StatusSet{By: benchPerson(1), Status: incident.Identified}, incident.Noted{By: benchPerson(2), At: now, Text: "the disk is full"})
		} else {
			events = append(events, incident.Resolved{By: benchPerson(1), Summary: "The disk was full; it is larger now."}, incident.Closed{Why: "the review is done"})
		}
		return state.Decision{Events: events, Index: []state.Ref{{Index: "channel", Value: benchChannel(id)}}}, nil
	}}
}

// placeFollowers opens the record with the followers that serve has, so that they begin at its end.
func placeFollowers(ctx context.Context, dir string) error {
	s, err := bolt.Open(dir, bolt.Options{Followers: followers})
	if err != nil {
		return err
	}
	head, err := s.Newest(ctx)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	for _, id := range openIDs() {
		at := benchChannel(id) + "/1700000000.000100"
		place := state.Cursor{Through: head.Seq, Notes: map[string]string{"card": at, "checklist": at, "announcement": "C0INCIDENTS/1700000000.000100"}}
		err = errors.Join(err, s.Save(ctx, bot.Say, id, place))
	}
	return errors.Join(err, s.Close())
}

func largeHouse(b *testing.B) string {
	b.Helper()
	dir, err := largeRecord()
	if err != nil {
		b.Fatal(err)
	}
	return dir
}
