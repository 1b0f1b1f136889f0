package runbook

import (
	"strings"
	"testing"
)

// A lock gives an approval in advance only of what its giver sees whole when accepting it.
func TestI17_AnApprovalInAdvanceIsRefusedOfWhatNobodyHasSeen(t *testing.T) {
	run := "format: 1\ntargets:\n  t: {dir: .}\nsteps:\n  - id: p1.s1\n    procedure: p1\n    run: |\n      rm x\n    sha256: " + digest([]byte("rm x\n")) +
		"\n    source_sha256: " + digest([]byte("ls\n")) + "\n    interpreter: bash\n    target: t\n    risk: destructive\n"
	for text, want := range map[string]string{
		"    approvals: {standing: {severity: [1]}}\n":                                                                      "",
		"    approvals: {standing: {severity: [1, 2], days: 365}}\n":                                                        "",
		"    approvals: {standing: {}}\n":                                                                                   "p1.s1: standing: severity []",
		"    approvals: {standing: {severity: [5]}}\n":                                                                      "standing: severity [5]",
		"    approvals: {standing: {severity: [0]}}\n":                                                                      "standing: severity [0]",
		"    approvals: {standing: {severity: [1], days: 366}}\n":                                                           "standing: days: 366",
		"    approvals: {standing: {severity: [1], days: -1}}\n":                                                            "standing: days: -1",
		"    approvals: {need: 2, standing: {severity: [1]}}\n":                                                             "2 people must approve it",
		"    approvals: {standing: {severity: [1]}}\n    confirm: target\n":                                                 "its approver types the target",
		"    approvals: {standing: {severities: [1]}}\n":                                                                    "unknown key",
		"    approvals: {standing: {severity: [1]}}\n    parameters: [{name: A, type: text}]\n":                             "nobody has seen the value of A",
		"    approvals: {standing: {severity: [1]}}\n    parameters: [{name: A, type: text, pattern: '[a-z]+'}]\n":          "nobody has seen the value of A",
		"    approvals: {standing: {severity: [1]}}\n    list: ls\n    parameters: [{name: A, type: choice, from: list}]\n": "nobody has seen the value of A",
		"    approvals: {standing: {severity: [1]}}\n    parameters: [{name: A, type: secret, default: pg}]\n":              "nobody has seen the value of A",
		"    approvals: {standing: {severity: [1]}}\n    parameters: [{name: A, type: choice, allowed: [a, b]}]\n":          "",
		"    approvals: {standing: {severity: [1]}}\n    parameters: [{name: RUN, type: text, from: run.id}]\n":             "",
	} {
		_, err := ReadLock([]byte(run + text))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
	for _, defaults := range []string{"destructive", "change", "read"} {
		text := strings.Replace(run, "format: 1\n", "format: 1\ndefaults:\n  "+defaults+": {approvals: {standing: {severity: [1]}}}\n", 1)
		if _, err := ReadLock([]byte(text)); err == nil || !strings.Contains(err.Error(), "an approval in advance for every step of a risk") {
			t.Errorf("as a default of %s: %v", defaults, err)
		}
	}
	two := strings.Replace(run, "format: 1\n", "format: 1\ndefaults:\n  destructive: {approvals: {need: 2}}\n", 1)
	if _, err := ReadLock([]byte(two + "    approvals: {standing: {severity: [1]}}\n")); err == nil || !strings.Contains(err.Error(), "2 people must approve it") {
		t.Errorf("with a default of two: %v", err)
	}
}

// What is given in advance is part of what is accepted, and the difference says it in words.
func TestI5_I17_AnApprovalInAdvanceIsAcceptedWithItsEntry(t *testing.T) {
	before := &Lock{Format: 1, Targets: map[string]Target{"t": {Dir: "."}}, Steps: []Entry{{
		ID: "p1.s1", Procedure: "p1", Run: "rm x\n", SHA256: digest([]byte("rm x\n")), SourceSHA256: digest(nil), Interpreter: Bash, Target: "t", Risk: Destructive,
	}}}
	locks := []*Lock{before}
	for _, s := range []*Standing{{Severity: []int{1}}, {Severity: []int{1, 2}}, {Severity: []int{1}, Days: 7}} {
		e := before.Steps[0]
		e.Approvals = &Approvals{Standing: s}
		locks = append(locks, &Lock{Format: 1, Targets: before.Targets, Steps: []Entry{e}})
	}
	seen := map[string]bool{}
	for _, l := range locks {
		if d := l.Digests()["p1.s1"]; seen[d] {
			t.Errorf("two locks that give different approvals have one digest")
		} else {
			seen[d] = true
		}
		again, err := ReadLock(l.Marshal())
		if err != nil || again.Digests()["p1.s1"] != l.Digests()["p1.s1"] {
			t.Errorf("written and read it is another: %v\n%s", err, l.Marshal())
		}
	}
	said := func(a, b *Lock) (all string) {
		for _, d := range Diff(a, b) {
			all += d.Line("1.1", a == nil) + "\n"
		}
		return all
	}
	for k, want := range []string{"", "in advance at SEV-1, for 90 days", "in advance at SEV-1, SEV-2, for 90 days", "in advance at SEV-1, for 7 days"} {
		if k > 0 && (!strings.Contains(said(before, locks[k]), want) || !strings.Contains(said(nil, locks[k]), want)) {
			t.Errorf("%q\n%q\nwant %s", said(before, locks[k]), said(nil, locks[k]), want)
		}
	}
	if got := said(locks[1], before); !strings.Contains(got, "no approval in advance any more") {
		t.Error(got)
	}
}
