package commands_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/templates"
)

func buttonsOf(r commands.Reply) []templates.Button {
	var list []templates.Button
	for _, b := range r.Say.Blocks {
		if actions, ok := b.(templates.Actions); ok {
			for _, e := range actions.Elements {
				if button, ok := e.(templates.Button); ok {
					list = append(list, button)
				}
			}
		}
	}
	return list
}

func TestI7_TypedTextOnlySelects(t *testing.T) {
	for _, line := range []string{"$(reboot)", "; rm -rf /", "`id`", "<!channel>", "start now", "what ever", "pin x", "outcome x", "\x00\x01", strings.Repeat("a", 9000)} {
		for _, group := range []string{"incident", "recover"} {
			c := commands.Parse(group, line)
			if v := commands.Find(c.Verb); v == nil || c.Outcome != nil || c.Object != "" {
				t.Errorf("%q became %+v", line, c)
			}
			if c.Verb == "incident pin" || c.Verb == "outcome" || strings.HasPrefix(c.Verb, "recover") && c.Verb != "recover plan" && c.Verb != "recover start" {
				t.Errorf("%q reached %s", line, c.Verb)
			}
		}
	}
	o := opened(t)
	reply := o.typed(eva, "CTALK", "/incident open $(touch /tmp/x) `id` <!channel>")
	if i := o.read(reply.ID); i.Title != "$(touch /tmp/x) `id` <!channel>" {
		t.Errorf("the title changed: %q", i.Title)
	}
}

// TestI9_I14_StrangersChangeNothing: guests, bots, people of other workspaces, unproved terminals and forged actors
// leave no record; full members whom nobody knows may open and note, and nothing else.
func TestI9_I14_StrangersChangeNothing(t *testing.T) {
	o := opened(t)
	_, channel := o.begin("users db is gone")
	o.Flags.Put("U0GUEST", people.Flags{Guest: true})
	o.Flags.Put("U0GONE", people.Flags{Deactivated: true})
	o.Flags.Put("U0BOT", people.Flags{Bot: true})
	o.Flags.Put("U0FAR", people.Flags{Foreign: true})
	strangers := []commands.Actor{
		{}, slack("U0GUEST"), slack("U0GONE"), slack("U0BOT"), slack("U0FAR"), {Slack: "U0ANA", Foreign: true},
		{Unix: "root"}, {Unix: "drbot"}, {SSH: "ssh-ed25519 AAAA stranger"}, {Unix: "ana@example.com"}, {Name: "Ana Ruiz"},
	}
	before := o.all()
	for _, verb := range commands.Table {
		for _, who := range strangers {
			reply := o.do(commands.Command{Verb: verb.Full(), Text: "1 x", Channel: channel, Actor: who})
			if reply.Kind != incident.Unknown {
				t.Errorf("%s by %+v: %+v", verb.Full(), who, reply)
			}
		}
		root := o.do(commands.Command{Verb: verb.Full(), Object: "1", Text: "1 x", Actor: commands.Actor{Unix: "root", Terminal: true}})
		if reads := verb.Reads && verb.May == incident.Everyone; root.Done() && !reads || !reads && root.Kind != incident.Unknown {
			t.Errorf("%s by root at the terminal: %+v", verb.Full(), root)
		}
		if verb.May != incident.Everyone {
			if reply := o.do(commands.Command{Verb: verb.Full(), Object: "1", Text: "1 x", Channel: channel, Actor: eva}); reply.Done() || reply.Kind == "" {
				t.Errorf("%s by a member without a line in drbot.yaml: %+v", verb.Full(), reply)
			}
		}
	}
	if after := o.all(); after != before {
		t.Errorf("%d records more", after-before)
	}
	o.Flags.Put("U0ANA", people.Flags{Deactivated: true})
	if reply := o.typed(ana, channel, "/incident severity 2"); reply.Kind != incident.Unknown {
		t.Errorf("deactivated: %+v", reply)
	}
}

func TestI10_RightsAreReadInTheTransaction(t *testing.T) {
	o := opened(t)
	_, channel := o.begin("users db is gone")
	entries := slices.Clone(staff)
	entries[3].Roles = nil
	o.people(entries)
	if reply := o.typed(dev, channel, "/incident ack"); reply.Kind != incident.NotAllowed {
		t.Errorf("%+v", reply)
	}
}

// TestI15_LocksOnlyInTheHouseChannel and I5: by an approver who did not load it.
func TestI5_I15_LocksOnlyInTheHouseChannel(t *testing.T) {
	o := opened(t)
	lock, err := runbook.ReadLock([]byte(lockText))
	if err != nil {
		t.Fatal(err)
	}
	o.book.Lock, o.book.LockSource, o.book.LockDigest = lock, []byte(lockText), incident.Digest([]byte(lockText))
	loader := incident.Person{Key: "bea@example.com", Name: "Bea Ode"}
	o.outcome(commands.RunbookLoaded{Runbook: o.book, Loader: loader})
	accept := func(who commands.Actor, channel, object string) commands.Reply {
		return o.do(commands.Command{Verb: "runbook accept", Object: object, Channel: channel, Actor: who})
	}
	digest := o.book.LockDigest
	for _, c := range []struct {
		who             commands.Actor
		channel, object string
		kind            incident.Kind
	}{
		{chen, "CTALK", digest, incident.NotAllowed},
		{chen, "", digest, incident.NotAllowed},
		{ana, "CHOUSE", digest, incident.NotAllowed},
		{bea, "CHOUSE", digest, incident.NotAllowed}, // she loaded it
		{commands.Actor{Unix: "bea"}, "", digest, incident.NotAllowed},
		{chen, "CHOUSE", strings.Repeat("0", 64), incident.TooLate},
	} {
		if reply := accept(c.who, c.channel, c.object); reply.Kind != c.kind {
			t.Errorf("%+v in %q: %+v", c.who, c.channel, reply)
		}
	}
	if n := o.records(0, "Refused"); n != 6 {
		t.Errorf("%d refusals are recorded, want 6 (I42)", n)
	}
	if reply := accept(chen, "CHOUSE", digest); reply.Say.Text != "1 entry of lock "+digest[:8]+" may run." {
		t.Errorf("%+v", reply)
	}
	house, err := o.store.House(t.Context())
	if err != nil || len(house.Open()) != 0 {
		t.Errorf("%v %v", house.Open(), err)
	}
	if n := o.records(0, "LockAccepted"); n != 1 {
		t.Errorf("%d acceptances", n)
	}
	o.outcome(commands.RunbookLoaded{Runbook: o.book, Loader: loader})
	if n := o.records(0, "RunbookLoaded"); n != 1 {
		t.Errorf("the same runbook was recorded %d times", n)
	}
	for _, digest := range []string{o.book.Digest, o.book.LockDigest} {
		if _, err := o.store.Blob(t.Context(), digest); err != nil {
			t.Errorf("bytes of %.8s are not kept: %v", digest, err)
		}
	}
	next := *o.book
	changed := strings.Replace(lockText, "risk: read", "risk: destructive", 1)
	if next.Lock, err = runbook.ReadLock([]byte(changed)); err != nil {
		t.Fatal(err)
	}
	next.LockSource, next.LockDigest = []byte(changed), incident.Digest([]byte(changed))
	o.outcome(commands.RunbookLoaded{Runbook: &next})
	var words []string
	for r, err := range o.store.Records(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e, err := r.Event(); err == nil && r.Kind == "RunbookLoaded" {
			words = e.(incident.RunbookLoaded).Difference
		}
	}
	if len(words) != 1 || !strings.HasPrefix(words[0], "Look (p1.s1): risk read -> destructive, approvals none -> 1") {
		t.Errorf("the difference in words: %q", words)
	}
}

const lockText = `format: 1
targets:
  db1: {host: local, dir: /srv/app, lock: "db1:/srv/app"}
steps:
  - id: p1.s1
    procedure: p1
    title: Look
    source_sha256: 3b9c358f36f0a31b6ad3e14f309c7cf198ac9246e8316f9ce543d5b19ac02b80
    run: "true\n"
    sha256: a17fcf0a2f50e2d495e4f90ce263410edc183add6c62699a2facbccf60410f74
    interpreter: bash
    target: db1
    risk: read
`

// TestI5_TheDifferenceNamesStepsAsPeopleDo: the first lock is no change of anything, and an entry whose step has moved goes by
// the number that it has now.
func TestI5_TheDifferenceNamesStepsAsPeopleDo(t *testing.T) {
	load := func(o *office, markdown string, before *runbook.Lock) (incident.RunbookLoaded, *runbook.Lock) {
		t.Helper()
		book, err := runbook.Parse([]byte(markdown), nil)
		if err != nil {
			t.Fatal(err)
		}
		lock, _ := runbook.Compile(book, before)
		if book, err = book.Join(lock.Marshal(), "/srv"); err != nil {
			t.Fatal(err)
		}
		o.outcome(commands.RunbookLoaded{Runbook: book})
		var last incident.RunbookLoaded
		for r, err := range o.store.Records(t.Context(), 0, 0) {
			if err != nil {
				t.Fatal(err)
			}
			if e, err := r.Event(); err == nil && r.Kind == "RunbookLoaded" {
				last = e.(incident.RunbookLoaded)
			}
		}
		return last, lock
	}
	o := opened(t)
	step := func(n int, title, run string) string {
		return fmt.Sprintf("%d. **%s**\n   ```bash\n   %s\n   ```\n", n, title, run)
	}
	head := "# Small\n\n## Procedure 1: First\n\n"
	one := head + step(1, "Look", "ls") + step(2, "Clear the files", "rm -rf files")
	first, lock := load(o, one, &runbook.Lock{Format: 1, Targets: map[string]runbook.Target{"db1": {Dir: "./service", Probe: "true\n", Drill: true}}})
	want := []string{
		"New target db1: local, ./service, drills allowed", "1.1 Look · read, bash on db1", "1.2 Clear the files · destructive, bash on db1, 1 approver",
	}
	if !slices.Equal(first.Difference, want) || len(first.Numbers) != 0 {
		t.Errorf("%q %v", first.Difference, first.Numbers)
	}
	two := head + step(1, "Ask", "id") + step(2, "Look", "ls") + step(3, "Clear the files", "rm -rf -- files")
	second, _ := load(o, two, lock)
	if len(second.Difference) != 3 || second.Numbers["p1.s2"] != "1.3" || second.Numbers["p1.s3"] != "1.1" ||
		second.Difference[0] != "1.2 Look: moved: first -> after p1.s3 Ask" ||
		!strings.HasPrefix(second.Difference[1], "1.3 Clear the files: command changed, risk stays destructive") ||
		second.Difference[2] != "1.1 Ask · new: read, bash on db1" {
		t.Errorf("%q %v", second.Difference, second.Numbers)
	}
}

func TestI57_NoDecisionAtATerminalThatStepsReach(t *testing.T) {
	o := opened(t)
	o.conf.RunAs = ""
	if reply := o.do(commands.Command{Verb: "runbook accept", Actor: commands.Actor{Unix: "bea"}}); reply.Kind != incident.NotAllowed || !strings.Contains(reply.Say.Text, "runner.user") {
		t.Errorf("%+v", reply)
	}
}

func TestI17_ChangesOfPeopleAreSaid(t *testing.T) {
	o := opened(t)
	o.outcome(commands.ConfigLoaded{Digest: "d1", By: incident.Bot})
	o.outcome(commands.ConfigLoaded{Digest: "d1", By: incident.Bot})
	if n := o.records(0, "ConfigLoaded", "PeopleChanged"); n != 2 {
		t.Fatalf("%d records", n)
	}
	entries := slices.Clone(staff)
	entries[3].Roles = []string{"responder", "approver"}
	o.people(entries[1:])
	o.outcome(commands.ConfigLoaded{Digest: "d2", By: incident.Bot})
	var said []string
	for r, err := range o.store.Records(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e, err := r.Event(); err == nil && r.Kind == "PeopleChanged" {
			said = e.(incident.PeopleChanged).Changes
		}
	}
	if want := []string{"Ana Ruiz is gone, was operator, responder", "Dev Rao: approver, responder, may break the glass, was responder, may break the glass"}; !slices.Equal(said, want) {
		t.Errorf("%q", said)
	}
}

func TestI42_RefusalsOfKnownPeopleAreRecorded(t *testing.T) {
	o := opened(t)
	id, channel := o.begin("users db is gone")
	before := o.records(id)
	c := commands.Command{Verb: "incident requeue", Text: "5", Channel: channel, Actor: dev, Keys: []string{"once"}, Keep: time.Hour}
	first, second := o.do(c), o.do(c)
	if first.Kind != incident.NotAllowed || second.Kind != first.Kind || second.Say.Text != first.Say.Text || !second.Again {
		t.Errorf("%+v\n%+v", first, second)
	}
	if n := o.records(id, "Refused"); n != 1 {
		t.Errorf("%d refusals", n)
	}
	o.typed(ana, channel, "/incident severity 9")
	o.typed(eva, channel, "/incident ack")
	if n := o.records(id); n != before+1 {
		t.Errorf("bad input or an unknown person was recorded: %d", n-before)
	}
}

// TestI46_I47_TheSameDeliveryOnce: in any interleaving, one effect and the same answer.
func TestI46_I47_TheSameDeliveryOnce(t *testing.T) {
	o := opened(t)
	id, channel := o.begin("users db is gone")
	for _, line := range []string{"open another", "note hello", "severity 2", "ack", "update we are on it", "status identified", "checklist c1 done", "role scribe @bea"} {
		c := commands.Parse("incident", line)
		c.Actor, c.Channel, c.Keys, c.Keep = ana, channel, []string{"same/" + line, "same2/" + line}, time.Hour
		before := o.all()
		replies := make([]commands.Reply, 8)
		var wg sync.WaitGroup
		for k := range replies {
			wg.Go(func() {
				reply, err := o.Handle(t.Context(), c)
				if err != nil {
					t.Error(err)
				}
				replies[k] = reply
			})
		}
		wg.Wait()
		fresh := 0
		for _, r := range replies {
			if !r.Again {
				fresh++
			}
			if r.Say.Text != replies[0].Say.Text || r.ID != replies[0].ID || r.Seq != replies[0].Seq || !r.Done() {
				t.Errorf("%s: %+v\n%+v", line, r, replies[0])
			}
		}
		if grown := o.all() - before; fresh != 1 || grown < 1 || grown > 2 {
			t.Errorf("%s: %d deliveries decided, %d records", line, fresh, grown)
		}
		o.pass(time.Minute)
		c.Keys = c.Keys[1:]
		if r := o.do(c); !r.Again || r.Say.Text != replies[0].Say.Text {
			t.Errorf("%s later: %+v", line, r)
		}
	}
	if err := o.refolded(id); err != nil {
		t.Error(err)
	}
}

func (o *office) outcome(x any) commands.Reply {
	o.t.Helper()
	return o.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: x})
}

// TestI56_RestrictedIsANumber: nobody outside reads more than the number, by any verb, list or home.
func TestI56_RestrictedIsANumber(t *testing.T) {
	o := opened(t)
	id, channel := o.begin("Data breach: SECRETTITLE")
	o.typed(ana, channel, "/incident impact SECRETIMPACT")
	leaks := func(what string, r commands.Reply) {
		t.Helper()
		if text := dump(r); strings.Contains(text, "SECRET") {
			t.Errorf("%s leaks: %s", what, text)
		}
	}
	for _, verb := range commands.Table {
		if verb.Scope != commands.OfIncident && verb.Scope != commands.InChannel {
			continue
		}
		for _, who := range []commands.Actor{dev, eva, bea} {
			for _, text := range []string{"", "1 x", "c1 done"} {
				reply := o.do(commands.Command{Verb: verb.Full(), Object: "1", Text: text, Channel: "CTALK", Actor: who})
				if reply.Done() && reply.Form == nil {
					t.Errorf("%s by %s passed: %+v", verb.Full(), who.Slack, reply)
				}
				leaks(verb.Full(), reply)
			}
		}
	}
	leaks("list", o.typed(dev, "CTALK", "/incident list"))
	leaks("elsewhere", o.typed(dev, "CTALK", "/incident ack"))
	list := o.do(commands.Command{Verb: "incident list", Actor: commands.Actor{Unix: "bea"}})
	leaks("list at the terminal", list)
	home, err := o.Home(t.Context(), bea)
	if err != nil {
		t.Fatal(err)
	}
	leaks("home", commands.Reply{Data: home})
	leaks("root", o.do(commands.Command{Verb: "incident show", Object: "1", Actor: commands.Actor{Unix: "root", Terminal: true}}))
	leaks("root's list", o.do(commands.Command{Verb: "incident list", Actor: commands.Actor{Terminal: true}}))
	for _, who := range []commands.Actor{dev, eva} {
		if reply := o.do(commands.Command{Verb: "incident show", Channel: channel, Actor: who}); !strings.Contains(dump(reply), "SECRETTITLE") {
			t.Errorf("in its own channel: %+v", reply)
		}
	}
	if reply := o.do(commands.Command{Verb: "incident show", Object: "1", Actor: commands.Actor{Unix: "ana"}}); !strings.Contains(dump(reply), "SECRETTITLE") {
		t.Errorf("its opener at the terminal: %+v", reply)
	}
	o.typed(ana, channel, "/incident role scribe @bea")
	for _, in := range []bool{true, false} { // a role ends with the channel
		o.members(id, channel, in)
		if reply := o.do(commands.Command{Verb: "incident show", Object: "1", Actor: commands.Actor{Unix: "bea"}}); strings.Contains(dump(reply), "SECRETTITLE") != in {
			t.Errorf("the scribe, in the channel %v: %+v", in, reply)
		}
	}
	if !o.read(id).Restricted {
		t.Error("not restricted")
	}
}

func TestI54_AClockSetBackEndsApprovals(t *testing.T) {
	o := opened(t)
	o.begin("users db is gone")
	o.outcome(commands.ClockStepped{Back: 5 * time.Second})
	o.outcome(commands.AttemptFound{Attempt: "a1"})
	o.outcome(commands.AttemptFound{Attempt: "a1"})
	o.outcome(commands.HeadPosted{Seq: 3, Hash: "h", Where: "house"})
	if o.records(0, "ClockStepped") != 1 || o.records(0, "AttemptFound") != 1 || o.records(0, "HeadPosted") != 1 {
		t.Error("house outcomes")
	}
}

func TestOutcomes_AreHarmlessTwice(t *testing.T) {
	o := opened(t)
	id, channel := o.begin("users db is gone")
	other, _ := o.begin("another")
	steal := commands.BindChannel{Incident: other, Channel: channel, Name: "stolen"}
	refusal := (*incident.Refusal)(nil)
	if _, err := o.Handle(t.Context(), commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: steal}); !errors.As(err, &refusal) {
		t.Errorf("a channel was taken from its incident: %v", err)
	}
	before := o.records(id)
	o.pass(16 * time.Minute)
	for _, x := range []any{
		commands.BindChannel{Incident: id, Channel: channel, Name: "inc"}, commands.ParkDelivery{Incident: id, Follower: "slack.say", Seq: 3, Why: "no"},
		commands.Tick{Incident: id}, commands.LoseChannel{Incident: id, Channel: channel, Why: "archived"},
	} {
		o.outcome(x)
		o.outcome(x)
	}
	if n := o.records(id) - before; n != 4 && n != 5 {
		t.Errorf("%d records", n)
	}
	if reply := o.typed(chen, channel, "/incident requeue"); !strings.Contains(reply.Say.Text, "3 · slack.say") {
		t.Errorf("%+v", reply)
	}
	if reply := o.typed(chen, channel, "/incident requeue 3"); !reply.Done() || len(o.read(id).Parked) != 0 {
		t.Errorf("%+v", reply)
	}
}
