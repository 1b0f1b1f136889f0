package incident

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of what people write, in characters; a header in Slack takes 150.
const (
	MaxTitle = 120
	MaxText  = 10_000
)

// Written is a text as its writer meant it: without white space and hidden characters at its ends, and empty where
// nobody would see anything of it. What is hidden inside of it stays: joiners belong to the writing of some languages.
// Every free text of a person goes through it before it is asked whether there is one.
func Written(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return !unseen(r) && !unicode.Is(unicode.Variation_Selector, r) }) {
		return ""
	}
	return strings.TrimFunc(s, unseen)
}

// unseen characters show nothing by themselves: white space, controls, formats, fillers, the empty Braille cell.
func unseen(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\u2800' || r == '\u034f' ||
		unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point)
}

// text checks one free text of a person.
func text(what, s string, limit int) (string, error) {
	s = Written(s)
	switch n := utf8.RuneCountInString(s); {
	case n == 0:
		return "", Refuse(BadInput, "%s is missing.", what)
	case n > limit:
		return "", Refuse(BadInput, "%s has %d characters; %d fit.", what, n, limit)
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		return "", Refuse(BadInput, "%s is no readable text.", what)
	}
	return s, nil
}

// Begin opens the incident with everything resolved.
func (i *Incident) Begin(o Opened) ([]Event, error) {
	title, err := text("The title", strings.Join(strings.Fields(o.Title), " "), MaxTitle)
	if err != nil {
		return nil, err
	}
	o.Title = title
	return []Event{o}, nil
}

// active refuses what needs an incident that people still work on.
func (i *Incident) active() error {
	switch {
	case !i.Exists():
		return Refuse(NotFound, "There is no such incident.")
	case !i.Active():
		return Refuse(WrongState, "%s is %s.", i.ID, i.State).Then("Reopen it first, with a reason.")
	}
	return nil
}

// Acknowledge stops the response clock and gives the commander's role to who acknowledges, when nobody has it. A later
// press takes the role over.
func (i *Incident) Acknowledge(by Person) ([]Event, error) {
	if err := i.active(); err != nil {
		return nil, err
	}
	var events []Event
	if i.AckedAt.IsZero() {
		events = append(events, Acknowledged{By: by})
	}
	if commander, ok := i.Roles[Commander]; ok && commander.Same(by) && len(events) == 0 {
		return nil, Refuse(WrongState, "You are the commander already.")
	}
	if _, ok := i.Roles[Commander]; !ok || len(events) == 0 {
		events = append(events, RoleTaken{By: by, Role: Commander, Who: by})
	}
	return events, nil
}

// SetSeverity raises at once; lowering asks for a reason once LowerFree has passed.
func (i *Incident) SetSeverity(at time.Time, by Person, to int, reason string, policy Policy) ([]Event, error) {
	if err := i.active(); err != nil {
		return nil, err
	}
	reason = Written(reason)
	switch {
	case to == i.Severity:
		return nil, Refuse(WrongState, "It is SEV-%d already.", to)
	case to > i.Severity && reason == "" && !at.Before(i.LowerFree):
		return nil, Refuse(BadInput, "Lowering SEV-%d to SEV-%d needs a reason.", i.Severity, to).Then("Like: severity %d logins work again", to)
	}
	return []Event{SeveritySet{By: by, From: i.Severity, To: to, Reason: reason, Policy: policy}}, nil
}

// SetType chooses the type; a type with a severity of its own sets that too, unless it would lower without a reason.
func (i *Incident) SetType(at time.Time, t TypeSet, severity int, policy Policy) ([]Event, error) {
	if err := i.active(); err != nil {
		return nil, err
	}
	if t.Type == i.Type {
		return nil, Refuse(WrongState, "Its type is %s already.", t.Type)
	}
	t.Restricted = t.Restricted || i.Restricted
	events := []Event{t}
	if severity != 0 && severity != i.Severity && (severity < i.Severity || at.Before(i.LowerFree)) {
		events = append(events, SeveritySet{By: t.By, From: i.Severity, To: severity, Reason: "type " + t.Type, Policy: policy})
	}
	return events, nil
}

// SetStatus says how far the work is.
func (i *Incident) SetStatus(by Person, status Status) ([]Event, error) {
	if err := i.active(); err != nil {
		return nil, err
	}
	if status == i.Status {
		return nil, Refuse(WrongState, "It is %s already.", status)
	}
	return []Event{StatusSet{By: by, Status: status}}, nil
}

// TakeRole gives a role to a person.
func (i *Incident) TakeRole(rights Rights, by Person, role Role, who Person) ([]Event, error) {
	if err := i.active(); err != nil {
		return nil, err
	}
	if i.Roles[role].Same(who) {
		return nil, Refuse(WrongState, "%s is %s already.", who.Name, role)
	}
	if err := mayCommand(rights, who, role); err != nil {
		return nil, err
	}
	return []Event{RoleTaken{By: by, Role: role, Who: who}}, nil
}

// mayCommand refuses a commander who has no right here: the work would stand still, and nobody see why.
func mayCommand(rights Rights, who Person, roles ...Role) error {
	for _, right := range []Right{Responder, Operator, Approver, Admin} {
		if rights.May(who.Key, right) {
			return nil
		}
	}
	for _, role := range roles {
		if role == Commander {
			return Refuse(BadInput, "%s has no role in drbot.yaml and could not do what a commander does.", who.Name).
				Then("Name somebody else, or an admin gives them one.")
		}
	}
	return nil
}

// SetImpact says what users notice.
func (i *Incident) SetImpact(by Person, impact string) ([]Event, error) {
	if err := i.active(); err != nil {
		return nil, err
	}
	impact, err := text("The impact", impact, 500)
	if err != nil {
		return nil, err
	}
	return []Event{ImpactSet{By: by, Text: impact}}, nil
}

// SetServices names what is affected.
func (i *Incident) SetServices(s ServicesSet) ([]Event, error) {
	if err := i.active(); err != nil {
		return nil, err
	}
	return []Event{s}, nil
}

// Note adds a line to the timeline; anybody may, at any time after the incident opened, for any instant not ahead.
func (i *Incident) Note(now time.Time, by Person, at time.Time, note string) ([]Event, error) {
	if !i.Exists() {
		return nil, Refuse(NotFound, "There is no such incident.")
	}
	note, err := text("The note", note, MaxText)
	if err != nil {
		return nil, err
	}
	if at.After(now.Add(time.Minute)) {
		return nil, Refuse(BadInput, "%s is ahead of now.", at.UTC().Format("2 January 2006 15:04 UTC"))
	}
	return []Event{Noted{By: by, At: at.UTC(), Text: note}}, nil
}

// Update sends an update to responders and announcement and promises the next one. next overrides the cadence; 0 keeps it.
func (i *Incident) Update(now time.Time, by Person, body, steps string, next time.Duration) ([]Event, error) {
	return i.Post(now, Word{By: by, Text: body, Steps: steps, Next: next, To: []Audience{AudienceAnnouncement}, Seen: i.Updates})
}

// LeftOpen names what a resolution would leave undone.
func (i *Incident) LeftOpen() []string {
	var open []string
	if closed, all := i.ItemsDone(); closed < all {
		open = append(open, plural(all-closed, "checklist item"))
	}
	if !i.LateSince.IsZero() {
		open = append(open, "an update that was promised and not sent")
	}
	for _, o := range i.Waiting() {
		open = append(open, "a message that waits for a second look ("+joined(o.To)+")")
	}
	open = append(open, i.keptForUndo()...)
	for _, p := range i.Parked {
		open = append(open, "a delivery by "+p.Follower+" that is parked")
	}
	return open
}

// keptForUndo names what steps set aside so that they can be taken back: old files, an old database under another name. A
// step that is to be undone when it fails, by an undo of its own, keeps what that undo needs until somebody clears it.
func (i *Incident) keptForUndo() []string {
	var kept []string
	for _, r := range i.Runs {
		for k := range r.Steps {
			s := &r.Steps[k]
			if s.State != StepDone && s.State != StepWasHand || s.OnFailure != "undo" || s.Undo == "" {
				continue
			}
			for u := range r.Undos {
				if r.Undos[u].ID == s.Undo && r.Undos[u].UndoOf == s.ID {
					kept = append(kept, fmt.Sprintf("what %s of %s keeps for its undo (%s %s)", s.Number, r.Name(), r.Undos[u].Number, r.Undos[u].Title))
				}
			}
		}
	}
	return kept
}

// Resolve ends the work. A run that has not ended blocks; what is left open needs the reason in r.Reason.
func (i *Incident) Resolve(r Resolved, tasks []Task) ([]Event, error) {
	if err := i.active(); err != nil {
		return nil, err
	}
	var events []Event
	for _, run := range i.Runs {
		switch run.State {
		case Running, Paused:
			return nil, Refuse(WrongState, "%s has not ended.", run.Name()).Then("Finish or cancel it first.")
		case Draft:
			events = append(events, RunEnded{Run: run.N, How: EndDiscarded, Why: i.ID.String() + " is over"})
		}
	}
	r.Reason = Written(r.Reason)
	if r.FalseAlarm {
		if r.Reason == "" {
			return nil, Refuse(BadInput, "A false alarm needs its reason.").Then("Like: resolve false-alarm the probe was wrong")
		}
		if i.Before.begun() { // a false alarm has no review, and what people owe would be gone
			return nil, Refuse(WrongState, "%s was resolved before and has a review that people work on, so it was no false alarm.", i.ID).Then("Resolve it: the review goes on.")
		}
		if len(i.Glass) > 0 { // a broken glass is reviewed whatever it was broken for (I16)
			return append(events, r, i.openReview(r.By, i.glassTasks(tasks)[:len(i.Glass)])), nil
		}
		return append(events, r, Closed{Why: "false alarm"}), nil
	}
	if open := i.LeftOpen(); len(open) > 0 && !r.CalledOff {
		if r.Reason == "" {
			return nil, Refuse(WrongState, "Still open: %s.", strings.Join(i.StillOpen(), "; ")).Then("Close them, or resolve anyway with a reason.")
		}
		r.Open = open
	}
	events = append(events, r)
	if i.Window != nil && len(i.Glass) == 0 && !i.Before.begun() { // what was planned has no review
		return append(events, Closed{Why: "the maintenance is over"}), nil
	}
	return append(events, i.openReview(r.By, i.glassTasks(tasks))), nil
}

// reviewer writes the review: the commander, else who resolved.
func (i *Incident) reviewer(by Person) Person {
	if commander := i.Roles[Commander]; commander.Key != "" {
		return commander
	}
	return by
}

// Reopen goes on with an incident that was resolved or closed; clocks go on from the first opening.
func (i *Incident) Reopen(by Person, reason string, policy Policy) ([]Event, error) {
	if !i.Exists() || i.Active() {
		return nil, Refuse(WrongState, "%s is open.", i.ID)
	}
	reason, err := text("The reason", reason, 500)
	if err != nil {
		return nil, err
	}
	return i.startsOver(Reopened{By: by, Reason: reason, Policy: i.soon(policy)}), nil
}

// BindChannel gives the incident its channel; a repeated outcome changes nothing.
func (i *Incident) BindChannel(c ChannelBound) []Event {
	if i.Channel.ID == c.ID && i.Channel.Lost == "" && i.Channel.Name == c.Name {
		return nil
	}
	return []Event{c}
}

// LoseChannel says that the incident's channel cannot be used any more.
func (i *Incident) LoseChannel(id, why string) []Event {
	if i.Channel.ID != id || i.Channel.Lost != "" {
		return nil
	}
	return []Event{ChannelLost{ID: id, Why: why}}
}

// Park notes a delivery that was given up.
func (i *Incident) Park(p DeliveryParked) []Event {
	for _, known := range i.Parked {
		if known.Follower == p.Follower && known.Seq == p.Seq {
			return nil
		}
	}
	return []Event{p}
}

// Requeue lets a parked delivery go again.
func (i *Incident) Requeue(by Person, follower string, seq uint64) ([]Event, error) {
	for _, p := range i.Parked {
		if p.Seq == seq && (follower == "" || p.Follower == follower) {
			return []Event{DeliveryRequeued{By: by, Follower: p.Follower, Seq: p.Seq}}, nil
		}
	}
	return nil, Refuse(NotFound, "No parked delivery has the number %d.", seq)
}
