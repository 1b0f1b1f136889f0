package commands

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"strings"
	"unicode"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// maxChanged is how many lines of what others changed an answer shows.
const maxChanged = 60

// reviewText gives the text, with the field html as a page.
func reviewText(ctx context.Context, o *Office, c *call) (Reply, error) {
	i, err := o.lookReview(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	version := i.Review.Version
	if typed := c.Field("version"); typed != "" {
		if version, err = versionOf(i, typed); err != nil {
			return Reply{}, err
		}
	}
	if c.Field("draft") != "" {
		version = 0
	}
	text, err := o.textOf(ctx, i, version)
	if err != nil {
		return Reply{}, err
	}
	v := reviewView(i, text)
	v.Version = version
	if c.Field("html") != "" {
		if c.Field("draft") == "" && version == i.Review.Version { // a text to go on with stays as it was saved
			text = templates.ReviewNow(i, text)
		}
		page, err := templates.ReviewHTML(i, text)
		if err != nil {
			return Reply{}, err
		}
		v.HTML, v.Text = string(page), ""
	}
	return Reply{Say: templates.ReviewCard(i, nil, o.now(i)), ID: i.ID, Seq: i.Seq, Data: v}, nil
}

// saveReview keeps a whole text as the next version. Who edited another version than the newest hears what changed.
func saveReview(ctx context.Context, o *Office, c *call) (Reply, error) {
	text := strings.ReplaceAll(c.Field("text"), "\r\n", "\n") + "\n"
	base, err := strconv.Atoi(c.Field("base"))
	if err != nil {
		return Reply{}, incident.Refuse(incident.BadInput, "The file does not say which version it was made of.").Then("Leave its first line as it is: <!-- INC-42 review version 3 -->")
	}
	reply, err := o.keepText(ctx, c, base, text)
	if err != nil || reply.Kind != incident.TooLate {
		return reply, err
	}
	i, err := o.lookReview(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	v := reviewView(i, "")
	if v.Changed, err = o.rewritten(ctx, i, base); err != nil {
		return Reply{}, err
	}
	reply.Data = v
	reply.Say.Text += "\n" + said("review.changed", facts{"Base": base}) + "\n" + v.Changed + "\n" + said("review.keep", nil)
	return reply, nil
}

// keepText commits a text that was made of version base.
func (o *Office) keepText(ctx context.Context, c *call, base int, text string) (Reply, error) {
	return o.change(ctx, c, func(_ state.View, i *incident.Incident) ([]incident.Event, error) {
		events, blob, err := i.SaveReview(c.person, base, text)
		c.blobs = nil
		if blob != nil {
			c.blobs = [][]byte{blob}
		}
		return events, err
	}, func(i *incident.Incident) string {
		return said("review.saved", about(i, facts{"Version": i.Review.Version}))
	})
}

// rewritten says what others changed since a version.
func (o *Office) rewritten(ctx context.Context, i *incident.Incident, base int) (string, error) {
	before, err := o.textOf(ctx, i, base)
	if err != nil {
		return "", err
	}
	now, err := o.textOf(ctx, i, i.Review.Version)
	if err != nil {
		return "", err
	}
	return templates.ReviewChanged(before, now, maxChanged), nil
}

// errResaved: another version was saved while this one was put together.
var errResaved = errors.New("the review was saved meanwhile")

// editPart opens a form with one part of the review, and puts what comes back in its place. Who edits another part at the
// same time loses nothing; who edits the same one is told what changed, and keeps the form with what they wrote.
func editPart(ctx context.Context, o *Office, c *call) (Reply, error) {
	name := c.Field("pick")
	if _, after, ok := strings.Cut(c.Object, "/"); ok {
		name = after
	}
	_, sent := c.Fields["text"]
	_, after, _ := strings.Cut(c.Object, "/")
	if sent = sent || after != "" && c.Field("pick") == ""; !sent {
		return partForm(ctx, o, c, name)
	}
	switch strings.TrimSpace(c.Field("text")) {
	case "": // a slip of the hand must not take a heading out
		return Reply{Errors: map[string]string{"text": "Nothing is left of it. Write - alone to take the part out, with its heading."}}, nil
	case "-":
		emptied := *c
		emptied.Fields = maps.Clone(c.Fields)
		emptied.Fields["text"] = []string{""}
		c = &emptied
	}
	base, part, _ := strings.Cut(name, "-")
	version, err := strconv.Atoi(base)
	if err != nil {
		return Reply{}, incident.Refuse(incident.BadInput, "The form is of another version of drbot.").Then("Open the review again.")
	}
	for range 5 {
		reply, err := o.savePart(ctx, c, version, part)
		if !errors.Is(err, errResaved) {
			return c.atField("text", reply, err)
		}
	}
	return Reply{}, incident.Refuse(incident.TooLate, "Others save at the same moment.").Then("Send it again.")
}

func partForm(ctx context.Context, o *Office, c *call, id string) (Reply, error) {
	i, err := o.lookReview(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	text, err := o.textOf(ctx, i, i.Review.Version)
	if err != nil {
		return Reply{}, err
	}
	for _, p := range templates.ReviewParts(text) {
		if p.ID() == id {
			if strings.ContainsFunc(p.Text, changedByForm) {
				return Reply{}, incident.Refuse(incident.WrongState, "That part holds characters that a form would change.").Then("Edit it at the terminal: drbot incident review %d", i.ID)
			}
			f := templates.Form{Verb: "incident review part", Object: objectOf(i) + "/" + strconv.Itoa(i.Review.Version) + "-" + id, Title: "Review of " + i.ID.String(), Submit: "Save", Fields: []templates.Field{
				{ID: "text", Label: p.Label(), Kind: templates.FieldArea, Value: strings.TrimSpace(p.Text), Optional: true, Max: 3000, Hint: "Markdown. Others may edit the other parts at the same time. - alone takes the part out."},
			}}
			return c.form(o, f, "The part is missing.")
		}
	}
	return Reply{}, incident.Refuse(incident.TooLate, "That part was changed since the menu was shown.").Then("Open the review again: /%s review", o.command("incident"))
}

// changedByForm characters are shown as what they are wherever the chat shows a text (I41), so a form would give other ones
// back.
func changedByForm(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d' || r == '\u2028' || r == '\u2029'
}

// savePart is one try to put a part in its place in the newest text.
func (o *Office) savePart(ctx context.Context, c *call, opened int, id string) (Reply, error) {
	i, err := o.lookReview(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	base := i.Review.Version
	text, err := o.textOf(ctx, i, base)
	if err != nil {
		return Reply{}, err
	}
	whole, found := inPlace(text, id, c.Field("text"))
	refusal := error(nil)
	if !found {
		changed, err := o.rewritten(ctx, i, opened)
		if err != nil {
			return Reply{}, err
		}
		refusal = incident.Refuse(incident.BadInput, "%s", said("review.partchanged", facts{
			"Who": i.Review.SavedBy.Name, "Version": base, "At": i.Review.SavedAt, "Changed": cut(changed, 1200),
		}))
	} else if whole == text {
		return Reply{Say: templates.Message{Text: said("review.same", nil)}, ID: i.ID, Seq: i.Seq}, nil
	}
	return o.change(ctx, c, func(_ state.View, i *incident.Incident) ([]incident.Event, error) {
		if i.Review != nil && i.Review.Version != base {
			return nil, errResaved
		}
		if refusal != nil {
			return nil, refusal
		}
		events, blob, err := i.SaveReview(c.person, base, whole)
		c.blobs = nil
		if blob != nil {
			c.blobs = [][]byte{blob}
		}
		return events, err
	}, func(i *incident.Incident) string {
		return said("review.saved", about(i, facts{"Version": i.Review.Version}))
	})
}

// inPlace puts words in the place of a part; the white space around it stays, since a form gives none back.
func inPlace(text, id, words string) (whole string, found bool) {
	at := 0
	for _, p := range templates.ReviewParts(text) {
		if p.ID() != id {
			at += len(p.Text)
			continue
		}
		inner := strings.TrimSpace(p.Text)
		if words = strings.TrimSpace(strings.ReplaceAll(words, "\r\n", "\n")); words == inner {
			return text, true
		}
		lead := p.Text[:strings.IndexFunc(p.Text+"x", func(r rune) bool { return !unicode.IsSpace(r) })]
		tail := p.Text[len(lead)+len(inner):]
		if words == "" {
			lead, tail = "", ""
		}
		return text[:at] + lead + words + tail + text[at+len(p.Text):], true
	}
	return text, false
}
