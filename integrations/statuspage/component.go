package statuspage

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/drbot/drbot/templates"
)

// noteComponent and an id there: what the incident's messages did to that component.
const noteComponent = "component/"

const (
	componentSet  = "set"   // a message gave it a state
	componentTurn = "turns" // Atlassian gives it one when the window begins
	componentOver = "over"  // the incident was deleted there and is over: it was set back
)

// touch notes which components a message set. They stay as they are when somebody deletes the incident there.
func (s *telling) touch(b incidentBody) {
	for _, id := range b.ComponentIDs {
		key, now := noteComponent+id, componentTurn
		if _, set := b.Components[id]; set {
			now = componentSet
		}
		if was := s.notes[key]; was != now && (was == "" || now == componentSet) {
			s.note(key, now)
		}
	}
}

// setBack gives the components of an incident that was deleted there the state that they have here; after its end once, until
// it is open again. Those that its messages did not set are left alone.
func (s *telling) setBack(ctx context.Context) error {
	var wrong []error
	for _, name := range templates.Touched(s.site.Components, s.entry.Touched) {
		id := s.Components[name]
		switch was := s.notes[noteComponent+id]; {
		case id == "", was == "", was == componentOver && s.over(), was == componentTurn && s.item.Stage == Scheduled:
		default:
			wrong = append(wrong, s.setOne(ctx, id, was, s.states[line(name)]))
		}
	}
	return errors.Join(wrong...)
}

// setOne looks before it writes: another incident, or a try whose answer was lost, may have set the same. What Atlassian was
// to turn and did not, and what is not there any more, is none of this incident's.
func (s *telling) setOne(ctx context.Context, id, was string, want State) error {
	have, err := s.client.component(ctx, id)
	if errors.Is(err, errGone) || err == nil && was == componentTurn && have != Maintenance.Name() {
		s.note(noteComponent+id, "")
		return nil
	}
	if err == nil && have != want.Name() {
		err = s.client.setComponent(ctx, id, want)
	}
	switch {
	case err != nil:
		return err
	case s.over():
		s.note(noteComponent+id, componentOver)
	case was == componentOver:
		s.note(noteComponent+id, componentSet)
	}
	return nil
}

func (s *telling) over() bool { return !s.entry.Ended.IsZero() }

// component is the state of a component there.
func (c *client) component(ctx context.Context, id string) (string, error) {
	var there struct {
		Status string `json:"status"`
	}
	err := c.call(ctx, http.MethodGet, "/components/"+url.PathEscape(id), nil, &there)
	return there.Status, err
}

// setComponent gives a component a state outside of any incident.
func (c *client) setComponent(ctx context.Context, id string, to State) error {
	return c.call(ctx, http.MethodPatch, "/components/"+url.PathEscape(id), map[string]any{"component": map[string]any{"status": to.Name()}}, nil)
}

// ofOne reports whether a path names one thing of the page, which may be missed while the page is there.
func ofOne(path string) bool {
	return slices.ContainsFunc([]string{"/incidents/", "/components/"}, func(kind string) bool { return strings.HasPrefix(path, kind) })
}
