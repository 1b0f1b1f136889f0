package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/terminal"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
)

func (p program) audit() *cobra.Command {
	return group("audit", "Verify, export or redact the record", p.auditVerify(), p.auditExport(), p.auditRedact())
}

// reader gives the running drbot when there is one and no data is named, and else the file itself.
func (p program) reader(ctx context.Context, data string) (*terminal.Client, *bolt.Store, error) {
	if data == "" {
		c, err := p.config()
		if err != nil {
			return nil, nil, err
		}
		client, err := terminal.Dial(ctx, terminal.Client{Socket: c.Socket, Data: c.Data})
		if errors.Is(err, terminal.ErrForbidden) {
			return nil, nil, fmt.Errorf("%w: the whole record is for drbot's own account and root", err)
		}
		if !errors.Is(err, terminal.ErrNobody) {
			return client, nil, err
		}
		data = c.Data
	}
	s, err := bolt.OpenReadOnly(data)
	return nil, s, err
}

func (p program) auditVerify() *cobra.Command {
	var data string
	var heads []string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "verify", Short: "Find any removal, edit, insertion or reordering in the record", Args: cobra.NoArgs,
		Long: "Verify walks the whole record, recomputes its links and folds, and compares it with heads that were posted earlier:\n" +
			"--head 1234:77ab01c4… finds a cut of the end.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			known, err := parseHeads(heads)
			if err != nil {
				return usage("%w", err)
			}
			head, compared, finding, err := p.verify(cmd.Context(), data, known)
			if err != nil {
				return err
			}
			switch {
			case asJSON:
				err = printJSON(p.stdout, map[string]any{"ok": finding == "", "head": head, "compared_heads": compared, "finding": finding})
			case finding == "":
				say(p.stdout, "The record is whole: %d records, head %s. Compared with %d posted heads.", head.Seq, head.Hash, compared)
			default:
				say(p.stdout, "The record is NOT whole: %s", finding)
			}
			if err == nil && finding != "" {
				err = findings()
			}
			return err
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "data directory or backup file (default: the configured one)")
	cmd.Flags().StringArrayVar(&heads, "head", nil, "a head that was posted, as SEQ:HASH; may be given again")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (p program) verify(ctx context.Context, data string, heads []state.Head) (head state.Head, compared int, finding string, err error) {
	client, s, err := p.reader(ctx, data)
	if err != nil {
		return head, 0, "", err
	}
	if client != nil {
		defer client.Close()
		return client.Verify(ctx, heads)
	}
	defer func() { _ = s.Close() }()
	house, err := s.House(ctx)
	if err != nil {
		return head, 0, "", err
	}
	if house.Head.Seq != 0 {
		heads = append(heads, state.Head{Seq: house.Head.Seq, Hash: house.Head.Hash})
	}
	if head, err = s.Verify(ctx, heads...); err != nil {
		return head, len(heads), err.Error(), nil
	}
	return head, len(heads), "", nil
}

func parseHeads(list []string) ([]state.Head, error) {
	var heads []state.Head
	for _, s := range list {
		seq, hash, ok := strings.Cut(s, ":")
		n, err := strconv.ParseUint(seq, 10, 64)
		if !ok || err != nil || len(hash) < 8 {
			return nil, fmt.Errorf("--head %s: write it as SEQ:HASH, as drbot posted it", s)
		}
		heads = append(heads, state.Head{Seq: n, Hash: hash})
	}
	return heads, nil
}

func (p program) auditExport() *cobra.Command {
	var data, only string
	cmd := &cobra.Command{
		Use: "export", Short: "Print the record as JSON lines, each with hash and prev", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, s, err := p.reader(cmd.Context(), data)
			if err != nil {
				return err
			}
			if client != nil {
				defer client.Close()
				return client.Export(cmd.Context(), only, p.stdout)
			}
			defer func() { _ = s.Close() }()
			records := s.All(cmd.Context(), 0)
			if only != "" {
				id, err := incident.ParseID(only)
				if err != nil {
					return usage("%w", err)
				}
				records = s.Records(cmd.Context(), id, 0)
			}
			enc := json.NewEncoder(p.stdout)
			enc.SetEscapeHTML(false)
			for record, err := range records {
				if err != nil {
					return err
				}
				if err := enc.Encode(record); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "data directory or backup file (default: the configured one)")
	cmd.Flags().StringVar(&only, "incident", "", "only this incident")
	return cmd
}

// forgetIn deletes copies of files by their digests, for good.
func forgetIn(dir string) func(string) error {
	return func(digest string) error {
		if err := os.Remove(filepath.Join(dir, filepath.Base(digest))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
}

func (p program) auditRedact() *cobra.Command {
	var why string
	cmd := &cobra.Command{
		Use: "redact SEQ", Short: "Blank the payload of one record; the chain still verifies", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := strconv.ParseUint(args[0], 10, 64); err != nil {
				return usage("%s is no record number; `drbot audit export` shows them as seq", args[0])
			}
			if why == "" {
				return usage("a redaction needs its reason: --why \"a password was pasted\"")
			}
			return p.line(cmd.Context(), lineOptions{verb: "audit redact", object: args[0], text: why})
		},
	}
	cmd.Flags().StringVar(&why, "why", "", "the reason, kept in the record")
	return cmd
}
