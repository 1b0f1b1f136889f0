// Package probe asks the addresses that prove items of a checklist.
//
// Somebody ticks "All health checks passing", or a run ends well: a ProbeAsked is in the record. The follower asks the
// address that the item was bound to when its incident opened, once, and what it answered comes back as an outcome; the
// decision ticks the item or leaves it open. Only addresses of the configuration are asked, only read, and nothing but
// their status and the first words of their answer goes further.
package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
)

// Name is the follower's name; cursors hang on it.
const Name = "probe"

// patience bounds one question; an answer that takes longer is none.
const patience = 10 * time.Second

// shown is how much of an answer people read, in characters.
const shown = 80

// Reader gives the fold of an incident.
type Reader interface {
	Incident(context.Context, state.Ref) (*incident.Incident, error)
}

// Follower asks.
type Follower struct {
	Read Reader
	// Send brings an outcome to the decisions; a key that is known changes nothing.
	Send func(ctx context.Context, outcome any, keys ...string) error
	Now  func() time.Time
	HTTP *http.Client // nil: one of its own
}

// Name of the follower.
func (Follower) Name() string { return Name }

// Wants the questions alone.
func (Follower) Wants(kind string) bool { return kind == incident.ProbeAsked{}.EventKind() }

// Prompt: somebody stands and waits for the answer.
func (Follower) Prompt(string) bool { return true }

// Deliver asks for each question that still waits. A target that does not answer is an answer too: nothing is retried, so
// that a result is never older than its time says.
func (f Follower) Deliver(ctx context.Context, b follow.Batch) (follow.Done, error) {
	var done follow.Done
	for _, r := range b.Records {
		e, err := r.Event()
		if err != nil {
			return done, err
		}
		asked, ok := e.(incident.ProbeAsked)
		if !ok {
			continue
		}
		i, err := f.Read.Incident(ctx, state.Ref{ID: b.Incident})
		if err != nil {
			return done, follow.Unavailable{Err: fmt.Errorf("read %s: %w", b.Incident, err), NotSent: true}
		}
		it := i.Item(asked.Item)
		if it == nil || !it.Bind.Address() || it.Closed() {
			done.Through = r.Seq
			continue
		}
		good, said := f.ask(ctx, it.Bind.Probe)
		if ctx.Err() != nil {
			return done, follow.Unavailable{Err: ctx.Err()}
		}
		answer := commands.ItemProbed{Incident: b.Incident, ItemProbed: incident.ItemProbed{Item: asked.Item, OK: good, Said: said, For: asked.By}}
		if err := f.Send(ctx, answer, fmt.Sprintf("%s/%d", Name, r.Seq)); err != nil {
			return done, follow.Unavailable{Err: err}
		}
		done.Through = r.Seq
	}
	return done, nil
}

// ask sends one GET. Anything but 2xx does not prove that all is well; a redirect is followed to its end.
func (f Follower) ask(ctx context.Context, address string) (good bool, said string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	name := (&incident.Bind{Rule: incident.RuleProbe, Probe: address}).Named()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false, name + " cannot be asked"
	}
	client := f.HTTP
	if client == nil {
		client = &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}}
	}
	begun := time.Now()
	answer, err := client.Do(r)
	if err != nil {
		return false, name + " did not answer: " + reason(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
	said = fmt.Sprintf("%s answered %d in %s", name, answer.StatusCode, time.Since(begun).Round(time.Millisecond))
	if words := first(body); words != "" {
		said += ": " + words
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return false, said
	}
	return true, said + ", " + f.Now().UTC().Format("15:04") + " UTC" // a proof is read by itself, elsewhere
}

// reason is the cause without the address, which is said already and may hold a secret.
func reason(err error) string {
	var failed *url.Error
	if errors.As(err, &failed) {
		if failed.Timeout() {
			return "nothing came within " + patience.String()
		}
		err = failed.Err
	}
	return err.Error()
}

// first are the first words of an answer on one line.
func first(body []byte) string {
	words := []rune(strings.Join(strings.Fields(strings.ToValidUTF8(string(body), "")), " "))
	if len(words) > shown {
		return string(words[:shown-1]) + "…"
	}
	return string(words)
}
