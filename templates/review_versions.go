package templates

import (
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
)

// Every version of a review stays in the record. These answers list them, and show one.

// ReviewVersion is a saved version of a review's text.
type ReviewVersion struct {
	N    int
	By   incident.Person
	At   time.Time
	Size int // bytes
}

// How much one answer shows: the newest versions, and a page of a text.
const (
	maxVersions = 30
	versionPage = 3 // pieces of maxPart characters
)

// ReviewVersions lists the saved versions, the newest first.
func ReviewVersions(i *incident.Incident, list []ReviewVersion) Message {
	facts := map[string]any{"ID": i.ID, "N": uint64(i.ID), "Title": flat(i.Title, 120), "Count": len(list)}
	var lines [][]Span
	for k := len(list) - 1; k >= 0; k-- {
		if len(lines) == maxVersions {
			lines = append(lines, Line("more.lines", map[string]any{"Count": k + 1}))
			break
		}
		v := list[k]
		lines = append(lines, Line("reviewversions.one", map[string]any{"Version": v.N, "By": v.By, "At": v.At, "Size": bytesWords(int64(v.Size))}))
	}
	if len(lines) == 0 {
		lines = [][]Span{Line("reviewversions.none", nil)}
	}
	return fit(Message{Text: locked(i, Say("reviewversions.text", facts)), Blocks: []Block{
		Header{Text: short(drill(i, Say("reviewversions.header", facts)), maxHeader)}, Lines{Lines: lines}, Note{Spans: Line("reviewversions.how", facts)},
	}})
}

// ReviewVersionText shows a page of a version's text as it was written; pages count from 1.
func ReviewVersionText(i *incident.Incident, v ReviewVersion, text string, page int) Message {
	pieces := cutLines(strings.TrimRight(text, "\n"), maxPart)
	pages := max(1, (len(pieces)+versionPage-1)/versionPage)
	page = min(max(page, 1), pages)
	facts := map[string]any{"ID": i.ID, "N": uint64(i.ID), "Title": flat(i.Title, 120), "Version": v.N, "By": v.By, "At": v.At, "Page": page, "Pages": pages, "Next": page + 1}
	m := Message{Text: locked(i, Say("reviewversion.text", facts)), Blocks: []Block{
		Header{Text: short(drill(i, Say("reviewversion.header", facts)), maxHeader)}, Lines{Lines: [][]Span{Line("reviewversion.of", facts)}},
	}}
	for _, piece := range pieces[min(len(pieces), (page-1)*versionPage):min(len(pieces), page*versionPage)] {
		m.Blocks = append(m.Blocks, Code{Text: strings.Trim(piece, "\n")})
	}
	m.Blocks = append(m.Blocks, Note{Spans: Line("reviewversion.how", facts)})
	return fit(m)
}
