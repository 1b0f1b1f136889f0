package bot

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// newHTTPClient has timeouts everywhere: slack-go's own client has none. Nothing is retried here; followers do that.
func newHTTPClient(h *health) *http.Client {
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: 10 * time.Second,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   8,
		ForceAttemptHTTP2:     true,
	}
	return &http.Client{Timeout: 15 * time.Second, Transport: watched{transport, h}}
}

// watched notes whether Slack answers at all.
type watched struct {
	*http.Transport
	health *health
}

func (w watched) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := w.Transport.RoundTrip(r)
	switch {
	case err != nil && r.Context().Err() != nil && !errors.Is(r.Context().Err(), context.DeadlineExceeded): // we gave up ourselves
	case err != nil:
		w.health.api(false, "no answer")
	case answer.StatusCode >= 500:
		w.health.api(false, answer.Status)
	default:
		w.health.api(true, "")
	}
	return answer, err
}

// trouble sorts what went wrong with a call.
type trouble struct {
	err   error
	code  string        // Slack's word, as "channel_not_found"; "" when Slack did not say
	away  bool          // may be tried again as it is
	again time.Duration // not before this; 0 when Slack did not say
	// unsure: the call may have been carried out all the same.
	unsure bool
	fields []string // response_metadata.messages: which field Slack refused
}

func (t *trouble) Error() string {
	say := "slack: " + t.err.Error()
	if len(t.fields) > 0 {
		say += ": " + strings.Join(t.fields, "; ")
	}
	return say
}

func (t *trouble) Unwrap() error { return t.err }

// fixable codes are a person's to repair and concern every call, so nothing is given up because of them.
var fixable = map[string]bool{
	"invalid_auth": true, "not_authed": true, "account_inactive": true, "token_revoked": true, "token_expired": true,
	"missing_scope": true, "no_permission": true, "org_login_required": true, "ekm_access_denied": true, "access_denied": true,
}

// passing codes are Slack's own troubles.
var passing = map[string]bool{
	"internal_error": true, "fatal_error": true, "service_unavailable": true, "request_timeout": true, "ratelimited": true,
	"rate_limited": true, "team_added_to_org": true, "too_many_requests": true,
}

// troubled gives the trouble of an error, nil for nil.
func troubled(err error) *trouble {
	if err == nil {
		return nil
	}
	if t := (*trouble)(nil); errors.As(err, &t) {
		return t
	}
	var refusal slack.SlackErrorResponse
	var status slack.StatusCodeError
	if limited := (*slack.RateLimitedError)(nil); errors.As(err, &limited) {
		return &trouble{err: err, code: "ratelimited", away: true, again: max(limited.RetryAfter, time.Second)}
	}
	switch {
	case errors.As(err, &refusal):
		t := &trouble{err: err, code: refusal.Err, away: passing[refusal.Err], fields: refusal.ResponseMetadata.Messages}
		if fixable[refusal.Err] {
			t.away, t.again = true, time.Minute
		}
		// Slack's own trouble may have struck after the work was done.
		t.unsure = refusal.Err == "internal_error" || refusal.Err == "fatal_error" || refusal.Err == "request_timeout"
		return t
	case errors.As(err, &status):
		return &trouble{err: err, away: status.Code >= 500 || status.Code == http.StatusTooManyRequests, unsure: status.Code >= 500, code: http.StatusText(status.Code)}
	}
	return &trouble{err: err, away: true, unsure: true}
}

// is reports whether err is a refusal of Slack with one of the codes.
func is(err error, codes ...string) bool {
	t := troubled(err)
	if t == nil {
		return false
	}
	for _, code := range codes {
		if t.code == code {
			return true
		}
	}
	return false
}
