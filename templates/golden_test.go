package templates

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
)

// structure is a message as JSON, every block and element with its kind.
func structure(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.MarshalIndent(kinded(reflect.ValueOf(v)), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func kinded(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return kinded(v.Elem())
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return string(v.Bytes())
		}
		list := []any{}
		for k := range v.Len() {
			list = append(list, kinded(v.Index(k)))
		}
		return list
	case reflect.Struct:
		if when, ok := v.Interface().(time.Time); ok {
			return when
		}
		m := map[string]any{"is": v.Type().Name()}
		if v.Type().Name() == "Span" {
			delete(m, "is")
		}
		for k := range v.NumField() {
			if f := v.Field(k); !f.IsZero() {
				m[v.Type().Field(k).Name] = kinded(f)
			}
		}
		return m
	}
	return v.Interface()
}

// cards are all messages in all their states.
func cards() map[string]Message {
	all := map[string]Message{}
	frozen := incident.NewHouse()
	frozen.Apply(incident.Stamp{Time: at("03:09")}, incident.Frozen{By: bea, Reason: "wrong host"})
	initial := Announced(identified().Incident, Facts{}, BuiltIn(Initial))

	add := func(name string, m Message) { all[name] = m }
	for name, s := range map[string]*story{
		"opened": opening(), "identified": identified(), "planned": ready(), "waiting": waiting(), "restoring": restoring(), "failed": failing(), "resolved": resolved(),
	} {
		add("card/"+name, Card(s.Incident, s.facts()))
	}
	bare := opening().Incident
	bare.Impact, bare.Services, bare.RTO, bare.RPO, bare.Type, bare.Source = "", nil, incident.Objective{}, incident.Objective{}, "", ""
	bare.Drill, bare.Channel.Lost = true, "archived by hand"
	bare.Parked = []incident.Parked{{Follower: "slack.say", Seq: 17, Why: "channel_not_found"}}
	add("card/bare", Card(bare, Facts{House: frozen, Degraded: []string{"PagerDuty not reachable since 03:05: paging prints phone numbers."}}))
	unwatched := identified().Incident
	unwatched.State, unwatched.LateSince, unwatched.Reopened = incident.StateTriage, at("03:30"), 1
	add("card/triage", Card(unwatched, Facts{}))
	add("card/alert", Card(alerted().Incident, Facts{}))
	add("announcement/triage", Announcement(alerted().Incident, Facts{}, ""))
	declined := alerted().say("03:04", incident.Declined{By: ana, Reason: "the probe is new"})
	add("card/declined", Card(declined.Incident, Facts{}))
	add("announcement/declined", Announcement(declined.Incident, Facts{}, ""))
	merged := alerted().say("03:04", incident.Merged{By: ana, Into: 41})
	add("card/merged", Card(merged.Incident, Facts{}))
	add("announcement/merged", Announcement(merged.Incident, Facts{}, ""))
	alarm := opening().say("03:04", incident.Resolved{By: ana, FalseAlarm: true, Reason: "the probe was wrong"}, incident.Closed{Why: "false alarm"})
	add("card/falsealarm", Card(alarm.Incident, alarm.facts()))
	add("resolution/falsealarm", Resolution(alarm.Incident, Facts{}))

	add("announcement/opened", Announcement(opening().Incident, opening().facts(), ""))
	add("announcement/initial", Announcement(identified().Incident, identified().facts(), initial))
	add("announcement/running", Announcement(restoring().Incident, restoring().facts(), Announced(restoring().Incident, Facts{}, BuiltIn(Initial))))
	add("announcement/resolved", Announcement(resolved().Incident, Facts{}, initial))
	add("announcement/falsealarm", Announcement(alarm.Incident, Facts{}, initial))
	secret := identified().Incident
	secret.Restricted = true
	add("announcement/restricted", Announcement(secret, Facts{}, initial))
	secret = secret.Clone()
	secret.Roles, secret.State, secret.Drill = nil, incident.StateResolved, true
	add("announcement/restrictedover", Announcement(secret, Facts{Approvers: []incident.Person{chen}}, initial))

	add("checklist/open", Checklist(identified().Incident))
	add("checklist/during", Checklist(waiting().Incident))
	assigned := done().say("03:27", incident.ItemAssigned{By: ana, Item: "c10", Who: eva}, incident.ItemDone{By: ana, Item: "c7"})
	add("checklist/after", Checklist(assigned.Incident))
	assigned.Runs = nil
	add("checklist/ordered", Checklist(assigned.say("03:28", incident.ItemDone{By: ana, Item: "c2"}).Incident))
	add("checklist/all", AllItems(assigned.Incident))
	long := opening()
	for n := range 60 {
		long.Checklist = append(long.Checklist, incident.Item{ID: fmt.Sprintf("c%d", n+11), Phase: "Before", Text: fmt.Sprintf("Item %d", n)})
	}
	add("checklist/long", Checklist(long.Incident))
	long.Checklist = []incident.Item{
		{ID: "c1", Phase: "During", Text: "Started again, one after the other, so that nothing writes into a file that is not there yet"},
		{ID: "c2", Phase: "During", Text: "Data files, with their leftovers removed and the owner of every file as it was", Parent: "c1", Order: true},
		{ID: "c3", Phase: "During", Text: "Service", Parent: "c1", Order: true},
		{ID: "c4", Phase: "During", Text: "Told"}, {ID: "c5", Phase: "During", Text: "Users, by the status page and by mail", Parent: "c4", Who: eva}, {ID: "c6", Phase: "During", Text: "Partners", Parent: "c4"},
		{ID: "c7", Phase: "During", Text: "A person signed in"},
	}
	add("checklist/nested", Checklist(long.Incident))
	long.Checklist = nil
	add("checklist/none", Checklist(long.Incident))
	boundCards(add)
	maintenanceCards(add)

	runCards(add, frozen)
	approvalCards(add)
	troubleCards(add)
	outputCards(add)
	handCards(add)
	promiseCards(add)
	houseCards(add, frozen)
	glassCards(add)
	handoverCards(add)
	checkCards(add)
	messageCards(add)
	publicCards(add)
	reviewCards(add)
	return all
}

func runCards(add func(string, Message), frozen *incident.House) {
	run := func(name string, s *story, change func(*Facts)) {
		f := s.facts()
		if change != nil {
			change(&f)
		}
		add("run/"+name, RunCard(s.Incident, s.Run(7), f))
	}
	run("reading", planned(), nil)
	run("plan", ready(), nil)
	listed := ready()
	listed.Run(7).Values["BACKUP"] = "newest"
	listed.Run(7).Choices = map[string][]incident.Choice{"BACKUP": {
		{Value: "b3", State: "rejected", TakenAt: at("02:50"), Note: "hash differs: users.db"}, {Value: "b4", State: "rejected", Note: "no manifest, so the copy was never finished"},
		{Value: "b2", State: "verified", TakenAt: at("02:00")}, {Value: "b1", State: "verified", TakenAt: at("01:00")},
	}}
	run("newest", listed, nil)
	unverified := listed.copy()
	unverified.Run(7).Values["BACKUP"], unverified.Run(7).Reasons = "b5", map[string]string{"BACKUP": "the newest that opens"}
	unverified.Run(7).Choices = map[string][]incident.Choice{"BACKUP": {{Value: "b5", State: "unverified", TakenAt: at("02:30")}}}
	run("unverified", unverified, nil)
	none := listed.copy()
	none.Run(7).Choices = map[string][]incident.Choice{"BACKUP": listed.Run(7).Choices["BACKUP"][:2]}
	run("nonewest", none, nil)
	asks := listed.copy()
	asks.Run(7).Asks = true
	run("asks", asks, nil)
	run("unread", planned().say("03:07", incident.ReadsDone{Run: 7, For: incident.ReadForPlan, Ask: 1, Failure: "db1: no such directory"}), nil)
	missing := ready()
	delete(missing.Run(7).Values, "BACKUP")
	run("missing", missing, func(f *Facts) { f.Approvers, f.Usual = nil, nil })
	easy := ready()
	for k := range easy.Run(7).Steps {
		easy.Run(7).Steps[k].Need = 0
	}
	run("noapprovals", easy, nil)
	run("confirm", confirming(), nil)
	run("confirmunknown", confirming(), func(f *Facts) { f.Specs = nil })
	huge := confirming()
	script := strings.Repeat("echo one more line\n", 60)
	s := huge.Run(7).Step("p1.s3")
	huge.specs = map[string]*incident.Spec{s.Spec: {Script: script}}
	s.Script = incident.Digest([]byte(script))
	run("confirmlong", huge, nil)
	run("confirmattached", huge, func(f *Facts) { f.Uploaded = map[string]bool{"R7/p1.s3": true} })
	run("waiting", waiting(), nil)
	run("foreseen", foreseen(), func(f *Facts) { f.House = accepting() })
	given := asked(foreseen(), "03:14", "p1.s6", 17).say("03:14", incident.StandingApproved{
		Approval: 17, Run: 7, Step: "p1.s6", By: bea, Accepted: at("01:00"), Entry: "entry", Severity: 1, StartBy: at("03:24"),
	})
	add("approval/standing", ApprovalCard(given.Incident, given.Approval(17), given.facts()))
	run("standing", ended(started(given, "03:14", "p1.s6", 17), "03:20", "p1.s6", ""), nil)
	run("approved", granted(waiting(), "03:16", 17), nil)
	run("restoring", restoring(), func(f *Facts) { f.Live = map[string]Tail{"R7/p1.s6": {At: at("03:19"), Line: "copied 1.2 of 3.1 GB"}} })
	run("frozen", granted(waiting(), "03:16", 17), func(f *Facts) { f.House = frozen })
	run("paused", waiting().say("03:15", incident.RunPaused{Run: 7, By: ana, Why: "by Ana Ruiz"}), nil)
	run("failed", failing(), nil)
	run("unknown", lost(), nil)
	run("hand", byHand(), nil)
	run("done", done(), nil)
	run("killed", restoring().say("03:22", incident.StepEnded{
		Run: 7, Step: "p1.s6", Attempt: "R7-p1.s6-1", Outcome: incident.Succeeded, Why: "ran, not verified", Survived: []string{"4711 bash", "4712 sleep"},
	}), nil)
	run("cancelling", restoring().say("03:17", incident.CancelAsked{Run: 7, By: ana, Reason: "wrong database"}), nil)
	run("cancelled", waiting().say("03:17", incident.CancelAsked{Run: 7, By: ana, Reason: "wrong database"}, incident.RunEnded{Run: 7, How: incident.EndCancelled, Why: "wrong database"}), nil)
	run("discarded", ready().say("03:17", incident.RunEnded{Run: 7, How: incident.EndDiscarded}), nil)
	undone := failing().say("03:24", incident.UndoPlanned{Run: 7, Step: "p1.s6", Undo: "p1.s6u", By: ana})
	run("undo", undone, nil)
	undo := takesBack()
	add("run/takesback", RunCard(undo.Incident, undo.Run(8), undo.facts()))
	back := takesBack().say("03:40", incident.RunStarted{Run: 8, By: ana}, incident.StepByHand{Run: 8, Step: "p1.s6u", By: ana, Saw: "the old files are back"}, incident.RunEnded{Run: 8, How: incident.EndDone})
	add("run/tookback", RunCard(back.Incident, back.Run(8), back.facts()))
	add("run/takenback", RunCard(back.Incident, back.Run(7), back.facts()))
	many := waiting()
	steps := many.Run(7).Steps
	for n := range 40 {
		st := steps[0]
		st.Number = fmt.Sprintf("1.%d", n+10)
		if n == 3 {
			st.State = incident.StepSkip
		}
		if n > 12 {
			st.State = incident.StepTodo
		}
		many.Run(7).Steps = slices.Insert(many.Run(7).Steps, n, st)
	}
	run("many", many, nil)
	reads := confirming().say("03:12", incident.StepSkipped{Run: 7, Step: "p1.s3", By: ana, Reason: "the banner is up"}, incident.ReadsAsked{Run: 7, Step: "p1.s6", For: incident.ReadForApproval, Ask: 2})
	run("skipped", reads, nil)
	add("card/reading", Card(reads.Incident, reads.facts()))
	add("card/confirm", Card(confirming().Incident, Facts{}))
	add("card/approved", Card(granted(waiting(), "03:16", 17).Incident, Facts{}))
	add("card/unknown", Card(lost().Incident, Facts{}))
	add("card/hand", Card(byHand().Incident, Facts{}))
	add("card/paused", Card(waiting().say("03:15", incident.RunPaused{Run: 7, By: ana, Why: "by Ana Ruiz"}).Incident, Facts{}))
	add("card/rundone", Card(done().Incident, Facts{}))
}

func approvalCards(add func(string, Message)) {
	card := func(name string, s *story, n uint64, change func(*Facts)) {
		f := s.facts()
		if change != nil {
			change(&f)
		}
		add("approval/"+name, ApprovalCard(s.Incident, s.Approval(n), f))
	}
	card("pending", waiting(), 17, nil)
	card("plain", confirming(), 16, func(f *Facts) { f.History = nil })
	first := asked(ready().say("03:08", incident.RunStarted{Run: 7, By: ana}), "03:09", "p1.s2", 16)
	first.Approval(16).Facts, first.Approval(16).Asked = nil, nil
	card("first", first, 16, nil)
	two := waiting()
	two.Approval(17).Need = 2
	card("halfway", two.say("03:15", incident.Approved{Approval: 17, Run: 7, By: bea}), 17, nil)
	typed := waiting()
	typed.Run(7).Step("p1.s6").Confirm = "target"
	card("typed", typed, 17, nil)
	card("notext", waiting(), 17, func(f *Facts) { f.Scripts = nil })
	card("granted", granted(waiting(), "03:16", 17), 17, nil)
	card("used", restoring(), 17, nil)
	card("denied", waiting().say("03:16", incident.Denied{Approval: 17, Run: 7, By: bea, Reason: "wrong backup"}), 17, nil)
	card("withdrawn", asked(waiting().say("03:17", incident.Withdrawn{Approval: 17, Run: 7, Why: "value changed"}), "03:17", "p1.s6", 18), 17, nil)
	pause := incident.RunPaused{Run: 7, By: incident.Bot, Why: "A17 ended and nobody decided"}
	card("expired", waiting().say("03:29", incident.Expired{Approval: 17, Run: 7}, pause), 17, nil)
	card("unused", granted(waiting(), "03:16", 17).say("03:26", incident.Expired{Approval: 17, Run: 7, Approved: true}, pause), 17, nil)
	for kind, why := range map[string]string{
		incident.StopDenied: "A17 was denied by Bea Ode: wrong backup", incident.StopTarget: "the target of step 1.6 is another than was declared: name was f, is evil",
		incident.StopRead: "reading the target failed: exit 1", incident.StopOperator: "step 1.6: Ana Ruiz is no operator any more",
		incident.StopAsk: "step 1.6: the right to approve was removed", incident.StopText: "step 1.6: what would run is not what A17 approved",
	} {
		s := waiting().say("03:16", incident.Withdrawn{Approval: 17, Run: 7, Why: why}, incident.RunPaused{
			Run: 7, By: incident.Bot, Why: why, Stop: &incident.Stop{N: 1, Step: "p1.s6", Kind: kind},
		})
		add("stopped/"+kind, Stopped(s.Incident, s.Run(7), s.Run(7).Step("p1.s6"), 1))
		s.say("03:17", incident.RunResumed{Run: 7, By: ana})
		add("stopped/over", Stopped(s.Incident, s.Run(7), s.Run(7).Step("p1.s6"), 1))
	}
	chosen := waiting()
	chosen.Approval(17).Facts = nil
	chosen.Run(7).Choices = map[string][]incident.Choice{"BACKUP": {{Value: "/srv/backups/20261124_020000", State: "verified", TakenAt: at("02:00")}}}
	chosen.Run(7).Undos = nil
	card("chosen", chosen, 17, nil)
	younger := chosen.copy()
	younger.Run(7).Choices = map[string][]incident.Choice{"BACKUP": {{Value: "/srv/backups/20261124_020000", State: "verified", TakenAt: at("03:10")}}}
	younger.RPO = incident.Objective{}
	card("younger", younger, 17, nil)
	undated := chosen.copy()
	undated.Run(7).Choices = map[string][]incident.Choice{"BACKUP": {{Value: "another", State: "verified", TakenAt: at("02:00")}}}
	card("undated", undated, 17, nil)
	uncounted := chosen.copy()
	uncounted.Run(7).Choices = nil
	bare := *chosen.specs[chosen.Run(7).Step("p1.s6").Spec]
	bare.Params = nil
	uncounted.specs = map[string]*incident.Spec{chosen.Run(7).Step("p1.s6").Spec: &bare}
	card("uncounted", uncounted, 17, nil)
	pruned := waiting()
	pruned.Runs = nil
	card("pruned", pruned, 17, nil)
	long := waiting()
	script := strings.Repeat("cp -- \"$BACKUP\"/one.db \"$DATA\"\n", 55)
	a := long.Approval(17)
	a.Action.Script = incident.Digest([]byte(script))
	a.Action.Server = &incident.Server{Kind: incident.Postgres, Host: "db1", Port: 5432, Database: "postgres", User: "drbot", Secret: "pg"}
	a.Action.ReadOnly = true
	a.Action.Secrets, a.Action.User, a.Action.Path, a.Action.KeepGoing, a.Action.Survivors = []string{"pg"}, "drbot-run", "/usr/bin:/bin", true, "keep"
	a.Action.Databases = []incident.Database{{Name: "users", File: "users.db", Write: true}, {Name: "debates", File: "debates.db"}}
	a.Action.Identity = map[string]string{}
	for n := range 12 {
		a.Action.Identity[fmt.Sprintf("mark%02d", n)] = strings.Repeat("x", 40)
	}
	a.Digest = a.Action.Digest([]byte(script))
	scripts := func(f *Facts) { f.Scripts = map[string]string{a.Action.Script: script} }
	card("long", long, 17, scripts)
	card("attached", long, 17, func(f *Facts) { scripts(f); f.Uploaded = map[string]bool{"A17": true} })
	drill := waiting()
	drill.Drill = true
	card("drill", drill, 17, nil)
	secret := waiting()
	secret.Restricted = true
	card("restricted", secret, 17, nil)
}

func troubleCards(add func(string, Message)) {
	step := func(s *story, id string) (*incident.Incident, *incident.Run, *incident.Step, Facts) {
		return s.Incident, s.Run(7), s.Run(7).Step(id), s.facts()
	}
	add("failure/undo", Failure(step(failing(), "p1.s7")))
	retry := failing()
	retry.Roles[incident.Commander] = chen
	retry.Run(7).Step("p1.s7").OnFailure = "retry"
	retry.Run(7).Step("p1.s7").Outcome, retry.Run(7).Step("p1.s7").Exit = incident.TimedOut, -1
	add("failure/retry", Failure(step(retry, "p1.s7")))
	none := started(granted(asked(ready().say("03:08", incident.RunStarted{Run: 7, By: ana}), "03:09", "p1.s2", 16), "03:10", 16), "03:10", "p1.s2", 16).
		say("03:11", incident.StepNotStarted{Run: 7, Step: "p1.s2", Attempt: "R7-p1.s2-1", Why: "bash: not found"})
	none.Run(7).Step("p1.s2").Last = "x"
	add("failure/notstarted", Failure(step(none, "p1.s2")))
	add("failure/over", Failure(step(failing().say("03:24", incident.StepSkipped{Run: 7, Step: "p1.s7", By: ana, Reason: "compared by eye"}), "p1.s7")))
	add("failure/again", Failure(step(failing().say("03:24", incident.StepSettled{Run: 7, Step: "p1.s7", By: ana, As: "again"}), "p1.s7")))
	add("failure/ended", Failure(step(failing().say("03:24", incident.RunEnded{Run: 7, How: incident.EndCancelled}), "p1.s7")))
	add("unknown/asks", Unknown(step(lost(), "p1.s6")))
	add("unknown/over", Unknown(step(lost().say("03:20", incident.StepByHand{Run: 7, Step: "p1.s6", By: ana, Saw: "all files are there"}), "p1.s6")))
	add("hand/asks", Hand(step(byHand(), "p1.s8")))
	add("hand/over", Hand(step(done(), "p1.s8")))
	add("warning/quiet", StepWarning(step(restoring(), "p1.s6")))
	i, r, s, f := step(restoring(), "p1.s6")
	f.Live = map[string]Tail{"R7/p1.s6": {At: at("03:40"), Line: "copied"}}
	i.Drill = true
	add("warning/writes", StepWarning(i, r, s, f))
	add("warning/over", StepWarning(step(restored(), "p1.s6")))
}

func promiseCards(add func(string, Message)) {
	i := restoring().Incident
	draft := Drafted{Text: "Restoring the users database from the 02:00 backup; step 6 of 9. Logins stay off.", ID: "0123456789ab"}
	asks := Promised{Number: i.Updates + 1, Due: i.UpdateDue}
	late := asks
	late.Missed = true
	missing := restoring().say("03:27", incident.DeadlineSpoken{Key: fmt.Sprintf("update/late/%d", i.UpdateDue.Unix()), Due: i.UpdateDue}).Incident
	add("update/reminder", Reminder(i, asks, draft))
	add("update/late", Reminder(missing, late, draft))
	add("update/reminderlate", Reminder(missing, asks, draft))
	night := missing.Clone()
	night.Time = night.Time.Add(20 * time.Hour)
	add("update/lateovernight", Reminder(night, late, draft))
	down := late
	down.Late = 40 * time.Minute
	add("update/latedown", Reminder(missing, down, draft))
	caught := missing.Clone()
	caught.Updates++
	add("update/latesent", Reminder(caught, late, draft))
	moved := missing.Clone()
	moved.UpdateDue = at("04:10")
	add("update/latemoved", Reminder(moved, late, draft))
	add("update/moved", Reminder(moved, asks, draft))
	moved.UpdateEvery, moved.UpdateDue = 0, time.Time{}
	add("update/unpromised", Reminder(moved, late, draft))
	ended := missing.Clone()
	ended.State = incident.StateResolved
	add("update/lateresolved", Reminder(ended, late, draft))
	add("update/sent", Update(i, incident.UpdateSent{By: eva, Number: 2, Text: "Restoring the users database.\nLogins stay off.", Next: "Compare with the manifest.", Due: at("04:00")}))
	add("update/last", Update(i, incident.UpdateSent{By: eva, Number: 3, Text: "Over.", Late: true}))
	onCall := []incident.Person{ana, bea, chen}
	o := opening().Incident
	for _, percent := range []int{50, 80, 100} {
		add(fmt.Sprintf("answer/%d", percent), Answer(o, Called{Percent: percent, By: o.RespondBy}, onCall))
	}
	add("answer/down", Answer(o, Called{Percent: 100, By: o.RespondBy, Late: 5 * time.Minute}, nil))
	add("answer/answered", Answer(i, Called{Percent: 100, By: i.RespondBy}, onCall))
	add("answer/unanswered", Answer(opening().say("03:04", incident.Resolved{By: ana, FalseAlarm: true, Reason: "x"}).Incident, Called{Percent: 50, By: o.RespondBy}, onCall))
	add("answer/otherwise", Answer(o, Called{Percent: 50, By: at("04:44")}, onCall))
	pageCards(add)
	add("severity/up", Severity(o, incident.SeveritySet{By: ana, From: 2, To: 1, Reason: "all logins fail", Policy: incident.Policy{RespondBy: at("03:13"), UpdateEvery: 15 * time.Minute}}))
	add("severity/down", Severity(i, incident.SeveritySet{By: ana, From: 1, To: 4}))
	add("welcome", Welcome(i, Facts{}))
	f := resolved().facts()
	f.Head, f.Saved = "1234:77ab01c4d5e6", &Saved{Backup: "20261124_020000", TakenAt: at("02:00"), Lost: 57 * time.Minute, By: "1.7", Counts: []incident.Count{{Label: "Users in it", Number: "2000"}}}
	add("resolution/met", Resolution(resolved().Incident, f))
	f.Uploaded = map[string]bool{"review": true}
	add("resolution/drafted", Resolution(resolved().Incident, f))
	add("resolution/reopened", Undone(resolved().Incident, incident.Reopened{By: bea, Reason: "logins fail again"}, at("03:50"), f))
	add("resolution/review", ReviewReady(resolved().Incident))
	missed := resolved().Incident
	missed.RTO.Limit, missed.DataImpact = 20*time.Minute, "no row is missing"
	missed.Run(7).Steps[2].State = incident.StepSkip
	add("resolution/missed", Resolution(missed, Facts{}))
	plain := opening().say("03:04", incident.Resolved{By: ana}, incident.ReviewOpened{Owner: ana})
	plain.RTO = incident.Objective{}
	add("resolution/plain", Resolution(plain.Incident, Facts{}))
	timed := resolved().Incident
	timed.RTO = incident.Objective{}
	add("resolution/phases", Resolution(timed, Facts{}))
}

func houseCards(add func(string, Message), frozen *incident.House) {
	add("house/frozen", Frozen(incident.Frozen{By: bea, Reason: "wrong host"}, Facts{Commands: Commands{Incident: "inc", Recover: "rec"}}))
	add("house/thawed", Thawed(incident.Thawed{By: eva, Reason: "right host"}, nil))
	add("house/thawed-held", Thawed(incident.Thawed{By: eva, Reason: "right host"}, granted(waiting(), "03:16", 17).Run(7)))
	add("approval/broken-frozen", Kept(Broken(broken().Incident, broken().event(), false), Facts{House: frozen}))
	add("house/people", PeopleChanged(incident.PeopleChanged{Changes: []string{"Dev Nul is new: responder", "Bea Ode: approver, was approver, admin"}}))
	add("house/head", Head(4711, "77ab01c4d5e6"))
	add("house/away", Away(waiting().Incident, at("03:05"), at("03:22"), []string{"A17 approved by Bea Ode 03:16", "R7 paused by Ana Ruiz 03:17"}))
	add("house/awayquiet", Away(waiting().Incident, at("03:05"), at("03:22"), nil))
	entry := LockEntry{Number: "1.6", Title: "Restore", Interpreter: "bash", Target: "db1", Risk: "destructive", Script: restoreScript}
	offer := LockOffer{Digest: "4f2c19aa770000", Loader: ana, At: at("02:00"), Difference: []string{"1.6 Restore · destructive, bash on db1, 1 approver"}, Entries: []LockEntry{entry}}
	offer.Difference = append(offer.Difference, "New target db1: local, ./service, drills allowed")
	offer.Targets = []LockTarget{{Name: "db1", Words: "local, ./service, drills allowed", Path: "/usr/bin:/bin", Probe: "printf 'host=%s\\n' \"$(uname -n)\"\n"}}
	add("lock/asks", LockCard(offer, Facts{}))
	accepted := offer
	accepted.AcceptedBy, accepted.AcceptedAt, accepted.Loader = bea, at("02:10"), incident.Person{}
	add("lock/accepted", LockCard(accepted, Facts{}))
	replaced := offer
	replaced.Replaced, replaced.Entries = true, nil
	add("lock/replaced", LockCard(replaced, Facts{}))
	for range 12 {
		offer.Entries = append(offer.Entries, entry)
		offer.Difference = append(offer.Difference, "1.6 Restore: command changed, risk stays destructive", "1.7 Compare · new: read, bash on db1")
	}
	add("lock/long", LockCard(offer, Facts{}))
	add("lock/attached", LockCard(offer, Facts{Uploaded: map[string]bool{LockKey(offer.Digest): true}}))
	h := HomeFacts{
		Facts: Facts{House: frozen, Now: at("03:20")}, Me: Contact{Name: "Bea Ode", Key: bea.Key, Roles: []string{"responder", "approver"}},
		Waiting: []HomeWaiting{{Text: "A17 step 1.6 on db1, asked by Ana Ruiz", Ends: at("03:29"), URL: "https://chat.example.com/A17"}},
		Open: []HomeIncident{
			{Summary: waiting().Summarise(), You: []string{"commander"}, URL: "https://chat.example.com/C42"},
			{Summary: incident.Summary{ID: 43, State: incident.StateOpen, Restricted: true}},
		},
		Tasks: []HomeTask{{Title: "INC-39 · t1 Timeline written", Due: at("02:00")}, {Title: "INC-39 · a1 Alert when a backup is old", Due: at("10:00"), Status: "blocked"}, {Title: "INC-39 · a2 Test it"}}, Links: []string{"Slack ok", "PagerDuty ok, last webhook 03:12"},
		Record: "ok", Runbook: "4f2c19aa77", Changed: 1,
	}
	add("home/busy", Home(h))
	planned := maintained42()
	add("home/maintenance", Home(HomeFacts{Record: "ok", Open: []HomeIncident{{Summary: planned.Summarise()}}}))
	add("home/stranger", Home(HomeFacts{Record: "ok"}))
}

// TestCards compares every message in every state with its golden, once as people read it and once as its structure,
// and then that no sentence of a card goes unsaid in all of them.
func TestCards(t *testing.T) {
	for name, m := range cards() {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(Text(m), "(sentence ") {
				t.Fatalf("a sentence failed:\n%s", Text(m))
			}
			golden(t, "cards/"+name+".txt", "text: "+m.Text+"\n\n"+Text(m))
			golden(t, "cards/"+name+".json", structure(t, m))
			checkLimits(t, m)
		})
	}
}
