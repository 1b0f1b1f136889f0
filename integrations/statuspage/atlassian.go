package statuspage

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

	"github.com/drbot/drbot/state/follow"
)

const (
	// apiURL is Atlassian's own.
	apiURL = "https://api.statuspage.io"
	// maxCall bounds one call, maxAnswer what of an answer is read, and maxWait what a limit may ask drbot to wait.
	maxCall   = 15 * time.Second
	maxAnswer = 8 << 20
	maxWait   = 5 * time.Minute
	// listed is the most that Atlassian lists at once.
	listed = 100
)

// errGone: Atlassian's page is there, and has no such incident or component (any more).
var errGone = errors.New("it is not there")

// incidentBody is an incident as it is written.
type incidentBody struct {
	Name         string               `json:"name,omitempty"`
	Status       string               `json:"status,omitempty"`
	Impact       string               `json:"impact_override,omitempty"`
	Body         string               `json:"body,omitempty"`
	ComponentIDs []string             `json:"component_ids,omitempty"`
	Components   map[string]string    `json:"components,omitempty"`
	Metadata     map[string]markThere `json:"metadata,omitempty"`
	Notify       *bool                `json:"deliver_notifications,omitempty"` // nil: as the page does
	From         string               `json:"scheduled_for,omitempty"`
	Until        string               `json:"scheduled_until,omitempty"`
	Begins       bool                 `json:"scheduled_auto_in_progress,omitempty"`
	Turns        bool                 `json:"auto_transition_to_maintenance_state,omitempty"`
}

// markThere is what drbot attaches, to know its incident and how far it was told. Atlassian wants objects at the top of
// metadata.
type markThere struct {
	Entry   string `json:"entry"`
	Through string `json:"through"` // record of the last message; a string, since numbers may come back rounded
}

// incidentThere is an incident as it is answered.
type incidentThere struct {
	ID       string `json:"id"`
	Metadata struct {
		Drbot markThere `json:"drbot"`
	} `json:"metadata"`
	Updates []struct {
		ID string `json:"id"`
	} `json:"incident_updates"` // newest first
}

func (i *incidentThere) through() uint64 {
	n, err := strconv.ParseUint(i.Metadata.Drbot.Through, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// client speaks to one page of Atlassian's Statuspage.
type client struct {
	http *http.Client
	to   Atlassian
}

func newClient(a Atlassian) *client {
	if a.APIURL == "" {
		a.APIURL = apiURL
	}
	return &client{to: a, http: &http.Client{
		Timeout: maxCall, Transport: http.DefaultTransport.(*http.Transport).Clone(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the token goes nowhere else
	}}
}

// find looks for the incident that drbot made of an entry: the answer to its creation may have been lost.
func (c *client) find(ctx context.Context, entry string) (*incidentThere, error) {
	var list []incidentThere
	if err := c.call(ctx, http.MethodGet, "/incidents?limit="+strconv.Itoa(listed), nil, &list); err != nil {
		return nil, err
	}
	for k := range list {
		if list[k].Metadata.Drbot.Entry == entry {
			return &list[k], nil
		}
	}
	return nil, nil
}

func (c *client) get(ctx context.Context, id string) (*incidentThere, error) {
	var i incidentThere
	return &i, c.call(ctx, http.MethodGet, "/incidents/"+url.PathEscape(id), nil, &i)
}

// write makes an incident, or changes one that is there.
func (c *client) write(ctx context.Context, id string, body incidentBody) (*incidentThere, error) {
	var i incidentThere
	method, path := http.MethodPost, "/incidents"
	if id != "" {
		method, path = http.MethodPatch, path+"/"+url.PathEscape(id)
	}
	if err := c.call(ctx, method, path, map[string]any{"incident": body}, &i); err != nil {
		return nil, err
	}
	if i.ID == "" {
		return nil, follow.Unavailable{Err: errors.New("the answer of Atlassian's Statuspage names no incident")}
	}
	return &i, nil
}

// edit replaces the words of a message.
func (c *client) edit(ctx context.Context, id, update, words string) error {
	return c.call(ctx, http.MethodPatch, "/incidents/"+url.PathEscape(id)+"/incident_updates/"+url.PathEscape(update),
		map[string]any{"incident_update": map[string]any{"body": words}}, nil)
}

// call makes one call of the page's API and sorts its error: follow.Unavailable is tried again, errGone is over, anything
// else can never succeed as it is.
func (c *client) call(ctx context.Context, method, path string, body, into any) error {
	status, wait, answer, err := c.send(ctx, method, path, body)
	what := fmt.Sprintf("Atlassian's Statuspage: %s %s", method, strings.SplitN(path, "?", 2)[0])
	if err != nil {
		return follow.Unavailable{Err: fmt.Errorf("%s: %w", what, err)}
	}
	refused := fmt.Errorf("%s: %d: %s", what, status, said(answer))
	switch {
	case status == http.StatusTooManyRequests, status == 420:
		return follow.Unavailable{Err: refused, RetryAfter: wait, NotSent: true}
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return follow.Unavailable{Err: refused, RetryAfter: maxWait, NotSent: true}
	case status >= 500, status >= 300 && status < 400, status == http.StatusRequestTimeout:
		return follow.Unavailable{Err: refused, RetryAfter: wait}
	case status >= 400 && !json.Valid(answer): // a page of something between: a proxy, a sign-in
		return follow.Unavailable{Err: refused, RetryAfter: wait}
	case status == http.StatusNotFound && ofOne(path):
		if there, _, list, err := c.send(ctx, http.MethodGet, "/incidents?limit=1", nil); err != nil || there != http.StatusOK || !json.Valid(list) {
			return follow.Unavailable{Err: refused, RetryAfter: wait} // nothing is there: that one is missed says nothing
		}
		return fmt.Errorf("%s: %w", what, errGone)
	case status == http.StatusNotFound: // the page: a wrong id, or one that comes back
		return follow.Unavailable{Err: refused, RetryAfter: maxWait, NotSent: true}
	case status >= 400:
		return refused
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return follow.Unavailable{Err: fmt.Errorf("%s: read the answer: %w", what, err)}
	}
	return nil
}

func (c *client) send(ctx context.Context, method, path string, body any) (status int, wait time.Duration, answer []byte, err error) {
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return 0, 0, nil, err
		}
		content = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.to.APIURL, "/")+"/v1/pages/"+url.PathEscape(c.to.Page)+path, content)
	if err != nil {
		return 0, 0, nil, err
	}
	r.Header.Set("Authorization", "OAuth "+c.to.Token.Reveal())
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	a, err := c.http.Do(r)
	if err != nil {
		return 0, 0, nil, err
	}
	defer func() { _ = a.Body.Close() }()
	if n, err := strconv.Atoi(a.Header.Get("Retry-After")); err == nil && n >= 0 {
		wait = min(max(time.Duration(n)*time.Second, time.Second), maxWait)
	}
	answer, err = io.ReadAll(io.LimitReader(a.Body, maxAnswer))
	return a.StatusCode, wait, answer, err
}

// said is Atlassian's own word for an error: a sentence, or a list of them.
func said(answer []byte) string {
	var one struct {
		Error   json.RawMessage `json:"error"`
		Message string          `json:"message"`
	}
	var list []string
	var text string
	switch {
	case json.Unmarshal(answer, &one) != nil:
	case json.Unmarshal(one.Error, &list) == nil:
		text = strings.Join(list, "; ")
	case json.Unmarshal(one.Error, &text) == nil:
	default:
		text = one.Message
	}
	if text == "" {
		text = string(answer)
	}
	return strings.Join(strings.Fields(string([]rune(clean(text))[:min(len([]rune(clean(text))), 200)])), " ")
}
