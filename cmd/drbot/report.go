package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/integrations/terminal"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// reportOptions is what a report is asked for at the terminal.
type reportOptions struct {
	since, key           string
	asJSON, asMD, nobody bool
}

// report prints the figures of /incident report: a table, JSON (docs/report.md) or Markdown.
func (p program) report() *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use: "report", Short: "Print figures of incidents: times to acknowledge and to resolve, promises, objectives", Args: cobra.NoArgs,
		Long: "Report reads the figures of the incidents that were opened in a time, drills apart. It asks the running drbot, and where there\n" +
			"is none it reads the record itself. The JSON is described in docs/report.md.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.asJSON && o.asMD {
				return usage("--json and --md are two forms of the same report: leave one out")
			}
			if _, err := commands.ParsePeriod(o.since, p.clock.Now()); err != nil {
				return usage("--since: %w", err)
			}
			if !o.nobody {
				if err := p.askReport(cmd.Context(), o); !errors.Is(err, terminal.ErrNobody) {
					return err
				}
			}
			return p.readReport(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.since, "since", commands.ReportPeriod, "from when on: 30d, 12h, 8w, 2026-01-01, all")
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&o.asMD, "md", false, "print Markdown")
	cmd.Flags().BoolVar(&o.nobody, "offline", false, "read the record itself, with no drbot running")
	cmd.Flags().StringVar(&o.key, "ssh-key", "", keyFlag)
	return cmd
}

// askReport asks the running drbot, which shows of restricted incidents what the person may see.
func (p program) askReport(ctx context.Context, o reportOptions) error {
	text := o.since
	if o.asMD {
		text += " md"
	}
	a, err := p.ask(ctx, o.key, terminal.Request{Verb: "incident report", Text: text})
	if err != nil {
		return err
	}
	var file string
	if o.asMD && a.Kind == "" && json.Unmarshal(a.Data, &file) == nil {
		say(p.stdout, "%s", strings.TrimRight(file, "\n"))
		return nil
	}
	return p.printAnswer(a, o.asJSON)
}

// readReport reads the record. Whoever can open the file may read all of it.
func (p program) readReport(ctx context.Context, o reportOptions) error {
	c, err := p.config()
	if err != nil {
		return err
	}
	s, err := openToRead(c)
	switch {
	case errors.Is(err, state.ErrInUse):
		return errors.New("another process holds the record; leave --offline out to ask it")
	case err != nil:
		return err
	}
	defer func() { _ = s.Close() }()
	now := p.clock.Now()
	since, err := commands.ParsePeriod(o.since, now)
	if err != nil {
		return usage("--since: %w", err)
	}
	r, err := commands.Figure(ctx, s, commands.ReportAsk{Since: since, Now: now, Period: o.since})
	switch {
	case err != nil:
		return err
	case o.asJSON:
		return printJSON(p.stdout, commands.ViewReport(r))
	case o.asMD:
		say(p.stdout, "%s", strings.TrimRight(templates.ReportMarkdown(r), "\n"))
		return nil
	}
	say(p.stdout, "%s", strings.TrimRight(templates.TextIn(templates.ReportWhole(r), columns(p.stdout)), "\n"))
	return nil
}
