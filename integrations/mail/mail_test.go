package mail_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/mail"
	"github.com/drbot/drbot/integrations/mail/mailtest"
	"github.com/drbot/drbot/secret"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	ana = incident.Person{Key: "ana@example.com", Name: "Ana Ruiz"}
	now = time.Date(2026, 11, 24, 3, 30, 0, 0, time.UTC)
)

// reader is a record of one incident.
type reader struct {
	i    *incident.Incident
	list *[]state.Record
}

func (r reader) Incident(context.Context, state.Ref) (*incident.Incident, error) { return r.i, nil }

func (r reader) Records(_ context.Context, _ incident.ID, after uint64) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		if r.list == nil {
			return
		}
		for _, record := range *r.list {
			if record.Seq > after && !yield(record, nil) {
				return
			}
		}
	}
}

func night() *incident.Incident {
	i := incident.New(42)
	i.Apply(incident.Stamp{Seq: 1, N: 1, Time: now.Add(-time.Hour)}, incident.Opened{By: ana, Title: "Users database corrupted", Severity: 1})
	return i
}

// options of a link to a fake server.
func options(s *mailtest.Server, i *incident.Incident) mail.Options {
	o := mail.Options{
		Host: "127.0.0.1", Port: s.Port(), TLS: mail.StartTLS, Roots: s.Roots(), User: s.User, From: "drbot <drbot@example.com>", To: []string{"list@example.com"},
		Executives: []string{"Boss <boss@example.com>", "cto@example.com"}, Read: reader{i: i}, Now: func() time.Time { return now },
	}
	if s.User != "" {
		o.Password = secret.New(s.Password)
	}
	if s.Implicit {
		o.TLS = mail.Implicit
	} else if s.NoTLS {
		o.TLS = mail.Plain
	}
	return o
}

// record of an event.
func record(t *testing.T, seq uint64, e incident.Event) state.Record {
	t.Helper()
	payload, err := incident.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	return state.Record{Seq: seq, Incident: 42, N: seq, Time: now, Kind: e.EventKind(), Payload: payload, Hash: "0123456789abcdef0123"}
}

// notes are the cursor's, as the loop keeps them.
type notes map[string]string

func (n notes) deliver(t *testing.T, l *mail.Link, r state.Record) error {
	t.Helper()
	return n.batch(t, l, false, r)
}

func (n notes) batch(t *testing.T, l *mail.Link, again bool, records ...state.Record) error {
	t.Helper()
	done, err := l.Deliver(t.Context(), follow.Batch{Incident: 42, Records: records, Notes: n, Again: again})
	for key, value := range done.Notes {
		if n[key] = value; value == "" {
			delete(n, key)
		}
	}
	return err
}

func sent(number int, to ...incident.Audience) incident.UpdateSent {
	return incident.UpdateSent{By: ana, Number: number, Text: "Restoring.", To: to, Subject: "[ARAGORA] Incident Update – Identified", Outward: "**Status:** Identified\n\nZażółć gęślą jaźń\n.a line with a dot\n" + strings.Repeat("long ", 400)}
}

// TestMail_OverEachKindOfConnection, with and without a password.
func TestMail_OverEachKindOfConnection(t *testing.T) {
	for name, set := range map[string]func(*mailtest.Server){
		"starttls": func(s *mailtest.Server) { s.User, s.Password = "drbot", "correct horse" },
		"implicit": func(s *mailtest.Server) { s.Implicit, s.User, s.Password = true, "drbot", "correct horse" },
		"open":     func(*mailtest.Server) {},
		"none":     func(s *mailtest.Server) { s.NoTLS = true },
	} {
		t.Run(name, func(t *testing.T) {
			s := mailtest.New(t)
			set(s)
			s.Start()
			l := mail.New(options(s, night()))
			if err := (notes{}).deliver(t, l, record(t, 7, sent(1, incident.Audiences...))); err != nil {
				t.Fatal(err)
			}
			mails := s.Mails()
			if len(mails) != 3 {
				t.Fatalf("%d mails", len(mails))
			}
			for k, to := range []string{"boss@example.com", "cto@example.com", "list@example.com"} {
				if mails[k].To != to || mails[k].From != "drbot@example.com" || mails[k].Secure == s.NoTLS || mails[k].User != s.User {
					t.Errorf("%+v", mails[k])
				}
			}
			if len(l.Degraded()) != 0 || l.Watch() != "Mail ok" {
				t.Error(l.Degraded(), l.Watch())
			}
		})
	}
}

// TestMail_IsReadAsItWasWritten: subject, plain text, the same as HTML with nothing but bold in it.
func TestMail_IsReadAsItWasWritten(t *testing.T) {
	s := mailtest.New(t).Start()
	i := night()
	i.Drill = true
	o := options(s, i)
	o.Drills = true
	e := sent(1, incident.AudienceMail)
	e.Outward += "\n<script>alert(1)</script> <!channel> שלום \u202e"
	if err := (notes{}).deliver(t, mail.New(o), record(t, 7, e)); err != nil {
		t.Fatal(err)
	}
	headers, body := s.Mails()[0].Parts()
	subject, err := new(mime.WordDecoder).DecodeHeader(headers["Subject"])
	if err != nil || subject != "DRILL · [ARAGORA] Incident Update – Identified" {
		t.Errorf("subject %q, %v", subject, err)
	}
	if headers["Message-ID"] != "<inc-42.update-1.v1.mail.0123456789ab@example.com>" || headers["Auto-Submitted"] != "auto-generated" || headers["References"] != "" {
		t.Errorf("%v", headers)
	}
	_, params, err := mime.ParseMediaType(headers["Content-Type"])
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for r := multipart.NewReader(strings.NewReader(body), params["boundary"]); ; {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, strings.ReplaceAll(string(text), "\r\n", "\n"))
	}
	if len(parts) != 2 {
		t.Fatalf("%d parts", len(parts))
	}
	for _, want := range []string{"Status: Identified\n", "Zażółć gęślą jaźń\n.a line with a dot\n", "<script>alert(1)</script> <!channel>", "sent by drbot for Ana Ruiz"} {
		if !strings.Contains(parts[0], want) {
			t.Errorf("the text lacks %q:\n%s", want, parts[0])
		}
	}
	if !strings.Contains(parts[1], "<b>Status:</b>") || strings.Contains(parts[1], "<script") || !strings.Contains(parts[1], "&lt;script&gt;") {
		t.Errorf("the HTML:\n%s", parts[1])
	}
}

// TestMail_OneThreadForAnAudience: the first mail begins it, the others refer to it.
func TestMail_OneThreadForAnAudience(t *testing.T) {
	s := mailtest.New(t).Start()
	l, n := mail.New(options(s, night())), notes{}
	edit := incident.UpdateEdited{By: ana, Number: 1, Version: 2, To: []incident.Audience{incident.AudienceMail}, Subject: "S", Outward: "Better."}
	for k, e := range []incident.Event{
		sent(1, incident.AudienceMail), sent(2, incident.AudienceResponders), edit, incident.Resolved{By: ana, Subject: "Over", Outward: "It is over.", To: []incident.Audience{incident.AudienceMail}},
	} {
		if err := n.deliver(t, l, record(t, uint64(7+k), e)); err != nil {
			t.Fatal(err)
		}
	}
	mails := s.Mails()
	if len(mails) != 3 {
		t.Fatalf("%d mails", len(mails))
	}
	first := "<inc-42.update-1.v1.mail.0123456789ab@example.com>"
	second := "<inc-42.update-1.v2.mail.0123456789ab@example.com>"
	for k, want := range []struct{ id, before, references, subject string }{
		{first, "", "", ""}, {second, first, first, "Correction: S"}, {"<inc-42.resolution-10.mail.0123456789ab@example.com>", second, first + " " + second, "Over"},
	} {
		h, _ := mails[k].Parts()
		if h["Message-ID"] != want.id || h["In-Reply-To"] != want.before || h["References"] != want.references || want.subject != "" && h["Subject"] != want.subject {
			t.Errorf("mail %d: %v", k, h)
		}
	}
}

// TestI48_AServerThatIsDownDelaysAndLosesNothing: refused, hung up at every command, full; then it all leaves, once.
func TestI48_AServerThatIsDownDelaysAndLosesNothing(t *testing.T) {
	s := mailtest.New(t)
	s.User, s.Password = "drbot", "correct horse"
	s.Start()
	l, n := mail.New(options(s, night())), notes{}
	r := record(t, 7, sent(1, incident.AudienceExecutives, incident.AudienceMail))
	away := func(what string) {
		t.Helper()
		err := n.deliver(t, l, r)
		var u follow.Unavailable
		if !errors.As(err, &u) {
			t.Errorf("%s: %v", what, err)
		}
		if len(l.Degraded()) != 1 || !strings.Contains(l.Degraded()[0], "mail waits") || strings.Contains(err.Error(), "correct horse") || strings.Contains(err.Error(), "does not support") {
			t.Errorf("%s: %v, %v", what, l.Degraded(), err)
		}
	}
	s.Stop()
	away("nobody listens")
	s.Start()
	for _, at := range []string{"GREETING", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA"} {
		for _, trouble := range []mailtest.Trouble{{HangUp: true}, {Reply: "421 4.3.0 later"}} {
			s.Trouble(at, trouble)
			away(at + " " + trouble.Reply)
			s.Trouble(at, mailtest.Trouble{})
		}
	}
	s.Trouble("AUTH", mailtest.Trouble{Reply: "535 5.7.8 no", Times: 1})
	away("a password that is not taken any more")
	if len(s.Mails()) != 0 {
		t.Fatalf("%d mails", len(s.Mails()))
	}
	s.Trouble("MAIL", mailtest.Trouble{Reply: "452 4.3.1 no room for anybody", Times: 1})
	away("a full disk")
	if err := n.deliver(t, l, r); err != nil {
		t.Fatal(err)
	}
	var to []string
	for _, m := range s.Mails() {
		to = append(to, m.To)
	}
	if got := strings.Join(to, " "); got != "boss@example.com cto@example.com list@example.com" {
		t.Errorf("mailed %s: each once, in their order", got)
	}
	if len(l.Degraded()) != 0 {
		t.Error(l.Degraded())
	}
}

// TestI49_ALostAnswerRepeatsUnderTheSameName: the server took it and its answer was lost; what comes again has the same
// Message-ID, by which mailboxes know it.
func TestI49_ALostAnswerRepeatsUnderTheSameName(t *testing.T) {
	s := mailtest.New(t).Start()
	l, n := mail.New(options(s, night())), notes{}
	r := record(t, 7, sent(1, incident.AudienceMail))
	s.Trouble("END", mailtest.Trouble{HangUp: true, Times: 1})
	var u follow.Unavailable
	if err := n.deliver(t, l, r); !errors.As(err, &u) || u.NotSent {
		t.Fatalf("%v", err)
	}
	if err := n.deliver(t, l, r); err != nil {
		t.Fatal(err)
	}
	mails := s.Mails()
	if len(mails) != 2 || !mails[0].Lost || mails[1].Lost {
		t.Fatalf("%+v", mails)
	}
	a, _ := mails[0].Parts()
	b, _ := mails[1].Parts()
	if a["Message-ID"] != b["Message-ID"] || a["Date"] != b["Date"] {
		t.Errorf("%s %s", a["Message-ID"], b["Message-ID"])
	}
}

// TestI48_ARefusedAddressParksAndHoldsNobodyUp: the others have theirs, and a second try mails only who lacks it.
func TestI48_ARefusedAddressParksAndHoldsNobodyUp(t *testing.T) {
	s := mailtest.New(t).Start()
	l, n := mail.New(options(s, night())), notes{}
	r := record(t, 7, sent(1, incident.AudienceExecutives, incident.AudienceMail))
	s.Trouble("RCPT boss@example.com", mailtest.Trouble{Reply: "550 5.1.1 no such user", Times: 1})
	err := n.deliver(t, l, r)
	var u follow.Unavailable
	if err == nil || errors.As(err, &u) || !strings.Contains(err.Error(), "boss@example.com") || !strings.Contains(err.Error(), "no such user") {
		t.Fatalf("%v", err)
	}
	if len(s.Mails()) != 2 {
		t.Errorf("%d mails", len(s.Mails()))
	}
	if err := n.deliver(t, l, record(t, 8, sent(2, incident.AudienceMail))); err != nil { // what comes after it
		t.Fatal(err)
	}
	if err := n.batch(t, l, true, r); err != nil { // requeued
		t.Fatal(err)
	}
	if mails := s.Mails(); len(mails) != 4 || mails[3].To != "boss@example.com" {
		t.Errorf("%+v", mails)
	}
	s.Trouble("END", mailtest.Trouble{Reply: "554 5.6.0 spam", Times: 1})
	if err := (notes{}).deliver(t, l, record(t, 9, sent(3, incident.AudienceMail))); err == nil || errors.As(err, &u) {
		t.Errorf("a refused mail: %v", err)
	}
}

// TestI44_I56_DrillsAndRestrictedIncidentsAreNotMailed, whatever the record says.
func TestI44_I56_DrillsAndRestrictedIncidentsAreNotMailed(t *testing.T) {
	s := mailtest.New(t).Start()
	drill, secretly := night(), night()
	drill.Drill, secretly.Restricted = true, true
	for _, i := range []*incident.Incident{drill, secretly} {
		err := (notes{}).deliver(t, mail.New(options(s, i)), record(t, 7, sent(1, incident.AudienceMail)))
		var u follow.Unavailable
		if err == nil || errors.As(err, &u) {
			t.Errorf("%v", err)
		}
	}
	if len(s.Mails()) != 0 {
		t.Errorf("%d mails", len(s.Mails()))
	}
}

// TestMail_NobodySpeaksToAnImpostor: a certificate that nobody signed gets neither password nor mail.
func TestMail_NobodySpeaksToAnImpostor(t *testing.T) {
	s := mailtest.New(t)
	s.User, s.Password = "drbot", "correct horse"
	s.Start()
	o := options(s, night())
	o.Roots = nil
	if err := (notes{}).deliver(t, mail.New(o), record(t, 7, sent(1, incident.AudienceMail))); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("%v", err)
	}
	plain := mailtest.New(t)
	plain.NoTLS = true
	plain.Start()
	o = options(plain, night())
	o.TLS = mail.StartTLS
	if err := (notes{}).deliver(t, mail.New(o), record(t, 7, sent(1, incident.AudienceMail))); err == nil || len(plain.Mails()) != 0 {
		t.Errorf("mailed without TLS: %v", err)
	}
}

func TestCheck(t *testing.T) {
	s := mailtest.New(t)
	s.User, s.Password = "drbot", "correct horse"
	s.Start()
	ok := options(s, night())
	if found := mail.Check(t.Context(), ok, false); len(found) != 0 {
		t.Errorf("%+v", found)
	}
	if len(s.Mails()) != 0 {
		t.Error("check sent a mail")
	}
	s.Trouble("RCPT cto@example.com", mailtest.Trouble{Reply: "550 5.1.1 no such user", Times: 1})
	if found := mail.Check(t.Context(), ok, false); len(found) != 1 || !strings.Contains(found[0].What, "cto@example.com") {
		t.Errorf("%+v", found)
	}
	s.Trouble("MAIL", mailtest.Trouble{Reply: "550 5.7.1 not yours", Times: 1})
	if found := mail.Check(t.Context(), ok, false); len(found) != 1 || !strings.Contains(found[0].What, "drbot@example.com") {
		t.Errorf("%+v", found)
	}
	wrong := ok
	wrong.Password = secret.New("battery staple")
	if found := mail.Check(t.Context(), wrong, false); len(found) != 1 || strings.Contains(found[0].What, "battery") {
		t.Errorf("%+v", found)
	}
	if found := mail.Check(t.Context(), wrong, true); len(found) != 0 {
		t.Errorf("offline: %+v", found)
	}
	for name, broken := range map[string]func(*mail.Options){
		"host": func(o *mail.Options) { o.Host = "" }, "tls": func(o *mail.Options) { o.TLS = "ssl" }, "from": func(o *mail.Options) { o.From = "nobody" },
		"newline": func(o *mail.Options) { o.To = []string{"a@example.com\r\nBcc: b@example.com"} }, "nobody": func(o *mail.Options) { o.To, o.Executives = nil, nil },
		"port": func(o *mail.Options) { o.Port = 0 }, "password": func(o *mail.Options) { o.Password = secret.String{} }, "clear": func(o *mail.Options) { o.TLS, o.Host = mail.Plain, "mail.example.com" },
	} {
		o := ok
		broken(&o)
		if found := mail.Check(t.Context(), o, true); len(found) != 1 || found[0].Level != "error" {
			t.Errorf("%s: %+v", name, found)
		}
	}
}
