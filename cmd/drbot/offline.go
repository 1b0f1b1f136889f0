package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// offlineView reads show or list from the record itself. Whoever can open the file may read all of it.
func offlineView(ctx context.Context, s state.Reader, f templates.Facts, args []string) (view any, text string, err error) {
	if args[0] == "list" {
		list, err := s.List(ctx, state.Query{Alive: true})
		if err != nil {
			return nil, "", err
		}
		open := []incident.Summary{}
		var lines []string
		for _, i := range list {
			if i.State == incident.StateClosed {
				continue
			}
			open = append(open, i)
			if i.Phase != "" && i.State == incident.StateOpen {
				lines = append(lines, commands.ListLine(i))
				continue
			}
			lines = append(lines, fmt.Sprintf("SEV-%d %s %s · %s since %s", i.Severity, i.ID, i.Title, i.State, i.OpenedAt.UTC().Format("2006-01-02 15:04 UTC")))
		}
		if len(lines) == 0 {
			lines = []string{"No incident is open."}
		}
		return open, strings.Join(lines, "\n"), nil
	}
	id, err := incident.ParseID(args[1])
	if err != nil {
		return nil, "", usage("%w", err)
	}
	i, err := s.Incident(ctx, state.Ref{ID: id})
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", id, err)
	}
	return commands.Show(i), string(templates.Paper(i, f)), nil
}
