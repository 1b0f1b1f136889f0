package person

import (
	"context"
	"encoding/json"
	"net/url"
	"time"
)

// Fault is trouble put in on purpose. Kind is one of
//
//	refuse         every Slack-side connection is dropped, sockets too
//	status         every Slack-side request gets Status (default 503), sockets drop
//	rate_limit     429 with Retry-After
//	error          the call fails with Error, and does nothing
//	slow           the call waits for Delay
//	hold           the call waits until the fault is cleared
//	lose_answer    the work is done, then the connection is cut
//	duplicate      the next deliveries to the app are sent twice
//	no_ack         the next deliveries are not sent at all (the person sees a timeout, events are retried)
//
// Method narrows it to one Web API method ("" = all; "response_url", "upload"
// and "download" name those doors; for duplicate and no_ack it is
// "slash_commands", "interactive" or "events_api"). Count is how many times it
// happens; 0 = until cleared.
type Fault struct {
	ID         string        `json:"id,omitempty"`
	Kind       string        `json:"kind"`
	Method     string        `json:"method,omitempty"`
	Error      string        `json:"error,omitempty"`
	Status     int           `json:"status,omitempty"`
	RetryAfter int           `json:"retry_after,omitempty"` // seconds
	Delay      time.Duration `json:"delay,omitempty"`       // nanoseconds
	Count      int           `json:"count,omitempty"`
	Hits       int           `json:"hits,omitempty"`
}

// Call is one Web API call that arrived.
type Call struct {
	Seq    int             `json:"seq"`
	At     time.Time       `json:"at"`
	Method string          `json:"method"`
	Args   json.RawMessage `json:"args"` // without the token
	Error  string          `json:"error,omitempty"`
}

// Delivered is one payload that went to the app, or could not.
type Delivered struct {
	Seq     int       `json:"seq"`
	At      time.Time `json:"at"`
	Kind    string    `json:"kind"` // slash_commands, interactive, events_api
	ID      string    `json:"id"`   // envelope id or event id
	What    string    `json:"what"` // the command, the interaction's or the event's type
	Attempt int       `json:"attempt"`
	Acked   bool      `json:"acked"`
	Trouble string    `json:"trouble,omitempty"`
}

// Inject puts trouble in and gives its id.
func (c *Client) Inject(ctx context.Context, f Fault) (string, error) {
	var out Fault
	err := c.post(ctx, "/admin/fault", nil, f, &out)
	return out.ID, err
}

// Clear takes one trouble out; "" takes all.
func (c *Client) Clear(ctx context.Context, id string) error {
	return c.post(ctx, "/admin/clear", nil, bag{"id": id}, nil)
}

// Faults lists what is in.
func (c *Client) Faults(ctx context.Context) ([]Fault, error) {
	var out []Fault
	return out, c.get(ctx, "/admin/fault", nil, &out)
}

// Disconnect tells every Socket Mode link to go, with Slack's reason: warning,
// refresh_requested, link_disabled or too_many_websockets. With cut it drops
// them without a word.
func (c *Client) Disconnect(ctx context.Context, reason string, cut bool) error {
	return c.post(ctx, "/admin/disconnect", nil, bag{"reason": reason, "cut": cut}, nil)
}

// Advance moves the workspace's clock forward.
func (c *Client) Advance(ctx context.Context, d time.Duration) error {
	return c.post(ctx, "/admin/clock", nil, bag{"advance": d}, nil)
}

// RetryNow makes every event that waits for its next attempt due at once.
func (c *Client) RetryNow(ctx context.Context) error {
	return c.post(ctx, "/admin/retry", nil, bag{}, nil)
}

// Replay delivers an earlier payload (its Delivered.Seq) again, as it was.
func (c *Client) Replay(ctx context.Context, seq int) error {
	return c.post(ctx, "/admin/replay", nil, bag{"seq": seq}, nil)
}

// Deactivate switches an account off, or on again.
func (c *Client) Deactivate(ctx context.Context, user string, on bool) error {
	return c.post(ctx, "/admin/user", nil, bag{"user": user, "deactivated": on}, nil)
}

// Calls lists the Web API calls so far; method "" gives all.
func (c *Client) Calls(ctx context.Context, method string) ([]Call, error) {
	var out []Call
	return out, c.get(ctx, "/admin/calls", url.Values{"method": {method}}, &out)
}

// Deliveries lists what was sent to the app so far.
func (c *Client) Deliveries(ctx context.Context) ([]Delivered, error) {
	var out []Delivered
	return out, c.get(ctx, "/admin/deliveries", nil, &out)
}
