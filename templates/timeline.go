package templates

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
)

// entriesAPage is how many lines of a timeline one message holds: with entryText characters each they stay within what
// Slack takes.
const (
	entriesAPage = 25
	entryText    = 280
)

// Happened is one event of the record with its instant; a nil event was redacted.
type Happened struct {
	At time.Time
	E  incident.Event
}

// Entries are the events of an incident as people read them, in the order in which they happened. A kept message stands at
// its own time, in its newest words, with what became of its files; one that was taken off again is left out.
func Entries(i *incident.Incident, events []Happened) []Entry {
	kept := latest(events)
	entries := make([]Entry, 0, len(events))
	for _, h := range events {
		switch e := h.E.(type) {
		case nil:
			entries = append(entries, Entry{At: h.At, Text: Say("review.redacted", nil)})
			continue
		case incident.Pinned:
			k := kept[e.Channel+"/"+e.TS]
			if k.off || k.first != h.At {
				continue
			}
			entries = append(entries, keptEntry(e, k))
			continue
		case incident.PinEdited, incident.Unpinned, incident.PinDeleted, incident.FileKept:
			continue // told with the message itself
		}
		if entry, ok := EntryOf(i, h.At, h.E); ok && !entry.Machine {
			entries = append(entries, entry)
		}
	}
	slices.SortStableFunc(entries, func(a, b Entry) int { return a.At.Compare(b.At) })
	return entries
}

// keptMessage is what became of a message on the timeline.
type keptMessage struct {
	first             time.Time // of the Pinned that counts
	text              string
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
	for _, h := range events {
		switch e := h.E.(type) {
		case incident.Pinned:
			k := of(e.Channel, e.TS)
			k.first, k.text, k.edited, k.off = h.At, e.Text, false, false
		case incident.PinEdited:
			k := of(e.Channel, e.TS)
			k.text, k.edited = e.Text, true
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

func keptEntry(e incident.Pinned, k *keptMessage) Entry {
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
	text := Say("timeline.kept", map[string]any{
		"Author": e.Author, "By": e.By, "Text": flat(k.text, maxWords), "Files": strings.Join(files, ", "), "Edited": k.edited, "Gone": k.gone,
	})
	return Entry{At: e.At, Text: flat(text, maxWords+400), Link: e.Link}
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
	entries = entries[(page-1)*entriesAPage : min(page*entriesAPage, len(entries))]
	var lines [][]Span
	room := maxBlock
	flush := func() {
		if len(lines) > 0 {
			m.Blocks = append(m.Blocks, Lines{Lines: lines})
		}
		lines, room = nil, maxBlock
	}
	for _, e := range entries {
		line := []Span{Day(e.At), T(" · " + flat(e.Text, entryText))}
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

// TimelineName is the file's name, beside the incident's page.
func TimelineName(i *incident.Incident) string { return i.ID.String() + "-timeline.md" }

// TimelineFile is the whole timeline as a Markdown file, every entry with both times; entries come from Entries, or from
// EntryOf for every record there is.
func TimelineFile(i *incident.Incident, entries []Entry, zone *time.Location) []byte {
	var b strings.Builder
	b.Grow(120 * (len(entries) + 4))
	fmt.Fprintf(&b, "# %s\n\n%s\n\n", literal(drill(i, Say("timeline.title", map[string]any{"ID": i.ID, "Title": flat(i.Title, 120)}))),
		literal(Say("timeline.intro", map[string]any{"Count": len(entries), "At": BothTimes(i.Time, zone)})))
	for _, e := range entries {
		fmt.Fprintf(&b, "- %s · %s", BothTimes(e.At, zone), literal(e.Text))
		if e.Link != "" {
			fmt.Fprintf(&b, " <%s>", e.Link)
		}
		b.WriteByte('\n')
	}
	return []byte(b.String())
}
