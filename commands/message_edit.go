package commands

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// editUpdate makes another version; what it changes stands in the record beside what it was.
func editUpdate(ctx context.Context, o *Office, c *call) (Reply, error) {
	number, text, err := edited(c)
	if err != nil {
		return Reply{}, err
	}
	i, err := o.look(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	was, err := o.wrote(ctx, i.ID, number)
	if err != nil {
		return Reply{}, err
	}
	n := notice{text: c.Field("text"), steps: c.Field("steps"), public: c.Field("public")}
	if len(c.Fields) == 0 {
		typed := *c
		typed.Text, typed.Object = text, ""
		if n, err = noticeOf(&typed); err != nil && n.public == "" {
			return Reply{}, err
		}
		if n.text == "" && n.public == "" {
			return o.editForm(c, i, was)
		}
		n.text, n.steps = or(n.text, was.Text), or(n.steps, was.Next)
	}
	first, err := o.firstPublic(ctx, i.ID, number)
	if err != nil {
		return Reply{}, err
	}
	lost := o.lostData(ctx, c)
	version, drafts := 0, 0
	reply, err := o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		drafts = i.Drafts
		if s := i.SentAs(number); s != nil { // who had it and may not have more keeps what they had
			i, version = i.Clone(), s.Version
			to := i.SentAs(number)
			to.To = o.open(i, to.To)
		}
		events, err := i.Edit(c.person, number, was.UpdateSent, incident.Word{
			Text: n.text, Steps: cut(n.steps, 1000), Public: n.public, To: o.open(i, was.again), Second: o.Config().Outlets.Second,
		})
		if err != nil {
			return nil, err
		}
		if events, err = o.onPage(i, v.Now(), events, first); err != nil {
			return nil, err
		}
		return o.editedOutward(i, v.Now(), events, was.then, lost)
	}, func(i *incident.Incident) string { return editedSaid(i, was, version, drafts) })
	return c.atField("text", reply, err)
}

// edited names the message that is edited, and the rest of the line.
func edited(c *call) (number int, text string, err error) {
	_, name, _ := strings.Cut(c.Object, "/e")
	text = c.Text
	if name == "" {
		name, text = head(c.Text)
	}
	if !strings.EqualFold(name, "resolution") {
		number, err = strconv.Atoi(name)
	}
	if err != nil {
		err = incident.Refuse(incident.BadInput, "%q is no number of an update.", cut(name, 40)).Then("Like: edit 2 <text>")
	}
	return number, text, err
}

// editedSaid answers an edit: what is another version, what waits for a second look, and to whom it never went and never does.
func editedSaid(i *incident.Incident, was asWritten, version, drafts int) string {
	s := i.SentAs(was.Number)
	known := facts{"Number": was.Number, "Version": version, "Changed": false, "Second": "", "Gone": "", "To": "", "Over": !i.Active()}
	if s != nil {
		known["Version"], known["Changed"] = s.Version, s.Version != version
	}
	var second []incident.Audience
	for _, o := range i.Waiting() {
		if o.Draft > drafts {
			second = append(second, o.To...)
		}
	}
	gone := slices.DeleteFunc(slices.Clone(was.gone), func(a incident.Audience) bool { return slices.Contains(second, a) })
	known["Second"], known["Gone"], known["To"] = named(second), named(gone), typedAs(gone)
	return said("edited", about(i, known))
}

// editedOutward fills the messages of an edit. Another version says of the incident what the first one said, with the next
// update that is promised now; who reads it for the first time reads how it is.
func (o *Office) editedOutward(i *incident.Incident, now time.Time, events []incident.Event, then *published, lost string) ([]incident.Event, error) {
	after := i.Clone() // a resolution's mail says what its edit says
	for k, e := range events {
		base, at := after, now
		again, first := e.(incident.UpdateDrafted)
		if first = first && again.Version == 1; !first && then != nil {
			base, at = then.Clone(), then.at
			base.Roles, base.AckedBy, base.Restricted = i.Roles, i.AckedBy, i.Restricted
			base.UpdateDue, base.ExecutivesDue = time.Time{}, time.Time{}
			if i.Active() {
				base.UpdateDue, base.ExecutivesDue = i.UpdateDue, i.ExecutivesDue
				if i.Window != nil && base.Window != nil { // nobody plans around a window that was moved
					base.Window, base.Spoken = i.Window, i.Spoken
				}
			}
		}
		filled, err := o.withOutward(base, at, []incident.Event{e}, lost)
		if err != nil {
			return nil, err
		}
		events[k] = filled[0]
		after.Apply(incident.Stamp{Seq: after.Seq, N: after.N + 1, Time: now}, events[k])
	}
	return events, nil
}

func (o *Office) editForm(c *call, i *incident.Incident, was asWritten) (Reply, error) {
	f := templates.Form{Verb: "incident edit", Object: fmt.Sprintf("%s/e%d", objectOf(i), was.Number), Title: "Edit " + incident.MessageName(was.Number), Submit: "Save", Fields: []templates.Field{
		{ID: "text", Label: "What happened", Kind: templates.FieldArea, Value: was.Text, Max: incident.MaxUpdate},
		{ID: "steps", Label: "Next steps", Kind: templates.FieldArea, Value: was.Next, Optional: true, Max: 1000},
	}}
	if was.Number == 0 {
		f.Fields = f.Fields[:1]
		f.Fields[0].Label, f.Fields[0].Max = "Summary", 2000
	}
	public := was.Public != ""
	if s := i.SentAs(was.Number); s != nil && was.blank {
		public = public || slices.Contains(slices.Concat(s.To, was.again), incident.AudienceStatus)
	}
	switch {
	case was.Number == 0 && i.OwnEnd():
		words := publicField("")
		words.Hint = "For users. Empty: the page goes on saying that it is resolved."
		f.Fields = append(f.Fields, words)
	case public && !slices.Contains(was.gone, incident.AudienceStatus):
		f.Fields = append(f.Fields, templates.Field{ID: "public", Label: "Words for the status page", Kind: templates.FieldArea, Value: was.Public, Max: incident.MaxUpdate})
	}
	return c.form(o, f, "The text is missing.")
}

// asWritten is a message as it reads now: as it was sent, with the edits since.
type asWritten struct {
	incident.UpdateSent
	then  *published          // the incident as it was when an update was sent
	again []incident.Audience // were to read it after a second look, and did not; nothing newer was meant for them
	gone  []incident.Audience // the same, and something newer was, or the end
	blank bool                // words of it were redacted
}

// wrote reads a message of the record.
func (o *Office) wrote(ctx context.Context, id incident.ID, number int) (was asWritten, err error) {
	t := teller{number: number, i: incident.New(id)}
	for r, err := range o.Store.Records(ctx, id, 0) {
		if err != nil {
			return was, err
		}
		e, err := r.Event()
		if err != nil {
			return was, err
		}
		if s, ok := sayingOf(e); ok && r.Redacted {
			e = wordless(e)
			t.was.blank = t.was.blank || s.number == number
		}
		t.read(r, e)
		t.i.Apply(r.Stamp(), e)
	}
	if !t.found {
		return was, incident.Refuse(incident.NotFound, "%s has no %s.", id, strings.TrimPrefix(incident.MessageName(number), "the "))
	}
	for _, a := range incident.Audiences {
		switch {
		case !slices.Contains(t.asked, a) || slices.Contains(t.went, a):
		case slices.Contains(t.newer, a):
			t.was.gone = append(t.was.gone, a)
		default:
			t.was.again = append(t.was.again, a)
		}
	}
	return t.was, nil
}

// teller follows one message through the record.
type teller struct {
	number             int
	i                  *incident.Incident // before the record that is read
	was                asWritten
	found              bool
	asked, went, newer []incident.Audience
}

func (t *teller) read(r state.Record, e incident.Event) {
	was := &t.was
	switch e := e.(type) {
	case incident.UpdateSent:
		switch {
		case e.Number > t.number && t.number > 0:
			t.newer = append(t.newer, e.To...)
		case e.Number != t.number:
			return
		case t.number > 0 && e.Draft == 0:
			was.UpdateSent, was.then, t.found = e, &published{t.i.Clone(), r.Time}, true
		}
		if e.Number == t.number {
			t.went, was.Public = append(t.went, e.To...), or(e.Public, was.Public)
		}
	case incident.Resolved:
		if t.number > 0 {
			t.newer = slices.Clone(incident.Audiences)
			return
		}
		was.UpdateSent, t.found = incident.UpdateSent{By: e.By, Text: e.Summary, Public: e.Public, Status: incident.Over}, !e.FalseAlarm
		t.asked, t.went = nil, slices.Clone(e.To)
	case incident.UpdateDrafted:
		switch {
		case e.Number > t.number && t.number > 0 && e.Version == 1:
			t.newer = append(t.newer, e.To...)
		case e.Number == t.number && e.Version == 1:
			t.asked = append(t.asked, e.To...)
		}
		if e.Number == t.number {
			was.Public = or(e.Public, was.Public)
		}
	case incident.UpdateEdited:
		if e.Number == t.number {
			was.Text, was.Next, was.Public = or(e.Text, was.Text), e.Next, or(e.Public, was.Public)
		}
	}
}

// writtenAnew fills a form with a message that was sent back, as it was written, and says why it was.
func (o *Office) writtenAnew(ctx context.Context, i *incident.Incident, n *notice) ([]templates.Block, error) {
	back := i.Outgone(n.anew)
	if back == nil || back.State != incident.LookBack && back.State != incident.LookMoved {
		return nil, nil
	}
	for r, err := range o.Store.Records(ctx, i.ID, 0) {
		if err != nil {
			return nil, err
		}
		if r.Kind != (incident.UpdateDrafted{}).EventKind() {
			continue
		}
		e, err := r.Event()
		if err != nil {
			return nil, err
		}
		d, ok := e.(incident.UpdateDrafted)
		if !ok || d.Draft != n.anew {
			continue
		}
		if r.Redacted {
			d = wordless(d).(incident.UpdateDrafted)
		}
		n.text, n.steps, n.public, n.to = d.Text, d.Next, d.Public, d.To
		if s := i.SentAs(d.Number); s != nil {
			n.to = slices.Concat(s.To, d.To)
		}
		if n.to = slices.DeleteFunc(o.open(i, n.to), func(a incident.Audience) bool { return a == incident.AudienceResponders }); d.Due.After(r.Time) {
			n.next = span(d.Due.Sub(r.Time))
		}
	}
	return []templates.Block{templates.Lines{Lines: [][]templates.Span{templates.Line("look."+string(back.State), map[string]any{
		"Decider": back.DecidedBy, "By": back.By, "At": back.Decided, "Why": cut(back.Why, 500),
	})}}}, nil
}

// span is a duration as forms take it: 30m, 1h, 1h30m.
func span(d time.Duration) string {
	s := strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	if hours, whole := strings.CutSuffix(s, "h0m"); whole {
		return hours + "h"
	}
	return s
}
