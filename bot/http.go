package bot

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

const (
	// maxBody bounds what strangers may send before they are known: Slack's largest payloads carry a view of 250 kB.
	maxBody = 1 << 20
	// maxSkew is how far a timestamp may be away, either side (docs.slack.dev/authentication/verifying-requests-from-slack).
	maxSkew = 5 * time.Minute
	// Delivery keys are kept longer than their delivery can come again.
	keepHTTP   = 15 * time.Minute
	keepSocket = time.Hour
	keepEvent  = 24 * time.Hour
)

// Routes adds the three doors for signed requests.
func (b *Bot) Routes(mux *http.ServeMux) {
	mux.Handle("POST /slack/commands", b.signed(b.serveCommand))
	mux.Handle("POST /slack/interactivity", b.signed(b.serveInteraction))
	mux.Handle("POST /slack/events", b.signed(b.serveEvent))
}

// signed reads a bounded body, proves it, and only then lets anything look at it (I14).
func (b *Bot) signed(next func(http.ResponseWriter, *http.Request, []byte, receipt)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := time.Now()
		signature, stamp := r.Header.Get("X-Slack-Signature"), r.Header.Get("X-Slack-Request-Timestamp")
		if err := b.claimed(signature, stamp); err != nil {
			b.unproved(w, r, err, http.StatusUnauthorized) // its body is not even read
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			b.unproved(w, r, errors.New("the body is too long or broken"), http.StatusRequestEntityTooLarge)
			return
		}
		if err := b.prove(signature, stamp, body); err != nil {
			b.unproved(w, r, err, http.StatusUnauthorized)
			return
		}
		// The signature names the delivery where nothing else does; behind its instant, keys of the same minute lie together in
		// the store.
		next(w, r, body, receipt{keys: []string{"slack/signature/" + stamp + "/" + signature}, keep: keepHTTP, at: at})
	})
}

// claimed looks at what a signature says of itself: that it is there, and fresh by the injected clock. An empty secret
// proves nothing.
func (b *Bot) claimed(signature, stamp string) error {
	if b.SigningSecret.Reveal() == "" {
		return errors.New("there is no signing secret")
	}
	if signature == "" {
		return errors.New("no signature")
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return errors.New("no timestamp")
	}
	if away := b.Now().Sub(time.Unix(seconds, 0)).Abs(); away > maxSkew {
		return fmt.Errorf("timestamp is %s away", away.Round(time.Second))
	}
	return nil
}

// prove checks signature v0 over the whole body in constant time.
func (b *Bot) prove(signature, stamp string, body []byte) error {
	mac := hmac.New(sha256.New, []byte(b.SigningSecret.Reveal()))
	_, _ = fmt.Fprintf(mac, "v0:%s:", stamp)
	_, _ = mac.Write(body)
	want := "v0=" + hex.EncodeToString(mac.Sum(nil))
	if !hmac.Equal([]byte(want), []byte(signature)) {
		return errors.New("signature differs")
	}
	return nil
}

// unproved refuses what nobody proved. It is logged once a source: strangers do not fill the log.
func (b *Bot) unproved(w http.ResponseWriter, r *http.Request, why error, status int) {
	b.health.count("forged")
	if source := source(r); b.forged.first(source) {
		b.Log.Warn("a request that Slack did not sign was refused; further ones of this source are only counted", "source", source, "path", r.URL.Path, "why", why)
	}
	said := "not signed by Slack"
	if status != http.StatusUnauthorized {
		said = why.Error()
	}
	http.Error(w, said, status)
}

func (b *Bot) malformed(w http.ResponseWriter, r *http.Request, why string, status int) {
	b.health.count("malformed")
	b.Log.Warn("a payload was refused", "path", r.URL.Path, "why", why)
	http.Error(w, why, status)
}

// triggered names a delivery by its trigger: the same when it comes again with a signature of a later second.
func (r receipt) triggered(trigger string) receipt {
	if trigger != "" {
		r.keys = []string{"slack/trigger/" + trigger}
	}
	return r
}

// fields reads a form from the body alone: the signature does not cover the query string.
func (b *Bot) serveCommand(w http.ResponseWriter, r *http.Request, body []byte, rc receipt) {
	fields, err := url.ParseQuery(string(body))
	if err != nil || fields.Get("command") == "" || fields.Get("user_id") == "" {
		b.malformed(w, r, "this is no slash command", http.StatusBadRequest)
		return
	}
	s := slashOf(fields)
	b.reply(w, b.slashed(r.Context(), s, rc.triggered(s.TriggerID)))
}

func (b *Bot) serveInteraction(w http.ResponseWriter, r *http.Request, body []byte, rc receipt) {
	fields, err := url.ParseQuery(string(body))
	var x interaction
	if err == nil {
		err = json.Unmarshal([]byte(fields.Get("payload")), &x)
	}
	if err != nil || x.User.ID == "" {
		b.malformed(w, r, "this is no interaction", http.StatusBadRequest)
		return
	}
	b.reply(w, b.interacted(r.Context(), x, rc.triggered(x.TriggerID)))
}

func (b *Bot) serveEvent(w http.ResponseWriter, r *http.Request, body []byte, rc receipt) {
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		b.malformed(w, r, "this is no event", http.StatusBadRequest)
		return
	}
	if e.Type == "url_verification" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, e.Challenge)
		return
	}
	then, err := b.happened(r.Context(), e, rc)
	if err != nil {
		// Not kept, so not acknowledged: Slack sends it again (I46).
		http.Error(w, "not kept, send it again", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusOK)
	b.after(then)
}

// reply acknowledges, and goes on behind the acknowledgement.
func (b *Bot) reply(w http.ResponseWriter, a answer) {
	body := []byte{}
	if a.body != nil {
		var err error
		if body, err = json.Marshal(a.body); err != nil {
			b.Log.Warn("an answer was not sent", "error", err)
		}
		w.Header().Set("Content-Type", "application/json")
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body))) // or the flush would send it in two pieces
	w.WriteHeader(http.StatusOK)
	if _, err := w.Write(body); err != nil {
		b.Log.Warn("an answer was not sent", "error", err)
	}
	_ = http.NewResponseController(w).Flush()
	b.after(a.then)
}

// eventReceipt knows an event by its id, over either door.
func eventReceipt(e envelope, r receipt) receipt {
	if e.EventID == "" {
		return r
	}
	return receipt{keys: []string{"slack/event/" + e.EventID}, keep: keepEvent, at: r.at}
}

// source is who sent a request, without the port.
func source(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// sources remembers who was logged already; a flood of many sources is forgotten and logged again, once each.
type sources struct {
	mu   sync.Mutex
	seen map[string]bool
}

const maxSources = 1000

func (s *sources) first(source string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[source] {
		return false
	}
	if s.seen == nil || len(s.seen) >= maxSources {
		s.seen = map[string]bool{}
	}
	s.seen[source] = true
	return true
}
