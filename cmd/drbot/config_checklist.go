package main

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/integrations/probe"
	"github.com/drbot/drbot/state/follow"
)

// rawItem says what proves an item of the checklist.
type rawItem struct {
	Probe  string `yaml:"probe"`  // id of a step (p1.s9), or an http(s) address that answers 2xx
	Person bool   `yaml:"person"` // only people tick it
}

var stepID = regexp.MustCompile(`^p[0-9]{1,3}\.s[0-9]{1,3}[a-z0-9.]{0,8}$`)

// checklist checks the items that the configuration binds.
func (w *written) checklist(c *config) error {
	c.Commands.Checklist = map[string]commands.ChecklistRule{}
	for text, item := range w.Checklist {
		fault := func(err error) error { return w.places.fault(err, "checklist", text) }
		switch {
		case (item.Probe == "") == !item.Person:
			return fault(fmt.Errorf("checklist.%q: name either probe or person: true", text))
		case item.Person || stepID.MatchString(item.Probe):
		default:
			if err := probeAddress(item.Probe); err != nil {
				return fault(fmt.Errorf("checklist.%q: probe: %w", text, err))
			}
		}
		c.Commands.Checklist[strings.TrimSpace(text)] = commands.ChecklistRule{Probe: item.Probe, Person: item.Person}
	}
	return nil
}

func probeAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%q is no step (p1.s9) and no http(s) address", address)
	}
	if u.User != nil {
		return errors.New("an address with a password would stand in every record; let the page be read without one")
	}
	return nil
}

// prober asks the addresses of the checklist's probes.
func (h *house) prober() follow.Follower {
	return probe.Follower{Read: h.store, Send: h.outcomes.send, Now: h.clock.Now}
}
