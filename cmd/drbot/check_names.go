package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/drbot/drbot/runbook"
)

// checkNames finds names in the configuration that the runbook does not have. A misspelled one is silent otherwise, and
// a restricted type that is misspelled opens a public channel.
func checkNames(c *config, rb *runbook.Runbook) []finding {
	var types, tiers, data, procedures []string
	for _, t := range rb.IncidentTypes {
		types = append(types, t.Name)
	}
	for _, o := range rb.RTO {
		tiers = append(tiers, o.Tier)
	}
	for _, o := range rb.RPO {
		data = append(data, o.Data)
	}
	for _, p := range rb.Procedures {
		procedures = append(procedures, p.ID)
	}
	var found []finding
	expect := func(level, key, kind, name string, known []string) {
		if name == "" || slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, name) }) {
			return
		}
		fix := "It has none."
		if len(known) > 0 {
			fix = "It has: " + strings.Join(known, ", ") + "."
		}
		found = append(found, finding{level, fmt.Sprintf("%s: the runbook has no %s “%s”.", key, kind, name), fix})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Commands.Restricted)) {
		expect("error", "types", "incident type", name, types)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Commands.Procedures)) {
		expect("error", "procedures", "incident type", name, types)
		for _, id := range c.Commands.Procedures[name] {
			expect("error", "procedures."+name, "procedure", id, procedures)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Commands.Services)) {
		s := c.Commands.Services[name]
		expect("warning", "services."+name, "tier", s.Tier, tiers)
		for _, d := range s.Data {
			expect("warning", "services."+name, "data type", d, data)
		}
	}
	return found
}
