package pagerduty

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/pagerduty/pdtest"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/state/follow"
)

func paging(r *rig) {
	r.Now = func() time.Time { return time.Unix(int64(r.seq), 0) }
	r.account.Shift("PPOL1", "PBEA")
}

func ask(kind, id string) incident.PageAsked {
	return incident.PageAsked{By: ana, Page: 1, Why: incident.PageByHand, Kind: kind, ID: id, Service: "PDB1", Whom: "Bea Ode", Reason: "all fail"}
}

// TestI49_APageIsSentOnce: a lost answer, a crash after the call and another try find the page by its key.
func TestI49_APageIsSentOnce(t *testing.T) {
	r := rigged(t)
	paging(r)
	rec := r.record(ask(incident.PagePerson, "PBEA"))
	for range 3 {
		if err := r.deliver(rec, true); err != nil {
			t.Fatal(err)
		}
	}
	ids, titles, woke := r.account.Pages()
	if len(ids) != 1 || titles[0] != "INC-7 SEV-2 needs Bea Ode: Users are gone (all fail)" || woke[0][0] != "PBEA" {
		t.Errorf("%v %v %v", ids, titles, woke)
	}
	taken, ok := r.keeper.last().(commands.PageTaken)
	if !ok || taken.Alert != ids[0] || !slices.Equal(taken.Woke, []string{"Bea"}) {
		t.Errorf("%+v", r.keeper.last())
	}
	r.account.Set(ids[0], "resolved", "PBEA") // and answered: another try finds that, and wakes nobody
	if err := r.deliver(rec, true); err != nil {
		t.Fatal(err)
	}
	if ids, _, _ := r.account.Pages(); len(ids) != 1 {
		t.Error("it was sent again")
	}
}

// TestI48_APageThatIsNotTaken: an outage is told once and tried again, a refusal is told and over, a policy with nobody on
// call wakes nobody, and what is too old is not sent.
func TestI48_APageThatIsNotTaken(t *testing.T) {
	for _, c := range []struct {
		name  string
		kind  string
		id    string
		set   func(*rig)
		again bool
		over  bool
		past  bool
	}{
		{"away", incident.PagePerson, "PBEA", func(r *rig) { r.account.Away(true) }, true, false, false},
		{"limited", incident.PagePerson, "PBEA", func(r *rig) { r.account.Limit(1, "7") }, true, false, false},
		{"no such user", incident.PagePerson, "PNOBODY", func(*rig) {}, false, true, false},
		{"no such policy", incident.PagePolicy, "PNONE", func(*rig) {}, false, true, false},
		{"too old", incident.PagePerson, "PBEA", func(r *rig) { r.seq += 3600 }, false, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rigged(t)
			paging(r)
			rec := r.record(ask(c.kind, c.id))
			c.set(r)
			err := r.deliver(rec, false)
			if later := (follow.Unavailable{}); errors.As(err, &later) != c.again {
				t.Errorf("%v", err)
			}
			failed, ok := r.keeper.last().(commands.PageFailed)
			if !ok || failed.Over != c.over || failed.Past != c.past || failed.Why == "" {
				t.Errorf("%+v", r.keeper.last())
			}
		})
	}
	r := rigged(t)
	paging(r)
	r.account.Shift("PPOL1")
	if err := r.deliver(r.record(ask(incident.PagePolicy, "PPOL1")), false); err != nil {
		t.Fatal(err)
	}
	if taken, ok := r.keeper.last().(commands.PageTaken); !ok || len(taken.Woke) != 0 {
		t.Errorf("%+v", r.keeper.last())
	}
}

// TestAPageThatNobodyNeedsSaysWhy: that nobody decided is not called an answer.
func TestAPageThatNobodyNeedsSaysWhy(t *testing.T) {
	for want, events := range map[string][]incident.Event{
		"A1 had ended, and nobody had decided": {incident.Expired{Approval: 1}}, "A1 was decided meanwhile": {incident.Denied{Approval: 1, By: ana}}, "INC-7 was over": {incident.Resolved{By: ana}},
	} {
		r := rigged(t)
		paging(r)
		r.record(incident.ApprovalAsked{Approval: 1, Need: 1, Expires: time.Unix(9e9, 0)})
		e := ask(incident.PagePerson, "PBEA")
		e.Why, e.Approval = incident.PageForApproval, 1
		rec := r.record(e)
		for _, e := range events {
			r.record(e)
		}
		if err := r.deliver(rec, false); err != nil {
			t.Error(err)
		}
		if failed, ok := r.keeper.last().(commands.PageFailed); !ok || !failed.Past || failed.Why != want {
			t.Errorf("want %q: %+v", want, r.keeper.last())
		}
	}
}

// TestI51_WhoIsOnCallStaysKnown: an outage leaves it as it was, with its age.
func TestI51_WhoIsOnCallStaysKnown(t *testing.T) {
	r := rigged(t)
	paging(r)
	r.account.AddUser(pdtest.User{ID: "PCHEN", Name: "Chen", Email: "chen@example.com", Phone: "600 7"})
	r.account.Shift("PPOL1", "PBEA", "PCHEN")
	r.Approvers, r.Policies, r.Places, r.Duty = "PPOL1", []string{"PGONE"}, []string{"PDB1", "PLOST"}, &people.Duty{}
	var found []people.Found
	r.Found = func(_ context.Context, source string, list []people.Found) {
		if source == people.FromPagerDuty {
			found = list
		}
	}
	if err := r.Learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.account.Away(true)
	if err := r.Learn(t.Context()); err == nil {
		t.Error("it was away")
	}
	list, at, known := r.Duty.On("PPOL1")
	if !known || at.IsZero() || len(list) != 2 || list[0].User != "PBEA" || list[1].Name != "Chen" {
		t.Errorf("%v %v", list, at)
	}
	if places := r.Duty.Places(); len(places) != 1 || places[0].Name != "Users" {
		t.Errorf("%v", places)
	}
	if k := slices.IndexFunc(found, func(f people.Found) bool { return f.ID == "PCHEN" }); k < 0 || found[k].Phone != "+34 600 7" {
		t.Errorf("%+v", found)
	}
}

func TestKeysOfPages(t *testing.T) {
	p := &incident.Page{N: 2, At: time.Unix(1764040000, 5)}
	if got := readKey(pageKey(7, p)); got == nil || got.Incident != 7 || got.Page != 2 || got.At.Unix() != 1764040000 {
		t.Errorf("%+v", got)
	}
	for _, key := range []string{"", "drbot/", "drbot/1/2", "drbot/1/x/3", "key-1", "drbot/1/2/3/4", "drbot/-1/2/3"} {
		if readKey(key) != nil {
			t.Errorf("%q is a page", key)
		}
	}
}
