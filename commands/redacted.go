package commands

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// A redaction takes words out of the record, and drbot's own files are made anew at once. What people wrote on in, what
// left for the chat or by mail, and archives that were exported before stand where they are: the answer names them with
// what to do.

// Stands is what a redaction leaves on this machine.
type Stands struct {
	Review   string   // path of the review's file, which people changed; "" where drbot wrote it anew or there is none
	Packed   []string // paths of archives of evidence that were exported before
	Replaced []string // records that a restore set aside
}

// recordOf is a record as it stands before its redaction. One that is not there is for the store to refuse.
func (o *Office) recordOf(ctx context.Context, seq uint64) (state.Record, error) {
	if seq == 0 {
		return state.Record{}, nil
	}
	for r, err := range o.Store.All(ctx, seq-1) {
		return r, err
	}
	return state.Record{}, nil
}

// elsewhere makes the files of the record's incident anew, and says where its words may stand still. r is the record as it
// was before.
func (o *Office) elsewhere(ctx context.Context, r state.Record) (string, error) {
	if r.Incident == 0 {
		return "", nil
	}
	stands := Stands{}
	said := ""
	if o.Anew != nil {
		var err error
		if stands, err = o.Anew(ctx, r.Incident); err != nil {
			return "", err
		}
		said = fmt.Sprintf(" drbot's files of %s are made anew.", r.Incident)
	}
	i, err := o.Store.Incident(ctx, state.Ref{ID: r.Incident})
	if err != nil {
		return "", err
	}
	f := finding{office: o, i: i, of: r}
	if err := f.read(ctx); err != nil {
		return "", err
	}
	return said + "\nIt may stand elsewhere still:\n- " + strings.Join(f.lines(stands), "\n- "), nil
}

// finding looks for copies of a record's words.
type finding struct {
	office  *Office
	i       *incident.Incident
	of      state.Record
	drafted bool                         // a draft of the review was attached after it
	posted  bool                         // and a review was posted
	quoting map[int]incident.ReviewSaved // versions that have its words, by version
	at      map[int]uint64               // their records
	named   *naming
}

func (f *finding) read(ctx context.Context) (err error) {
	if f.named, err = namingOf(f.of); err != nil {
		return err
	}
	var saved []state.Record
	var rest strings.Builder // what the record still says without it
	for r, err := range f.office.Store.Records(ctx, f.i.ID, 0) {
		if err != nil {
			return err
		}
		if err := f.named.read(r); err != nil {
			return err
		}
		switch r.Kind {
		case incident.ReviewSaved{}.EventKind():
			if r.Seq > f.of.Seq && !r.Redacted {
				saved = append(saved, r)
			}
			continue
		case incident.ReviewOpened{}.EventKind():
			f.drafted = f.drafted || r.Seq > f.of.Seq
		case incident.ReviewPosted{}.EventKind():
			f.posted = f.posted || r.Seq > f.of.Seq
		}
		if !r.Redacted && f.named.found[r.Seq] == "" { // a copy makes its words no commoner
			rest.WriteString(plain(string(r.Payload)))
		}
	}
	if f.of.Redacted || len(saved) == 0 {
		return nil
	}
	words, err := state.Words(f.of.Payload)
	if err != nil {
		return err
	}
	marks := telling(words, rest.String())
	f.quoting, f.at = map[int]incident.ReviewSaved{}, map[int]uint64{}
	for _, r := range saved {
		e, err := r.Event()
		if err != nil {
			return err
		}
		text, err := f.office.savedText(ctx, e.(incident.ReviewSaved))
		if err != nil {
			return err
		}
		whole := plain(text)
		if slices.ContainsFunc(marks, func(mark string) bool { return strings.Contains(whole, mark) }) {
			s := e.(incident.ReviewSaved)
			f.quoting[s.Version], f.at[s.Version] = s, r.Seq
		}
	}
	return nil
}

// plain is a text as words in small letters, each with a space on both sides, so that neither case nor markup hides one.
func plain(text string) string {
	return " " + strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), "  ") + " "
}

// telling are the words by which a copy is known: whole texts, and long words or such with a digit, of those that the rest
// of the record does not have.
func telling(words []string, rest string) (marks []string) {
	for _, text := range words {
		if strings.HasPrefix(text, "https://") {
			continue // of the message, which many a line may link
		}
		whole := plain(text)
		for _, mark := range append([]string{whole}, strings.SplitAfter(whole, "  ")...) {
			if mark = strings.TrimSpace(mark); mark == "" {
				continue
			}
			n := len([]rune(mark))
			if n < 4 || n < 6 && !strings.ContainsFunc(mark, unicode.IsDigit) {
				continue
			}
			if mark = " " + mark + " "; !strings.Contains(rest, mark) {
				marks = append(marks, mark)
			}
		}
	}
	return marks
}

// lines says it, a line each, with what to do.
func (f *finding) lines(stands Stands) (lines []string) {
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	room := "its channel"
	if f.i.Channel.Name != "" {
		room = "#" + f.i.Channel.Name
	}
	lines = f.named.lines()
	if stands.Review != "" {
		add("%s: people changed that file, so drbot leaves it alone. Take the words out there.", stands.Review)
	}
	for _, file := range stands.Packed {
		add("%s was exported before: delete it, and export the evidence again.", file)
	}
	for _, version := range slices.Sorted(maps.Keys(f.quoting)) {
		s := f.quoting[version]
		add("Version %d of the review, saved by %s, has words of it: save one without them, then redact its record %d too.", version, cmp.Or(s.By.Name, s.By.Key), f.at[version])
	}
	if f.of.Redacted && f.i.Review != nil && f.i.Review.Version > 0 {
		add("Saved versions of the review: drbot cannot compare them any more, since the record was blank already. Look through them.")
	}
	if f.i.Channel.ID != "" {
		if f.drafted {
			add("The draft of the review that drbot attached to the resolution in %s: a Slack admin deletes that file.", room)
		}
		if f.posted {
			add("The review that was posted in %s, with its two files: a Slack admin deletes them; post it again then.", room)
		}
	}
	lines = append(lines, f.sent(room)...)
	for _, file := range stands.Replaced {
		add("%s is a record that a restore set aside, and may have it: delete it when nobody needs it.", file)
	}
	add("Backups that were taken before have it, with the files of kept messages: delete them, or redact again after a restore.")
	return lines
}

// posted are the kinds, but for messages, of which drbot writes into the channel or to people what it does not draw again.
var posted = []string{
	incident.SeveritySet{}.EventKind(), incident.Reopened{}.EventKind(), incident.WindowSet{}.EventKind(), incident.UpdateReviewed{}.EventKind(),
	incident.ActionAdded{}.EventKind(), incident.ActionSet{}.EventKind(), incident.RunPaused{}.EventKind(), incident.GlassBroken{}.EventKind(),
}

// sent names where the record's own words went when they were written.
func (f *finding) sent(room string) (lines []string) {
	if f.i.Channel.ID != "" {
		switch f.of.Kind {
		case incident.Pinned{}.EventKind(), incident.PinEdited{}.EventKind():
			where := room
			if e, err := f.of.Event(); err == nil && !strings.HasPrefix(placeOfKept(e), f.i.Channel.ID+"/") {
				where = "the channel that it was kept from"
			}
			lines = append(lines, "The message itself in "+where+": who wrote it deletes it there, or a Slack admin.")
		case incident.UpdateSent{}.EventKind(), incident.UpdateDrafted{}.EventKind(), incident.UpdateEdited{}.EventKind(), incident.Resolved{}.EventKind():
			lines = append(lines, "What drbot posted of it in "+room+": a Slack admin deletes it.")
		case incident.Opened{}.EventKind():
			lines = append(lines, "The name of "+room+": rename it in Slack.", "What drbot posted with the title, in "+room+", in other channels and to people: a Slack admin deletes it.")
		default:
			if slices.Contains(posted, f.of.Kind) {
				lines = append(lines, "What drbot posted of it in "+room+", or wrote to people: a Slack admin deletes it.")
			}
		}
	}
	pagerduty := []string{incident.UpdateSent{}.EventKind(), incident.Resolved{}.EventKind(), incident.SeveritySet{}.EventKind()}
	if len(f.i.Alerts) > 0 && slices.Contains(pagerduty, f.of.Kind) {
		lines = append(lines, "Notes and status updates at PagerDuty stay there: tell those who read them.")
	}
	var sent struct {
		To []incident.Audience `json:"to"`
	}
	if json.Unmarshal(f.of.Payload, &sent) != nil {
		return lines
	}
	to := func(all ...incident.Audience) bool {
		return slices.ContainsFunc(all, func(a incident.Audience) bool { return slices.Contains(sent.To, a) })
	}
	if to(incident.AudienceAnnouncement) {
		lines = append(lines, "The announcement channel: a Slack admin deletes what drbot posted there.")
	}
	if to(incident.AudienceMail, incident.AudienceExecutives) {
		lines = append(lines, "Mails that left cannot be called back: tell those who got them.")
	}
	if to(incident.AudienceStatus) {
		lines = append(lines, "A status page at Atlassian: edit it there. drbot's own page is clean.")
	}
	return lines
}
