package incident

import (
	"strings"
	"testing"
)

// TestI42_OnlyWhatReachedSomebodyTellsThem: what was let go and waits for a server proves nothing; what is said while it waits
// names it, and what never leaves is forgotten.
func TestI42_OnlyWhatReachedSomebodyTellsThem(t *testing.T) {
	i := tied()
	if got := i.then(UpdateSent{By: ana, Number: 1, To: []Audience{AudienceMail, AudienceStatus}}); len(got) > 0 {
		t.Errorf("ticked %q while it waits", got)
	}
	first := i.N
	if _, err := i.TickItem(ana, "c3", ""); err == nil || !strings.Contains(err.Error(), "update 1 to the mailing list has left, which waits") {
		t.Errorf("a tick while it waits: %v", err)
	}
	i.then(UpdateSent{By: ana, Number: 2, To: []Audience{AudienceMail}, Status: Monitoring})
	if w := i.Waits(i.Item("c3")); !strings.Contains(w, "update 2 to the mailing list") {
		t.Errorf("waits %s", w)
	}
	if w := i.Waits(i.Item("c4")); w != i.Item("c4").Bind.Waits() {
		t.Errorf("one for the page alone waits %s", w)
	}
	if list := i.Leaving(AudienceMail, first); len(list) != 1 || list[0].Number != 1 {
		t.Errorf("leaving: %+v", list)
	}
	left := i.Leaving(AudienceMail, first)[0]
	if events := i.Left(left); len(events) != 1 {
		t.Errorf("%+v", events)
	}
	if got := strings.Join(i.then(left), ", "); got != "c3: update 1 to the mailing list" {
		t.Errorf("ticked %q", got)
	}
	if events := i.Left(left); events != nil {
		t.Errorf("said twice: %+v", events)
	}
}

// TestI42_AnEndThatWasNoneProvesNothing: a resolution that waited while the incident was reopened tells nobody, and an update
// that was written in its time is none of a recovery any more.
func TestI42_AnEndThatWasNoneProvesNothing(t *testing.T) {
	i := tied()
	i.then(UpdateSent{By: ana, Number: 1, To: []Audience{AudienceStatus}, Status: Monitoring}, Resolved{By: ana, To: []Audience{AudienceStatus}})
	old := i.N
	i.then(Reopened{By: ana, Reason: "it is back"})
	if got := i.then(MessageLeft{Number: 0, To: AudienceStatus, N: old}); len(got) > 0 {
		t.Errorf("ticked %q", got)
	}
	if got := strings.Join(i.then(MessageLeft{Number: 1, To: AudienceStatus, N: old}), ", "); got != "c3: update 1 to the status page" {
		t.Errorf("ticked %q", got)
	}
	i.then(Resolved{By: ana, To: []Audience{AudienceStatus}})
	if got := i.then(MessageLeft{Number: 0, To: AudienceStatus, N: old}); len(got) > 0 {
		t.Errorf("the end before the reopening ticked %q", got)
	}
	if got := strings.Join(i.then(MessageLeft{Number: 0, To: AudienceStatus, N: i.N}), ", "); got != "c4: the resolution to the status page" {
		t.Errorf("ticked %q", got)
	}
}

// TestI42_AReopeningOpensWhatTheEndProved: who was told that it is over, and what a probe said then, is shown anew; what else is
// done stays, and so does what a person answers for.
func TestI42_AReopeningOpensWhatTheEndProved(t *testing.T) {
	i := tied()
	i.then(Acknowledged{By: ana}, ItemProbed{Item: "c8", OK: true, Said: "answered 200"}, ItemDone{By: ana, Item: "c7", Anyway: "we looked"})
	i.then(Resolved{By: ana, To: []Audience{AudienceStatus}}, MessageLeft{To: AudienceStatus, N: 99})
	events, err := i.Reopen(ana, "it is back", Policy{})
	if err != nil {
		t.Fatal(err)
	}
	if got := i.then(events...); len(got) > 0 {
		t.Errorf("ticked %q", got)
	}
	for id, state := range map[string]string{"c2": "done", "c3": "done", "c4": "", "c7": "done", "c8": ""} {
		if it := i.Item(id); it.State != state {
			t.Errorf("%+v", it)
		}
	}
	if got := i.then(ItemProbed{Item: "c8", OK: true, Said: "answered 200 again"}); len(got) != 1 {
		t.Errorf("ticked %q", got)
	}
}
