package statuspage_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/statuspage"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
	"github.com/drbot/drbot/state/follow"
)

// BenchmarkStart10000 makes the page from a record of 10,000 incidents, 200 of them published in the last 90 days, and
// again after one message.
func BenchmarkStart10000(b *testing.B) {
	s, err := bolt.Open(b.TempDir(), bolt.Options{Followers: []string{statuspage.Name}})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	var all sync.WaitGroup
	slots := make(chan struct{}, 64)
	for n := range 10000 {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			events := []incident.Event{incident.Opened{By: ana, Title: fmt.Sprint("incident ", n), Severity: 1 + n%4, Services: []string{"users"}}}
			if n%50 == 0 {
				events = append(events, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: strings.Repeat("Words. ", 60), Status: incident.Identified}, incident.Resolved{By: ana})
			}
			if _, err := s.Do(b.Context(), state.Change{New: true, Decide: func(state.View) (state.Decision, error) { return state.Decision{Events: events}, nil }}); err != nil {
				b.Error(err)
			}
		})
	}
	all.Wait()
	for b.Loop() {
		site := statuspage.New(statuspage.Options{Settings: settings, Dir: filepath.Join(b.TempDir(), "page"), Record: s, Clock: &frozen{time.Now()}})
		begun := time.Now()
		if _, err := site.Deliver(b.Context(), follow.Batch{Incident: 1}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(begun).Milliseconds()), "start-ms")
		again, err := s.Do(b.Context(), state.Change{Target: state.Ref{ID: 1}, Decide: func(state.View) (state.Decision, error) {
			return state.Decision{Events: []incident.Event{incident.UpdateSent{By: ana, Number: 2, To: everybody, Public: "More.", Status: incident.Monitoring}}}, nil
		}})
		if err != nil {
			b.Fatal(err)
		}
		begun = time.Now()
		if _, err := site.Deliver(b.Context(), follow.Batch{Incident: 1, Records: []state.Record{{Seq: again.Seq, Incident: 1, Kind: "UpdateSent"}}}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(begun).Milliseconds()), "message-ms")
	}
}
