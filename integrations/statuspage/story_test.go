package statuspage_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/statuspage"
	"github.com/drbot/drbot/state"
)

var (
	night     = time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)
	ana       = incident.Person{Key: "ana@example.com", Name: "Ana Ruiz", Slack: "U0ANA"}
	bea       = incident.Person{Key: "bea@example.com", Name: "Bea Ode", Slack: "U0BEA"}
	everybody = []incident.Audience{incident.AudienceResponders, incident.AudienceAnnouncement, incident.AudienceStatus}
)

var settings = statuspage.Settings{
	Title: "Example status", URL: "https://status.example.com",
	Components: []statuspage.Component{
		{Name: "Login", Services: []string{"users"}}, {Name: "Payments", Services: []string{"payments", "ledger"}}, {Name: "Search", Services: []string{"search"}},
	},
}

// tape is an incident's record on its way.
type tape struct {
	t    *testing.T
	id   incident.ID
	list []state.Record
	base time.Time
}

func newTape(t *testing.T, id incident.ID, base time.Time, o incident.Opened) *tape {
	t.Helper()
	w := &tape{t: t, id: id, base: base}
	o.By = ana
	return w.add(0, o)
}

// add appends events at so many minutes after the beginning.
func (w *tape) add(minutes int, events ...incident.Event) *tape {
	w.t.Helper()
	for _, e := range events {
		payload, err := incident.Encode(e)
		if err != nil {
			w.t.Fatal(err)
		}
		n := uint64(len(w.list) + 1)
		sum := sha256.Sum256(fmt.Appendf(nil, "%d/%d/%s", w.id, n, payload))
		w.list = append(w.list, state.Record{
			Seq: uint64(w.id)*1000 + n, Incident: w.id, N: n, Time: w.base.Add(time.Duration(minutes) * time.Minute), Kind: e.EventKind(), Payload: payload, Hash: hex.EncodeToString(sum[:]),
		})
	}
	return w
}

func (w *tape) records() iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		for _, r := range w.list {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (w *tape) read() *statuspage.Entry {
	w.t.Helper()
	e, err := statuspage.Read(w.id, w.records())
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// mainStory is a bad night, a maintenance to come, and what was before.
func mainStory(t *testing.T) []*statuspage.Entry {
	t.Helper()
	logins := newTape(t, 42, night, incident.Opened{Title: "Users DB corrupted on db1, payroll leaked", Type: "Database corruption", Severity: 1, Services: []string{"users", "ledger"}}).
		add(1, incident.Acknowledged{By: ana}, incident.ImpactSet{By: ana, Text: "42,113 rows of users are gone"}).
		add(15, incident.UpdateSent{By: bea, Number: 1, Text: "db1 lost its files; we restore from s3://backups", To: everybody, Public: "Logins fail for everybody\n\nSince 02:00 nobody can log in, and payments are delayed. We look into it.\nNext message by 02:30.", Status: incident.Investigating}).
		add(20, incident.StatusSet{By: ana, Status: incident.Identified}).
		add(30, incident.UpdateSent{By: bea, Number: 2, Text: "R7 is at step 6", To: everybody, Public: "We know the cause and restore the newest backup.", Status: incident.Identified}).
		add(34, incident.UpdateEdited{Number: 2, Version: 2, By: bea, To: []incident.Audience{incident.AudienceStatus}, Public: "We know the cause and restore the backup of 02:00. What was written after it has to be written again.\n\nPayments are not lost: they are kept and booked later."}).
		add(50, incident.UpdateSent{By: bea, Number: 3, Text: "internal only: ask legal", To: everybody[:2], Status: incident.Identified})
	search := newTape(t, 7, night.Add(-40*time.Hour), incident.Opened{Title: "elastic node 3 OOM", Severity: 3, Services: []string{"search"}}).
		add(5, incident.UpdateSent{By: ana, Number: 1, Text: "node 3", To: everybody, Public: "Search answers slowly.", Status: incident.Investigating}).
		add(65, incident.Resolved{By: ana, Summary: "restarted node 3", To: everybody[:2]}).
		add(80, incident.Reopened{By: ana, Reason: "node 3 again"}).
		add(130, incident.Resolved{By: ana, Summary: "heap raised", To: everybody, Public: "Search is as fast as it was."})
	planned := newTape(t, 43, night.Add(-10*time.Hour), incident.Opened{Title: "pg 16 to 17 on pay1", Type: "Scheduled maintenance", Severity: 4, Services: []string{"payments"}}).
		add(1, incident.WindowSet{By: ana, From: night.Add(44 * time.Hour), Until: night.Add(46 * time.Hour)}).
		add(2, incident.UpdateSent{By: ana, Number: 1, Text: "pg upgrade", To: everybody, Public: "Payments pause for up to ten minutes while we renew their database.", Status: incident.Investigating})
	old := newTape(t, 3, night.Add(-30*24*time.Hour), incident.Opened{Title: "cert expired", Severity: 2, Services: []string{"payments"}}).
		add(4, incident.UpdateSent{By: ana, Number: 1, Text: "cert", To: everybody, Public: "Card payments are refused.", Status: incident.Identified}).
		add(58, incident.Resolved{By: ana, Summary: "renewed", To: everybody, Public: "Card payments work again."})
	drill := newTape(t, 44, night, incident.Opened{Title: "drill", Severity: 1, Drill: true, Services: []string{"users"}}).
		add(1, incident.UpdateSent{By: ana, Number: 1, Text: "drill", To: everybody, Public: "This is a drill.", Status: incident.Investigating})
	var entries []*statuspage.Entry
	for _, w := range []*tape{logins, search, planned, old, drill} {
		if e := w.read(); e != nil {
			entries = append(entries, e)
		}
	}
	return entries
}
