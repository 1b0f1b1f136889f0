package incident

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	anaR = Person{Key: "ana@example.com", Name: "Ana Ruiz", Slack: "U0ANA"}
	beaR = Person{Key: "bea@example.com", Name: "Bea Ode", Slack: "U0BEA"}
)

// resolvedOne is an incident that was resolved at an instant, with a task due d later.
func resolvedOne(at time.Time, h *Hours, lengths ...time.Duration) *Incident {
	i := New(1)
	step(i, at.Add(-time.Hour), Opened{By: anaR, Title: "db", Severity: 1})
	var tasks []Task
	for k, d := range lengths {
		tasks = append(tasks, h.Promise(Task{Title: fmt.Sprintf("task %d", k+1), Due: h.After(at, d)}, at))
	}
	events, err := i.Resolve(Resolved{By: anaR, Summary: "back", Reason: "x"}, tasks)
	if err != nil {
		panic(err)
	}
	step(i, at, events...)
	return i
}

func step(i *Incident, at time.Time, events ...Event) {
	for _, e := range events {
		i.Apply(Stamp{Seq: i.Seq + 1, N: i.N + 1, Time: at}, e)
	}
}

// spoke lists what is said between two instants, minute by minute, and folds it.
func spoke(i *Incident, from, until time.Time, every time.Duration) []string {
	var said []string
	for at := from; !at.After(until); at = at.Add(every) {
		for _, e := range i.Tick(at) {
			if d, ok := e.(DeadlineSpoken); ok && strings.HasPrefix(d.Key, "review/") {
				said = append(said, strings.Join(strings.Split(d.Key, "/")[1:3], " ")+" "+at.Format("Mon 15:04"))
			}
			step(i, at, e)
		}
	}
	return said
}

var friday = time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)

// Each task is reminded of before, called late, and escalated: once each, in working hours over a weekend.
func TestI50_ATaskIsRemindedAcrossAWeekend(t *testing.T) {
	i := resolvedOne(friday, office(t, "UTC"), 24*time.Hour)
	got := spoke(i, friday, friday.Add(10*24*time.Hour), 30*time.Minute)
	want := []string{"t1 remind Mon 09:00", "t1 late Mon 10:00", "t1 escalate Tue 10:00"}
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if d, ok := i.NextDeadline(); ok {
		t.Errorf("%s is still due", d.Key)
	}
	plain := resolvedOne(friday, nil, 24*time.Hour)
	if got := spoke(plain, friday, friday.Add(10*24*time.Hour), time.Hour); !slices.Equal(got, []string{"t1 remind Fri 22:00", "t1 late Sat 10:00", "t1 escalate Sun 10:00"}) {
		t.Errorf("without hours: %v", got)
	}
}

// After a downtime each task speaks once, with the latest that is true and how late that is; a restart ends nothing.
func TestI50_AfterADowntimeEachTaskSpeaksOnce(t *testing.T) {
	i := resolvedOne(friday, nil, 24*time.Hour, 48*time.Hour, 7*24*time.Hour)
	at := friday.Add(49 * time.Hour)
	var said []string
	for _, e := range i.Tick(at) {
		d := e.(DeadlineSpoken)
		said = append(said, d.Key[:strings.LastIndexByte(d.Key, '/')]+" "+d.Late.String())
		step(i, at, e)
	}
	if !slices.Equal(said, []string{"review/t1/escalate 1h0m0s", "review/t2/late 1h0m0s"}) {
		t.Errorf("%v", said)
	}
	if again := i.Tick(at.Add(time.Minute)); len(again) != 0 {
		t.Errorf("%v", again)
	}
	if d, ok := i.NextDeadline(); !ok || !strings.HasPrefix(d.Key, "review/t2/escalate/") {
		t.Errorf("%v", d)
	}
}

// A snooze puts the owner's reminders off and nobody else's; a new day makes a new promise; a task that is done is silent.
func TestTaskSnoozedMovedAndDone(t *testing.T) {
	i := resolvedOne(friday, nil, 24*time.Hour)
	events, err := i.SnoozeTask(friday.Add(time.Hour), anaR, "t1", friday.Add(30*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	step(i, friday.Add(time.Hour), events...)
	if got := spoke(i, friday.Add(time.Hour), friday.Add(72*time.Hour), time.Hour); !slices.Equal(got, []string{"t1 again Sat 16:00", "t1 escalate Sun 10:00"}) {
		t.Errorf("%v", got)
	}
	if events, err = i.SetTask(friday.Add(72*time.Hour), beaR, "T1", Asked{Due: friday.Add(96 * time.Hour)}, nil); err != nil {
		t.Fatal(err)
	}
	step(i, friday.Add(72*time.Hour), events...)
	if got := spoke(i, friday.Add(72*time.Hour), friday.Add(97*time.Hour), time.Hour); len(got) != 2 {
		t.Errorf("%v", got)
	}
	if events, err = i.DoTask(anaR, "t1", ""); err != nil {
		t.Fatal(err)
	}
	step(i, friday.Add(98*time.Hour), events...)
	if got := spoke(i, friday.Add(98*time.Hour), friday.Add(400*time.Hour), time.Hour); len(got) != 0 {
		t.Errorf("%v", got)
	}
	for _, err := range []error{
		second(i.SnoozeTask(friday, anaR, "t1", friday.Add(time.Hour))), second(i.DoTask(anaR, "t1", "")), second(i.SetTask(friday, anaR, "t1", Asked{Owner: beaR}, nil)), second(i.DoTask(anaR, "t7", "")),
	} {
		if err == nil {
			t.Error("a task that is done, or is not there, changed")
		}
	}
}

func second(_ []Event, err error) error { return err }

// Records of earlier versions name neither keys nor owners of tasks, and fold all the same.
func TestI52_AnOlderReviewFolds(t *testing.T) {
	i := New(1)
	step(i, friday, Opened{By: anaR, Title: "db"}, Resolved{By: anaR}, ReviewOpened{Owner: anaR, Tasks: []Task{{Title: "Draft", Due: friday}, {Title: "Published", Due: friday.Add(time.Hour)}}})
	if r := i.Review; r.Tasks[1].Key != "t2" || r.Tasks[1].Owner != anaR || !r.Due.Equal(friday.Add(time.Hour)) || !r.Opened.Equal(friday) {
		t.Errorf("%+v", r)
	}
	step(New(2), friday, TaskDone{Task: "t1"}, ReviewGiven{Who: anaR}, ActionSet{Action: "a1"}, ReviewSaved{Version: 1}) // no review: nothing happens
}

// A broken glass is reviewed also when it was a false alarm, with a day and an owner.
func TestI16_AFalseAlarmWithABrokenGlassOwesATask(t *testing.T) {
	i := New(1)
	step(i, friday, Opened{By: anaR, Title: "db"})
	i.Glass = []Glass{{Approval: 17, Run: 7, Number: "1.6", By: beaR, Reason: "nobody answered"}}
	events, err := i.Resolve(Resolved{By: anaR, FalseAlarm: true, Reason: "the probe"}, []Task{{Title: "Draft", Due: friday.Add(24 * time.Hour)}})
	if err != nil {
		t.Fatal(err)
	}
	opened, ok := events[len(events)-1].(ReviewOpened)
	if !ok || len(opened.Tasks) != 1 || opened.Tasks[0].Key != "t1" || opened.Tasks[0].Owner != anaR || opened.Tasks[0].Due.IsZero() {
		t.Errorf("%+v", events)
	}
}

// Whatever people do to tasks, in any order: each promise says each step at most once, nothing is said of what is done, and
// the deadlines of a fold come back from its record.
func TestReviewDeadlinesHoldForEveryOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		i := resolvedOne(friday, nil, 24*time.Hour, 72*time.Hour)
		var record []func(*Incident)
		do := func(at time.Time, events ...Event) {
			for _, e := range events {
				record = append(record, func(j *Incident) { step(j, at, e) })
				step(i, at, e)
			}
		}
		now, said := friday, map[string]int{}
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(1, 40).Draw(rt, "hours")) * time.Hour)
			key := rapid.SampledFrom([]string{"t1", "t2", "a1"}).Draw(rt, "key")
			var events []Event
			switch rapid.IntRange(0, 7).Draw(rt, "what") {
			case 0:
				events, _ = i.DoTask(anaR, key, "")
			case 1:
				events, _ = i.ReopenTask(anaR, key)
			case 2:
				events, _ = i.SnoozeTask(now, anaR, key, now.Add(26*time.Hour))
			case 3:
				events, _ = i.SetTask(now, anaR, key, Asked{Owner: beaR, Due: now.Add(50 * time.Hour)}, nil)
			case 5:
				events, _ = i.TaskStatus(anaR, key, rapid.SampledFrom([]TaskStatus{TaskOpen, TaskBegun, TaskBlocked}).Draw(rt, "status"), "why")
			case 4:
				events, _ = i.AddAction(now, anaR, Asked{Text: "do", Owner: anaR, Due: now.Add(30 * time.Hour)}, nil)
			}
			do(now, events...)
			begun, blocked := 0, 0
			for _, t := range i.Review.Items() {
				switch t.State() {
				case "in progress":
					begun++
				case "blocked":
					blocked++
				}
			}
			if f := i.Figures(); f.Begun != begun || f.Blocked != blocked {
				rt.Fatalf("%d begun and %d blocked, the figures say %d and %d", begun, blocked, f.Begun, f.Blocked)
			}
			for _, e := range i.Tick(now) {
				d := e.(DeadlineSpoken)
				task, name := i.TaskOf(d.Key)
				if task == nil || !task.Open() || d.Due.After(now) {
					rt.Fatalf("%+v is said of %+v", d, task)
				}
				if said[d.Key]++; said[d.Key] > 1 && name != TaskAgain {
					rt.Fatalf("%s is said %d times", d.Key, said[d.Key])
				}
				do(now, e)
			}
			if more := i.Tick(now); len(more) > 0 {
				rt.Fatalf("said again at once: %v", more)
			}
		}
		j := resolvedOne(friday, nil, 24*time.Hour, 72*time.Hour)
		for _, f := range record {
			f(j)
		}
		if !slices.Equal(i.Deadlines(), j.Deadlines()) {
			rt.Fatal("the record gives other deadlines")
		}
	})
}
