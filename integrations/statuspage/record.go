package statuspage

import (
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// wants are the kinds after which a published incident may look another way.
var wants = []string{
	incident.UpdateSent{}.EventKind(), incident.UpdateEdited{}.EventKind(), incident.UpdateDrafted{}.EventKind(), incident.UpdateReviewed{}.EventKind(),
	incident.Resolved{}.EventKind(), incident.Reopened{}.EventKind(), incident.Merged{}.EventKind(), incident.Declined{}.EventKind(), incident.Closed{}.EventKind(),
	incident.WindowSet{}.EventKind(), incident.DeadlineSpoken{}.EventKind(),
	incident.Redacted{}.EventKind(), // of the house
}

// Read makes of an incident's records what was published of it; nil where nothing was. What is not in here reaches no page.
// Severity and services are those of the last message that was published: what responders change in between shows when they
// say so. Drills are never published (I44).
func Read(id incident.ID, records iter.Seq2[state.Record, error]) (*Entry, error) {
	r := reading{fold: incident.New(id), entry: &Entry{Incident: id}, drafts: map[int]told{}}
	for record, err := range records {
		if err != nil {
			return nil, err
		}
		if err := r.record(record); err != nil {
			return nil, err
		}
		if r.fold.Drill {
			return nil, nil
		}
	}
	return r.done(), nil
}

// reading is an entry on its way.
type reading struct {
	fold   *incident.Incident
	entry  *Entry
	before Stage        // how far it was when it ended
	drafts map[int]told // what messages that wait for their second look tell, as of when they were written
}

// told is what a message tells of components.
type told struct {
	severity int
	services []string
}

func (r *reading) record(record state.Record) error {
	e, err := record.Event()
	if err != nil {
		return err
	}
	held := r.fold.EndHeld(incident.AudienceStatus)
	r.fold.Apply(record.Stamp(), e)
	switch e := e.(type) {
	case incident.Reopened:
		if held {
			r.unsay() // the end never was public, so nothing is open again there
		}
	case incident.UpdateSent:
		status := r.fold.Status
		if e.Status != "" {
			status = e.Status
		}
		r.publish(record, e.To, e.Public, Update{Number: e.Number, Stage: r.stage(status), Page: e.Page}, e.Draft)
	case incident.Resolved:
		r.publish(record, e.To, e.Public, Update{Stage: r.stage(incident.Over), Page: e.Page}, 0)
	case incident.UpdateDrafted:
		r.drafts[e.Draft] = told{r.fold.Severity, slices.Clone(r.fold.Services)}
	case incident.UpdateEdited:
		r.edit(record, e)
	}
	r.follow(record)
	return nil
}

// stage is how far it is while something is said: of a maintenance the phase, of an incident the status.
func (r *reading) stage(status incident.Status) Stage {
	switch phase := r.fold.Phase(); phase {
	case "":
	case incident.CalledOff:
		return Canceled
	default:
		return Stage(phase)
	}
	return Stage(status)
}

// publish adds a message that went to the status page with words of its own.
func (r *reading) publish(record state.Record, to []incident.Audience, public string, u Update, draft int) {
	if !slices.Contains(to, incident.AudienceStatus) || strings.TrimSpace(clean(public)) == "" {
		return
	}
	e := r.entry
	if e.ID == "" {
		e.ID = urlName(record.Hash)
	}
	if last := len(e.Updates) - 1; last >= 0 && e.Updates[last].Own && e.Updates[last].Stage.over() && u.Number == 0 && u.Stage.over() {
		e.Updates = e.Updates[:last] // a person's words for the same change
	}
	u.Seq, u.At, u.Words, u.Page = record.Seq, record.Time, public, untitled(record, u.Page)
	if e.Updates = append(e.Updates, u); len(e.Updates) == 1 {
		r.title(record, u)
	}
	is := told{r.fold.Severity, slices.Clone(r.fold.Services)}
	if drafted, ok := r.drafts[draft]; ok && draft > 0 {
		is = drafted
	}
	e.Severity, e.Services = is.severity, is.services
	for _, s := range e.Services {
		if !slices.Contains(e.Touched, s) {
			e.Touched = append(e.Touched, s)
		}
	}
}

// title keeps the first line that names the entry. A redacted one names nothing.
func (r *reading) title(record state.Record, first Update) {
	if record.Redacted {
		return
	}
	title, _ := templates.PageTitle(first.Words)
	if first.Page != nil {
		title = first.Page.Title
	}
	if title != "" {
		r.entry.Title = title
	}
}

// untitled are words without the title that a redaction blanked: the page finds another one.
func untitled(record state.Record, words *incident.PageWords) *incident.PageWords {
	if !record.Redacted || words == nil || words.Title != state.Blanked {
		return words
	}
	left := *words
	left.Title = ""
	return &left
}

// edit replaces the words of a message that stands there, and drbot's own sentence for the end by those of a person.
func (r *reading) edit(record state.Record, e incident.UpdateEdited) {
	if !slices.Contains(e.To, incident.AudienceStatus) || strings.TrimSpace(clean(e.Public)) == "" {
		return
	}
	for k := len(r.entry.Updates) - 1; k >= 0; k-- {
		u := &r.entry.Updates[k]
		if end := e.Number == 0 && u.Stage.over(); end && u.Own || u.Number == e.Number && !u.Own {
			u.Words, u.Page, u.Edited, u.Own = e.Public, untitled(record, e.Page), record.Time, false
			if k == 0 {
				r.title(record, *u)
			}
			return
		}
	}
}

// follow keeps the entry with the incident where nobody wrote words for the public: that it is over, or open again, is said
// by drbot in a sentence that is always the same.
func (r *reading) follow(record state.Record) {
	e, i := r.entry, r.fold
	if len(e.Updates) == 0 {
		return
	}
	e.Window = nil
	if w := i.Window; w != nil {
		e.Window = &Window{w.From, w.Until}
	}
	switch stage, said := r.now(), e.newest().Stage.over(); {
	case !i.Active() && !said:
		r.own(record, stage, ending(i))
	case !stage.over() && said:
		r.own(record, stage, "reopened")
	}
	if now := r.now(); now.over() && !e.Stage.over() {
		r.before = e.Stage
	}
	if e.Stage = r.now(); !e.Stage.over() {
		e.Ended = time.Time{}
	} else if e.Ended.IsZero() {
		e.Ended = record.Time
	}
}

// now is how far the incident is, to people outside: of an open one what they were told last.
func (r *reading) now() Stage {
	switch newest := r.entry.newest(); {
	case r.fold.Window != nil:
		return r.stage("")
	case !r.fold.Active():
		return Resolved
	case newest.Stage.over(), newest.Stage == Scheduled, newest.Stage == InProgress:
		return r.stage(r.fold.Status)
	default:
		return newest.Stage
	}
}

// ending names the sentence for an incident that is over.
func ending(i *incident.Incident) string {
	switch {
	case i.MergedInto != 0:
		return "merged"
	case i.Phase() == incident.CalledOff:
		return "canceled"
	case i.Window != nil:
		return "completed"
	}
	return "resolved"
}

// own adds a sentence of drbot.
func (r *reading) own(record state.Record, stage Stage, which string) {
	words, err := render("own."+which, nil)
	if err != nil {
		panic(err) // the sentences are in the program
	}
	r.entry.Updates = append(r.entry.Updates, Update{Seq: record.Seq, At: record.Time, Stage: stage, Words: string(words), Own: true})
}

// unsay takes back drbot's sentence for an end whose words have not left.
func (r *reading) unsay() {
	e := r.entry
	if len(e.Updates) > 1 && e.newest().Own && e.newest().Stage.over() {
		e.Updates = e.Updates[:len(e.Updates)-1]
		e.Stage, e.Ended = r.before, time.Time{}
	}
}

// done is the entry. While the words for a resolution wait for their second look, or were sent back and not written anew, the
// page does not run ahead of them.
func (r *reading) done() *Entry {
	if len(r.entry.Updates) == 0 {
		return nil
	}
	if r.fold.EndHeld(incident.AudienceStatus) {
		r.unsay()
	}
	return r.entry
}
