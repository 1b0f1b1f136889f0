package runner_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/ssh"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/runner"
	"github.com/drbot/drbot/runner/attempt"
	"github.com/drbot/drbot/secret"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
	"github.com/drbot/drbot/state/follow"
)

func TestMain(m *testing.M) {
	attempt.ReachBy(ssh.Link{})
	attempt.SupervisorMain()
	goleak.VerifyTestMain(m)
}

const text = `# Recovery

## Recovery Procedures

### Procedure 1: Database recovery

**Scenario:** the database is damaged

1. **Choose**
   ~~~bash
   echo choose
   ~~~
2. **Restore**
   ~~~bash
   echo restore
   ~~~
3. **Health**
   ~~~bash
   echo healthy
   ~~~
`

// rig is drbot without its chat: a store, commands, a runner and its loop, on a directory with real processes.
type rig struct {
	t       testing.TB
	data    string // of drbot
	target  string // directory of the target
	store   *bolt.Store
	office  *commands.Office
	secrets map[string]secret.String
	id      incident.ID
	far     incident.Far // how other hosts are reached

	runner *runner.Runner
	cancel context.CancelFunc
	done   sync.WaitGroup
}

var (
	ana = commands.Actor{Slack: "U0ANA"}
	bea = commands.Actor{Slack: "U0BEA"}
)

// newRig opens an incident whose runbook's step 1.2 runs restore; change may alter the lock before it is accepted.
func newRig(t testing.TB, restore string, change ...func(*runbook.Lock)) *rig {
	t.Helper()
	r := &rig{t: t, data: t.TempDir(), target: t.TempDir(), secrets: map[string]secret.String{"pg": secret.New("correct-horse")}}
	var err error
	if r.store, err = bolt.Open(r.data, bolt.Options{Followers: []string{runner.Name, "test"}}); err != nil {
		t.Fatal(err)
	}
	table, err := people.New([]people.Entry{
		{Name: "Ana", Email: "ana@example.com", Slack: "U0ANA", Roles: []string{"responder", "operator"}},
		{Name: "Bea", Email: "bea@example.com", Slack: "U0BEA", Roles: []string{"responder", "approver", "admin"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	book := r.book(restore, change)
	r.office = &commands.Office{
		Store: r.store, Flags: &people.Cache{}, People: func() *people.Table { return table }, Runbook: func() *runbook.Runbook { return book },
		Config: func() commands.Config {
			return commands.Config{Incident: "incident", Recover: "recover", HouseID: "CHOUSE", Secrets: []string{"pg"}, Host: "test"}
		},
	}
	for _, e := range table.All() {
		r.office.Flags.Put(e.Slack, people.Flags{Name: e.Name})
	}
	r.outcome(commands.RunbookLoaded{Runbook: book})
	r.must(r.handle(commands.Command{Verb: "runbook accept", Object: book.LockDigest, Actor: bea, Channel: "CHOUSE"}))
	reply := r.handle(commands.Command{Verb: "incident open", Actor: ana, Text: "users db is gone"})
	r.id = reply.ID
	r.outcome(commands.BindChannel{Incident: r.id, Channel: "C1", Name: "inc-1"})
	t.Cleanup(func() {
		r.stop()
		if _, err := r.store.Verify(context.Background()); err != nil {
			t.Errorf("audit: %v", err)
		}
		_ = r.store.Close()
	})
	return r
}

func (r *rig) book(restore string, change []func(*runbook.Lock)) *runbook.Runbook {
	r.t.Helper()
	rb, err := runbook.Parse([]byte(text), nil)
	if err != nil {
		r.t.Fatal(err)
	}
	entry := func(step int, risk runbook.Risk, run string) runbook.Entry {
		s := rb.Procedures[0].Steps[step-1]
		return runbook.Entry{
			ID: fmt.Sprintf("p1.s%d", step), Procedure: "p1", SourceSHA256: s.SourceSHA256, Run: run,
			Rewrites: []runbook.Rewrite{{From: s.Commands[0].Source, To: run}}, SHA256: incident.Digest([]byte(run)), Interpreter: runbook.Bash, Target: "db1", Risk: risk,
		}
	}
	choose := entry(1, runbook.Read, "echo \"PICK=$BACKUP\" >> \"$DRBOT_OUT\"\n")
	choose.Parameters = []runbook.Parameter{{Name: "BACKUP", Type: runbook.TypeChoice, From: "list"}}
	choose.List = "printf 'b1\\tverified\\t2026-11-24T02:00:00Z\\tgood\\n'\nprintf 'b2\\trejected\\t-\\thash differs\\n'\n"
	choose.Produces = []runbook.Produce{{Name: "PICK", Pattern: "b[0-9]"}}
	second := entry(2, runbook.Destructive, restore)
	second.Parameters = []runbook.Parameter{{Name: "BACKUP", Type: runbook.TypeText, From: "p1.s1.PICK"}}
	second.Precheck = "echo \"writers=0\"\n"
	second.Timeout = time.Minute
	health := entry(3, runbook.Read, "echo healthy\n")
	health.Expect = &runbook.Expect{Stdout: "healthy"}
	lock := &runbook.Lock{
		Format:  1,
		Targets: map[string]runbook.Target{"db1": {Dir: r.target, Lock: "db1", Probe: "echo host=db1\n[ ! -e name ] || echo \"name=$(cat name)\"\n"}},
		Steps:   []runbook.Entry{choose, second, health},
	}
	for _, f := range change {
		f(lock)
	}
	for k := range lock.Steps { // what runs is shown as the rewrite that it is
		for i := range lock.Steps[k].Rewrites {
			lock.Steps[k].Rewrites[i].To = lock.Steps[k].Run
		}
	}
	joined, err := rb.Join(lock.Marshal(), "/")
	if err != nil {
		r.t.Fatal(err)
	}
	return joined
}

// serve starts a runner and its loop, as a start of drbot does.
func (r *rig) serve() {
	r.t.Helper()
	made, err := runner.New(runner.Options{Store: r.store, Outcomes: r.office, Dir: r.runs(), Secrets: r.secrets, Far: r.far, Again: 100 * time.Millisecond})
	if err != nil {
		r.t.Fatal(err)
	}
	r.runner, r.office.Runs = made, made
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	if err := r.runner.Recover(ctx); err != nil {
		r.t.Fatal(err)
	}
	loop := follow.NewLoop(r.store, noTicks{}, follow.Options{}, r.runner)
	r.done.Go(func() { loop.Run(ctx) })
}

// stop leaves everything as a crash would: nothing more is told, supervisors go on.
func (r *rig) stop() {
	if r.cancel == nil {
		return
	}
	r.cancel()
	r.runner.Close()
	r.done.Wait()
	r.cancel = nil
}

func (r *rig) runs() string { return filepath.Join(r.data, "runs") }

type noTicks struct{}

func (noTicks) Tick(context.Context, incident.ID) error           { return nil }
func (noTicks) ClockStepped(context.Context, time.Duration) error { return nil }
func (noTicks) Park(_ context.Context, p follow.Parking) error {
	return fmt.Errorf("parked: %s", p.Why)
}

func (r *rig) handle(c commands.Command) commands.Reply {
	r.t.Helper()
	reply, err := r.office.Handle(r.t.Context(), c)
	if err != nil {
		r.t.Fatalf("%s: %v", c.Verb, err)
	}
	return reply
}

func (r *rig) outcome(o any) {
	r.t.Helper()
	r.handle(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: o})
}

func (r *rig) say(who commands.Actor, line string) commands.Reply {
	r.t.Helper()
	c := commands.Parse("recover", line)
	c.Actor, c.Channel = who, "C1"
	return r.handle(c)
}

func (r *rig) press(who commands.Actor, verb, object string) commands.Reply {
	r.t.Helper()
	for _, a := range r.fold().Approvals {
		if a.Name() == object {
			object += "#" + a.Mark() // as its card sends it back
		}
	}
	return r.handle(commands.Command{Verb: verb, Object: object, Actor: who, Channel: "C1"})
}

func (r *rig) must(reply commands.Reply) {
	r.t.Helper()
	if !reply.Done() {
		r.t.Fatalf("refused: %s", reply.Say.Text)
	}
}

func (r *rig) fold() *incident.Incident {
	r.t.Helper()
	i, err := r.store.Incident(context.Background(), state.Ref{ID: r.id})
	if err != nil {
		r.t.Fatal(err)
	}
	return i
}

// until waits for the run to be as wanted; every commit wakes it.
func (r *rig) until(what string, ok func(*incident.Run) bool) *incident.Run {
	r.t.Helper()
	limit := time.After(30 * time.Second)
	for {
		i := r.fold()
		if len(i.Runs) > 0 && ok(i.Runs[len(i.Runs)-1]) {
			return i.Runs[len(i.Runs)-1]
		}
		select {
		case <-r.store.Woken("test"):
		case <-limit:
			run := i.Runs[len(i.Runs)-1]
			r.t.Fatalf("never %s: %s %s, %s, %+v", what, run.State, run.Doing(), run.Why, run.Next())
		}
	}
}

func (r *rig) untilStep(step string, s incident.StepState) *incident.Run {
	r.t.Helper()
	return r.until("step "+step+" "+string(s), func(run *incident.Run) bool { return run.Step(step) != nil && run.Step(step).State == s })
}

// toApproval plans and drives the run until 1.2 waits, and gives the approval's name.
func (r *rig) toApproval() string {
	r.t.Helper()
	r.must(r.say(ana, "database BACKUP=b1"))
	r.until("read", func(run *incident.Run) bool { return run.Asking == "" })
	r.must(r.say(ana, "start"))
	run := r.untilStep("1.2", incident.StepWaits)
	return incident.ApprovalName(run.Step("1.2").Approval)
}

func (r *rig) file(name string) string { return filepath.Join(r.target, name) }

func (r *rig) write(name, content string) {
	r.t.Helper()
	if err := os.WriteFile(r.file(name), []byte(content), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// lines counts how often the restore ran: each run writes one line.
func (r *rig) lines(name string) int {
	raw, err := os.ReadFile(r.file(name))
	if err != nil {
		return 0
	}
	return strings.Count(string(raw), "\n")
}

func (r *rig) events(kind string) (found []incident.Event) {
	r.t.Helper()
	for record, err := range r.store.Records(context.Background(), r.id, 0) {
		if err != nil {
			r.t.Fatal(err)
		}
		if record.Kind != kind {
			continue
		}
		e, err := record.Event()
		if err != nil {
			r.t.Fatal(err)
		}
		found = append(found, e)
	}
	return found
}
