package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
)

// The benchmarks of the whole program (docs/bench.md). drbot is a process of its own with the real doors, the record has
// 1,000,000 events and fsync is on; Slack takes connections and answers nothing. Each prints its shape and reports its
// own figures; the time of an iteration says nothing. They run with -benchtime 1x, as `make bench` does, and assert
// nothing.

const benchFor = 3 * time.Second

var shapes = map[string]bool{}

// shape prints once what a benchmark does, as a configuration line of the benchmark format.
func shape(b *testing.B, text string) {
	if !shapes[b.Name()] {
		shapes[b.Name()] = true
		fmt.Printf("shape: %s: %s\n", b.Name(), text)
	}
}

const largeShape = "10,000 incidents (50 open), 1,000,000 events, fsync on, followers on, Slack silent"

func openChannels() (channels []string) {
	for _, id := range openIDs() {
		channels = append(channels, benchChannel(id))
	}
	return channels
}

// warm has drbot meet every channel and person once.
func warm(b *testing.B, s *served, channels ...string) {
	b.Helper()
	pace(b, s.address, 500, 2*max(len(channels), len(benchPeople)), notes("warm", channels...))
}

// costs reports what a run took of the processor and of memory. The first hardly changes with what else the machine does.
func (s *served) costs(b *testing.B, before time.Duration, commands int) {
	b.Helper()
	s.profiled()
	b.ReportMetric(float64((worked(b, s.cmd.Process.Pid)-before).Microseconds())/float64(commands), "cpu-µs/cmd")
	b.ReportMetric(anonymous(b, s.cmd.Process.Pid), "RssAnon-MB")
}

// BenchmarkStart: from the start of the process until it says that it is ready.
func BenchmarkStart(b *testing.B) {
	shape(b, "serve, a process of its own, from exec to ready; its own memory (RssAnon) once the incidents' files are written; "+largeShape)
	dir := largeHouse(b)
	for range b.N {
		s := serveChild(b, dir, noSlack(b))
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(s.ready)/float64(time.Millisecond), "ready-ms")
		s.settle(b)
		b.ReportMetric(anonymous(b, s.cmd.Process.Pid), "RssAnon-MB")
		s.stop()
	}
}

// BenchmarkCommandsAt500 is the pace of a bad day, on all open incidents.
func BenchmarkCommandsAt500(b *testing.B) {
	shape(b, "/incident note over the 50 open incidents, 500 commands/s at fixed instants (open loop, latency from the instant), 64 connections, generator on the same cores; "+largeShape)
	s := serveChild(b, largeHouse(b), noSlack(b))
	warm(b, s, openChannels()...)
	for range b.N {
		before := worked(b, s.cmd.Process.Pid)
		pace(b, s.address, 500, int(500*benchFor.Seconds()), notes("paced", openChannels()...)).report(b)
		s.costs(b, before, int(500*benchFor.Seconds()))
	}
	s.settle(b)
}

// BenchmarkSaturation has 32 people who never pause.
func BenchmarkSaturation(b *testing.B) {
	newest := openIDs()[benchOpen-1:]
	for _, part := range []struct {
		name string
		ids  []incident.ID
	}{{"one", newest}, {"fifty", openIDs()}} {
		b.Run(part.name, func(b *testing.B) {
			shape(b, fmt.Sprintf("/incident note over %d open incident(s), 32 connections that send again at once (closed loop), generator on the same cores; %s", len(part.ids), largeShape))
			var channels []string
			for _, id := range part.ids {
				channels = append(channels, benchChannel(id))
			}
			s := serveChild(b, largeHouse(b), noSlack(b))
			warm(b, s, channels...)
			for range b.N {
				before := worked(b, s.cmd.Process.Pid)
				t := saturate(b, s.address, 32, benchFor, notes("pressed", channels...))
				t.report(b)
				s.costs(b, before, len(t.all))
			}
			s.settle(b)
		})
	}
}

// BenchmarkOpenNth opens incidents by turns in an empty house and in the large one. It comes last: what it opens stays open.
func BenchmarkOpenNth(b *testing.B) {
	shape(b, "/incident open, one at a time, by turns in an empty house (the first 200) and in the large one (the 10,001st and 199 more); medians; "+largeShape)
	large := serveChild(b, largeHouse(b), noSlack(b))
	empty := serveChild(b, b.TempDir(), noSlack(b))
	for range b.N {
		var took [2]times
		for k := range 200 {
			for house, s := range []*served{empty, large} {
				l, err := dial(s.address)
				if err != nil {
					b.Fatal(err)
				}
				sent := time.Now()
				if err := l.ask(order{user: benchPeople[0], channel: "C0INCIDENTS", text: fmt.Sprintf("open Rehearsal: logins fail, case %d", k)}, int64(k), "INC-"); err != nil {
					b.Fatal(err)
				}
				took[house].all = append(took[house].all, time.Since(sent))
				_ = l.conn.Close()
			}
		}
		slices.Sort(took[0].all)
		slices.Sort(took[1].all)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(took[0].at(0.5), "first-p50-ms")
		b.ReportMetric(took[1].at(0.5), "10001st-p50-ms")
		b.ReportMetric(took[1].at(0.5)/took[0].at(0.5), "ratio")
	}
	large.settle(b)
}
