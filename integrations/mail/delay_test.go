package mail_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/mail"
	"github.com/drbot/drbot/integrations/mail/mailtest"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
)

// TestI48_AnAddressThatIsPutOffHoldsNobodyUp: a full mailbox waits by itself, in its order; the others read every mail at
// once and once.
func TestI48_AnAddressThatIsPutOffHoldsNobodyUp(t *testing.T) {
	for _, at := range []string{"RCPT boss@example.com", "DATA", "END"} {
		t.Run(at, func(t *testing.T) {
			s := mailtest.New(t).Start()
			l, n := mail.New(options(s, night())), notes{}
			r1, r2 := record(t, 7, sent(1, incident.AudienceExecutives, incident.AudienceMail)), record(t, 8, sent(2, incident.AudienceExecutives, incident.AudienceMail))
			s.Trouble(at, mailtest.Trouble{Reply: "452 4.2.2 mailbox full", Times: 1})
			err := n.batch(t, l, false, r1, r2)
			var u follow.Unavailable
			if !errors.As(err, &u) || !u.NotSent || !strings.Contains(err.Error(), "boss@example.com") || !strings.Contains(err.Error(), "mailbox full") {
				t.Fatalf("%v", err)
			}
			if got := tos(s); got != "cto@1 list@1 cto@2 list@2" {
				t.Errorf("mailed %s", got)
			}
			if d := l.Degraded(); len(d) != 1 || !strings.Contains(d[0], "boss@example.com") || strings.Contains(d[0], "not reachable") {
				t.Errorf("%q", d)
			}
			before := fmt.Sprint(n)
			s.Trouble("RCPT boss@example.com", mailtest.Trouble{Reply: "452 4.2.2 mailbox full", Times: 1})
			if err := n.batch(t, l, false, r1, r2); !errors.As(err, &u) || fmt.Sprint(n) != before {
				t.Errorf("%v; a try in vain is no progress: %v", err, n)
			}
			if err := n.batch(t, l, false, r1, r2); err != nil {
				t.Fatal(err)
			}
			if got := tos(s); got != "cto@1 list@1 cto@2 list@2 boss@1 boss@2" || len(l.Degraded()) != 0 {
				t.Errorf("mailed %s; %q", got, l.Degraded())
			}
			for key := range n {
				if strings.HasPrefix(key, "mails/") {
					t.Errorf("a note is left: %s", key)
				}
			}
		})
	}
}

// TestI48_AnAddressIsGivenUpAfterADay, visibly; what was written since is tried once and given up with it.
func TestI48_AnAddressIsGivenUpAfterADay(t *testing.T) {
	s := mailtest.New(t).Start()
	clock := now
	o := options(s, night())
	o.Now = func() time.Time { return clock }
	l, n := mail.New(o), notes{}
	r1, r2 := record(t, 7, sent(1, incident.AudienceExecutives)), record(t, 8, sent(2, incident.AudienceExecutives))
	s.Trouble("RCPT boss@example.com", mailtest.Trouble{Reply: "451 4.7.1 greylisted"})
	var u follow.Unavailable
	for range 3 {
		if err := n.batch(t, l, false, r1, r2); !errors.As(err, &u) {
			t.Fatal(err)
		}
		clock = clock.Add(11 * time.Hour)
	}
	for _, r := range []state.Record{r1, r2} { // the loop narrows a batch down to the record at fault
		err := n.deliver(t, l, r)
		if err == nil || errors.As(err, &u) || !strings.Contains(err.Error(), "boss@example.com> (since 24 Nov 03:30 UTC") {
			t.Errorf("record %d: %v", r.Seq, err)
		}
	}
	if got := tos(s); got != "cto@1 cto@2" || len(l.Degraded()) != 0 {
		t.Errorf("mailed %s; %q", got, l.Degraded())
	}
	if err := n.batch(t, l, true, r1); err == nil || errors.As(err, &u) { // a person asks: the answer is not tomorrow's
		t.Errorf("%v", err)
	}
	s.Trouble("RCPT boss@example.com", mailtest.Trouble{Reply: "451 4.7.1 greylisted", Times: 1})
	if err := n.batch(t, l, true, r1); err == nil {
		t.Error("a mailbox that is still closed was mailed")
	}
	if err := n.batch(t, l, true, r1); err != nil || tos(s) != "cto@1 cto@2 boss@1" {
		t.Errorf("%v, mailed %s", err, tos(s))
	}
}

// TestMail_ARefusedMailEndsItsConversation: the next address is asked on a line of its own (a server answers 503 to MAIL
// within a mail).
func TestMail_ARefusedMailEndsItsConversation(t *testing.T) {
	s := mailtest.New(t).Start()
	s.Trouble("DATA", mailtest.Trouble{Reply: "554 5.7.1 not this one", Times: 1})
	err := notes{}.deliver(t, mail.New(options(s, night())), record(t, 7, sent(1, incident.AudienceExecutives)))
	if err == nil || !strings.Contains(err.Error(), "boss@example.com") || tos(s) != "cto@1" {
		t.Errorf("%v, mailed %s", err, tos(s))
	}
} // mailtest says what was wrong on the line

// tos is who was mailed which update.
func tos(s *mailtest.Server) string {
	var list []string
	for _, m := range s.Mails() {
		headers, _ := m.Parts()
		name, _, _ := strings.Cut(m.To, "@")
		_, number, _ := strings.Cut(headers["Message-ID"], "update-")
		list = append(list, name+"@"+number[:1])
	}
	return strings.Join(list, " ")
}
