package templates

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/drbot/drbot/incident"
)

// entriesAPage is how many lines of a timeline one message holds: with entryText characters each they stay within what
// Slack takes.
const (
	entriesAPage = 25
	entryText    = 280
)

// maxFiles is room for the names of a message's files and what became of them.
const maxFiles = 6_000

// Happened is one event of the record with its instant; a nil event was redacted.
type Happened struct {
	At time.Time
	E  incident.Event
}

// Entries are the events of an incident as people read them, in the order in which they happened. A kept message stands at
// its own time, in its newest words, with what became of its files; one that was taken off again is left out.
func Entries(i *incident.Incident, events []Happened) []Entry {
	kept, called := latest(events), asCalled(i)
	entries := make([]Entry, 0, len(events))
	for k, h := range events {
		called.next(h.E)
		switch e := h.E.(type) {
		case nil:
			entries = append(entries, Entry{At: h.At, Text: Say("review.redacted", nil)})
			continue
		case incident.Pinned:
			if m := kept[e.Channel+"/"+e.TS]; !m.off && m.counts == k {
				entries = append(entries, keptEntry(i, m, maxWords))
			}
			continue
		case incident.PinEdited, incident.PinStays, incident.Unpinned, incident.PinDeleted, incident.FileKept:
			continue // told with the message itself
		}
		if entry, ok := EntryOf(called.i, h.At, h.E); ok && !entry.Machine {
			entries = append(entries, entry)
		}
	}
	slices.SortStableFunc(entries, func(a, b Entry) int { return a.At.Compare(b.At) })
	return entries
}

// calling is an incident whose action items are called as they were when something happened; a later text changes no line.
type calling struct {
	i    *incident.Incident
	then string // the text that the last event gave, which counts from the next one on
	key  string
}

func asCalled(i *incident.Incident) *calling {
	if i == nil || i.Review == nil || len(i.Review.Actions) == 0 {
		return &calling{i: i}
	}
	c, r := *i, *i.Review
	r.Actions = slices.Clone(r.Actions)
	c.Review = &r
	return &calling{i: &c}
}

// next comes to an event.
func (c *calling) next(e incident.Event) {
	if c.key != "" {
		if t := c.i.Review.Task(c.key); t != nil {
			t.Title = c.then
		}
	}
	c.key = ""
	switch e := e.(type) {
	case incident.ActionAdded:
		c.key, c.then = e.Action, e.Text
	case incident.ActionSet:
		if e.Text != "" {
			c.key, c.then = e.Action, e.Text
		}
	}
}

// Recorded are the same events one by one, an entry for each in the order of the record, with nothing cut. Here too a
// kept message has its newest words, and one that was let go none; what became of it says which message that was. Text is
// empty where this version does not know the kind.
func Recorded(i *incident.Incident, events []Happened) []Entry {
	kept, called := latest(events), asCalled(i)
	entries := make([]Entry, len(events))
	for k, h := range events {
		called.next(h.E)
		name, m, by := "", (*keptMessage)(nil), incident.Person{}
		switch e := h.E.(type) {
		case nil:
			entries[k] = Entry{At: h.At, Text: Say("review.redacted", nil)}
			continue
		case incident.Pinned:
			m, by = kept[e.Channel+"/"+e.TS], e.By
			switch {
			case m.off:
				name = "timeline.letgolater"
			case m.counts != k:
				name = "timeline.keptlater"
			default:
				entries[k] = keptEntry(i, m, incident.MaxKeptText)
				continue
			}
		case incident.PinEdited:
			name, m = "timeline.edited", kept[e.Channel+"/"+e.TS]
		case incident.PinDeleted:
			name, m = "timeline.deleted", kept[e.Channel+"/"+e.TS]
		case incident.Unpinned:
			name, m, by = "timeline.letgo", kept[e.Channel+"/"+e.TS], e.By
		default:
			entry, ok := entryOf(called.i, h.At, h.E, incident.MaxText)
			if !ok {
				entry.Text = ""
			}
			entries[k] = entry
			continue
		}
		which := Say("timeline.which", map[string]any{"Author": m.pinned.Author, "At": m.pinned.At})
		entries[k] = Entry{At: h.At, Text: flat(Say(name, map[string]any{"By": by, "Which": which}), maxWords)}
	}
	return entries
}

// keptMessage is what became of a message on the timeline.
type keptMessage struct {
	pinned            incident.Pinned // the newest; empty where it was redacted
	counts            int             // its place among the events
	text              string
	all               int // characters that it had, where the record has not all
	edited, gone, off bool
	files             map[string]incident.FileKept
}

// latest follows each kept message to how it is now.
func latest(events []Happened) map[string]*keptMessage {
	all := map[string]*keptMessage{}
	of := func(channel, ts string) *keptMessage {
		k := all[channel+"/"+ts]
		if k == nil {
			k = &keptMessage{files: map[string]incident.FileKept{}}
			all[channel+"/"+ts] = k
		}
		return k
	}
	for n, h := range events {
		switch e := h.E.(type) {
		case incident.Pinned:
			k := of(e.Channel, e.TS)
			k.pinned, k.counts, k.text, k.all, k.edited, k.off = e, n, e.Text, e.All, false, false
		case incident.PinEdited:
			k := of(e.Channel, e.TS)
			k.text, k.all, k.edited = e.Text, e.All, true
		case incident.PinDeleted:
			of(e.Channel, e.TS).gone = true
		case incident.Unpinned:
			of(e.Channel, e.TS).off = true
		case incident.FileKept:
			of(e.Channel, e.TS).files[e.ID] = e
		}
	}
	return all
}

// keptEntry is a kept message with at most n characters of its words; where there are more it says how many.
func keptEntry(i *incident.Incident, k *keptMessage, n int) Entry {
	e := k.pinned
	var files []string
	for _, f := range e.Files {
		say := fileWords([]incident.File{f})
		why := f.Why
		switch copied, known := k.files[f.ID]; {
		case known && copied.Digest != "":
			say += Say("timeline.copied", map[string]any{"Sum": short8(copied.Digest)})
			why = ""
		case known:
			why = copied.Why
		}
		if why != "" {
			say += Say("timeline.notcopied", map[string]any{"Why": flat(why, 100)})
		}
		files = append(files, say)
	}
	facts := map[string]any{
		"Author": e.Author, "By": e.By, "Text": flat(k.text, n), "Files": strings.Join(files, ", "), "Edited": k.edited, "Gone": k.gone, "Shown": "", "All": "", "File": "",
	}
	all := max(utf8.RuneCountInString(k.text), k.all)
	if all > n {
		facts["Shown"], facts["All"], facts["File"] = count(n), count(all), ""
		if n < incident.MaxKeptText {
			facts["File"] = TimelineName(i)
		}
	}
	entry := Entry{At: e.At, Text: flat(Say("timeline.kept", facts), n+maxFiles), Link: e.Link, Long: all}
	if words := byLines(k.text, n); words != "" {
		facts["Text"] = ""
		entry.Head, entry.Words = flat(Say("timeline.kept", facts), maxFiles), words
	}
	return entry
}

// byLines are words with their lines as they were written, at most n characters, and nothing hidden; "" where it is one line.
func byLines(s string, n int) string {
	s = strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\t", "    ").Replace(s))
	if !strings.Contains(s, "\n") {
		return ""
	}
	lines := strings.Split(short(s, n), "\n")
	for k, line := range lines {
		lines[k] = strings.TrimRight(bare(line), " ")
	}
	return strings.Join(lines, "\n")
}

// line is an entry of a Markdown list without its bullet. write makes words inert in Markdown where they stand in a line; those
// of several lines stand below, indented as code, which no word of theirs can end.
func (e Entry) line(write func(string) string, link string) string {
	if e.Words == "" {
		return write(e.Text) + link + "\n"
	}
	var b strings.Builder
	b.WriteString(write(e.Head) + link + ":\n\n")
	for line := range strings.SplitSeq(e.Words, "\n") {
		if line != "" {
			line = "      " + line
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// Plainly is an entry of a Markdown list without its bullet and time, in words as they are.
func (e Entry) Plainly() string {
	link := ""
	if e.Link != "" {
		link = " " + e.Link
	}
	return e.line(func(s string) string { return s }, link)
}

// fileWords names files with their sizes.
func fileWords(files []incident.File) string {
	var list []string
	for _, f := range files {
		list = append(list, fmt.Sprintf("%s (%s)", flat(f.Name, 80), bytesWords(f.Size)))
	}
	return strings.Join(list, ", ")
}

func bytesWords(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f kB", float64(n)/(1<<10))
	}
	return Plural(int(n), "byte")
}

func itemWords(i *incident.Incident, id string) string {
	if i != nil {
		if it := i.Item(id); it != nil {
			return it.ID + " “" + flat(it.Text, 100) + "”"
		}
	}
	return id
}

// dayOf is an instant with its date, and with its year where that is not the incident's.
func dayOf(t, opened time.Time) Span {
	s := Day(t)
	if !opened.IsZero() && t.UTC().Year() != opened.UTC().Year() {
		s.Text = t.UTC().Format("2 Jan 2006 15:04 UTC")
	}
	return s
}

// Timeline is one page of an incident's timeline, for the one who asked; pages count from 1, the oldest first. Page 0 is
// the newest.
func Timeline(i *incident.Incident, entries []Entry, page int) Message {
	pages := max(1, (len(entries)+entriesAPage-1)/entriesAPage)
	if page <= 0 || page > pages {
		page = pages
	}
	facts := map[string]any{"ID": i.ID, "Page": page, "Pages": pages, "Count": len(entries)}
	m := Message{Text: locked(i, Say("timeline.text", facts)), Blocks: []Block{Header{Text: drill(i, Say("timeline.header", facts))}}}
	if len(entries) == 0 {
		m.Blocks = append(m.Blocks, Lines{Lines: [][]Span{Line("timeline.none", nil)}})
	}
	end := len(entries) - (pages-page)*entriesAPage // the newest page is full, and the oldest has what is left
	entries = entries[max(0, end-entriesAPage):end]
	var lines [][]Span
	room := maxBlock
	flush := func() {
		if len(lines) > 0 {
			m.Blocks = append(m.Blocks, Lines{Lines: lines})
		}
		lines, room = nil, maxBlock
	}
	for _, e := range entries {
		line := []Span{dayOf(e.At, i.OpenedAt), T(" · " + flat(e.Text, entryText))}
		if all := max(e.Long, utf8.RuneCountInString(e.Text)); all > entryText {
			line = append(line, T(" "+Say("timeline.long", map[string]any{"All": count(all)})))
		}
		if e.Link != "" {
			line = append(line, T(" "), Span{Text: "↗", URL: e.Link})
		}
		if n := spansSize(line) + 1; n > room {
			flush()
		}
		room -= spansSize(line) + 1
		lines = append(lines, line)
	}
	flush()
	var buttons []Element
	if page > 1 {
		buttons = append(buttons, Button{Verb: "incident timeline", Object: fmt.Sprintf("%s/%d", object(i), page-1), Label: Say("button.earlier", nil)})
	}
	if page < pages {
		buttons = append(buttons, Button{Verb: "incident timeline", Object: fmt.Sprintf("%s/%d", object(i), page+1), Label: Say("button.laterpage", nil)})
	}
	if len(buttons) > 0 {
		m.Blocks = append(m.Blocks, Actions{Elements: buttons})
	}
	return fit(m)
}

// BothTimes is an instant as evidence has it: UTC, and the local time of the place with its distance from UTC.
func BothTimes(t time.Time, zone *time.Location) string {
	utc := t.UTC().Format("2006-01-02 15:04:05") + " UTC"
	if zone == nil {
		return utc
	}
	local := t.In(zone)
	if _, offset := local.Zone(); offset == 0 {
		return utc
	}
	if sameDate := local.Format(time.DateOnly) == t.UTC().Format(time.DateOnly); sameDate {
		return utc + " · " + local.Format("15:04:05 -07:00")
	}
	return utc + " · " + local.Format("2006-01-02 15:04:05 -07:00")
}

// linkOf leads to a kept message at the chat, as Markdown; "" where there is no address that can be trusted to be one.
func linkOf(e Entry) string {
	if !strings.HasPrefix(e.Link, "https://") && !strings.HasPrefix(e.Link, "http://") || strings.ContainsAny(e.Link, " <>|\\\n\r\t") {
		return ""
	}
	return " <" + visible(e.Link) + ">"
}

// TimelineName is the file's name, beside the incident's page.
func TimelineName(i *incident.Incident) string { return i.ID.String() + "-timeline.md" }

// TimelineFile is the whole timeline as a Markdown file, every entry with both times; entries come from Entries or from
// Recorded.
func TimelineFile(i *incident.Incident, entries []Entry, zone *time.Location) []byte {
	var b strings.Builder
	b.Grow(120 * (len(entries) + 4))
	fmt.Fprintf(&b, "# %s\n\n%s\n\n", literal(drill(i, Say("timeline.title", map[string]any{"ID": i.ID, "Title": flat(i.Title, 120)}))),
		literal(Say("timeline.intro", map[string]any{"Count": len(entries), "At": BothTimes(i.Time, zone)})))
	for _, e := range entries {
		fmt.Fprintf(&b, "- %s · %s", BothTimes(e.At, zone), e.line(literal, linkOf(e)))
	}
	return []byte(b.String())
}
