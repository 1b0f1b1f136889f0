package incident

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestBindOf_FindsWhatAnItemSays(t *testing.T) {
	for text, want := range map[string]Rule{
		"Incident classified and severity assigned": RuleClassified, "Severity set": RuleClassified,
		"On-call personnel notified": RuleNotified, "Responders have been paged": RuleNotified,
		"Communication sent to stakeholders": RuleTold, "Stakeholders informed": RuleTold, "Users notified of recovery": RuleTold, "Customers were told": RuleTold, "Status update posted": RuleTold,
		"Backup availability confirmed": RuleBackup, "A verified backup is available": RuleBackup,
		"Backup restored successfully": RuleRestored, "Data integrity verified": RuleRestored, "The restore was successful": RuleRestored, "Data is restored": RuleRestored,
		"Recovery environment prepared": "", "Access to the database restored": "", "Data restore planned": "", "User authentication working": "", "Users can log in": "", "Both people are here": "", "Post-incident review scheduled": "",
		"Rate limiting operational": "", "Classified documents are locked away": "", "Team told": "",
		"Decide whether customers must be informed": "", "Users not yet notified: list them": "", "Plan how users are told": "", "Draft the message that is sent to stakeholders": "", "Customers should be told": "", "Data to be restored": "",
		"Make sure that users are informed": RuleTold,
	} {
		got := Rule("")
		if b := BindOf(text); b != nil {
			got = b.Rule
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	if b := BindOf("Users notified of recovery"); !b.After || len(b.To) != 2 {
		t.Errorf("%+v", b)
	}
	if b := BindOf("Users notified"); b.After {
		t.Errorf("%+v", b)
	}
}

// tied is an incident whose items are bound to every rule.
func tied() *Incident {
	i := New(42)
	i.Apply(Stamp{Seq: 1, N: 1, Time: night}, Opened{By: ana, Title: "x", Severity: 1, Checklist: []Item{
		{ID: "c1", Text: "classified", Bind: &Bind{Rule: RuleClassified}}, {ID: "c2", Text: "notified", Bind: &Bind{Rule: RuleNotified}},
		{ID: "c3", Text: "told", Bind: &Bind{Rule: RuleTold, To: []Audience{AudienceMail, AudienceStatus}}},
		{ID: "c4", Text: "told after", Bind: &Bind{Rule: RuleTold, To: []Audience{AudienceStatus}, After: true}},
		{ID: "c5", Text: "backup", Bind: &Bind{Rule: RuleBackup}}, {ID: "c6", Text: "step", Bind: &Bind{Rule: RuleStep}},
		{ID: "c7", Text: "probe step", Bind: &Bind{Rule: RuleProbe, Probe: "p1.s9"}}, {ID: "c8", Text: "probe", Bind: &Bind{Rule: RuleProbe, Probe: "https://x/healthz"}},
		{ID: "c9", Text: "in order"}, {ID: "c10", Text: "first", Parent: "c9", Order: true}, {ID: "c11", Text: "second", Parent: "c9", Order: true, Bind: &Bind{Rule: RuleNotified}},
	}})
	return i
}

// then folds events and what the record proves after them.
func (i *Incident) then(events ...Event) (ticked []string) {
	fold := func(events []Event) {
		for _, e := range events {
			i.Apply(Stamp{Seq: i.Seq + 1, N: i.N + 1, Time: night.Add(time.Duration(i.N) * time.Minute)}, e)
		}
	}
	fold(events)
	more := i.Prove(i.Time)
	fold(more)
	for _, e := range more {
		if done, ok := e.(ItemDone); ok {
			ticked = append(ticked, done.Item+": "+done.How)
		}
	}
	return ticked
}

func TestProve_TicksWhatTheRecordShows(t *testing.T) {
	i := tied()
	for _, c := range []struct {
		events []Event
		want   string
	}{
		{[]Event{StatusSet{By: ana, Status: Identified}}, ""},
		{[]Event{SeveritySet{By: Bot, From: 1, To: 2}}, ""},
		{[]Event{TypeSet{By: ana, Type: "Flood"}}, "c1: Ana chose the type Flood"},
		{[]Event{Acknowledged{By: ana}}, "c2: Ana acknowledged"},
		{[]Event{ItemDone{By: ana, Item: "c10"}}, "c11: Ana acknowledged, c9: with its items"},
		{[]Event{UpdateSent{By: ana, Number: 1}}, ""},                                                       // of an earlier version: the announcement alone
		{[]Event{UpdateSent{By: ana, Number: 2, To: []Audience{AudienceAnnouncement, AudienceStatus}}}, ""}, // nobody has it yet
		{[]Event{MessageLeft{Number: 2, To: AudienceStatus, N: 99}}, "c3: update 2 to the status page"},
		{[]Event{ReadsDone{Run: 7, Choices: map[string][]Choice{"B": {{Value: "a", State: "rejected"}}}}}, ""},
		{[]Event{ReadsDone{Run: 7, Choices: map[string][]Choice{"B": {{Value: "a", State: "verified", TakenAt: night}, {Value: "b", State: "verified", TakenAt: night.Add(-time.Hour)}}}}}, "c5: R7 read 2 verified backups, the newest of " + night.UTC().Format("2 Jan 15:04") + " UTC"},
		{[]Event{ItemReopened{By: ana, Item: "c3"}}, ""}, // the same fact overrules nobody
		{[]Event{UpdateSent{By: ana, Number: 3, To: []Audience{AudienceMail}}, MessageLeft{Number: 3, To: AudienceMail, N: 99}}, "c3: update 3 to the mailing list"},
		{[]Event{ItemProbed{Item: "c8", Said: "answered 503"}}, ""},
		{[]Event{ItemProbed{Item: "c8", OK: true, Said: "answered 200"}}, "c8: answered 200"},
		{[]Event{UpdateSent{By: ana, Number: 4, To: []Audience{AudienceStatus}, Status: Monitoring}, MessageLeft{Number: 4, To: AudienceStatus, N: 99}}, "c4: update 4 to the status page"},
	} {
		if got := strings.Join(i.then(c.events...), ", "); got != c.want {
			t.Errorf("%T: ticked %q, want %q", c.events[0], got, c.want)
		}
	}
}

func TestTickItem_RefusesWhatIsNotSoYet(t *testing.T) {
	i := tied()
	for _, it := range i.Checklist[:8] {
		if _, err := i.TickItem(ana, it.ID, ""); err == nil || !strings.Contains(err.Error(), "is not so yet") || !strings.Contains(err.Error(), it.ID+" done anyway") {
			t.Errorf("%s: %v", it.ID, err)
		}
		events, err := i.TickItem(ana, it.ID, "we saw it")
		if err != nil || events[0].(ItemDone).Anyway != "we saw it" || events[0].(ItemDone).How != "" {
			t.Errorf("%s: %+v, %v", it.ID, events, err)
		}
	}
	i.then(ItemDone{By: Bot, Item: "c6", How: "step 1.6 of R7"}, ItemReopened{By: ana, Item: "c6"})
	if events, err := i.TickItem(ana, "c6", ""); err != nil || events[0].(ItemDone).How != "step 1.6 of R7" {
		t.Errorf("a proof that stands: %+v, %v", events, err)
	}
	i.then(ItemDone{By: Bot, Item: "c6", How: "step 1.6 of R7"}, ItemReopened{By: Bot, Item: "c6"})
	if _, err := i.TickItem(ana, "c6", ""); err == nil {
		t.Error("a proof that was undone still ticks")
	}
	if _, err := i.CloseItem(ana, "c8", "", "nothing is probed here"); err != nil {
		t.Errorf("not applicable: %v", err)
	}
}

// Whatever happens in whatever order: drbot ticks only what has a proof, a person's tick of a bound item has a proof or a
// reason, and folding the record again gives the same incident (I52).
func TestI52_ProofsFoldTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := tied()
		record := []Event{}
		stamp := func(n int) Stamp {
			return Stamp{Seq: uint64(n), N: uint64(n), Time: night.Add(time.Duration(n) * time.Minute)}
		}
		fold := func(events []Event) {
			for _, e := range events {
				record = append(record, e)
				i.Apply(stamp(len(record)+1), e)
			}
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			id := fmt.Sprintf("c%d", rapid.IntRange(1, 11).Draw(t, "item"))
			var events []Event
			switch rapid.IntRange(0, 8).Draw(t, "what") {
			case 0:
				events = []Event{Acknowledged{By: ana}}
			case 1:
				events = []Event{UpdateSent{By: ana, Number: 1, To: []Audience{rapid.SampledFrom(Audiences).Draw(t, "to")}}}
			case 2:
				events, _ = i.TickItem(ana, id, "")
			case 3:
				events, _ = i.TickItem(ana, id, "why")
			case 4:
				events, _ = i.ReopenItem(ana, id, "")
			case 5:
				events = []Event{ItemProbed{Item: "c8", OK: rapid.Bool().Draw(t, "ok"), Said: "said"}}
			case 6:
				events, _ = i.CloseItem(ana, id, "", "not here")
			case 7:
				events, _ = i.SetDue(i.Time, ana, id, i.Time.Add(time.Hour))
			case 8:
				events = i.Tick(i.Time.Add(2 * time.Hour))
			}
			fold(events)
			fold(i.Prove(i.Time))
			for k := range i.Checklist {
				it := &i.Checklist[k]
				if it.Bind != nil && it.State == "done" && it.How == "" && it.Anyway == "" {
					t.Fatalf("%s is done without a proof or a reason", it.ID)
				}
			}
			if more := i.Prove(i.Time); len(more) != 0 {
				t.Fatalf("proven twice: %+v", more)
			}
		}
		again := tied()
		for k, e := range record {
			again.Apply(stamp(k+2), e)
		}
		a, _ := json.Marshal(i)
		b, _ := json.Marshal(again)
		if string(a) != string(b) {
			t.Fatalf("%s\n%s", a, b)
		}
	})
}

func TestDue_IsSpokenOnceAndGoesWithTheItem(t *testing.T) {
	i := tied()
	due := i.Time.Add(20 * time.Minute)
	events, err := i.SetDue(i.Time, ana, "c9", due)
	if err != nil {
		t.Fatal(err)
	}
	i.then(events...)
	if d, ok := i.NextDeadline(); !ok || !strings.HasPrefix(d.Key, "item/c9/") || !d.Due.Equal(due) {
		t.Fatalf("%+v", d)
	}
	spoken := i.Tick(due.Add(40 * time.Minute))
	if len(spoken) != 1 || spoken[0].(DeadlineSpoken).Late != 40*time.Minute {
		t.Fatalf("%+v", spoken)
	}
	i.then(spoken...)
	if more := i.Tick(due.Add(time.Hour)); len(more) != 0 {
		t.Fatalf("spoken twice: %+v", more)
	}
	i.then(Resolved{By: ana}, Reopened{By: ana, Reason: "again"})
	if more := i.Tick(due.Add(time.Hour)); len(more) != 0 {
		t.Fatalf("spoken again after a reopening: %+v", more)
	}
	events, _ = i.SetDue(i.Time, ana, "c9", due.Add(2*time.Hour))
	i.then(events...)
	i.then(ItemDone{By: ana, Item: "c10"}, ItemDone{By: ana, Item: "c11", Anyway: "x"}, ItemDone{By: Bot, Item: "c9"})
	if _, ok := i.NextDeadline(); ok {
		t.Error("a closed item is still due")
	}
	if _, err := i.SetDue(i.Time, ana, "c1", i.Time); err == nil {
		t.Error("a time that is over was taken")
	}
	if who := i.Reminds(i.Item("c1")); who != nil {
		t.Errorf("%v", who)
	}
}

func TestPins_FollowWhatBecomesOfThem(t *testing.T) {
	i := tied()
	pin := Pinned{By: ana, Channel: "C1", TS: "1", Text: strings.Repeat("x", MaxKeptText+5), Mark: true}
	if e := i.Pin(pin)[0].(Pinned); e.All != MaxKeptText+5 || len([]rune(e.Text)) != MaxKeptText {
		t.Errorf("kept %d of %d characters", len([]rune(e.Text)), e.All)
	}
	if e := i.Pin(Pinned{By: ana, Channel: "C1", TS: "3", Text: strings.Repeat("é", 40_500)})[0].(Pinned); e.All != 0 || e.Text != strings.Repeat("é", 40_500) {
		t.Errorf("a message of 40,500 characters is kept as %d of %d", len([]rune(e.Text)), e.All)
	}
	i.then(i.Pin(pin)...)
	if len(i.Pin(pin)) != 0 || !i.PinFacts["C1/1"].Mark {
		t.Errorf("%+v", i.PinFacts)
	}
	if len(i.EditPin("C1", "1", pin.Text)) != 0 || len(i.EditPin("C1", "1", "new")) != 1 || len(i.EditPin("C1", "2", "new")) != 0 {
		t.Error("an edit of nothing, or none of an edit")
	}
	lost := i.LosePin("C1", "1")
	i.then(lost...)
	if len(lost) != 1 || len(i.LosePin("C1", "1")) != 0 {
		t.Error("lost twice")
	}
	i.then(i.Unpin(ana, "C1", "1")...)
	if len(i.Pins) != 0 || i.PinFacts != nil || len(i.Unpin(ana, "C1", "1")) != 0 {
		t.Errorf("%v %v", i.Pins, i.PinFacts)
	}
}
