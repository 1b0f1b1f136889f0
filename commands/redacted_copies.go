package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// One message may stand in more than one record: as it was sent inside, as it waits for its second look, as it left; and a
// message is filled with the incident's facts. A redaction of one of them takes the words out of all, and what still waits does
// not leave.

// saying is what a record of a message says.
type saying struct {
	number       int
	text, public string
}

// sayingOf is empty where the event is no message.
func sayingOf(e incident.Event) (s saying, ok bool) {
	switch e := e.(type) {
	case incident.UpdateSent:
		return saying{e.Number, e.Text, e.Public}, true
	case incident.UpdateDrafted:
		return saying{e.Number, e.Text, e.Public}, true
	case incident.UpdateEdited:
		return saying{e.Number, e.Text, e.Public}, true
	case incident.Resolved:
		return saying{0, e.Summary, e.Public}, true
	}
	return s, false
}

// same reports whether two records are of one message with the same words. Each has the words for the status page only where it
// goes there.
func (s saying) same(other saying) bool {
	return s.number == other.number && s.text == other.text && (s.public == other.public || s.public == "" || other.public == "")
}

// factsOf are the words of a record with which drbot fills messages.
func factsOf(e incident.Event) (facts []string) {
	switch e := e.(type) {
	case incident.Opened:
		facts = []string{e.Title, e.Impact}
	case incident.ImpactSet:
		facts = []string{e.Text}
	case incident.Reopened:
		facts = []string{e.Reason}
	}
	return slices.DeleteFunc(facts, func(s string) bool { return len(plain(s)) < len("  123  ") })
}

// copied tells of the other events which have the words of one of them: another record of the same message, or a message that was
// filled with its facts. Nil: none has.
func copied(e incident.Event) func(incident.Event) (bool, error) {
	if words, ok := sayingOf(e); ok && words.text != "" {
		return func(other incident.Event) (bool, error) {
			is, ok := sayingOf(other)
			return ok && words.same(is), nil
		}
	}
	facts := factsOf(e)
	if len(facts) == 0 {
		return nil
	}
	return func(other incident.Event) (bool, error) {
		if _, ok := sayingOf(other); !ok {
			return false, nil
		}
		payload, err := incident.Encode(other)
		if err != nil {
			return false, err
		}
		words, err := state.Words(payload)
		if err != nil {
			return false, err
		}
		whole := plain(strings.Join(words, "\n"))
		return slices.ContainsFunc(facts, func(fact string) bool { return strings.Contains(whole, plain(fact)) }), nil
	}
}

// redactCopies sends back what waits with the words of a record that is about to be redacted, and redacts the other records of
// the same message, or the messages that were filled with it: they may wait for the mail server. It says so.
func (o *Office) redactCopies(ctx context.Context, c *call, of state.Record, why string) (said string, err error) {
	if of.Redacted || of.Incident == 0 {
		return "", nil
	}
	e, err := of.Event()
	if err != nil {
		return "", err
	}
	has := copied(e)
	if has == nil {
		return "", nil
	}
	back, err := o.giveBack(ctx, c, of.Incident, has)
	if err != nil {
		return "", err
	}
	copies, err := o.copiesOf(ctx, of, has)
	if err != nil {
		return "", err
	}
	var list []string
	for _, seq := range copies {
		if err := o.Store.Redact(ctx, seq, c.person, why); err != nil {
			return "", err
		}
		list = append(list, fmt.Sprint(seq))
	}
	if len(list) > 0 {
		said = fmt.Sprintf(" So is what else the record has of it in messages: %s.", strings.Join(list, ", "))
	}
	return said + back, nil
}

// giveBack commits that what waits for its second look goes back.
func (o *Office) giveBack(ctx context.Context, c *call, id incident.ID, has func(incident.Event) (bool, error)) (said string, err error) {
	_, err = o.do(ctx, state.Change{Target: state.Ref{ID: id}, Decide: func(v state.View) (state.Decision, error) {
		said = ""
		i := v.Incident()
		var failed error
		events := i.TakenBack(c.person, func(d incident.UpdateDrafted) bool {
			yes, err := has(d)
			failed = errors.Join(failed, err)
			return yes
		})
		for _, e := range events {
			m := i.Outgone(e.(incident.UpdateReviewed).Draft)
			said += fmt.Sprintf(" Message m%d waited for its second look with these words: it goes back to %s, and nothing of it has left.", m.Draft, m.By.Name)
		}
		return effects(i, events), failed
	}})
	return said, err
}

// copiesOf are the other records that have the words of one of them.
func (o *Office) copiesOf(ctx context.Context, of state.Record, has func(incident.Event) (bool, error)) (list []uint64, err error) {
	for r, err := range o.Store.Records(ctx, of.Incident, 0) {
		if err != nil {
			return nil, err
		}
		if r.Seq == of.Seq || r.Redacted {
			continue
		}
		e, err := r.Event()
		if err != nil {
			return nil, err
		}
		yes, err := has(e)
		if err != nil {
			return nil, err
		}
		if yes {
			list = append(list, r.Seq)
		}
	}
	return list, nil
}

// wordless is an event of a redacted record with nothing where words of a message were: nobody sends on what stands for them.
func wordless(e incident.Event) incident.Event {
	switch e := e.(type) {
	case incident.UpdateSent:
		e.Text, e.Next, e.Public = "", "", ""
		return e
	case incident.UpdateDrafted:
		e.Text, e.Next, e.Public = "", "", ""
		return e
	case incident.UpdateEdited:
		e.Text, e.Next, e.Public = "", "", ""
		return e
	case incident.Resolved:
		e.Summary, e.Public = "", ""
		return e
	}
	return e
}
