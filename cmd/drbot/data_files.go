package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/drbot/drbot/evidence"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state/bolt"
	"github.com/drbot/drbot/templates"
)

// The copies of kept messages' files lie in the data directory, each under its sha256, and the record names them. A backup
// has them in a directory beside its record.

// beside is that directory's name behind the backup's.
const beside = ".files"

// keptName is the name of such a copy; what a record says else is not touched.
var keptName = regexp.MustCompile(`^[0-9a-f]{64}$`)

// keptFiles lists the digests that a record names, without those whose record was redacted.
func keptFiles(ctx context.Context, s *bolt.Store) ([]string, error) {
	var list []string
	for r, err := range s.All(ctx, 0) {
		if err != nil {
			return nil, err
		}
		if r.Kind != (incident.FileKept{}).EventKind() || r.Redacted {
			continue
		}
		e, err := r.Event()
		if err != nil {
			return nil, err
		}
		if f, ok := e.(incident.FileKept); ok && keptName.MatchString(f.Digest) {
			list = append(list, f.Digest)
		}
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// backupKept copies the files that a record names into the directory beside its backup. What lies there already stays: of a
// backup that was broken off, or of an earlier one of the same name that was moved. lacking says what could not be copied;
// a backup without it is better than none.
func backupKept(ctx context.Context, data, file string, kept []string) (n int, lacking []string, err error) {
	if len(kept) == 0 {
		return 0, nil, nil
	}
	missing, _, err := bringKept(ctx, filepath.Join(data, evidence.Kept), file+beside, kept)
	for _, one := range missing {
		lacking = append(lacking, one.Error())
	}
	return len(kept) - len(missing), lacking, err
}

// restoreKept puts them back. One that is neither in the data directory nor beside the backup is named: so it is with a
// backup of an earlier drbot, which left them out.
func restoreKept(ctx context.Context, file, data string, out io.Writer) error {
	s, err := bolt.OpenReadOnly(data)
	if err != nil {
		return err
	}
	kept, err := keptFiles(ctx, s)
	if err = errors.Join(err, s.Close()); err != nil || len(kept) == 0 {
		return err
	}
	missing, n, err := bringKept(ctx, file+beside, filepath.Join(data, evidence.Kept), kept)
	if n > 0 {
		say(out, "%s of kept messages came back.", templates.Plural(n, "file"))
	}
	var damaged []error
	for _, one := range missing {
		if errors.Is(one, fs.ErrNotExist) {
			say(out, "A kept file is not there: %v", one)
			continue
		}
		damaged = append(damaged, one)
	}
	return errors.Join(append(damaged, err)...)
}

// bringKept copies what is not in a directory yet, durably. missing are those that are not in the other one either, or are
// not what was kept; n is how many were copied.
func bringKept(ctx context.Context, from, to string, kept []string) (missing []error, n int, err error) {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return nil, 0, err
	}
	if err := syncDir(to); err != nil {
		return nil, 0, err
	}
	for _, name := range kept {
		if err := ctx.Err(); err != nil {
			return missing, n, err
		}
		if digest, err := digestOf(filepath.Join(to, name)); err == nil && digest == name {
			continue
		}
		switch err := copyKept(filepath.Join(from, name), to, name); {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, errChanged):
			missing = append(missing, err)
		case err != nil:
			return missing, n, err
		default:
			n++
		}
	}
	return missing, n, syncDir(filepath.Join(to, "any"))
}

// errChanged: the bytes of a copy are not those of its name.
var errChanged = errors.New("its bytes are not those that were kept")

// copyKept writes a copy durably under its digest, or not at all.
func copyKept(from, dir, name string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	part, err := os.OpenFile(filepath.Join(dir, "."+name+".part"), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // one of a broken-off copy is begun anew
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(part.Name()) }()
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(part, hash), in)
	if err = errors.Join(err, part.Sync(), part.Close()); err != nil {
		return err
	}
	if hex.EncodeToString(hash.Sum(nil)) != name {
		return fmt.Errorf("%s: %w", from, errChanged)
	}
	return os.Rename(part.Name(), filepath.Join(dir, name))
}

func digestOf(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// syncDir makes what was named in the directory of a path durable.
func syncDir(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
