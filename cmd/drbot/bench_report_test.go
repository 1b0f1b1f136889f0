package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
	"github.com/drbot/drbot/templates"
)

// What people read of many incidents: reports, lists, App Home, a long timeline. Each runs in this process on a record of its
// own, once to warm up and then some times, and reports the median and the slowest in milliseconds, and what one took of a processor.

const (
	readIncidents = 10_000
	readOpen      = 50  // newest
	readReviewed  = 450 // resolved, with tasks that are owed
	readRestored  = 20  // one in so many was restored by a run
	readTimeline  = 2_000
	readTimes     = 15
)

const readShape = "10,000 incidents: 50 open, 450 resolved with open review tasks, 500 restored by a run, 500 drills, 200 restricted"

// readStart is when the first of them was opened; they are an hour apart.
var readStart = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// readEnd is the clock of the readers.
var readEnd = readStart.Add(readIncidents * time.Hour)

// readRecord is the folder of that record, which is made once.
var readRecord = sync.OnceValues(func() (string, error) {
	var now atomic.Int64
	now.Store(readStart.UnixNano())
	clock := func() time.Time { return time.Unix(0, now.Load()).UTC() }
	dir := filepath.Join(benchFolder(), "work", "read")
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return "", err
	}
	s, err := bolt.Open(dir, bolt.Options{Followers: followers, Now: clock})
	if err != nil {
		return "", err
	}
	for k := 0; k < readIncidents; k += 100 { // a hundred share a commit, and an instant
		now.Store(readStart.Add(time.Duration(k) * time.Hour).UnixNano())
		if err := hundred(s, k, readOpens); err != nil {
			return "", errors.Join(err, s.Close())
		}
		now.Add(int64(40 * time.Minute))
		if err := hundred(s, k, readEnds); err != nil {
			return "", errors.Join(err, s.Close())
		}
	}
	return dir, s.Close()
})

// readOffice is commands on that record, until the benchmark ends.
func readOffice(b *testing.B) *commands.Office {
	b.Helper()
	dir, err := readRecord()
	if err != nil {
		b.Fatal(err)
	}
	clock := func() time.Time { return readEnd }
	s, err := bolt.Open(dir, bolt.Options{Followers: followers, Now: clock})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	table, err := people.New([]people.Entry{
		{Name: "Ana Ruiz", Email: "ana@example.com", Slack: "U0ANA", Unix: "ana", Roles: []string{"responder", "operator"}},
		{Name: "Bea Ode", Email: "bea@example.com", Slack: "U0BEA", Roles: []string{"responder", "approver"}},
	})
	if err != nil {
		b.Fatal(err)
	}
	return &commands.Office{
		Store: s, Flags: &people.Cache{}, People: func() *people.Table { return table }, Runbook: func() *runbook.Runbook { return &runbook.Runbook{} },
		Config: func() commands.Config { return commands.Config{Incident: "incident", Recover: "recover"} }, Clock: clock,
	}
}

// hundred commits one change to each of a hundred incidents.
func hundred(s *bolt.Store, from int, change func(int) state.Change) error {
	var all sync.WaitGroup
	errs := make(chan error, 100)
	for k := from; k < from+100; k++ {
		all.Go(func() {
			_, err := s.Do(context.Background(), change(k))
			errs <- err
		})
	}
	all.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

var readBackup = incident.Spec{ID: "p1.s6", Params: []incident.Param{{Name: "BACKUP", Key: "BACKUP", From: "list"}}}

func readOpens(k int) state.Change {
	return state.Change{New: true, Decide: func(v state.View) (state.Decision, error) {
		now, n := v.Now(), int(v.Incident().ID)
		opened := incident.Opened{
			By: benchPerson(n), Title: fmt.Sprintf("Replica %d lags behind", n), Type: fmt.Sprintf("Type %d", n%10), Severity: 1 + n%4, Drill: n%20 == 7, Restricted: n%50 == 3,
			Policy: incident.Policy{RespondBy: now.Add(15 * time.Minute), UpdateEvery: 30 * time.Minute, UpdateDue: now.Add(30 * time.Minute)},
			RTO:    incident.Objective{Limit: time.Hour}, RPO: incident.Objective{Limit: time.Hour},
		}
		for c := range 20 {
			opened.Checklist = append(opened.Checklist, incident.Item{ID: fmt.Sprintf("c%d", c+1), Phase: "Before", Text: "Say who does what, and where it is written down"})
		}
		events := []incident.Event{opened, incident.ChannelBound{ID: benchChannel(incident.ID(n)), Name: fmt.Sprintf("inc-%d-replica-lags", n)}, incident.Acknowledged{By: benchPerson(n)}}
		return state.Decision{Events: events, Index: []state.Ref{{Index: "channel", Value: benchChannel(incident.ID(n))}}}, nil
	}}
}

func readEnds(k int) state.Change {
	id := incident.ID(k + 1)
	return state.Change{Target: state.Ref{ID: id}, Decide: func(v state.View) (state.Decision, error) {
		d := state.Decision{Events: []incident.Event{incident.UpdateSent{By: benchPerson(k), Number: 1, Text: "We restore the backup.", Late: k%3 == 0, Due: v.Now().Add(time.Hour)}}}
		if k%readRestored == 0 {
			spec, err := json.Marshal(readBackup)
			if err != nil {
				return d, err
			}
			d.Blobs = [][]byte{spec}
			d.Events = append(d.Events, readRun(uint64(k+1), state.Sum(spec), v.Now())...)
		}
		if k == readIncidents-1 {
			for n := range readTimeline {
				d.Events = append(d.Events, incident.Noted{By: benchPerson(n), At: v.Now(), Text: fmt.Sprintf("replica lag is %d s and the writer is stopped, see the dashboard", n)})
			}
		}
		switch {
		case k >= readIncidents-readOpen:
			return d, nil
		case k >= readIncidents-readOpen-readReviewed:
			tasks := []incident.Task{{Title: "Write the draft", Due: v.Now().Add(24 * time.Hour)}, {Title: "Hold the meeting", Due: v.Now().Add(72 * time.Hour)}}
			d.Events = append(d.Events, incident.Resolved{By: benchPerson(k), Summary: "The disk was full."}, incident.ReviewOpened{Owner: benchPerson(k), Tasks: tasks})
		default:
			d.Events = append(d.Events, incident.Resolved{By: benchPerson(k), Summary: "The disk was full.", FalseAlarm: k%25 == 0}, incident.Closed{Why: "the review is done"})
		}
		return d, nil
	}}
}

// readRun is a run of ten steps by hand that put a backup in place.
func readRun(n uint64, spec string, now time.Time) []incident.Event {
	planned := incident.RunPlanned{Run: n, By: benchPerson(0), Procedure: "p1", Title: "Restore the users database", Values: map[string]string{"BACKUP": "users-0200.dump"}}
	for k := range 10 {
		planned.Steps = append(planned.Steps, incident.Step{
			ID: fmt.Sprintf("p1.s%d", k+1), Number: fmt.Sprintf("1.%d", k+1), Title: "Put the dump in place and compare it with the newest one", Risk: incident.Change, Spec: spec, Params: []string{"BACKUP"},
			Target: "db1", Lock: "db1:/srv", Leaves: "the service is stopped, and the old files are in quarantine",
		})
	}
	choices := map[string][]incident.Choice{"BACKUP": {{Value: "users-0200.dump", State: "verified", TakenAt: now.Add(-2 * time.Hour)}}}
	events := []incident.Event{planned, incident.ReadsAsked{Run: n, For: incident.ReadForPlan, Ask: 1}, incident.ReadsDone{Run: n, For: incident.ReadForPlan, Ask: 1, Choices: choices}, incident.RunStarted{Run: n, By: benchPerson(0)}}
	for _, s := range planned.Steps {
		events = append(events, incident.StepByHand{Run: n, Step: s.ID, By: benchPerson(0), Did: "restored it", Saw: "it is there"})
	}
	return append(events, incident.RunEnded{Run: n, How: incident.EndDone})
}

// readMany reports how long reading takes.
func readMany(b *testing.B, read func(context.Context, *commands.Office) error) {
	b.Helper()
	o := readOffice(b)
	var took []time.Duration
	var before, after unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &before); err != nil {
		b.Fatal(err)
	}
	for range b.N {
		for k := range readTimes + 1 {
			began := time.Now()
			if err := read(b.Context(), o); err != nil {
				b.Fatal(err)
			}
			if k > 0 {
				took = append(took, time.Since(began))
			}
		}
	}
	if err := unix.Getrusage(unix.RUSAGE_SELF, &after); err != nil {
		b.Fatal(err)
	}
	cpu := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	b.ReportMetric(float64(cpu/int64(b.N*(readTimes+1)))/1e6, "cpu-ms/read")
	slices.Sort(took)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms")
}

// handled reads a verb as its typist does.
func handled(verb, text string, actor commands.Actor, channel string) func(context.Context, *commands.Office) error {
	return func(ctx context.Context, o *commands.Office) error {
		reply, err := o.Handle(ctx, commands.Command{Verb: verb, Text: text, Actor: actor, Channel: channel})
		if err == nil && !reply.Done() {
			err = fmt.Errorf("%s: %s", verb, reply.Say.Text)
		}
		return err
	}
}

var inChat, atTerminal = commands.Actor{Slack: "U0ANA"}, commands.Actor{Unix: "ana", Terminal: true}

func BenchmarkReadReport(b *testing.B) {
	shape(b, "of all of them, from the question to what is shown, without the wire; "+readShape)
	b.Run("chat", func(b *testing.B) { readMany(b, handled("incident report", "all", inChat, "")) })
	b.Run("terminal", func(b *testing.B) { readMany(b, handled("incident report", "all", atTerminal, "")) })
	b.Run("30d", func(b *testing.B) { readMany(b, handled("incident report", "30d", inChat, "")) })
	b.Run("metrics", func(b *testing.B) {
		readMany(b, func(ctx context.Context, o *commands.Office) error {
			_, err := o.Store.Figures(ctx, state.Query{Alive: true})
			return err
		})
	})
}

func BenchmarkReadList(b *testing.B) {
	shape(b, "without the wire; "+readShape)
	b.Run("chat", func(b *testing.B) { readMany(b, handled("incident list", "", inChat, "")) })
	b.Run("terminal", func(b *testing.B) { readMany(b, handled("incident list", "", atTerminal, "")) })
	b.Run("home", func(b *testing.B) {
		readMany(b, func(ctx context.Context, o *commands.Office) error {
			_, err := o.Home(ctx, inChat)
			return err
		})
	})
}

// BenchmarkReadTimeline: an incident of 2,000 lines, a page of it and all of it as a file.
func BenchmarkReadTimeline(b *testing.B) {
	shape(b, "2,000 notes; a page from the record to its message; the whole as a Markdown file; "+readShape)
	channel := benchChannel(readIncidents)
	b.Run("page", func(b *testing.B) { readMany(b, handled("incident timeline", "3", inChat, channel)) })
	b.Run("file", func(b *testing.B) {
		readMany(b, func(ctx context.Context, o *commands.Office) error {
			i, err := o.Store.Incident(ctx, state.Ref{ID: readIncidents})
			if err != nil {
				return err
			}
			var events []templates.Happened
			for r, err := range o.Store.Records(ctx, i.ID, 0) {
				if err != nil {
					return err
				}
				e, err := r.Event()
				if err != nil {
					return err
				}
				events = append(events, templates.Happened{At: r.Time, E: e})
			}
			if len(templates.TimelineFile(i, templates.Entries(i, events), time.UTC)) < readTimeline*20 {
				return fmt.Errorf("the file is short")
			}
			return nil
		})
	})
}
