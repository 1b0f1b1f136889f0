package main

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/runner/attempt"
)

// TestI57_TheAccountOfStepsIsNobodyElse: an account that could approve by itself is no configuration.
func TestI57_TheAccountOfStepsIsNobodyElse(t *testing.T) {
	if _, err := user.Lookup("nobody"); err != nil {
		t.Skip("this machine has no account nobody")
	}
	person := strings.Replace(goodConfig, "slack: U0ANA,", "slack: U0ANA, unix: nobody,", 1)
	for name, c := range map[string]struct{ config, want string }{
		"root":              {goodConfig + "runner: {user: root}\n", "is root"},
		"no account":        {goodConfig + "runner: {user: no-such-account}\n", "no account no-such-account"},
		"a person's":        {person + "runner: {user: nobody}\n", "is the account of Ana Ruiz"},
		"in the terminal's": {goodConfig + "runner: {user: nobody}\nterminal: {group: nogroup}\n", "is in terminal.group nogroup"},
	} {
		path := writeFile(t, filepath.Join(t.TempDir(), "drbot.yaml"), c.config)
		if code, _, errs := drbot(t, nil, "check", "--offline", "--config", path); code != exitConfig || !strings.Contains(errs, c.want) {
			t.Errorf("%s: exit code %d: %s", name, code, errs)
		}
	}
	if os.Getuid() == 0 {
		table, err := people.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := stepAccount("nobody", "", table); err != nil {
			t.Errorf("an account of its own: %v", err)
		}
	}
}

// TestI57_TheAccountOfStepsProvesNobody: who asks from it hears that, and not what is wrong with the configuration, which only
// drbot's own account could mend.
func TestI57_TheAccountOfStepsProvesNobody(t *testing.T) {
	u, err := user.Lookup("nobody")
	if err != nil {
		t.Skip("this machine has no account nobody")
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		t.Fatal(err)
	}
	path := writeFile(t, filepath.Join(t.TempDir(), "drbot.yaml"), goodConfig+"runner: {user: nobody}\n")
	c, err := loadConfig(path, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	if err := c.mayAsk(uid); err == nil || !strings.Contains(err.Error(), "a step's account proves nobody") || strings.Contains(err.Error(), "make another") {
		t.Errorf("%v", err)
	}
	if err := c.mayAsk(uid + 1); err != nil {
		t.Errorf("another account: %v", err)
	}
	if isAccount(uid, "") || !isAccount(uid, "nobody") {
		t.Error("an account is taken for another")
	}
}

func TestCheckFindsNamesThatTheRunbookDoesNotHave(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"RUNBOOK.md", "RUNBOOK.lock.yaml"} {
		b, err := os.ReadFile(filepath.Join("..", "..", "examples", "harmless", name))
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, name), string(b))
	}
	check := func(extra string) (int, string) {
		path := writeFile(t, filepath.Join(dir, "drbot.yaml"), goodConfig+extra)
		code, out, _ := drbot(t, map[string]string{"SLACK_BOT_TOKEN": "xoxb-1"}, "check", "--offline", "--config", path)
		return code, out
	}
	for extra, want := range map[string]string{ // a service without its objective is a warning: the strictest one holds
		"types: {Rehersal: {restricted: true}}\n":     "the runbook has no incident type “rehersal”",
		"procedures: {Rehearsal: [p9]}\n":             "the runbook has no procedure “p9”",
		"services: {web: {tier: Weird}}\n":            "the runbook has no tier “Weird”",
		"services: {web: {data: [Nothing at all]}}\n": "the runbook has no data type “Nothing at all”",
	} {
		code, said := check(extra)
		expected := exitFailed
		if strings.HasPrefix(extra, "services") {
			expected = exitDone
		}
		if code != expected || !strings.Contains(said, want) {
			t.Errorf("%s: exit code %d\n%s", extra, code, said)
		}
	}
	if code, said := check("types: {Rehearsal: {restricted: true}}\nprocedures: {Rehearsal: [p1]}\n"); code != exitDone {
		t.Errorf("known names: exit code %d\n%s", code, said)
	}
}

func TestDiskFullIsSeen(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root mounts a small disk")
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Skip("no small disk here: " + err.Error())
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	if said := nearlyFull(dir); said != "" {
		t.Errorf("an empty disk: %s", said)
	}
	writeFile(t, filepath.Join(dir, "big"), strings.Repeat("x", 8<<20-64<<10))
	if said := nearlyFull(dir); !strings.Contains(said, dir) || !strings.Contains(said, "full") {
		t.Errorf("a full disk: %q", said)
	}
}

// TestReadyzSaysHowMuchIsLeft: while commands are still kept nobody is told that they are not.
func TestReadyzSaysHowMuchIsLeft(t *testing.T) {
	for left, want := range map[uint64]string{
		leastSpace:     "",
		leastSpace - 1: "the disk of /data is nearly full: 1023 KiB are left; free space there before the record cannot be written",
		0:              "the disk of /data is full: the record takes what fits into its file and no more; free space there",
	} {
		if got := fullWords("/data", left); got != want {
			t.Errorf("%d bytes: %s", left, got)
		}
	}
}

// TestCheckSaysThatNothingLimitsSteps: where the kernel would refuse drbot the limits of another account's processes, that is
// known before the first step runs away.
func TestCheckSaysThatNothingLimitsSteps(t *testing.T) {
	c := &config{Commands: commands.Config{RunAs: "nobody"}}
	why := attempt.Unlimited("nobody")
	said := false
	for _, f := range (program{}).checkHost(c) {
		said = said || strings.HasPrefix(f.What, "Nothing limits the memory and processes of steps") && strings.Contains(f.What, why)
	}
	if said != (why != "") {
		t.Errorf("%q: said %v", why, said)
	}
	if c.StepLimits = (attempt.Limits{Memory: -1, Processes: -1}); c.unlimited() != "" {
		t.Error("limits that were turned off are missed")
	}
}
