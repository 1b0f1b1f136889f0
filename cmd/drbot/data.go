package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
)

// openRecord opens the record at the start, in a directory that is drbot's alone. A running drbot waits for a disk that is
// full or read-only; one that cannot start says so and ends.
func openRecord(c *config, o bolt.Options) (*bolt.Store, error) {
	if err := ownDirectory(c.Data, o.Log); err != nil {
		return nil, err
	}
	s, err := bolt.Open(c.Data, o)
	if trouble := (*state.Trouble)(nil); errors.As(err, &trouble) && errors.Is(trouble.Kind, state.ErrNotWritable) {
		return nil, &state.Trouble{Kind: trouble.Kind, Why: trouble.Why, Next: "drbot did not start; make " + c.Data + " writable for its account, free space where its disk is full, and start it again"}
	}
	return s, err
}

// openToRead opens the record to read it, with no drbot running; state.ErrInUse where another process holds it. Whoever can
// open the file may read all of it.
func openToRead(c *config) (*bolt.Store, error) {
	s, err := bolt.OpenReadOnly(c.Data)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("this account may not read drbot's record in %s: use drbot's own account or root, or ask the running drbot without --offline", c.Data)
	}
	return s, err
}

// ownDirectory closes a data directory that other accounts could look into.
func ownDirectory(dir string, log *slog.Logger) error {
	mode, err := openTo(dir)
	if err != nil {
		return &exitError{exitConfig, err}
	}
	if mode == 0 {
		return nil
	}
	switch err := os.Chmod(dir, 0o700); {
	case errors.Is(err, syscall.EROFS):
		return nil // nothing can be written at all, which opening says better
	case err != nil:
		return fmt.Errorf("data: other accounts may look into %s (mode %04o), and it cannot be closed: %w; its owner runs: chmod 700 %s", dir, mode, err, dir)
	}
	log.Warn("other accounts could look into the data directory; it is closed now", "data", dir, "was", fmt.Sprintf("%04o", mode), "is", "0700")
	return nil
}

// openTo is the mode of a directory that is open to other accounts; 0 where it is closed, or not there yet.
func openTo(dir string) (fs.FileMode, error) {
	st, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("data: %w", err)
	case !st.IsDir():
		return 0, fmt.Errorf("data: %s is a file; drbot keeps its record in a directory, so name another path", dir)
	case st.Mode().Perm()&0o077 == 0:
		return 0, nil
	}
	return st.Mode().Perm(), nil
}

// checkData says what of the data directory is not as it should be.
func checkData(c *config) []finding {
	var found []finding
	mode, err := openTo(c.Data)
	switch {
	case err != nil:
		return []finding{{"error", err.Error() + ".", "Name a directory of drbot's own with data:."}}
	case mode != 0:
		found = append(found, finding{"warning", fmt.Sprintf("Other accounts may look into %s (mode %04o).", c.Data, mode), "`drbot serve` closes it at its start; or: chmod 700 " + c.Data})
	}
	if err := writable(c.Data); err != nil {
		found = append(found, finding{"error", "The data directory cannot be written: " + err.Error(), "Make " + c.Data + " writable for drbot's account, or name another with data:."})
	}
	if c.SocketGroup != "" && inside(c.Socket, c.Data) {
		found = append(found, finding{
			"warning", "Group " + c.SocketGroup + " cannot reach drbot's socket: it is in the data directory, which is drbot's alone.",
			"Set terminal.socket to a path outside it, like /run/drbot/drbot.sock.",
		})
	}
	return found
}

// inside reports whether a path is in a directory.
func inside(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}
