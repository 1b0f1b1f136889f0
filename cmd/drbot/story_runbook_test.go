package main

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
)

// The stories of a runbook that is edited, decided, signed and loaded while people work.

// forked is a runbook with a choice, a condition and a call.
const forked = "# Recovery\n\n" +
	"## Procedure 1: Restart\n\n**Scenario:** it hangs\n\n**Steps:**\n\n" +
	"1. **Look.**\n    ```bash\n    echo all is there\n    ```\n\n" +
	"2. **Stop where it runs.**\n    ```bash\n    # Kubernetes\n    echo kubernetes >> ran.txt\n    # Systemd\n    echo systemd >> ran.txt\n    ```\n\n" +
	"3. **Clear the cache (if necessary).**\n    ```bash\n    echo cleared >> ran.txt\n    ```\n\n" +
	"4. **Tell the hoster (if necessary).** Call them.\n\n" +
	"5. **Follow Procedure 2.**\n\n" +
	"## Procedure 2: Configuration\n\n**Scenario:** it is wrong\n\n**Steps:**\n\n1. **Look.**\n    ```bash\n    echo config\n    ```\n"

// publish puts a Markdown and its lock, with every question answered, into the town's folder.
func (w *town) publish(markdown string, change ...func(*runbook.Lock)) {
	w.Helper()
	rb, err := runbook.Parse([]byte(markdown), nil)
	w.ok(err)
	lock, _ := runbook.Compile(rb, &runbook.Lock{Format: 1, Targets: map[string]runbook.Target{"db1": {Host: "local", Dir: "./work", Path: "/usr/bin:/bin"}}})
	for k := range lock.Steps {
		lock.Steps[k].Decide = nil
	}
	for _, f := range change {
		f(lock)
	}
	w.ok(os.WriteFile(w.path("RUNBOOK.md"), []byte(markdown), 0o600))
	w.ok(os.WriteFile(w.path("RUNBOOK.lock.yaml"), lock.Marshal(), 0o600))
}

// TestChoiceConditionAndCall: the form asks which branch runs and that one alone does; a step that may not be necessary waits
// for its answer; a step that names a procedure offers it, once this run is over.
func TestChoiceConditionAndCall(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	w.publish(forked)
	w.up()
	room := w.open(w.ana, "users gone")
	w.say(w.ana, room, "/recover restart")
	w.fill(w.ana, "Plan recovery", map[string]any{"p1.s2": "p1.s2b"})
	w.expect(w.ana, room, "R1 · Restart", "1.2 Stop where it runs: Systemd", "1.3 Clear the cache", "asks first (if necessary)")
	w.press(w.ana, room, "recover.start")
	w.press(w.ana, room, "recover.confirm", "step 1.2 changes something", "echo systemd")
	w.press(w.ana, room, "recover.needed", "Is 1.3 Clear the cache", "if necessary", "echo cleared")
	w.press(w.ana, room, "recover.confirm", "step 1.3 changes something")
	w.press(w.ana, room, "recover.notneeded", "Is 1.4 Tell the hoster")
	w.fill(w.ana, "1.4 is not needed", map[string]any{"reason": "they called us"})
	w.expect(w.ana, room, "⏭ 1.4 Tell the hoster", "not needed, says @Ana Ruiz: they called us")
	w.button(w.ana, room, "recover.plan", "5 Follow Procedure 2", "Runs are not nested")
	w.press(w.ana, room, "recover.hand", "1.5 Follow Procedure 2")
	w.fill(w.ana, "Step 1.5", map[string]any{"saw": "planned next"})
	v := w.awaitRun(1, "ended")
	if w.ran("systemd") != 1 || w.ran("kubernetes") != 0 || w.ran("cleared") != 1 {
		t.Errorf("systemd ran %d times, kubernetes %d, the cache was cleared %d times", w.ran("systemd"), w.ran("kubernetes"), w.ran("cleared"))
	}
	if r := v.Runs[0]; r.Branches["p1.s2"] != "p1.s2b" || stepState(v, "1.4") != "not needed" {
		t.Errorf("%+v", r)
	}
	w.press(w.ana, room, "recover.plan", "R1 · Restart", "Done")
	w.expect(w.ana, room, "R2 · Configuration")
	if asked, said := len(w.records("ConditionAsked")), len(w.records("ConditionAnswered")); asked != 2 || said != 2 {
		t.Errorf("%d conditions were asked, %d answered", asked, said)
	}
	w.audited()
}

var pid = regexp.MustCompile(`msg=ready .*pid=(\d+)`)

// reread makes the drbot of another process read its runbook again, as `systemctl reload` does, and waits for what it says.
func (w *town) reread(says string) {
	w.Helper()
	m := pid.FindStringSubmatch(w.life.log())
	if m == nil {
		w.Fatal("no process of its own")
	}
	n, err := strconv.Atoi(m[1])
	w.ok(err)
	w.ok(syscall.Kill(n, syscall.SIGHUP))
	w.until("it read the runbook again: "+says, func() bool { return strings.Contains(w.life.log(), says) })
}

// TestI4_I5_OneCharacterEdited: one character of one command changes while a run waits for its approval. The run goes on with
// the bytes that were approved; in every later plan that step alone is text, everywhere and with the reason; the lock that
// brings it back is accepted by its difference in words.
func TestI4_I5_OneCharacterEdited(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	w.spawn()
	w.linked()
	w.accept(w.bea)
	room := w.open(w.ana, "Database corruption: users gone")
	w.start(w.ana, room, "rescue")
	w.press(w.ana, room, "recover.confirm", "step 1.2")
	w.button(w.bea, room, "recover.approve", "Approve step 1.3")

	edited := strings.Replace(small().markdown(), "echo did restore", "echo did restorE", 1)
	w.ok(os.WriteFile(w.path("RUNBOOK.md"), []byte(edited), 0o600))
	w.reread("Every entry of the lock is accepted. Text, which drbot does not run until it was compiled, reviewed and accepted: 1.3 Restore (changed since review).")
	w.press(w.bea, room, "recover.approve", "Approve step 1.3", "echo did restore")
	w.press(w.ana, room, "recover.hand", "Call the hoster")
	w.fill(w.ana, "Step 1.4", map[string]any{"saw": "fine"})
	w.awaitRun(1, "ended")
	if w.ran("restore") != 1 {
		t.Error("the run did not go on with what was approved")
	}

	w.answers(w.ana, room, "/recover list", "Rescue", "1 step changed since review")
	w.say(w.ana, room, "/recover rescue")
	w.expect(w.ana, room, "R2 · Rescue", "1.3 Restore", "by hand: changed since review", "1.2 Put the banner up · needs a confirmation")
	w.say(w.ana, room, "/recover start")
	w.press(w.ana, room, "recover.confirm", "R2", "step 1.2")
	w.button(w.ana, room, "recover.hand", "1.3 Restore", "drbot does not run it: changed since review", "restorE")
	if n := w.ran("banner"); n != 2 {
		t.Errorf("the other steps do not run: %d", n)
	}
	if code, out, _ := w.drbot("check", "--offline"); !strings.Contains(out, "Step 1.3 Restore does not run: changed since review") || !strings.Contains(out, "3 of 5 steps can run") {
		t.Errorf("check: exit %d: %s", code, out)
	}
	if _, out, _ := w.drbot("runbook", "show"); !strings.Contains(out, "1.3  Restore [executable, changed since review]") {
		t.Errorf("at the terminal: %s", out)
	}

	if code, _, errs := w.drbot("runbook", "compile"); code != 0 {
		t.Fatal(errs)
	}
	src, err := os.ReadFile(w.path("RUNBOOK.lock.yaml"))
	w.ok(err)
	lock, err := runbook.ReadLock(src)
	w.ok(err)
	e := entry(lock, "p1.s3")
	e.Decide, e.Approvals = nil, &runbook.Approvals{Need: 2}
	w.ok(os.WriteFile(w.path("RUNBOOK.lock.yaml"), lock.Marshal(), 0o600))
	w.reread("1 lock entry waits")
	w.button(w.chen, "drbot", "runbook.accept", "1.3 Restore: command changed, risk stays destructive, approvals 1 -> 2", "restorE")
	w.answers(w.ana, room, "/recover list", "1 step not accepted yet")
	w.audited()
}

// TestI5_ASignatureAcceptsTheLock: an approver's SSH signature beside the lock is their acceptance, for these bytes alone.
func TestI5_ASignatureAcceptsTheLock(t *testing.T) {
	t.Parallel()
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("ssh-keygen is not on this machine")
	}
	w := settle(t, small())
	w.extra = "signers: ./allowed_signers\n"
	w.configure()
	key := func(name string) string {
		out, err := exec.Command(keygen, "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", w.path(name)).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		public, err := os.ReadFile(w.path(name + ".pub"))
		w.ok(err)
		return string(public)
	}
	sign := func(name string) {
		t.Helper()
		_ = os.Remove(w.path("RUNBOOK.lock.yaml.sig"))
		out, err := exec.Command(keygen, "-q", "-Y", "sign", "-n", "drbot-lock", "-f", w.path(name), w.path("RUNBOOK.lock.yaml")).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	says := func(want string) {
		t.Helper()
		if _, out, _ := w.drbot("check", "--offline"); !strings.Contains(out, want) {
			t.Errorf("check does not say %q: %s", want, out)
		}
	}
	w.ok(os.WriteFile(w.path("allowed_signers"), []byte("bea@example.com "+key("bea")+"dev@example.com "+key("dev")), 0o600))
	key("stranger")

	says("drbot can serve")
	sign("dev")
	says("signed by Dev Nul, who is no approver")
	w.serve()
	w.linked()
	w.button(w.bea, "drbot", "runbook.accept") // Dev is no approver: it is asked for
	w.leave()
	sign("stranger")
	says("is not among the allowed signers")
	w.serve()
	w.linked()
	if n := len(w.records("LockAccepted")); n != 0 {
		t.Fatalf("%d acceptances", n)
	}
	w.leave()
	sign("bea")
	says("signed by Bea Ode, which counts as acceptance")
	w.serve()
	w.linked()
	got := w.records("LockAccepted")
	if len(got) != 1 || !strings.Contains(string(got[0].Payload), `"proof":"ssh:bea@example.com"`) || !strings.Contains(string(got[0].Payload), `"signature":"`) {
		t.Fatalf("%+v", got)
	}
	room := w.open(w.ana, "Database corruption: users gone")
	w.start(w.ana, room, "rescue")
	w.press(w.ana, room, "recover.confirm", "step 1.2")
	w.leave()
	w.publish(small().markdown()) // another lock under the old signature
	says("it is not over these bytes")
	w.serve()
	w.linked()
	w.button(w.bea, "drbot", "runbook.accept")
	if n := len(w.records("LockAccepted")); n != 1 {
		t.Errorf("%d acceptances", n)
	}
	w.audited()
}

// TestAFolderIsOneRunbook: severities from one file, procedures from two that number theirs alike; show, lint, compile, check
// and serve take the folder; a reload changes one file, and with the folder gone drbot starts with what it used last.
func TestAFolderIsOneRunbook(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	folder := w.path("runbooks")
	w.ok(os.MkdirAll(folder, 0o700))
	put := func(name, text string) { w.ok(os.WriteFile(folder+"/"+name, []byte(text), 0o600)) }
	put("00-levels.md", bookHead+bookTail)
	procedure := func(title, command string) string {
		return "# " + title + "\n\n## Procedure 1: " + title + "\n\n**Scenario:** it broke\n\n**Steps:**\n\n1. **Do it.**\n    ```bash\n    " + command + "\n    ```\n"
	}
	put("database.md", procedure("Database", "echo database >> ran.txt"))
	put("network.md", procedure("Network", "echo network >> ran.txt"))
	config, err := os.ReadFile(w.config())
	w.ok(err)
	w.ok(os.WriteFile(w.config(), []byte(strings.Replace(string(config), "runbook: ./RUNBOOK.md", "runbook: ./runbooks", 1)), 0o600))

	if code, out, errs := w.drbot("runbook", "compile"); code != 0 || !strings.Contains(out, "network.md line") {
		t.Fatalf("compile: exit %d: %s%s", code, out, errs)
	}
	if code, out, errs := w.drbot("runbook", "decide", "--answer", "target=db1=../work"); code != 0 || !strings.Contains(out, "2 of 2 steps ready") {
		t.Fatalf("decide: exit %d: %s%s", code, out, errs)
	}
	if code, _, errs := w.drbot("runbook", "compile", "--check"); code != 0 {
		t.Fatalf("compile --check: exit %d: %s", code, errs)
	}
	if _, out, _ := w.drbot("runbook", "show"); !strings.Contains(out, "p1 Database") || !strings.Contains(out, "p2 Network") || !strings.Contains(out, "SEV-1") {
		t.Errorf("show: %s", out)
	}
	if _, out, _ := w.drbot("runbook", "lint"); !strings.Contains(out, "runbooks/00-levels.md:16: ") {
		t.Errorf("lint: %s", out)
	}
	if _, out, _ := w.drbot("check", "--offline"); !strings.Contains(out, "2 of 2 steps can run (procedures: 2)") {
		t.Errorf("check: %s", out)
	}

	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.start(w.ana, room, "network")
	w.press(w.ana, room, "recover.confirm", "step 2.1 changes something", "echo network")
	w.awaitRun(1, "ended")
	if w.ran("network") != 1 || w.ran("database") != 0 {
		t.Error("another file's step ran")
	}
	w.leave()
	put("network.md", procedure("Network", "echo netwOrk >> ran.txt"))
	w.serve()
	w.linked()
	w.answers(w.ana, room, "/recover list", "Network", "1 step changed since review", "Database · ready")
	w.leave()
	put("network.md", procedure("Network", "echo network >> ran.txt"))
	w.serve()
	w.leave()
	w.ok(os.Rename(folder, w.path("away")))
	w.serve()
	w.linked()
	w.start(w.ana, room, "network")
	w.press(w.ana, room, "recover.confirm", "step 2.1 changes something", "echo network")
	w.awaitView(1, "the last revision runs where it ran", func(commands.View) bool { return w.ran("network") == 2 })
	w.audited()
}

// TestI5_TheLoaderOfAChangeNeverAcceptsIt: neither a restart nor another load in between frees a change of the person who loaded it, the
// difference still says what waits, and a mistake that is taken back leaves everything accepted.
func TestI5_TheLoaderOfAChangeNeverAcceptsIt(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	_, bea, chen := w.shells()
	w.serve()
	accept := func(s shell) { // as scripts do, by what the terminal shows
		t.Helper()
		sum := sumIn(t, s.hears(exitFailed, "no digits were typed", "runbook", "accept"))
		s.hears(exitDone, "may run", "runbook", "accept", "--sha256", sum[:8])
	}
	accept(bea)
	late := one(func(e *runbook.Entry) { e.Timeout = 45 * minute })
	w.write(late)
	chen.hears(exitDone, "Loaded", "runbook", "reload")
	chen.hears(exitFailed, "You loaded this runbook", "runbook", "accept")

	w.leave()
	markdown, err := os.ReadFile(w.path("RUNBOOK.md"))
	w.ok(err)
	w.ok(os.WriteFile(w.path("RUNBOOK.md"), append(markdown, "\nOne more line of prose.\n"...), 0o600))
	w.serve() // drbot reads it by itself: this load has no loader
	lock, err := os.ReadFile(w.path("RUNBOOK.lock.yaml"))
	w.ok(err)
	chen.hears(exitFailed, "You loaded this runbook", "runbook", "accept", "--sha256", incident.Digest(lock)[:8])
	if n := len(w.records("LockAccepted")); n != 1 {
		t.Fatalf("%d acceptances", n)
	}
	inOrder(t, bea.hears(exitFailed, "no digits were typed", "runbook", "accept"), "1.1 Restore: timeout 30m -> 45m", "timeout: 45m")
	accept(bea)

	w.write(one())
	chen.hears(exitDone, "1 lock entry waits", "runbook", "reload")
	w.write(late)
	chen.hears(exitDone, "Every entry of the lock is accepted", "runbook", "reload")
	w.audited()
}
