package aragora

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Set is one backup set.
type Set struct {
	Name      string
	TakenAt   time.Time
	Users     int
	Debates   int
	NewestRow time.Time
}

// Backup writes a set: consistent copies of both databases, MANIFEST, and SHA256SUMS last, so that a set without it
// was never finished. The folder gets its name only when it is whole.
func Backup(ctx context.Context, dir string, at time.Time) (Set, error) {
	s := Set{Name: "backup_" + at.UTC().Format("20060102_150405"), TakenAt: at.UTC()}
	final := filepath.Join(dir, "backups", s.Name)
	tmp := filepath.Join(dir, "backups", "."+s.Name)
	if err := os.RemoveAll(tmp); err != nil {
		return s, err
	}
	if err := os.Mkdir(tmp, 0o700); err != nil {
		return s, err
	}
	for _, name := range []string{usersDB, debatesDB} {
		if err := vacuumInto(ctx, filepath.Join(dir, "data", name), filepath.Join(tmp, name)); err != nil {
			return s, fmt.Errorf("copy %s: %w", name, err)
		}
	}
	var err error
	var a, b time.Time
	if s.Users, a, err = count(ctx, filepath.Join(tmp, usersDB), "users"); err != nil {
		return s, err
	}
	if s.Debates, b, err = count(ctx, filepath.Join(tmp, debatesDB), "debates"); err != nil {
		return s, err
	}
	if s.NewestRow = a; b.After(a) {
		s.NewestRow = b
	}
	manifest := fmt.Sprintf("taken_at=%s\nrows.users=%d\nrows.debates=%d\nnewest_row=%s\n", at.UTC().Format(time.RFC3339), s.Users, s.Debates, s.NewestRow.Format(stamp))
	if err := write(filepath.Join(tmp, "MANIFEST"), manifest); err != nil {
		return s, err
	}
	sums := ""
	for _, name := range []string{usersDB, debatesDB, "MANIFEST"} {
		sum, err := hash(filepath.Join(tmp, name))
		if err != nil {
			return s, err
		}
		sums += sum + "  " + name + "\n"
	}
	if err := write(filepath.Join(tmp, "SHA256SUMS"), sums); err != nil {
		return s, err
	}
	return s, os.Rename(tmp, final)
}

func vacuumInto(ctx context.Context, from, to string) (err error) {
	db, err := sql.Open("sqlite", "file:"+from+"?mode=ro&_pragma=busy_timeout(3000)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", to)
	return err
}

func write(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, text)
	return errors.Join(err, f.Sync(), f.Close())
}

func hash(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	return fmt.Sprintf("%x", h.Sum(nil)), errors.Join(err, f.Close())
}

// Sets lists the sets whose files are as their hashes say, newest first.
func Sets(dir string) ([]Set, error) {
	names, err := filepath.Glob(filepath.Join(dir, "backups", "backup_*"))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	slices.Reverse(names)
	var sets []Set
	for _, path := range names {
		if s, err := readSet(path); err == nil {
			sets = append(sets, s)
		}
	}
	return sets, nil
}

func readSet(path string) (Set, error) {
	s := Set{Name: filepath.Base(path)}
	sums, err := os.ReadFile(filepath.Join(path, "SHA256SUMS"))
	if err != nil {
		return s, err
	}
	for line := range strings.Lines(string(sums)) {
		want, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		if got, err := hash(filepath.Join(path, name)); err != nil || got != want {
			return s, fmt.Errorf("%s is not as its hash says", name)
		}
	}
	manifest, err := os.ReadFile(filepath.Join(path, "MANIFEST"))
	if err != nil {
		return s, err
	}
	for line := range strings.Lines(string(manifest)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "taken_at":
			s.TakenAt, err = time.Parse(time.RFC3339, value)
		case "rows.users":
			_, err = fmt.Sscan(value, &s.Users)
		case "rows.debates":
			_, err = fmt.Sscan(value, &s.Debates)
		case "newest_row":
			s.NewestRow, err = time.Parse(stamp, value)
		}
		if err != nil {
			return s, fmt.Errorf("manifest: %s: %w", key, err)
		}
	}
	return s, nil
}

// DamageNewest flips bytes in the newest set, which keeps its name and its manifest: only the hash tells.
func DamageNewest(dir string) (string, error) {
	sets, err := Sets(dir)
	if err != nil || len(sets) < 2 {
		return "", errors.Join(err, errors.New("fewer than two verified sets"))
	}
	f, err := os.OpenFile(filepath.Join(dir, "backups", sets[0].Name, usersDB), os.O_RDWR, 0)
	if err != nil {
		return "", err
	}
	_, err = f.WriteAt([]byte("rot"), 3*pageSize+100)
	return sets[0].Name, errors.Join(err, f.Sync(), f.Close())
}

// RowsUntil counts the live rows of both tables up to an instant: those that a backup with that newest row holds.
func RowsUntil(ctx context.Context, dir string, newest time.Time) (int, error) {
	sum := 0
	for _, q := range []struct{ file, table string }{{usersDB, "users"}, {debatesDB, "debates"}} {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "data", q.file)+"?mode=ro&_pragma=busy_timeout(3000)")
		if err != nil {
			return 0, err
		}
		var n int
		err = db.QueryRowContext(ctx, "SELECT count(*) FROM "+q.table+" NOT INDEXED WHERE created_at <= ?", newest.UTC().Format(stamp)).Scan(&n)
		if err = errors.Join(err, db.Close()); err != nil {
			return 0, fmt.Errorf("%s: %w", q.table, err)
		}
		sum += n
	}
	return sum, nil
}
