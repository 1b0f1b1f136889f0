package commands

import (
	"strconv"
	"strings"

	"github.com/drbot/drbot/incident"
)

// ParseLine reads a line that was typed at the terminal. There is no channel there that says which incident is meant, so
// the line names it first, with every verb, and a bare number will do: note 4 rack 2 rebooted. Only `severity` takes a
// number of its own, and one number alone is that.
func ParseLine(group, text string) Command {
	word, after := head(text)
	if strings.EqualFold(word, "help") && Find(group+" help") == nil {
		return Command{Verb: "incident help", Object: group, Text: after}
	}
	c := Parse(group, text)
	verb := Find(c.Verb)
	if verb == nil || !ofIncident(verb) || c.Object != "" {
		return c
	}
	first, rest := head(c.Text)
	second, _ := head(rest)
	switch {
	case incidentName.MatchString(first): // as with `recover INC-4 database`, a plan without its verb
	case verb.Group == "recover" && runName.MatchString(strings.ToUpper(first)):
		c.Object, c.Text = strings.ToUpper(first), rest
		return c
	case !bareNumber.MatchString(first), verb.Name == "severity" && parseSeverity(second) == 0:
		return c
	}
	if id, err := incident.ParseID(first); err == nil {
		c.Object, c.Text = strconv.FormatUint(uint64(id), 10), rest
	}
	return c
}
