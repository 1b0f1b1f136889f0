package bolt_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
	"github.com/drbot/drbot/state/statetest"
)

var followers = []string{"mail", "pagerduty", "paper", "runner", "slack.draw", "slack.say", "statuspage"}

func benchStore(b *testing.B, dir string) *bolt.Store {
	b.Helper()
	s, err := bolt.Open(dir, bolt.Options{Followers: followers})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s
}

// notes writes b.N notes from 32 callers over some incidents.
func notes(b *testing.B, incidents int) {
	s := benchStore(b, b.TempDir())
	for k := range incidents {
		statetest.Open(b, s, fmt.Sprint("incident ", k))
	}
	var n atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range 32 {
		wg.Go(func() {
			for k := n.Add(1); k <= int64(b.N); k = n.Add(1) {
				ref := state.Ref{ID: incident.ID(k%int64(incidents) + 1)}
				c := statetest.Events(ref, incident.Noted{By: statetest.Ana, Text: "replica lag is 40 s"})
				c.Keys = []string{strconv.FormatInt(k, 10)}
				if _, err := s.Do(context.Background(), c); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "changes/s")
}

func BenchmarkNotesOnOneIncident32Callers(b *testing.B)   { notes(b, 1) }
func BenchmarkNotesOver50Incidents32Callers(b *testing.B) { notes(b, 50) }

// large is a store with 10,000 incidents, 50 of them open, and a million records. It is built once, in the directory of
// DRBOT_BENCH, or in a new one.
var large = sync.OnceValues(func() (string, error) {
	dir := os.Getenv("DRBOT_BENCH")
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "drbot-bench"); err != nil {
			return "", err
		}
	}
	if _, err := os.Stat(filepath.Join(dir, bolt.File)); err == nil {
		return dir, nil
	}
	s, err := bolt.Open(dir, bolt.Options{Followers: followers})
	if err != nil {
		return "", err
	}
	notes := make([]incident.Event, 99)
	for k := range notes {
		notes[k] = incident.Noted{By: statetest.Ana, Text: "replica lag is 40 s and the writer is stopped, see the dashboard"}
	}
	var wg sync.WaitGroup
	for caller := range 50 {
		wg.Go(func() {
			for k := range 200 {
				_, doErr := s.Do(context.Background(), state.Change{New: true, Keys: []string{fmt.Sprint(caller, "/", k)}, Decide: func(v state.View) (state.Decision, error) {
					events := append([]incident.Event{statetest.Opening("db is down", v.Now())}, notes[:98]...)
					if k > 0 {
						events = append(events, incident.Resolved{By: statetest.Ana})
					} else {
						events = append(events, notes[98])
					}
					return state.Decision{Events: events}, nil
				}})
				if doErr != nil {
					err = doErr
				}
			}
		})
	}
	wg.Wait()
	if err != nil {
		return "", err
	}
	return dir, s.Close()
})

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerDir); dir != "" {
		fmt.Println("error", writer(dir, os.Getenv(writerRun)))
		os.Exit(1)
	}
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if builtLarge.Load() && os.Getenv("DRBOT_BENCH") == "" {
		if dir, err := large(); err == nil {
			_ = os.RemoveAll(dir)
		}
	}
	os.Exit(code)
}

var builtLarge atomic.Bool

func largeStore(b *testing.B) string {
	b.Helper()
	builtLarge.Store(true)
	dir, err := large()
	if err != nil {
		b.Fatal(err)
	}
	return dir
}

func BenchmarkOpenThe10001st(b *testing.B) {
	s := benchStore(b, largeStore(b))
	b.ResetTimer()
	for range b.N {
		statetest.Open(b, s, "one more")
	}
}

func BenchmarkStart(b *testing.B) {
	dir := largeStore(b)
	b.ResetTimer()
	for range b.N {
		s, err := bolt.Open(dir, bolt.Options{Followers: followers})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkListOpen(b *testing.B) {
	s := benchStore(b, largeStore(b))
	b.ResetTimer()
	for range b.N {
		if _, err := s.List(context.Background(), state.Query{Open: true}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	s := benchStore(b, largeStore(b))
	b.ResetTimer()
	for range b.N {
		if _, err := s.Verify(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(rssAnon(b), "RssAnon-MB")
}

// BenchmarkMemory works on a large store like a busy day and reports what the process keeps.
func BenchmarkMemory(b *testing.B) {
	s := benchStore(b, largeStore(b))
	b.ResetTimer()
	for range b.N {
		for k := range 2000 {
			id := incident.ID(k*5 + 1)
			statetest.Note(b, s, id, "a note")
			if _, err := s.Incident(context.Background(), state.Ref{ID: id}); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := s.List(context.Background(), state.Query{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(rssAnon(b), "RssAnon-MB")
}

func rssAnon(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				b.Fatal(err)
			}
			return float64(kb) / 1024
		}
	}
	return 0
}
