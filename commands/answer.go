package commands

import (
	"maps"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// facts are what a sentence is made of.
type facts = map[string]any

// said gives the sentence of templates/say/answer-<name>.tmpl.
func said(name string, f facts) string { return templates.Say("answer-"+name, f) }

// about adds which incident it is, and whether a drill: that stands first in everything that is said of it.
func about(i *incident.Incident, f facts) facts {
	all := facts{"ID": i.ID, "Drill": i.Drill}
	maps.Copy(all, f)
	return all
}

// promised adds what a severity promises.
func promised(i *incident.Incident, f facts) facts {
	all := about(i, facts{"Severity": i.Severity, "Every": i.UpdateEvery, "Due": i.UpdateDue})
	if i.UpdateDue.IsZero() {
		all["Every"] = time.Duration(0)
	}
	maps.Copy(all, f)
	return all
}

// when is an instant for a sentence that leaves out what is not set.
func when(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}
