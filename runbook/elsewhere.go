package runbook

import "github.com/drbot/drbot/incident"

// Elsewhere reports whether the texts of a target run on another host.
func (t *Target) Elsewhere() bool {
	if t == nil {
		return false
	}
	_, _, far := incident.Elsewhere(t.Host)
	return far
}
