package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/runner/attempt"
)

// checkRemote connects to every other host that the lock names, and asks for the drbot there; nothing runs.
func checkRemote(ctx context.Context, c *config) []finding {
	rb, err := runbook.LoadText(c.Runbook, c.Sections)
	if err != nil || rb.Lock == nil {
		return nil // said by another check
	}
	var found []finding
	said := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(rb.Lock.Targets)) {
		target := rb.Lock.Targets[name]
		scheme, host, far := incident.Elsewhere(target.Host)
		if !far || said[target.Host] {
			continue
		}
		said[target.Host] = true
		f := c.Far
		f.Scheme, f.Name = scheme, host
		if err := attempt.Greet(ctx, f); err != nil {
			found = append(found, finding{"error", fmt.Sprintf("Target %s cannot be reached: %v.", name, err), "Steps on it do not start until it can; docs/remote-hosts.md says what is needed there."})
		}
	}
	return found
}
