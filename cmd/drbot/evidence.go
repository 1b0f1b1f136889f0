package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/drbot/drbot/evidence"
	"github.com/drbot/drbot/incident"
)

func (p program) evidence() *cobra.Command {
	return group("evidence", "Pack what an auditor needs", p.evidenceExport())
}

func (p program) evidenceExport() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use: "export INCIDENT [FILE]", Short: "Write one archive that is checked without drbot", Args: cobra.RangeArgs(1, 2),
		Long: "Export packs an incident's records, every command with its exact bytes, people and output, every approval however it\n" +
			"ended, and VERIFY.md, which says how to check all of it with sha256sum. FILE is evidence/INC-42.tar.gz in the data\n" +
			"directory unless it is named; - is standard output. It never overwrites.",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := incident.ParseID(args[0])
			if err == nil && id == 0 {
				err = errors.New("the house has no evidence of its own; name an incident")
			}
			if err != nil {
				return usage("%w", err)
			}
			file := ""
			if len(args) == 2 {
				file = args[1]
			}
			return p.exportEvidence(cmd.Context(), id, data, file)
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "data directory or backup file (default: the configured one)")
	return cmd
}

// exportEvidence asks the running drbot, or reads the record itself when nobody holds it.
func (p program) exportEvidence(ctx context.Context, id incident.ID, data, file string) error {
	client, s, err := p.reader(ctx, data)
	if err != nil {
		return err
	}
	if client != nil {
		defer client.Close()
	} else {
		defer func() { _ = s.Close() }()
	}
	folder, zone := data, time.Local
	if c, err := p.config(); err == nil {
		zone = zoneOf(c.Commands.Hours)
		folder = cmp.Or(data, c.Data)
	} else if data == "" {
		return err
	}
	attempts := folder
	if info, err := os.Stat(folder); err == nil && !info.IsDir() {
		attempts = "" // a backup has the record alone
	}
	write := func(w io.Writer) error {
		if client != nil {
			return client.Evidence(ctx, id, w)
		}
		return evidence.Export(ctx, evidence.Source{Store: s, Data: attempts, Zone: zone}, id, w)
	}
	if file == "-" {
		return write(p.stdout)
	}
	if file == "" && attempts == "" {
		return usage("%s is no data directory to write into: name FILE", folder)
	}
	if file == "" {
		file = filepath.Join(folder, "evidence", id.String()+".tar.gz")
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return elsewhere(err)
		}
	}
	sum, err := writeNew(file, write)
	if err != nil {
		return err
	}
	say(p.stdout, "%s is written, sha256 %s. VERIFY.md in it says how to check it.", file, sum)
	return nil
}

// elsewhere tells an account that may not write into drbot's data where an archive can go.
func elsewhere(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: drbot's data is for its own account and root; name a FILE of yours, or - for standard output", err)
	}
	return err
}

// writeNew writes a file that must not exist, whole or not at all, and gives its sha256.
func writeNew(file string, write func(io.Writer) error) (sum string, err error) {
	if _, err := os.Lstat(file); err == nil {
		return "", fmt.Errorf("%s exists; evidence never overwrites: name another FILE", file)
	}
	out, err := os.OpenFile(file+".part", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(file + ".part") }()
	hash := sha256.New()
	err = write(io.MultiWriter(out, hash))
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), os.Link(file+".part", file)
}
