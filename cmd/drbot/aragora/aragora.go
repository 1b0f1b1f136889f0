// Package aragora is the service that `drbot demo` recovers: two SQLite files, a process, a health endpoint, backups.
//
// Nothing in it knows drbot. Prepare lays the folder out with a history of rows and hourly backup sets. Keep holds the
// service's process up or down, as bin/servicectl asks, and takes a set every hour. Run is that process: it writes rows
// and answers GET /api/health from what it really reads. Damage overwrites pages of the live users database.
package aragora

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

const (
	usersDB   = "aragora_users.db"
	debatesDB = "aragora_debates.db"
	stamp     = "2006-01-02T15:04:05.000000Z"
)

// firstUsers and firstDebates are the rows before the first backup set; history is how many hourly sets there are.
const (
	firstUsers, firstDebates = 2000, 600
	grow                     = 120 // rows of each table an hour
	history                  = 6
)

var schema = map[string]string{
	usersDB: `CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, about TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS users_created ON users(created_at);`,
	debatesDB: `CREATE TABLE IF NOT EXISTS debates (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, topic TEXT NOT NULL, text TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS debates_user ON debates(user_id);`,
}

// Prepare makes the service's folder with its history, unless it is there. self is the program that bin/servicectl runs.
func Prepare(ctx context.Context, dir, self string, now time.Time) error {
	for _, sub := range []string{"bin", "data", "backups", "quarantine"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return err
		}
	}
	ctl := fmt.Sprintf("#!/bin/bash\n# start | stop | status, answered by the keeper of the service\nexec %s demoservice ctl --dir %s \"$@\"\n", quoted(self), quoted(dir))
	if err := os.WriteFile(filepath.Join(dir, "bin", "servicectl"), []byte(ctl), 0o700); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "data", usersDB)); err == nil {
		return nil
	}
	begin := now.UTC().Truncate(time.Second).Add(-history * time.Hour)
	if err := fill(ctx, dir, firstUsers, firstDebates, begin.Add(-30*24*time.Hour), begin); err != nil {
		return err
	}
	for hour := range history {
		from := begin.Add(time.Duration(hour) * time.Hour)
		if err := fill(ctx, dir, grow, grow/2, from, from.Add(50*time.Minute)); err != nil {
			return err
		}
		if _, err := Backup(ctx, dir, from.Add(50*time.Minute)); err != nil {
			return err
		}
	}
	return nil
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// open opens one database for writing, in WAL mode, as the service does.
func open(dir, name string) (*sql.DB, error) {
	path := filepath.Join(dir, "data", name)
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(3000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// fill adds rows with times spread from one instant to another.
func fill(ctx context.Context, dir string, users, debates int, from, to time.Time) error {
	add := func(name string, n int, insert func(tx *sql.Tx, k int, at string) error) (err error) {
		db, err := open(dir, name)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		if _, err := db.ExecContext(ctx, schema[name]); err != nil {
			return err
		}
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		for k := range n {
			at := from.Add(to.Sub(from) * time.Duration(k+1) / time.Duration(n)).UTC().Format(stamp)
			if err := insert(tx, k, at); err != nil {
				return errors.Join(err, tx.Rollback())
			}
		}
		return tx.Commit()
	}
	if err := add(usersDB, users, addUser); err != nil {
		return err
	}
	return add(debatesDB, debates, addDebate)
}

func addUser(tx *sql.Tx, k int, at string) error {
	_, err := tx.Exec(`INSERT INTO users(email, name, about, created_at) SELECT 'user' || n || '@aragora.example', 'User ' || n, ?, ? FROM (SELECT coalesce(max(id), 0) + 1 AS n FROM users)`,
		strings.Repeat(fmt.Sprintf("likes debate %d. ", k%97), 6), at)
	return err
}

func addDebate(tx *sql.Tx, k int, at string) error {
	_, err := tx.Exec(`INSERT INTO debates(user_id, topic, text, created_at) VALUES (?, ?, ?, ?)`,
		1+k%firstUsers, fmt.Sprintf("Topic %d", k), strings.Repeat(fmt.Sprintf("argument %d. ", k%89), 12), at)
	return err
}

// Rows counts what the live databases hold; an error is a database that cannot be read.
func Rows(ctx context.Context, dir string) (users, debates int, newest time.Time, err error) {
	users, a, err := count(ctx, filepath.Join(dir, "data", usersDB), "users")
	if err != nil {
		return 0, 0, newest, err
	}
	debates, b, err := count(ctx, filepath.Join(dir, "data", debatesDB), "debates")
	if err != nil {
		return 0, 0, newest, err
	}
	if newest = a; b.After(a) {
		newest = b
	}
	return users, debates, newest, nil
}

// count reads every row of a table, so that a damaged page shows.
func count(ctx context.Context, path, table string) (n int, newest time.Time, err error) {
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro&_pragma=busy_timeout(3000)")
	if err != nil {
		return 0, newest, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var check string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&check); err != nil {
		return 0, newest, err
	}
	if check != "ok" {
		return 0, newest, errors.New(firstLine(check))
	}
	var at string
	var size int64
	body := map[string]string{"users": "about", "debates": "text"}[table]
	if err := db.QueryRowContext(ctx, "SELECT count(*), coalesce(max(created_at), ''), coalesce(sum(length("+body+")), 0) FROM "+table+" NOT INDEXED").Scan(&n, &at, &size); err != nil {
		return 0, newest, err
	}
	if at != "" {
		newest, err = time.Parse(stamp, at)
	}
	return n, newest, err
}

func firstLine(s string) string { line, _, _ := strings.Cut(s, "\n"); return line }

// Damage overwrites pages of the live users database, as a failing disk or a wrong script would, and returns when the
// service cannot read it any more.
func Damage(ctx context.Context, dir string) error {
	db, err := open(dir, usersDB)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	path := filepath.Join(dir, "data", usersDB)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	st, err := f.Stat()
	if err == nil {
		err = scribble(f, st.Size())
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if _, _, err := count(ctx, path, "users"); err == nil {
		return errors.New("the database can still be read")
	}
	return nil
}

const pageSize = 4096

// scribble writes over every third page but the first.
func scribble(f *os.File, size int64) error {
	junk := []byte(strings.Repeat("not a page of a database ", pageSize/25+1))[:pageSize]
	for off := int64(pageSize); off+pageSize <= size; off += 3 * pageSize {
		if _, err := f.WriteAt(junk, off); err != nil {
			return err
		}
	}
	return nil
}
