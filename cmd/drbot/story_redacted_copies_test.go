package main

import (
	"strconv"
	"strings"
	"testing"
)

// TestI42_ARedactionNamesEveryCopy: words of a record stand in later ones, in what drbot posted and in backups; the answer names
// each, and a review that opens again says nothing that its tasks' own records have lost.
func TestI42_ARedactionNamesEveryCopy(t *testing.T) {
	t.Parallel()
	w := settle(t, reviewing(), atWork)
	socket, key := keyring(t)
	w.people[2].more = ", ssh_key: \"" + key + "\""
	w.configure()
	w.up()
	chen := shell{w, socket}
	room := w.open(w.ana, "Database corruption: hunter01 users gone")
	for _, line := range []string{
		"severity 2 hunter09 less", "resolve it works anyway: x", "action hunter15 thing @Bea due 2d", "task t1 blocked: hunter18 waits", "action a1 done: hunter17 did",
		"note hunter18 is what blocks it", "reopen hunter21 back", "resolve again anyway: x",
	} {
		w.say(w.ana, room, "/incident "+line)
	}
	w.payloads("ReviewOpened", 2)
	redact := func(kind, word string, wants ...string) {
		t.Helper()
		for _, r := range w.records(kind) {
			if !strings.Contains(string(r.Payload), word) {
				continue
			}
			says := chen.hears(0, "is blank now", "audit", "redact", strconv.FormatUint(r.Seq, 10), "--why", "pw")
			for _, want := range append(wants, "Backups that were taken before have it") {
				if !strings.Contains(says, want) {
					t.Errorf("%s: the answer lacks %q: %s", kind, want, says)
				}
			}
			return
		}
		t.Errorf("no %s has %s", kind, word)
	}
	noted := w.records("Noted")[0].Seq
	redact("TaskStatusSet", "hunter18", "Record "+strconv.FormatUint(noted, 10)+" (Noted) has words of it")
	redact("Noted", "hunter18")
	redact("ActionDone", "hunter17")
	redact("SeveritySet", "hunter09", "What drbot posted of it in #inc-1")
	redact("Reopened", "hunter21", "What drbot posted of it in #inc-1")
	redact("ActionAdded", "hunter15", "or wrote to people")
	redact("Opened", "hunter01", "rename it in Slack", "(ChannelBound)")
	_, draft, _ := chen.types(nil, "incident", "review", "1", "--draft")
	for _, word := range []string{"hunter18", "hunter17", "hunter15", "hunter09", "hunter21"} {
		if strings.Contains(draft, word) || len(w.filesWith(word)) != 0 {
			t.Errorf("%s is in %v and the draft: %s", word, w.filesWith(word), draft)
		}
		for _, kind := range []string{"TaskStatusSet", "Noted", "ActionDone", "ReviewOpened", "SeveritySet", "Reopened", "ActionAdded"} {
			for _, r := range w.records(kind) {
				if strings.Contains(string(r.Payload), word) {
					t.Errorf("%s has %s: %s", kind, word, r.Payload)
				}
			}
		}
	}
	if !strings.Contains(draft, "Ana Ruiz") {
		t.Errorf("nobody owes anything: %s", draft)
	}
	w.audited()
}
