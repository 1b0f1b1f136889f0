package runbook

import (
	"strings"
	"testing"
)

const either = "# E\n\n## Procedure 1: P\n\n1. **Stop** (if needed)\n   ```bash\n   # Kubernetes\n   kubectl scale deploy/x --replicas=0\n\n   # Systemd\n   systemctl stop x\n   ```\n" +
	"2. **Start**\n   ```bash\n   kubectl scale deploy/x --replicas=2\n   # OR\n   systemctl start x\n   # OR by hand:\n   setting = on\n   ```\n"

// TestI5_EachBranchIsReviewedByItself: a branch has its own bytes and acceptance; nothing runs both, and a changed line makes all of them text.
func TestI5_EachBranchIsReviewedByItself(t *testing.T) {
	lock := reviewed(t, parse(t, either))
	rb := loaded(t, either, lock.Marshal())
	_, stop := rb.Step("1.1")
	if stop.Ready || !stop.Choosable() || stop.Why != WhyChoose || stop.Condition != "if needed" || stop.Entry.Condition != "if needed" {
		t.Fatalf("%+v", stop)
	}
	for _, by := range []string{"b", "p1.s1b", "systemd", "SYSTEMD"} {
		one, err := stop.Choose(by)
		must(t, err)
		if one.ID != "p1.s1b" || !one.Ready || one.Entry.Run != "# Systemd\nsystemctl stop x\n" || one.Entry.Risk != Destructive || one.Number != "1.1b" {
			t.Errorf("%s: %+v", by, one)
		}
	}
	if _, err := stop.Choose("docker"); err == nil || !strings.Contains(err.Error(), "a (Kubernetes), b (Systemd)") {
		t.Errorf("%v", err)
	}
	_, start := rb.Step("1.2")
	if c, err := start.Choose("by hand:"); err != nil || c.Kind != Manual || c.Ready {
		t.Errorf("%+v %v", c, err)
	}
	some := rb.Accepted(func(d string) bool { return d == stop.Alternatives[0].Entry.Digest() })
	if _, s := some.Step("1.1"); !s.Alternatives[0].Ready || s.Alternatives[1].Ready || s.Alternatives[1].Why != WhyAccepted {
		t.Errorf("%+v", s.Alternatives)
	}
	if _, s := some.Step("1.2"); s.Choosable() || s.Why != WhyAccepted {
		t.Errorf("%+v", s)
	}
	if !stop.Alternatives[1].Ready {
		t.Error("Accepted changed the runbook that it was asked of")
	}
	_, changed := loaded(t, strings.Replace(either, "stop x", "stop y", 1), lock.Marshal()).Step("1.1")
	if changed.Choosable() || changed.Why != WhyChanged || changed.Alternatives[0].Why != WhyChanged {
		t.Errorf("%+v", changed)
	}
}

func TestBranchesKeepTheirLetters(t *testing.T) {
	lock := reviewed(t, parse(t, either))
	lock.entry("p1.s2b").Leaves = "It runs."
	more := strings.Replace(either, "   # OR\n   systemctl start x", "   # OR compose\n   docker compose up -d\n   # OR\n   systemctl start x", 1)
	next, rep := Compile(parse(t, more), lock)
	if got := next.entry("p1.s2b"); got.Run != "systemctl start x\n" || got.Leaves != "It runs." {
		t.Errorf("%+v", got)
	}
	if got := next.entry("p1.s2d"); got == nil || got.Label != "compose" || len(rep.Changes) != 2 {
		t.Errorf("%+v %v", got, rep.Changes)
	}
	back, _ := Compile(parse(t, either), next)
	if strings.Join(back.Retired, " ") != "p1.s2d" {
		t.Errorf("%v", back.Retired)
	}
	if again, err := ReadLock(back.Marshal()); err != nil || string(again.Marshal()) != string(back.Marshal()) {
		t.Error(err)
	}
}

// TestBranchesAreTheFence: the branches with their separators are the fence, byte for byte.
func TestBranchesAreTheFence(t *testing.T) {
	for _, src := range []string{
		"a\n# OR\nb\n", "a\n\n# or with helm\n\nb", "-- OR\na\n-- OR\nb\n", "# Kubernetes\na\n# Systemd\nb\n\n", "# x\n\n# Docker\na\n# Linux:\nb\n", "a\n# OR\n\n# OR\nb\n# OR\n", "# Option 1: x\na\n# Option 2: y\nb\n",
	} {
		got := ""
		as := alternatives("bash", src)
		for _, a := range as {
			got += a.Separator + a.Source
		}
		if got != src || len(as) != 2 {
			t.Errorf("%q: %d branches, %q", src, len(as), got)
		}
	}
}
