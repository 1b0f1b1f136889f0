package commands

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// leavesBehind says what a cancelled run leaves as it is, a sentence a line: what ran in part, what is done, what its lock
// says that this leaves, and what was not undone. now tells today's times from those that need their day.
func leavesBehind(r *incident.Run, now time.Time) []string {
	var lines, done, hand, undos []string
	for k := range r.Steps {
		switch s := &r.Steps[k]; {
		case s.State.Active():
			lines = append(lines, "Step "+s.Number+" is stopped in the middle"+wouldLeave(s)+".")
		case s.State == incident.StepWasHand:
			hand = append(hand, s.Number+" ("+strings.TrimSuffix(cut(s.Note, 200), ".")+")")
		case s.Risk == incident.Read:
		case s.State == incident.StepDone:
			if done = append(done, s.Number); s.Undo != "" {
				undos = append(undos, s.Number)
			}
		case s.Ran():
			lines = append(lines, "Step "+s.Number+" may have run in part: "+tried(s, now)+wouldLeave(s)+".")
		}
	}
	slices.Reverse(undos)
	for _, part := range []struct {
		what string
		list []string
	}{{"Done: ", done}, {"Done by hand: ", hand}} {
		if len(part.list) > 0 {
			lines = append(lines, part.what+strings.Join(part.list, ", ")+".")
		}
	}
	switch left := r.NowTrue(); {
	case left != "":
		lines = append(lines, "It leaves: "+strings.TrimSuffix(left, ".")+".")
	case len(done) > 0:
		lines = append(lines, "Nobody wrote what that leaves.")
	}
	if len(undos) > 0 {
		lines = append(lines, "Not undone: "+words(undos)+".")
	}
	if len(lines) == 0 {
		lines = append(lines, "Nothing was changed.")
	}
	return lines
}

// wouldLeave says what a step leaves that did not come to its end, as far as its lock says.
func wouldLeave(s *incident.Step) string {
	switch {
	case s.Risk == incident.Read:
		return ""
	case s.Leaves != "":
		return "; whole, it leaves: " + strings.TrimSuffix(s.Leaves, ".")
	}
	return "; nobody wrote what it leaves"
}

// tried says how often a step was begun and how the last time ended.
func tried(s *incident.Step, now time.Time) string {
	times := "begun once, and it "
	if s.Attempts > 1 {
		times = "begun " + strconv.Itoa(s.Attempts) + " times, and the last "
	}
	how := "failed"
	switch {
	case !s.Begun:
		how = "was given up before it began"
	case s.Outcome == "":
		how = "ended without a result"
	case s.Outcome != incident.Failed:
		how = s.Outcome
	}
	return times + how + " at " + moment(s.EndedAt, now)
}

// moment is an instant with its day, unless that is today's.
func moment(t, now time.Time) string {
	if otherDay(t, now) {
		return t.UTC().Format("2 Jan 15:04 UTC")
	}
	return t.UTC().Format("15:04 UTC")
}

// otherDay reports whether an instant is of another day than now, UTC.
func otherDay(t, now time.Time) bool {
	return t.UTC().Format(time.DateOnly) != now.UTC().Format(time.DateOnly)
}

func leavesBlocks(r *incident.Run, now time.Time) []templates.Block {
	var lines [][]templates.Span
	for _, line := range leavesBehind(r, now) {
		lines = append(lines, []templates.Span{templates.T(line)})
	}
	return []templates.Block{templates.Lines{Lines: lines}}
}
