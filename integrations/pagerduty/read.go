package pagerduty

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	pd "github.com/PagerDuty/go-pagerduty"
)

// trouble is an incident as REST tells it, as far as drbot reads it. It is not the library's: one field that this does not
// read, in a shape that the library does not expect, would make the whole answer unreadable, and every try after it.
type trouble struct {
	ID          string    `json:"id"`
	Number      uint64    `json:"incident_number"`
	Key         string    `json:"incident_key"`
	Title       string    `json:"title"`
	Status      string    `json:"status"`
	Urgency     string    `json:"urgency"`
	Created     string    `json:"created_at"`
	URL         string    `json:"html_url"`
	Service     reference `json:"service"`
	Policy      reference `json:"escalation_policy"`
	Priority    *rank     `json:"priority"`
	Assignments []struct {
		Assignee reference `json:"assignee"`
	} `json:"assignments"`
	Acknowledgements []struct {
		Acknowledger reference `json:"acknowledger"`
	} `json:"acknowledgements"`
}

// rank is a priority; which of the two names is there depends on where it stands.
type rank struct {
	ID      string `json:"id"`
	Summary string `json:"summary"`
	Name    string `json:"name"`
}

func (p *rank) name() string {
	switch {
	case p == nil:
		return ""
	case p.Summary != "":
		return p.Summary
	}
	return p.Name
}

// called reports whether people call it so.
func (p *rank) called(name string) bool {
	return strings.EqualFold(p.name(), name) || strings.EqualFold(p.Name, name)
}

// base is where the API is.
func (l *Link) base() string {
	if l.APIURL == "" {
		return "https://api.pagerduty.com"
	}
	return strings.TrimSuffix(l.APIURL, "/")
}

// fetch reads what stands at a path. A nil into reads only whether it is there.
func (l *Link) fetch(ctx context.Context, path string, into any) error {
	_, err := l.fetchAt(ctx, path, into)
	return err
}

// fetchAt says besides when that was, by PagerDuty's clock; zero where it did not say.
func (l *Link) fetchAt(ctx context.Context, path string, into any) (at time.Time, err error) {
	err = l.call(ctx, "read "+path, func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.base()+path, nil)
		if err != nil {
			return err
		}
		answer, err := l.client.Do(r, true)
		if err != nil {
			return err
		}
		at = l.wire.date
		return read(answer, into)
	})
	return at, err
}

// read takes an answer apart; one that is no success is an error with PagerDuty's words.
func read(answer *http.Response, into any) error {
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		api := pd.APIError{}
		_ = json.NewDecoder(answer.Body).Decode(&api) // an answer without words is one
		api.StatusCode = answer.StatusCode
		return api
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(answer.Body).Decode(into)
}

// status reads how an incident stands there.
func (l *Link) status(ctx context.Context, alert string) (*trouble, time.Time, error) {
	var answer struct {
		Incident trouble `json:"incident"`
	}
	at, err := l.fetchAt(ctx, "/incidents/"+url.PathEscape(alert), &answer)
	return &answer.Incident, at, err
}

// openThere lists the incidents that are not resolved, of some services or of all.
func (l *Link) openThere(ctx context.Context, services []string) (list []trouble, at time.Time, err error) {
	q := url.Values{"statuses[]": {"triggered", "acknowledged"}, "date_range": {"all"}, "limit": {strconv.Itoa(pageSize)}}
	if len(services) > 0 {
		q["service_ids[]"] = services
	}
	for page := range maxPages {
		var answer struct {
			Incidents []trouble `json:"incidents"`
			More      bool      `json:"more"`
		}
		q.Set("offset", strconv.Itoa(page*pageSize))
		then, err := l.fetchAt(ctx, "/incidents?"+q.Encode(), &answer)
		if err != nil {
			return nil, at, err
		}
		if page == 0 {
			at = then
		}
		list = append(list, answer.Incidents...)
		if !answer.More {
			break
		}
	}
	return list, at, nil
}

// byKey finds the newest incident of a key; nil: none.
func (l *Link) byKey(ctx context.Context, key string) (*trouble, error) {
	q := url.Values{"incident_key": {key}, "date_range": {"all"}, "limit": {strconv.Itoa(pageSize)}}
	var answer struct {
		Incidents []trouble `json:"incidents"`
	}
	if err := l.fetch(ctx, "/incidents?"+q.Encode(), &answer); err != nil || len(answer.Incidents) == 0 {
		return nil, err
	}
	return &answer.Incidents[len(answer.Incidents)-1], nil
}

// logged reports whether an incident's log has a mark of drbot's: requests to responders and status updates are listed
// nowhere else.
func (l *Link) logged(ctx context.Context, alert, mark string) (bool, error) {
	for page := range maxPages {
		var answer struct {
			Entries []json.RawMessage `json:"log_entries"`
			More    bool              `json:"more"`
		}
		path := "/incidents/" + url.PathEscape(alert) + "/log_entries?limit=" + strconv.Itoa(pageSize) + "&offset=" + strconv.Itoa(page*pageSize)
		if err := l.fetch(ctx, path, &answer); err != nil {
			return false, err
		}
		for _, e := range answer.Entries {
			if strings.Contains(strings.ReplaceAll(string(e), `\/`, "/"), mark) {
				return true, nil
			}
		}
		if !answer.More {
			break
		}
	}
	return false, nil
}
