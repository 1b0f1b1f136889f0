package statuspage

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// kept is how long what is over stays on the page, and its own page beside it.
const kept = 90 * 24 * time.Hour

// recent is how much of that the first page tells.
const recent = 14 * 24 * time.Hour

// State is how a component does; the words are those that status pages share, and the numbers order them: the worst wins.
type State int

const (
	Operational State = iota
	Maintenance
	Degraded
	Partial
	Major
)

var states = []string{"operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage"}

// Name is how machines know it: status.json, a class of the stylesheet, Atlassian's API.
func (s State) Name() string { return states[s] }

// Words are what people read.
func (s State) Words() string { return templates.Say("page."+s.Name(), nil) }

// Stage is how far an incident or a maintenance is.
type Stage string

const (
	Investigating Stage = "investigating"
	Identified    Stage = "identified"
	Monitoring    Stage = "monitoring"
	Resolved      Stage = "resolved"
	Scheduled     Stage = "scheduled"
	InProgress    Stage = "in progress"
	Completed     Stage = "completed"
	Canceled      Stage = "canceled" // maintenance that was called off
)

// Words are what people read.
func (s Stage) Words() string { return strings.ToUpper(string(s)[:1]) + string(s)[1:] }

// over reports whether nothing more is expected.
func (s Stage) over() bool { return s == Resolved || s == Completed || s == Canceled }

// Window is when a planned maintenance takes place; without instants that is still open.
type Window struct{ From, Until time.Time }

// Entry is what was published of one incident, and nothing else of it: neither its title nor its number are in here but for
// Incident, which no file shows.
type Entry struct {
	ID       string // of its page; made of a hash, so that it tells no count
	Incident incident.ID
	Updates  []Update  // oldest first
	Title    string    // that the first message had, in any of its versions: a better word for it is no other name
	Services []string  // as they were when it was last published
	Severity int       // the same
	Touched  []string  // all services that were ever published with it, so that none stays red
	Stage    Stage     // as it is now
	Ended    time.Time // zero: it is not over
	Window   *Window   // nil: an incident
}

// newest is the last message; there always is one.
func (e *Entry) newest() Update { return e.Updates[len(e.Updates)-1] }

// Update is one published message.
type Update struct {
	Seq    uint64 // of its record
	Number int    // as the incident counts its updates; 0: a resolution, or drbot's own sentence
	At     time.Time
	Edited time.Time           // when the words were replaced; zero: never
	Stage  Stage               // in which it was said
	Words  string              // as people wrote them for the public
	Page   *incident.PageWords // as they stand here; nil: as they were written
	Own    bool                // drbot's own sentence for a change that nobody wrote words for
}

// Component is a part of the service as people outside know it.
type Component = templates.Component

// Settings are what the configuration says of the page.
type Settings struct {
	Title      string
	URL        string // where the page is read; empty: unknown, and feeds link nowhere
	Components []Component
}

// shown are the settings with names that every document may hold.
func (s Settings) shown() Settings {
	components := make([]Component, len(s.Components))
	for k, c := range s.Components {
		components[k] = Component{Name: line(c.Name), Services: c.Services}
	}
	return Settings{Title: line(s.Title), URL: s.URL, Components: components}
}

// Page is all that the files show.
type Page struct {
	Title, URL string
	State      State     // the worst
	Updated    time.Time // of the newest thing said; zero: nothing was
	Components []Shown
	Current    []Item // newest first
	Scheduled  []Item // the next first
	Past       []Item // newest first
	Recent     int    // how many of Past the first page tells
}

// Shown is a component with its state.
type Shown struct {
	Name  string
	State State
}

// Item is an entry as the page shows it.
type Item struct {
	ID         string
	Title      string
	Stage      Stage
	State      State // what it does to its components; what it did, once it is over
	Components []string
	Began      time.Time // when it was first said; of a maintenance: when the window begins
	Ended      time.Time // zero: not yet
	Window     *Window
	Updates    []Said // newest first
}

// Said is an update as it is shown.
type Said struct {
	Key        string // stable and public
	At, Edited time.Time
	Stage      Stage
	Words      string // clean; without the line that became the title
}

// Compose makes the page of everything that was published, as it stands at an instant. It is a pure function: the same
// entries and the same instant give the same bytes.
func Compose(s Settings, entries []*Entry, now time.Time) Page {
	s = s.shown()
	p := Page{Title: s.Title, URL: s.URL}
	worst := map[string]State{}
	for _, e := range entries {
		i := e.item(s.Components)
		for _, u := range i.Updates {
			p.Updated = later(p.Updated, later(u.At, u.Edited))
		}
		switch {
		case !i.Ended.IsZero():
			if now.Sub(i.Ended) <= kept {
				p.Past = append(p.Past, i)
			}
			continue
		case i.Stage == Scheduled:
			p.Scheduled = append(p.Scheduled, i)
			continue
		}
		p.Current = append(p.Current, i)
		p.State = max(p.State, i.State)
		for _, name := range i.Components {
			worst[name] = max(worst[name], i.State)
		}
	}
	for _, c := range s.Components {
		p.Components = append(p.Components, Shown{c.Name, worst[c.Name]})
	}
	slices.SortFunc(p.Current, func(a, b Item) int { return order(b.Began, a.Began, a.ID, b.ID) })
	slices.SortFunc(p.Scheduled, func(a, b Item) int { return order(a.Began, b.Began, a.ID, b.ID) })
	slices.SortFunc(p.Past, func(a, b Item) int { return order(b.Ended, a.Ended, a.ID, b.ID) })
	for p.Recent < len(p.Past) && now.Sub(p.Past[p.Recent].Ended) <= recent {
		p.Recent++
	}
	return p
}

func order(a, b time.Time, tieA, tieB string) int {
	if c := a.Compare(b); c != 0 {
		return c
	}
	return strings.Compare(tieA, tieB)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// item is an entry as the page shows it.
func (e *Entry) item(components []Component) Item {
	i := Item{ID: e.ID, Components: templates.Touched(components, e.Services), Began: e.Updates[0].At, Ended: e.Ended, Stage: e.Stage}
	i.State = stateOf(e.Severity, e.Stage)
	if !e.Ended.IsZero() {
		i.State = stateOf(e.Severity, Investigating)
	}
	if e.Window != nil {
		w := *e.Window
		if i.State, i.Window = Maintenance, &w; !w.From.IsZero() {
			i.Began = w.From
		}
		if !i.Ended.IsZero() && i.Ended.Before(i.Began) {
			i.Began = i.Ended // it was called off
		}
		if i.Stage == Canceled {
			i.State = Operational
		}
	}
	words := make([]string, len(e.Updates))
	for k, u := range e.Updates {
		shown := incident.OnPage(u.Words, u.Page)
		if k > 0 && u.Page != nil && u.Page.Title != "" { // another message came before it: its first line is text
			shown = u.Page.Title + "\n" + shown
		}
		words[k] = clean(shown)
	}
	if first := e.Updates[0].Page; first != nil {
		i.Title = line(first.Title)
	} else {
		i.Title, words[0] = templates.PageTitle(words[0])
	}
	if i.Title == "" {
		i.Title = line(e.Title)
	}
	if i.Title == "" {
		i.Title = named(i.Components, e.Window != nil)
	}
	for k, u := range slices.Backward(e.Updates) {
		i.Updates = append(i.Updates, Said{Key: keyOf(e.ID, u.Seq), At: u.At, Edited: u.Edited, Stage: u.Stage, Words: words[k]})
	}
	return i
}

// stateOf is what an incident of that severity does to its components.
func stateOf(severity int, stage Stage) State {
	return State(slices.Index(states, templates.PageState(severity, incident.Status(stage))))
}

// urlName is the public name of an incident: of the hash of the record that published it first, so that nobody can count
// incidents by it, and the same whenever the page is made again.
func urlName(hash string) string {
	sum := sha256.Sum256([]byte("status page/" + hash))
	return hex.EncodeToString(sum[:6])
}
