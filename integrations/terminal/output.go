package terminal

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Outputs copies what steps printed. The runner has them.
type Outputs interface {
	// Print copies the whole output of an attempt, redacted and neutralised; follow: until the attempt ends.
	Print(ctx context.Context, attempt string, w io.Writer, follow bool) error
}

// tickets stand for outputs that somebody was allowed to see, since a copy is another request than the line that asked for
// it. One is good once, for two minutes.
type tickets struct {
	mu  sync.Mutex
	out map[string]ticket
}

type ticket struct {
	attempt string
	until   time.Time
}

const (
	ticketLife = 2 * time.Minute
	maxTickets = 1024
)

func (t *tickets) make(attempt string, now time.Time) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.out == nil {
		t.out = map[string]ticket{}
	}
	for old, k := range t.out {
		if now.After(k.until) || len(t.out) >= maxTickets {
			delete(t.out, old)
		}
	}
	name := rand.Text()
	t.out[name] = ticket{attempt, now.Add(ticketLife)}
	return name
}

func (t *tickets) take(name string, now time.Time) (attempt string, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k, ok := t.out[name]
	delete(t.out, name)
	return k.attempt, ok && !now.After(k.until)
}

// output streams what a ticket stands for; an error after its first byte comes as the trailer.
func (d *Door) output(w http.ResponseWriter, r *http.Request) {
	attempt, ok := d.tickets.take(r.URL.Query().Get("ticket"), d.Now())
	if !ok {
		d.write(w, http.StatusForbidden, Answer{Text: "ask for the output again", Kind: "not_allowed"})
		return
	}
	w.Header().Set("Trailer", "Drbot-Error")
	if err := d.Outputs.Print(r.Context(), attempt, flushing{w, http.NewResponseController(w)}, r.URL.Query().Get("follow") != ""); err != nil {
		w.Header().Set("Drbot-Error", err.Error())
	}
}

// flushing lets each write through at once: somebody reads along.
type flushing struct {
	io.Writer
	control *http.ResponseController
}

func (f flushing) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	if err == nil && n > 0 {
		err = f.control.Flush()
	}
	return n, err
}

// Output copies what a ticket stands for to w; follow: until the step ends.
func (c *Client) Output(ctx context.Context, ticket string, follow bool, w io.Writer) error {
	query := url.Values{"ticket": {ticket}}
	if follow {
		query.Set("follow", "1")
	}
	return c.stream(ctx, "/v1/output?"+query.Encode(), w)
}
