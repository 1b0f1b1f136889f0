package commands

import (
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// tellingOf reads to whom a resolution is told, and takes that off its line. Where nothing is said of it, those hear the
// end who heard of the incident; the status page needs words of its own.
func tellingOf(c *call) (n notice, err error) {
	if len(c.Fields) > 0 {
		n.public = c.Field("public")
		to, asked := c.Fields["to"]
		if asked {
			n.to = []incident.Audience{incident.AudienceResponders}
		}
		for _, word := range to {
			n.to = append(n.to, audienceNamed(word))
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
	return o.withOutward(i, now, events, "")
}

// closedTo names those outside who heard of an incident, and may hear no more of it since it became restricted.
func (o *Office) closedTo(i *incident.Incident) string {
	may := o.audiences(i)
	return joined(slices.DeleteFunc(i.Told(), func(a incident.Audience) bool { return !a.Outside() || slices.Contains(may, a) }))
}

// heardTheEnd names those outside who were told that it is over, and would have to be told that it is not.
func (o *Office) heardTheEnd(i *incident.Incident) string {
	s := i.SentAs(0)
	if s == nil {
		return ""
	}
	return joined(slices.DeleteFunc(o.open(i, s.To), func(a incident.Audience) bool { return !a.Outside() || a == incident.AudienceStatus }))
}

// heardOutside names those outside who may still be told of an incident of which they heard by mail.
func (o *Office) heardOutside(i *incident.Incident) string {
	return joined(slices.DeleteFunc(o.open(i, i.Told()), func(a incident.Audience) bool { return !a.Outside() || a == incident.AudienceStatus }))
}

// tellFields ask to whom a resolution is told; those who heard of the incident are ticked.
func (o *Office) tellFields(i *incident.Incident) []templates.Field {
	if !slices.ContainsFunc(o.audiences(i), incident.Audience.Outside) {
		return nil
	}
	ticked := append([]incident.Audience{incident.AudienceResponders, incident.AudienceAnnouncement}, i.Told()...)
	fields := []templates.Field{{ID: "to", Label: "To", Kind: templates.FieldChecks, Options: o.audienceOptions(i), Value: strings.ReplaceAll(joined(ticked), " and ", ","), Optional: true}}
	if slices.Contains(o.audiences(i), incident.AudienceStatus) {
		fields = append(fields, publicField(""))
	}
	return fields
}
