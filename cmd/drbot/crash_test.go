package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/drbot/drbot/workspace/person"
)

var (
	crashKills = flag.Int("crash.kills", 12, "kills of drbot in TestI26_Crash, in runs of ten steps")
	crashSeed  = flag.Uint64("crash.seed", 0, "seed of TestI26_Crash; 0: a new one")
	crashRound = flag.Int("crash.round", -1, "the one round of TestI26_Crash to play; -1: all")
)

const (
	crashSteps = 10
	crashEach  = 6                      // kills in one run; every third takes the steps' processes along, as the end of a container does
	crashMoves = 900 * time.Millisecond // about what passes from one step to the next
)

// TestI26_Crash kills drbot at random instants of runs of ten steps and starts it again, while people approve what is
// asked and press "run again" only where a card asks: no step runs twice without that word, nothing that was
// acknowledged is lost, every run ends, nothing stays unknown without a question, and the record verifies after every kill.
func TestI26_Crash(t *testing.T) {
	if testing.Short() {
		t.Skip("kills take their time")
	}
	seed := *crashSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	var tally tally
	t.Cleanup(func() { t.Log(tally.told(t.Failed())) })
	for round := range (*crashKills + crashEach - 1) / crashEach {
		if *crashRound >= 0 && round != *crashRound {
			continue
		}
		t.Run(fmt.Sprintf("round%d", round), func(t *testing.T) {
			t.Parallel()
			t.Logf("again: -crash.seed=%d -crash.kills=%d -crash.round=%d", seed, *crashKills, round)
			crash(t, rand.New(rand.NewPCG(seed, uint64(round))), min(crashEach, *crashKills-round*crashEach), &tally)
		})
	}
}

// tally counts over all rounds.
type tally struct {
	mu                                            sync.Mutex
	runs, kills, starting, ran, again, acked, ask int
}

// told counts what happened. That it was as it must be is said only where every check passed.
func (c *tally) told(failed bool) string {
	counted := fmt.Sprintf("%d runs ended; %d kills, and %d more while it started; %d steps ran, %d of them again; people were asked about %d unknown; %d acknowledged decisions and notes",
		c.runs, c.kills, c.starting, c.ran, c.again, c.ask, c.acked)
	if failed {
		return "FAILED, see above: " + counted
	}
	return counted + ", all in the record; nothing ran again without a person's word"
}

func TestACrashSummaryClaimsOnlyWhatPassed(t *testing.T) {
	failed := new(tally).told(true)
	if !strings.HasPrefix(failed, "FAILED") || strings.Contains(failed, "all in the record") || strings.Contains(failed, "person's word") {
		t.Error(failed)
	}
}

// tenSteps leave a line with their name and an id of the execution, and take a moment on both sides of it.
func tenSteps() book {
	var b book
	for n := range crashSteps {
		name := fmt.Sprintf("s%d", n+1)
		b.steps = append(b.steps, step{title: "Step " + name, set: destructive, run: "sleep 0.3\n" +
			"printf '%s %s\\n' " + name + " \"$(cat /proc/sys/kernel/random/uuid)\" >> ran.txt\nsleep 0.3\necho did " + name + "\n"})
	}
	return b
}

func crash(t *testing.T, random *rand.Rand, kills int, sum *tally) {
	w := settle(t, tenSteps())
	w.spawn()
	w.linked()
	w.accept(w.bea)
	room := w.open(w.ana, "Database corruption: users gone")
	w.say(w.ana, room, "/recover rescue")
	w.press(w.ana, room, "recover.start")
	p := &players{town: w, room: room, acked: map[string]bool{}, over: make(chan struct{}), sum: sum}
	ctx, cancel := context.WithTimeout(context.Background(), 4*patience)
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() { p.decide(ctx) })
	all.Go(func() { p.note(ctx) })
	instants := make([]float64, kills) // in steps from the start of the run
	for k := range instants {
		instants[k] = random.Float64() * crashSteps
	}
	slices.Sort(instants)
	starting := 0
	for kill, at := range instants {
		p.await(at)
		w.life.kill()
		if kill%3 == 2 {
			w.killSteps()
		}
		w.audited()
		if random.IntN(3) == 0 { // and once more while it starts
			starting++
			l := w.process("serve", "--config", w.config())
			select {
			case <-p.over:
			case <-time.After(time.Duration(random.IntN(400)) * time.Millisecond):
			}
			l.kill()
			w.audited()
		}
		w.spawn()
	}
	all.Wait()
	if p.err != nil {
		t.Fatalf("%v\n%s", p.err, p.standing())
	}
	w.awaitRun(1, "ended")
	p.settled()
	w.audited()
	sum.mu.Lock()
	defer sum.mu.Unlock()
	sum.runs, sum.kills, sum.starting = sum.runs+1, sum.kills+kills, sum.starting+starting
}

// await waits for an instant of the run: until so many steps have an attempt, and a fraction of the way to the next.
func (p *players) await(at float64) {
	p.Helper()
	begun := func() int {
		steps := map[string]bool{}
		attempts, _ := filepath.Glob(p.path("data", "runs", "r1-*"))
		for _, dir := range attempts {
			name := filepath.Base(dir)
			steps[name[:strings.LastIndex(name, "-")]] = true
		}
		return len(steps)
	}
	whole, part := math.Modf(at)
	p.until("the run has got further", func() bool {
		select {
		case <-p.over:
			return true
		default:
			return begun() >= int(whole)
		}
	})
	select {
	case <-p.over:
	case <-time.After(time.Duration(part * float64(crashMoves))):
	}
}

// killSteps kills supervisors and steps, as the end of a container does.
func (w *town) killSteps() {
	processes, err := filepath.Glob("/proc/[0-9]*")
	w.ok(err)
	for _, dir := range processes {
		log, _ := os.Readlink(filepath.Join(dir, "fd", "2")) // a supervisor's own
		folder, _ := os.Readlink(filepath.Join(dir, "cwd"))
		if !strings.HasPrefix(log, w.path("data", "runs")) && folder != w.path("work") {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil && pid != os.Getpid() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// players are Bea, who approves, and Ana, who looks at what is unknown and notes what she sees.
type players struct {
	*town
	room  string
	err   error
	over  chan struct{}
	mu    sync.Mutex
	acked map[string]bool // approvals and notes that drbot acknowledged
	sum   *tally
}

// decide presses what a card asks for until the run has ended.
func (p *players) decide(ctx context.Context) {
	defer close(p.over)
	tried := map[string]bool{}
	for {
		var action, object string
		var card person.Message
		_, err := p.ana.Await(ctx, "something to decide", func(s person.State) bool {
			c, _ := s.Channel(p.room)
			for _, m := range c.Messages {
				for _, name := range []string{"recover.approve", "recover.retry", "recover.resume"} {
					if e, ok := m.Element(name); ok && !tried[m.TS+e.Value+e.BlockID] {
						action, object, card = name, e.Value, m
						tried[m.TS+e.Value+e.BlockID] = true
						return true
					}
				}
				if strings.HasPrefix(m.Plain, "R1 ") && runDone(m.Plain) {
					action = ""
					return true
				}
			}
			return false
		})
		if err != nil || action == "" {
			p.err = err
			return
		}
		who := p.ana
		if action == "recover.approve" {
			who = p.bea
		}
		r, err := who.PressConfirmed(ctx, person.Pick{Channel: p.room, TS: card.TS, ActionID: action})
		switch {
		case person.IsRefused(err, "element_not_found"), person.IsRefused(err, "not_found"):
			continue // the card was redrawn meanwhile
		case err != nil && !errors.As(err, new(person.Refused)):
			p.err = err
			return
		case err != nil || r.Say != "": // Slack says that drbot did not respond: press again
			for key := range tried {
				if strings.HasPrefix(key, card.TS) {
					delete(tried, key)
				}
			}
		case action == "recover.approve":
			name, _, _ := strings.Cut(object, "#") // without the mark of what its card showed
			p.mu.Lock()
			p.acked[name] = true
			p.mu.Unlock()
		}
	}
}

// note writes numbered notes all the while.
func (p *players) note(ctx context.Context) {
	for n := 0; ; n++ {
		select {
		case <-p.over:
			return
		case <-ctx.Done():
			return
		case <-time.After(200 * time.Millisecond):
		}
		text := fmt.Sprintf("note-%d-", n)
		if r, err := p.ana.Command(ctx, p.room, "/incident note "+text); err == nil && r.Say == "" {
			p.mu.Lock()
			p.acked[text] = true
			p.mu.Unlock()
		}
	}
}

// standing says where a story that hangs is.
func (p *players) standing() string {
	var b strings.Builder
	for _, s := range p.view(1).Runs[0].Steps {
		fmt.Fprintf(&b, "%s %s %s %s\n", s.Number, s.State, s.Attempt, s.Note)
	}
	s, err := p.ana.State(p.within())
	p.ok(err)
	c, _ := s.Channel(p.room)
	for _, m := range c.Posted() {
		fmt.Fprintf(&b, "--- %s\n%s\n", m.TS, m.Plain)
	}
	return b.String()
}

// settled compares what ran with what was decided, and what was acknowledged with what is recorded.
func (p *players) settled() {
	p.Helper()
	b, err := os.ReadFile(p.path("work", "ran.txt"))
	p.ok(err)
	times, ids := map[string]int{}, map[string]bool{}
	for line := range strings.Lines(string(b)) {
		name, id, _ := strings.Cut(strings.TrimSpace(line), " ")
		times[name]++
		ids[id] = true
	}
	if len(ids) != strings.Count(string(b), "\n") {
		p.Errorf("an execution left two lines:\n%s", b)
	}
	words := map[string]int{} // step -> how often a person said to run it again
	open := map[string]bool{} // attempts that are unknown and that nobody was asked about
	asked := 0
	for _, r := range p.records("StepUnknown", "StepSettled") {
		var e struct{ Step, Attempt, As string }
		p.ok(json.Unmarshal(r.Payload, &e))
		if open[e.Step] = r.Kind == "StepUnknown"; open[e.Step] {
			asked++
			continue
		}
		words[strings.TrimPrefix(e.Step, "p1.")]++
	}
	for step, still := range open {
		if still {
			p.Errorf("%s is unknown, and the run ended without a person's word on it", step)
		}
	}
	for n := range crashSteps {
		name := fmt.Sprintf("s%d", n+1)
		if times[name] < 1 || times[name] > 1+words[name] {
			p.Errorf("%s ran %d times; people said %d times to run it again", name, times[name], words[name])
		}
	}
	approved := map[string]bool{}
	for _, r := range p.records("Approved", "Refused") {
		var e struct {
			Approval uint64 `json:"approval"`
			What     string `json:"what"`
		}
		p.ok(json.Unmarshal(r.Payload, &e))
		approved[fmt.Sprintf("A%d", e.Approval)] = true
		approved[strings.TrimPrefix(e.What, "recover approve ")] = true
	}
	var notes strings.Builder
	for _, r := range p.records("Noted") {
		notes.Write(r.Payload)
	}
	for key := range p.acked {
		if !approved[key] && !strings.Contains(notes.String(), key) {
			p.Errorf("%s was acknowledged and is not in the record", key)
		}
	}
	p.sum.mu.Lock()
	defer p.sum.mu.Unlock()
	p.sum.ran, p.sum.ask, p.sum.acked = p.sum.ran+len(ids), p.sum.ask+asked, p.sum.acked+len(p.acked)
	for _, n := range times {
		p.sum.again += n - 1
	}
}
