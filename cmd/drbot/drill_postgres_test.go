package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drbot/drbot/integrations/postgres/pgtest"
	"github.com/drbot/drbot/runbook"
)

// production is a PostgreSQL with Aragora's database, a service that writes into it every few milliseconds, and dumps.
type production struct {
	*pgtest.Server
	t       *testing.T
	backups string

	mu   sync.Mutex
	last time.Time // newest heartbeat that was committed
}

func newProduction(t *testing.T, settings ...string) *production {
	t.Helper()
	p := &production{Server: pgtest.Start(t, settings...), t: t, backups: t.TempDir()}
	p.Exec(t, "postgres", "CREATE ROLE aragora LOGIN PASSWORD 'app'", "CREATE ROLE aragora_report", "CREATE DATABASE aragora OWNER aragora",
		"ALTER DATABASE aragora CONNECTION LIMIT 40", "ALTER DATABASE aragora SET statement_timeout = '30s'", "ALTER DATABASE aragora SET search_path = public, pg_catalog")
	p.Exec(t, "aragora", "SET ROLE aragora", "CREATE TABLE users(id serial PRIMARY KEY, name text NOT NULL)",
		"CREATE TABLE debates(id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, topic text NOT NULL)", "CREATE INDEX ON debates(topic)",
		"CREATE TABLE heartbeat(at timestamptz PRIMARY KEY)", "INSERT INTO users(name) SELECT 'user ' || g FROM generate_series(1, 2000) g",
		"INSERT INTO debates(user_id, topic) SELECT 1 + g % 2000, 'debate ' || g FROM generate_series(1, 5000) g", "RESET ROLE",
		"CREATE TABLE reports(id int)", "ALTER TABLE reports OWNER TO aragora_report")
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); p.live(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	p.beats(1)
	return p
}

// live is the service: it writes, and comes back by itself when its session is ended.
func (p *production) live(ctx context.Context) {
	for ctx.Err() == nil {
		p.session(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (p *production) session(ctx context.Context) {
	conn, err := p.Dial(ctx, "aragora")
	if err != nil {
		return
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		var at time.Time
		if err := conn.QueryRow(ctx, "INSERT INTO heartbeat VALUES (clock_timestamp()) RETURNING at").Scan(&at); err != nil {
			return
		}
		p.mu.Lock()
		p.last = at
		p.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (p *production) newest() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// beats waits until the service has written n more times.
func (p *production) beats(n int) {
	p.t.Helper()
	limit, tick := time.NewTimer(patience), time.NewTicker(5*time.Millisecond)
	defer limit.Stop()
	defer tick.Stop()
	for before := p.newest(); n > 0; {
		select {
		case <-limit.C:
			p.t.Fatal("the service does not write")
		case <-tick.C:
			if now := p.newest(); now.After(before) {
				before = now
				n--
			}
		}
	}
}

// backup writes a set as the runbook says. Dump and manifest are of one snapshot, the hashes come last.
func (p *production) backup(at time.Time) string {
	p.t.Helper()
	name := at.UTC().Format("pg_20060102_150405")
	dir := filepath.Join(p.backups, name)
	ok := func(err error) {
		p.t.Helper()
		if err != nil {
			p.t.Fatal(err)
		}
	}
	ok(os.MkdirAll(dir, 0o755))
	ctx := context.Background()
	conn := p.Connect(p.t, "aragora")
	tx, err := conn.Begin(ctx)
	ok(err)
	_, err = tx.Exec(ctx, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
	ok(err)
	var snapshot, newest string
	var users, debates int
	ok(tx.QueryRow(ctx, `SELECT pg_export_snapshot(), (SELECT count(*) FROM users), (SELECT count(*) FROM debates),
		(SELECT to_char(max(at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') FROM heartbeat)`).Scan(&snapshot, &users, &debates, &newest))
	dump, err := p.Command(p.t, "pg_dump", "-Fc", "--snapshot", snapshot, "aragora").Output()
	ok(err)
	ok(tx.Rollback(ctx))
	ok(os.WriteFile(filepath.Join(dir, "aragora.dump"), dump, 0o644))
	globals, err := p.Command(p.t, "pg_dumpall", "--globals-only").Output()
	ok(err)
	ok(os.WriteFile(filepath.Join(dir, "globals.sql"), globals, 0o600))
	manifest := fmt.Sprintf("taken_at=%s\nrows.users=%d\nrows.debates=%d\nnewest_row=%s\n", at.UTC().Format(time.RFC3339), users, debates, newest)
	ok(os.WriteFile(filepath.Join(dir, "MANIFEST"), []byte(manifest), 0o644))
	sums(p.t, dir, "aragora.dump", "globals.sql", "MANIFEST")
	return name
}

// tree is one line for every file of the cluster: its name, size and time.
func (p *production) tree() string {
	p.t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(p.Data(), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil {
			fmt.Fprintf(&b, "%s %d %s\n", path, info.Size(), info.ModTime())
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return b.String()
}

// target sets the lock to this server.
func (p *production) target(l *runbook.Lock) {
	target := l.Targets["pg1"]
	target.Dir, target.Path, target.Drill = p.backups, pgtest.Bin(p.t)+":/usr/bin:/bin", true
	target.Server.Port, target.Server.User = p.Port, "postgres"
	l.Targets["pg1"] = target
}

// oid tells a database from another of the same name.
func (p *production) oid(name string) string {
	p.t.Helper()
	return p.Query(p.t, "postgres", "SELECT coalesce((SELECT oid::text FROM pg_database WHERE datname = $1), 'none')", name)
}

func TestDrill_Postgres(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts PostgreSQL")
	}
	p := newProduction(t)
	p.backup(time.Now().Add(-time.Hour))
	chosen := p.backup(time.Now())
	flipped := filepath.Join(p.backups, time.Now().Add(time.Minute).UTC().Format("pg_20060102_150405")) // newer, one bit changed
	if err := os.CopyFS(flipped, os.DirFS(filepath.Join(p.backups, chosen))); err != nil {
		t.Fatal(err)
	}
	dump, err := os.ReadFile(filepath.Join(flipped, "aragora.dump"))
	if err != nil {
		t.Fatal(err)
	}
	dump[len(dump)/2] ^= 1
	if err := os.WriteFile(filepath.Join(flipped, "aragora.dump"), dump, 0o644); err != nil {
		t.Fatal(err)
	}
	d := drilled(t, map[string]string{"pg": pgtest.Password}, p.target)

	// The disaster: a wrong statement in the wrong window, while users go on working.
	p.beats(20)
	p.Exec(t, "aragora", "DELETE FROM debates WHERE id > 100", "UPDATE users SET name = 'x'", "DROP TABLE reports", "DROP ROLE aragora_report")
	last, broken := p.newest(), p.oid("aragora")

	d.begin("Database corruption: debates are gone", "p2")
	d.reach("2.5", "done")
	d.part("restore beside and compare")
	if p.newest().Sub(last) <= 0 {
		t.Error("users were cut off before the swap")
	}
	d.reach("2.7", "done")
	d.part("close and swap")
	restored := p.oid("aragora")
	p.beats(1)

	began := time.Now()
	d.say(d.ana, d.room, "/recover undo 2.7")
	v := d.reach("2.7u", "done")
	if p.oid("aragora") != broken || p.oid("aragora_restore_r1") != restored || p.oid("aragora_broken_r1") != "none" {
		t.Error("the undo did not change the names back")
	}
	for _, s := range v.Runs[0].Steps {
		if s.Number == "2.7u" && s.EndedAt != nil {
			t.Logf("undo of the swap: %.2f s from the word to the name, of which %.2f s its own", time.Since(began).Seconds(), s.EndedAt.Sub(*s.StartedAt).Seconds())
		}
	}
	d.awaitRun(d.number, "paused")
	d.part("undo, and again")
	d.say(d.ana, d.room, "/recover resume")
	v = d.reach("2.10", "by hand")
	d.part("swap again, settings, verify")

	if p.oid("aragora") != restored || p.oid("aragora_broken_r1") != broken {
		t.Error("aragora is not the restored database, or the broken one is gone")
	}
	for sql, want := range map[string]string{
		"SELECT count(*)::text FROM debates": "5000", "SELECT count(*)::text FROM users WHERE name LIKE 'user %'": "2000", "SELECT count(*)::text FROM reports": "0",
		"SELECT rolname FROM pg_class c JOIN pg_roles r ON r.oid = relowner WHERE relname = 'reports'": "aragora_report",
		"SELECT datconnlimit::text FROM pg_database WHERE datname = 'aragora'":                         "40",
		"SHOW statement_timeout": "30s", "SHOW search_path": "public, pg_catalog",
	} {
		if got := p.Query(t, "aragora", sql); got != want {
			t.Errorf("%s: %q, expected %q", sql, got, want)
		}
	}
	said := d.outputs(v)
	if !strings.Contains(said, "rejected "+filepath.Base(flipped)+": hash differs: aragora.dump") || !strings.Contains(said, "role aragora_report is back") {
		t.Errorf("the steps said\n%s", said)
	}
	if strings.Contains(said, pgtest.Password) {
		t.Error("I38: the password is in an output")
	}
	d.report(v, last.Sub(p.beatOf(chosen)))
}

// beatOf is the newest heartbeat of a set, by its manifest.
func (p *production) beatOf(name string) time.Time {
	p.t.Helper()
	manifest, err := os.ReadFile(filepath.Join(p.backups, name, "MANIFEST"))
	if err != nil {
		p.t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(manifest), "newest_row=")
	at, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(text))
	if err != nil {
		p.t.Fatal(err)
	}
	return at
}

// TestI2_AnotherServerAtTheSameAddress: between approval and start somebody puts another cluster on the port. Nothing
// starts on it, and the run says who is there instead. A server that refuses connections is named too.
func TestI2_AnotherServerAtTheSameAddress(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts PostgreSQL")
	}
	p := newProduction(t)
	p.backup(time.Now())
	d := drilled(t, map[string]string{"pg": pgtest.Password}, p.target)
	d.begin("Database corruption: debates are gone", "p2")
	d.reach("2.1", "done")
	card := d.button(d.bea, d.room, "recover.approve", "A1", "system identifier", "127.0.0.1")
	p.Stop(t)
	other := pgtest.StartOn(t, p.Port)
	d.pressOn(d.bea, card, "recover.approve")
	d.awaitRun(d.number, "paused")
	d.expect(d.ana, d.room, "system identifier was ")
	if starts := len(d.records("StepStarting")); starts != 1 { // of 2.1
		t.Errorf("%d steps were started", starts)
	}
	other.Stop(t)
	d.say(d.ana, d.room, "/recover resume")
	d.expect(d.ana, d.room, "reading the target failed: ", "connect to postgres at 127.0.0.1 port", "connection refused")
	if got := stepState(d.view(d.number), "2.2"); got != "todo" {
		t.Errorf("step 2.2 is %s", got)
	}
	d.audited()
}
