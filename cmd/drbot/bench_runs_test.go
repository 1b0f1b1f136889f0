package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/workspace"
	"github.com/drbot/drbot/workspace/person"
)

const (
	manyRuns = 50
	manyPace = 200 // notes per second
)

// BenchmarkFiftyRuns: how fast commands are answered while fifty steps run and print, against the same house before.
func BenchmarkFiftyRuns(b *testing.B) {
	shape(b, fmt.Sprintf("/incident note at %d/s over %d incidents, at fixed instants, workspace on the same cores; before and while %d steps run on as many targets and print a line a second each",
		manyPace, manyRuns, manyRuns))
	for range b.N {
		c, s, rooms, dir := manyHouse(b)
		pace(b, s.address, manyPace, 2*manyRuns, notes("warm", rooms...))
		idle := worked(b, s.cmd.Process.Pid)
		before := pace(b, s.address, manyPace, manyPace*int(benchFor.Seconds()), notes("alone", rooms...))
		alone := worked(b, s.cmd.Process.Pid) - idle
		for range rooms {
			c.press(c.ana, "recover.start")
		}
		c.running(dir)
		idle = worked(b, s.cmd.Process.Pid)
		during := pace(b, s.address, manyPace, manyPace*int(benchFor.Seconds()), notes("among runs", rooms...))
		b.ReportMetric(float64(alone.Microseconds())/float64(len(before.all)), "alone-cpu-µs/cmd")
		b.ReportMetric(float64((worked(b, s.cmd.Process.Pid)-idle).Microseconds())/float64(len(during.all)), "cpu-µs/cmd")
		s.profiled()
		during.report(b)
		before.sort()
		b.ReportMetric(before.at(0.5), "alone-p50-ms")
		b.ReportMetric(before.at(0.99), "alone-p99-ms")
		b.ReportMetric(during.at(0.5)/before.at(0.5), "p50-ratio")
		b.ReportMetric(during.at(0.99)/before.at(0.99), "p99-ratio")
		b.ReportMetric(anonymous(b, s.cmd.Process.Pid), "RssAnon-MB")
		c.ok(os.WriteFile(filepath.Join(dir, "stop"), nil, 0o600))
		c.ended(dir)
		s.stop()
	}
}

// manyHouse has fifty incidents, each with a planned run of a procedure of its own.
func manyHouse(b *testing.B) (c *clicker, s *served, rooms []string, dir string) {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	b.Cleanup(cancel)
	c = &clicker{B: b, ctx: ctx, pressed: map[string]bool{}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	c.ok(err)
	address := l.Addr().String()
	c.ok(l.Close())
	o := workspace.Options{
		BotToken: botToken, AppToken: appToken, SigningSecret: signingSecret, Commands: []string{"/incident", "/recover"},
		Channels: []workspace.Channel{{ID: "C0INCIDENTS", Name: "incidents"}},
		HTTP: &workspace.HTTPDelivery{
			CommandsURL: "http://" + address + "/slack/commands", InteractivityURL: "http://" + address + "/slack/interactivity",
			EventsURL: "http://" + address + "/slack/events",
		},
	}
	for _, id := range benchPeople {
		o.Users = append(o.Users, workspace.User{ID: id, Name: strings.ToLower(id[2:]), RealName: id})
	}
	space, err := workspace.Start(ctx, o)
	c.ok(err)
	b.Cleanup(func() { _ = space.Close() })
	client, err := person.Dial(ctx, space.URL())
	c.ok(err)
	b.Cleanup(client.Close)
	c.ana, c.bea = client.As("U0ANA"), client.As("U0BEA")
	dir = b.TempDir()
	layOut(b, dir, "http")
	config := filepath.Join(dir, "drbot.yaml")
	c.ok(os.WriteFile(config, []byte(strings.Replace(readFile(b, config), "127.0.0.1:0", address, 1)), 0o600))
	c.manyBook(dir)
	s = serveHouse(b, dir, space.APIURL())
	c.press(c.bea, "runbook.accept")
	for n := range manyRuns {
		_, err := c.ana.Command(ctx, "incidents", fmt.Sprintf("/incident open Database corruption: thing %d is broken", n+1))
		c.ok(err)
		room := c.newRoom(rooms)
		rooms = append(rooms, room)
		_, err = c.ana.Command(ctx, room, fmt.Sprintf("/recover p%d", n+1))
		c.ok(err)
	}
	return c, s, rooms, dir
}

// newRoom waits for an incident's channel that is not among those.
func (c *clicker) newRoom(known []string) (room string) {
	c.Helper()
	_, err := c.ana.Await(c.ctx, "the incident's channel", func(state person.State) bool {
		for _, ch := range state.Channels {
			if strings.HasPrefix(ch.Name, "inc-") && len(ch.Pins) > 0 && !strings.Contains(strings.Join(known, " "), ch.ID) {
				room = ch.ID
			}
		}
		return room != ""
	})
	c.ok(err)
	return room
}

// manyBook has a procedure and a target for each run; its step prints until the file "stop" is there.
func (c *clicker) manyBook(dir string) {
	c.Helper()
	var md strings.Builder
	md.WriteString(bookHead)
	for n := range manyRuns {
		fmt.Fprintf(&md, "## Procedure %d: Thing %d\n\n**Scenario:** The thing is broken\n\n**Steps:**\n\n1. **Watch.** Do it.\n    ```bash\n    until [ -e stop ]; do echo \"$SECONDS s\"; sleep 1; done\n    ```\n\n", n+1, n+1)
	}
	md.WriteString(bookTail)
	rb, err := runbook.Parse([]byte(md.String()), nil)
	c.ok(err)
	targets := map[string]runbook.Target{}
	for n := range manyRuns {
		targets[fmt.Sprintf("t%d", n+1)] = runbook.Target{Host: "local", Dir: ".", Path: "/usr/bin:/bin", Lock: fmt.Sprintf("t%d", n+1)}
	}
	lock, _ := runbook.Compile(rb, &runbook.Lock{Format: 1, Targets: targets})
	for k := range lock.Steps {
		e := &lock.Steps[k]
		e.Decide, e.Risk, e.Target, e.Timeout = nil, runbook.Read, "t"+strings.TrimPrefix(e.Procedure, "p"), 10*minute
	}
	c.ok(os.WriteFile(filepath.Join(dir, "RUNBOOK.md"), []byte(md.String()), 0o600))
	c.ok(os.WriteFile(filepath.Join(dir, "RUNBOOK.lock.yaml"), lock.Marshal(), 0o600))
}

// running waits until every run's step has printed.
func (c *clicker) running(dir string) { c.attempts(dir, "output", manyRuns) }

// ended waits until every run's step has ended.
func (c *clicker) ended(dir string) { c.attempts(dir, "exit.json", manyRuns) }

func (c *clicker) attempts(dir, file string, want int) {
	c.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for found := 0; found < want; {
		select {
		case <-tick.C:
		case <-c.ctx.Done():
			c.Fatalf("%d of %d attempts have %s", found, want, file)
		}
		list, err := filepath.Glob(filepath.Join(dir, "data", "runs", "*", file))
		c.ok(err)
		found = 0
		for _, path := range list {
			if info, err := os.Stat(path); err == nil && info.Size() > 0 {
				found++
			}
		}
	}
}
