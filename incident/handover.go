package incident

import (
	"slices"
	"time"
)

// Somebody hands on what they hold: their roles, and the run that they operate. Until the other person takes it, both
// know who has it: who gave it still does (UX §8).

// RoleOffered asks one person to take over. Offer counts within the incident.
type RoleOffered struct {
	Offer uint64 `json:"offer"`
	By    Person `json:"by"`
	From  Person `json:"from"` // who holds it; a commander may offer the run of an operator who is away
	To    Person `json:"to"`
	Roles []Role `json:"roles,omitempty"`
	Run   uint64 `json:"run,omitempty"`
}

// How an offer ends.
const (
	OfferTaken    = "taken"
	OfferDeclined = "declined"
	OfferReplaced = "replaced" // by a newer one of the same person
)

// OfferEnded answers an offer. What was taken follows as RoleTaken and RunHandedOver.
type OfferEnded struct {
	Offer uint64 `json:"offer"`
	By    Person `json:"by"`
	How   string `json:"how"`
}

// RunHandedOver makes another person the run's operator. Requests that wait keep who asked for them.
type RunHandedOver struct {
	Run  uint64 `json:"run"`
	From Person `json:"from"`
	To   Person `json:"to"`
}

func (RoleOffered) EventKind() string   { return "RoleOffered" }
func (OfferEnded) EventKind() string    { return "OfferEnded" }
func (RunHandedOver) EventKind() string { return "RunHandedOver" }

// Offer is one that waits, or the newest that ended.
type Offer struct {
	N     uint64    `json:"n"`
	By    Person    `json:"by"`
	From  Person    `json:"from"`
	To    Person    `json:"to"`
	Roles []Role    `json:"roles,omitempty"`
	Run   uint64    `json:"run,omitempty"`
	At    time.Time `json:"at"`
	How   string    `json:"how,omitempty"` // "": it waits
	Ended time.Time `json:"ended,omitzero"`
}

// keepOffers bounds the fold: an offer that ended long ago stays in the record alone.
const keepOffers = 6

// Hand is what a hand-over is asked for: everything that By holds, or the run alone.
type Hand struct {
	By, To  Person
	Run     uint64 // of RunOnly; 0: the live one
	RunOnly bool
}

// HandOver offers roles and run to another person.
func (i *Incident) HandOver(rights Rights, h Hand) ([]Event, error) {
	if err := i.active(); err != nil {
		return nil, err
	}
	o := RoleOffered{Offer: i.nextOffer(), By: h.By, From: h.By, To: h.To}
	r := i.LiveRun()
	if h.Run != 0 {
		r = i.Run(h.Run)
	}
	switch {
	case r != nil && r.State != Ended && r.Operator.Same(h.By):
		o.Run = r.N
	case h.RunOnly && (r == nil || r.State == Ended):
		return nil, Refuse(WrongState, "No run is going.")
	case h.RunOnly && !i.Roles[Commander].Same(h.By):
		return nil, Refuse(NotAllowed, "%s is operated by %s, who hands it over, or the commander does.", r.Name(), r.Operator.Name)
	case h.RunOnly:
		o.Run, o.From = r.N, r.Operator
	}
	if !h.RunOnly {
		o.Roles = i.rolesOf(h.By)
	}
	switch {
	case o.Run == 0 && len(o.Roles) == 0:
		return nil, Refuse(WrongState, "You hold no role and operate no run here.").Then("Give a role with the verb role.")
	case o.To.Same(o.From):
		return nil, Refuse(BadInput, "%s has it already.", o.To.Name)
	case o.Run != 0 && !rights.May(o.To.Key, Operator):
		return nil, Refuse(BadInput, "%s is no operator and cannot take %s.", o.To.Name, RunName(o.Run)).Then("Hand it to an operator, or give the roles alone.")
	}
	if err := mayCommand(rights, o.To, o.Roles...); err != nil {
		return nil, err
	}
	var events []Event
	for _, old := range i.Offers {
		if old.How == "" && old.From.Same(o.From) {
			events = append(events, OfferEnded{Offer: old.N, By: h.By, How: OfferReplaced})
		}
	}
	return append(events, o), nil
}

func (i *Incident) nextOffer() uint64 {
	if n := len(i.Offers); n > 0 {
		return i.Offers[n-1].N + 1
	}
	return 1
}

// rolesOf lists a person's roles in the usual order.
func (i *Incident) rolesOf(p Person) []Role {
	var list []Role
	for _, role := range Roles {
		if holder, ok := i.Roles[role]; ok && holder.Same(p) {
			list = append(list, role)
		}
	}
	return list
}

// Offer finds an offer by its number.
func (i *Incident) Offer(n uint64) *Offer {
	for k := range i.Offers {
		if i.Offers[k].N == n {
			return &i.Offers[k]
		}
	}
	return nil
}

// TakeOver answers an offer with yes: what the other one still holds changes hands at once.
func (i *Incident) TakeOver(rights Rights, by Person, n uint64) ([]Event, error) {
	o, err := i.offered(by, n)
	if err != nil {
		return nil, err
	}
	events := []Event{OfferEnded{Offer: n, By: by, How: OfferTaken}}
	for _, role := range o.Roles {
		if i.Roles[role].Same(o.From) {
			events = append(events, RoleTaken{By: by, Role: role, Who: by})
		}
	}
	if r := i.Run(o.Run); r != nil && r.State != Ended && r.Operator.Same(o.From) {
		if !rights.May(by.Key, Operator) {
			return nil, Refuse(NotAllowed, "Only operators take a run.")
		}
		events = append(events, RunHandedOver{Run: r.N, From: o.From, To: by})
	}
	if len(events) == 1 {
		return nil, Refuse(TooLate, "%s does not hold it any more.", o.From.Name)
	}
	if err := mayCommand(rights, by, o.Roles...); err != nil {
		return nil, err
	}
	return events, nil
}

// NotNow answers it with no; who offered keeps everything.
func (i *Incident) NotNow(by Person, n uint64) ([]Event, error) {
	if _, err := i.offered(by, n); err != nil {
		return nil, err
	}
	return []Event{OfferEnded{Offer: n, By: by, How: OfferDeclined}}, nil
}

func (i *Incident) offered(by Person, n uint64) (*Offer, error) {
	if err := i.active(); err != nil {
		return nil, err
	}
	o := i.Offer(n)
	switch {
	case o == nil:
		return nil, Refuse(NotFound, "There is no such offer.")
	case o.How != "":
		return nil, Refuse(TooLate, "It was %s at %s.", o.How, clock(o.Ended))
	case !by.Same(o.To):
		return nil, Refuse(NotAllowed, "It is offered to %s.", o.To.Name)
	}
	return o, nil
}

// Stands reports whether the offer still waits for its answer, and From still holds some of what it is about.
func (i *Incident) Stands(o *Offer) bool {
	if o.How != "" || !i.Active() {
		return false
	}
	r := i.Run(o.Run)
	return r != nil && r.State != Ended && r.Operator.Same(o.From) ||
		slices.ContainsFunc(o.Roles, func(role Role) bool { return i.Roles[role].Same(o.From) })
}

// What names what an offer is about: "commander, scribe and R7".
func (o *Offer) What() []string {
	var list []string
	for _, role := range o.Roles {
		list = append(list, string(role))
	}
	if o.Run != 0 {
		list = append(list, RunName(o.Run))
	}
	return list
}

func (i *Incident) applyOffer(at Stamp, e Event) bool {
	switch e := e.(type) {
	case RoleOffered:
		i.Offers = append(i.Offers, Offer{N: e.Offer, By: e.By, From: e.From, To: e.To, Roles: e.Roles, Run: e.Run, At: at.Time})
		if k := slices.IndexFunc(i.Offers, func(o Offer) bool { return o.How != "" }); len(i.Offers) > keepOffers && k >= 0 {
			i.Offers = slices.Delete(i.Offers, k, k+1)
		}
	case OfferEnded:
		if o := i.Offer(e.Offer); o != nil {
			o.How, o.Ended = e.How, at.Time
		}
	case RunHandedOver:
		i.run(e.Run, func(r *Run) { r.Operator = e.To })
	default:
		return false
	}
	return true
}
