package commands_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
)

// history replays the record of one incident and holds every start against what must be true of it.
type history struct {
	fold     *incident.Incident
	seen     uint64
	attempts map[string]bool
	used     map[uint64]bool // approvals that started something
}

// follow reads what came since, and says what is wrong.
func (h *history) follow(r *rig, frozen bool) error {
	for record, err := range r.store.Records(r.t.Context(), r.id, h.seen) {
		if err != nil {
			return err
		}
		e, err := record.Event()
		if err != nil {
			return err
		}
		if starting, ok := e.(incident.StepStarting); ok {
			if err := h.starting(starting, record.Time, frozen); err != nil {
				return err
			}
		}
		h.fold.Apply(record.Stamp(), e)
		h.seen = record.Seq
		active := 0
		for _, run := range h.fold.Runs {
			for k := range run.Steps {
				if run.Steps[k].State.Active() {
					active++
				}
			}
		}
		if active > 1 {
			return fmt.Errorf("%d attempts are active after %s", active, record.Kind)
		}
	}
	return nil
}

func (h *history) starting(e incident.StepStarting, at time.Time, frozen bool) error {
	run := h.fold.Run(e.Run)
	s := run.Next()
	switch {
	case frozen:
		return fmt.Errorf("I24: %s started while frozen", e.Attempt)
	case h.attempts[e.Attempt]:
		return fmt.Errorf("attempt %s twice", e.Attempt)
	case run.State != incident.Running || run.Cancel != "":
		return fmt.Errorf("%s started in a run that is %s, cancel %q", e.Attempt, run.State, run.Cancel)
	case s == nil || s.ID != e.Step:
		return fmt.Errorf("I27: %s started while %s", e.Attempt, run.Doing())
	case s.Condition != "" && !s.Needed:
		return fmt.Errorf("%s started and nobody said that it is needed", e.Attempt)
	}
	h.attempts[e.Attempt] = true
	if !s.NeedsApproval() {
		return nil
	}
	a := h.fold.Approval(e.Approval)
	switch {
	case a == nil || h.used[e.Approval]:
		return fmt.Errorf("I21: %s used approval %d again, or none", e.Attempt, e.Approval)
	case a.Glass:
		if err := h.glass(run, a, at); err != nil {
			return err
		}
	case a.State != incident.Granted || len(a.Votes) < a.Need:
		return fmt.Errorf("I11: %s started with %s %s", e.Attempt, a.Name(), a.State)
	}
	switch {
	case a.Step != e.Step || a.Run != e.Run || a.Digest != e.Digest:
		return fmt.Errorf("I1: %s started with the approval of something else", e.Attempt)
	case !at.Before(a.StartBy):
		return fmt.Errorf("I19: %s started after %s", e.Attempt, a.StartBy)
	}
	for _, v := range a.Votes {
		if a.Glass {
			break // votes that were too few count for nothing
		}
		if v.By.Same(run.Operator) || v.By.Same(a.By) || !v.At.Before(a.Expires) {
			return fmt.Errorf("I8, I18: %s counted for %s at %s", v.By.Name, a.Name(), v.At)
		}
	}
	h.used[e.Approval] = true
	return nil
}

// outcomeOf tells something of an attempt that the record knows, the active one or an old one.
func (r *rig) outcomeOf(rt *rapid.T, n int) {
	var attempts [][3]string
	i := r.fold()
	for _, run := range i.Runs {
		for _, s := range run.Steps {
			for k := 1; k <= s.Attempts; k++ {
				attempts = append(attempts, [3]string{run.Name(), s.ID, incident.AttemptName(run.N, s.ID, k)})
			}
		}
	}
	if len(attempts) == 0 {
		return
	}
	which := attempts[len(attempts)-1]
	if live := i.LiveRun(); live != nil && live.Next() != nil && live.Next().Attempt != "" && rapid.IntRange(0, 3).Draw(rt, "live") > 0 {
		which = [3]string{live.Name(), live.Next().ID, live.Next().Attempt}
	} else {
		which = rapid.SampledFrom(attempts).Draw(rt, "attempt")
	}
	var run uint64
	_, _ = fmt.Sscanf(which[0], "R%d", &run)
	key := fmt.Sprintf("%s/%d", which[2], n)
	switch rapid.IntRange(0, 7).Draw(rt, "outcome") {
	case 0:
		r.report(key, incident.StepStarted{Run: run, Step: which[1], Attempt: which[2]})
	case 1:
		r.report(key, incident.StepNotStarted{Run: run, Step: which[1], Attempt: which[2], Why: "no"})
	case 2:
		r.report(key, incident.StepUnknown{Run: run, Step: which[1], Attempt: which[2], Why: "crashed"})
	case 3:
		r.report(key, incident.StepEnded{Run: run, Step: which[1], Attempt: which[2], Outcome: incident.Failed, Exit: 1})
	default:
		r.report(key, incident.StepEnded{Run: run, Step: which[1], Attempt: which[2], Outcome: incident.Succeeded, Produced: map[string]string{"PICK": "backup_1"}})
	}
}

// answerAs answers the runner's question well, badly, or one that was asked before.
func (r *rig) answerAs(rt *rapid.T, n int) {
	run := r.fold().LiveRun()
	if run == nil || run.Asking == "" {
		return
	}
	e := incident.ReadsDone{Run: run.N, For: run.Asking, Ask: run.Ask, Identity: map[string]map[string]string{"db1": {"host": "db1"}}}
	if run.Asking == incident.ReadForPlan {
		e.Choices = map[string][]incident.Choice{"BACKUP": backups}
	} else if s := run.Next(); s != nil {
		e.Step = rapid.SampledFrom([]string{s.ID, s.ID, "p1.s1", "p1.s2", "p1.s3", "p1.s4"}).Draw(rt, "of step")
	}
	switch rapid.IntRange(0, 9).Draw(rt, "reads") {
	case 0:
		e.Failure, e.Identity = "the probe failed", nil
	case 1:
		e.Identity = map[string]map[string]string{"db1": {"host": "db2"}}
	case 2:
		e.Ask--
	}
	r.report(fmt.Sprintf("reads/%d", n), e)
}

// forward does what would bring the run on.
func (r *rig) forward(n int) {
	run := r.fold().LiveRun()
	key := fmt.Sprintf("forward/%d", n)
	switch {
	case run == nil:
		r.say(ana, "/recover plan database BACKUP=backup_1")
		return
	case run.Asking != "":
		e := incident.ReadsDone{Run: run.N, For: run.Asking, Ask: run.Ask, Identity: map[string]map[string]string{"db1": {"host": "db1"}}}
		if run.Asking == incident.ReadForPlan {
			e.Choices = map[string][]incident.Choice{"BACKUP": backups}
		} else if s := run.Next(); s != nil {
			e.Step = s.ID
		}
		r.report(key, e)
		return
	case run.State != incident.Running || run.Next() == nil:
		r.say(ana, "/recover start")
		return
	}
	switch s := run.Next(); {
	case s.State.Active():
		r.report(key, incident.StepEnded{Run: run.N, Step: s.ID, Attempt: s.Attempt, Outcome: incident.Succeeded, Produced: map[string]string{"PICK": "backup_1"}})
	case s.State == incident.StepWaits && n%5 == 4:
		r.pass(7 * time.Minute)
		r.press(dev, "recover break", incident.ApprovalName(s.Approval), "target", "db1", "reason", unheard)
	case s.State == incident.StepWaits && n%7 == 3:
		r.say(ana, "/recover handover <@U0CHEN>")
		if k := len(r.fold().Offers); k > 0 {
			r.press(chen, "incident take", fmt.Sprintf("%d/h%d", r.id, r.fold().Offers[k-1].N))
		}
	case s.State == incident.StepWaits:
		r.press(bea, "recover approve", incident.ApprovalName(s.Approval))
	case s.State == incident.StepHand:
		r.press(ana, "recover hand", "", "saw", "it is there")
	case s.State == incident.StepAsked:
		r.say(ana, "/recover "+[]string{"needed", "needed", "notneeded it is there already"}[n%3])
	case s.State == incident.StepFailed || s.State == incident.StepIsLost:
		r.say(ana, "/recover retry")
	case run.AwaitsConfirm(s):
		r.press(ana, "recover confirm", "")
	default:
		r.say(ana, "/recover start")
	}
}

// anything does something that somebody might, sensible or not.
func (r *rig) anything(rt *rapid.T, n int) {
	who := rapid.SampledFrom([]commands.Actor{ana, bea, chen}).Draw(rt, "who")
	approval := "A1"
	if k := len(r.fold().Approvals); k > 0 {
		approval = r.fold().Approvals[max(0, k-1-rapid.IntRange(0, 1).Draw(rt, "back"))].Name()
	}
	switch rapid.IntRange(0, 27).Draw(rt, "thing") {
	case 0:
		r.say(ana, "/recover plan database BACKUP=backup_1")
	case 1, 2:
		r.say(ana, "/recover start")
	case 3:
		r.say(ana, "/recover step")
	case 4:
		r.say(ana, "/recover "+rapid.SampledFrom([]string{"pause", "resume", "retry", "undo", "needed", "notneeded not here"}).Draw(rt, "steer"))
	case 5:
		r.press(ana, "recover skip", "", "reason", "no need")
	case 6:
		r.press(ana, "recover hand", "", "saw", "it is there")
	case 7:
		r.press(who, "recover confirm", "")
	case 8, 9, 10:
		r.press(who, "recover approve", approval)
	case 11:
		r.press(who, "recover deny", approval, "reason", "Not now")
	case 12:
		if rapid.IntRange(0, 4).Draw(rt, "really") == 0 {
			r.press(ana, "recover cancel", "", "reason", "enough")
		}
	case 13:
		r.typed(chen, "CHOUSE", "/recover "+rapid.SampledFrom([]string{"freeze why", "thaw fine", "thaw fine"}).Draw(rt, "switch"))
	case 14:
		r.pass(time.Duration(rapid.IntRange(0, 900).Draw(rt, "seconds")) * time.Second)
		if rapid.Bool().Draw(rt, "sweep") {
			r.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: commands.Tick{Incident: r.id}})
		}
	case 15:
		entries := crew()
		if rapid.Bool().Draw(rt, "all rights") {
			entries[1].Roles = []string{"responder"}
		}
		r.people(entries)
	case 16, 17, 18:
		r.answerAs(rt, n)
	case 22, 23, 24:
		r.pass(time.Duration(rapid.SampledFrom([]int{0, 200, 400, 400, 400}).Draw(rt, "waited")) * time.Second)
		target := rapid.SampledFrom([]string{"db1", "db1", "db1", "db2"}).Draw(rt, "target")
		r.press(rapid.SampledFrom([]commands.Actor{dev, dev, ana, bea}).Draw(rt, "breaker"), "recover break", approval, "target", target, "reason", "nobody answers and users are locked out")
	case 25:
		r.say(who, "/recover check")
	case 26, 27:
		r.handed(rt, who)
	default:
		r.outcomeOf(rt, n)
	}
}

// TestI1_…_RunsUnderAnything: people, the runner and crashes do anything in any order; what must never happen does not.
func TestI1_I8_I11_I18_I19_I20_I21_I24_I27_I52_RunsUnderAnything(t *testing.T) {
	starts, ended, glasses, handed := 0, 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		o := recovery(t, func(l *runbook.Lock) {
			entryOf(l, "p1.s3").Condition, entryOf(l, "p1.s4").Condition = "if necessary", "if the data is damaged"
		})
		o.people(crew())
		r := o.rig()
		h := &history{fold: incident.New(r.id), attempts: map[string]bool{}, used: map[uint64]bool{}}
		if rapid.Bool().Draw(rt, "planned") {
			r.plan()
		}
		for n := range rapid.IntRange(1, 60).Draw(rt, "things") {
			house, err := r.store.House(t.Context())
			if err != nil {
				rt.Fatal(err)
			}
			frozen := house.Frozen != nil
			if rapid.IntRange(0, 2).Draw(rt, "sensible") > 0 {
				r.forward(n)
			} else {
				r.anything(rt, n)
			}
			if err := h.follow(r, frozen); err != nil {
				rt.Fatal(err)
			}
		}
		starts, glasses = starts+len(h.attempts), glasses+len(h.fold.Glass)
		for _, offer := range h.fold.Offers {
			if offer.How == incident.OfferTaken {
				handed++
			}
		}
		for _, run := range h.fold.Runs {
			if run.How == incident.EndDone {
				ended++
			}
		}
		if err := r.refolded(r.id); err != nil {
			rt.Fatal(err)
		}
	})
	t.Logf("%d starts, %d runs done, %d glasses broken, %d hand-overs", starts, ended, glasses, handed)
}
