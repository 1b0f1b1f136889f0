package incident

import (
	"fmt"
	"testing"
	"time"
)

// recoveryRun is a run whose step 1 takes a listing's value and gives BACKUP and ROWS, which later steps take.
func recoveryRun(chosen string) (*Run, map[string]*Spec) {
	specs := map[string]*Spec{
		"choose": {ID: "p1.s1", Params: []Param{{Name: "WANTED", From: "list", Key: "WANTED"}}, Gives: []Param{{Name: "ROWS", Label: "Users in it", Key: "p1.s1.ROWS"}}},
		"put":    {ID: "p1.s2", Params: []Param{{Name: "FROM", From: "p1.s1.BACKUP", Key: "p1.s1.BACKUP"}, {Name: "RUN", From: "run.id", Key: "RUN"}}},
		"look":   {ID: "p1.s3", Expect: &Expect{}, Params: []Param{{Name: "ROWS", Type: "int", From: "p1.s1.ROWS", Key: "p1.s1.ROWS"}}},
		"start":  {ID: "p1.s4"},
	}
	r := &Run{
		N: 7, State: Draft, Values: map[string]string{"WANTED": chosen, "RUN": "R7"},
		Steps: []Step{
			{ID: "p1.s1", Number: "1.1", Risk: Read, Spec: "choose", Params: []string{"WANTED"}},
			{ID: "p1.s2", Number: "1.2", Risk: Destructive, Spec: "put", Params: []string{"FROM", "RUN"}},
			{ID: "p1.s3", Number: "1.3", Risk: Read, Spec: "look", Params: []string{"ROWS"}},
			{ID: "p1.s4", Number: "1.4", Risk: Destructive, Spec: "start"},
		},
		Choices: map[string][]Choice{"WANTED": {
			{Value: "b3", State: "rejected", TakenAt: noon, Note: "hash differs"},
			{Value: "b2", State: "verified", TakenAt: noon.Add(-time.Hour), Note: "2000 users"},
			{Value: "b1", State: "verified", TakenAt: noon.Add(-2 * time.Hour)},
		}},
	}
	return r, specs
}

func drive(i *Incident, minute int, events ...Event) {
	for _, e := range events {
		i.Apply(Stamp{Seq: i.Seq + 1, N: i.N + 1, Time: noon.Add(time.Duration(minute) * time.Minute)}, e)
	}
}

func ranStep(i *Incident, minute int, step string, produced map[string]string) {
	drive(i, minute, StepStarting{Run: 7, Step: step, Attempt: step}, StepEnded{Run: 7, Step: step, Attempt: step, Outcome: Succeeded, Produced: produced})
}

// The line of a listing is found for the step that takes what the choosing step gave, whatever the values are called,
// and also where the choice itself ("newest") is no line.
func TestWhatAStepRestoresIsFoundThroughProducedValues(t *testing.T) {
	for _, chosen := range []string{"b2", "newest"} {
		t.Run(chosen, func(t *testing.T) {
			r, specs := recoveryRun(chosen)
			i := New(42)
			i.OpenedAt, i.Runs = noon.Add(-3*time.Minute), []*Run{r}
			drive(i, 0, RunStarted{Run: 7})
			r = i.Run(7)
			if n := len(r.Choices["WANTED"]); chosen == "b2" && n != 1 || chosen == "newest" && (n != 2 || r.Choices["WANTED"][0].Note != "") {
				t.Fatalf("%d lines are kept: %+v", n, r.Choices)
			}
			if _, ok := i.Restored(specs); ok {
				t.Fatal("something is back before anything ran")
			}
			ranStep(i, 1, "p1.s1", map[string]string{"p1.s1.BACKUP": "b2", "p1.s1.ROWS": "2000"})
			if lines := r.Choices["WANTED"]; len(lines) != 1 || lines[0].Value != "b2" {
				t.Fatalf("the line is not the chosen one: %+v", lines)
			}
			line, takes := r.Chosen(r.Step("p1.s2"), specs)
			if !takes || line.Value != "b2" {
				t.Fatalf("the restore takes %+v, %v", line, takes)
			}
			if _, takes := r.Chosen(r.Step("p1.s4"), specs); takes {
				t.Fatal("the start takes no backup")
			}
			ranStep(i, 2, "p1.s2", nil)
			ranStep(i, 3, "p1.s3", nil)
			ranStep(i, 4, "p1.s4", nil)
			drive(i, 5, RunEnded{Run: 7, How: EndDone})
			back, ok := i.Restored(specs)
			if !ok || back.Step.ID != "p1.s2" || back.Line.Value != "b2" || back.Lost != 57*time.Minute {
				t.Fatalf("%v %+v", ok, back)
			}
			if back.By == nil || back.By.ID != "p1.s3" || fmt.Sprint(back.Counts) != "[{Users in it 2000}]" {
				t.Fatalf("compared by %+v: %v", back.By, back.Counts)
			}
		})
	}
}

// A backup that the listing did not name is taken, and nobody knows from when it is: that is said, not guessed.
func TestABackupThatWasNotListedHasNoTime(t *testing.T) {
	r, specs := recoveryRun("newest")
	i := New(42)
	i.OpenedAt, i.Runs = noon, []*Run{r}
	drive(i, 0, RunStarted{Run: 7})
	ranStep(i, 1, "p1.s1", map[string]string{"p1.s1.BACKUP": "b9"})
	if line, takes := i.Run(7).Chosen(i.Run(7).Step("p1.s2"), specs); !takes || !line.TakenAt.IsZero() || i.Run(7).Choices != nil {
		t.Fatalf("%+v %v %+v", line, takes, i.Run(7).Choices)
	}
	ranStep(i, 2, "p1.s2", nil)
	if back, ok := i.Restored(specs); ok {
		t.Fatalf("%+v", back)
	}
}

func TestWhatALossEndsWith(t *testing.T) {
	i := New(42)
	i.OpenedAt = noon
	if got := i.LossUntil(noon.Add(-time.Hour), noon.Add(time.Minute)); !got.Equal(noon) {
		t.Errorf("an older backup: %v", got)
	}
	if got := i.LossUntil(noon.Add(time.Second), noon.Add(time.Minute)); !got.Equal(noon.Add(time.Minute)) {
		t.Errorf("a younger backup: %v", got)
	}
}

func TestOverwrites(t *testing.T) {
	for _, c := range []struct{ title, interpreter, script, want string }{
		{"Stop the service", "bash", "set -euo pipefail\nbin/servicectl stop\nfor _ in {1..60}; do sleep 0.5; done 2>/dev/null\n[ \"$state\" = inactive ]\n", ""},
		{"Show", "bash", "# rm would be wrong here\nls -l data >&2 # mv\n", ""},
		{"Check", "bash", "((free > 2 * need))\nexec 3<> /dev/tcp/127.0.0.1/80\nls > /dev/null\n", ""},
		{"Read", "sqlite", "SELECT count(*) FROM users WHERE deleted = 0 AND 3 > 2;", ""},
		{"Put it in place", "bash", "/usr/bin/mv -- a b\n", "mv"},
		{"Forget", "psql", "DELETE FROM sessions;", "DELETE"},
		{"Forget", "sqlite", "drop table t;", "drop"},
		{"Empty the cache", "redis-cli", "FLUSHALL", "FLUSHALL"},
		{"Restore", "bash", "pg_restore -d app dump\n", "Restore"},
		{"Load", "bash", "bin/wipe-users.sh\n", "wipe"},
		{"Write", "bash", "printf x > \"$DATA/users.db\"\n", ">"},
		{"Look", "bash", "find . -mtime +3 -delete\n", "delete"},
	} {
		if got := Overwrites(c.title, c.interpreter, c.script); got != c.want {
			t.Errorf("%s: %q gives %q, want %q", c.title, c.script, got, c.want)
		}
	}
}
