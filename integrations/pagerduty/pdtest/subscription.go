package pdtest

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"time"
)

// Subscriptions as REST tells them; the secret stands in no answer but that which made one.
type (
	restSubscription struct {
		ID             string       `json:"id"`
		Type           string       `json:"type"`
		Active         bool         `json:"active"`
		Events         []string     `json:"events"`
		Filter         restRef      `json:"filter"`
		DeliveryMethod restDelivery `json:"delivery_method"`
	}
	restDelivery struct {
		Type                string  `json:"type"`
		URL                 string  `json:"url"`
		TemporarilyDisabled bool    `json:"temporarily_disabled"`
		Secret              *string `json:"secret"` // told once, when it is made
	}
)

func (a *Account) hooks(w http.ResponseWriter, r *http.Request, _ *User) {
	var all []restSubscription
	for _, s := range a.subscriptions {
		events := s.events
		if len(events) == 0 {
			events = EveryEvent
		}
		all = append(all, restSubscription{ID: s.id, Type: "webhook_subscription", Active: true, Events: events, Filter: s.filter(), DeliveryMethod: restDelivery{
			Type: "http_delivery_method", URL: s.url, TemporarilyDisabled: s.disabled.After(a.o.Now()),
		}})
	}
	paged(w, r, "webhook_subscriptions", all)
}

// EveryEvent is what a subscription without a choice is about.
var EveryEvent = []string{
	"incident.acknowledged", "incident.annotated", "incident.delegated", "incident.escalated", "incident.priority_updated", "incident.reassigned", "incident.reopened",
	"incident.resolved", "incident.responder.added", "incident.responder.replied", "incident.status_update_published", "incident.triggered", "incident.unacknowledged",
}

func (s *subscription) filter() restRef {
	if s.service != "" {
		return restRef{ID: s.service, Type: "service_reference"}
	}
	return restRef{ID: "PACCT", Type: "account_reference"}
}

// ping sends a test event of a subscription, whatever it is about.
func (a *Account) ping(w http.ResponseWriter, r *http.Request, _ *User) {
	for _, s := range a.subscriptions {
		if s.id != r.PathValue("id") {
			continue
		}
		d := delivery{id: rand.Text()[:16], kind: "pagey.ping", body: hello(a.now())}
		if s.lanes["ping"] = append(s.lanes["ping"], d); len(s.lanes["ping"]) == 1 {
			a.all.Go(func() { a.work(s, "ping") })
		}
		w.WriteHeader(http.StatusAccepted)
		return
	}
	fail(w, http.StatusNotFound, codeUnknown, "Not Found")
}

// hello is the body of a test event.
func hello(at time.Time) []byte {
	b, _ := json.Marshal(hookBody{Event: hookEvent{
		ID: "01" + rand.Text()[:24], EventType: "pagey.ping", ResourceType: "pagey", OccurredAt: at.Format("2006-01-02T15:04:05.000Z"),
		Data: map[string]string{"message": "Hello from your friend Pagey!", "type": "ping"},
	}})
	return b
}
