package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// unitFile is what a package installs.
var unitFile = filepath.Join("..", "..", "packaging", "drbot.service")

// unit reads the file: section.key -> values, in their order.
func unit(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(unitFile)
	if err != nil {
		t.Fatal(err)
	}
	keys, section := map[string][]string{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch name, value, isKey := strings.Cut(line, "="); {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			section = strings.Trim(line, "[]")
		case !isKey:
			t.Errorf("%q is no line of a unit", line)
		default:
			keys[section+"."+name] = append(keys[section+"."+name], value)
		}
	}
	return keys
}

// TestI26_TheUnitLeavesStepsAlone: what the unit must say, and what it must never say, for a step to outlive drbot and to
// be able to restore something.
func TestI26_TheUnitLeavesStepsAlone(t *testing.T) {
	keys := unit(t)
	for key, want := range map[string]string{
		"Service.KillMode": "process", "Service.OOMPolicy": "continue", "Service.Delegate": "cpu memory pids", "Service.DelegateSubgroup": "main",
		"Service.Restart": "always", "Service.StateDirectoryMode": "0700", "Service.RuntimeDirectoryPreserve": "yes",
		"Service.ExecStart": "/usr/bin/drbot serve --config /etc/drbot/drbot.yaml", "Install.WantedBy": "multi-user.target",
	} {
		if got := keys[key]; !slices.Equal(got, []string{want}) {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	for _, key := range []string{
		"ProtectSystem", "ProtectHome", "ReadOnlyPaths", "InaccessiblePaths", "PrivateTmp", "PrivateUsers", "PrivateMounts", "ProtectControlGroups",
		"NoNewPrivileges", "RestrictSUIDSGID", "MemoryDenyWriteExecute", "DynamicUser", "RootDirectory", "RuntimeMaxSec", "WatchdogSec", "MemoryMax",
	} {
		if got, there := keys["Service."+key]; there {
			t.Errorf("%s=%s would reach into a step", key, got)
		}
	}
}

// TestTheUnitIsLoadable asks systemd, where it is installed.
func TestTheUnitIsLoadable(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("no systemd-analyze")
	}
	text, err := os.ReadFile(unitFile)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "drbot.service")
	runnable := strings.Replace(string(text), "/usr/bin/drbot serve", "/bin/true serve", 1)
	if err := os.WriteFile(file, []byte(runnable), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(analyze, "verify", "--man=no", file).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		older := strings.Contains(line, "DelegateSubgroup") // systemd before 254
		if strings.Contains(line, "drbot.service") && !older {
			t.Error(strings.TrimSpace(line))
		}
	}
	if err != nil && t.Failed() {
		t.Error(err)
	}
}

// TestI26_ARestartLikeSystemdsLeavesTheStep does what KillMode=process does: a polite signal to the main process alone, and a
// new one. The step goes on meanwhile and is attached to again.
func TestI26_ARestartLikeSystemdsLeavesTheStep(t *testing.T) {
	t.Parallel()
	w := settle(t, long())
	w.spawn()
	w.linked()
	w.accept(w.bea)
	_, card := w.asked("Database corruption: users gone")
	w.pressOn(w.bea, card, "recover.approve")
	w.until("the step runs", func() bool { return w.ran("restore") == 1 })
	w.awaitStep(1, "1.2", "running")
	if code := w.life.stop(); code != 0 {
		t.Errorf("a polite stop ended with %d", code)
	}
	w.spawn()
	w.linked()
	w.awaitStep(1, "1.2", "running")
	w.enough()
	w.awaitStep(1, "1.4", "hand")
	if n, starts := w.ran("restore"), len(w.records("StepStarting")); n != 1 || starts != 3 {
		t.Errorf("it ran %d times; %d starts of three steps", n, starts)
	}
	if lost := w.records("StepUnknown"); len(lost) > 0 {
		t.Errorf("%s", lost[0].Payload)
	}
	w.audited()
}
