package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/sys/unix"

	"github.com/drbot/drbot/runbook"
)

// shell is a person at a terminal: root, as on many hosts, and proved by the key in their ssh-agent.
type shell struct {
	*town
	agent string
}

// shells gives people a key each and starts steps under an account of their own, so that decisions count at a terminal.
func (w *town) shells() (ana, bea, chen shell) {
	w.Helper()
	if os.Getuid() != 0 {
		w.Skip("steps change their account, which takes root")
	}
	w.ok(os.Chmod(filepath.Dir(w.dir), 0o711)) //nolint:gosec // the account of steps has to come through
	w.ok(os.Chmod(w.dir, 0o711))               //nolint:gosec // the same
	w.ok(os.Chmod(w.path("work"), 0o777))      //nolint:gosec // and to write here
	w.extra += "runner: {user: nobody}\n"
	var all [3]shell
	for k := range all {
		socket, line := keyring(w.T)
		w.people[k].more = ", ssh_key: \"" + line + "\""
		all[k] = shell{w, socket}
	}
	w.configure()
	return all[0], all[1], all[2]
}

// keyring serves an ssh-agent with one key and gives its socket and the key's line.
func keyring(t *testing.T) (socket, line string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "agent") // a test's own folder is too long a name for a socket
	if err != nil {
		t.Fatal(err)
	}
	socket = filepath.Join(dir, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { _ = agent.ServeAgent(ring, conn); _ = conn.Close() })
		}
	})
	t.Cleanup(func() { _ = l.Close(); all.Wait(); _ = os.RemoveAll(dir) })
	return socket, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

// types runs a subcommand with what the person types when they are asked; nil: there is no terminal to type at.
func (s shell) types(typed io.Reader, args ...string) (code int, stdout, stderr string) {
	s.Helper()
	if typed == nil {
		typed = strings.NewReader("")
	}
	var out, errs bytes.Buffer
	getenv := func(name string) string {
		if name == "SSH_AUTH_SOCK" {
			return s.agent
		}
		return s.env[name]
	}
	code = run(s.within(), env{args: append(args, "--config", s.config()), stdin: typed, stdout: &out, stderr: &errs, getenv: getenv, clock: s.clock})
	return code, out.String(), errs.String()
}

// hears runs a subcommand without a terminal and wants its exit code and words, on either output.
func (s shell) hears(want int, words string, args ...string) string {
	s.Helper()
	code, out, errs := s.types(nil, args...)
	if code != want || !strings.Contains(out+errs, words) {
		s.Errorf("drbot %s: exit %d, want %d with %q\n%s%s", strings.Join(args, " "), code, want, words, out, errs)
	}
	return out
}

// meanwhile is a terminal at which something happens before the person types.
type meanwhile struct {
	once sync.Once
	do   func() string
	rest io.Reader
}

func (m *meanwhile) Read(p []byte) (int, error) {
	m.once.Do(func() { m.rest = strings.NewReader(m.do()) })
	return m.rest.Read(p)
}

var shownSum = regexp.MustCompile(`(?m)^sha256 ([0-9a-f]{64})$`)

func sumIn(t *testing.T, out string) string {
	t.Helper()
	m := shownSum.FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no sha256 in\n%s", out)
	}
	return m[1]
}

// inOrder wants the words in a text, one after the other.
func inOrder(t *testing.T, text string, words ...string) {
	t.Helper()
	rest := text
	for _, word := range words {
		_, after, found := strings.Cut(rest, word)
		if !found {
			t.Errorf("no %q in its place of\n%s", word, text)
			return
		}
		rest = after
	}
}

// TestI5_ALockIsAcceptedByWhoeverReadIt: at a terminal as on the card, what is accepted is what was shown.
func TestI5_ALockIsAcceptedByWhoeverReadIt(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	ana, bea, chen := w.shells()
	w.serve()
	accepted := func() int { return len(w.records("LockAccepted")) }

	out := bea.hears(exitFailed, "no digits were typed", "runbook", "accept")
	first := sumIn(t, out)
	inOrder(t, out, "Accept lock "+first[:8]+"?", "1.1 Restore", "destructive, bash on db1, 1 approver", "echo restore >> ran.txt", "timeout: 30m", "echo unrestore", "sha256 "+first)
	if code, _, errs := bea.types(strings.NewReader("00000000\n"), "runbook", "accept"); code != exitFailed || !strings.Contains(errs, "not the digits") {
		t.Errorf("wrong digits: exit %d, %s", code, errs)
	}
	ana.hears(exitFailed, "Only approvers accept a lock", "runbook", "accept")
	ana.hears(exitFailed, "Only approvers accept a lock", "runbook", "accept", first)
	bea.hears(exitFailed, "at least the first eight digits", "runbook", "accept", first[:6])
	if n := accepted(); n != 0 {
		t.Fatalf("%d acceptances", n)
	}

	code, _, errs := bea.types(&meanwhile{do: func() string {
		w.write(one(func(e *runbook.Entry) { e.Timeout = 45 * minute }))
		chen.hears(exitDone, "Loaded", "runbook", "reload")
		return first[:8] + "\n"
	}}, "runbook", "accept")
	if code != exitFailed || !strings.Contains(errs, "Another lock is loaded by now") || accepted() != 0 {
		t.Fatalf("a lock that was loaded while the one before was read: exit %d, %s, %d acceptances", code, errs, accepted())
	}

	chen.hears(exitFailed, "You loaded this runbook", "runbook", "accept")
	out = bea.hears(exitFailed, "no digits were typed", "runbook", "accept")
	inOrder(t, out, "1.1 Restore", "30m", "45m", "timeout: 45m")
	second := sumIn(t, out)
	bea.hears(exitFailed, "Another lock is loaded", "runbook", "accept", "--sha256", first[:8])
	bea.hears(exitDone, "may run", "runbook", "accept", "--sha256", second[:8])
	if n := accepted(); n != 1 {
		t.Errorf("%d acceptances", n)
	}
	bea.hears(exitFailed, "Every entry of the lock is accepted already", "runbook", "accept")
	w.audited()
}

// TestI3_TheTerminalShowsWhatTheCardShows: whoever approves at a shell reads the card's questions in the card's order, and
// then the text to its last byte.
func TestI3_TheTerminalShowsWhatTheCardShows(t *testing.T) {
	t.Parallel()
	long := "echo 'two  blanks, and a line that is wider than eighty columns of a terminal, as many of them are' > /dev/null\n"
	w := settle(t, book{steps: []step{
		{title: "Look", run: "echo 14 damaged pages\n"},
		{title: "Restore", run: long + mark("restore"), undo: mark("unrestore"), set: func(e *runbook.Entry) {
			e.Risk = runbook.Destructive
			e.Precheck = "echo 'loses=writes of 57 min'\necho 'free=41 GB'\n"
		}},
	}})
	_, bea, chen := w.shells()
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.start(w.ana, room, "rescue")
	w.button(w.bea, room, "recover.approve", "A1")

	out := bea.hears(exitFailed, "no digits were typed", "approve", "A1")
	inOrder(t, out, "Approve step 1.2 on db1?", "Restore", "INC-1 · R1 · A1 asked by Ana Ruiz at ", "Needs 1 of: ", "Bea Ode", "Chen Li", "ends ",
		"On ", "db1", "Loses ", "writes of 57 min", "Undo ", "(1.2u)", "Checks ", "free 41 GB", "Before ", "Never run before", "Why ", "step 1.1: 14 damaged pages",
		"interpreter", "bash", strings.TrimSuffix(long, "\n"), "echo restore >> ran.txt", "limit 30 min", "sha256")
	sum := sumIn(t, out)
	bea.hears(exitFailed, "There is no approval A9", "approve", "A9")
	chen.hears(exitFailed, "There is no approval A9", "deny", "A9", "wrong target")
	bea.hears(exitUsage, "is no approval", "approve", "17")
	if code, _, errs := bea.types(strings.NewReader("00000000\n"), "approve", "A1"); code != exitFailed || !strings.Contains(errs, "not the digits") {
		t.Errorf("wrong digits: exit %d, %s", code, errs)
	}

	chen.hears(exitDone, "You denied A1", "deny", "a1", "wrong", "backup")
	out = bea.hears(exitFailed, "A1 waits for nobody any more", "approve", "A1")
	inOrder(t, out, "Chen Li denied", "wrong backup")
	if strings.Contains(out, "Type its first") {
		t.Error("it asks for digits that nothing comes of")
	}
	bea.hears(exitFailed, "Chen Li denied it", "approve", "A1", "--sha256", sum[:8])

	w.say(w.ana, room, "/recover resume")
	w.button(w.bea, room, "recover.approve", "A2")
	second := sumIn(t, bea.hears(exitFailed, "no digits", "approve", "A2"))
	if code, out, errs := bea.types(strings.NewReader(second[:8]+"\n"), "approve", "A2"); code != exitDone || !strings.Contains(out, "You approved A2") {
		t.Fatalf("exit %d\n%s%s", code, out, errs)
	}
	w.awaitRun(1, "ended")
	if n := w.ran("restore"); n != 1 {
		t.Errorf("it ran %d times", n)
	}
	var vote struct {
		By struct{ Name, Proof string } `json:"by"`
	}
	w.ok(json.Unmarshal(w.records("Approved")[0].Payload, &vote))
	if vote.By.Name != "Bea Ode" || !strings.HasPrefix(vote.By.Proof, "ssh:") {
		t.Errorf("the record proves %+v", vote.By)
	}
	w.audited()
}

// TestAShellNamesTheIncidentFirst: every verb takes its bare number; a line that cannot be read is a usage error; nothing is
// folded into a pipe.
func TestAShellNamesTheIncidentFirst(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	ana, _, _ := w.shells()
	w.serve()
	title := "Database corruption: the users database is gone and so is everything else that people would miss by now"
	ana.hears(exitDone, "INC-1 is open", "incident", "open", title)
	ana.hears(exitDone, "INC-2 is open", "incident", "open", "sev2 Slow pages")
	ana.hears(exitDone, "Noted", "incident", "note", "2", "hi")
	ana.hears(exitDone, "", "incident", "ack", "2")
	ana.hears(exitUsage, "Which incident? Name it, like: `note INC-42 hi`. Open: INC-1", "incident", "note", "hi")
	ana.hears(exitUsage, "has no verb", "incident", "bogus")
	ana.hears(exitUsage, "Did you mean", "incident", "sevrity", "2")
	ana.hears(exitUsage, "The note is missing", "incident", "note", "2")
	ana.hears(exitFailed, "There is no such incident", "incident", "show", "9")
	ana.hears(exitFailed, "There is no run R9", "recover", "pause", "R9")
	if out := ana.hears(exitDone, "INC-1", "incident", "list"); !strings.Contains(out, title[len("Database corruption: "):]+" · ") || strings.Count(out, "\n") != 2 {
		t.Errorf("a line an incident, whole:\n%s", out)
	}
	inOrder(t, ana.hears(exitDone, "", "recover", "help"), "drbot recover pause N\n", "drbot recover pause 42\n", "drbot approve A17\n")
	ana.hears(exitDone, "", "recover", "help", "pause")

	// T28: a script that asked for JSON gets it, or is told why not.
	if out := ana.hears(exitFailed, "its paper copy is no JSON", "incident", "show", "1", "--json", "--offline"); out != "" {
		t.Errorf("%s", out)
	}
	w.until("the page of INC-1", func() bool { _, err := os.Stat(w.path("data", "incidents", "INC-1.md")); return err == nil })
	ana.hears(exitDone, "users database", "incident", "show", "1", "--offline")

	w.leave()
	ana.hears(exitDone, `"number": 1`, "incident", "show", "1", "--json", "--offline")
}

// TestAnAccountThatMayNotAskIsToldSo: drbot runs, and this account has no way to it; each subcommand says that and what an
// admin does.
func TestAnAccountThatMayNotAskIsToldSo(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	w.shells()
	w.ok(os.Chmod(w.config(), 0o644)) //nolint:gosec // others may read how to reach drbot
	w.serve()
	self, err := os.ReadFile("/proc/self/exe")
	w.ok(err)
	w.ok(os.WriteFile(w.path("drbot"), self, 0o755)) //nolint:gosec // for another account
	for line, want := range map[string]string{
		"incident list":           "An admin sets terminal: {socket: /run/drbot/drbot.sock, group: drbot}",
		"incident show 1":         "this account may not reach drbot's socket",
		"incident note 1 hi":      "this account may not reach drbot's socket",
		"approve A1":              "this account may not reach drbot's socket",
		"audit verify":            "the whole record is for drbot's own account and root",
		"incident list --offline": "this account may not read drbot's record in " + w.path("data"),
	} {
		cmd := exec.CommandContext(t.Context(), w.path("drbot"), append(strings.Fields(line), "--config", w.config())...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 1, Gid: 1}}
		out, err := cmd.CombinedOutput()
		exit := (*exec.ExitError)(nil)
		if !errors.As(err, &exit) || exit.ExitCode() != exitFailed || !strings.Contains(string(out), want) || strings.Contains(string(out), "not found") || strings.Contains(string(out), "no drbot is running") {
			t.Errorf("drbot %s: %v, want %q in\n%s", line, err, want, out)
		}
	}
}

// A terminal that says how wide it is gets lines of that width; a file gets them whole.
func TestColumnsAreTheTerminals(t *testing.T) {
	t.Parallel()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if n := columns(file); n != 0 {
		t.Errorf("a file has %d columns", n)
	}
	pty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	defer func() { _ = pty.Close() }()
	if err := unix.IoctlSetWinsize(int(pty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 132}); err != nil {
		t.Fatal(err)
	}
	if n := columns(pty); n != 132 {
		t.Errorf("a terminal of 132 columns has %d", n)
	}
}
