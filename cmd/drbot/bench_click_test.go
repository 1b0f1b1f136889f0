package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/workspace"
	"github.com/drbot/drbot/workspace/person"
)

const (
	clickSteps  = 20 // of one run, each with its approval
	clickRounds = 6  // of an iteration: new workspace, new house
)

// BenchmarkApprovalToProcess: from the approver's click until the approved step's bash has read the clock, as its first
// command. In between lie the chat, the decision, the journal, the supervisor and the start of bash; with a probe also
// its reading of the target, a supervised bash of its own. Every card is pressed as soon as it shows its button.
func BenchmarkApprovalToProcess(b *testing.B) {
	for _, part := range []struct{ name, probe string }{{"no-probe", ""}, {"probe", "printf 'host=%s\\n' here\n"}} {
		b.Run(part.name, func(b *testing.B) {
			shape(b, fmt.Sprintf("[Approve] on each of %d destructive steps of a run, %d runs in new houses, in a workspace over Socket Mode, until the step's bash reads the clock; %s",
				clickSteps, clickRounds, part.name))
			for range b.N {
				var took []time.Duration
				for range clickRounds {
					took = append(took, clicks(b, part.probe)...)
				}
				slices.Sort(took)
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(milliseconds(took[len(took)/2]), "p50-ms")
				b.ReportMetric(milliseconds(took[len(took)*99/100]), "p99-ms")
			}
		})
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// clickBook has steps that write down when they began. A probe is read again before each.
func clickBook(b *testing.B, dir, probe string) {
	b.Helper()
	var all book
	for n := range clickSteps {
		all.steps = append(all.steps, step{title: fmt.Sprintf("Step %d", n+1), run: "echo \"$EPOCHREALTIME\" >> began\necho done\n"})
	}
	text := []byte(all.markdown())
	rb, err := runbook.Parse(text, nil)
	if err != nil {
		b.Fatal(err)
	}
	lock, _ := runbook.Compile(rb, &runbook.Lock{Format: 1, Targets: map[string]runbook.Target{
		"here": {Host: "local", Dir: ".", Path: "/usr/bin:/bin", Probe: probe},
	}})
	for k := range lock.Steps {
		lock.Steps[k].Decide, lock.Steps[k].Risk = nil, runbook.Destructive
	}
	for name, content := range map[string][]byte{"RUNBOOK.md": text, "RUNBOOK.lock.yaml": lock.Marshal()} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			b.Fatal(err)
		}
	}
}

// clicker is a workspace with one drbot and the two people of a run.
type clicker struct {
	*testing.B
	ctx      context.Context
	ana, bea *person.Person
	pressed  map[string]bool
}

// clicks plays a run from its start to its end and gives what each approval took.
func clicks(b *testing.B, probe string) (took []time.Duration) {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	c := &clicker{B: b, ctx: ctx, pressed: map[string]bool{}}
	space, err := workspace.Start(ctx, workspace.Options{
		BotToken: botToken, AppToken: appToken, SigningSecret: signingSecret, Commands: []string{"/incident", "/recover"},
		Channels: []workspace.Channel{{ID: "C0INCIDENTS", Name: "incidents"}},
		Users:    []workspace.User{{ID: "U0ANA", Name: "ana", RealName: "Ana Ruiz"}, {ID: "U0BEA", Name: "bea", RealName: "Bea Ode"}},
	})
	c.ok(err)
	defer func() { _ = space.Close() }()
	client, err := person.Dial(ctx, space.URL())
	c.ok(err)
	defer client.Close()
	c.ana, c.bea = client.As("U0ANA"), client.As("U0BEA")
	dir := b.TempDir()
	layOut(b, dir, "socket")
	clickBook(b, dir, probe)
	s := serveHouse(b, dir, space.APIURL())
	defer s.stop()
	c.toStart()
	for n := range clickSteps {
		pressed := c.press(c.bea, "recover.approve")
		took = append(took, c.began(filepath.Join(dir, "began"), n, s).Sub(pressed))
	}
	return took
}

func (c *clicker) ok(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// toStart accepts the lock, opens an incident and starts the run.
func (c *clicker) toStart() {
	c.Helper()
	c.press(c.bea, "runbook.accept")
	_, err := c.ana.Command(c.ctx, "incidents", "/incident open Database corruption: a thing is broken")
	c.ok(err)
	room := ""
	_, err = c.ana.Await(c.ctx, "the incident's channel", func(state person.State) bool {
		for _, ch := range state.Channels {
			if strings.HasPrefix(ch.Name, "inc-") && len(ch.Pins) > 0 {
				room = ch.ID
			}
		}
		return room != ""
	})
	c.ok(err)
	_, err = c.ana.Command(c.ctx, room, "/recover p1")
	c.ok(err)
	c.press(c.ana, "recover.start")
}

// press waits for a button that was not pressed yet and presses it.
func (c *clicker) press(who *person.Person, action string) time.Time {
	c.Helper()
	var at person.Pick
	_, err := who.Await(c.ctx, action, func(state person.State) bool {
		for _, ch := range state.Channels {
			for _, m := range ch.Messages {
				if e, there := m.Element(action); there && !c.pressed[action+e.Value] {
					at = person.Pick{Channel: m.Channel, TS: m.TS, ActionID: action}
					c.pressed[action+e.Value] = true
					return true
				}
			}
		}
		return false
	})
	c.ok(err)
	pressed := time.Now()
	_, err = who.PressConfirmed(c.ctx, at)
	c.ok(err)
	return pressed
}

// began waits for line n of what the steps wrote down.
func (c *clicker) began(file string, n int, s *served) time.Time {
	c.Helper()
	for c.ctx.Err() == nil {
		text, _ := os.ReadFile(file)
		if lines := strings.Fields(string(text)); len(lines) > n && strings.Count(string(text), "\n") > n {
			us, err := strconv.ParseInt(strings.Replace(lines[n], ".", "", 1), 10, 64)
			c.ok(err)
			return time.UnixMicro(us)
		}
		pause := syscall.NsecToTimespec(int64(2 * time.Millisecond))
		_ = syscall.Nanosleep(&pause, nil)
	}
	c.Fatalf("step %d never ran:\n%s", n+1, readFile(c.B, s.log))
	return time.Time{}
}
