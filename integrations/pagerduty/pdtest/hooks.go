package pdtest

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	hookTimeout  = 5 * time.Second // PagerDuty waits so long
	dropsAllowed = 3               // in a row; then the subscription rests
	restFor      = 24 * time.Hour
	hookBytes    = 256 << 10 // larger ones are dropped before they are sent
)

// subscription is a webhook subscription V3.
type subscription struct {
	id, url  string
	service  string // "": it is about the whole account
	events   []string
	lanes    map[string][]delivery // of each incident: in order, one at a time
	dropped  int                   // in a row
	disabled time.Time             // until then nothing is sent
	secrets  []string
	taken    []string // kinds that were taken
	refused  []int    // statuses of those that were dropped
}

type delivery struct {
	id, kind string
	body     []byte
}

// Subscribe sends webhooks to an address, signed with every secret. No events: all of them.
func (a *Account) Subscribe(url string, events []string, secrets ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.subscriptions = append(a.subscriptions, &subscription{id: "S" + rand.Text()[:12], url: url, events: events, secrets: secrets, lanes: map[string][]delivery{}})
}

// Narrow makes the newest subscription be about one service alone.
func (a *Account) Narrow(service string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.subscriptions[len(a.subscriptions)-1].service = service
}

// Rotate changes the secrets of all subscriptions.
func (a *Account) Rotate(secrets ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.subscriptions {
		s.secrets = secrets
	}
}

// Move changes the address of all subscriptions: drbot came back at another port.
func (a *Account) Move(url string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.subscriptions {
		s.url = url
	}
}

// Subscription is how the first subscription stands: kinds that were taken, statuses that were dropped, and whether it is
// disabled.
func (a *Account) Subscription() (taken []string, dropped []int, disabled bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.subscriptions) == 0 {
		return nil, nil, false
	}
	s := a.subscriptions[0]
	return slices.Clone(s.taken), slices.Clone(s.refused), s.disabled.After(a.o.Now())
}

// Waiting counts webhooks that were not taken yet.
func (a *Account) Waiting() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, s := range a.subscriptions {
		for _, lane := range s.lanes {
			n += len(lane)
		}
	}
	return n
}

// queue appends a delivery to its incident's lane and starts it where nothing is under way. The account is locked.
func (s *subscription) queue(a *Account, lane string, d delivery) {
	if len(s.events) > 0 && !slices.Contains(s.events, d.kind) || len(d.body) > hookBytes || s.disabled.After(a.o.Now()) {
		return
	}
	s.lanes[lane] = append(s.lanes[lane], d)
	if len(s.lanes[lane]) == 1 {
		a.all.Go(func() { a.work(s, lane) })
	}
}

// work sends one lane until it is empty. Later webhooks of the incident wait for earlier ones.
func (a *Account) work(s *subscription, lane string) {
	for a.ctx.Err() == nil {
		a.mu.Lock()
		if len(s.lanes[lane]) == 0 {
			a.mu.Unlock()
			return
		}
		d, url, secrets := s.lanes[lane][0], s.url, s.secrets
		a.mu.Unlock()
		status := a.send(url, secrets, d)
		if a.settle(s, lane, d, status) {
			continue
		}
		select {
		case <-a.ctx.Done():
		case <-time.After(a.o.Retry):
		}
	}
}

// settle keeps what became of a delivery, and reports whether it is over: retried are no answer, 5xx and 429; every other
// answer that is not 2xx drops it.
func (a *Account) settle(s *subscription, lane string, d delivery, status int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case status >= 200 && status < 300:
		s.taken, s.dropped = append(s.taken, d.kind), 0
	case status == 0 || status >= 500 || status == http.StatusTooManyRequests:
		return false
	default:
		s.refused, s.dropped = append(s.refused, status), s.dropped+1
		if s.dropped >= dropsAllowed {
			s.disabled = a.o.Now().Add(restFor)
		}
	}
	s.lanes[lane] = s.lanes[lane][1:]
	return true
}

// send posts one webhook; 0: no answer.
func (a *Account) send(url string, secrets []string, d delivery) int {
	r, err := http.NewRequestWithContext(a.ctx, http.MethodPost, url, bytes.NewReader(d.body))
	if err != nil {
		return 0
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "PagerDuty-Webhook/V3.0")
	r.Header.Set("X-Webhook-Id", d.id)
	r.Header.Set("X-PagerDuty-Signature", Sign(d.body, secrets...))
	client := &http.Client{Timeout: hookTimeout, Transport: hooks}
	answer, err := client.Do(r)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10))
	_ = answer.Body.Close()
	return answer.StatusCode
}

// hooks keeps no connection: a receiver that restarts is met anew.
var hooks = &http.Transport{DisableKeepAlives: true}

// Sign lists a signature for each secret.
func Sign(body []byte, secrets ...string) string {
	var list []string
	for _, s := range secrets {
		mac := hmac.New(sha256.New, []byte(s))
		_, _ = mac.Write(body)
		list = append(list, "v1="+hex.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(list, ",")
}

// The webhook's own names.
type (
	hookBody struct {
		Event hookEvent `json:"event"`
	}
	hookEvent struct {
		ID           string    `json:"id"`
		EventType    string    `json:"event_type"`
		ResourceType string    `json:"resource_type"`
		OccurredAt   string    `json:"occurred_at"`
		Agent        *hookRef  `json:"agent"`
		Client       *struct{} `json:"client"`
		Data         any       `json:"data"`
	}
	hookRef struct {
		HTMLURL string `json:"html_url"`
		ID      string `json:"id"`
		Self    string `json:"self"`
		Summary string `json:"summary"`
		Type    string `json:"type"`
	}
	hookIncident struct {
		ID               string    `json:"id"`
		Type             string    `json:"type"`
		Self             string    `json:"self"`
		HTMLURL          string    `json:"html_url"`
		Number           int       `json:"number"`
		Status           string    `json:"status"`
		IncidentKey      string    `json:"incident_key"`
		CreatedAt        string    `json:"created_at"`
		Title            string    `json:"title"`
		Service          hookRef   `json:"service"`
		Assignees        []hookRef `json:"assignees"`
		EscalationPolicy hookRef   `json:"escalation_policy"`
		Teams            []hookRef `json:"teams"`
		Priority         *hookRef  `json:"priority"`
		Urgency          string    `json:"urgency"`
		ConferenceBridge *struct{} `json:"conference_bridge"`
		ResolveReason    *string   `json:"resolve_reason"`
	}
	hookNote struct {
		Incident hookRef `json:"incident"`
		ID       string  `json:"id"`
		Type     string  `json:"type"`
		Content  string  `json:"content"`
		Trimmed  bool    `json:"trimmed"`
	}
)

func pointTo(kind, id, summary string) hookRef {
	return hookRef{HTMLURL: "https://acme.pagerduty.com/" + kind + "s/" + id, ID: id, Self: "https://api.pagerduty.com/" + kind + "s/" + id, Summary: summary, Type: kind + "_reference"}
}

// webhook is the body of an event.
func webhook(what string, at time.Time, by *User, data any) []byte {
	e := hookEvent{ID: "01" + rand.Text()[:24], EventType: "incident." + what, ResourceType: "incident", OccurredAt: at.Format("2006-01-02T15:04:05.000Z"), Data: data}
	if by != nil {
		r := pointTo("user", by.ID, by.Name)
		e.Agent = &r
	}
	b, _ := json.Marshal(hookBody{Event: e})
	return b
}

// hookNote is a note as a webhook tells it: trimmed where it is long.
func (t *trouble) hookNote(text string) hookNote {
	content, trimmed := text, false
	if len(content) > 4000 {
		content, trimmed = content[:4000], true
	}
	return hookNote{Incident: pointTo("incident", t.id, t.title), ID: "N" + t.id, Type: "incident_note", Content: content, Trimmed: trimmed}
}

// dedup is the key that its maker chose, else one of PagerDuty's.
func (t *trouble) dedup() string {
	if t.key != "" {
		return t.key
	}
	return "key-" + t.id
}

func (t *trouble) hook() hookIncident {
	i := hookIncident{
		ID: t.id, Type: "incident", Self: "https://api.pagerduty.com/incidents/" + t.id, HTMLURL: "https://acme.pagerduty.com/incidents/" + t.id, Number: t.number, Status: t.status,
		IncidentKey: t.dedup(), CreatedAt: t.created.Format(time.RFC3339), Title: t.title, Service: pointTo("service", t.service.ID, t.service.Name), Assignees: []hookRef{},
		EscalationPolicy: pointTo("escalation_policy", "PPOL1", "Default"), Teams: []hookRef{}, Urgency: t.urgency,
	}
	for _, u := range t.assignees {
		i.Assignees = append(i.Assignees, pointTo("user", u.ID, u.Name))
	}
	if t.priority != "" {
		p := pointTo("priority", "PPRI"+t.priority, t.priority)
		i.Priority = &p
	}
	return i
}

// Webhook makes one webhook of an incident that is in no account, for tests that send by themselves.
func Webhook(id, title, service, status, what string, number int, at time.Time) []byte {
	t := &trouble{id: id, title: title, status: status, urgency: "high", number: number, service: Place{ID: service, Name: service}, created: at}
	return webhook(what, at, nil, t.hook())
}
