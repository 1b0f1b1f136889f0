// Package templates holds what drbot says: its sentences as files, and messages and forms before any vendor's markup.
//
// A Message is made from the fold of an incident and plain facts, never from a vendor's reply. The chat room turns it
// into blocks, the paper file into Markdown, the terminal into text. Values of people, runbooks and machines are Spans
// or Code and never markup, so they cannot mention, link or format anything.
// Sentences are in say/*.tmpl; cards are built in Go from them; every one has a golden beside it.
package templates

import "time"

// Message is one thing that drbot says.
type Message struct {
	Text   string // what a locked phone shows: what, which incident, until when; no command, value, output or secret
	Blocks []Block
	// Attach must stand whole in the message's thread before any button is shown: the caller uploads it, then draws the
	// message again with Facts.Uploaded. Nil: everything is in the blocks.
	Attach *Attachment
}

// Attachment is a text that is too long for a message.
type Attachment struct {
	Name, Title string // "A17.txt", "A17"
	Text        []byte
}

// Empty reports whether there is nothing to say.
func (m Message) Empty() bool { return m.Text == "" && len(m.Blocks) == 0 }

// Block is one piece of a message, top to bottom.
type Block interface{ block() }

type (
	// Header is one plain line; at most 150 characters are shown.
	Header struct{ Text string }
	// Lines are lines of running text.
	Lines struct{ Lines [][]Span }
	// Rows are labelled lines ("Time   RTO ends 03:58").
	Rows struct{ Rows []Row }
	// Code is preformatted text, shown whole and inert.
	Code struct{ Text string }
	// Note is small print.
	Note struct{ Spans []Span }
	// Rule is a dividing line.
	Rule struct{}
	// Actions are buttons and menus in one row.
	Actions struct{ Elements []Element }
	// Checks is a group of at most 10 boxes. Group names it; ticked ones are Done.
	Checks struct {
		Group string
		Items []Check
	}
)

// Row is a labelled line.
type Row struct {
	Label string
	Spans []Span
}

// Check is one box; Value is the object it stands for (c8).
type Check struct {
	Value, Text string
	Done        bool
}

func (Header) block()  {}
func (Lines) block()   {}
func (Rows) block()    {}
func (Code) block()    {}
func (Note) block()    {}
func (Rule) block()    {}
func (Actions) block() {}
func (Checks) block()  {}

// Style of a span.
type Style int

const (
	Plain Style = iota
	Bold
	Italic
	Mono
)

// Span is a piece of a line. Exactly one of Text, Person, At, Object and URL says what it is; Text is the fallback of
// the others.
type Span struct {
	Text   string
	Style  Style
	Person string    // chat user id; a mention that pings only where the vendor says so
	At     time.Time // an instant, shown in the reader's zone
	Date   bool      // show the day too
	Object string    // "A17", "R7", "card", "checklist": a link to that message where one is known
	URL    string
}

// T is plain text, B bold text.
func T(s string) Span { return Span{Text: s} }
func B(s string) Span { return Span{Text: s, Style: Bold} }

// At is an instant by the minute; its fallback is UTC.
func At(t time.Time) Span { return Span{At: t, Text: t.UTC().Format("15:04 UTC")} }

// Who mentions a person by chat id, or names them where they have none.
func Who(slack, name string) Span { return Span{Person: slack, Text: name} }

// Ref links to the message of an object.
func Ref(object, text string) Span { return Span{Object: object, Text: text} }

// Element is a button or a menu.
type Element interface{ element() }

// Button does Verb on Object; verbs are those of the table in package commands.
type Button struct {
	Verb, Object, Label string
	Style               string // "" | primary | danger
	Confirm             *Confirm
	URL                 string // opens a page instead
}

// Menu is a list of things to do ("⋯"), each a verb on an object. At most 5.
type Menu struct{ Options []Button }

// Pick is a drop-down; what is picked comes as the field "pick" of Verb on Object.
type Pick struct {
	Verb, Object, Placeholder string
	Options                   []Option
}

// Confirm asks once more; Title 100, Text 300, buttons 30 characters.
type Confirm struct{ Title, Text, Yes, No string }

func (Button) element() {}
func (Menu) element()   {}
func (Pick) element()   {}

// Form is a dialog. Its submission is the command Verb on Object with the fields' values.
type Form struct {
	Verb, Object  string
	Title, Submit string // 24 characters each
	Close         string // the button that closes it; empty: Cancel
	ID            string // names a form that is filled later ("R7")
	Intro         []Block
	Fields        []Field
}

// Kinds of fields.
const (
	FieldText   = "text"
	FieldArea   = "area"
	FieldSelect = "select"
	FieldPerson = "person"
	FieldChecks = "checks"
)

// Field is one input.
type Field struct {
	ID, Label, Kind string
	Hint            string
	Value           string // what it holds at first
	Placeholder     string
	Options         []Option
	Optional        bool
	Max             int // characters; 0 is the vendor's limit
}

// Option of a select or of boxes. Group puts options under a heading.
type Option struct {
	Value, Label, Hint, Group string
}
