package person

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client reaches one workspace. It is safe for use by many goroutines.
type Client struct {
	base string
	http *http.Client
}

// Dial checks that a workspace answers at address, as "http://127.0.0.1:8065".
func Dial(ctx context.Context, address string) (*Client, error) {
	c := &Client{base: strings.TrimRight(address, "/"), http: &http.Client{}}
	if _, err := c.Users(ctx); err != nil {
		return nil, fmt.Errorf("dial workspace %s: %w", address, err)
	}
	return c, nil
}

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Users lists everybody, without being anybody.
func (c *Client) Users(ctx context.Context) ([]User, error) {
	var out []User
	return out, c.get(ctx, "/person/users", nil, &out)
}

// As is the person with this user id or name.
func (c *Client) As(user string) *Person { return &Person{c: c, user: user} }

// Refused is a "no" of the workspace: Code is Slack's word for it, Say what a
// person reads.
type Refused struct {
	Code string `json:"error"`
	Say  string `json:"say"`
}

func (r Refused) Error() string {
	if r.Say == "" {
		return r.Code
	}
	return r.Code + ": " + r.Say
}

// IsRefused tells whether err is a refusal with this code.
func IsRefused(err error, code string) bool {
	var r Refused
	return errors.As(err, &r) && r.Code == code
}

func (c *Client) get(ctx context.Context, path string, query url.Values, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	return c.do(req, into)
}

func (c *Client) post(ctx context.Context, path string, query url.Values, body, into any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path+"?"+query.Encode(), bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	return c.do(req, into)
}

func (c *Client) do(req *http.Request, into any) error {
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		var r Refused
		if json.Unmarshal(raw, &r) == nil && r.Code != "" {
			return r
		}
		return fmt.Errorf("%s: %s", resp.Status, bytes.TrimSpace(raw))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}

// Person is one user at the client.
type Person struct {
	c    *Client
	user string
}

// State reads what the person sees now.
func (p *Person) State(ctx context.Context) (State, error) { return p.StateAfter(ctx, 0, 0) }

// StateAfter waits up to timeout for a change after seq, then reads.
func (p *Person) StateAfter(ctx context.Context, seq uint64, timeout time.Duration) (State, error) {
	q := url.Values{"as": {p.user}}
	if timeout > 0 {
		q.Set("after", strconv.FormatUint(seq, 10))
		q.Set("timeout", timeout.String())
	}
	var s State
	return s, p.c.get(ctx, "/person/state", q, &s)
}

// Await reads until the condition holds or ctx ends; the error then carries
// what was seen last.
func (p *Person) Await(ctx context.Context, what string, holds func(State) bool) (State, error) {
	s, err := p.State(ctx)
	for err == nil && !holds(s) {
		var next State
		if next, err = p.StateAfter(ctx, s.Seq, 5*time.Second); err == nil {
			s = next
		}
	}
	if err != nil {
		return s, fmt.Errorf("await %s: %w\n%s", what, err, s.Brief())
	}
	return s, nil
}

// AwaitMessage waits for a message in the channel that contains text.
func (p *Person) AwaitMessage(ctx context.Context, channel, text string) (Message, error) {
	var m Message
	_, err := p.Await(ctx, strconv.Quote(text)+" in "+channel, func(s State) bool {
		c, ok := s.Channel(channel)
		if ok {
			m, ok = c.Find(text)
		}
		return ok
	})
	return m, err
}

// AwaitModal waits for a form whose title contains text.
func (p *Person) AwaitModal(ctx context.Context, title string) (View, error) {
	var v View
	_, err := p.Await(ctx, "form "+title, func(s State) bool {
		var ok bool
		v, ok = s.Modal()
		return ok && strings.Contains(v.Title, title)
	})
	return v, err
}

// Brief is the newest lines of every channel, for a failing test's message.
func (s State) Brief() string {
	var b strings.Builder
	for _, c := range s.Channels {
		fmt.Fprintf(&b, "#%s (%s)\n", c.Name, c.ID)
		for _, m := range c.Messages[max(0, len(c.Messages)-6):] {
			line := strings.ReplaceAll(m.Plain, "\n", " | ")
			if len(line) > 300 {
				line = line[:300] + "…"
			}
			fmt.Fprintf(&b, "  %s %s: %s\n", m.TS, m.User, line)
		}
	}
	if v, ok := s.Modal(); ok {
		fmt.Fprintf(&b, "form %q: %s\n", v.Title, strings.ReplaceAll(v.Plain, "\n", " | "))
	}
	return b.String()
}
