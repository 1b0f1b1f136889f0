package statetest

import (
	"context"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// Ana and Bea are people of the tests.
var (
	Ana = incident.Person{Key: "ana@example.com", Name: "Ana Ruiz", Slack: "U0ANA", Proof: "slack:U0ANA"}
	Bea = incident.Person{Key: "bea@example.com", Name: "Bea Ortiz", Slack: "U0BEA", Proof: "slack:U0BEA"}
)

// Opening is an Opened event with a response time and an update cadence.
func Opening(title string, at time.Time) incident.Opened {
	return incident.Opened{
		By: Ana, Title: title, Type: "Database corruption", Severity: 1, LowerFree: at.Add(time.Hour),
		Policy:    incident.Policy{RespondBy: at.Add(15 * time.Minute), UpdateEvery: 30 * time.Minute, UpdateDue: at.Add(30 * time.Minute)},
		Checklist: []incident.Item{{ID: "c1", Text: "Freeze deploys"}, {ID: "c2", Text: "Call the vendor"}},
	}
}

// Events is a change that writes events to a target.
func Events(target state.Ref, events ...incident.Event) state.Change {
	return state.Change{Target: target, Decide: func(state.View) (state.Decision, error) {
		return state.Decision{Events: events}, nil
	}}
}

// Open opens an incident and gives its id.
func Open(t TB, s state.Writer, title string) incident.ID {
	t.Helper()
	r, err := s.Do(context.Background(), state.Change{New: true, Decide: func(v state.View) (state.Decision, error) {
		return state.Decision{Events: []incident.Event{Opening(title, v.Now())}, Answer: []byte(title)}, nil
	}})
	if err != nil {
		t.Fatalf("open %q: %v", title, err)
	}
	return r.ID
}

// Note adds a line to an incident.
func Note(t TB, s state.Writer, id incident.ID, text string) state.Result {
	t.Helper()
	r, err := s.Do(context.Background(), Events(state.Ref{ID: id}, incident.Noted{By: Ana, Text: text}))
	if err != nil {
		t.Fatalf("note %q: %v", text, err)
	}
	return r
}

// Texts lists the notes of an incident.
func Texts(t TB, s state.Reader, id incident.ID) []string {
	t.Helper()
	var texts []string
	for r, err := range s.Records(context.Background(), id, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e, err := r.Event(); err != nil {
			t.Fatal(err)
		} else if n, ok := e.(incident.Noted); ok {
			texts = append(texts, n.Text)
		}
	}
	return texts
}
