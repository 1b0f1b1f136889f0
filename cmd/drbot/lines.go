package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/terminal"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
	"github.com/drbot/drbot/templates"
)

// lineOptions is one line for the running drbot.
type lineOptions struct {
	group, text  string // a typed line
	verb, object string // or the verb itself
	fields       map[string][]string
	asJSON       bool
	key          string // file of the person's public SSH key
}

// line sends one line and prints the answer.
func (p program) line(ctx context.Context, o lineOptions) error {
	c, err := p.config()
	if err != nil {
		return err
	}
	client, err := p.dial(ctx, c, o.key)
	if err != nil {
		return err
	}
	defer client.Close()
	a, err := client.Command(ctx, terminal.Request{Group: o.group, Verb: o.verb, Object: o.object, Text: o.text, Fields: o.fields})
	if err != nil {
		return fmt.Errorf("ask the running drbot: %w", err)
	}
	return p.printAnswer(a, o.asJSON)
}

func (p program) dial(ctx context.Context, c *config, keyFile string) (*terminal.Client, error) {
	t := terminal.Client{Socket: c.Socket, Data: c.Data, Agent: p.getenv("SSH_AUTH_SOCK")}
	if keyFile != "" {
		var err error
		if t.Key, err = terminal.KeyFile(keyFile); err != nil {
			return nil, usage("--ssh-key: %w", err)
		}
	}
	client, err := terminal.Dial(ctx, t)
	if errors.Is(err, terminal.ErrNobody) {
		return nil, fmt.Errorf("%w: start it with `drbot serve`; until then `drbot incident show N --offline` reads the record", err)
	}
	return client, err
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
	for field, problem := range a.Errors {
		text += "\n  " + field + ": " + problem
	}
	return errors.New(strings.TrimSpace(text))
}

// verbs is `drbot incident …` and `drbot recover …`: the words of the slash commands.
func (p program) verbs(name, short string) *cobra.Command {
	var asJSON, offline bool
	var key string
	cmd := &cobra.Command{
		Use: name + " VERB [words]", Short: short,
		Long: short + ". `drbot " + name + " help` lists the verbs; outside a channel the incident is named first: show 42.\n" +
			"`--offline` never asks the running drbot: it reads the record, or the incident's file while another process holds it.",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if offline {
				return p.offline(cmd.Context(), name, args, asJSON)
			}
			err := p.line(cmd.Context(), lineOptions{group: name, text: strings.Join(args, " "), asJSON: asJSON, key: key})
			if errors.Is(err, terminal.ErrNobody) && name == "incident" && len(args) > 0 && (args[0] == "show" || args[0] == "list") {
				return p.offline(cmd.Context(), name, args, asJSON)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&offline, "offline", false, "read the record itself, with no drbot running")
	cmd.Flags().StringVar(&key, "ssh-key", "", "public key with which ssh-agent proves who you are")
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
	s, err := bolt.OpenReadOnly(c.Data)
	if errors.Is(err, state.ErrInUse) {
		return p.paper(c, args)
	}
	if err != nil {
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

func (p program) approve() *cobra.Command {
	var sum, key string
	var glass glass
	cmd := &cobra.Command{
		Use: "approve A17", Short: "Print the whole text of an approval and approve it", Args: cobra.ExactArgs(1),
		Long: "Approve prints everything that would run and asks for the first eight digits of its sha256, so that nobody approves\n" +
			"what they have not seen. In scripts give them with --sha256.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if glass.reason != "" || glass.target != "" {
				return p.breakGlass(cmd.Context(), args[0], sum, key, glass)
			}
			return p.decideOn(cmd.Context(), args[0], sum, key)
		},
	}
	cmd.Flags().StringVar(&glass.reason, "break-glass", "", "the reason to decide in place of approvers who do not answer; for those in break_glass")
	cmd.Flags().StringVar(&glass.target, "target", "", "with --break-glass: the target, typed (asked for otherwise)")
	cmd.Flags().StringVar(&sum, "sha256", "", "at least the first eight digits of the sha256")
	cmd.Flags().StringVar(&key, "ssh-key", "", "public key with which ssh-agent proves who you are")
	return cmd
}

func (p program) decideOn(ctx context.Context, approval, sum, key string) error {
	c, err := p.config()
	if err != nil {
		return err
	}
	client, err := p.dial(ctx, c, key)
	if err != nil {
		return err
	}
	defer client.Close()
	if sum == "" {
		if sum, err = p.readText(ctx, client, approval, "approve "+approval); err != nil {
			return err
		}
	}
	a, err := client.Command(ctx, terminal.Request{Verb: "recover approve", Object: approval, Fields: map[string][]string{"sha256": {sum}}})
	if err != nil {
		return err
	}
	return p.printAnswer(a, false)
}

// readText prints the whole text of an approval and asks for the first digits of its sha256.
func (p program) readText(ctx context.Context, client *terminal.Client, approval, what string) (sum string, err error) {
	a, err := client.Command(ctx, terminal.Request{Verb: "recover text", Object: approval})
	if err != nil {
		return "", err
	}
	if err := p.printAnswer(a, false); err != nil {
		return "", err
	}
	var view struct {
		Digest string `json:"digest"`
	}
	if err := json.Unmarshal(a.Data, &view); err != nil || len(view.Digest) != 64 {
		return "", errors.New("the running drbot did not say the sha256")
	}
	_, _ = fmt.Fprintf(p.stdout, "\nsha256 %s\nType its first eight digits to %s, anything else to leave it: ", view.Digest, what)
	if _, err := fmt.Fscanln(p.stdin, &sum); err != nil || len(sum) < 8 || !strings.HasPrefix(view.Digest, strings.ToLower(sum)) {
		say(p.stdout, "Left undecided.")
		return "", findings()
	}
	return sum, nil
}

func (p program) deny() *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use: "deny A17 REASON", Short: "Deny an approval, finally", Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			fields := map[string][]string{"reason": {strings.Join(args[1:], " ")}}
			return p.line(cmd.Context(), lineOptions{verb: "recover deny", object: args[0], fields: fields, key: key})
		},
	}
	cmd.Flags().StringVar(&key, "ssh-key", "", "public key with which ssh-agent proves who you are")
	return cmd
}
