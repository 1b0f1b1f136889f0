package incident

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// An item that says that people were told is proved by what reached them, not by what was written: a mail that the server took
// for one address at least, a page that was made anew. Until its follower reports that, a message to the outside waits. In the
// house's own chat a message stands as soon as it is sent.

// MessageLeft says that a message reached the first of an audience outside; N is the record of the incident that told it.
type MessageLeft struct {
	Number int      `json:"number"`
	To     Audience `json:"to"`
	N      uint64   `json:"n"`
}

// EventKind names it.
func (MessageLeft) EventKind() string { return "MessageLeft" }

var audienceWords = map[Audience]string{
	AudienceResponders: "the responders", AudienceAnnouncement: "the announcement channel", AudienceExecutives: "the executives",
	AudienceMail: "the mailing list", AudienceStatus: "the status page",
}

// leavingKey is where a message stands in Proofs as long as nobody of an audience has it.
func leavingKey(to Audience, number int) string {
	return "leaving/" + string(to) + "/" + strconv.Itoa(number)
}

// toldTo keeps whom a message goes to. A record of an earlier version names nobody: it went to the announcement.
func (i *Incident) toldTo(at Stamp, number int, to []Audience, after bool) {
	if to == nil {
		to = []Audience{AudienceResponders, AudienceAnnouncement}
	}
	after = after || slices.ContainsFunc(i.Runs, func(r *Run) bool { return r.How == EndDone })
	for _, a := range to {
		p := Proof{N: at.N, At: at.Time, Said: MessageName(number) + " to " + audienceWords[a], After: after}
		if !a.Outside() {
			i.reached(at, a, p)
			continue
		}
		i.show(at, leavingKey(a, number), p.Said)
		i.Proofs[leavingKey(a, number)] = p
	}
}

// reached keeps that an audience has a message.
func (i *Incident) reached(at Stamp, a Audience, p Proof) {
	i.show(at, "told/"+string(a), p.Said)
	if p.After {
		i.show(at, "after/"+string(a), p.Said)
	}
}

// messageLeft folds it. What was told by another record since waits on.
func (i *Incident) messageLeft(at Stamp, e MessageLeft) {
	key := leavingKey(e.To, e.Number)
	if p, waits := i.Proofs[key]; waits && p.N <= e.N {
		delete(i.Proofs, key)
		i.reached(at, e.To, p)
	}
}

// goesOn folds a reopening: what waits tells of no end, and the end itself does not leave any more.
func (i *Incident) goesOn() {
	for key, p := range i.Proofs {
		if !strings.HasPrefix(key, "leaving/") {
			continue
		}
		if p.After = false; strings.HasSuffix(key, "/0") {
			delete(i.Proofs, key)
			continue
		}
		i.Proofs[key] = p
	}
	if len(i.Proofs) == 0 {
		i.Proofs = nil
	}
}

// Leaving are the messages to an audience that were told by a record up to n and that have reached nobody.
func (i *Incident) Leaving(to Audience, n uint64) (list []MessageLeft) {
	for _, key := range slices.Sorted(maps.Keys(i.Proofs)) {
		rest, ok := strings.CutPrefix(key, "leaving/"+string(to)+"/")
		if number, err := strconv.Atoi(rest); ok && err == nil && i.Proofs[key].N <= n {
			list = append(list, MessageLeft{Number: number, To: to, N: n})
		}
	}
	return list
}

// Left decides that a message reached the first of an audience; said again it changes nothing.
func (i *Incident) Left(e MessageLeft) []Event {
	if p, waits := i.Proofs[leavingKey(e.To, e.Number)]; !waits || p.N > e.N {
		return nil
	}
	return []Event{e}
}

// Waits says what a bound item waits for, as the end of "it is ticked …"; of one about a message, which was written and has
// reached nobody.
func (i *Incident) Waits(it *Item) string {
	b := it.Bind
	if b.Rule != RuleTold {
		return b.Waits()
	}
	var newest Proof
	for key, p := range i.Proofs {
		to, _, _ := strings.Cut(strings.TrimPrefix(key, "leaving/"), "/")
		if strings.HasPrefix(key, "leaving/") && slices.Contains(b.To, Audience(to)) && (p.After || !b.After) && p.N > it.Again &&
			(p.N > newest.N || p.N == newest.N && p.Said < newest.Said) {
			newest = p
		}
	}
	if newest.N == 0 {
		return b.Waits()
	}
	return "when " + newest.Said + " has left, which waits"
}

// startsOver reopens the incident, and the items that were ticked by how its end was told or by a probe of before: of the next
// end they are shown anew.
func (i *Incident) startsOver(e Reopened) []Event {
	w := i.draft(i.Time)
	w.add(e)
	for k := range w.Checklist {
		it := &w.Checklist[k]
		if it.State != "done" || it.Anyway != "" || it.Bind == nil || it.Bind.Rule != RuleProbe && !(it.Bind.Rule == RuleTold && it.Bind.After) {
			continue
		}
		w.add(w.reopening(Bot, it, "the incident goes on")...)
	}
	return w.events
}
