package incident

import "testing"

// TestResolve_WhatPeopleOweOutlivesMaintenance: an incident that was resolved, reopened and became maintenance goes on with its
// review; what was maintenance from the beginning has none.
func TestResolve_WhatPeopleOweOutlivesMaintenance(t *testing.T) {
	for _, begun := range []bool{true, false} {
		i := New(1)
		i.then(Opened{By: ana, Title: "logins fail", Severity: 1}, Resolved{By: ana, Summary: "back"}, ReviewOpened{Owner: ana, Tasks: []Task{{Key: "t1", Title: "Timeline", Owner: ana}}})
		if begun {
			i.then(ActionAdded{By: ana, Action: "a1", Text: "Alert when a backup is old"})
		}
		i.then(Reopened{By: ana, Reason: "again"}, WindowSet{By: ana})
		events, err := i.Resolve(Resolved{By: ana, Summary: "moved"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, review := events[len(events)-1].(ReviewOpened)
		if review != begun {
			t.Errorf("begun %t: it ends with %#v", begun, events[len(events)-1])
		}
	}
}
