package mail_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/mail"
	"github.com/drbot/drbot/integrations/mail/mailtest"
	"github.com/drbot/drbot/state/follow"
)

// troubles at one address, at which the server ends the connection.
var troubles = map[string]struct {
	at      string
	trouble mailtest.Trouble
}{
	"RCPT":        {"RCPT boss@example.com", mailtest.Trouble{HangUp: true}},
	"421":         {"RCPT boss@example.com", mailtest.Trouble{Reply: "421 4.7.0 try later", HangUp: true}},
	"421 and on":  {"RCPT boss@example.com", mailtest.Trouble{Reply: "421 4.7.0 try later"}},
	"DATA":        {"DATA boss@example.com", mailtest.Trouble{HangUp: true}},
	"END":         {"END boss@example.com", mailtest.Trouble{HangUp: true}},
	"421 at DATA": {"DATA boss@example.com", mailtest.Trouble{Reply: "421 4.3.2 going down", HangUp: true}},
}

// TestI48_AHangUpAtOneAddressStarvesNobody: the others read every mail; the address is named, tried for a day, and given up.
func TestI48_AHangUpAtOneAddressStarvesNobody(t *testing.T) {
	for name, one := range troubles {
		t.Run(name, func(t *testing.T) {
			s := mailtest.New(t).Start()
			s.Trouble(one.at, one.trouble)
			clock := now
			o := options(s, night())
			o.Now = func() time.Time { return clock }
			l, n := mail.New(o), notes{}
			r1, r2 := record(t, 7, sent(1, incident.AudienceExecutives, incident.AudienceMail)), record(t, 8, sent(2, incident.AudienceExecutives, incident.AudienceMail))
			var u follow.Unavailable
			err := n.batch(t, l, false, r1, r2)
			if !errors.As(err, &u) || !strings.Contains(err.Error(), "boss@example.com") {
				t.Fatalf("%v", err)
			}
			if got := read(s); got != "cto@1 list@1 cto@2 list@2" {
				t.Errorf("mailed %s", got)
			}
			for range 2 { // a restart, and the others have theirs
				if d := l.Degraded(); len(d) != 1 || !strings.Contains(d[0], "puts off Boss <boss@example.com> since 03:30") {
					t.Errorf("%q", d)
				}
				clock = clock.Add(time.Hour)
				l = mail.New(o)
				if err := n.batch(t, l, false, r1, r2); !errors.As(err, &u) || !strings.Contains(err.Error(), "boss@example.com") {
					t.Errorf("%v", err)
				}
			}
			clock = clock.Add(24 * time.Hour)
			err = n.deliver(t, l, r1)
			if err == nil || errors.As(err, &u) || !strings.Contains(err.Error(), "boss@example.com> (since 24 Nov 03:30 UTC") {
				t.Errorf("after a day: %v", err)
			}
			if err := n.batch(t, l, true, r1); err == nil || errors.As(err, &u) { // asked again: what comes after it goes on
				t.Errorf("%v", err)
			}
			s.Trouble(one.at, mailtest.Trouble{})
			if err := n.batch(t, l, true, r1); err != nil || read(s) != "cto@1 list@1 cto@2 list@2 boss@1" || len(l.Degraded()) != 0 {
				t.Errorf("%v, mailed %s, %q", err, read(s), l.Degraded())
			}
		})
	}
}

// TestI48_AServerThatHangsUpAtEverybodyIsDown: no address is counted as put off.
func TestI48_AServerThatHangsUpAtEverybodyIsDown(t *testing.T) {
	s := mailtest.New(t).Start()
	s.Trouble("RCPT", mailtest.Trouble{HangUp: true})
	clock := now
	o := options(s, night())
	o.Now = func() time.Time { return clock }
	l, n := mail.New(o), notes{}
	r := record(t, 7, sent(1, incident.AudienceExecutives, incident.AudienceMail))
	var u follow.Unavailable
	for range 30 {
		if err := n.deliver(t, l, r); !errors.As(err, &u) || !strings.Contains(err.Error(), ": no answer: ") {
			t.Fatalf("%v", err)
		}
		if d := l.Degraded(); len(d) != 1 || !strings.Contains(d[0], "not reachable since 03:30") || !strings.Contains(d[0], "@example.com") {
			t.Fatalf("%q", d)
		}
		clock = clock.Add(time.Hour)
	}
	s.Trouble("RCPT", mailtest.Trouble{})
	for range 2 { // those that were not tried again come first now
		if err := n.deliver(t, l, r); err == nil {
			break
		}
	}
	if len(s.Mails()) != 3 || len(l.Degraded()) != 0 {
		t.Errorf("mailed %s; %q", read(s), l.Degraded())
	}
}

// TestI48_ManyHangUpsStarveNobody: a call tries a few of them again, others first, and everybody comes to their turn.
func TestI48_ManyHangUpsStarveNobody(t *testing.T) {
	s := mailtest.New(t).Start()
	o := options(s, night())
	o.Executives = nil
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		o.To = append(o.To, name+"@example.com")
		s.Trouble("RCPT "+name+"@example.com", mailtest.Trouble{HangUp: true})
	}
	s.Trouble("RCPT list@example.com", mailtest.Trouble{HangUp: true})
	l, n := mail.New(o), notes{}
	r := record(t, 7, sent(1, incident.AudienceMail))
	var u follow.Unavailable
	if err := n.deliver(t, l, r); !errors.As(err, &u) {
		t.Fatal(err)
	}
	before := s.Connections()
	if err := n.deliver(t, l, r); !errors.As(err, &u) || s.Connections()-before > 3 {
		t.Errorf("%v; %d connections", err, s.Connections()-before)
	}
	s.Trouble("RCPT list@example.com", mailtest.Trouble{})
	s.Trouble("RCPT e@example.com", mailtest.Trouble{})
	for range 4 {
		if err := n.deliver(t, l, r); !errors.As(err, &u) {
			t.Fatal(err)
		}
	}
	if got := read(s); got != "e@1 list@1" && got != "list@1 e@1" {
		t.Errorf("mailed %s", got)
	}
	if d := strings.Join(l.Degraded(), " "); strings.Count(d, "puts off") != 4 {
		t.Errorf("%s", d)
	}
}

// TestI48_AServerThatTakesOneMailAConversationIsNotDown: the next address is asked on a line of its own.
func TestI48_AServerThatTakesOneMailAConversationIsNotDown(t *testing.T) {
	for name, reply := range map[string]string{"END": "250 2.0.0 kept", "RCPT": "550 5.1.1 no such user"} {
		t.Run(name, func(t *testing.T) {
			s := mailtest.New(t).Start()
			s.Trouble(name, mailtest.Trouble{Reply: reply, HangUp: true})
			l := mail.New(options(s, night()))
			err := notes{}.deliver(t, l, record(t, 7, sent(1, incident.AudienceExecutives, incident.AudienceMail)))
			var u follow.Unavailable
			if errors.As(err, &u) || (err == nil) != (name == "END") || len(l.Degraded()) != 0 || s.Connections() != 3 {
				t.Errorf("%v, %q, %d connections", err, l.Degraded(), s.Connections())
			}
		})
	}
}

// read is who was mailed which update and had an answer.
func read(s *mailtest.Server) string {
	var list []string
	for _, m := range s.Mails() {
		headers, _ := m.Parts()
		name, _, _ := strings.Cut(m.To, "@")
		_, number, _ := strings.Cut(headers["Message-ID"], "update-")
		if !m.Lost {
			list = append(list, name+"@"+number[:1])
		}
	}
	return strings.Join(list, " ")
}
