package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/drbot/drbot/integrations/terminal"
)

// What lets something run is decided at the terminal by whoever has seen all of it: the text is printed whole, and the
// first digits of its sha256 are typed. Scripts, and shells without a terminal, give the digits as a flag.

const keyFlag = "public key with which ssh-agent proves who you are"

func (p program) approve() *cobra.Command {
	var sum, key string
	var glass glass
	cmd := &cobra.Command{
		Use: "approve A17", Short: "Print the whole text of an approval and approve it", Args: oneApproval(cobra.ExactArgs(1)),
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
	cmd.Flags().StringVar(&key, "ssh-key", "", keyFlag)
	return cmd
}

var approvalName = regexp.MustCompile(`^[Aa][0-9]{1,18}$`)

// oneApproval is arguments that begin with an approval, which is put as the record names it.
func oneApproval(count cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := count(cmd, args); err != nil {
			return err
		}
		if !approvalName.MatchString(args[0]) {
			return fmt.Errorf("%q is no approval; they are called A17, and `drbot recover approvals` lists those that wait", args[0])
		}
		args[0] = strings.ToUpper(args[0])
		return nil
	}
}

func (p program) decideOn(ctx context.Context, approval, sum, key string) error {
	client, err := p.connect(ctx, key)
	if err != nil {
		return err
	}
	defer client.Close()
	if sum == "" {
		if sum, err = p.readText(ctx, client, terminal.Request{Verb: "recover text", Object: approval}, "approve "+approval); err != nil {
			return err
		}
	}
	return p.carryOut(ctx, client, terminal.Request{Verb: "recover approve", Object: approval, Fields: map[string][]string{"sha256": {sum}}})
}

// carryOut sends a decision and prints its answer.
func (p program) carryOut(ctx context.Context, client *terminal.Client, r terminal.Request) error {
	a, err := client.Command(ctx, r)
	if err != nil {
		return err
	}
	return p.printAnswer(a, false)
}

// readText prints everything that is to be decided on and asks for the first digits of its sha256. It gives the whole
// sha256 of what was shown, so that nothing else is decided on.
func (p program) readText(ctx context.Context, client *terminal.Client, ask terminal.Request, what string) (sum string, err error) {
	a, err := client.Command(ctx, ask)
	if err != nil {
		return "", err
	}
	if err := p.printAnswer(a, false); err != nil {
		return "", err
	}
	var view struct {
		Digest  string `json:"digest"`
		Refused string `json:"refused"`
	}
	if err := json.Unmarshal(a.Data, &view); err != nil || len(view.Digest) != 64 {
		return "", errors.New("the running drbot did not say the sha256")
	}
	if view.Refused != "" {
		say(p.stdout, "")
		return "", errors.New(view.Refused)
	}
	_, _ = fmt.Fprintf(p.stdout, "\nsha256 %s\nType its first eight digits to %s, anything else to leave it: ", view.Digest, what)
	var typed string
	_, err = fmt.Fscanln(p.stdin, &typed)
	switch {
	case typed == "" && err != nil:
		say(p.stdout, "")
		return "", errors.New("nothing was decided: no digits were typed. Without a terminal give them: --sha256 " + view.Digest[:8])
	case len(typed) < 8 || !strings.HasPrefix(view.Digest, strings.ToLower(typed)):
		return "", errors.New("nothing was decided: those are not the digits of this sha256")
	}
	return view.Digest, nil
}

func (p program) deny() *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use: "deny A17 REASON", Short: "Deny an approval, finally", Args: oneApproval(cobra.MinimumNArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			fields := map[string][]string{"reason": {strings.Join(args[1:], " ")}}
			return p.line(cmd.Context(), lineOptions{verb: "recover deny", object: args[0], fields: fields, key: key})
		},
	}
	cmd.Flags().StringVar(&key, "ssh-key", "", keyFlag)
	return cmd
}

// runbookAccept shows the loaded lock and accepts what was shown.
func (p program) runbookAccept() *cobra.Command {
	var sum, key string
	cmd := &cobra.Command{
		Use: "accept [LOCK-SHA256]", Short: "Read the lock entries that are new or changed, and accept them", Args: cobra.MaximumNArgs(1),
		Long: "Accept prints what changed in the loaded lock, in words, and every new or changed entry whole, and asks for the first\n" +
			"eight digits of the lock's sha256. What was shown is what is accepted: a lock that is loaded meanwhile is refused.\n" +
			"In scripts give at least eight digits, as the argument or with --sha256.",
		Example: "  drbot runbook accept\n  drbot runbook accept 114fb65c",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && sum != "" && args[0] != sum {
				return usage("the lock's sha256 is given twice, as %s and as %s", args[0], sum)
			}
			if len(args) == 1 {
				sum = args[0]
			}
			return p.acceptLock(cmd.Context(), sum, key)
		},
	}
	cmd.Flags().StringVar(&sum, "sha256", "", "at least the first eight digits of the lock's sha256")
	cmd.Flags().StringVar(&key, "ssh-key", "", keyFlag)
	return cmd
}

func (p program) acceptLock(ctx context.Context, sum, key string) error {
	client, err := p.connect(ctx, key)
	if err != nil {
		return err
	}
	defer client.Close()
	if sum == "" {
		if sum, err = p.readText(ctx, client, terminal.Request{Verb: "runbook text"}, "accept it"); err != nil {
			return err
		}
	}
	return p.carryOut(ctx, client, terminal.Request{Verb: "runbook accept", Object: sum})
}
