package bot

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/drbot/drbot/templates"
)

// Slack's limits, in characters (docs.slack.dev/reference/block-kit). The total of a message is undocumented: refusals
// were seen from 11,341 on (slackapi/bolt-js#2509), so messages stay under 10,000.
const (
	maxMessage  = 10_000
	maxBlocks   = 48 // of 50; two are kept free for a note that something follows
	maxHeader   = 150
	maxSmall    = 3_000
	maxButton   = 75
	maxValue    = 2_000
	maxOption   = 75
	maxOptions  = 100
	maxBoxes    = 10
	maxOverflow = 5
	maxRow      = 25  // elements of an actions block
	maxID       = 255 // action_id, block_id
	maxCode     = 3_000
	maxFallback = 3_000 // text beside blocks; chat.update refuses over 4,000
)

// frame is what drawing needs besides the message.
type frame struct {
	// drawing makes block ids new in every drawing, so that no client keeps its own idea of a box.
	drawing string
	// link gives the address of the message of an object ("A17", "card"), "" where there is none.
	link func(object string) string
}

// part is one Slack message: a neutral message that is too long becomes several.
type part struct {
	text   string // not escaped yet
	blocks []slack.Block
	size   int
}

// page collects blocks of one message or view.
type page struct {
	frame
	parts []part
	view  bool // modals and Home hold 100 blocks and are never split
}

// render turns a message into one or more Slack messages; only the first carries the text for notifications.
func render(m templates.Message, f frame) []part {
	p := &page{frame: f, parts: []part{{text: m.Text}}}
	for _, b := range m.Blocks {
		p.block(b)
	}
	for k := 1; k < len(p.parts); k++ {
		p.parts[k].text = cut(m.Text, 100) + fmt.Sprintf(" (%d of %d)", k+1, len(p.parts))
	}
	return p.parts
}

// viewBlocks turns neutral blocks into those of a modal or Home.
func viewBlocks(blocks []templates.Block, f frame) []slack.Block {
	p := &page{frame: f, parts: []part{{}}, view: true}
	for _, b := range blocks {
		p.block(b)
	}
	return p.parts[0].blocks
}

func (p *page) block(b templates.Block) {
	switch b := b.(type) {
	case templates.Header:
		text := line(b.Text, maxHeader)
		p.add(slack.NewHeaderBlock(plainText(text), slack.HeaderBlockOptionBlockID(p.id())), length(text))
	case templates.Lines:
		p.lines(b.Lines)
	case templates.Rows:
		lines := make([][]templates.Span, 0, len(b.Rows))
		for _, row := range b.Rows {
			lines = append(lines, append([]templates.Span{templates.B(row.Label), templates.T("  ")}, row.Spans...))
		}
		p.lines(lines)
	case templates.Code:
		p.code(b.Text)
	case templates.Note:
		p.note(b.Spans)
	case templates.Rule:
		p.add(&slack.DividerBlock{Type: slack.MBTDivider, BlockID: p.id()}, 0)
	case templates.Actions:
		p.actions(b.Elements)
	case templates.Checks:
		p.checks(b)
	}
}

// add puts a block of so many characters on the page, on a new message when it does not fit.
func (p *page) add(b slack.Block, size int) {
	last := &p.parts[len(p.parts)-1]
	if !p.view && len(last.blocks) > 0 && (last.size+size > maxMessage-maxFallback/10 || len(last.blocks) >= maxBlocks) {
		p.parts = append(p.parts, part{})
		last = &p.parts[len(p.parts)-1]
	}
	last.blocks = append(last.blocks, b)
	last.size += size
}

// id names a block by its place and drawing.
func (p *page) id() string {
	n := 0
	for _, part := range p.parts {
		n += len(part.blocks)
	}
	return cut("b/"+strconv.Itoa(n)+"/"+p.drawing, maxID)
}

// lines becomes rich text; a paragraph that is too long goes on in another block.
func (p *page) lines(lines [][]templates.Span) {
	var elements []slack.RichTextSectionElement
	size := 0
	flush := func() {
		if len(elements) > 0 {
			p.add(slack.NewRichTextBlock(p.id(), slack.NewRichTextSection(elements...)), size)
			elements, size = nil, 0
		}
	}
	for _, spans := range lines {
		var next []slack.RichTextSectionElement
		n := 0
		for _, s := range spans {
			element, count := p.span(s)
			if element == nil {
				continue
			}
			next = append(next, element)
			n += count
		}
		if size+n > maxMessage/2 {
			flush()
		}
		if len(elements) > 0 {
			elements = append(elements, slack.NewRichTextSectionTextElement("\n", nil))
			size++
		}
		elements, size = append(elements, next...), size+n
	}
	flush()
}

// span is one piece of a line, with its length. An empty text is left out: Slack refuses it.
func (p *page) span(s templates.Span) (slack.RichTextSectionElement, int) {
	text := cut(clean(s.Text), maxSmall)
	switch {
	case s.Person != "":
		return slack.NewRichTextSectionUserElement(s.Person, styleOf(s.Style)), 12
	case !s.At.IsZero():
		format := "{time}"
		if s.Date {
			format = "{date_short_pretty} {time}"
		}
		fallback := text
		if fallback == "" {
			fallback = s.At.UTC().Format("2006-01-02 15:04 UTC")
		}
		date := slack.NewRichTextSectionDateElement(s.At.Unix(), format, nil, &fallback)
		date.Style = styleOf(s.Style)
		return date, length(fallback)
	case s.URL != "":
		return p.linked(s.URL, text, s.Style)
	case s.Object != "" && p.link != nil && p.link(s.Object) != "":
		return p.linked(p.link(s.Object), text+" ↗", s.Style)
	case text == "":
		return nil, 0
	}
	return slack.NewRichTextSectionTextElement(text, styleOf(s.Style)), length(text)
}

func (p *page) linked(url, text string, style templates.Style) (slack.RichTextSectionElement, int) {
	if length(url) > 3000 {
		return slack.NewRichTextSectionTextElement(text, styleOf(style)), length(text)
	}
	return slack.NewRichTextSectionLinkElement(url, text, styleOf(style)), length(text)
}

func styleOf(s templates.Style) *slack.RichTextSectionTextStyle {
	switch s {
	case templates.Bold:
		return &slack.RichTextSectionTextStyle{Bold: true}
	case templates.Italic:
		return &slack.RichTextSectionTextStyle{Italic: true}
	case templates.Mono:
		return &slack.RichTextSectionTextStyle{Code: true}
	}
	return nil
}

// code is preformatted and whole: a long one goes on in further blocks and messages.
func (p *page) code(text string) {
	for _, piece := range pieces(clean(text), maxCode) {
		if piece == "" {
			piece = " "
		}
		p.add(slack.NewRichTextBlock(p.id(), &slack.RichTextPreformatted{
			Type:     slack.RTEPreformatted,
			Elements: []slack.RichTextSectionElement{slack.NewRichTextSectionTextElement(piece, nil)},
		}), length(piece))
	}
}

// note is small print where it is text alone; instants, people and links need rich text, which has no small size.
func (p *page) note(spans []templates.Span) {
	text := ""
	for _, s := range spans {
		linked := s.Object != "" && p.link != nil && p.link(s.Object) != ""
		if s.Person != "" || !s.At.IsZero() || s.URL != "" || linked {
			p.lines([][]templates.Span{spans})
			return
		}
		text += s.Text
	}
	text = plain(text, maxSmall)
	p.add(slack.NewContextBlock(p.id(), plainText(text)), length(text))
}

func plainText(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

func length(s string) int { return utf8.RuneCountInString(s) }

// rich reports whether a drawing has rich text: a message that has some must keep some (block_mismatch).
func rich(blocks []slack.Block) bool {
	for _, b := range blocks {
		if b.BlockType() == slack.MBTRichText {
			return true
		}
	}
	return false
}
