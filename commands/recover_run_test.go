package commands_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
)

const procedureText = `# Recovery

## Recovery Procedures

### Procedure 1: Database recovery

**Scenario:** the users database is damaged

1. **Assess damage**
   ~~~bash
   echo damaged
   ~~~
2. **Choose the backup**
   ~~~bash
   echo "PICK=$BACKUP"
   ~~~
3. **Rotate the log**
   ~~~bash
   touch rotated
   ~~~
4. **Restore**
   ~~~bash
   rm -rf -- "$QUARANTINE"
   ~~~
5. **Tell support**

   Call them and wait for their answer.
6. **Health**
   ~~~bash
   echo healthy
   ~~~

### Procedure 2: Cache recovery

**Scenario:** the cache is empty

1. **Warm it**

   Open the front page.
`

// recovery gives an office whose runbook has procedures with a lock that Chen accepted.
func recovery(t testing.TB, change ...func(*runbook.Lock)) *office {
	t.Helper()
	o := opened(t)
	o.book = procedures(t, change...)
	o.conf.Procedures = map[string][]string{"Database corruption": {"p1"}}
	o.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: commands.RunbookLoaded{Runbook: o.book}})
	o.accept()
	return o
}

func (o *office) accept() {
	o.t.Helper()
	if o.book.Lock == nil || len(o.book.Lock.Digests()) == 0 {
		return
	}
	if reply := o.do(commands.Command{Verb: "runbook accept", Object: o.book.LockDigest, Actor: chen, Channel: "CHOUSE"}); !reply.Done() {
		o.t.Fatalf("accept: %+v", reply)
	}
}

// procedures is the small runbook of the other tests, with recovery procedures and their lock.
func procedures(t testing.TB, change ...func(*runbook.Lock)) *runbook.Runbook {
	t.Helper()
	rb, err := runbook.Parse([]byte(procedureText), nil)
	if err != nil {
		t.Fatal(err)
	}
	lock := &runbook.Lock{Format: 1, Targets: map[string]runbook.Target{
		"db1": {Dir: "/srv/db1", Lock: "db1", Probe: "echo host=db1"},
	}}
	entry := func(step int, risk runbook.Risk, run string) runbook.Entry {
		s := rb.Procedures[0].Steps[step-1]
		return runbook.Entry{
			ID: fmt.Sprintf("p1.s%d", step), Procedure: "p1", Title: s.Title, SourceSHA256: s.SourceSHA256, Run: run, SHA256: runbookDigest(run),
			Rewrites: []runbook.Rewrite{{From: s.Commands[0].Source, To: run}}, Interpreter: runbook.Bash, Target: "db1", Risk: risk,
		}
	}
	assess := entry(1, runbook.Read, "echo damaged\n")
	pick := entry(2, runbook.Read, "echo \"PICK=$BACKUP\"\n")
	pick.List, pick.Produces = "echo list", []runbook.Produce{{Name: "PICK", Pattern: "backup_[0-9]+"}}
	pick.Parameters = []runbook.Parameter{{Name: "BACKUP", Type: runbook.TypeChoice, From: "list", Label: "Backup"}}
	rotate := entry(3, runbook.Change, "touch rotated\n")
	restore := entry(4, runbook.Destructive, "rm -rf -- \"$QUARANTINE\"\n")
	restore.Parameters = []runbook.Parameter{
		{Name: "QUARANTINE", Type: runbook.TypeText, From: "run.id"}, {Name: "FROM_BACKUP", Type: runbook.TypeText, From: "p1.s2.PICK", Pattern: "backup_[0-9]+"},
	}
	restore.Precheck, restore.Undo, restore.OnFailure, restore.Leaves, restore.Closes = "echo writers=0", "p1.s4u", "undo", "backup in place", []string{"Data set aside"}
	undo := runbook.Entry{
		ID: "p1.s4u", Procedure: "p1", UndoOf: "p1.s4", Title: "Move the old files back", Run: "mv back\n", SHA256: runbookDigest("mv back\n"), Interpreter: runbook.Bash,
		Target: "db1", Risk: runbook.Destructive,
	}
	health := entry(6, runbook.Read, "echo healthy\n")
	lock.Steps = []runbook.Entry{assess, pick, rotate, restore, undo, health}
	for _, f := range change {
		f(lock)
	}
	joined, err := rb.Join(lock.Marshal(), "/srv")
	if err != nil {
		t.Fatal(err)
	}
	small := book()
	joined.Severities, joined.IncidentTypes, joined.RTO, joined.RPO = small.Severities, small.IncidentTypes, small.RTO, small.RPO
	joined.Checklist, joined.Review = small.Checklist, small.Review
	return joined
}

func runbookDigest(s string) string { return incident.Digest([]byte(s)) }

// entryOf finds an entry to change.
func entryOf(l *runbook.Lock, id string) *runbook.Entry {
	for k := range l.Steps {
		if l.Steps[k].ID == id {
			return &l.Steps[k]
		}
	}
	return nil
}

// rig is one incident whose run a test drives, with itself as the runner.
type rig struct {
	*office
	id      incident.ID
	channel string
	host    string // what the probe says
	fails   string // what the reads fail with
}

func (o *office) rig() *rig {
	o.t.Helper()
	id, channel := o.begin("Database corruption: users db is gone")
	return &rig{office: o, id: id, channel: channel, host: "db1"}
}

func (r *rig) fold() *incident.Incident { return r.read(r.id) }

func (r *rig) run() *incident.Run {
	r.t.Helper()
	run := r.fold().LiveRun()
	if run == nil {
		r.t.Fatal("no live run")
	}
	return run
}

func (r *rig) next() *incident.Step {
	r.t.Helper()
	s := r.run().Next()
	if s == nil {
		r.t.Fatal("no step left")
	}
	return s
}

func (r *rig) say(who commands.Actor, line string) commands.Reply {
	r.t.Helper()
	return r.typed(who, r.channel, line)
}

func (r *rig) press(who commands.Actor, verb, object string, fields ...string) commands.Reply {
	r.t.Helper()
	c := commands.Command{Verb: verb, Object: r.marked(object), Actor: who, Channel: r.channel}
	for k := 0; k+1 < len(fields); k += 2 {
		if c.Fields == nil {
			c.Fields = map[string][]string{}
		}
		c.Fields[fields[k]] = []string{fields[k+1]}
	}
	return r.do(c)
}

// marked is what the card of an approval sends back; another object is as it is.
func (r *rig) marked(object string) string {
	for _, a := range r.fold().Approvals {
		if a.Name() == object {
			return object + "#" + a.Mark()
		}
	}
	return object
}

// backups is what the listing finds.
var backups = []incident.Choice{
	{Value: "backup_1", State: "verified", TakenAt: time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC), Note: "2000 users"},
	{Value: "backup_2", State: "unverified", TakenAt: time.Date(2026, 11, 24, 2, 30, 0, 0, time.UTC)},
	{Value: "backup_3", State: "rejected", TakenAt: time.Date(2026, 11, 24, 2, 50, 0, 0, time.UTC), Note: "hash differs"},
}

// answer answers the newest question to the runner.
func (r *rig) answer() {
	r.t.Helper()
	run := r.run()
	if run.Asking == "" {
		r.t.Fatalf("nothing is asked: %s", run.Doing())
	}
	e := incident.ReadsDone{Run: run.N, For: run.Asking, Ask: run.Ask, Identity: map[string]map[string]string{"db1": {"host": r.host}}, Failure: r.fails}
	if run.Asking == incident.ReadForPlan {
		e.Choices = map[string][]incident.Choice{"BACKUP": backups}
	} else {
		e.Step, e.Facts = run.Next().ID, []incident.Fact{{Name: "writers", Value: "0"}}
	}
	r.report(fmt.Sprintf("reads/%d/%d", run.N, run.Ask), e)
}

func (r *rig) report(key string, e incident.Event) {
	r.t.Helper()
	if err := r.Report(r.t.Context(), r.id, key, e); err != nil {
		r.t.Fatal(err)
	}
}

// ended says how the active step ended.
func (r *rig) ended(outcome string, produced map[string]string) {
	r.t.Helper()
	run, s := r.run(), r.next()
	if !s.State.Active() {
		r.t.Fatalf("step %s is %s, not running", s.Number, s.State)
	}
	r.report("started/"+s.Attempt, incident.StepStarted{Run: run.N, Step: s.ID, Attempt: s.Attempt})
	r.report("ended/"+s.Attempt, incident.StepEnded{Run: run.N, Step: s.ID, Attempt: s.Attempt, Outcome: outcome, Produced: produced, Started: r.clock(), Ended: r.clock()})
}

// plan drafts procedure 1 with the verified backup, read and ready to start.
func (r *rig) plan() {
	r.t.Helper()
	reply := r.say(ana, "/recover database")
	if !reply.Done() || reply.Form == nil || reply.Form.ID != "R1" {
		r.t.Fatalf("plan: %+v", reply)
	}
	r.answer()
	if reply := r.press(ana, "recover choose", r.run().Name(), "BACKUP", "backup_1"); !reply.Done() {
		r.t.Fatalf("choose: %+v", reply)
	}
}

// toApproval drives the run until the restore waits for its approval, and gives its name.
func (r *rig) toApproval() string {
	r.t.Helper()
	r.plan()
	r.must(r.say(ana, "/recover start"))
	r.answer() // 1.1
	r.ended(incident.Succeeded, nil)
	r.answer()
	r.ended(incident.Succeeded, map[string]string{"PICK": "backup_1"})
	r.must(r.press(ana, "recover confirm", r.run().Name()+"/p1.s3"))
	r.answer()
	r.ended(incident.Succeeded, nil)
	r.answer() // for the approval of 1.4
	s := r.next()
	if s.State != incident.StepWaits {
		r.t.Fatalf("%s: %s", s.State, r.run().Why)
	}
	return incident.ApprovalName(s.Approval)
}

func (r *rig) must(reply commands.Reply) {
	r.t.Helper()
	if !reply.Done() {
		r.t.Fatalf("refused: %s %v", reply.Say.Text, reply.Errors)
	}
}

// refused wants a refusal of a kind that holds some words.
func (r *rig) refused(reply commands.Reply, kind incident.Kind, words string) {
	r.t.Helper()
	if reply.Kind != kind || !strings.Contains(reply.Say.Text, words) {
		r.t.Fatalf("wanted %s %q, got %+v", kind, words, reply)
	}
}

func TestRunFromPlanToEnd(t *testing.T) {
	r := recovery(t).rig()
	a := r.toApproval()
	r.must(r.press(bea, "recover approve", a))
	r.answer() // identity once more
	r.ended(incident.Succeeded, nil)
	if it := r.fold().Item("c2"); it.State != "done" || !it.By.Same(incident.Bot) {
		t.Errorf("the checklist item of the step: %+v", it)
	}
	if s := r.next(); s.State != incident.StepHand || s.Number != "1.5" {
		t.Fatalf("%s %s", s.Number, s.State)
	}
	reply := r.press(ana, "recover hand", "R1/"+r.next().ID)
	if reply.Form == nil {
		t.Fatalf("%+v", reply)
	}
	r.must(r.press(ana, "recover hand", reply.Form.Object, "did", "called", "saw", "they know"))
	r.answer()
	r.ended(incident.Succeeded, nil)
	run := r.fold().Runs[0]
	if run.State != incident.Ended || run.How != incident.EndDone {
		t.Fatalf("%s %s", run.State, run.How)
	}
	if run.Values["p1.s2.PICK"] != "backup_1" || run.Choices["BACKUP"][0].Value != "backup_1" || len(run.Choices["BACKUP"]) != 1 {
		t.Errorf("values %v, choices %v", run.Values, run.Choices)
	}
	if err := r.refolded(r.id); err != nil {
		t.Error(err)
	}
}

func TestApprovalTextIsWhatTheDigestIsOf(t *testing.T) {
	r := recovery(t).rig()
	a := r.toApproval()
	text, err := r.ApprovalText(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`QUARANTINE = "R1"`, `FROM_BACKUP = "backup_1"`, `"host" = "db1"`, `rm -rf -- "$QUARANTINE"`} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
	if incident.Digest([]byte(text)) != r.fold().Approvals[0].Digest {
		t.Error("the digest is of another text")
	}
	terminal := commands.Actor{Unix: "bea"}
	r.refused(r.do(commands.Command{Verb: "recover approve", Object: a, Actor: terminal}), incident.BadInput, "eight digits")
	wrong := commands.Command{Verb: "recover approve", Object: a, Actor: terminal, Fields: map[string][]string{"sha256": {"00000000"}}}
	r.refused(r.do(wrong), incident.BadInput, "is not the sha256")
	right := commands.Command{Verb: "recover approve", Object: a, Actor: terminal, Fields: map[string][]string{"sha256": {incident.Digest([]byte(text))[:8]}}}
	r.must(r.do(right))
}

func TestPlanFormAsksAndChecks(t *testing.T) {
	r := recovery(t).rig()
	if reply := r.say(ana, "/recover recovery"); len(reply.Say.Blocks) != 2 {
		t.Fatalf("two procedures hold the word: %+v", reply)
	}
	if reply := r.say(ana, "/recover kubernetes"); !strings.Contains(reply.Say.Text, "Database recovery") {
		t.Fatalf("no procedure: the list: %+v", reply)
	}
	r.must(r.say(ana, "/recover database"))
	form, err := r.PlanForm(t.Context(), "R1")
	if err != nil || len(form.Fields) != 0 || len(form.Intro) == 0 {
		t.Fatalf("while reading: %+v, %v", form, err)
	}
	if reply := r.press(ana, "recover choose", "R1", "BACKUP", "backup_1"); reply.Errors["BACKUP"] == "" {
		t.Fatalf("nothing is read yet: %+v", reply)
	}
	r.answer()
	form, err = r.PlanForm(t.Context(), "R1")
	if err != nil || len(form.Fields) != 2 || form.Fields[0].Value != "backup_1" || len(form.Fields[0].Options) != 2 || !strings.Contains(form.Fields[0].Hint, "hash differs") {
		t.Fatalf("%+v, %v", form, err)
	}
	if label := form.Fields[0].Options[0].Label; label != "02:00 UTC, verified, loses 58 min" {
		t.Errorf("%q", label)
	}
	for value, at := range map[string]string{"backup_3": "BACKUP", "backup_9": "BACKUP", "": "BACKUP", "backup_2": "BACKUP.reason", "-rf": "BACKUP", "a\nb": "BACKUP"} {
		if reply := r.press(ana, "recover choose", "R1", "BACKUP", value); reply.Errors[at] == "" {
			t.Errorf("%q: %+v", value, reply)
		}
	}
	if r.run().Values["BACKUP"] != "" {
		t.Error("a wrong value was kept")
	}
	r.refused(r.say(ana, "/recover start"), incident.BadInput, "Not chosen yet: Backup.")
	r.must(r.press(ana, "recover choose", "R1", "BACKUP", "backup_2", "BACKUP.reason", "the newest that opens"))
	if run := r.run(); run.N != 1 || run.Reasons["BACKUP"] == "" || run.Asking != "" {
		t.Errorf("the same draft, read once: %+v", run)
	}
	r.must(r.say(ana, "/recover start"))
}

func TestTypedValuesAreCheckedBeforeTheStart(t *testing.T) {
	r := recovery(t).rig()
	r.refused(r.say(ana, "/recover plan database NOPE=1"), incident.BadInput, "takes no value NOPE")
	r.must(r.say(ana, `/recover plan database BACKUP=backup_3`))
	r.answer()
	r.refused(r.say(ana, "/recover start"), incident.BadInput, "rejected: hash differs")
	r.must(r.say(ana, `/recover plan BACKUP=backup_2`))
	r.answer()
	r.refused(r.say(ana, "/recover start"), incident.BadInput, "not verified")
	r.must(r.say(ana, `/recover plan BACKUP=backup_2 BACKUP.reason="no other opens"`))
	r.answer()
	r.must(r.say(ana, "/recover start"))
}
