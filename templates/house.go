package templates

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
)

// Frozen says that the stop switch is on.
func Frozen(e incident.Frozen, f Facts) Message {
	facts := map[string]any{"By": e.By, "Reason": asTyped(flat(e.Reason, 400)), "Commands": f.commandNames()}
	return Message{Text: Say("frozen.text", facts), Blocks: []Block{Lines{Lines: [][]Span{Line("frozen.line", facts)}}}}
}

// frozen reports whether the stop switch is on.
func (f Facts) frozen() bool { return f.House != nil && f.House.Frozen != nil }

// Thawed says that steps start again; in the channel of a run that waited, to its operator.
func Thawed(e incident.Thawed, r *incident.Run) Message {
	facts := map[string]any{"By": e.By, "Reason": asTyped(flat(e.Reason, 400)), "Run": "", "Operator": incident.Person{}, "Number": ""}
	if r != nil && r.Held() {
		facts["Run"], facts["Operator"], facts["Number"] = r.Name(), r.Operator, r.Next().Number
	}
	return Message{Text: Say("thawed.text", facts), Blocks: []Block{Lines{Lines: [][]Span{Line("thawed.line", facts)}}}}
}

// PeopleChanged says in words what changed in people and roles (I17).
func PeopleChanged(e incident.PeopleChanged) Message {
	lines := [][]Span{Line("people.changed", map[string]any{"Learned": e.Learned})}
	all := slices.Concat(e.Changes, e.Odd)
	for k, change := range all {
		if k == 40 {
			lines = append(lines, Line("more.lines", map[string]any{"Count": len(all) - k}))
			break
		}
		lines = append(lines, plain(flat(change, 200)))
	}
	return fit(Message{Text: Say("people.text", nil), Blocks: []Block{Lines{Lines: lines}}})
}

// Head is the daily line with the newest record, so that a cut of the record's end is found (I42).
func Head(seq uint64, hash string) Message {
	facts := map[string]any{"Seq": seq, "Hash": hash}
	return Message{Text: Say("head.line", facts), Blocks: []Block{Lines{Lines: [][]Span{Line("head.line", facts)}}}}
}

// Away is the one line of a channel after the chat was away; decisions are those made elsewhere meanwhile.
func Away(i *incident.Incident, from, to time.Time, decisions []string) Message {
	var said []string
	for _, d := range decisions[:min(len(decisions), 8)] {
		said = append(said, flat(d, 200))
	}
	facts := map[string]any{"ID": i.ID, "From": from, "To": to, "Count": len(decisions), "Decisions": strings.Join(said, "; ")}
	return fit(Message{Text: locked(i, Say("away.text", facts)), Blocks: []Block{Lines{Lines: [][]Span{marked(i, Line("away.line", facts))}}}})
}

// LockOffer is a lock that was loaded and that an approver has to accept before its new entries run (I5).
type LockOffer struct {
	Digest     string // of the lock; the button's object
	Loader     incident.Person
	At         time.Time
	Difference []string     // in words
	Targets    []LockTarget // of the entries
	Entries    []LockEntry
	Whole      string          // the open entries and their targets with every field, as a lock writes them
	AcceptedBy incident.Person // once somebody did
	AcceptedAt time.Time
	Replaced   bool // a newer lock was loaded: nothing to accept here any more
}

// LockEntry is one entry that is new or changed, with the exact bytes that would run.
type LockEntry struct{ Number, Title, Interpreter, Target, Risk, Script string }

// LockTarget is where entries run: what it is in words, and the text that drbot reads there, which is accepted with them.
type LockTarget struct{ Name, Words, Path, Probe string }

// StepNumber is a step's id as people see it where nobody knows its present number: p1.s6 is 1.6.
func StepNumber(id string) string {
	return strings.Replace(strings.TrimPrefix(id, "p"), ".s", ".", 1)
}

// maxDifference is how many lines of a difference a card shows; more are attached.
const maxDifference = 20

// LockCard asks for the acceptance of a lock: the difference in words, the bytes, one button.
func LockCard(o LockOffer, f Facts) Message {
	open := o.open()
	m := lockHead(o, maxDifference, 300)
	shown := showText(strings.Join(lockTexts(o), "\n"), nil, "lock-"+short8(o.Digest), o.Digest)
	if len(o.Entries) > 0 {
		m.Blocks, m.Attach = append(m.Blocks, shown.blocks...), shown.attach
	}
	if m.Attach == nil && len(o.Difference) > maxDifference {
		m.Attach = &Attachment{Name: "lock-" + short8(o.Digest) + ".txt", Title: LockKey(o.Digest)}
	}
	if m.Attach != nil {
		m.Attach.Text = []byte(lockText(o))
	}
	switch {
	case !open:
	case m.Attach != nil && !f.Uploaded[LockKey(o.Digest)]:
		m.Blocks = append(m.Blocks, Lines{Lines: [][]Span{Line("attach.first", nil)}})
	default:
		m.Blocks = append(m.Blocks, Actions{Elements: []Element{Button{
			Verb: "runbook accept", Object: o.Digest, Label: Say("button.accept", nil), Style: "primary",
			Confirm: &Confirm{
				Title: Say("lock.ask.title", lockFacts(o)), Text: short(Say("lock.ask", lockFacts(o)), 300), Yes: Say("button.accept", nil), No: Say("button.back", nil),
			},
		}}})
	}
	return m
}

// open reports whether there is still something to accept.
func (o LockOffer) open() bool { return o.AcceptedBy.Key == "" && !o.Replaced }

func lockFacts(o LockOffer) map[string]any {
	return map[string]any{
		"Open": o.open(), "Digest": short8(o.Digest), "Loader": o.Loader, "At": o.At, "Count": len(o.Entries), "By": o.AcceptedBy, "AcceptedAt": o.AcceptedAt,
	}
}

// lockHead is what comes before the bytes: who loaded it, who may accept it, and of the difference at most so many lines of
// at most so many characters.
func lockHead(o LockOffer, most, long int) Message {
	facts := lockFacts(o)
	m := Message{Text: Say("lock.text", facts), Blocks: []Block{Header{Text: Say("lock.header", facts)}}}
	lines := [][]Span{}
	switch {
	case o.AcceptedBy.Key != "":
		lines = append(lines, Line("lock.accepted", facts))
	case o.Replaced:
		lines = append(lines, Line("lock.replaced", facts))
	}
	if !o.At.IsZero() { // only of the lock that is loaded now
		lines = append(lines, Line("lock.loaded", facts))
	}
	if o.open() {
		lines = append(lines, Line("lock.who", facts))
	}
	for k, d := range o.Difference {
		if k == most {
			lines = append(lines, Line("more.lines", map[string]any{"Count": len(o.Difference) - k}))
			break
		}
		lines = append(lines, plain("· "+flat(d, long)))
	}
	m.Blocks = append(m.Blocks, Lines{Lines: lines})
	return m
}

// LockKey is the lock's name in Facts.Uploaded and among message objects.
func LockKey(digest string) string { return "lock/" + short8(digest) }

// lockText is everything that is to be accepted, whole and unaltered.
func lockText(o LockOffer) string {
	return fmt.Sprintf("lock %s\n\n%s\n\n%s", o.Digest, strings.Join(o.Difference, "\n"), strings.Join(lockTexts(o), "\n"))
}

// lockTexts are the entries and the texts that are read at their targets, each under its own line, which says what it is.
func lockTexts(o LockOffer) []string {
	var texts []string
	for _, e := range o.Entries {
		texts = append(texts, fmt.Sprintf("%s\n%s\n", Say("lock.entry", map[string]any{"E": e}), strings.TrimRight(e.Script, "\n")))
	}
	for _, t := range o.Targets {
		texts = append(texts, fmt.Sprintf("%s\n%s\n", Say("lock.target", map[string]any{"T": t}), strings.TrimRight(t.Probe, "\n")))
	}
	return texts
}
