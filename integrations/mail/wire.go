package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"html"
	"net"
	stdmail "net/mail"
	"slices"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/drbot/drbot/state/follow"
	"github.com/drbot/drbot/templates"
)

// message is one mail without its addressee.
type message struct {
	id, first, last string // Message-IDs without brackets: its own, of the thread's beginning, of the one before
	date            time.Time
	letter          templates.Letter
}

// closing is the reply of a server that ends the connection (RFC 5321, 3.8).
const closing = 421

// refusal is an address or a mail that the server will never take.
type refusal struct{ why string }

func (r *refusal) Error() string { return r.why }

// delay is an address that the server does not take a mail for now, while it may well take one for others.
type delay struct{ why string }

func (d *delay) Error() string { return d.why }

// sender is a connection that is opened for the first mail of a delivery.
type sender struct {
	client *mail.Client
	line   *smtp.Client
}

func (s *sender) close() {
	if s.line != nil {
		if s.client.CloseWithSMTPClient(s.line) != nil { // it took everything already, or said that it did not
			_ = s.line.Close() // it hung up before
		}
		s.line = nil
	}
}

func (l *Link) from() *stdmail.Address {
	a, err := Address(l.From)
	if err != nil {
		return &stdmail.Address{Address: "drbot@localhost"} // options are valid
	}
	return a
}

// client is made of the options; it opens nothing yet.
func (o Options) client() (*mail.Client, error) {
	options := []mail.Option{mail.WithPort(o.Port), mail.WithTimeout(Timeout), mail.WithoutNoop()}
	config := &tls.Config{ServerName: o.Host, MinVersion: tls.VersionTLS12}
	if o.Roots != nil {
		config.RootCAs = o.Roots.RootCAs
	}
	options = append(options, mail.WithTLSConfig(config))
	switch o.TLS {
	case Implicit:
		options = append(options, mail.WithSSL())
	case Plain:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if o.User != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(o.User), mail.WithPassword(o.Password.Reveal()))
	}
	return mail.NewClient(o.Host, options...)
}

// dial opens the connection, up to the server's readiness to take a mail.
func (o Options) dial(ctx context.Context) (*sender, error) {
	client, err := o.client()
	if err != nil {
		return nil, err
	}
	line, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return nil, err
	}
	return &sender{client, line}, nil
}

// one mails one address. Everything but a refusal or a delay of this address or this mail, and a hang-up at it, is an outage.
func (l *Link) one(ctx context.Context, s *sender, m message, address string) error {
	if l.Broken != nil {
		return l.away(l.Broken, true)
	}
	used := s.line != nil
	if !used {
		made, err := l.dial(ctx)
		if err != nil {
			return l.away(err, true)
		}
		*s = *made
	}
	composed, err := l.compose(m, address)
	if err != nil {
		return &refusal{err.Error()}
	}
	err = s.client.SendWithSMTPClient(s.line, composed)
	if composed.IsDelivered() { // a complaint about what came after it changes nothing
		l.health.seen(l.Now(), nil)
		return nil
	}
	var send *mail.SendError
	if errors.As(err, &send) && send.Reason != mail.ErrConnCheck {
		code := send.ErrorCode()
		if code >= 400 && send.Reason != mail.ErrSMTPRcptTo {
			s.close() // a mail that was begun is over with its connection
		}
		switch {
		case code >= 500:
			l.health.seen(l.Now(), nil)
			return &refusal{plain(err)}
		case code >= 400 && code != closing && slices.Contains([]mail.SendErrReason{mail.ErrSMTPRcptTo, mail.ErrSMTPData, mail.ErrSMTPDataClose}, send.Reason):
			l.health.seen(l.Now(), nil)
			return &delay{plain(err)}
		}
	}
	if err == nil {
		err = errors.New("the mail server answered nothing")
	}
	s.close()
	if used && errors.As(err, &send) && slices.Contains([]mail.SendErrReason{mail.ErrConnCheck, mail.ErrSMTPMailFrom}, send.Reason) {
		return l.one(ctx, s, m, address) // it ended with the mail before
	}
	if errors.As(err, &send) && slices.Contains([]mail.SendErrReason{mail.ErrSMTPRcptTo, mail.ErrSMTPData, mail.ErrWriteContent, mail.ErrSMTPDataClose}, send.Reason) {
		// Where the server was asked for the whole mail, it may have it: the next try bears the same Message-ID.
		asked := send.Reason == mail.ErrSMTPDataClose || send.Reason == mail.ErrWriteContent
		why := plain(err)
		if send.ErrorCode() == 0 {
			why = "no answer: " + why
		}
		return &hangUp{why: why, asked: asked, met: true}
	}
	return l.away(err, true)
}

// away is an outage.
func (l *Link) away(err error, notSent bool) error {
	l.health.seen(l.Now(), err)
	return follow.Unavailable{Err: fmt.Errorf("mail server %s: %s", l.Host, plain(err)), NotSent: notSent}
}

// plain is an error in one line, without the parts that only a program reads.
func plain(err error) string {
	var operation *net.OpError
	if errors.As(err, &operation) {
		err = operation
	}
	text := strings.Join(strings.Fields(err.Error()), " ")
	text, _, _ = strings.Cut(text, ", affected recipient")
	text, _, _ = strings.Cut(text, ", affected message ID")
	text, _, _ = strings.Cut(text, ", EOF")                  // once is enough
	if strings.Contains(text, "does not support STARTTLS") { // a server that did not take EHLO has named nothing
		text = "it did not take EHLO, or offers no STARTTLS"
	}
	if len(text) > 300 {
		text = text[:300] + "…"
	}
	return text
}

// compose makes the mail: plain text and the same as simple HTML, threaded by References (RFC 5322, 3.6.4).
func (l *Link) compose(m message, address string) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	to, err := Address(address)
	if err != nil {
		return nil, err
	}
	from := l.from()
	if err := msg.FromFormat(from.Name, from.Address); err != nil {
		return nil, err
	}
	if err := msg.AddToFormat(to.Name, to.Address); err != nil {
		return nil, err
	}
	msg.Subject(oneLine(m.letter.Subject))
	msg.SetDateWithValue(m.date)
	msg.SetMessageIDWithValue(m.id)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // no out-of-office answers (RFC 3834)
	if m.first != "" && m.first != m.id {
		msg.SetGenHeader(mail.HeaderInReplyTo, "<"+m.last+">")
		references := "<" + m.first + ">"
		if m.last != m.first {
			references += " <" + m.last + ">"
		}
		msg.SetGenHeader(mail.HeaderReferences, references)
	}
	msg.SetBodyString(mail.TypeTextPlain, templates.Unmarked(m.letter.Text))
	msg.AddAlternativeString(mail.TypeTextHTML, asHTML(m.letter.Text))
	return msg, nil
}

// oneLine keeps a subject from becoming a header of its own.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// asHTML is the same text for readers that show no plain text: escaped, each line with the
// direction of its own script, pairs of ** bold, nothing else.
func asHTML(text string) string {
	var b strings.Builder
	b.WriteString("<!doctype html>\n<html lang=\"en\"><body style=\"font-family: sans-serif\">")
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if strings.TrimSpace(line) == "" {
			b.WriteString("<br>\n")
			continue
		}
		b.WriteString("<div dir=\"auto\">")
		parts := strings.Split(html.EscapeString(line), "**")
		for n, part := range parts {
			switch {
			case len(parts)%2 == 0:
				if n > 0 {
					b.WriteString("**")
				}
				b.WriteString(part)
			case n%2 == 1:
				b.WriteString("<b>" + part + "</b>")
			default:
				b.WriteString(part)
			}
		}
		b.WriteString("</div>\n")
	}
	b.WriteString("</body></html>\n")
	return b.String()
}
