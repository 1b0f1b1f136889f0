// Package mail carries messages to people outside of the chat: a mailing list, and executives.
//
// It follows updates, their edits and resolutions, and sends what the record says was told, to whom it says it was told.
// Each address gets a mail of its own, and the notes say who has it, so that one address that a server refuses repeats
// nothing at the others, and one that it puts off or hangs up at holds nobody up. A server that is down is an outage: the
// mail waits, in order; what holds no more by then is not sent, and what was edited leaves in its newest words. A mail
// cannot be looked for, so one that may have left before a crash leaves again, under the same Message-ID; mailboxes know it
// by that.
package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"net/mail"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/secret"
	"github.com/drbot/drbot/state"
)

// Name is the follower's name; cursors hang on it.
const Name = "mail"

// How the connection to the server is protected.
const (
	StartTLS = "starttls" // on a plain connection, and never without (RFC 3207); port 587
	Implicit = "implicit" // from the first byte (RFC 8314); port 465
	Plain    = "none"     // not at all: for a server on this machine; port 25
)

// Timeout is how long one server may take for one mail.
const Timeout = 30 * time.Second

// Reader gives the fold of an incident, and its record.
type Reader interface {
	Incident(context.Context, state.Ref) (*incident.Incident, error)
	Records(ctx context.Context, id incident.ID, after uint64) iter.Seq2[state.Record, error]
}

// Options are valid: Check says what the server makes of them.
type Options struct {
	Host       string
	Port       int
	TLS        string
	Roots      *tls.Config // of the server's certificate; nil: the system's
	User       string
	Password   secret.String
	From       string   // one address, with a name or without
	To         []string // the mailing list
	Executives []string
	Drills     bool  // drills are mailed too
	Broken     error // why nothing can be mailed until drbot is started anew; nil: it can
	Read       Reader
	Now        func() time.Time
	// Send commits what became of a message; repeated under the same key it changes nothing. Nil: nobody asks.
	Send func(ctx context.Context, outcome any, keys ...string) error
}

// Link is the follower.
type Link struct {
	Options
	health health
}

// New makes the follower.
func New(o Options) *Link {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Link{Options: o}
}

// Port is the usual one of a protection.
func Port(protection string) int {
	switch protection {
	case Implicit:
		return 465
	case Plain:
		return 25
	}
	return 587
}

// Address reads one address; an error says what is wrong with it.
func Address(s string) (*mail.Address, error) {
	a, err := mail.ParseAddress(s)
	if err != nil {
		return nil, fmt.Errorf("%q is no address: %w", s, err)
	}
	if strings.ContainsAny(a.Name+a.Address, "\r\n") || !strings.Contains(a.Address, "@") {
		return nil, fmt.Errorf("%q is no address", s)
	}
	for _, r := range a.Address {
		if r > 126 || r < 33 {
			return nil, fmt.Errorf("%q: an address is plain letters, digits and signs", s)
		}
	}
	return a, nil
}

// Valid reports what of the options can never work.
func (o Options) Valid() error {
	if o.Host == "" {
		return errors.New("host is missing")
	}
	switch o.TLS {
	case StartTLS, Implicit:
	case Plain:
		if o.User != "" && !local(o.Host) {
			return errors.New("tls: none would send the password in clear: use starttls or implicit")
		}
	default:
		return fmt.Errorf("tls: %q is none of starttls, implicit, none", o.TLS)
	}
	if o.Port < 1 || o.Port > 65535 {
		return fmt.Errorf("port: %d is none", o.Port)
	}
	for _, s := range append(append([]string{o.From}, o.To...), o.Executives...) {
		if _, err := Address(s); err != nil {
			return err
		}
	}
	if len(o.To)+len(o.Executives) == 0 {
		return errors.New("to and executives are both empty: nobody would be mailed")
	}
	if (o.User == "") != o.Password.IsZero() {
		return errors.New("user and password go together")
	}
	return nil
}

func local(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}
