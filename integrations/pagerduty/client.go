package pagerduty

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	pd "github.com/PagerDuty/go-pagerduty"

	"github.com/drbot/drbot/state/follow"
)

const (
	// maxCall bounds one call; go-pagerduty's own client has no limit.
	maxCall = 15 * time.Second
	// maxWait bounds what a limit may ask drbot to wait; PagerDuty counts by the minute.
	maxWait = 2 * time.Minute
	// pageSize is the most that PagerDuty lists at once, and maxPages keeps offset+limit within its 10,000.
	pageSize = 100
	maxPages = 100
)

// Codes of PagerDuty that mean that what was asked is so already (developer.pagerduty.com, rest-api errors).
const (
	alreadyResolved = 1001
	alreadyAcked    = 1002
)

// errGone: PagerDuty has no such incident (any more).
var errGone = errors.New("PagerDuty has no such incident")

// wire is the HTTP client under go-pagerduty. It keeps what the library drops: the wait that a limit asks for, and
// PagerDuty's clock. Calls go one at a time, so these belong to the call that was just made.
type wire struct {
	http  *http.Client
	retry time.Duration
	date  time.Time
}

// Do makes one request.
func (w *wire) Do(r *http.Request) (*http.Response, error) {
	w.retry, w.date = 0, time.Time{}
	answer, err := w.http.Do(r)
	if err != nil {
		return answer, err
	}
	w.date, _ = http.ParseTime(answer.Header.Get("Date"))
	if answer.StatusCode == http.StatusTooManyRequests {
		w.retry = time.Minute
		for _, name := range []string{"ratelimit-reset", "Retry-After"} {
			if n, err := strconv.Atoi(answer.Header.Get(name)); err == nil && n >= 0 {
				w.retry = min(max(time.Duration(n)*time.Second, time.Second), maxWait)
				break
			}
		}
	}
	return answer, nil
}

// connect makes the client, where there is a token.
func (l *Link) connect() {
	if l.Token.IsZero() {
		return
	}
	l.wire = &wire{http: &http.Client{
		Timeout: maxCall, Transport: http.DefaultTransport.(*http.Transport).Clone(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	var options []pd.ClientOptions
	if l.APIURL != "" {
		options = append(options, pd.WithAPIEndpoint(strings.TrimSuffix(l.APIURL, "/")))
	}
	l.client = pd.NewClient(l.Token.Reveal(), options...)
	l.client.HTTPClient = l.wire
}

// call makes one call of the API and sorts its error: follow.Unavailable is tried again, errGone is over, anything else
// can never succeed as it is.
func (l *Link) call(ctx context.Context, what string, do func(context.Context) error) error {
	select {
	case l.one <- struct{}{}:
	case <-ctx.Done():
		return follow.Unavailable{NotSent: true, Err: fmt.Errorf("%s: %w", what, ctx.Err())}
	}
	defer func() { <-l.one }()
	ctx, cancel := context.WithTimeout(ctx, maxCall)
	defer cancel()
	err := do(ctx)
	var api pd.APIError
	switch {
	case err == nil:
		l.health.api(l.Now(), true, "")
		return nil
	case !errors.As(err, &api):
		if ctx.Err() == nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
			l.health.api(l.Now(), false, "no answer")
		}
		return follow.Unavailable{Err: fmt.Errorf("%s: %w", what, err)}
	case api.StatusCode == http.StatusTooManyRequests:
		l.health.limit(l.Now(), l.wire.retry)
		return follow.Unavailable{RetryAfter: l.wire.retry, NotSent: true, Err: fmt.Errorf("%s: %w", what, err)}
	case api.StatusCode >= 500:
		l.health.api(l.Now(), false, "it answers "+strconv.Itoa(api.StatusCode))
		return follow.Unavailable{Err: fmt.Errorf("%s: %w", what, err)}
	case api.StatusCode == http.StatusUnauthorized, api.StatusCode == http.StatusForbidden:
		l.health.api(l.Now(), false, "it does not take PAGERDUTY_API_TOKEN")
		return follow.Unavailable{RetryAfter: maxWait, NotSent: true, Err: fmt.Errorf("%s: %w", what, err)}
	}
	if !api.APIError.Valid || api.StatusCode == http.StatusRequestTimeout {
		// PagerDuty says itself what it will not take. A page of something in between (a proxy, a sign-in) is an outage.
		l.health.api(l.Now(), false, fmt.Sprintf("something between answers %d", api.StatusCode))
		return follow.Unavailable{Err: fmt.Errorf("%s: %w", what, err)}
	}
	if unknownFrom(api) {
		l.health.api(l.Now(), false, "it has no user "+l.From+" any more")
		return follow.Unavailable{RetryAfter: maxWait, NotSent: true, Err: fmt.Errorf("%s: %w", what, err)}
	}
	l.health.api(l.Now(), true, "")
	if api.StatusCode == http.StatusNotFound {
		return fmt.Errorf("%s: %w", what, errGone)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// unknownFrom reports whether PagerDuty takes nothing in the name of the configured user: a fault of the configuration, like a
// token that is refused, and of no single delivery.
func unknownFrom(api pd.APIError) bool {
	return api.StatusCode == http.StatusBadRequest && strings.Contains(api.APIError.ErrorObject.Message, "Requester User Not Found")
}

// code is PagerDuty's own number of an error; 0 where it gave none.
func code(err error) int {
	var api pd.APIError
	if errors.As(err, &api) && api.APIError.Valid {
		return api.APIError.ErrorObject.Code
	}
	return 0
}

// manage sets a status. That it is set already is as good.
func (l *Link) manage(ctx context.Context, alert, status, resolution string) error {
	change := map[string]any{"status": status}
	if resolution != "" {
		change["resolution"] = resolution
	}
	err := l.set(ctx, alert, change)
	if n := code(err); n == alreadyResolved || n == alreadyAcked {
		return nil
	}
	return err
}

// set changes an incident there.
func (l *Link) set(ctx context.Context, alert string, change map[string]any) error {
	change["id"], change["type"] = alert, "incident_reference"
	return l.send(ctx, http.MethodPut, "/incidents", map[string]any{"incidents": []any{change}}, nil)
}

// note writes one; the sender goes in the From header, which the library takes from the user's summary.
func (l *Link) note(ctx context.Context, alert, content string) error {
	return l.call(ctx, "note on "+alert, func(ctx context.Context) error {
		_, err := l.client.CreateIncidentNoteWithContext(ctx, alert, pd.IncidentNote{Content: content, User: pd.APIObject{Summary: l.From}})
		return err
	})
}

// noted reports whether a note with a mark stands there.
func (l *Link) noted(ctx context.Context, alert, mark string) (found bool, err error) {
	err = l.call(ctx, "read notes of "+alert, func(ctx context.Context) error {
		notes, err := l.client.ListIncidentNotesWithContext(ctx, alert)
		for _, n := range notes {
			found = found || strings.Contains(n.Content, mark)
		}
		return err
	})
	return found, err
}
