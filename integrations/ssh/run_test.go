package ssh

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/ssh/sshtest"
	"github.com/drbot/drbot/runner/attempt"
	"github.com/drbot/drbot/secret"
)

func TestMain(m *testing.M) {
	attempt.ReachBy(Link{})
	attempt.SupervisorMain()
	goleak.VerifyTestMain(m)
}

// rig is a far host and a folder of attempts here.
type rig struct {
	*sshtest.Server
	t    *testing.T
	ctx  context.Context
	runs string
	far  incident.Far
}

func newRig(t *testing.T) *rig {
	t.Helper()
	s := sshtest.Start(t)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	t.Cleanup(cancel)
	return &rig{
		Server: s, t: t, ctx: ctx, runs: filepath.Join(t.TempDir(), "runs"),
		far: incident.Far{Scheme: "ssh", Name: sshtest.Host, Config: s.Config, Program: program, Patience: time.Minute},
	}
}

// job is a step of a run; its script finds its own folder in $D.
func (r *rig) job(name, script string) attempt.Job {
	far := r.far
	return attempt.Job{
		Attempt: name, Run: "R1", Step: "p1.s1", Interpreter: attempt.Bash, Script: []byte(script), SHA256: incident.Digest([]byte(script)),
		Env: []incident.Var{{Name: "D", Value: r.Dir}}, Timeout: time.Minute, Grace: 300 * time.Millisecond, Far: &far,
	}
}

func (r *rig) start(j attempt.Job, secrets map[string]secret.String) {
	r.t.Helper()
	if err := attempt.Start(r.ctx, r.runs, j, secrets); err != nil {
		r.t.Fatalf("start: %v\n%s", err, r.log(j.Attempt))
	}
}

func (r *rig) wait(name string) attempt.Result {
	r.t.Helper()
	result, err := attempt.Wait(r.ctx, r.runs, name)
	if err != nil {
		r.t.Fatalf("wait: %v\n%s", err, r.log(name))
	}
	return result
}

func (r *rig) log(name string) string { return r.text(filepath.Join(r.runs, name, "supervisor.log")) }

func (r *rig) output(name string) string { return r.text(filepath.Join(r.runs, name, "output")) }

func (r *rig) text(path string) string {
	raw, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.t.Fatal(err)
	}
	return string(raw)
}

// gate makes the pipe on which a script waits: "read -r _ <$D/gate".
func (r *rig) gate() {
	r.t.Helper()
	if err := syscall.Mkfifo(filepath.Join(r.Dir, "gate"), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// arrived waits until a script stands at the gate and gives what opens it.
func (r *rig) arrived() *os.File {
	r.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for r.ctx.Err() == nil {
		gate, err := os.OpenFile(filepath.Join(r.Dir, "gate"), os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err == nil {
			return gate
		}
		<-tick.C
	}
	r.t.Fatal("the script never came to its gate")
	return nil
}

// until asks again and again.
func (r *rig) until(what string, holds func() bool) {
	r.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-r.ctx.Done():
			r.t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

func open(gate *os.File) { _, _ = gate.WriteString("go\n"); _ = gate.Close() }

const counted = "echo begun | tee -a $D/count\nread -r _ <$D/gate\necho done\n"

func (r *rig) once() {
	r.t.Helper()
	if got := r.text(filepath.Join(r.Dir, "count")); got != "begun\n" {
		r.t.Errorf("it ran %d times", strings.Count(got, "begun"))
	}
}

func TestRunsThere(t *testing.T) {
	r := newRig(t)
	j := r.job("ok", "echo \"$WHO has $PASS\"; echo \"N=7\" >$DRBOT_OUT; echo oops >&2; exit 3")
	j.Env = append(j.Env, incident.Var{Name: "WHO", Value: "-ana $(id) 'q'\nline"})
	j.Secrets, j.Produces, j.Expect = []string{"PASS"}, []string{"N"}, &attempt.Expect{Exit: []int{3}}
	r.start(j, map[string]secret.String{"PASS": secret.New("hush-hush-1"), "configured/else": secret.New("never-sent-2")})
	got := r.wait("ok")
	if got.Outcome != attempt.Succeeded || got.Exit != 3 || got.Produced["N"] != "7" || got.OutputError != "" {
		t.Fatalf("%+v\n%s", got, r.log("ok"))
	}
	out := r.output("ok")
	if !strings.Contains(out, "-ana $(id) 'q'\nline has ") || !strings.Contains(out, "oops\n") || strings.Contains(out, "hush") {
		t.Errorf("output %q", out)
	}
	if got.OutputSHA256 != incident.Digest([]byte(out)) || got.OutputBytes != int64(len(out)) || got.KeptBytes != int64(len(out)) {
		t.Errorf("%d bytes, sha256 %s of %q", got.OutputBytes, got.OutputSHA256, out)
	}
	// No secret rests there, and none that the step has not been given went there.
	err := filepath.WalkDir(r.State, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if text := r.text(path); strings.Contains(text, "hush-hush-1") || strings.Contains(text, "never-sent-2") {
				t.Errorf("%s holds a secret", path)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestI32_AFailureThereIsOneHere(t *testing.T) {
	r := newRig(t)
	r.start(r.job("bad", "false | true; echo not reached"), nil)
	if got := r.wait("bad"); got.Outcome != attempt.Failed || got.Exit != 1 || r.output("bad") != "" {
		t.Errorf("%+v", got)
	}
}

func TestI2_OtherBytesDoNotStartThere(t *testing.T) {
	r := newRig(t)
	j := r.job("other", "echo x >$D/ran")
	j.SHA256 = incident.Digest([]byte("echo y"))
	err := attempt.Start(r.ctx, r.runs, j, nil)
	if err == nil {
		if got := r.wait("other"); got.Outcome != attempt.NotStarted || !strings.Contains(got.Why, "approved was") {
			t.Errorf("%+v", got)
		}
	}
	if r.text(filepath.Join(r.Dir, "ran")) != "" {
		t.Error("it ran")
	}
}

func TestI38_NothingOfAStepShowsInTheProcessList(t *testing.T) {
	r := newRig(t)
	r.gate()
	j := r.job("quiet", "read -r _ <$D/gate # script-marker-7")
	j.Env = append(j.Env, incident.Var{Name: "V", Value: "value-marker-8"})
	j.Secrets = []string{"PASS"}
	r.start(j, map[string]secret.String{"PASS": secret.New("secret-marker-9")})
	gate := r.arrived()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		raw, _ := os.ReadFile(path) // it may have ended
		for _, marker := range []string{"script-marker-7", "value-marker-8", "secret-marker-9"} {
			if strings.Contains(string(raw), marker) {
				t.Errorf("%s shows %s", path, marker)
			}
		}
	}
	open(gate)
	if got := r.wait("quiet"); got.Outcome != attempt.Succeeded {
		t.Errorf("%+v", got)
	}
}

func TestI26_ALostConnectionIsMadeAgain(t *testing.T) {
	r := newRig(t)
	r.gate()
	r.start(r.job("cut", counted), nil)
	gate := r.arrived()
	for n := range 3 {
		if r.Cut() == 0 {
			t.Fatalf("no session to cut, %d", n)
		}
		r.until("connected again", func() bool { return r.Sessions() > 0 })
	}
	open(gate)
	got := r.wait("cut")
	if got.Outcome != attempt.Succeeded || r.output("cut") != "begun\ndone\n" {
		t.Errorf("%+v %q\n%s", got, r.output("cut"), r.log("cut"))
	}
	r.once()
}

func TestI26_WithoutAConnectionItIsUnknownUntilItIsFoundAgain(t *testing.T) {
	r := newRig(t)
	r.gate()
	r.far.Patience = 1500 * time.Millisecond
	r.start(r.job("lost", counted), nil)
	gate := r.arrived()
	r.until("its first line came", func() bool { return r.output("lost") != "" })
	r.Stop()
	got := r.wait("lost")
	if got.Outcome != attempt.Unknown || !strings.Contains(got.Why, "no connection to db1") || !strings.Contains(got.Why, "refuses") || !strings.Contains(got.Why, "may still run") {
		t.Fatalf("%+v", got)
	}
	status, err := attempt.Inspect(r.runs, "lost")
	if err != nil || status.State != attempt.StateUnknown || status.Far != "db1" {
		t.Fatalf("%+v %v", status, err)
	}
	if err := attempt.Reattach(r.ctx, r.runs, "lost", nil); err == nil {
		t.Error("attached to a host that is down")
	}
	if r.output("lost") != "begun\n" {
		t.Errorf("what was known of the output is gone: %q", r.output("lost"))
	}
	r.Launch(t)
	for range 2 { // twice is once
		if err := attempt.Reattach(r.ctx, r.runs, "lost", nil); err != nil {
			t.Fatal(err)
		}
	}
	open(gate)
	if got := r.wait("lost"); got.Outcome != attempt.Succeeded || r.output("lost") != "begun\ndone\n" {
		t.Errorf("%+v %q", got, r.output("lost"))
	}
	if err := attempt.Reattach(r.ctx, r.runs, "lost", nil); err != nil {
		t.Errorf("an ended one is found too: %v", err)
	}
	r.once()
}

func TestI26_ASupervisorHereThatIsKilledLosesNothing(t *testing.T) {
	r := newRig(t)
	r.gate()
	r.start(r.job("killed", counted), nil)
	gate := r.arrived()
	kill(t, r.runs, "killed")
	got := r.wait("killed")
	if got.Outcome != attempt.Unknown || !strings.Contains(got.Why, "on db1 it may still run") {
		t.Fatalf("%+v", got)
	}
	open(gate)
	if err := attempt.Reattach(r.ctx, r.runs, "killed", nil); err != nil {
		t.Fatal(err)
	}
	if got := r.wait("killed"); got.Outcome != attempt.Succeeded || r.output("killed") != "begun\ndone\n" {
		t.Errorf("%+v %q", got, r.output("killed"))
	}
	r.once()
}

func TestI26_WhatNeverArrivedNeverStarts(t *testing.T) {
	r := newRig(t)
	r.start(r.job("gone", "echo x >>$D/ran"), nil)
	r.wait("gone")
	// As if the connection had been cut after the claim here and before the job arrived there.
	if err := errors.Join(os.Remove(filepath.Join(r.runs, "gone", "exit.json")), os.RemoveAll(r.State)); err != nil {
		t.Fatal(err)
	}
	if err := attempt.Reattach(r.ctx, r.runs, "gone", nil); err != nil {
		t.Fatal(err)
	}
	if got := r.wait("gone"); got.Outcome != attempt.NotStarted {
		t.Errorf("%+v", got)
	}
	if r.text(filepath.Join(r.Dir, "ran")) != "x\n" {
		t.Error("attaching ran it again")
	}
}

func TestI30_CancelEndsEverythingThere(t *testing.T) {
	for _, cut := range []bool{false, true} {
		t.Run(fmt.Sprintf("connection cut %v", cut), func(t *testing.T) {
			r := newRig(t)
			r.gate()
			r.start(r.job("stop", "trap '' TERM\nsetsid sleep 4711 & echo $! >$D/pid\nread -r _ <$D/gate\n"), nil)
			gate := r.arrived()
			defer func() { _ = gate.Close() }()
			if cut {
				r.Cut()
			}
			if err := attempt.Cancel(r.ctx, r.runs, "stop", "wrong host"); err != nil {
				t.Fatal(err)
			}
			if got := r.wait("stop"); got.Outcome != attempt.Cancelled || got.Why != "wrong host" {
				t.Errorf("%+v\n%s", got, r.log("stop"))
			}
			pid := strings.TrimSpace(r.text(filepath.Join(r.Dir, "pid")))
			if _, err := os.Stat("/proc/" + pid); pid == "" || err == nil {
				t.Errorf("process %s is still there", pid)
			}
		})
	}
}

func TestI31_TheLimitHoldsThereWithoutAConnection(t *testing.T) {
	r := newRig(t)
	r.gate()
	j := r.job("slow", "sleep 4712 & echo $! >$D/pid\nread -r _ <$D/gate\n")
	j.Timeout = 1500 * time.Millisecond
	r.start(j, nil)
	gate := r.arrived()
	defer func() { _ = gate.Close() }()
	r.Stop()
	pid := strings.TrimSpace(r.text(filepath.Join(r.Dir, "pid")))
	r.until("ended at its limit", func() bool { _, err := os.Stat("/proc/" + pid); return err != nil })
	r.Launch(t)
	if got := r.wait("slow"); got.Outcome != attempt.TimedOut {
		t.Errorf("%+v", got)
	}
}

func TestI31_ALongerLimitIsPassedOn(t *testing.T) {
	r := newRig(t)
	r.gate()
	j := r.job("longer", counted)
	j.Timeout = 2 * time.Second
	r.start(j, nil)
	gate := r.arrived()
	if err := attempt.Extend(r.ctx, r.runs, "longer", time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	limit := time.NewTimer(3 * time.Second)
	defer limit.Stop()
	<-limit.C
	open(gate)
	if got := r.wait("longer"); got.Outcome != attempt.Succeeded || len(got.Extended) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestI39_BulkComesWholeOrCounted(t *testing.T) {
	r := newRig(t)
	r.start(r.job("bulk", "head -c 8000000 /dev/zero | tr '\\0' 'x'"), nil)
	if got := r.wait("bulk"); got.OutputBytes != 8000000 || got.KeptBytes != 8000000 || got.OutputError != "" {
		t.Errorf("%+v", got)
	}
	j := r.job("cutoff", "head -c 3000000 /dev/zero | tr '\\0' 'x'")
	j.OutputLimit = 1000000
	r.start(j, nil)
	if got := r.wait("cutoff"); got.OutputBytes != 3000000 || got.KeptBytes != 1000000 || got.OutputSHA256 != incident.Digest([]byte(strings.Repeat("x", 3000000))) {
		t.Errorf("%+v", got)
	}
}

func TestAReadingLeavesNothingThere(t *testing.T) {
	r := newRig(t)
	j := r.job("read-1", attempt.WhoScript)
	j.Run, j.Step = "", ""
	r.start(j, nil)
	if got := r.wait("read-1"); got.Outcome != attempt.Succeeded || !strings.Contains(r.output("read-1"), "remote host=") {
		t.Errorf("%+v %q", got, r.output("read-1"))
	}
	r.until("its folder there is gone", func() bool {
		left, _ := filepath.Glob(filepath.Join(r.State, "drbot/remote/*"))
		return len(left) == 0
	})
}

// The other host goes down with everything: there is a claim, no record and no supervisor, so nobody knows, for good.
func TestI26_AHostThatWentDownLeavesItUnknown(t *testing.T) {
	r := newRig(t)
	r.gate()
	r.start(r.job("down", counted), nil)
	gate := r.arrived()
	defer func() { _ = gate.Close() }()
	there, err := filepath.Glob(filepath.Join(r.State, "drbot/remote/*"))
	if err != nil || len(there) != 1 {
		t.Fatal(there, err)
	}
	kill(t, filepath.Dir(there[0]), filepath.Base(there[0]))
	got := r.wait("down")
	if got.Outcome != attempt.Unknown || !strings.Contains(got.Why, "on db1: ") {
		t.Errorf("%+v", got)
	}
	if status, err := attempt.Inspect(r.runs, "down"); err != nil || status.State == attempt.StateUnknown {
		t.Errorf("it is looked for again: %+v %v", status, err)
	}
	r.once()
}
