package commands

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// notice is a message as somebody wrote it, in a form or in one line.
type notice struct {
	text, steps, next, status, public string
	to                                []incident.Audience
	seen                              int       // the newest update that the writer saw; negative: not known
	shown                             string    // what the preview showed; empty: nothing yet
	data                              string    // what the runs know of the data
	open                              bool      // nothing was said of whom it is for
	anew                              int       // the message that was sent back, and is written anew
	at                                time.Time // when it was shown; zero: not yet
}

// sendUpdate sends what was typed in one line; without a text it offers the form with a draft from the record. A form is
// shown as each audience will read it before it is sent.
func sendUpdate(ctx context.Context, o *Office, c *call) (Reply, error) {
	n, err := noticeOf(c)
	if err != nil {
		return Reply{}, err
	}
	if len(c.Fields) == 0 && n.text == "" {
		return updateForm(ctx, o, c, n)
	}
	n.data = o.lostData(ctx, c)
	if len(c.Fields) > 0 && c.Actor.Slack != "" {
		if reply, err := o.preview(ctx, c, n); err != nil || reply.Form != nil || !reply.Done() {
			return reply, err
		}
	}
	reply, err := o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		return o.posting(v.Now(), i, c, n)
	}, updateAnswer)
	return c.atField("text", reply, err)
}

// posting is the message as events, with the status that its form sets along.
func (o *Office) posting(now time.Time, i *incident.Incident, c *call, n notice) ([]incident.Event, error) {
	var ahead time.Duration
	filled := n.filled(now)
	if n.next != "" {
		var ok bool
		if ahead, ok = parseWhen(n.next, filled); !ok {
			return nil, incident.Refuse(incident.BadInput, "%q is no time for the next update.", cut(n.next, 40)).Then("Write 30m or 15:30 (UTC).")
		}
		if len(c.Fields) > 0 && n.next == span(i.UpdateEvery) { // as the form came: the cadence of whomever it goes to
			ahead = 0
		}
	}
	if err := o.reachable(i, n.to); err != nil {
		return nil, err
	}
	if n.public != "" && !slices.Contains(n.to, incident.AudienceStatus) { // they would go nowhere
		if len(c.Fields) > 0 {
			return nil, incident.Refuse(incident.BadInput, "Words for the status page, and no tick at it.").Then("Tick it under To, or take the words out.")
		}
		return nil, incident.Refuse(incident.BadInput, "Words for the status page, and --to without status.").Then("Like: --to mail,status --public …")
	}
	var events []incident.Event
	after := i
	if status := incident.Status(n.status); status != "" && status != i.Status {
		set, err := i.SetStatus(c.person, status)
		if err != nil {
			return nil, err
		}
		events = set
		after = i.Clone()
		after.Status = status
	}
	sent, err := after.Post(now, incident.Word{
		By: c.person, Text: n.text, Steps: cut(n.steps, 1000), Next: ahead, To: n.to, Public: n.public, Second: o.Config().Outlets.Second, Seen: n.seen, At: filled,
	})
	if err != nil {
		return nil, err
	}
	if events, err = o.onPage(i, filled, append(events, sent...), nil); err != nil {
		return nil, err
	}
	return o.withOutward(i, filled, events, n.data)
}

// Parts of a line: --to mail,status --public "Logins fail." --steps "…" --next 30m. Chats make one long dash of two.
var lineParts = regexp.MustCompile(`(?:^|\s)(?:--|—|–)(to|public|steps|next)[ =]`)

// noticeOf reads a form or a line.
func noticeOf(c *call) (n notice, err error) {
	_, rest, _ := strings.Cut(c.Object, "/")
	n.seen = -1
	var asked []incident.Audience
	for part := range strings.SplitSeq(rest, "/") {
		switch {
		case part == string(incident.AudienceExecutives), part == string(incident.AudienceMail):
			asked = append(asked, incident.Audience(part))
		case strings.HasPrefix(part, "m"):
			n.anew, _ = strconv.Atoi(part[1:])
		case strings.HasPrefix(part, "u"):
			if seen, err := strconv.Atoi(part[1:]); err == nil {
				n.seen = seen
			}
		}
	}
	n.shown, n.at = shownAt(c.Object)
	if len(c.Fields) > 0 {
		n.fromForm(c)
		return n, nil
	}
	text, to := c.Text, ""
	marks := lineParts.FindAllStringSubmatchIndex(text, -1)
	for k := len(marks) - 1; k >= 0; k-- {
		name := text[marks[k][2]:marks[k][3]]
		value, rest := partOf(name, text[marks[k][1]:])
		switch name {
		case "to":
			to = value
		case "public":
			n.public = value
		case "steps":
			n.steps = value
		case "next":
			n.next = value
		}
		text = text[:marks[k][0]] + " " + rest
	}
	if n.text = strings.TrimSpace(text); n.next == "" {
		n.text, n.next = cutNext(n.text)
	}
	if err := misread(n.text, n.next); err != nil {
		return n, err
	}
	n.open = to == "" && len(asked) == 0
	switch n.to = []incident.Audience{incident.AudienceAnnouncement}; {
	case to != "":
		n.to, err = parseAudiences(to)
	case len(asked) > 0:
		n.to = asked
	case n.public != "":
		err = incident.Refuse(incident.BadInput, "Words for the status page, and no --to status.").Then("Like: --to announcement,status --public …")
	}
	return n, err
}

// fromForm reads what the fields say.
func (n *notice) fromForm(c *call) {
	n.text, n.next, n.steps, n.status, n.public = c.Field("text"), c.Field("next"), c.Field("steps"), c.Field("status"), c.Field("public")
	to, asked := c.Fields["to"]
	if !asked {
		n.to = []incident.Audience{incident.AudienceAnnouncement}
	}
	for _, word := range to {
		if a := audienceNamed(word); a != "" {
			n.to = append(n.to, a)
		}
	}
}

// partOf reads the value of a part of a line, and what follows it: up to the end of a quotation, of a word where one is
// enough, or else of the line.
func partOf(name, s string) (value, rest string) {
	s = strings.TrimSpace(s)
	for _, pair := range []string{`""`, "“”", "''"} {
		r := []rune(pair)
		inner, quoted := strings.CutPrefix(s, string(r[0]))
		if value, rest, ended := strings.Cut(inner, string(r[1])); quoted && ended {
			return strings.TrimSpace(value), rest
		}
	}
	if name == "to" || name == "next" {
		return head(s)
	}
	return s, ""
}

func updateAnswer(i *incident.Incident) string {
	due := when(i.UpdateDue)
	second := ""
	for _, o := range i.Waiting() {
		if o.Number == i.Updates {
			second = named(o.To)
		}
	}
	theirs := when(i.ExecutivesDue)
	if s := i.SentAs(i.Updates); i.ExecutivesEvery == 0 || s == nil || !slices.Contains(s.To, incident.AudienceExecutives) {
		theirs = nil
	}
	return said("updated", about(i, facts{
		"Number": i.Updates, "Due": due, "Day": otherDay(i.UpdateDue, i.Time), "Second": second, "Theirs": theirs, "TheirDay": otherDay(i.ExecutivesDue, i.Time),
	})) + stillOwed(i, i.LeftOut(), false)
}

// cutNext takes "next 30m" or "next 15:30" off the end.
func cutNext(text string) (rest, next string) {
	words := strings.Fields(text)
	if n := len(words); n >= 2 && strings.EqualFold(words[n-2], "next") {
		if _, ok := parseWhen(words[n-1], time.Unix(0, 0)); ok {
			at := strings.LastIndex(text, words[n-2])
			return strings.TrimSpace(text[:at]), words[n-1]
		}
	}
	return text, ""
}

// almostWhen is what looks like a time at the end of a text and is none.
var almostWhen = regexp.MustCompile(`(?i)\bnext\s+((?:update:?\s+)?(?:(?:in|at|by)\s+)?(?:[-+~]?\d[\d.,:]*\s?(?:[dhms]|min|mins|minutes?|hours?|days?|am|pm|utc)?|` +
	`(?:(?:half|a quarter of) )?(?:an?|one|two|three|five|ten|fifteen|twenty|thirty)\s+(?:minutes?|hours?|days?)|tomorrow|tonight|noon|midnight))$`)

// misread asks about such an end before it is published as words. next is what was taken off behind it.
func misread(text, next string) error {
	m := almostWhen.FindStringSubmatch(text)
	switch {
	case m == nil:
		return nil
	case next != "":
		return incident.Refuse(incident.BadInput, "Not sent: “next %s” and “next %s” are two times for the next update.", m[1], next).Then("Write one of them.")
	}
	return incident.Refuse(incident.BadInput, "Not sent: “next %s” is no time for the next update.", m[1]).Then("Write next 30m or next 15:30 (UTC); words of the text end with a full stop.")
}

func updateForm(ctx context.Context, o *Office, c *call, n notice) (Reply, error) {
	i, err := o.look(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	if !i.Active() {
		return Reply{}, incident.Refuse(incident.WrongState, "%s is %s.", i.ID, i.State).Then("Reopen it first, with a reason.")
	}
	if n.next == "" && i.UpdateEvery > 0 && !slices.Contains(n.to, incident.AudienceExecutives) { // theirs is another
		n.next = span(i.UpdateEvery)
	}
	n.text, n.status, n.seen = Draft(i), string(i.Status), i.Updates
	if n.open { // who was promised the next one
		n.to = append(n.to, o.open(i, i.Awaiting())...)
	}
	shown, err := o.writtenAnew(ctx, i, &n)
	if err != nil {
		return Reply{}, err
	}
	return c.form(o, o.updating(i, n, shown), "The update is missing.")
}

// updating is the form of UX §7, with what each audience will read above it once there is something to show.
func (o *Office) updating(i *incident.Incident, n notice, shown []templates.Block) templates.Form {
	var to []string
	for _, a := range append([]incident.Audience{incident.AudienceResponders}, n.to...) {
		to = append(to, string(a))
	}
	f := templates.Form{Verb: "incident update", Title: "Post update", Submit: "Preview", Intro: shown, Fields: []templates.Field{
		{ID: "status", Label: "Status", Kind: templates.FieldSelect, Options: statusOptions(), Value: n.status, Optional: true},
		{ID: "text", Label: "What happened", Kind: templates.FieldArea, Value: n.text, Max: incident.MaxUpdate},
		{ID: "steps", Label: "Next steps", Kind: templates.FieldArea, Value: n.steps, Optional: true, Max: 1000},
		{ID: "next", Label: "Next update", Kind: templates.FieldText, Value: n.next, Optional: true, Hint: "30m, or 15:30 UTC.", Max: 8},
		{ID: "to", Label: "To", Kind: templates.FieldChecks, Options: o.audienceOptions(i), Value: strings.Join(to, ","), Optional: true, Hint: whyTicked(i, n.to)},
	}}
	if slices.Contains(o.audiences(i), incident.AudienceStatus) {
		f.Fields = append(f.Fields, publicField(n.public))
	}
	f.Object = fmt.Sprintf("%s/u%d", objectOf(i), n.seen)
	if n.shown != "" {
		f.Object += n.mark()
		f.Submit = "Send"
	}
	return f
}

// audienceOptions are the audiences of this incident, each with how it is reached.
func (o *Office) audienceOptions(i *incident.Incident) []templates.Option {
	out := o.Config().Outlets
	var list []templates.Option
	for _, a := range o.audiences(i) {
		hint := out.Names[a]
		if slices.Contains(out.Second, a) {
			hint = strings.TrimSpace(hint + " after a second look")
		}
		list = append(list, templates.Option{Value: string(a), Label: templates.Say("audience."+string(a), nil), Hint: hint})
	}
	return list
}

// publicField is never filled from what responders wrote.
func publicField(value string) templates.Field {
	return templates.Field{
		ID: "public", Label: "Words for the status page", Kind: templates.FieldArea, Value: value, Optional: true, Max: incident.MaxUpdate, Hint: "For users. Nothing above goes there. Lines that begin with - are a list.",
	}
}

// preview shows what each audience will read. It answers with nothing when that was shown already, as it is: then it is
// sent.
func (o *Office) preview(ctx context.Context, c *call, n notice) (Reply, error) {
	i, err := o.look(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	fail := func(err error) (Reply, error) {
		field := "text"
		switch refusal := (*incident.Refusal)(nil); {
		case !errors.As(err, &refusal):
			return Reply{}, err
		case strings.Contains(refusal.Say, "status page"):
			field = "public"
		case strings.Contains(refusal.Say, "next update"):
			field = "next"
		}
		return c.atField(field, Reply{}, err)
	}
	if latest := i.Newest; latest != nil && n.seen >= 0 && n.seen < i.Updates {
		_, refusal := i.Post(i.Time, incident.Word{By: c.person, Text: "…", Seen: n.seen})
		n.seen, n.shown = i.Updates, ""
		if refusal != nil && !latest.By.Same(c.person) {
			f := o.updating(i, n, []templates.Block{templates.Lines{Lines: [][]templates.Span{{templates.T(refusal.Error())}}}})
			return Reply{Form: &f}, nil
		}
	}
	if n.seen < 0 {
		n.seen = i.Updates
	}
	timeless := n
	timeless.at = time.Time{}
	fixed, err := o.posting(i.OpenedAt, i, c, timeless)
	if err != nil {
		return fail(err)
	}
	id, err := digestOf(fixed)
	if err != nil {
		return Reply{}, err
	}
	now := o.clock(ctx, i)
	if n.shown == id && n.fresh(now) && o.stands(now, i, c, n) {
		return Reply{}, nil
	}
	n.shown, n.at = id, now
	events, err := o.posting(now, i, c, n)
	if err != nil {
		return fail(err)
	}
	f := o.updating(i, n, templates.Preview(i, events, o.Config().Outlets.Names))
	return Reply{Form: &f}, nil
}

// clock is about now, for what is only shown; what is sent has the store's own time.
func (o *Office) clock(ctx context.Context, i *incident.Incident) time.Time {
	if o.Facts != nil {
		if now := o.Facts(ctx, i).Now; now.After(i.Time) {
			return now
		}
	}
	return i.Time
}
