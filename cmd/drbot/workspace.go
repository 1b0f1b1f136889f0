package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/drbot/drbot/cmd/drbot/aragora"
	"github.com/drbot/drbot/integrations/pagerduty/pdtest"
	"github.com/drbot/drbot/workspace"
)

// workspace is the hidden subcommand that runs the demo's chat as a process of its own. The demo reaches it only over
// its HTTP and socket.
func (p program) workspace() *cobra.Command {
	return &cobra.Command{
		Use: "workspace", Hidden: true, Args: cobra.NoArgs,
		Short: "Run a Slack-compatible workspace; its options are JSON on standard input, which must stay open",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var o workspace.Options
			dec := json.NewDecoder(p.stdin)
			if err := dec.Decode(&o); err != nil {
				return usage("options on standard input: %w", err)
			}
			o.Log = slog.New(slog.NewTextHandler(p.stderr, nil))
			ctx := alive(cmd.Context(), io.MultiReader(dec.Buffered(), p.stdin))
			w, err := workspace.Start(ctx, o)
			if err != nil {
				return err
			}
			if err := printJSON(p.stdout, map[string]string{"url": w.URL(), "api": w.APIURL()}); err != nil {
				return err
			}
			<-ctx.Done()
			return w.Close()
		},
	}
}

// fakepagerduty is the hidden subcommand that runs the demo's PagerDuty as a process of its own. Behind its options come
// orders, a line of JSON each.
func (p program) fakepagerduty() *cobra.Command {
	return &cobra.Command{
		Use: "fakepagerduty", Hidden: true, Args: cobra.NoArgs,
		Short: "Run a PagerDuty account; its options are JSON on standard input, which must stay open",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var o pdtest.Options
			dec := json.NewDecoder(p.stdin)
			if err := dec.Decode(&o); err != nil {
				return usage("options on standard input: %w", err)
			}
			account, err := pdtest.Start(o)
			if err != nil {
				return err
			}
			defer account.Close()
			context.AfterFunc(cmd.Context(), func() { os.Exit(exitDone) }) // a read of standard input has no other end
			say := json.NewEncoder(p.stdout)
			if err := say.Encode(pagerAnswer{URL: account.URL()}); err != nil {
				return err
			}
			for {
				var order pagerOrder
				if err := dec.Decode(&order); errors.Is(err, io.EOF) {
					return nil
				} else if err != nil {
					return err
				}
				var answer pagerAnswer
				switch {
				case order.Subscribe != "":
					account.Subscribe(order.Subscribe, nil, order.Secret)
				case order.Trigger != "":
					answer.ID = account.Trigger(o.Services[0].ID, order.Trigger, "high", "P1")
				case order.Status != "":
					answer.Status = account.Status(order.Status)
				}
				if err := say.Encode(answer); err != nil {
					return err
				}
			}
		},
	}
}

// demoservice is the hidden subcommand that runs the demo's service: its keeper, the process itself, and its control.
func (p program) demoservice() *cobra.Command {
	var dir string
	sub := func(use string, run func(ctx context.Context, args []string) error) *cobra.Command {
		return &cobra.Command{Use: use, Args: cobra.MaximumNArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
			return run(cmd.Context(), args)
		}}
	}
	cmd := group("demoservice", "The service that the demo destroys",
		sub("keep", func(ctx context.Context, _ []string) error {
			self, err := executable()
			if err != nil {
				return err
			}
			return aragora.Keep(alive(ctx, p.stdin), dir, self, slog.New(slog.NewTextHandler(p.stderr, nil)))
		}),
		sub("run", func(ctx context.Context, _ []string) error { return aragora.Run(ctx, dir, p.stdin) }),
		sub("ctl", func(ctx context.Context, args []string) error {
			if len(args) != 1 {
				return usage("start, stop or status")
			}
			state, err := aragora.Control(ctx, dir, args[0])
			if err == nil {
				_, err = fmt.Fprintln(p.stdout, state)
			}
			return err
		}),
	)
	cmd.Hidden = true
	cmd.PersistentFlags().StringVar(&dir, "dir", "", "folder of the service")
	return cmd
}

// alive ends with the other end of a pipe, so that no child outlives the demo, however that dies.
func alive(ctx context.Context, lifeline io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, lifeline)
		cancel()
	}()
	return ctx
}
