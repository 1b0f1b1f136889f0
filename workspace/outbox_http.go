package workspace

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// httpTrouble is a delivery over HTTP that counts for nothing.
type httpTrouble struct {
	reason string // Slack's word, sent with the retry
	final  bool   // the app asked for no retry
	detail string
}

func (t httpTrouble) Error() string { return t.reason + ": " + t.detail }

// sign makes X-Slack-Signature v0. [docs.slack.dev/authentication/verifying-requests-from-slack]
func sign(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "v0:%s:%s", timestamp, body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

// overHTTP sends a payload as a signed request, in the background, and returns
// how to wait for the answer.
func (w *Workspace) overHTTP(d *delivery, twice bool) func() (json.RawMessage, error) {
	target, kind, body := w.asRequest(d)
	got := make(chan ackResult, 2)
	send := func() {
		raw, err := w.postSigned(target, kind, body, d)
		got <- ackResult{raw, err}
	}
	n := 1
	if twice {
		n = 2
	}
	for range n {
		if w.enter() {
			go func() { defer w.wg.Done(); send() }()
		} else {
			got <- ackResult{err: httpTrouble{reason: "connection_failed", detail: "closing"}}
		}
	}
	return func() (json.RawMessage, error) { r := <-got; return r.payload, r.err }
}

func (w *Workspace) asRequest(d *delivery) (target, kind string, body []byte) {
	const form = "application/x-www-form-urlencoded"
	switch d.kind {
	case kindSlash:
		var fields obj
		_ = json.Unmarshal(d.payload, &fields) // we made it
		v := url.Values{}
		for k, x := range fields {
			v.Set(k, fmt.Sprint(x))
		}
		return w.opt.HTTP.CommandsURL, form, []byte(v.Encode())
	case kindInteractive:
		return w.opt.HTTP.InteractivityURL, form, []byte(url.Values{"payload": {string(d.payload)}}.Encode())
	default:
		return w.opt.HTTP.EventsURL, "application/json", d.payload
	}
}

func (w *Workspace) postSigned(target, kind string, body []byte, d *delivery) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(w.ctx, w.opt.AckTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, httpTrouble{reason: "connection_failed", detail: err.Error()}
	}
	w.mu.Lock()
	ts := strconv.FormatInt(w.now().Unix(), 10)
	w.mu.Unlock()
	req.Header.Set("Content-Type", kind)
	req.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	req.Header.Set("X-Slack-Request-Timestamp", ts)
	req.Header.Set("X-Slack-Signature", sign(w.opt.SigningSecret, ts, body))
	if d.attempt > 0 {
		req.Header.Set("X-Slack-Retry-Num", strconv.Itoa(d.attempt))
		req.Header.Set("X-Slack-Retry-Reason", d.reason)
	}
	resp, err := w.opt.HTTP.Client.Do(req)
	if err != nil {
		reason := "connection_failed"
		if errors.Is(err, context.DeadlineExceeded) {
			reason = "http_timeout"
		}
		return nil, httpTrouble{reason: reason, detail: err.Error()}
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return nil, httpTrouble{reason: "http_timeout", detail: err.Error()}
	}
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return nil, httpTrouble{reason: "too_many_redirects", detail: resp.Status}
	case resp.StatusCode != http.StatusOK && (d.kind != kindEvent || resp.StatusCode > 299):
		return nil, httpTrouble{reason: "http_error", detail: resp.Status, final: resp.Header.Get("X-Slack-No-Retry") == "1"}
	}
	return answerJSON(raw), nil
}

// answerJSON turns an app's HTTP answer into what a socket ack would carry:
// an answer that is not JSON is plain text for the person.
func answerJSON(raw []byte) json.RawMessage {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return nil
	}
	if json.Valid(raw) && raw[0] == '{' {
		return raw
	}
	text, _ := json.Marshal(obj{"text": string(raw)})
	return text
}

// VerifyEventsURL does what Slack does when the events address is saved: it
// sends a challenge, which must come back.
func (w *Workspace) VerifyEventsURL(context.Context) error {
	if w.opt.HTTP == nil {
		return errors.New("verify events address: delivery is by socket")
	}
	challenge := random(20)
	body, _ := json.Marshal(obj{"token": "verification", "challenge": challenge, "type": "url_verification"})
	raw, err := w.postSigned(w.opt.HTTP.EventsURL, "application/json", body, &delivery{kind: kindEvent})
	if err != nil {
		return fmt.Errorf("verify events address: %w", err)
	}
	if !strings.Contains(string(raw), challenge) {
		return errors.New("verify events address: the challenge did not come back")
	}
	return nil
}
