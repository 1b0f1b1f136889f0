package mail_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/mail"
	"github.com/drbot/drbot/integrations/mail/mailtest"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
)

// queue is a mailing list of two, and the record of what is told it.
type queue struct {
	*testing.T
	s    *mailtest.Server
	l    *mail.Link
	n    notes
	list []state.Record
	done int // records that were passed
}

func queued(t *testing.T) *queue {
	t.Helper()
	q := &queue{T: t, s: mailtest.New(t).Start(), n: notes{}}
	q.restart()
	return q
}

func (q *queue) restart() {
	o := options(q.s, night())
	o.To, o.Read = []string{"list@example.com", "two@example.com"}, reader{i: night(), list: &q.list}
	q.l = mail.New(o)
}

func (q *queue) happens(events ...incident.Event) {
	q.Helper()
	for _, e := range events {
		r := record(q.T, uint64(7+len(q.list)), e)
		r.Hash = fmt.Sprintf("%012d", r.Seq)
		q.list = append(q.list, r)
	}
}

// deliver brings the link up to date, as the loop does.
func (q *queue) deliver() error {
	q.Helper()
	var batch []state.Record
	for _, r := range q.list[q.done:] {
		if q.l.Wants(r.Kind) {
			batch = append(batch, r)
		}
	}
	err := q.n.batch(q.T, q.l, false, batch...)
	if err == nil {
		q.done = len(q.list)
	}
	return err
}

// waits delivers, and something waits.
func (q *queue) waits() {
	q.Helper()
	var u follow.Unavailable
	if err := q.deliver(); !errors.As(err, &u) {
		q.Fatalf("%v", err)
	}
}

// passes delivers, and nothing waits any more.
func (q *queue) passes() {
	q.Helper()
	if err := q.deliver(); err != nil {
		q.Fatal(err)
	}
}

// arrives delivers everything; got is who read which subjects.
func (q *queue) arrives(want string) {
	q.Helper()
	if err := q.deliver(); err != nil {
		q.Fatal(err)
	}
	var list []string
	for _, m := range q.s.Mails() {
		headers, _ := m.Parts()
		name, _, _ := strings.Cut(m.To, "@")
		list = append(list, name+" "+headers["Subject"])
	}
	if got := strings.Join(list, ", "); got != want {
		q.Errorf("mailed %s; want %s", got, want)
	}
	for key := range q.n {
		if strings.HasPrefix(key, "mails/") {
			q.Errorf("a note is left: %s %s", key, q.n[key])
		}
	}
}

func (q *queue) down(address string) {
	q.s.Trouble("RCPT "+address, mailtest.Trouble{Reply: "452 4.2.2 mailbox full"})
}

func (q *queue) up(address string) { q.s.Trouble("RCPT "+address, mailtest.Trouble{}) }

func first(n int, subject string) incident.UpdateSent {
	return incident.UpdateSent{By: ana, Number: n, Text: "Words", To: []incident.Audience{incident.AudienceResponders, incident.AudienceMail}, Subject: subject, Outward: subject}
}

func edit(n, version int, subject string) incident.UpdateEdited {
	return incident.UpdateEdited{By: ana, Number: n, Version: version, Text: "Words", To: []incident.Audience{incident.AudienceResponders, incident.AudienceMail}, Subject: subject, Outward: subject}
}

func over(subject string) incident.Resolved {
	return incident.Resolved{By: ana, Summary: "Works", To: []incident.Audience{incident.AudienceMail}, Subject: subject, Outward: subject}
}

// TestI49_AResolutionThatHoldsNoMoreIsNotMailed: to whom it had not gone when the incident was reopened; the next end is.
func TestI49_AResolutionThatHoldsNoMoreIsNotMailed(t *testing.T) {
	q := queued(t)
	q.s.Stop()
	q.happens(first(1, "One"), over("Over"))
	q.waits()
	q.happens(incident.Reopened{By: ana, Reason: "back"})
	q.s.Start()
	q.restart()
	q.arrives("list One, two One")
	q.down("two@example.com")
	q.happens(over("Over again"))
	q.waits()
	q.happens(incident.Reopened{By: ana, Reason: "back"})
	q.passes()
	q.up("two@example.com")
	q.happens(first(2, "Two"), over("The end"), incident.Reopened{}, incident.UpdateSent{Number: 3, To: []incident.Audience{incident.AudienceMail}, Subject: "Three"}, over("At last"))
	q.arrives("list One, two One, list Over again, list Two, two Two, list Three, two Three, list At last, two At last")
	if d := q.l.Degraded(); len(d) != 0 {
		t.Errorf("%q", d)
	}
}

// TestI49_AResolutionReleasedByASecondLookHoldsNoMoreEither.
func TestI49_AResolutionReleasedByASecondLookHoldsNoMoreEither(t *testing.T) {
	q := queued(t)
	q.s.Stop()
	q.happens(incident.UpdateSent{By: ana, Draft: 1, To: []incident.Audience{incident.AudienceMail}, Subject: "Over"})
	q.waits()
	q.happens(incident.Reopened{By: ana, Reason: "back"})
	q.s.Start()
	q.arrives("")
}

// TestI49_AnEditedResolutionLeavesOnce, and neither it nor its edit when the incident was reopened; the next end is another
// message.
func TestI49_AnEditedResolutionLeavesOnce(t *testing.T) {
	q := queued(t)
	q.s.Stop()
	q.happens(first(1, "One"), over("Over"), edit(0, 2, "Over right"))
	q.waits()
	q.s.Start()
	q.arrives("list One, two One, list Over right, two Over right")
	q.s.Stop()
	q.happens(edit(0, 3, "Over last"))
	q.waits()
	q.happens(incident.Reopened{By: ana}, over("The end"), edit(0, 2, "The end right"), incident.Reopened{By: ana}, over("At last"))
	q.s.Start()
	q.arrives("list One, two One, list Over right, two Over right, list At last, two At last")
	q.happens(edit(0, 2, "At last right"))
	q.arrives("list One, two One, list Over right, two Over right, list At last, two At last, list Correction: At last right, two Correction: At last right")
}

// TestI49_WhatWasEditedBeforeItLeftLeavesOnce, in its newest version and its own place.
func TestI49_WhatWasEditedBeforeItLeftLeavesOnce(t *testing.T) {
	q := queued(t)
	q.s.Stop()
	q.happens(first(1, "One"), first(2, "Two"))
	q.waits()
	q.happens(edit(1, 2, "One better"), edit(1, 3, "One right"))
	q.s.Start()
	q.restart()
	q.arrives("list One right, two One right, list Two, two Two")
	h, body := q.s.Mails()[0].Parts()
	if h["Message-ID"] != "<inc-42.update-1.v3.mail.000000000010@example.com>" || h["References"] != "" || strings.Contains(body, "Correction") {
		t.Errorf("%v\n%s", h, body)
	}
	if h, _ := q.s.Mails()[2].Parts(); h["References"] != "<inc-42.update-1.v3.mail.000000000010@example.com>" {
		t.Errorf("%v", h)
	}
	q.happens(edit(1, 4, "One last"))
	q.arrives("list One right, two One right, list Two, two Two, list Correction: One last, two Correction: One last")
}

// TestI49_WhoHadTheFirstWordsIsCorrected, once and with the newest; who had none reads those as the first.
func TestI49_WhoHadTheFirstWordsIsCorrected(t *testing.T) {
	q := queued(t)
	q.down("two@example.com")
	q.happens(first(1, "One"))
	q.waits()
	q.happens(edit(1, 2, "One better"))
	q.waits()
	q.s.Stop()
	q.happens(edit(1, 3, "One again"), edit(1, 4, "One right"))
	q.waits()
	q.s.Start()
	q.up("two@example.com")
	q.arrives("list One, list Correction: One better, two One right, list Correction: One right")
	if h, _ := q.s.Mails()[2].Parts(); h["References"] == "" {
		t.Errorf("no thread: %v", h)
	}
}

// TestI49_WhoWasRefusedTheFirstWordsReadsTheNewestOnce, also when a person asks for the refused ones again.
func TestI49_WhoWasRefusedTheFirstWordsReadsTheNewestOnce(t *testing.T) {
	q := queued(t)
	q.s.Trouble("RCPT two@example.com", mailtest.Trouble{Reply: "550 5.1.1 no such user", Times: 1})
	q.happens(first(1, "One"))
	if err := q.deliver(); err == nil {
		t.Fatal("not refused")
	}
	q.done = 1 // parked
	q.happens(edit(1, 2, "One right"))
	q.passes()
	if err := q.n.batch(t, q.l, true, q.list[0]); err != nil {
		t.Error(err)
	}
	q.arrives("list One, list Correction: One right, two One right")
}

// TestI49_WordsThatMayHaveArrivedAreCorrected: the server took them and its answer was lost.
func TestI49_WordsThatMayHaveArrivedAreCorrected(t *testing.T) {
	q := queued(t)
	q.s.Trouble("END two@example.com", mailtest.Trouble{HangUp: true, Times: 1})
	q.happens(first(1, "One"))
	q.waits()
	q.happens(edit(1, 2, "One right"))
	q.restart()
	q.arrives("list One, two One, two Correction: One right, list Correction: One right")
}

// TestI49_ACrashRepeatsNothingElse: what left before the notes were kept leaves again as it was, under the same name.
func TestI49_ACrashRepeatsNothingElse(t *testing.T) {
	q := queued(t)
	q.s.Stop()
	q.happens(first(1, "One"), over("Over"))
	q.waits()
	q.happens(edit(1, 2, "One right"), incident.Reopened{By: ana})
	q.s.Start()
	kept := q.n
	q.n = notes{}
	q.arrives("list One right, two One right")
	q.n, q.done = kept, 0
	q.restart()
	q.arrives("list One right, two One right, list One right, two One right")
	mails := q.s.Mails()
	for k := range 2 {
		a, _ := mails[k].Parts()
		b, _ := mails[k+2].Parts()
		if a["Message-ID"] != b["Message-ID"] {
			t.Errorf("%s and %s", a["Message-ID"], b["Message-ID"])
		}
	}
}

// TestI49_WhatAnEndMakesUntrueIsNotMailed: an update that waits leaves neither after a false alarm nor when what was planned does
// not take place, nor after the incident went on in another one or was none. After a resolution it leaves, and the end after it.
func TestI49_WhatAnEndMakesUntrueIsNotMailed(t *testing.T) {
	for name, end := range map[string]incident.Event{
		"false alarm": incident.Resolved{By: ana, FalseAlarm: true}, "called off": incident.Resolved{By: ana, CalledOff: true},
		"merged": incident.Merged{By: ana, Into: 7}, "declined": incident.Declined{By: ana},
	} {
		t.Run(name, func(t *testing.T) {
			q := queued(t)
			q.down("two@example.com")
			q.happens(first(1, "One"))
			q.waits()
			q.s.Stop()
			q.happens(first(2, "Two"), edit(2, 2, "Two right"))
			q.waits()
			q.happens(end)
			q.s.Start()
			q.up("two@example.com")
			q.restart()
			q.arrives("list One")
			if d := q.l.Degraded(); len(d) != 0 {
				t.Errorf("%q", d)
			}
		})
	}
}

// TestI56_WhatBecameRestrictedWhileItWaitedIsNotMailed, from one address to the next.
func TestI56_WhatBecameRestrictedWhileItWaitedIsNotMailed(t *testing.T) {
	q := queued(t)
	q.s.Stop()
	q.happens(first(1, "One"))
	q.waits()
	q.happens(incident.TypeSet{Type: "Data breach", Restricted: true})
	q.s.Start()
	if err := q.deliver(); err == nil || !strings.Contains(err.Error(), "is restricted: nothing of it is mailed") {
		t.Error(err)
	}
	if len(q.s.Mails()) != 0 {
		t.Errorf("%d left", len(q.s.Mails()))
	}
}

// TestI42_WhatIsRedactedWhileItWaitsIsNotMailed: who read nothing reads the edit as the first, without what stands for the words.
func TestI42_WhatIsRedactedWhileItWaitsIsNotMailed(t *testing.T) {
	q := queued(t)
	q.down("two@example.com")
	q.happens(first(1, "One"))
	q.waits()
	q.happens(edit(1, 2, "One right"))
	left, err := state.Left(q.list[0].Payload)
	if err != nil {
		t.Fatal(err)
	}
	q.list[0].Payload, q.list[0].Redacted = left, true
	q.up("two@example.com")
	q.passes()
	if got := tos(q.s); got != "list@1 list@1 two@1" {
		t.Errorf("mailed %s", got)
	}
	for k, m := range q.s.Mails() {
		if h, _ := m.Parts(); strings.HasPrefix(h["Subject"], "Correction") != (k == 1) {
			t.Errorf("%d: %s", k, h["Subject"])
		}
		if _, body := m.Parts(); strings.Contains(body, state.Blanked) {
			t.Errorf("mailed\n%s", body)
		}
	}
}
