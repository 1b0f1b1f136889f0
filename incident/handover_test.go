package incident

import (
	"errors"
	"testing"
	"time"
)

// handed is the incident of a run that waits for A17, which Ana commands and operates.
func handed(t *testing.T) (*story, Desk) {
	s, d := waits(t)
	s.apply(night, RoleTaken{By: ana, Role: Commander, Who: ana}, RoleTaken{By: bea, Role: Scribe, Who: bea})
	d.Rights = rightsOf{"ana": {Operator}, "bea": {Approver}, "eva": {Operator, Approver}}
	return s, d
}

func (s *story) hand(d Desk, h Hand) uint64 {
	s.t.Helper()
	events, err := s.i.HandOver(d.Rights, h)
	if err != nil {
		s.t.Fatal(err)
	}
	s.apply(night.Add(time.Minute), events...)
	return events[len(events)-1].(RoleOffered).Offer
}

func refusedAs(t *testing.T, what string, err error, kind Kind) {
	t.Helper()
	if refusal := (*Refusal)(nil); !errors.As(err, &refusal) || refusal.Kind != kind {
		t.Errorf("%s: %v", what, err)
	}
}

// TestHandOverChangesHandsWhenItIsTaken: both stay with the giver until then; then approvals of the new operator count no
// more, and the old one, who asked, decides as little as before (I8).
func TestI8_HandOverChangesHandsWhenItIsTaken(t *testing.T) {
	s, d := handed(t)
	n := s.hand(d, Hand{By: ana, To: eva})
	o := s.i.Offer(n)
	if o.Run != 7 || len(o.Roles) != 1 || o.Roles[0] != Commander || !s.i.Run(7).Operator.Same(ana) || !s.i.Roles[Commander].Same(ana) {
		t.Fatalf("offered %+v, held by %v and %v", o, s.i.Run(7).Operator, s.i.Roles)
	}
	_, err := s.i.TakeOver(rightsOf{"bea": {Operator}}, bea, n)
	refusedAs(t, "somebody else took it", err, NotAllowed)
	_, err = s.i.NotNow(bea, n)
	refusedAs(t, "somebody else declined it", err, NotAllowed)
	events, err := s.i.TakeOver(d.Rights, eva, n)
	if err != nil {
		t.Fatal(err)
	}
	s.apply(night.Add(2*time.Minute), events...)
	if !s.i.Run(7).Operator.Same(eva) || !s.i.Roles[Commander].Same(eva) || !s.i.Roles[Scribe].Same(bea) || o.How != OfferTaken {
		t.Errorf("operator %v, roles %v, offer %s", s.i.Run(7).Operator, s.i.Roles, o.How)
	}
	_, err = s.i.TakeOver(d.Rights, eva, n)
	refusedAs(t, "taken twice", err, TooLate)
	d.Rights = rightsOf{"ana": {Operator, Approver}, "bea": {Approver}, "eva": {Operator, Approver}}
	for name, by := range map[string]Person{"the new operator": eva, "who asked": ana} {
		_, err := s.i.Approve(d.at(3*time.Minute), by, 17, "")
		refusedAs(t, name+" approved", err, NotAllowed)
	}
}

func TestHandOverIsRefused(t *testing.T) {
	s, d := handed(t)
	for name, c := range map[string]struct {
		h    Hand
		kind Kind
	}{
		"holds nothing":        {Hand{By: eva, To: ana}, WrongState},
		"to who has it":        {Hand{By: ana, To: ana}, BadInput},
		"to no operator":       {Hand{By: ana, To: bea}, BadInput},
		"another's run":        {Hand{By: bea, To: eva, RunOnly: true}, NotAllowed},
		"a run that is not":    {Hand{By: ana, To: eva, Run: 9, RunOnly: true}, WrongState},
		"its own run, to none": {Hand{By: ana, To: Person{}, RunOnly: true}, BadInput},
	} {
		_, err := s.i.HandOver(d.Rights, c.h)
		refusedAs(t, name, err, c.kind)
	}
}

// TestNobodyWithoutARightCommands: neither given nor handed on nor taken; another role they may have.
func TestNobodyWithoutARightCommands(t *testing.T) {
	s, d := handed(t)
	guest := Person{Key: "slack:U0EVE", Name: "Eve Roy"}
	_, err := s.i.TakeRole(d.Rights, ana, Commander, guest)
	refusedAs(t, "given", err, BadInput)
	if _, err := s.i.TakeRole(d.Rights, ana, Communications, guest); err != nil {
		t.Errorf("another role: %v", err)
	}
	s.apply(night, RunEnded{Run: 7, How: EndCancelled})
	_, err = s.i.HandOver(d.Rights, Hand{By: ana, To: guest})
	refusedAs(t, "handed on", err, BadInput)
	n := s.hand(d, Hand{By: ana, To: bea})
	_, err = s.i.TakeOver(rightsOf{}, bea, n)
	refusedAs(t, "taken after the right was lost", err, BadInput)
}

// TestHandOverForSomebodyWhoIsAway: the commander offers the operator's run; a newer offer takes the place of an older one.
func TestHandOverForSomebodyWhoIsAway(t *testing.T) {
	s, d := handed(t)
	s.apply(night, RoleTaken{By: ana, Role: Commander, Who: bea})
	first := s.hand(d, Hand{By: bea, To: eva, RunOnly: true})
	second := s.hand(d, Hand{By: ana, To: eva, RunOnly: true})
	if s.i.Offer(first).How != OfferReplaced || !s.i.Offer(first).From.Same(ana) {
		t.Errorf("the first offer: %+v", s.i.Offer(first))
	}
	events, err := s.i.NotNow(eva, second)
	if err != nil {
		t.Fatal(err)
	}
	s.apply(night.Add(time.Minute), events...)
	_, err = s.i.TakeOver(d.Rights, eva, second)
	refusedAs(t, "taken after it was declined", err, TooLate)
	third := s.hand(d, Hand{By: ana, To: eva})
	s.apply(night.Add(time.Minute), RunEnded{Run: 7, How: EndCancelled})
	_, err = s.i.TakeOver(d.Rights, eva, third)
	refusedAs(t, "taken when nothing is left", err, TooLate)
	for range 9 {
		s.apply(night, RunPlanned{Run: 8, By: ana})
		s.hand(d, Hand{By: ana, To: eva})
	}
	if len(s.i.Offers) > keepOffers {
		t.Errorf("%d offers in the fold", len(s.i.Offers))
	}
}

// TestI10_TakingARunNeedsTheRight: read when it is taken, not only when it was offered.
func TestI10_TakingARunNeedsTheRight(t *testing.T) {
	s, d := handed(t)
	n := s.hand(d, Hand{By: ana, To: eva})
	_, err := s.i.TakeOver(rightsOf{}, eva, n)
	refusedAs(t, "taken without the right", err, NotAllowed)
}
