package pagerduty

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	pd "github.com/PagerDuty/go-pagerduty"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
	"github.com/drbot/drbot/templates"
)

// A page becomes an incident of PagerDuty on a service, given to a person, to an escalation policy, or to whomever the
// service escalates to. Its key names the page, so that one that was made before a crash is found, and what PagerDuty tells
// of it is known to be drbot's own.

// keyPrefix begins the incident_key of a page: "drbot/1/2/1764040000" is page 2 of INC-1, asked for at that second.
const keyPrefix = "drbot/"

func pageKey(id incident.ID, p *incident.Page) string {
	return fmt.Sprintf("%s%d/%d/%d", keyPrefix, uint64(id), p.N, p.At.Unix())
}

// readKey reads it back; nil: the incident is no page.
func readKey(key string) *commands.PageKey {
	rest, ok := strings.CutPrefix(key, keyPrefix)
	parts := strings.Split(rest, "/")
	if !ok || len(parts) != 3 {
		return nil
	}
	var n [3]uint64
	for k, part := range parts {
		var err error
		if n[k], err = strconv.ParseUint(part, 10, 62); err != nil {
			return nil
		}
	}
	return &commands.PageKey{Incident: incident.ID(n[0]), Page: n[1], At: time.Unix(int64(n[2]), 0).UTC()}
}

// Prompt: people wait for a page.
func (Follower) Prompt(kind string) bool { return kind == incident.PageAsked{}.EventKind() }

// pagePatience bounds a try of a page: people wait for it, or for the phone numbers.
const pagePatience = 8 * time.Second

// page asks PagerDuty once to wake somebody. The first failure is told at once, so that people can call; while PagerDuty
// is away it goes on trying, as long as somebody needs it.
func (f Follower) page(ctx context.Context, i *incident.Incident, r state.Record, e incident.PageAsked, unsure bool, gone []string) error {
	p := i.Page(e.Page)
	if p == nil || p.Over || !p.PagedAt.IsZero() {
		return nil
	}
	defer f.rounds.page()()
	kept := ctx // what became of it is kept however long PagerDuty took
	ctx, cancel := context.WithTimeout(kept, pagePatience)
	defer cancel()
	var made *trouble
	var err error
	if unsure || p.Failed != "" || p.Alert != "" {
		made, err = f.byKey(ctx, pageKey(i.ID, p))
	}
	if made == nil && err == nil && !i.Needed(p, f.Now()) {
		return f.outcome(kept, r, "past", commands.PageFailed{Incident: i.ID, Page: p.N, Why: f.needless(i, p), Over: true, Past: true})
	}
	if a := f.joinable(i, p, gone); a != nil && made == nil && err == nil {
		var taken *commands.PageTaken
		if taken, err = f.join(ctx, i, a, r, e, unsure || p.Failed != ""); err == nil && taken != nil {
			return f.outcome(kept, r, "taken", *taken)
		}
	}
	if made == nil && err == nil {
		made, err = f.makePage(ctx, i, p, e)
	}
	if later := (follow.Unavailable{}); errors.As(err, &later) {
		if told := f.outcome(kept, r, "failed", commands.PageFailed{Incident: i.ID, Page: p.N, Why: f.reason(later)}); told != nil {
			return told
		}
		return err
	}
	if err != nil {
		return f.outcome(kept, r, "refused", commands.PageFailed{Incident: i.ID, Page: p.N, Why: refusal(err), Over: true})
	}
	var woke []string
	for _, a := range made.Assignments {
		woke = append(woke, cut(strings.ToValidUTF8(a.Assignee.Summary, ""), maxFact))
	}
	name := ""
	if made.Number > 0 {
		name = "#" + strconv.FormatUint(made.Number, 10)
	}
	return f.outcome(kept, r, "taken", commands.PageTaken{Incident: i.ID, Page: p.N, Alert: made.ID, Name: name, Woke: woke})
}

// needless is why nobody needs a page any more.
func (f Follower) needless(i *incident.Incident, p *incident.Page) string {
	a := i.Approval(p.Approval)
	switch {
	case !i.Active():
		return i.ID.String() + " was over"
	case p.Why == incident.PageByHand:
		return "it is too old"
	case p.Why == incident.PageForContact:
		return "it was answered meanwhile"
	case a == nil || a.State == incident.Pending || a.State == incident.IsExpired:
		return incident.ApprovalName(p.Approval) + " had ended, and nobody had decided"
	case a.State == incident.IsWithdrawn:
		return a.Name() + " was withdrawn"
	}
	return a.Name() + " was decided meanwhile"
}

// stuck tells of the pages that stand behind a record which PagerDuty did not take now: they are not even tried, and people
// are called by phone meanwhile.
func (f Follower) stuck(ctx context.Context, id incident.ID, seq uint64, later follow.Unavailable) error {
	i, err := f.Memory.Incident(ctx, state.Ref{ID: id})
	if err != nil {
		return nil // the next try tells of them
	}
	for k := range i.Pages {
		if p := &i.Pages[k]; p.Seq > seq && p.Failed == "" && p.PagedAt.IsZero() && i.Needed(p, f.Now()) {
			if err := f.outcome(ctx, state.Record{Seq: p.Seq}, "failed", commands.PageFailed{Incident: i.ID, Page: p.N, Why: f.reason(later)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// outcome tells the record what became of a page, once.
func (f Follower) outcome(ctx context.Context, r state.Record, what string, o any) error {
	_, err := f.Handler.Handle(ctx, commands.Command{
		Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: o, Keys: []string{fmt.Sprintf("%s/%d/%s", Name, r.Seq, what)},
	})
	if err != nil {
		return follow.Unavailable{Err: err}
	}
	return nil
}

// reason is why PagerDuty did not answer, for people.
func (f Follower) reason(later follow.Unavailable) string {
	if h := f.Health(); !h.Up && h.Why != "" {
		return h.Why
	}
	if later.RetryAfter > 0 {
		return "it asks to wait"
	}
	return "no answer"
}

// refusal is what PagerDuty said against a page.
func refusal(err error) string {
	var api pd.APIError
	if errors.As(err, &api) && api.APIError.Valid {
		said := api.APIError.ErrorObject.Message
		if list := api.APIError.ErrorObject.Errors; len(list) > 0 {
			said += ": " + strings.Join(list, ", ")
		}
		return cut("it says "+strings.ToValidUTF8(said, ""), maxFact)
	}
	return cut(err.Error(), maxFact)
}

// pointer names a thing of PagerDuty in what is sent.
type pointer struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// makePage creates the incident. Where PagerDuty has it already it is that one.
func (f Follower) makePage(ctx context.Context, i *incident.Incident, p *incident.Page, e incident.PageAsked) (*trouble, error) {
	key := pageKey(i.ID, p)
	body := map[string]any{
		"type": "incident", "title": f.title(i, e), "incident_key": key, "urgency": "high", "service": pointer{ID: e.Service, Type: "service_reference"},
	}
	switch e.Kind {
	case incident.PageService:
		body["service"] = pointer{ID: e.ID, Type: "service_reference"}
	case incident.PagePolicy:
		body["escalation_policy"] = pointer{ID: e.ID, Type: "escalation_policy_reference"}
	default:
		body["assignments"] = []any{map[string]any{"assignee": pointer{ID: e.ID, Type: "user_reference"}}}
	}
	var answer struct {
		Incident trouble `json:"incident"`
	}
	err := f.send(ctx, http.MethodPost, "/incidents", map[string]any{"incident": body}, &answer)
	if api := (pd.APIError{}); errors.As(err, &api) && api.StatusCode == http.StatusBadRequest {
		if made, found := f.byKey(ctx, key); found == nil && made != nil {
			return made, nil
		}
	}
	return &answer.Incident, err
}

// send writes there, in the name of the user whom the configuration names.
func (l *Link) send(ctx context.Context, method, path string, body, into any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return l.call(ctx, method+" "+path, func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, method, l.base()+path, bytes.NewReader(raw))
		if err != nil {
			return err
		}
		r.Header.Set("From", l.From)
		answer, err := l.client.Do(r, true)
		if err != nil {
			return err
		}
		return read(answer, into)
	})
}

// title is what the woken person's phone shows; of a restricted incident nothing but its number (I56).
func (l *Link) title(i *incident.Incident, e incident.PageAsked) string {
	facts := map[string]any{
		"ID": i.ID, "Drill": i.Drill, "Severity": i.Severity, "Title": i.Title, "Whom": e.Whom, "By": e.By.Name, "Reason": e.Reason, "Approval": "", "Number": "", "Target": "",
		"Contact": e.Contact, "Restricted": i.Restricted,
	}
	if a := i.Approval(e.Approval); a != nil {
		facts["Approval"], facts["Number"], facts["Target"] = a.Name(), a.Number, a.Target()
	}
	return cut(strings.Join(strings.Fields(templates.Say("pagerduty-page", facts)), " "), 1000)
}

// decided ends the pages of an approval once it needs nobody any more.
func (f Follower) decided(ctx context.Context, i *incident.Incident, approval uint64) error {
	if a := i.Approval(approval); a != nil && a.State == incident.Pending {
		return nil // it needs another one
	}
	for k := range i.Pages {
		p := &i.Pages[k]
		if p.Approval != approval || p.Alert == "" {
			continue
		}
		there, _, err := f.status(ctx, p.Alert)
		if err == nil && there.Status != incident.AlertResolved {
			err = f.manage(ctx, p.Alert, incident.AlertResolved, "")
		}
		if err != nil && !errors.Is(err, errGone) {
			return err
		}
	}
	return nil
}

// paging handles the records that are about pages alone; done is false for all others.
func (f Follower) paging(ctx context.Context, i *incident.Incident, r state.Record, e incident.Event, unsure bool, gone []string) (done bool, err error) {
	switch e := e.(type) {
	case incident.PageAsked:
		return true, f.page(ctx, i, r, e, unsure, gone)
	case incident.Approved:
		return true, f.decided(ctx, i, e.Approval)
	case incident.Denied:
		return true, f.decided(ctx, i, e.Approval)
	case incident.Withdrawn:
		return true, f.decided(ctx, i, e.Approval)
	case incident.Expired:
		return true, f.decided(ctx, i, e.Approval)
	case incident.GlassBroken:
		return true, f.decided(ctx, i, e.Approval)
	case incident.AlertLinked:
		return e.How == incident.AlertPaged, nil // it is drbot's own: there is nothing to tell
	}
	return false, nil
}
