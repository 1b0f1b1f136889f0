package templates

import (
	"slices"
	"strings"

	"github.com/drbot/drbot/incident"
)

// inHeader are the facts that stand in the announcement above the runbook's words: a line that says nothing else is said
// already.
var inHeader = []string{"id", "severity", "status", "issue", "started", "time", "date", "last_updated", "phase", "window"}

// Announced is the body of the first message as the announcement shows it, short: what its header does not say yet, in one
// paragraph, and of what is being done only what is true now, in words for people who know no step by its name.
func Announced(i *incident.Incident, f Facts, form Form4) string {
	if i.Window != nil {
		form = BuiltIn(Maintenance)
	}
	var kept []string
	for line := range strings.Lines(form.Body) {
		fields := field.FindAllStringSubmatch(line, -1)
		told := len(fields) > 0
		for _, m := range fields {
			told = told && slices.Contains(inHeader, m[1])
		}
		if !told {
			kept = append(kept, line)
		}
	}
	form.Body = strings.Join(kept, "")
	v := Known(i, f)
	delete(v, "actions")
	v.Set("actions", doingNow(i))
	return paragraph(FillKnown(form, v).Body)
}

// paragraph puts lines and bullets behind one another.
func paragraph(text string) string {
	out := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		line = strings.TrimPrefix(strings.TrimPrefix(line, "- "), "* ")
		switch end := strings.TrimRight(out, "*_"); {
		case line == "" || out == "":
			out += line
		case strings.HasSuffix(end, ":"), strings.HasSuffix(end, ","), strings.HasSuffix(end, "."), strings.HasSuffix(end, "!"), strings.HasSuffix(end, "?"):
			out += " " + line
		default:
			out += " · " + line
		}
	}
	return out
}

// doingNow is the newest thing that is being done, or was: the recovery by its title, else who leads.
func doingNow(i *incident.Incident) string {
	for _, r := range slices.Backward(i.Runs) {
		if !r.StartedAt.IsZero() {
			return Say("now.run", map[string]any{
				"Title": flat(r.Title, 120), "State": string(r.State), "How": r.How, "Started": utc(r.StartedAt), "Ended": utc(r.EndedAt),
			})
		}
	}
	if commander := i.Roles[incident.Commander]; commander.Name != "" {
		return Say("commander.leads", map[string]any{"Name": commander.Name})
	}
	return ""
}
