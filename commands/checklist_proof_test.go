package commands

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
)

// phrases are the items of a runbook whose words say what drbot could see.
var phrases = []string{
	"Incident classified", "Responders paged", "Users notified", "Stakeholders informed", "Backup availability confirmed", "Backup restored successfully", "Data integrity verified", "All health checks passing", "The cables are dry",
}

func phrased(change func(*runbook.Runbook)) *runbook.Runbook {
	rb := &runbook.Runbook{Lock: &runbook.Lock{}}
	var items []runbook.Item
	for k, text := range phrases {
		items = append(items, runbook.Item{ID: fmt.Sprintf("c%d", k+1), Text: text})
	}
	rb.Checklist.Phases = []runbook.Phase{{Title: "All", Items: []runbook.Item{{ID: "c0", Text: "Data integrity verified", Items: items}}}}
	if change != nil {
		change(rb)
	}
	return rb
}

// restoring adds a procedure with a restore and what is behind it.
func restoring(after ...runbook.Step) func(*runbook.Runbook) {
	return func(rb *runbook.Runbook) {
		rb.Procedures = []runbook.Procedure{{ID: "p1", Steps: append([]runbook.Step{
			{ID: "p1.s1", Title: "Choose", Entry: &runbook.Entry{ID: "p1.s1", Risk: runbook.Read, Expect: &runbook.Expect{}, List: "ls", Parameters: []runbook.Parameter{{Name: "B", From: "list"}}}},
			{ID: "p1.s2", Title: "Put it there", Entry: &runbook.Entry{ID: "p1.s2", Risk: runbook.Destructive, Parameters: []runbook.Parameter{{Name: "F", From: "p1.s1.FOUND"}}}},
		}, after...)}}
		for _, s := range rb.Procedures[0].Steps {
			if s.Entry != nil {
				rb.Lock.Steps = append(rb.Lock.Steps, *s.Entry)
			}
		}
	}
}

// What nothing can prove is a person's own, and named; the rest is bound.
func TestUnproven(t *testing.T) {
	check := runbook.Step{ID: "p1.s3", Title: "Compare", Entry: &runbook.Entry{ID: "p1.s3", Risk: runbook.Read, Expect: &runbook.Expect{}}}
	blind := runbook.Step{ID: "p1.s3", Title: "Compare", Entry: &runbook.Entry{ID: "p1.s3", Risk: runbook.Read}}
	mail := Outlets{Open: []incident.Audience{incident.AudienceMail}}
	for name, c := range map[string]struct {
		rb     *runbook.Runbook
		config Config
		want   string
	}{
		"nothing":          {phrased(nil), Config{}, "c3 c5 c6 c7 c8"},
		"mail":             {phrased(nil), Config{Outlets: mail}, "c5 c6 c7 c8"},
		"a checked run":    {phrased(restoring(check)), Config{Outlets: mail}, "c8"},
		"an unchecked run": {phrased(restoring(blind)), Config{Outlets: mail}, "c6 c7 c8"},
		"a lock that fails": {phrased(func(rb *runbook.Runbook) {
			restoring(check)(rb)
			rb.LockError = fmt.Errorf("it does not parse")
		}), Config{Outlets: mail}, "c5 c6 c7 c8"},
		"a probe": {phrased(restoring(check)), Config{Outlets: mail, Checklist: map[string]ChecklistRule{"all health checks passing": {Probe: "https://x"}}}, ""},
		"people":  {phrased(nil), Config{Checklist: map[string]ChecklistRule{"Users notified": {Person: true}}}, "c5 c6 c7 c8"},
		"a step that closes": {phrased(func(rb *runbook.Runbook) {
			rb.Lock.Steps = []runbook.Entry{{ID: "p1.s1", Closes: []string{"Backup restored successfully ", "ALL HEALTH CHECKS PASSING"}}}
		}), Config{Outlets: mail}, "c5 c7"},
		"by hand and then checked": {phrased(func(rb *runbook.Runbook) {
			rb.Procedures = []runbook.Procedure{{ID: "p1", Steps: []runbook.Step{{ID: "p1.s1", Title: "Restore the database", Kind: runbook.Manual}, check}}}
		}), Config{Outlets: mail}, "c5 c8"},
	} {
		var got []string
		for _, u := range c.config.Unproven(c.rb) {
			if u.Why == "" || u.Fix == "" {
				t.Errorf("%s: %+v", name, u)
			}
			got = append(got, fmt.Sprintf("c%d", slices.Index(phrases, u.Text)+1))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
		may := append([]incident.Audience{incident.AudienceAnnouncement}, c.config.Outlets.Open...)
		for k, text := range phrases {
			b := incident.BindOf(text)
			if free := b != nil && !provable(c.rb, b, may); free && c.config.Checklist == nil && !locked(c.rb, text) && !slices.Contains(got, fmt.Sprintf("c%d", k+1)) {
				t.Errorf("%s: %q is people's and nobody says so", name, text)
			}
		}
	}
}

// Of a restricted incident nothing is announced, so the announcement proves nothing about it.
func TestProvable_LeavesWhoCanBeTold(t *testing.T) {
	b := incident.BindOf("Stakeholders informed")
	if provable(&runbook.Runbook{}, b, []incident.Audience{incident.AudienceResponders}) || len(b.To) != 0 {
		t.Errorf("%+v", b)
	}
}
