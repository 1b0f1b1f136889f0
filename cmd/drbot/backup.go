package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/drbot/drbot/state/bolt"
	"github.com/drbot/drbot/templates"
)

func (p program) backup() *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "Copy the record while drbot runs, and the files of kept messages", Args: cobra.ExactArgs(1),
		Long: "Backup writes the record to FILE, and the copies of the files of kept messages into the directory FILE" + beside + " beside it, where\n" +
			"there are some. FILE comes last: when it is there, both are whole. Move them together.",
		RunE: func(cmd *cobra.Command, args []string) error { return p.writeBackup(cmd.Context(), args[0]) },
	}
}

func (p program) restore() *cobra.Command {
	var heads []string
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Put a backup of the record in place, after verifying it", Args: cobra.ExactArgs(1),
		Long: "Restore verifies FILE, sets the present record aside in the data directory, and puts FILE in its place. The files of\n" +
			"kept messages come back from the directory FILE" + beside + ", each compared with its digest; those that are there stay.\n" +
			"drbot must not be running. Attempts on disk that the restored record does not know freeze the runner at the next start.\n" +
			"Cards that were posted since FILE was written decide nothing any more; those that it knows are drawn again.\n" +
			"What was redacted since FILE was written is readable again: restore names those records; redact them again.",
		RunE: func(cmd *cobra.Command, args []string) error {
			known, err := parseHeads(heads)
			if err != nil {
				return usage("%w", err)
			}
			c, err := p.config()
			if err != nil {
				return err
			}
			aside, err := bolt.Restore(cmd.Context(), args[0], c.Data, p.clock.Now(), known...)
			if err != nil {
				return err
			}
			if aside != "" {
				say(p.stdout, "The record that was there is now %s.", aside)
			}
			undone(cmd.Context(), aside, c.Data, p.stdout)
			files := restoreKept(cmd.Context(), args[0], c.Data, p.stdout)
			if err := redrawn(cmd.Context(), c, p.clock.Now); err != nil {
				return fmt.Errorf("restored %s, but its cards in the chat may show what the other record said: %w", args[0], errors.Join(err, files))
			}
			if files != nil {
				return fmt.Errorf("restored %s, but not all of its kept files: %w", args[0], files)
			}
			say(p.stdout, "Restored %s. Start drbot; it goes on from there.", args[0])
			return nil
		},
	}
	cmd.Flags().StringArrayVar(&heads, "head", nil, "a head that was posted, as SEQ:HASH; a backup from before it is refused")
	return cmd
}

// writePart writes a file that is not there yet, down to the disk.
func writePart(part string, write func(io.Writer) error) error {
	out, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists: another backup goes on there, or was broken off; then delete it", part)
	} else if err != nil {
		return err
	}
	if err = errors.Join(write(out), out.Sync(), out.Close()); err != nil {
		_ = os.Remove(part)
	}
	return err
}

// writeBackup takes a hot copy from the running drbot, or copies the file itself when nobody holds it, and then the files of
// kept messages that the copy names. It never overwrites, and what it leaves under the final name is whole: the record comes
// last.
func (p program) writeBackup(ctx context.Context, file string) error {
	client, s, err := p.reader(ctx, "")
	if err != nil {
		return err
	}
	c, err := p.config()
	if err != nil {
		return err
	}
	if _, err := os.Lstat(file); err == nil {
		return fmt.Errorf("%s exists; a backup never overwrites", file)
	}
	write := func(out io.Writer) error {
		if client != nil {
			defer client.Close()
			return client.Backup(ctx, out)
		}
		defer func() { _ = s.Close() }()
		return s.Backup(ctx, out)
	}
	part := file + ".part"
	if err := writePart(part, write); err != nil {
		return err
	}
	defer func() { _ = os.Remove(part) }()
	copied, err := bolt.OpenReadOnly(part)
	if err != nil {
		return fmt.Errorf("the copy does not open: %w", err)
	}
	head, err := copied.Verify(ctx)
	var kept []string
	if err == nil {
		kept, err = keptFiles(ctx, copied)
	}
	if err = errors.Join(err, copied.Close()); err != nil {
		return fmt.Errorf("the copy does not verify: %w", err)
	}
	n, lacking, err := backupKept(ctx, c.Data, file, kept)
	if err != nil {
		return fmt.Errorf("copy the kept files: %w", err)
	}
	if err := os.Link(part, file); err != nil {
		return err
	}
	if err := syncDir(file); err != nil {
		return err
	}
	say(p.stdout, "%s holds %d records, head %s.", file, head.Seq, head.Hash)
	if n > 0 {
		say(p.stdout, "%s holds %s of kept messages; keep it beside.", file+beside, templates.Plural(n, "file"))
	}
	for _, line := range lacking {
		say(p.stderr, "drbot: not in the backup: %s", line)
	}
	return nil
}
