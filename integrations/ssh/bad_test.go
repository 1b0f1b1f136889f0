package ssh

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/ssh/sshtest"
	"github.com/drbot/drbot/runner/attempt"
)

// Every way in which a host is not reached is a named failure with what to do, before anything started, and recorded as such.
func TestEveryBadConnectionHasANameAndANextAction(t *testing.T) {
	r := newRig(t)
	cases := map[string]struct {
		breaks     func(j *attempt.Job)
		says, then string
	}{
		"host key changed": {func(*attempt.Job) { r.Know(t, "other") }, "db1: its host key has changed", "ssh-keygen -R db1"},
		"host key unknown": {func(*attempt.Job) { r.Know(t, "") }, "db1: its host key is not known here", "known_hosts"},
		"login denied":     {func(*attempt.Job) { r.Login(t, "stranger") }, "db1: it denies the login", "authorized_keys"},
		"no drbot there":   {func(j *attempt.Job) { j.Far.Program = "/nowhere/drbot" }, "db1: drbot is not there", "install the same drbot"},
		"not this drbot":   {func(j *attempt.Job) { j.Far.Program = "/bin/false" }, "drbot there ended with 1", "look at the host"},
		"no such host":     {func(j *attempt.Job) { j.Far.Name = "nowhere.invalid" }, "nowhere.invalid: no such host", "ssh configuration"},
		"an option":        {func(j *attempt.Job) { j.Far.Name = "-oProxyCommand=touch$IFS/tmp/x" }, "is no name of a host", "letters"},
		"a shell word":     {func(j *attempt.Job) { j.Far.Name = "db1;reboot" }, "is no name of a host", "letters"},
		"no such client":   {func(j *attempt.Job) { j.Far.Scheme = "telnet" }, "no client for telnet", ""},
		"no configuration": {func(j *attempt.Job) { j.Far.Config = filepath.Join(r.Dir, "none") }, "the ssh configuration has an error", "runner.ssh.config"},
		"account of here":  {func(j *attempt.Job) { j.User = "nobody" }, "the account of steps is one of this host", ""},
		"no directory":     {func(j *attempt.Job) { j.Dir = filepath.Join(r.Dir, "none") }, "is not there", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r.Know(t, "host")
			r.Login(t, "user")
			j := r.job("x-"+strings.ReplaceAll(name, " ", "-"), "echo ran >>$D/ran")
			c.breaks(&j)
			why := ""
			if err := attempt.Start(r.ctx, r.runs, j, nil); errors.Is(err, attempt.ErrNotStarted) {
				why = err.Error()
			} else if err != nil {
				t.Fatal(err)
			}
			got := r.wait(j.Attempt)
			if got.Outcome != attempt.NotStarted {
				t.Fatalf("%+v", got)
			}
			if why == "" {
				why = got.Why // the far side refused
			}
			if !strings.Contains(why, c.says) || !strings.Contains(why, c.then) {
				t.Errorf("it says %q", why)
			}
		})
	}
	if got := r.text(filepath.Join(r.Dir, "ran")); got != "" {
		t.Errorf("something ran: %q", got)
	}
	r.Know(t, "host")
	r.Login(t, "user")
	r.Stop()
	if err := attempt.Start(r.ctx, r.runs, r.job("refused", "true"), nil); !errors.Is(err, attempt.ErrNotStarted) || !strings.Contains(err.Error(), "db1: it refuses the connection") {
		t.Errorf("%v", err)
	}
}

// A host key that changes while the connection is lost is not trusted either: nothing is sent, and the step is unknown.
func TestAHostKeyThatChangesInTheMiddleIsUnknown(t *testing.T) {
	r := newRig(t)
	r.gate()
	r.far.Patience = 1500 * time.Millisecond
	r.start(r.job("mid", counted), nil)
	gate := r.arrived()
	r.Know(t, "other")
	r.Cut()
	if got := r.wait("mid"); got.Outcome != attempt.Unknown || !strings.Contains(got.Why, "host key has changed") {
		t.Errorf("%+v", got)
	}
	r.Know(t, "host")
	open(gate)
	if err := attempt.Reattach(r.ctx, r.runs, "mid", nil); err != nil {
		t.Fatal(err)
	}
	if got := r.wait("mid"); got.Outcome != attempt.Succeeded {
		t.Errorf("%+v", got)
	}
	r.once()
}

func TestNoClientHere(t *testing.T) {
	had := places
	defer func() { places = had }()
	places = []string{"/nowhere/ssh"}
	if _, err := (Link{}).Command(incident.Far{Name: "db1"}, "drbot"); err == nil || !strings.Contains(err.Error(), "openssh-client") {
		t.Error(err)
	}
}

// What the user's configuration says of agents, terminals, shared connections and host keys does not count.
func TestTheOptionsHoldOverAnyConfiguration(t *testing.T) {
	s := sshtest.Start(t)
	cmd, err := Link{}.Command(incident.Far{Name: sshtest.Host, Config: s.Config}, "drbot", attempt.FarEnd)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Args = append([]string{"ssh", "-G"}, cmd.Args[1:]...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"batchmode yes", "stricthostkeychecking true", "forwardagent no", "requesttty false", "controlmaster false", "clearallforwardings yes",
		"permitlocalcommand no", "updatehostkeys false", "connecttimeout 10", "serveraliveinterval 10", "hostname 127.0.0.1",
	} {
		if !strings.Contains("\n"+string(out), "\n"+want+"\n") {
			t.Errorf("ssh has not %q", want)
		}
	}
	if strings.Contains(string(out), "controlpath "+s.Dir) || strings.Contains(string(out), "not this") {
		t.Errorf("the configuration's connection or command holds:\n%s", out)
	}
	for _, v := range cmd.Env {
		if name, _, _ := strings.Cut(v, "="); name == "SSH_AUTH_SOCK" || strings.HasPrefix(name, "SLACK") {
			t.Errorf("the client sees %s", v)
		}
	}
	if _, err := os.Stat(filepath.Join(s.Dir, "shared")); err == nil {
		t.Error("a connection is shared")
	}
}

func TestExplainSaysSomethingOfAnything(t *testing.T) {
	f := incident.Far{Name: "db1"}
	for _, c := range []struct {
		exit int
		said string
		want error
	}{
		{255, "@@@\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.\n", ErrHostKeyChanged},
		{255, "No ED25519 host key is known for db1 and you have requested strict checking.\nHost key verification failed.\n", ErrHostKeyUnknown},
		{255, "ssh: connect to host db1 port 22: Connection timed out\n", ErrUnreachable},
		{255, "ssh: connect to host db1 port 22: No route to host\n", ErrUnreachable},
		{255, "ana@db1: Permission denied (publickey).\n", ErrDenied},
		{255, "", ErrLost}, {-1, "", ErrLost}, {2, "panic: x\n", ErrLost}, {127, "sh: 1: drbot: not found\n", ErrNoDrbot}, {126, "", ErrNoDrbot},
	} {
		err := Link{}.Explain(f, c.exit, c.said)
		if !errors.Is(err, c.want) || !strings.HasPrefix(err.Error(), "db1: ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%d %q: %v", c.exit, c.said, err)
		}
	}
}
