package pagerduty

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
)

// envelope is a webhook V3 (developer.pagerduty.com, webhooks/overview). go-pagerduty has no types for it, and its names
// differ from those of REST: number, assignees[].
type envelope struct {
	Event struct {
		ID         string                     `json:"id"`
		Type       string                     `json:"event_type"`
		Resource   string                     `json:"resource_type"`
		OccurredAt string                     `json:"occurred_at"`
		Agent      *reference                 `json:"agent"`
		Data       map[string]json.RawMessage `json:"data"`
	} `json:"event"`
}

type reference struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Summary string `json:"summary"`
}

// Limits of what is taken over, in bytes.
const (
	maxFact = 500
	maxText = 9_000
)

// responderData is the type of what events about responders carry.
const responderData = "incident_responder"

// marker begins what drbot writes behind each of its notes, and ends with "]": the incident and the record.
const marker = "[drbot "

// marked is a text that ends as drbot's do; who quotes one of them writes on, or is somebody else.
var marked = regexp.MustCompile(regexp.QuoteMeta(marker) + `INC-\d+/\d+\]\s*$`)

// decode reads a body. What cannot be read, or is about no incident, says why in Passed.
func decode(body []byte, now time.Time) commands.HearAlert {
	var in envelope
	if err := json.Unmarshal(body, &in); err != nil {
		return commands.HearAlert{What: "unreadable", At: now, Passed: "it is no webhook V3: " + err.Error()}
	}
	raw := in.Event
	e := commands.HearAlert{Event: raw.ID, What: spaced(strings.TrimPrefix(raw.Type, "incident.")), At: instant(raw.OccurredAt, now)}
	if a := raw.Agent; a != nil {
		e.Agent.Name = cut(a.Summary, maxFact)
		if strings.HasPrefix(a.Type, "user") {
			e.Agent.ID = cut(a.ID, maxFact)
		}
	}
	if e.What == "" {
		e.What = "event"
	}
	kind := text(raw.Data, "type")
	if kind == "incident" {
		e.Alert, e.Facts, e.Page = text(raw.Data, "id"), facts(raw.Data), readKey(text(raw.Data, "incident_key"))
		if e.What == incident.AlertAcked {
			e.Facts[incident.AlertAcker] = e.Agent.Name
			if e.Agent.Name == "" {
				e.Facts[incident.AlertAcker] = "PagerDuty"
			}
		}
		e.Began = began(text(raw.Data, "created_at"))
		e.Whole = e.Facts[incident.AlertStatus] != "" && e.Facts[incident.AlertTitle] != "" && e.Facts[incident.AlertService] != ""
	} else {
		e.Alert = ref(raw.Data, "incident").ID
		e.Text, e.Facts = cut(said(raw.Data), maxText), joining(raw.Data, kind)
		e.Echo = marked.MatchString(e.Text)
		if kind == responderData && raw.Type != "incident.responder.added" { // the request's message comes with every answer to it
			e.Text, e.Echo = cut(whoJoins(raw.Data), maxText), false
		}
	}
	switch {
	case raw.Resource != "" && raw.Resource != "incident" || !strings.HasPrefix(raw.Type, "incident."):
		e.Passed = "it is about no incident"
	case e.Alert == "":
		e.Passed = "it names no incident"
	case len(e.Alert) > 100:
		e.Passed = "its id is no id of PagerDuty"
	}
	return e
}

func spaced(s string) string { return cut(strings.NewReplacer("_", " ", ".", " ").Replace(s), 100) }

func instant(s string, now time.Time) time.Time {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return now.UTC()
	}
	return at.UTC()
}

// began is when PagerDuty made an incident; zero where it does not say.
func began(s string) time.Time {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// facts are what an incident of a webhook says; a field that is not there says nothing.
func facts(data map[string]json.RawMessage) map[string]string {
	all := map[string]string{}
	put := func(name, value string) {
		if value != "" {
			all[name] = cut(value, maxFact)
		}
	}
	put(incident.AlertTitle, text(data, "title"))
	put(incident.AlertURL, text(data, "html_url"))
	if url := all[incident.AlertURL]; url != "" && !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
		delete(all, incident.AlertURL)
	}
	if urgency := text(data, "urgency"); urgency == "high" || urgency == "low" {
		put(incident.AlertUrgency, urgency)
	}
	if status := text(data, "status"); status == incident.AlertTriggered || status == incident.AlertAcked || status == incident.AlertResolved {
		put(incident.AlertStatus, status)
	}
	var number uint64
	if json.Unmarshal(data["number"], &number) == nil && number > 0 {
		put(incident.AlertNumber, strconv.FormatUint(number, 10))
	}
	service := ref(data, "service")
	put(incident.AlertService, service.ID)
	put(incident.AlertServes, service.Summary)
	put(incident.AlertPolicy, ref(data, "escalation_policy").Summary)
	if raw, ok := data["priority"]; ok {
		put(incident.AlertPriority, priority(string(raw), ref(data, "priority").Summary))
	}
	var assignees []reference
	if json.Unmarshal(data["assignees"], &assignees) == nil && assignees != nil {
		var names []string
		for _, a := range assignees {
			names = append(names, a.Summary)
		}
		all[incident.AlertAssignees] = cut(strings.Join(names, ", "), maxFact) // nobody is a fact too
	}
	return all
}

// joining is what a request to join came to: who, and whether they come.
func joining(data map[string]json.RawMessage, kind string) map[string]string {
	user, state := ref(data, "user"), text(data, "state")
	if kind != responderData || user.ID == "" || len(user.ID) > 40 || state == "" {
		return nil
	}
	return map[string]string{incident.AlertResponder + user.ID: cut(state, 40) + " " + cut(user.Summary, 100)}
}

func priority(raw, name string) string {
	if strings.TrimSpace(raw) == "null" || name == "" {
		return "-"
	}
	return name
}

func text(data map[string]json.RawMessage, field string) string {
	var s string
	if json.Unmarshal(data[field], &s) != nil {
		return ""
	}
	return strings.ToValidUTF8(s, "")
}

func ref(data map[string]json.RawMessage, field string) reference {
	var r reference
	if json.Unmarshal(data[field], &r) != nil {
		return reference{}
	}
	return r
}

// said is the text of a note, a status update or a responder.
func said(data map[string]json.RawMessage) string {
	for _, field := range []string{"content", "message"} {
		if s := text(data, field); s != "" {
			return s
		}
	}
	return whoJoins(data)
}

// whoJoins is who answered a request to join, and what.
func whoJoins(data map[string]json.RawMessage) string {
	parts := []string{ref(data, "user").Summary, ref(data, "escalation_policy").Summary, text(data, "state")}
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

// answered makes an outcome of what REST says of an incident, as PagerDuty's clock stood then.
func answered(i *trouble, at time.Time) commands.HearAlert {
	all := map[string]string{}
	put := func(name, value string) {
		if value != "" {
			all[name] = cut(strings.ToValidUTF8(value, ""), maxFact)
		}
	}
	put(incident.AlertStatus, i.Status)
	put(incident.AlertTitle, i.Title)
	put(incident.AlertURL, i.URL)
	put(incident.AlertUrgency, i.Urgency)
	put(incident.AlertService, i.Service.ID)
	put(incident.AlertServes, i.Service.Summary)
	put(incident.AlertPolicy, i.Policy.Summary)
	if i.Number > 0 {
		put(incident.AlertNumber, strconv.FormatUint(i.Number, 10))
	}
	put(incident.AlertPriority, priority("", i.Priority.name()))
	var assignees []string
	for _, a := range i.Assignments {
		assignees = append(assignees, a.Assignee.Summary)
	}
	all[incident.AlertAssignees] = cut(strings.ToValidUTF8(strings.Join(assignees, ", "), ""), maxFact)
	if n := len(i.Acknowledgements); n > 0 && i.Status == incident.AlertAcked {
		put(incident.AlertAcker, i.Acknowledgements[n-1].Acknowledger.Summary)
	}
	return commands.HearAlert{
		Page: readKey(i.Key), Alert: i.ID, Event: "asked/" + i.ID + "/" + i.Status, What: commands.Asked, At: at.UTC(), Facts: all, Began: began(i.Created),
		Whole: all[incident.AlertStatus] != "" && all[incident.AlertService] != "",
	}
}
