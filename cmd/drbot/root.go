package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// root is the table of subcommands.
func root(e env) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:           "drbot",
		Short:         "Make a disaster-recovery runbook act",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SetIn(e.stdin)
	cmd.SetOut(e.stdout)
	cmd.SetErr(e.stderr)
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.PersistentFlags().StringVar(&file, "config", "", "configuration (default ./drbot.yaml, then /etc/drbot/drbot.yaml)")
	cmd.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage("%w (see `drbot %s --help`)", err, c.Name())
	})
	p := program{env: e, file: &file}
	cmd.AddCommand(
		p.demo(), p.serve(), p.check(), p.version(), p.slack(), p.runbook(),
		p.verbs("incident", "Do what /incident does, at the terminal"), p.verbs("recover", "Do what /recover does, at the terminal"),
		p.approve(), p.deny(), p.report(), p.audit(), p.evidence(), p.backup(), p.restore(), p.workspace(), p.fakepagerduty(), p.demoservice(),
	)
	wrapUsage(cmd)
	return cmd
}

// wrapUsage gives wrong arguments the usage exit code, at every depth.
func wrapUsage(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return usage("%w; it is typed: %s (see `%s --help`)", err, strings.TrimSuffix(c.UseLine(), " [flags]"), c.CommandPath())
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		wrapUsage(sub)
	}
}

// program is what subcommands share.
type program struct {
	env
	file *string
}

// config loads the configuration, or ends with the configuration's exit code.
func (p program) config() (*config, error) {
	path, err := findConfig(*p.file)
	if err != nil {
		return nil, &exitError{exitConfig, err}
	}
	c, err := loadConfig(path, p.getenv)
	if err != nil {
		return nil, &exitError{exitConfig, err}
	}
	return c, nil
}

// group is a subcommand that only holds others; a wrong one is a usage error and not help with exit code 0.
func group(use, short string, subs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		_ = c.Help()
		return usage("%s needs one of its subcommands", c.CommandPath())
	}}
	cmd.AddCommand(subs...)
	return cmd
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
