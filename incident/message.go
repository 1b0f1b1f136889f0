package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Audience is who reads a message. The incident's own channel reads every one of them, so that responders know what others
// were told.
type Audience string

// The audiences in the order in which forms and records name them.
const (
	AudienceResponders   Audience = "responders"   // the incident's channel
	AudienceAnnouncement Audience = "announcement" // the announcement channel
	AudienceExecutives   Audience = "executives"   // by mail, with a cadence of their own
	AudienceMail         Audience = "mail"         // the mailing list
	AudienceStatus       Audience = "status"       // the status page, in words of its own
)

// Audiences are all there are, in their order.
var Audiences = []Audience{AudienceResponders, AudienceAnnouncement, AudienceExecutives, AudienceMail, AudienceStatus}

// Outside reports whether an audience is outside of the house's chat: what it has read cannot be taken back.
func (a Audience) Outside() bool {
	return a == AudienceExecutives || a == AudienceMail || a == AudienceStatus
}

// Over is the status of a message that was sent after the resolution.
const Over Status = "resolved"

// Limits of a message, in characters, and of what the fold keeps of those that were sent.
const (
	MaxUpdate = 3000
	maxSent   = 40
	maxWords  = 160
	maxLooks  = 8
)

// MessageName names a message by its number.
func MessageName(number int) string {
	if number == 0 {
		return "the resolution"
	}
	return fmt.Sprintf("update %d", number)
}

// Sent is what a card needs of a message: an edit makes another version of it.
type Sent struct {
	Number  int        `json:"n"`
	Version int        `json:"v"`
	To      []Audience `json:"to"`
	By      Person     `json:"by,omitzero"` // who edited it last
	At      time.Time  `json:"at,omitzero"`
}

// Newest is the message that was sent last, for whoever wants to send another at the same moment.
type Newest struct {
	Number int       `json:"n"`
	By     Person    `json:"by"`
	At     time.Time `json:"at"`
	Words  string    `json:"words"`
}

// Outgone finds an outgoing message by its number.
func (i *Incident) Outgone(n int) *Outgoing {
	for k := range i.Outgoing {
		if i.Outgoing[k].Draft == n {
			return &i.Outgoing[k]
		}
	}
	return nil
}

// SentAs finds what the fold keeps of a message; nil when it is unknown or too long ago.
func (i *Incident) SentAs(number int) *Sent {
	for k := range i.Messages {
		if i.Messages[k].Number == number {
			return &i.Messages[k]
		}
	}
	return nil
}

// applyMessage folds what is about messages to people.
func (i *Incident) applyMessage(at Stamp, e Event) bool {
	switch e := e.(type) {
	case UpdateDrafted:
		i.drafted(at, e)
	case UpdateReviewed:
		if o := i.Outgone(e.Draft); o != nil && o.State == LookWaits {
			o.State = LookPassed
			if !e.Accepted {
				o.State = LookBack
			}
			o.settle(at, e.By, e.Why)
			i.forget(lookKey(o.Draft))
			i.forget(endKey(o.Draft))
		}
	case UpdateEdited:
		if s := i.SentAs(e.Number); s != nil {
			s.Version, s.By, s.At = max(s.Version, e.Version), e.By, at.Time
			i.told(e.Number, e.To)
		}
		if e.Number == 0 && e.Text != "" && !i.Active() {
			i.Summary = e.Text
		}
		if e.Number > 0 {
			i.windowRead(e.To)
		}
		i.published(at, e.To, e.Public)
	case WindowSet:
		i.windowSet(at, e)
	default:
		return false
	}
	return true
}

func (i *Incident) drafted(at Stamp, e UpdateDrafted) {
	i.Drafts = e.Draft
	i.displace(at, e.By, LookReplaced, func(o *Outgoing) bool {
		return !slices.ContainsFunc(o.To, func(a Audience) bool { return !slices.Contains(e.To, a) })
	})
	i.Outgoing = append(i.Outgoing, Outgoing{UpdateDrafted: e, At: at.Time, State: LookWaits, Blank: at.Blank})
	for k := 0; len(i.Outgoing) > maxLooks && k < len(i.Outgoing); {
		if i.Outgoing[k].State == LookWaits {
			k++
			continue
		}
		i.Outgoing = slices.Delete(i.Outgoing, k, k+1)
	}
}

// displace takes away those that wait, with why.
func (i *Incident) displace(at Stamp, by Person, why LookState, which func(*Outgoing) bool) {
	for k := range i.Outgoing {
		if o := &i.Outgoing[k]; o.State == LookWaits && which(o) {
			o.State = why
			o.settle(at, by, "")
			i.forget(lookKey(o.Draft))
		}
	}
}

// settle keeps who decided, and drops the texts: the record has them.
func (o *Outgoing) settle(at Stamp, by Person, why string) {
	o.DecidedBy, o.Decided, o.Why = by, at.Time, why
	o.Text, o.Next, o.Subject, o.Outward, o.Opening, o.Public, o.Page, o.Executives = "", "", "", "", "", "", nil, nil
}

// updateSent folds a message. One that passed its second look moves no promise to responders: they had it before.
func (i *Incident) updateSent(at Stamp, e UpdateSent) {
	if e.Draft == 0 {
		i.Updates, i.UpdateDue, i.LateSince = e.Number, e.Due, time.Time{}
		i.forget("update/")
		words := []rune(strings.Join(strings.Fields(e.Text), " "))
		if len(words) > maxWords {
			words = append(words[:maxWords-1], '…')
		}
		i.Newest = &Newest{Number: e.Number, By: e.By, At: at.Time, Words: string(words)}
	}
	if slices.Contains(e.To, AudienceExecutives) {
		i.ExecutivesDue, i.ExecutivesLate = e.ExecutivesDue, time.Time{}
		i.forget(DueExecutives + "/")
	}
	i.owes(at, e)
	i.windowRead(e.To)
	i.told(e.Number, e.To)
	i.published(at, e.To, e.Public)
}

// told remembers to whom a message went; those after a second look join the ones before it.
func (i *Incident) told(number int, to []Audience) {
	if s := i.SentAs(number); s != nil {
		for _, a := range to {
			if !slices.Contains(s.To, a) {
				s.To = append(slices.Clip(s.To), a)
			}
		}
		return
	}
	i.Messages = append(i.Messages, Sent{Number: number, Version: 1, To: to})
	if n := len(i.Messages) - maxSent; n > 0 {
		i.Messages = slices.Delete(i.Messages, 0, n)
	}
}

// published notes when something of the incident was last on the status page. A drill never is (I44).
func (i *Incident) published(at Stamp, to []Audience, public string) {
	if slices.Contains(to, AudienceStatus) && public != "" && !i.Drill {
		i.PublicAt = at.Time
	}
}

// Word is one message as a person wants it sent.
type Word struct {
	By     Person
	Text   string
	Steps  string
	Next   time.Duration // until the next one; 0: the cadence
	To     []Audience    // responders are always among them
	Public string        // the status page's own words
	Second []Audience    // who reads it only after a second look
	Seen   int           // number of the newest message that its writer saw; negative: not known
	At     time.Time     // when its writer saw what it says and promises; zero: now
}

// together is how close two messages must be to have been written at the same moment, where a door cannot say what the
// second writer saw.
const together = time.Minute

// Post sends a message, and asks for the second look where that is needed: nothing outward leaves before, and nobody
// inside waits for it.
func (i *Incident) Post(now time.Time, w Word) ([]Event, error) {
	if err := i.active(); err != nil {
		return nil, err
	}
	if err := i.first(now, w); err != nil {
		return nil, err
	}
	body, err := text("The update", w.Text, MaxUpdate)
	if err != nil {
		return nil, err
	}
	now2, later, public, err := i.split(w)
	if err != nil {
		return nil, err
	}
	u := UpdateSent{By: w.By, Number: i.Updates + 1, Text: body, Next: Written(w.Steps), To: now2, Status: i.Status}
	u.Late = !i.LateSince.IsZero() || (!i.UpdateDue.IsZero() && now.After(i.UpdateDue))
	if w.At.IsZero() {
		w.At = now
	}
	theirs, err := i.nextFor(now, &w)
	if err != nil {
		return nil, err
	}
	if w.Next == 0 {
		w.Next = i.UpdateEvery
	}
	if w.Next > 0 {
		u.Due = w.At.Add(w.Next).UTC()
	}
	if slices.Contains(now2, AudienceStatus) {
		u.Public = public
	}
	if i.ExecutivesEvery > 0 && slices.Contains(u.To, AudienceExecutives) {
		if u.ExecutivesDue = theirs; theirs.IsZero() {
			u.ExecutivesDue = w.At.Add(i.ExecutivesEvery).UTC()
		}
	}
	i.toExecutives(now, &u)
	events := []Event{u}
	if len(later) > 0 {
		d := UpdateDrafted{Draft: i.Drafts + 1, Number: u.Number, Version: 1, By: w.By, To: later, Text: body, Next: u.Next, Status: i.Status, ExecutivesDue: theirs}
		if slices.Contains(later, AudienceStatus) {
			d.Public = public
		}
		events = append(events, d)
	}
	return events, nil
}

// toExecutives promises them the next one.
func (i *Incident) toExecutives(now time.Time, u *UpdateSent) {
	if !slices.Contains(u.To, AudienceExecutives) || i.ExecutivesEvery == 0 {
		return
	}
	u.ExecutivesLate = !i.ExecutivesDue.IsZero() && now.After(i.ExecutivesDue)
	if !u.ExecutivesDue.After(now) { // else its words promise that one
		u.ExecutivesDue = now.Add(i.ExecutivesEvery).UTC()
	}
}

// first refuses the second of two people who send at the same moment: one message went, and the other hears which.
func (i *Incident) first(now time.Time, w Word) error {
	n := i.Newest
	switch {
	case n == nil || w.Seen >= i.Updates:
		return nil
	case w.Seen < 0 && (n.By.Same(w.By) || now.Sub(n.At) >= together):
		return nil
	}
	return Refuse(WrongState, "%s sent update %d at %s UTC: “%s”", n.By.Name, n.Number, n.At.UTC().Format("15:04"), n.Words).
		Then("If yours says more, send it as the next one.")
}

// split parts the audiences into those that read it now and those that wait for the second look, and checks the words of
// the status page.
func (i *Incident) split(w Word) (now, later []Audience, public string, err error) {
	for _, a := range Audiences {
		switch {
		case a != AudienceResponders && !slices.Contains(w.To, a):
		case a.Outside() && slices.Contains(w.Second, a):
			later = append(later, a)
		default:
			now = append(now, a)
		}
	}
	if !slices.Contains(w.To, AudienceStatus) {
		return now, later, "", nil
	}
	if Written(w.Public) == "" {
		return nil, nil, "", Refuse(BadInput, "The status page needs words of its own.").Then("Nothing of the response's own words goes there.")
	}
	public, err = text("The text for the status page", w.Public, MaxUpdate)
	return now, later, public, err
}

// Telling adds to a resolution whom it is told to, and asks for the second look where one is needed.
func (i *Incident) Telling(events []Event, w Word) ([]Event, error) {
	for k, e := range events {
		r, ok := e.(Resolved)
		if !ok || r.FalseAlarm {
			continue
		}
		now, later, public, err := i.split(w)
		if err != nil {
			return nil, err
		}
		if r.To = now; slices.Contains(now, AudienceStatus) {
			r.Public = public
		}
		events[k] = r
		if len(later) == 0 {
			return events, nil
		}
		d := UpdateDrafted{Draft: i.Drafts + 1, Version: 1, By: r.By, To: later, Text: r.Summary, Status: Over}
		if slices.Contains(later, AudienceStatus) {
			d.Public = public
		}
		return slices.Insert(events, k+1, Event(d)), nil
	}
	return events, nil
}

// Told are the audiences that read of this incident so far.
func (i *Incident) Told() []Audience {
	var list []Audience
	for _, a := range Audiences {
		if slices.ContainsFunc(i.Messages, func(s Sent) bool { return slices.Contains(s.To, a) }) {
			list = append(list, a)
		}
	}
	return list
}

// Waiting are the outgoing messages that nobody looked at yet.
func (i *Incident) Waiting() []Outgoing {
	var list []Outgoing
	for _, o := range i.Outgoing {
		if o.State == LookWaits {
			list = append(list, o)
		}
	}
	return list
}

func joined(to []Audience) string {
	var names []string
	for _, a := range to {
		names = append(names, string(a))
	}
	return strings.Join(names, ", ")
}
