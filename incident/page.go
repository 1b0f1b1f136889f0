package incident

import (
	"fmt"
	"slices"
	"time"
)

// A page wakes somebody through PagerDuty. It is asked for by a person, by an approval that nobody decides, or by a
// contact of the runbook whose time has come. PagerDuty takes it or does not; either way the record says so, and who was
// to be woken stands in it, so that people can be called by phone instead. What PagerDuty makes of a page is one of its
// incidents: it belongs to this one from then on, and ends with it.

// Why somebody is paged.
const (
	PageByHand      = "asked"    // a person asked
	PageForApproval = "approval" // an approval waits
	PageForContact  = "contact"  // nobody has answered, and the runbook names a contact
)

// What is paged.
const (
	PagePerson  = "person"
	PageService = "service"
	PagePolicy  = "policy"
)

// AlertPaged is how an alert came to an incident that PagerDuty made of a page.
const AlertPaged = "paged"

// PageLives is how long a page that a person asked for is worth being sent: later it wakes somebody for what is old.
const PageLives = 30 * time.Minute

// maxPages bounds the pages of one incident that people ask for.
const maxPages = 50

// PageAsked asks PagerDuty to wake somebody.
type PageAsked struct {
	By       Person   `json:"by"`
	Page     uint64   `json:"page"` // counts from 1 in each incident
	Why      string   `json:"why"`  // asked | approval | contact
	Kind     string   `json:"kind"` // person | service | policy
	ID       string   `json:"id,omitempty"`
	Service  string   `json:"service,omitempty"` // on which the page is made, where Kind is not service
	Whom     string   `json:"whom"`              // in words
	Reach    []Person `json:"reach,omitempty"`   // whom it is to wake, as far as drbot knew then
	Reason   string   `json:"reason,omitempty"`
	Note     string   `json:"note,omitempty"` // what was odd about finding whom to page
	Approval uint64   `json:"approval,omitempty"`
	Contact  string   `json:"contact,omitempty"` // role of the runbook's contact
}

// Paged says that PagerDuty took a page, and whom it wakes.
type Paged struct {
	Page  uint64   `json:"page"`
	Alert string   `json:"alert"` // PagerDuty's id of what it made
	Name  string   `json:"name,omitempty"`
	Woke  []string `json:"woke,omitempty"`
	Joins bool     `json:"joins,omitempty"` // PagerDuty asks them to join an alert that is there already, and made nothing
}

// PageFailed says that PagerDuty did not take a page. It may still take it later, unless Over.
type PageFailed struct {
	Page uint64 `json:"page"`
	Why  string `json:"why"`
	Over bool   `json:"over,omitempty"` // it is not tried again
	Past bool   `json:"past,omitempty"` // nobody needs it any more, so nobody has to be called
}

func (PageAsked) EventKind() string  { return "PageAsked" }
func (Paged) EventKind() string      { return "Paged" }
func (PageFailed) EventKind() string { return "PageFailed" }

// Page is how one stands.
type Page struct {
	N        uint64    `json:"n"`
	Seq      uint64    `json:"seq"` // of its PageAsked
	At       time.Time `json:"at"`
	By       Person    `json:"by"`
	Why      string    `json:"why"`
	Kind     string    `json:"kind"`
	Whom     string    `json:"whom"`
	Reach    []Person  `json:"reach,omitempty"`
	Approval uint64    `json:"approval,omitempty"`
	Contact  string    `json:"contact,omitempty"`
	Alert    string    `json:"alert,omitempty"`
	Woke     []string  `json:"woke,omitempty"`
	PagedAt  time.Time `json:"paged_at,omitzero"`
	Joins    bool      `json:"joins,omitempty"` // Alert is one that was there already
	Failed   string    `json:"failed,omitempty"`
	FailedAt time.Time `json:"failed_at,omitzero"`
	Over     bool      `json:"over,omitempty"`
}

// Page finds one by its number.
func (i *Incident) Page(n uint64) *Page {
	if n == 0 || n > uint64(len(i.Pages)) {
		return nil
	}
	return &i.Pages[n-1]
}

// PageOf finds the page that PagerDuty made an alert of; nil: none.
func (i *Incident) PageOf(alert string) *Page {
	for k := range i.Pages {
		if alert != "" && i.Pages[k].Alert == alert && !i.Pages[k].Joins {
			return &i.Pages[k]
		}
	}
	return nil
}

// AskPage asks for one. cannot says why PagerDuty cannot be asked at all, and away why it does not answer now, where that is
// known: people then have the phone numbers at once, and it is tried all the same.
func (i *Incident) AskPage(p PageAsked, cannot, away string) ([]Event, error) {
	if err := i.active(); err != nil {
		return nil, err
	}
	if p.Why == PageByHand && len(i.Pages) >= maxPages {
		return nil, Refuse(WrongState, "%s has paged %d times already.", i.ID, len(i.Pages)).Then("Call by phone: the card of each person is in drbot.yaml.")
	}
	p.Page = uint64(len(i.Pages)) + 1
	events := []Event{p}
	switch {
	case cannot != "":
		events = append(events, PageFailed{Page: p.Page, Why: cannot, Over: true})
	case away != "":
		events = append(events, PageFailed{Page: p.Page, Why: away})
	}
	return events, nil
}

// Needed reports whether a page that was not sent yet should still be.
func (i *Incident) Needed(p *Page, at time.Time) bool {
	switch {
	case !i.Active() || p.Over || p.Alert != "":
		return false
	case p.Why == PageForApproval:
		a := i.Approval(p.Approval)
		return a != nil && a.State == Pending && at.Before(a.Expires)
	case p.Why == PageForContact:
		return !i.Answered()
	}
	return at.Before(p.At.Add(PageLives))
}

// TakePage records that PagerDuty took a page and made an alert of it, which may have told of itself already. woke are
// those whom it wakes; nobody is a failure, since nobody comes.
func (i *Incident) TakePage(n uint64, alert, name string, woke []string) []Event {
	p := i.Page(n)
	if p == nil || !p.PagedAt.IsZero() || alert == "" {
		return nil
	}
	var events []Event
	if i.Alert(alert) == nil {
		events = append(events, i.LinkPage(n, alert, name))
	}
	events = append(events, Paged{Page: n, Alert: alert, Name: name, Woke: woke})
	if len(woke) == 0 {
		events = append(events, PageFailed{Page: n, Why: "nobody is on call there", Over: true})
	}
	return events
}

// JoinPage records that PagerDuty asks people to join an alert of this incident.
func (i *Incident) JoinPage(n uint64, alert, name string, woke []string) []Event {
	p := i.Page(n)
	if p == nil || !p.PagedAt.IsZero() || i.Alert(alert) == nil {
		return nil
	}
	events := []Event{Paged{Page: n, Alert: alert, Name: name, Woke: woke, Joins: true}}
	if len(woke) == 0 {
		events = append(events, PageFailed{Page: n, Why: "nobody is on call there", Over: true})
	}
	return events
}

// LinkPage ties what PagerDuty made of a page to this incident.
func (i *Incident) LinkPage(n uint64, alert, name string) AlertLinked {
	return AlertLinked{By: Bot, Alert: alert, Name: name, How: AlertPaged, Page: n}
}

// FailPage records that PagerDuty did not take it: once, and once more when it is given up.
func (i *Incident) FailPage(n uint64, why string, over, past bool) []Event {
	p := i.Page(n)
	if p == nil || p.Over || !p.PagedAt.IsZero() || p.Failed != "" && !over {
		return nil
	}
	return []Event{PageFailed{Page: n, Why: why, Over: over, Past: past}}
}

// PagedFor lists the people who were paged for an approval, or were to be; paged tells whether anybody was. Of a policy
// those count whom PagerDuty named as woken.
func (i *Incident) PagedFor(approval uint64) (list []Person, paged bool) {
	for k := range i.Pages {
		p := &i.Pages[k]
		if p.Approval != approval {
			continue
		}
		paged = true
		for _, who := range p.Reach {
			if p.Kind == PagePerson || slices.Contains(p.Woke, who.Name) {
				list = append(list, who)
			}
		}
	}
	return list, paged
}

// Answered reports whether anybody began to work: an acknowledgement, or the first thing that a person did here. It stops
// the calls for an answer.
func (i *Incident) Answered() bool {
	return !i.AckedAt.IsZero() || !i.BegunAt.IsZero() || len(i.Roles)+len(i.Runs)+i.Updates > 0 || i.Status != Investigating ||
		slices.ContainsFunc(i.Checklist, func(it Item) bool { return it.By.Key != "" && it.By.Key != Bot.Key })
}

// began notes the first thing that a person did here.
func (i *Incident) began(at Stamp, e Event) {
	if !i.BegunAt.IsZero() {
		return
	}
	var by Person
	did := i.Answered()
	switch e := e.(type) {
	case Acknowledged:
		by = e.By
	case StatusSet:
		by = e.By
	case RoleTaken:
		by = e.By
	case UpdateSent:
		by = e.By
	case ImpactSet:
		by, did = e.By, true
	case ServicesSet:
		by, did = e.By, true
	}
	if !did || by.Key == Bot.Key {
		return
	}
	i.BegunBy, i.BegunAt = by, at.Time
}

// Call is a contact of the runbook who is called while nobody answers.
type Call struct {
	Role  string        `json:"role"`
	Text  string        `json:"text,omitempty"`  // how runbook and configuration say they are reached
	Who   Person        `json:"who,omitzero"`    // whom people here know as that
	When  string        `json:"when,omitempty"`  // as the runbook says it: "15 minutes", "SEV-1 only"
	At    time.Time     `json:"at"`              // the next time
	Every time.Duration `json:"every,omitempty"` // 0: once
	Made  int           `json:"made,omitempty"`  // how often it was made
}

// due reports whether it is still to be made.
func (c Call) due() bool { return c.Made == 0 || c.Every > 0 }

// CallOf finds the call of a deadline's key; nil: none.
func (i *Incident) CallOf(key string) *Call {
	var k int
	if _, err := fmt.Sscanf(key, DueCall+"/%d/", &k); err != nil || k < 0 || k >= len(i.Calls) {
		return nil
	}
	return &i.Calls[k]
}

// made moves a call on; after a downtime to its next future instant.
func (c *Call) made(at time.Time) {
	c.Made++
	if c.Every > 0 {
		for !c.At.After(at) {
			c.At = c.At.Add(c.Every)
		}
	}
}

// callsOf are the calls that a new promise brings; one that was made already is not made again for it.
func (i *Incident) callsOf(calls []Call) []Call {
	list := slices.Clone(calls)
	for k := range list {
		if n := slices.IndexFunc(i.Calls, func(c Call) bool { return c.Role == list[k].Role && c.Made > 0 }); n >= 0 {
			list[k] = i.Calls[n]
		}
	}
	return list
}

// CallsHushed puts off the calls for an answer. The breach of the promise is recorded all the same.
type CallsHushed struct {
	By    Person    `json:"by"`
	Until time.Time `json:"until"`
}

func (CallsHushed) EventKind() string { return "CallsHushed" }

// HushFor is how long one press puts the calls off.
const HushFor = 15 * time.Minute

// Hush puts the calls for an answer off. Who does so has not answered: the calls come back.
func (i *Incident) Hush(at time.Time, by Person) ([]Event, error) {
	if err := i.active(); err != nil {
		return nil, err
	}
	if i.Answered() || i.RespondBy.IsZero() {
		return nil, Refuse(WrongState, "Nobody is called for %s now.", i.ID)
	}
	return []Event{CallsHushed{By: by, Until: at.Add(HushFor).UTC()}}, nil
}

// applyPage folds pages and calls.
func (i *Incident) applyPage(at Stamp, e Event) bool {
	switch e := e.(type) {
	case PageAsked:
		i.Pages = append(i.Pages, Page{
			N: e.Page, Seq: at.Seq, At: at.Time, By: e.By, Why: e.Why, Kind: e.Kind, Whom: e.Whom, Reach: e.Reach, Approval: e.Approval, Contact: e.Contact,
		})
	case Paged:
		if p := i.Page(e.Page); p != nil {
			p.Alert, p.Woke, p.PagedAt, p.Joins = e.Alert, e.Woke, at.Time, e.Joins
		}
	case PageFailed:
		if p := i.Page(e.Page); p != nil {
			p.Failed, p.FailedAt, p.Over = e.Why, at.Time, p.Over || e.Over
		}
	case CallsHushed:
		i.Hushed = e.Until
	case NudgesHushed:
		if a := i.Approval(e.Approval); a != nil {
			a.Hushed, a.HushedBy = e.Until, e.By
		}
	default:
		return false
	}
	return true
}
