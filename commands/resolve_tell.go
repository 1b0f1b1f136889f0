package commands

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// tellingOf reads to whom a resolution is told, and takes that off its line. Where nothing is said of it, those hear the
// end who heard of the incident; the status page needs words of its own.
func tellingOf(c *call) (n notice, err error) {
	if len(c.Fields) > 0 {
		n.shown, n.at = shownAt(c.Object)
		n.public = c.Field("public")
		to, asked := c.Fields["to"]
		if asked {
			n.to = []incident.Audience{incident.AudienceResponders}
		}
		for _, word := range to {
			n.to = append(n.to, audienceNamed(word))
		}
		if asked && n.public != "" { // its words say that it is told; without any the page says itself that it is over
			n.to = append(n.to, incident.AudienceStatus)
		}
		return n, nil
	}
	marks := lineParts.FindAllStringSubmatchIndex(c.Text, -1)
	if marks == nil {
		return notice{text: c.Text}, nil
	}
	typed := *c
	typed.Object = ""
	n, err = noticeOf(&typed)
	if !slices.ContainsFunc(marks, func(m []int) bool { return c.Text[m[2]:m[3]] == "to" }) {
		n.to = nil
	}
	return n, err
}

// telling adds the audiences to a resolution, and fills its messages.
func (o *Office) telling(i *incident.Incident, now time.Time, events []incident.Event, tell notice) ([]incident.Event, error) {
	to := tell.to
	if to == nil {
		may := o.audiences(i)
		to = slices.DeleteFunc(append([]incident.Audience{incident.AudienceAnnouncement}, i.Told()...), func(a incident.Audience) bool {
			return a == incident.AudienceStatus && tell.public == "" || !slices.Contains(may, a) && a != incident.AudienceAnnouncement
		})
	}
	if err := o.reachable(i, to); err != nil {
		return nil, err
	}
	events, err := i.Telling(events, incident.Word{To: to, Public: tell.public, Second: o.Config().Outlets.Second})
	if err != nil {
		return nil, err
	}
	now = tell.filled(now)
	if events, err = o.onPage(i, now, events, nil); err != nil {
		return nil, err
	}
	return o.withOutward(i, now, events, "")
}

// resolving is a resolution as events, with its messages.
func (o *Office) resolving(now time.Time, i *incident.Incident, r incident.Resolved, tell notice) ([]incident.Event, error) {
	if i.Window != nil && (r.FalseAlarm || i.BeforeWindow(now)) {
		r.Summary, r.CalledOff, r.FalseAlarm = or(r.Summary, r.Reason), true, false
	}
	events, err := i.Resolve(r, o.reviewTasks(o.Runbook(), now))
	if err != nil {
		return nil, err
	}
	return o.telling(i, now, events, tell)
}

// previewEnd shows what each audience will read of a resolution that leaves the house. It answers with nothing where nobody
// outside reads it, where it was shown already as it is, and where the resolution itself is refused.
func (o *Office) previewEnd(ctx context.Context, c *call, r incident.Resolved, tell notice) (Reply, error) {
	i, err := o.look(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	shown, at := tell.shown, tell.at
	tell.at = time.Time{}
	fixed, err := o.resolving(i.OpenedAt, i, r, tell)
	if refusal := (*incident.Refusal)(nil); errors.As(err, &refusal) || err == nil && !leavesHouse(fixed) {
		return Reply{}, nil // the refusal comes again, and is recorded
	}
	if err != nil {
		return Reply{}, err
	}
	id, err := digestOf(fixed)
	if err != nil {
		return Reply{}, err
	}
	now := o.clock(ctx, i)
	if tell.at = at; shown == id && tell.fresh(now) {
		return Reply{}, nil
	}
	tell.shown, tell.at = id, now
	events, err := o.resolving(now, i, r, tell)
	if err != nil {
		return Reply{}, err
	}
	f := o.endForm(i, r)
	f.Object, f.Submit = objectOf(i)+tell.mark(), "Resolve and send"
	f.Intro = append(templates.Preview(i, events, o.Config().Outlets.Names), f.Intro...)
	f.Fields = append(f.Fields, o.tellFields(i)...)
	for k := range f.Fields {
		switch f.Fields[k].ID {
		case "to":
			f.Fields[k].Value = typedAs(tell.to)
		case "public":
			f.Fields[k].Value = tell.public
		}
	}
	return Reply{Form: &f}, nil
}

// leavesHouse reports whether somebody outside reads these events.
func leavesHouse(events []incident.Event) bool {
	return slices.ContainsFunc(events, func(e incident.Event) bool {
		switch e := e.(type) {
		case incident.Resolved:
			return slices.ContainsFunc(e.To, incident.Audience.Outside)
		case incident.UpdateDrafted:
			return slices.ContainsFunc(e.To, incident.Audience.Outside)
		}
		return false
	})
}

// hearers are those to whom a resolution goes: at once, and after a second look.
type hearers struct{ now, second []incident.Audience }

func endedBy(events []incident.Event) (end hearers) {
	for _, e := range events {
		switch e := e.(type) {
		case incident.Resolved:
			end.now = e.To
		case incident.UpdateDrafted:
			end.second = e.To
		}
	}
	return end
}

// untold are those of some audiences who are mailed nothing of it. The status page says of itself that it is over.
func (end hearers) untold(told []incident.Audience) []incident.Audience {
	return slices.DeleteFunc(told, func(a incident.Audience) bool {
		return !a.Outside() || a == incident.AudienceStatus || slices.Contains(end.now, a) || slices.Contains(end.second, a)
	})
}

// closedTo names those outside who heard of an incident, and may hear no more of it since it became restricted.
func (o *Office) closedTo(i *incident.Incident) string {
	may := o.audiences(i)
	return named(slices.DeleteFunc(i.Told(), func(a incident.Audience) bool { return !a.Outside() || slices.Contains(may, a) }))
}

// heardOutside names those outside who may still be told of an incident of which they heard by mail.
func (o *Office) heardOutside(i *incident.Incident) string {
	return named(slices.DeleteFunc(o.open(i, i.Told()), func(a incident.Audience) bool { return !a.Outside() || a == incident.AudienceStatus }))
}

// tellFields ask to whom a resolution is told; those who heard of the incident are ticked.
func (o *Office) tellFields(i *incident.Incident) []templates.Field {
	if !slices.ContainsFunc(o.audiences(i), incident.Audience.Outside) {
		return nil
	}
	ticked := append([]incident.Audience{incident.AudienceResponders, incident.AudienceAnnouncement}, i.Told()...)
	options := slices.DeleteFunc(o.audienceOptions(i), func(o templates.Option) bool { return o.Value == string(incident.AudienceStatus) })
	fields := []templates.Field{{ID: "to", Label: "To", Kind: templates.FieldChecks, Options: options, Value: typedAs(ticked), Optional: true}}
	if slices.Contains(o.audiences(i), incident.AudienceStatus) {
		public := publicField("")
		public.Hint = "For users. Empty: where they read of it, the page says that it is resolved."
		fields = append(fields, public)
	}
	return fields
}
