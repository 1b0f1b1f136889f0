package commands

import (
	"fmt"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// terminalHelp is the help in the forms that are typed at a shell: of all verbs, of one group, or of one verb.
func (o *Office) terminalHelp(group, name string) (Reply, error) {
	groups := []string{"incident", "recover", "runbook"}
	if group != "" {
		groups = []string{group}
	}
	if name == "" {
		return Reply{Say: terminalTable(groups)}, nil
	}
	name = strings.TrimPrefix(name, "drbot ")
	for _, g := range groups {
		if v := Find(g + " " + strings.TrimPrefix(name, g+" ")); v != nil && !v.Hidden {
			who := string(v.May) + "s"
			if v.May == incident.Everyone {
				who = "everyone who is known here"
			}
			if v.Also != "" {
				who += " and " + string(v.Also) + "s"
			}
			return Reply{Say: templates.Message{Text: fmt.Sprintf("%s\nLike: %s\n%s For %s.", shellForm(v), shellExample(v), v.Does, who)}}, nil
		}
	}
	for _, g := range groups {
		if v := nearest(g, name); v != nil {
			return Reply{}, incident.Refuse(incident.BadInput, "No verb `%s`. Did you mean `drbot %s %s`?", cut(name, 40), g, v.Name)
		}
	}
	return Reply{}, incident.Refuse(incident.BadInput, "No verb `%s`.", cut(name, 40)).Then("`drbot incident help` lists them.")
}

// terminalTable has two lines a verb: its grammar, and an example to copy.
func terminalTable(groups []string) templates.Message {
	head := said("helphead", nil) + "\n" + said("helpshell", nil)
	m := templates.Message{Text: head}
	for _, line := range strings.Split(head, "\n") {
		m.Blocks = append(m.Blocks, templates.Lines{Lines: [][]templates.Span{{templates.T(line)}}})
	}
	for _, group := range groups {
		var lines []string
		for _, v := range Of(group) {
			lines = append(lines, shellForm(v))
			if like := shellExample(v); like != lines[len(lines)-1] {
				lines = append(lines, "    "+like)
			}
		}
		if group == "recover" { // decided by subcommands of their own, which show the whole text first
			lines = append(lines, "drbot approve A17", "drbot deny A17 <reason>", "    drbot deny A17 wrong backup")
		}
		m.Blocks = append(m.Blocks, templates.Code{Text: strings.Join(lines, "\n")})
	}
	return m
}

// shellForm is a verb's grammar at a shell, where the incident stands first: drbot incident note N [15:04] <text>.
func shellForm(v *Verb) string {
	grammar := v.Grammar
	if ofIncident(v) {
		grammar = strings.TrimPrefix(strings.TrimPrefix(grammar, "[N]"), "[R7]")
		grammar = strings.TrimSpace("N " + strings.TrimSpace(grammar))
	}
	return strings.TrimSpace("drbot " + v.Full() + " " + grammar)
}

// shellExample is the verb's example as it is typed at a shell.
func shellExample(v *Verb) string {
	_, rest := head(or(v.Example, v.Name))
	switch {
	case !ofIncident(v) || strings.HasPrefix(v.Grammar, "[N]") && bareNumber.MatchString(rest): // it names the incident
	case v.Grammar == "<N>": // another one
		rest = "42 43"
	default:
		rest = strings.TrimSpace("42 " + rest)
	}
	if strings.ContainsAny(rest, "'’\"`$&|;<>()*?!") {
		rest = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(rest) + `"`
	}
	return strings.TrimSpace("drbot " + v.Full() + " " + rest)
}

// ofIncident reports whether a verb is about one incident, so that at a shell its line names it.
func ofIncident(v *Verb) bool { return v.Scope == OfIncident || v.Scope == InChannel }
