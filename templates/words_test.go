package templates

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
)

// kinds reads the names of all events from their room.
func kinds(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../incident/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func \((\w+)\) EventKind\(\)`).FindAllStringSubmatch(string(src), -1) {
			names = append(names, m[1])
		}
	}
	return names
}

// fill puts a value into every text, number, instant and list of an event.
func fillEvent(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Uint64, reflect.Uint:
		v.SetUint(7)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for k := range v.Len() {
			fillEvent(v.Index(k), text)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(at("03:14")))
			return
		}
		for k := range v.NumField() {
			fillEvent(v.Field(k), text)
		}
	}
}

func decoded(t *testing.T, kind, text string) incident.Event {
	t.Helper()
	e, err := incident.Decode(kind, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	v := reflect.New(reflect.TypeOf(e)).Elem()
	if text != "" {
		fillEvent(v, text)
	}
	return v.Interface().(incident.Event)
}

// Every event that can be in the record has words, empty or full, and none of its values is more than text in them.
func TestI41_EveryEventHasPlainWords(t *testing.T) {
	names := kinds(t)
	if len(names) < 60 {
		t.Fatalf("only %d kinds were found", len(names))
	}
	hostile := "<!channel> \u202etxt.exe\x00 [x](http://e) `rm` |\n" + seal
	for _, name := range names {
		for _, value := range []string{"", "word", hostile} {
			text, ok := InWords(decoded(t, name, value))
			if !ok || text == "" || strings.Contains(text, "(sentence ") {
				t.Errorf("%s with %q: %v %q", name, value, ok, text)
			}
			if strings.ContainsFunc(text, hidden) {
				t.Errorf("%s with %q has hidden characters: %q", name, value, text)
			}
		}
	}
	if _, ok := InWords(strange{}); ok {
		t.Error("an unknown kind has words")
	}
}

type strange struct{}

func (strange) EventKind() string { return "Strange" }

func TestWords(t *testing.T) {
	var said []string
	for _, name := range kinds(t) {
		text, _ := inWords(failing().Incident, time.Time{}, decoded(t, name, "word"), maxWords)
		said = append(said, name+": "+text)
	}
	said = append(said, "", "Of the story:")
	i := failing().Incident
	for _, e := range []incident.Event{
		incident.StepEnded{Run: 7, Step: "p1.s7", Outcome: incident.Failed, Exit: 3, Why: "users 1,900, manifest says 2,000", Started: at("03:22"), Ended: at("03:23")},
		incident.StepEnded{Run: 7, Step: "p1.s6", Outcome: incident.Succeeded}, incident.StepByHand{Run: 9, Step: "p9.s1", By: ana},
		incident.DeadlineSpoken{Key: "respond/50/1", Due: at("03:05")}, incident.DeadlineSpoken{Key: "respond/100/1", Due: at("03:13")}, incident.DeadlineSpoken{Key: "nudge/A17/1", Due: at("03:17")}, incident.DeadlineSpoken{Key: "head/1", Due: at("03:17")}, incident.DeadlineSpoken{Key: "update/remind/1", Due: at("03:05")},
		incident.DeadlineSpoken{Key: "update/late/1", Due: at("03:05"), Late: time.Minute}, incident.DeadlineSpoken{Key: "step/R7/p1.s6/1", Due: at("03:05")},
		incident.ItemDone{By: incident.Bot, Item: "c5", How: "step 1.6 of R7"}, incident.RoleTaken{By: ana, Who: ana, Role: incident.Commander},
		incident.Resolved{By: ana, Summary: "It is back"}, incident.Expired{Approval: 17}, incident.ReadsDone{Run: 7, For: incident.ReadForPlan},
		incident.RunPlanned{Run: 7, By: ana, Title: "Restart", Steps: []incident.Step{{ID: "p1.s1", Number: "1.1", Title: "Look"}, {ID: "p1.s2b", Number: "1.2", Title: "Stop it: Systemd"}}, Branches: map[string]string{"p1.s2": "p1.s2b"}},
		incident.ConditionAnswered{Run: 7, Step: "p1.s8", By: ana, Condition: "if necessary", Why: "it is gone"}, incident.ConditionAnswered{Run: 7, Step: "p1.s8", By: ana, Needed: true},
	} {
		text, _ := inWords(i, time.Time{}, e, maxWords)
		said = append(said, text)
	}
	golden(t, "words.txt", strings.Join(said, "\n"))
}

// TestAnUnsentPlanIsNobodys: while the form of a plan is open the review has no line of it; sent, it has one.
func TestAnUnsentPlanIsNobodys(t *testing.T) {
	s := waiting()
	for _, open := range []bool{true, false} {
		e, ok := EntryOf(s.Incident, at("03:10"), incident.RunPlanned{Run: 7, Title: "Database recovery", By: s.Run(7).Operator, Asks: open})
		if !ok || e.Machine != open {
			t.Errorf("the form is open %v: %+v", open, e)
		}
	}
}

// TestTheStepsTimeIsItsProcesss: the run card and the next approval say the same.
func TestTheStepsTimeIsItsProcesss(t *testing.T) {
	s := &incident.Step{Started: at("03:10"), EndedAt: at("03:12"), Took: 3 * time.Second}
	if got := tookOf(s); got != 3*time.Second {
		t.Errorf("timed: %s", got)
	}
	s.Took = 0
	if got := tookOf(s); got != 2*time.Minute {
		t.Errorf("of an earlier version: %s", got)
	}
}
