package templates

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/drbot/drbot/incident"
)

// TestI43_DecidedCardShowsNoLaterHistory: what stands on the card is what the approver could read.
func TestI43_DecidedCardShowsNoLaterHistory(t *testing.T) {
	asked := time.Date(2026, 11, 24, 3, 14, 0, 0, time.UTC)
	i := incident.New(42)
	i.Apply(incident.Stamp{Seq: 1, N: 1, Time: asked}, incident.Opened{Title: "users db", Severity: 1})
	i.Apply(incident.Stamp{Seq: 2, N: 2, Time: asked}, incident.RunPlanned{Run: 7, Steps: []incident.Step{{ID: "p1.s6", Number: "1.6", Spec: "s", Script: "x"}}})
	i.Apply(incident.Stamp{Seq: 3, N: 3, Time: asked}, incident.ApprovalAsked{
		Approval: 17, Run: 7, Step: "p1.s6", Need: 1, Action: incident.Action{Script: "x"}, Expires: asked.Add(15 * time.Minute),
	})
	card := func(last time.Time) string {
		f := Facts{Now: asked, History: map[string]History{"x": {Times: 3, Last: last, Outcome: "ok"}}}
		return Text(ApprovalCard(i, i.Approval(17), f))
	}
	if text := card(asked.Add(-time.Hour)); !strings.Contains(text, "3 times") {
		t.Errorf("an earlier history is missing:\n%s", text)
	}
	if text := card(asked.Add(time.Minute)); strings.Contains(text, "3 times") {
		t.Errorf("the card shows a run that began after it was asked:\n%s", text)
	}
}

// TestI43_TheCardKeepsWhatItsApproverSaw: whatever is counted, chosen or looked at later, the facts stay those of the asking,
// before the decision and after it, on the card and at the terminal.
func TestI43_TheCardKeepsWhatItsApproverSaw(t *testing.T) {
	s := waiting()
	a := s.Approval(17)
	a.Facts = nil
	a.Shown = &incident.Shown{
		Title: "Put the 02:00 backup in place", Loses: &incident.Loses{Taken: at("02:00"), Until: at("02:58"), Opened: true, RPO: time.Hour},
		Undo: &incident.Back{Number: "1.6u", Title: "Move the old files back"}, Before: &incident.Before{}, Why: &incident.Finding{Number: "1.4", Said: "14 damaged pages"},
	}
	rows := func(f Facts) string {
		text := Text(ApprovalWhole(s.Incident, a, "text", f)) + "\n" + Text(ApprovalCard(s.Incident, a, f))
		var kept []string
		for line := range strings.SplitSeq(text, "\n") {
			for _, label := range []string{"On ", "Loses ", "Undo ", "Checks ", "Before ", "Why ", "  "} {
				if strings.HasPrefix(line, label) {
					kept = append(kept, line)
				}
			}
		}
		return strings.Join(kept, "\n")
	}
	f := s.facts()
	f.History = map[string]History{}
	before := rows(f)
	for _, want := range []string{"Never run before", "58 min until INC-42", "Move the old files back (1.6u)", "step 1.4: 14 damaged pages"} {
		if strings.Count(strings.Join(strings.Fields(before), " "), want) != 2 {
			t.Errorf("%q is not on the card and at the terminal:\n%s", want, before)
		}
	}
	restoring := started(granted(s, "03:16", 17), "03:16:04", "p1.s6", 17)
	restoring.RPO, restoring.Run(7).Undos, restoring.Run(7).Step("p1.s1").Last = incident.Objective{}, nil, "nothing is damaged"
	f.History = map[string]History{a.Action.Script: {Times: 1, Last: at("03:15"), Outcome: "ok"}}
	if after := rows(f); after != before {
		t.Errorf("the card was rewritten:\n%s\n\n%s", before, after)
	}
}

// The place is said once, and what its identity adds.
func TestTheApprovalNamesHostAndDirectoryOnce(t *testing.T) {
	s := waiting()
	a := s.Approval(17)
	a.Action.Host = "vm"
	a.Action.Identity = map[string]string{"host": "vm", "directory": a.Action.Dir, "device and inode": "65024:10158568"}
	text := strings.Join(strings.Fields(Text(Message{Blocks: []Block{Rows{Rows: approvalRows(s.Incident, a, incident.Shown{})}}})), " ")
	if want := "db1 (vm) · /srv/aragora · read 03:14 UTC, as declared"; !strings.Contains(text, want) {
		t.Errorf("got %q, want %q", text, want)
	}
	if below := strings.Join(actionLines(a.Action), "\n"); !strings.Contains(below, "device and inode 65024:10158568") {
		t.Errorf("the mark is not below the text: %q", below)
	}
	a.Action.Identity["directory"] = "/srv/other"
	if text := Text(Message{Blocks: []Block{Rows{Rows: approvalRows(s.Incident, a, incident.Shown{})}}}); !strings.Contains(text, "/srv/other") {
		t.Errorf("another directory is not said: %q", text)
	}
}

// The dialog says what is done, lost and undone in the card's order, keeps what is lost, uses the room that Slack gives, and
// cuts no word.
func TestTheDialogSaysWhatIsDoneAndLostAndCutsNoWord(t *testing.T) {
	s := waiting()
	a := s.Approval(17)
	saw := incident.Shown{Title: "Set the old files aside and put the backup in place", Undo: &incident.Back{Number: "1.6u", Title: "Move the old files back"}}
	say := func(loses string) string {
		a.Facts = []incident.Fact{{Name: "loses", Value: loses}}
		return approveDialog(s.Incident, a, saw)
	}
	const lost = "every write after 11:05:01 UTC, the newest row in the backup: 5 min 6 s until 11:10 UTC"
	if got, want := say(lost), "Set the old files aside and put the backup in place. Lost: "+lost+". Undo: Move the old files back (1.6u)."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	long := strings.TrimSpace(strings.Repeat("sessions of yesterday and ", 20))
	saw.Undo.Title = long
	got := say(long)
	if n := utf8.RuneCountInString(got); n > maxDialog || n < maxDialog-30 {
		t.Errorf("%d characters: %q", n, got)
	}
	for _, word := range strings.FieldsFunc(got, func(r rune) bool { return r == ' ' || r == '…' || r == '.' || r == ':' }) {
		if !strings.Contains(" Lost Undo No undo "+long+" ", " "+word+" ") && !strings.Contains(saw.Title, word) {
			t.Errorf("%q is cut in %q", word, got)
		}
	}
	if strings.Contains(got, "….") || !strings.HasPrefix(got, "Lost: sessions") {
		t.Errorf("got %q", got)
	}
}

// The run card names everybody who approved a step, and not who came last alone.
func TestTheRunCardNamesEveryApprover(t *testing.T) {
	s := waiting()
	s.Approval(17).Need = 2
	s.say("03:15", incident.Approved{Approval: 17, Run: 7, By: chen})
	granted(s, "03:16", 17)
	for _, s := range []*story{s, ended(started(s.copy(), "03:16", "p1.s6", 17), "03:20", "p1.s6", "")} {
		text := seen(RunCard(s.Incident, s.Run(7), s.facts()))
		if chen, bea := strings.Index(text, "Chen Li"), strings.Index(text, "Bea Ode (A17"); chen < 0 || bea < chen {
			t.Errorf("both are not named: %s", text)
		}
	}
}
