package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/terminal"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// lineOptions is one line for the running drbot.
type lineOptions struct {
	group, text  string // a typed line
	verb, object string // or the verb itself
	fields       map[string][]string
	asJSON       bool
	follow       bool   // a step's output until it ends
	key          string // file of the person's public SSH key
}

// line sends one line and prints the answer.
func (p program) line(ctx context.Context, o lineOptions) error {
	client, err := p.connect(ctx, o.key)
	if err != nil {
		return err
	}
	defer client.Close()
	a, err := client.Command(ctx, terminal.Request{Group: o.group, Verb: o.verb, Object: o.object, Text: o.text, Fields: o.fields})
	if err != nil {
		return fmt.Errorf("ask the running drbot: %w", err)
	}
	if a.Output != "" && !o.asJSON {
		head, _, _ := strings.Cut(a.Text, "\n")
		say(p.stderr, "%s", head) // standard output is the step's alone
		return client.Output(ctx, a.Output, o.follow, p.stdout)
	}
	err = p.printAnswer(a, o.asJSON)
	// What was typed is at fault; a runbook that cannot be loaded is bad input too, and was not typed.
	if err != nil && o.group != "runbook" && (a.Kind == "bad_input" || len(a.Errors) > 0) {
		return &exitError{exitUsage, err}
	}
	return err
}

// connect finds the running drbot of the configuration.
func (p program) connect(ctx context.Context, key string) (*terminal.Client, error) {
	c, err := p.config()
	if err != nil {
		return nil, err
	}
	return p.dial(ctx, c, key)
}

// ask puts one question to the running drbot.
func (p program) ask(ctx context.Context, key string, r terminal.Request) (terminal.Answer, error) {
	client, err := p.connect(ctx, key)
	if err != nil {
		return terminal.Answer{}, err
	}
	defer client.Close()
	a, err := client.Command(ctx, r)
	if err != nil {
		err = fmt.Errorf("ask the running drbot: %w", err)
	}
	return a, err
}

func (p program) dial(ctx context.Context, c *config, keyFile string) (*terminal.Client, error) {
	if err := c.mayAsk(os.Getuid()); err != nil {
		return nil, err
	}
	t := terminal.Client{Socket: c.Socket, Data: c.Data, Agent: p.getenv("SSH_AUTH_SOCK"), Columns: columns(p.stdout)}
	if keyFile != "" {
		var err error
		if t.Key, err = terminal.KeyFile(keyFile); err != nil {
			return nil, usage("--ssh-key: %w", err)
		}
	}
	client, err := terminal.Dial(ctx, t)
	switch {
	case errors.Is(err, terminal.ErrNobody):
		return nil, fmt.Errorf("%w: start it with `drbot serve`; until then `drbot incident show N --offline` reads the record", err)
	case errors.Is(err, terminal.ErrForbidden):
		return nil, fmt.Errorf("%w. %s", err, c.admits())
	}
	return client, err
}

// admits is what makes drbot's socket reachable for an account that it is not.
func (c *config) admits() string {
	switch {
	case c.SocketGroup == "":
		return "An admin sets terminal: {socket: /run/drbot/drbot.sock, group: drbot} in " + c.File + " and puts your account into that group"
	case inside(c.Socket, c.Data):
		return "An admin sets terminal.socket to a path outside the data directory, like /run/drbot/drbot.sock, which group " + c.SocketGroup + " can reach"
	}
	return "An admin puts your account into group " + c.SocketGroup + "; log in again then"
}

// columns is the width of the terminal that w is; 0 when it is a file or a pipe.
func columns(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}

func (p program) printAnswer(a terminal.Answer, asJSON bool) error {
	switch {
	case asJSON && len(a.Data) > 0:
		_, _ = fmt.Fprintln(p.stdout, string(a.Data))
	case asJSON:
		if err := printJSON(p.stdout, a); err != nil {
			return err
		}
	case a.Kind == "" && len(a.Errors) == 0:
		say(p.stdout, "%s", strings.TrimRight(a.Text, "\n"))
	}
	if a.Kind == "" && len(a.Errors) == 0 {
		return nil
	}
	text := a.Text
	for _, field := range slices.Sorted(maps.Keys(a.Errors)) {
		text += "\n  " + field + ": " + a.Errors[field]
	}
	return errors.New(strings.TrimSpace(text))
}

// verbs is `drbot incident …` and `drbot recover …`: the words of the slash commands.
func (p program) verbs(name, short string) *cobra.Command {
	var asJSON, offline, follow bool
	var key string
	var parts messageParts
	var text reviewLine
	cmd := &cobra.Command{
		Use: name + " VERB [words]", Short: short,
		Long: short + ". `drbot " + name + " help` lists the verbs; outside a channel the incident is named first: show 42.\n" +
			"`--offline` never asks the running drbot: it reads the record, or the incident's file while another process holds it.",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if offline {
				return p.offline(cmd.Context(), name, args, asJSON)
			}
			if meant, err := text.meant(name, args); meant || err != nil {
				if err == nil {
					text.asJSON, text.key = asJSON, key
					err = p.review(cmd.Context(), text)
				}
				return err
			}
			err := p.line(cmd.Context(), lineOptions{group: name, text: strings.Join(append(args, parts.words(cmd)...), " "), asJSON: asJSON, follow: follow, key: key})
			if errors.Is(err, terminal.ErrNobody) && name == "incident" && len(args) > 0 && (args[0] == "show" || args[0] == "list") {
				return p.offline(cmd.Context(), name, args, asJSON)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&offline, "offline", false, "read the record itself, with no drbot running")
	cmd.Flags().StringVar(&key, "ssh-key", "", keyFlag)
	if name == "incident" {
		parts.flags(cmd)
	}
	if name == "incident" {
		text.flags(cmd)
	}
	if name == "recover" {
		cmd.Flags().BoolVarP(&follow, "follow", "f", false, "output: go on until the step ends")
	}
	return cmd
}

// offline answers show and list from the record, or from the paper file while another process holds the record.
func (p program) offline(ctx context.Context, name string, args []string, asJSON bool) error {
	verb := ""
	if len(args) > 0 {
		verb = args[0]
	}
	if name != "incident" || verb != "show" && verb != "list" || verb == "show" && len(args) != 2 {
		return usage("offline knows `incident list` and `incident show N`")
	}
	c, err := p.config()
	if err != nil {
		return err
	}
	s, err := openToRead(c)
	switch {
	case errors.Is(err, state.ErrInUse) && asJSON:
		return errors.New("another process holds the record, and its paper copy is no JSON; leave --offline out to ask it, or stop it first")
	case errors.Is(err, state.ErrInUse):
		return p.paper(c, args)
	case err != nil:
		return err
	}
	defer func() { _ = s.Close() }()
	f := templates.Facts{
		Now: p.clock.Now(), Host: c.Commands.Host, Commands: templates.Commands{Incident: c.Commands.Incident, Recover: c.Commands.Recover}, Contacts: contacts(c.People),
	}
	view, text, err := offlineView(ctx, s, f, args)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(p.stdout, view)
	}
	say(p.stdout, "%s", strings.TrimRight(text, "\n"))
	return nil
}

// paper prints the incident's own file and says how old it is.
func (p program) paper(c *config, args []string) error {
	if args[0] != "show" {
		return errors.New("another process holds the record; leave --offline out to ask it, or read the files in " + filepath.Join(c.Data, "incidents"))
	}
	id, err := incident.ParseID(args[1])
	if err != nil {
		return usage("%w", err)
	}
	path := filepath.Join(c.Data, "incidents", id.String()+".md")
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("another process holds the record, and %s has no file: %w", id, err)
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	say(p.stderr, "From %s, written %s ago; another process holds the record.", path, p.clock.Now().Sub(st.ModTime()).Round(time.Second))
	_, err = io.Copy(p.stdout, f)
	return err
}
