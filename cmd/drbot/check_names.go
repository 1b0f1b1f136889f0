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
	expect := func(key, kind, name string, known []string) {
		if name == "" || slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, name) }) {
			return
		}
		found = append(found, finding{
			"error", fmt.Sprintf("%s: the runbook has no %s “%s”.", key, kind, name), "It has: " + strings.Join(known, ", ") + ".",
		})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Commands.Restricted)) {
		expect("types", "incident type", name, types)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Commands.Procedures)) {
		expect("procedures", "incident type", name, types)
		for _, id := range c.Commands.Procedures[name] {
			expect("procedures."+name, "procedure", id, procedures)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Commands.Services)) {
		s := c.Commands.Services[name]
		expect("services."+name, "tier", s.Tier, tiers)
		for _, d := range s.Data {
			expect("services."+name, "data type", d, data)
		}
	}
	return found
}
