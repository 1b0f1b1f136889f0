package commands_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
)

// office is commands on a real store, with a clock to push.
type office struct {
	*commands.Office
	t     testing.TB
	store *bolt.Store
	mu    sync.Mutex
	now   time.Time
	table *people.Table
	conf  commands.Config
	book  *runbook.Runbook
	keys  int
}

var staff = []people.Entry{
	{Name: "Ana Ruiz", Email: "ana@example.com", Slack: "U0ANA", Unix: "ana", Roles: []string{"responder", "operator"}},
	{Name: "Bea Ode", Email: "bea@example.com", Slack: "U0BEA", Unix: "bea", Roles: []string{"responder", "approver"}},
	{Name: "Chen Li", Email: "chen@example.com", Slack: "U0CHEN", Roles: []string{"approver", "admin"}},
	{Name: "Dev Rao", Email: "dev@example.com", Slack: "U0DEV", Unix: "dev", Roles: []string{"responder"}, Breaks: true},
}

func opened(t testing.TB) *office {
	t.Helper()
	o := &office{t: t, now: time.Date(2026, 11, 24, 2, 58, 0, 0, time.UTC), book: book()}
	store, err := bolt.Open(t.TempDir(), bolt.Options{Now: o.clock})
	if err != nil {
		t.Fatal(err)
	}
	o.store = store
	t.Cleanup(func() {
		if _, err := store.Verify(t.Context()); err != nil && t.Context().Err() == nil {
			t.Errorf("audit: %v", err)
		}
		_ = store.Close()
	})
	o.people(staff)
	o.conf = commands.Config{
		Incident: "incident", Recover: "recover", HouseID: "CHOUSE", RunAs: "drbot-run",
		Restricted: map[string]bool{"Insider case": true},
		Services:   map[string]commands.ServiceMapping{"postgres": {Tier: "Critical", Data: []string{"Accounts"}}, "wiki": {Tier: "Low", Data: []string{"Pages"}}},
	}
	o.Office = &commands.Office{
		Store: store, Flags: &people.Cache{},
		People:  func() *people.Table { return o.table },
		Runbook: func() *runbook.Runbook { return o.book },
		Config:  func() commands.Config { return o.conf },
	}
	for _, e := range staff {
		o.Flags.Put(e.Slack, people.Flags{Name: e.Name})
	}
	return o
}

func (o *office) clock() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.now
}

func (o *office) pass(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = o.now.Add(d)
}

func (o *office) people(entries []people.Entry) {
	o.t.Helper()
	table, err := people.New(entries)
	if err != nil {
		o.t.Fatal(err)
	}
	o.table = table
}

// book is a small runbook: severities, types, objectives and a checklist with an ordered list.
func book() *runbook.Runbook {
	return &runbook.Runbook{
		Title: "Test", Source: []byte("# Test"), Digest: incident.Digest([]byte("# Test")),
		Severities: []runbook.Severity{
			{Level: 1, ID: "SEV-1", Respond: 15 * time.Minute}, {Level: 2, ID: "SEV-2", Respond: time.Hour},
			{Level: 3, ID: "SEV-3", Respond: 4 * time.Hour}, {Level: 4, ID: "SEV-4", ResponseText: "next day"},
		},
		IncidentTypes: []runbook.IncidentType{
			{Name: "Database corruption", Severity: 1}, {Name: "Slow pages", Severity: 3}, {Name: "Data breach", Severity: 1},
			{Name: "Insider case", Severity: 2}, {Name: "Typo", Severity: 4},
		},
		RTO: []runbook.Objective{{Tier: "Low", Target: 24 * time.Hour}, {Tier: "Critical", Target: time.Hour}},
		RPO: []runbook.DataObjective{{Data: "Pages", Target: 12 * time.Hour}, {Data: "Accounts", Target: time.Hour}, {Data: "Sessions", Target: 5 * time.Minute}},
		Checklist: runbook.Checklist{Phases: []runbook.Phase{
			{Title: "Before", Items: []runbook.Item{{ID: "c1", Text: "Team told"}, {ID: "c2", Text: "Data set aside"}}},
			{Title: "During", Items: []runbook.Item{{ID: "c3", Text: "Back in order", Items: []runbook.Item{{ID: "c4", Text: "Database", List: "c4"}, {ID: "c5", Text: "Cache", List: "c4"}}}}},
		}},
		Review: runbook.Review{Deadlines: []runbook.Deadline{{Task: "Draft", After: 24 * time.Hour}, {Task: "Published", After: 48 * time.Hour}}},
	}
}

var (
	ana, bea, chen, dev = slack("U0ANA"), slack("U0BEA"), slack("U0CHEN"), slack("U0DEV")
	eva                 = commands.Actor{Slack: "U0EVA", Name: "Eva"} // a member whom the table does not know
)

func slack(id string) commands.Actor { return commands.Actor{Slack: id} }

// do hands a command in with a delivery key of its own.
func (o *office) do(c commands.Command) commands.Reply {
	o.t.Helper()
	if c.Keys == nil {
		o.keys++
		c.Keys, c.Keep = []string{"k/" + strconv.Itoa(o.keys)}, time.Hour
	}
	reply, err := o.Handle(o.t.Context(), c)
	if err != nil {
		o.t.Fatalf("%s %q: %v", c.Verb, c.Text, err)
	}
	return reply
}

// typed is a slash command typed in a channel.
func (o *office) typed(who commands.Actor, channel, line string) commands.Reply {
	o.t.Helper()
	group, text, _ := strings.Cut(strings.TrimPrefix(line, "/"), " ")
	c := commands.Parse(group, text)
	c.Actor, c.Channel = who, channel
	return o.do(c)
}

// begin opens an incident and gives it the channel C<id>.
func (o *office) begin(line string) (incident.ID, string) {
	o.t.Helper()
	reply := o.typed(ana, "CTALK", "/incident open "+line)
	if !reply.Done() || reply.ID == 0 {
		o.t.Fatalf("open %q: %+v", line, reply)
	}
	channel := fmt.Sprintf("C%d", reply.ID)
	o.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: commands.BindChannel{Incident: reply.ID, Channel: channel, Name: "inc", Private: o.read(reply.ID).Restricted}})
	return reply.ID, channel
}

func (o *office) read(id incident.ID) *incident.Incident {
	o.t.Helper()
	i, err := o.store.Incident(o.t.Context(), state.Ref{ID: id})
	if err != nil {
		o.t.Fatal(err)
	}
	return i
}

// records counts the records of an incident (0: the house) of some kinds; all of them without a kind.
func (o *office) records(id incident.ID, kinds ...string) int {
	o.t.Helper()
	n := 0
	for r, err := range o.store.Records(o.t.Context(), id, 0) {
		if err != nil {
			o.t.Fatal(err)
		}
		if len(kinds) == 0 || strings.Contains(strings.Join(kinds, " "), r.Kind) {
			n++
		}
	}
	return n
}

// all counts every record of every stream.
func (o *office) all() int {
	o.t.Helper()
	n := 0
	for _, err := range o.store.All(o.t.Context(), 0) {
		if err != nil {
			o.t.Fatal(err)
		}
		n++
	}
	return n
}

// refolded folds an incident's records from the first and compares with the stored fold, byte for byte (I52).
func (o *office) refolded(id incident.ID) error {
	stored, err := json.Marshal(o.read(id))
	if err != nil {
		return err
	}
	i := incident.New(id)
	for r, err := range o.store.Records(o.t.Context(), id, 0) {
		if err != nil {
			return err
		}
		e, err := r.Event()
		if err != nil {
			return err
		}
		i.Apply(r.Stamp(), e)
	}
	folded, err := json.Marshal(i)
	if err != nil {
		return err
	}
	if string(stored) != string(folded) {
		return fmt.Errorf("%s: stored\n%s\nfolded\n%s", id, stored, folded)
	}
	return nil
}
