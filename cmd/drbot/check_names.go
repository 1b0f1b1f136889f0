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
	return append(found, checkItems(c, rb)...)
}

// checkItems finds what the configuration says of items that the checklist does not have, probes that no run could answer,
// and items that say what drbot could see while nothing proves them.
func checkItems(c *config, rb *runbook.Runbook) []finding {
	var found []finding
	warn := func(text, what, fix string) {
		found = append(found, finding{"warning", fmt.Sprintf("checklist.“%s”: %s.", text, what), fix})
	}
	var leaves []string
	parents, steps := map[string]bool{}, map[string]bool{}
	var walk func([]runbook.Item)
	walk = func(items []runbook.Item) {
		for _, it := range items {
			if len(it.Items) > 0 {
				parents[strings.ToLower(strings.TrimSpace(it.Text))] = true
				walk(it.Items)
				continue
			}
			leaves = append(leaves, strings.TrimSpace(it.Text))
		}
	}
	for _, phase := range rb.Checklist.Phases {
		walk(phase.Items)
	}
	for _, p := range rb.Procedures {
		for k := range p.Steps {
			steps[p.Steps[k].ID], steps[p.Steps[k].Number] = true, true
			for _, a := range p.Steps[k].Alternatives {
				steps[a.ID] = true
			}
		}
	}
	for _, text := range slices.Sorted(maps.Keys(c.Commands.Checklist)) {
		probe := c.Commands.Checklist[text].Probe
		known := slices.ContainsFunc(leaves, func(l string) bool { return strings.EqualFold(l, text) })
		switch {
		case parents[strings.ToLower(text)]:
			warn(text, "it closes with the items below it, so nothing else proves it", "Name the items below it.")
		case !known && len(leaves) == 0:
			warn(text, "the runbook has no such item", "It has no checklist.")
		case !known:
			warn(text, "the runbook has no such item", "The nearest is “"+nearest(text, leaves)+"”.")
		case probe != "" && !strings.Contains(probe, "://") && !steps[probe]:
			warn(text, "the runbook has no step "+probe, "`drbot runbook show` lists the steps: p1.s9 is the ninth of the first procedure.")
		}
	}
	for _, u := range c.Commands.Unproven(rb) {
		found = append(found, finding{"note", fmt.Sprintf("Nothing proves the checklist's “%s”: %s. It is ticked by people.", u.Text, u.Why), u.Fix})
	}
	return found
}

// nearest is the text that shares the most words with another, and of those the one whose length differs least.
func nearest(text string, known []string) string {
	words := strings.Fields(strings.ToLower(text))
	return slices.MaxFunc(known, func(a, b string) int { return closeness(words, text, a) - closeness(words, text, b) })
}

func closeness(words []string, text, known string) int {
	n := 0
	for _, word := range strings.Fields(strings.ToLower(known)) {
		if slices.Contains(words, word) {
			n += 100
		}
	}
	d := len(known) - len(text)
	return n - min(99, max(d, -d))
}
