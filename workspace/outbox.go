package workspace

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// Kinds of payload, as Socket Mode names them.
const (
	kindSlash       = "slash_commands"
	kindInteractive = "interactive"
	kindEvent       = "events_api"
)

// retryAfter is when an unacknowledged event is sent again: nearly at once,
// after a minute, after five. [docs.slack.dev/apis/events-api]
var retryAfter = []time.Duration{0, time.Minute, 5 * time.Minute}

// delivery is one payload on its way to the app.
type delivery struct {
	seq     int
	kind    string
	id      string // envelope or event id
	what    string
	payload json.RawMessage
	attempt int
	reason  string    // why the last attempt counted for nothing
	due     time.Time // workspace time
	acked   bool
	trouble string
	at      time.Time
}

// outbox holds the events that wait for their next attempt, and the record of
// everything that was sent.
type outbox struct {
	waiting []*delivery
	sent    []*delivery
	wake    chan struct{}
}

// sentKeep bounds the record of deliveries.
const sentKeep = 5000

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand documents a crash instead
	return strings.ToLower(strings.TrimRight(base32.StdEncoding.EncodeToString(b), "="))
}

func (o *outbox) record(d *delivery) {
	d.seq = 1
	if n := len(o.sent); n > 0 {
		d.seq = o.sent[n-1].seq + 1
	}
	o.sent = append(o.sent, d)
	if len(o.sent) > sentKeep {
		o.sent = append([]*delivery(nil), o.sent[sentKeep/10:]...)
	}
}

// emit queues an event for the app, if it subscribed. Called with the lock.
func (w *Workspace) emit(event obj) {
	if !w.subscribed(event) {
		return
	}
	id := w.id("Ev")
	now := w.now()
	event["event_ts"] = orElse(event["event_ts"], w.stamp())
	// Marshalled now, under the lock: the event shares its parts with the state.
	payload, _ := json.Marshal(obj{
		"token": "verification", "team_id": TeamID, "api_app_id": AppID, "event": event, "type": "event_callback",
		"event_id": id, "event_time": now.Unix(), "event_context": "4-" + id, "is_ext_shared_channel": false,
		"authorizations": []any{obj{"enterprise_id": nil, "team_id": TeamID, "user_id": w.botUser, "is_bot": true, "is_enterprise_install": false}},
	})
	d := &delivery{kind: kindEvent, id: id, what: event["type"].(string), due: now, at: now, payload: payload}
	w.outbox.record(d)
	w.outbox.waiting = append(w.outbox.waiting, d)
	w.wakeOutbox()
}

func orElse(v any, d string) any {
	if v == nil || v == "" {
		return d
	}
	return v
}

func (w *Workspace) wakeOutbox() {
	select {
	case w.outbox.wake <- struct{}{}:
	default:
	}
}

// pump sends the events that are due, oldest first.
func (w *Workspace) pump() {
	// The injected clock may jump without a word: look again every second.
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		w.mu.Lock()
		now := w.now()
		var due, later []*delivery
		for _, d := range w.outbox.waiting {
			if d.due.After(now) {
				later = append(later, d)
			} else {
				due = append(due, d)
			}
		}
		w.outbox.waiting = later
		w.mu.Unlock()
		for _, d := range due {
			w.attempt(d)
		}
		select {
		case <-w.ctx.Done():
			return
		case <-w.outbox.wake:
		case <-tick.C:
		}
	}
}

// attempt sends an event once and leaves a watcher for its acknowledgement,
// so that one slow answer does not hold back the next event.
func (w *Workspace) attempt(d *delivery) {
	wait := w.dispatch(d)
	if !w.enter() {
		return
	}
	go func() {
		defer w.wg.Done()
		_, err := wait()
		w.mu.Lock()
		defer w.mu.Unlock()
		if err == nil {
			d.acked = true
			return
		}
		d.trouble = err.Error()
		if stop := (httpTrouble{}); errors.As(err, &stop) && stop.final {
			return
		}
		if d.attempt >= len(retryAfter) {
			w.log.Warn("event given up", "event", d.id, "type", d.what, "trouble", d.trouble)
			return
		}
		d.reason = retryReason(err)
		d.due = w.now().Add(retryAfter[d.attempt])
		d.attempt++
		w.outbox.waiting = append(w.outbox.waiting, d)
		w.wakeOutbox()
	}()
}

// retryReason is Slack's word for why it tries again.
func retryReason(err error) string {
	if h := (httpTrouble{}); errors.As(err, &h) {
		return h.reason
	}
	if errors.Is(err, errNoAck) {
		return "timeout"
	}
	return "connection_failed"
}

// deliver sends a command or an interaction and waits for the app's answer.
func (w *Workspace) deliver(kind, what string, payload json.RawMessage) (json.RawMessage, error) {
	w.mu.Lock()
	d := &delivery{kind: kind, id: w.id("En"), what: what, payload: payload, at: w.now()}
	w.outbox.record(d)
	w.mu.Unlock()
	raw, err := w.dispatch(d)()
	w.mu.Lock()
	defer w.mu.Unlock()
	d.acked = err == nil
	if err != nil {
		d.trouble = err.Error()
	}
	return raw, err
}

// dispatch sends the payload by the way that is configured and returns how to
// wait for its acknowledgement.
func (w *Workspace) dispatch(d *delivery) (wait func() (json.RawMessage, error)) {
	w.mu.Lock()
	lost := w.hitFault(d.kind, "no_ack")
	twice := w.hitFault(d.kind, "duplicate") != nil
	w.mu.Unlock()
	if lost != nil {
		return func() (json.RawMessage, error) { return nil, errNoAck }
	}
	if w.opt.HTTP != nil {
		return w.overHTTP(d, twice)
	}
	envelope := obj{"envelope_id": w.envelopeID(d), "type": d.kind, "payload": d.payload, "accepts_response_payload": d.kind != kindEvent}
	if d.kind == kindEvent {
		envelope["retry_attempt"], envelope["retry_reason"] = d.attempt, d.reason
	}
	id := envelope["envelope_id"].(string)
	got, err := w.sendEnvelope(id, envelope, twice)
	if err != nil {
		return func() (json.RawMessage, error) { return nil, err }
	}
	return func() (json.RawMessage, error) {
		t := time.NewTimer(w.opt.AckTimeout)
		defer t.Stop()
		select {
		case r := <-got:
			return r.payload, r.err
		case <-t.C:
		case <-w.ctx.Done():
		}
		w.forgetAck(id)
		return nil, errNoAck
	}
}

// envelopeID is new for each attempt of an event, as at Slack; a command or an
// interaction keeps its own.
func (w *Workspace) envelopeID(d *delivery) string {
	if d.attempt == 0 {
		return strings.ToLower(d.id)
	}
	return strings.ToLower(d.id) + "-" + string(rune('0'+d.attempt))
}

// retryNow makes every waiting event due.
func (w *Workspace) retryNow() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range w.outbox.waiting {
		d.due = w.now()
	}
	w.wakeOutbox()
}

// replay sends an earlier payload again, unchanged: a duplicate as strangers
// and networks make them.
func (w *Workspace) replay(seq int) bool {
	w.mu.Lock()
	var found *delivery
	for _, d := range w.outbox.sent {
		if d.seq == seq {
			found = d
		}
	}
	w.mu.Unlock()
	if found == nil {
		return false
	}
	_, err := w.dispatch(found)()
	if err != nil {
		w.log.Debug("replay", "seq", seq, "trouble", err)
	}
	return true
}
