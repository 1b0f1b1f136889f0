package incident

import "slices"

// Edit makes another version of a message that was sent. What was read stays read: the edit follows in every channel that
// had it, with the second look where one is needed. w.To are those who were to read it after a second look that did not come
// to pass, and for whom nothing newer is meant: it is asked for again.
func (i *Incident) Edit(by Person, number int, was UpdateSent, w Word) ([]Event, error) {
	s := i.SentAs(number)
	switch {
	case number == 0 && (i.Active() || i.FalseAlarm || s == nil):
		return nil, Refuse(WrongState, "%s has no resolution to edit.", i.ID)
	case s == nil:
		return nil, Refuse(NotFound, "There is no update %d to edit.", number)
	}
	body, err := text("The update", w.Text, MaxUpdate)
	if err != nil {
		return nil, err
	}
	was.Number, w.By, w.Text, w.Steps = number, by, body, Written(w.Steps)
	if w.Public = Written(w.Public); w.Public == "" {
		w.Public = was.Public
	}
	again := i.unread(number, w.To)
	w.To = slices.DeleteFunc(slices.Clone(s.To), func(a Audience) bool { return slices.Contains(again, a) })
	switch unread := !slices.Contains(slices.Concat(w.To, again), AudienceStatus); {
	case w.Public == was.Public || !unread:
	case number == 0 && i.OwnEnd(): // drbot's sentence has it that it is over
		w.To = append(w.To, AudienceStatus)
	default:
		return nil, Refuse(WrongState, "Nothing of %s went to the status page, and nothing of it does now: these words would go nowhere.", MessageName(number))
	}
	first, err := i.firstAgain(was, w, again)
	if err != nil {
		return nil, err
	}
	now, later, public, err := i.split(w)
	if err != nil {
		return nil, err
	}
	same, stays := body == was.Text && w.Steps == was.Next, w.Public == was.Public
	if same && stays && first == nil {
		return nil, Refuse(WrongState, "Nothing of %s would change.", MessageName(number))
	}
	unchanged := func(a Audience) bool {
		if a == AudienceStatus {
			return stays
		}
		return same
	}
	return i.versions(was, w, edition{
		version: s.Version + 1, now: slices.DeleteFunc(now, unchanged), later: slices.DeleteFunc(later, unchanged), public: public, first: first,
	}), nil
}

// OwnEnd reports whether the status page says in a sentence of drbot's that it is over, which words can take the place of.
func (i *Incident) OwnEnd() bool {
	s := i.SentAs(0)
	return !i.Active() && !i.PublicAt.IsZero() && s != nil && !slices.Contains(s.To, AudienceStatus) && !i.EndHeld(AudienceStatus)
}

// edition is another version on its way.
type edition struct {
	version    int
	now, later []Audience
	public     string
	first      *UpdateDrafted
}

// versions are the events of an edit.
func (i *Incident) versions(was UpdateSent, w Word, n edition) []Event {
	var events []Event
	if len(n.now) > 0 {
		e := UpdateEdited{Number: was.Number, Version: n.version, By: w.By, To: n.now, Text: w.Text, Next: w.Steps, Status: was.Status}
		if slices.Contains(n.now, AudienceStatus) {
			e.Public = n.public
		}
		events = append(events, e)
	}
	draft := i.Drafts
	if len(n.later) > 0 {
		draft++
		d := UpdateDrafted{Draft: draft, Number: was.Number, Version: n.version, By: w.By, To: n.later, Text: w.Text, Next: w.Steps, Status: was.Status}
		if slices.Contains(n.later, AudienceStatus) {
			d.Public = n.public
		}
		events = append(events, d)
	}
	if n.first != nil {
		n.first.Draft = draft + 1
		events = append(events, *n.first)
	}
	return events
}

// unread are those who read a message for the first time when it is edited: it waits for its second look, or is asked for again.
func (i *Incident) unread(number int, again []Audience) []Audience {
	again = slices.DeleteFunc(slices.Clone(again), func(a Audience) bool {
		return i.Active() == (number == 0) || slices.ContainsFunc(i.Outgoing, func(o Outgoing) bool {
			return o.State == LookPassed && o.Number == number && o.Version == 1 && !o.At.Before(i.ResolvedAt) && slices.Contains(o.To, a)
		})
	})
	for _, o := range i.Waiting() {
		if o.Number == number && o.Version == 1 {
			again = append(again, o.To...)
		}
	}
	return slices.DeleteFunc(slices.Clone(Audiences), func(a Audience) bool { return !slices.Contains(again, a) })
}

// firstAgain asks for the second look at a message of which somebody outside read nothing yet; whoever reads it for the first
// time reads the new words. nil: nobody is to, or nothing of it changes.
func (i *Incident) firstAgain(was UpdateSent, w Word, to []Audience) (*UpdateDrafted, error) {
	if len(to) == 0 {
		return nil, nil
	}
	d := &UpdateDrafted{Number: was.Number, Version: 1, By: w.By, To: to, Text: w.Text, Next: w.Steps, Status: was.Status}
	if slices.Contains(to, AudienceStatus) {
		var err error
		if d.Public, err = text("The text for the status page", w.Public, MaxUpdate); err != nil {
			return nil, err
		}
	}
	if w.Text == was.Text && w.Steps == was.Next && (d.Public == "" || d.Public == was.Public) {
		return nil, nil
	}
	return d, nil
}
