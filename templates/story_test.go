package templates

import (
	"fmt"
	"time"

	"github.com/drbot/drbot/incident"
)

// The people and the run of UX.md's main story.
var (
	ana  = incident.Person{Key: "ana@example.com", Name: "Ana Ruiz", Slack: "U0ANA"}
	bea  = incident.Person{Key: "bea@example.com", Name: "Bea Ode", Slack: "U0BEA"}
	chen = incident.Person{Key: "chen@example.com", Name: "Chen Li", Slack: "U0CHEN"}
	eva  = incident.Person{Key: "eva@example.com", Name: "Eva Roy", Slack: "U0EVA"}
)

const restoreScript = `mkdir -p -- "$QUARANTINE"
mv -- "$DATA"/aragora_*.db* \
   "$QUARANTINE"/
cp -- "$BACKUP"/aragora_*.db "$DATA"
`

// story is an incident on its way; say applies an event at a time of day.
type story struct {
	*incident.Incident
	specs map[string]*incident.Spec
}

func at(clock string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", "2026-11-24 "+clock)
	if err != nil {
		t, err = time.Parse("2006-01-02 15:04", "2026-11-24 "+clock)
	}
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func (s *story) say(clock string, events ...incident.Event) *story {
	for _, e := range events {
		s.Apply(incident.Stamp{Seq: s.Seq + 1, N: s.N + 1, Time: at(clock)}, e)
	}
	return s
}

// copy lets a story go on in two ways.
func (s *story) copy() *story { return &story{Incident: s.Clone(), specs: s.specs} }

func checklist() []incident.Item {
	return []incident.Item{
		{ID: "c1", Phase: "Before", Text: "Incident declared"},
		{ID: "c2", Phase: "Before", Text: "Backup chosen"},
		{ID: "c3", Phase: "During recovery", Text: "Service stopped gracefully"},
		{ID: "c4", Phase: "During recovery", Text: "Damaged data preserved"},
		{ID: "c5", Phase: "During recovery", Text: "Backup restored"},
		{ID: "c6", Phase: "During recovery", Text: "Services started in order"},
		{ID: "c7", Phase: "During recovery", Text: "Database", Parent: "c6", Order: true},
		{ID: "c8", Phase: "During recovery", Text: "Cache", Parent: "c6", Order: true},
		{ID: "c9", Phase: "During recovery", Text: "Application", Parent: "c6", Order: true},
		{ID: "c10", Phase: "After", Text: "Users told"},
	}
}

func opening() *story {
	s := &story{Incident: incident.New(42), specs: map[string]*incident.Spec{}}
	return s.say("02:58", incident.Opened{
		By: ana, Title: "Users database corrupted", Type: "Database corruption", Severity: 1, Source: "PagerDuty #8812",
		Revision: "4f2c19aa77", Impact: "nobody can log in", Services: []string{"accounts", "debates"}, LowerFree: at("03:08"),
		Policy: incident.Policy{RespondBy: at("03:13"), UpdateEvery: 30 * time.Minute, UpdateDue: at("03:30")},
		RTO:    incident.Objective{Name: "Critical", Limit: time.Hour}, RPO: incident.Objective{Name: "User accounts", Limit: time.Hour},
		Checklist: checklist(),
	}, incident.ChannelBound{ID: "C42", Name: "inc-42-users-database"})
}

func identified() *story {
	return opening().say("03:01", incident.Acknowledged{By: ana}, incident.RoleTaken{By: ana, Role: incident.Commander, Who: ana}).
		say("03:02", incident.RoleTaken{By: ana, Role: incident.Communications, Who: eva}, incident.ItemDone{By: ana, Item: "c1"}).
		say("03:05", incident.StatusSet{By: ana, Status: incident.Identified})
}

// planned drafts R7 with its reads done.
func planned() *story {
	s := identified()
	step := func(n int, title string, risk incident.Risk, script string) incident.Step {
		spec := &incident.Spec{
			ID: fmt.Sprintf("p1.s%d", n), Title: title, Interpreter: "bash", Script: script, Target: "db1", Host: "local", Dir: "/srv/aragora", Timeout: 30 * time.Minute,
		}
		digest := incident.Digest([]byte(script + title))
		s.specs[digest] = spec
		return incident.Step{
			ID: spec.ID, Number: fmt.Sprintf("1.%d", n), Title: title, Risk: risk, Spec: digest, Script: incident.Digest([]byte(script)),
			Interpreter: "bash", Target: "db1", Timeout: spec.Timeout, Output: "channel",
		}
	}
	approve := func(st incident.Step) incident.Step {
		st.Need, st.From, st.Expires, st.StartWithin = 1, []incident.Right{incident.Approver}, 15*time.Minute, 10*time.Minute
		return st
	}
	stop := approve(step(2, "Stop the service", incident.Destructive, "./stop\n"))
	stop.Leaves = "service stopped; data files untouched"
	config := step(3, "Put the banner up", incident.Change, "./banner on\n")
	restore := approve(step(6, "Set the old files aside, put backup 02:00 in place", incident.Destructive, restoreScript))
	restore.Params, restore.Undo, restore.Lock = []string{"DATA", "BACKUP", "QUARANTINE"}, "p1.s6u", "db1:/srv/aragora"
	restore.Leaves = "service stopped; backup 02:00 in place; old files in quarantine/R7 (hashes kept)"
	s.specs[restore.Spec].Params = []incident.Param{
		{Name: "DATA", Label: "Data directory", Key: "DATA"}, {Name: "BACKUP", Label: "Backup", From: "list", Allowed: []string{"newest"}, Key: "BACKUP"},
		{Name: "QUARANTINE", Key: "QUARANTINE", From: "run.id"},
	}
	undo := step(6, "moves the old files back", incident.Destructive, "./back\n")
	undo.ID, undo.Number, undo.UndoOf = "p1.s6u", "1.6u", "p1.s6"
	compare := step(7, "Compare with the manifest", incident.Read, "./compare\n")
	compare.OnFailure = "undo"
	s.specs[compare.Spec].Expect = &incident.Expect{Stdout: "ok", Match: []string{"^integrity_check: ok$"}, Not: []string{"damaged"}, JSON: map[string]string{"rows": "2000"}}
	hand := incident.Step{ID: "p1.s8", Number: "1.8", Title: "Ask the hoster to lift the block", Manual: true, Why: "a person calls", Spec: "hand"}
	s.specs["hand"] = &incident.Spec{ID: "p1.s8", Title: hand.Title, Text: "Call the hoster.\nTell them the ticket's number."}
	s.say("03:06", incident.RunPlanned{
		Run: 7, By: ana, Procedure: "p1", Title: "Database recovery (SQLite)", Revision: "4f2c19aa77", Undos: []incident.Step{undo},
		Steps:  []incident.Step{step(1, "Assess damage", incident.Read, "./assess\n"), stop, config, restore, compare, hand},
		Values: map[string]string{"DATA": "/srv/aragora/.nomic", "BACKUP": "/srv/backups/20261124_020000", "QUARANTINE": "/srv/aragora/quarantine/R7"},
	}, incident.ReadsAsked{Run: 7, For: incident.ReadForPlan, Ask: 1})
	return s
}

func ready() *story {
	return planned().say("03:07", incident.ReadsDone{Run: 7, For: incident.ReadForPlan, Ask: 1})
}

func started(s *story, clock, step string, approval uint64) *story {
	attempt := "R7-" + step + "-1"
	return s.say(clock, incident.StepStarting{Run: 7, Step: step, Attempt: attempt, Approval: approval, Until: at(clock).Add(30 * time.Minute)},
		incident.StepStarted{Run: 7, Step: step, Attempt: attempt})
}

func ended(s *story, clock, step, last string) *story {
	return s.say(clock, incident.StepEnded{Run: 7, Step: step, Attempt: "R7-" + step + "-1", Outcome: incident.Succeeded, Last: last})
}

func asked(s *story, clock, step string, n uint64) *story {
	r := s.Run(7)
	st := r.Step(step)
	spec := s.specs[st.Spec]
	action, err := spec.Resolve(st.Params, r.Values, map[string]string{"files": "6"})
	if err != nil {
		panic(err)
	}
	return s.say(clock, incident.ApprovalAsked{
		Approval: n, Run: 7, Step: step, By: ana, Digest: action.Digest([]byte(spec.Script)), Action: action, Need: 1, From: st.From,
		Asked: []incident.Person{bea, chen}, Expires: at(clock).Add(15 * time.Minute), StartWithin: 10 * time.Minute,
		Facts: []incident.Fact{{Name: "loses", Value: "writes 02:00 to 02:57: 57 min"}, {Name: "backup", Value: "verified 02:05"}, {Name: "writers", Value: "0"}, {Name: "free", Value: "41 GB"}},
	})
}

func granted(s *story, clock string, n uint64) *story {
	return s.say(clock, incident.Approved{Approval: n, Run: 7, By: bea, StartBy: at(clock).Add(10 * time.Minute)})
}

// confirming waits at the step that the operator confirms.
func confirming() *story {
	s := ready().say("03:08", incident.RunStarted{Run: 7, By: ana})
	ended(started(s, "03:08", "p1.s1", 0), "03:08:04", "p1.s1", "reading\nusers: 14 damaged pages, debates: ok")
	granted(asked(s, "03:09", "p1.s2", 16), "03:10", 16)
	return ended(started(s, "03:10", "p1.s2", 16), "03:10:12", "p1.s2", "stopped")
}

// foreseen is a plan of which 1.6 is approved in advance, by the lock that accepting has.
func foreseen() *story {
	s := ready()
	r := s.Run(7)
	step := r.Step("p1.s6")
	step.Entry, step.Standing = "entry", &incident.Standing{Severity: []int{s.Severity}, For: 24 * time.Hour}
	return s
}

func accepting() *incident.House {
	s := ready().Run(7)
	return &incident.House{
		Runbook:  incident.LoadedRunbook{Digest: s.Revision, LockDigest: s.Lock},
		Accepted: map[string]incident.Acceptance{"entry": {By: bea, At: at("01:00")}},
	}
}

// waiting waits for A17.
func waiting() *story {
	s := confirming().say("03:11", incident.Confirmed{Run: 7, Step: "p1.s3", By: ana})
	ended(started(s, "03:11", "p1.s3", 0), "03:11:02", "p1.s3", "")
	return asked(s, "03:14", "p1.s6", 17)
}

func restoring() *story { return started(granted(waiting(), "03:16", 17), "03:16:04", "p1.s6", 17) }

func restored() *story { return ended(restoring(), "03:22", "p1.s6", "") }

func failing() *story {
	return started(restored(), "03:22", "p1.s7", 0).say("03:22:09", incident.StepEnded{
		Run: 7, Step: "p1.s7", Attempt: "R7-p1.s7-1", Outcome: incident.Failed, Why: "users 1,900, manifest says 2,000", Last: "integrity_check: ok\nusers: 1900",
	})
}

// takesBack is the plan of a run that undoes a step of R7, which has ended; another run came between.
func takesBack() *story {
	s := done()
	undo := s.Run(7).Undos[0]
	undo.UndoOf, undo.State = "p1.s6", incident.StepTodo
	return s.say("03:35", incident.RunPlanned{
		Run: 8, By: ana, Procedure: "p1", Title: "Undo 1.6 of R7", Revision: s.Run(7).Revision, Steps: []incident.Step{undo}, Values: s.Run(7).Values,
		Undoes: &incident.Undoes{Run: 7, Step: "p1.s6", Number: "1.6", Ended: at("03:22"), Since: []string{"R9 1.3 Rotate the log"}},
	})
}

func lost() *story {
	return restoring().say("03:18", incident.StepUnknown{Run: 7, Step: "p1.s6", Attempt: "R7-p1.s6-1", Why: "drbot restarted and the process is gone"})
}

func byHand() *story {
	return ended(started(restored(), "03:22", "p1.s7", 0), "03:23", "p1.s7", "2000 of 2000 rows").say("03:23", incident.HandAsked{Run: 7, Step: "p1.s8"})
}

func done() *story {
	return byHand().say("03:25", incident.StepByHand{Run: 7, Step: "p1.s8", By: ana, Did: "called", Saw: "block lifted"}, incident.RunEnded{Run: 7, How: incident.EndDone}).
		say("03:26", incident.ItemDone{By: incident.Bot, Item: "c5", How: "step 1.6 is done"}, incident.ItemExcused{By: ana, Item: "c4", Reason: "nothing was left to keep"},
			incident.UpdateSent{By: eva, Number: 1, Text: "Logins work again.", Next: "We watch it.", Due: at("03:56")})
}

func resolved() *story {
	return done().say("03:31", incident.Resolved{By: ana, Summary: "The users database is back from the 02:00 backup", RootCause: "under review", Reason: "the rest is for the review"},
		incident.ReviewOpened{Owner: ana, Tasks: []incident.Task{{Title: "Post the review", Due: at("03:31").Add(48 * time.Hour)}}})
}

func (s *story) facts() Facts {
	f := Facts{
		Now: s.Time, Specs: s.specs, Scripts: map[string]string{}, Approvers: []incident.Person{ana, bea, chen}, Operators: []incident.Person{ana},
		Host: "ops1", Backup: &Backup{At: at("02:00")}, Usual: map[string]Usual{"p1": {Took: 9 * time.Minute, Drills: 3}},
		History: map[string]History{incident.Digest([]byte(restoreScript)): {Times: 3, Last: time.Date(2026, 11, 12, 10, 0, 0, 0, time.UTC), Drill: true, Outcome: "ok", Took: 6 * time.Minute, Usual: 6 * time.Minute}},
		Contacts: []Contact{
			{Name: "Ana Ruiz", Key: ana.Key, Slack: ana.Slack, Phone: "+34 600 000 001", Roles: []string{"responder", "operator"}},
			{Name: "Bea Ode", Key: bea.Key, Slack: bea.Slack, Phone: "+34 600 000 002", Roles: []string{"responder", "approver"}},
			{Name: "Eva Roy", Key: eva.Key, Slack: eva.Slack, Roles: []string{"responder"}},
		},
		ChannelURL: "https://chat.example.com/C42",
	}
	for _, spec := range s.specs {
		f.Scripts[incident.Digest([]byte(spec.Script))] = spec.Script
	}
	return f
}
