package pagerduty

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
)

const (
	// maxBody is more than PagerDuty ever sends (it drops what is over 256 KB).
	maxBody = 1 << 20
	// maxKeep is how long a delivery may take to be kept: PagerDuty waits 5 s.
	maxKeep = 4 * time.Second
)

// Path is where the door is.
const Path = "/pagerduty/webhook"

// Routes adds the door. Whoever writes a slash behind its address means it too: a 404 would disable the subscription.
func (l *Link) Routes(mux *http.ServeMux) {
	mux.HandleFunc("POST "+Path, l.serve)
	mux.HandleFunc("POST "+Path+"/{$}", l.serve)
}

// serve answers 202 once the event is kept. PagerDuty stops sending for a day after three deliveries that were refused
// with 4xx, so the only one is 401, for a signature that is surely wrong; whatever cannot be judged or kept now is 503,
// and comes again for two days.
func (l *Link) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		l.later(w, "the body cannot be read: "+err.Error())
		return
	}
	switch l.judge(r.Header.Values("X-PagerDuty-Signature"), body) {
	case unjudged:
		l.later(w, "the signature cannot be judged")
		return
	case wrong:
		if l.health.forgery() {
			l.Log.Warn("a webhook with a wrong signature was refused; further ones are only counted", "why", "no signature matches PAGERDUTY_WEBHOOK_SECRET")
		}
		if decode(body, l.Now()).What == spaced(pingEvent) {
			l.health.refused(l.Now())
		}
		http.Error(w, "no signature is of a secret that drbot knows", http.StatusUnauthorized)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), maxKeep)
	defer cancel()
	e, keys := l.read(body, r.Header.Get("X-Webhook-Id"))
	if _, err := l.Handler.Handle(ctx, commands.Command{
		Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: e, Keys: keys, Keep: commands.KeepAlerts,
	}); err != nil {
		l.later(w, "not kept, send it again: "+err.Error())
		return
	}
	if l.health.webhook(l.Now()); e.What == spaced(pingEvent) {
		l.health.pinged()
	}
	w.WriteHeader(http.StatusAccepted)
}

func (l *Link) later(w http.ResponseWriter, why string) {
	l.Log.Warn("a webhook was not taken", "why", why)
	w.Header().Set("Retry-After", "10")
	http.Error(w, "not taken now, send it again", http.StatusServiceUnavailable)
}

type verdict int

const (
	unjudged verdict = iota // no secret here, or no signature of a version that drbot knows
	wrong
	good
)

// judge compares every listed v1 signature with every secret, in constant time. PagerDuty lists one for each secret that
// lives, separated by commas; spaces and several header lines mean the same. An empty secret never verifies.
func (l *Link) judge(headers []string, body []byte) verdict {
	var sums [][]byte
	for _, s := range l.Secrets {
		if s.IsZero() {
			continue
		}
		mac := hmac.New(sha256.New, []byte(s.Reveal()))
		_, _ = mac.Write(body)
		sums = append(sums, mac.Sum(nil))
	}
	found, matched := false, false
	for _, header := range headers {
		for listed := range strings.SplitSeq(header, ",") {
			digits, ok := strings.CutPrefix(strings.TrimSpace(listed), "v1=")
			if !ok {
				continue
			}
			found = true
			given, err := hex.DecodeString(digits)
			for _, sum := range sums {
				matched = hmac.Equal(given, sum) && err == nil || matched
			}
		}
	}
	switch {
	case len(sums) == 0 || !found:
		return unjudged
	case matched:
		return good
	}
	return wrong
}

// read makes an outcome of a body that PagerDuty signed; whatever is in it, it is kept.
func (l *Link) read(body []byte, delivery string) (commands.HearAlert, []string) {
	e := decode(body, l.Now())
	e.Rules, e.Echo = l.Rules, e.Echo && l.own(e.Agent.ID)
	var keys []string
	if e.Event == "" {
		e.Event = "sha256/" + incident.Digest(body)
	}
	keys = append(keys, "pagerduty/event/"+cut(e.Event, 200))
	if delivery != "" {
		keys = append(keys, "pagerduty/webhook/"+cut(delivery, 200))
	}
	return e, keys
}

// own reports whether a user of PagerDuty may be the one in whose name drbot writes: not a person whom drbot knows by another
// email.
func (l *Link) own(user string) bool {
	if self := l.selfID.Load(); self != nil && user != "" {
		return user == *self
	}
	if l.People == nil {
		return true
	}
	entry, known := l.People().PagerDuty(user)
	return user == "" || !known || strings.EqualFold(entry.Email, l.From)
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
