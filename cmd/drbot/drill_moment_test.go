package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/integrations/postgres/pgtest"
	"github.com/drbot/drbot/runbook"
)

// TestDrill_Postgres_PointInTime: rows are destroyed at a known moment, the primary is killed, and a copy is brought to the
// moment before, looked at, promoted, and backed up anew. The old cluster is never touched.
func TestDrill_Postgres_PointInTime(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts PostgreSQL")
	}
	bases, archive, work := pgtest.Folder(t), pgtest.Folder(t), pgtest.Folder(t)
	p := newProduction(t, "archive_mode = on", "wal_level = replica",
		fmt.Sprintf(`archive_command = 'test ! -f "%[1]s/%%f" && cp "%%p" "%[1]s/%%f.tmp" && mv "%[1]s/%%f.tmp" "%[1]s/%%f"'`, archive))
	name := time.Now().UTC().Format("base_20060102_150405")
	p.Run(t, "pg_basebackup", "-D", filepath.Join(bases, name), "-c", "fast", "--no-password")
	older := filepath.Join(bases, "base_20200101_000000") // an older one that is damaged, and must not be needed
	p.Run(t, "pg_basebackup", "-D", older, "-c", "fast", "--no-password")
	if err := os.Truncate(filepath.Join(older, "PG_VERSION"), 0); err != nil {
		t.Fatal(err)
	}
	port := pgtest.FreePort(t)
	d := drilled(t, map[string]string{"pg": pgtest.Password}, func(l *runbook.Lock) {
		target := l.Targets["pitr1"]
		target.Dir, target.Path, target.Drill = work, pgtest.Bin(t)+":/usr/sbin:/usr/bin:/bin", true
		l.Targets["pitr1"] = target
		place(l, "BASES", bases)
		place(l, "ARCHIVE", archive)
		place(l, "PRIMARY", p.Data())
		place(l, "PRIMARY_PORT", fmt.Sprint(p.Port))
		place(l, "PORT", fmt.Sprint(port))
		place(l, "ACCOUNT", pgtest.AccountName(t))
	})
	t.Cleanup(func() {
		_ = p.Command(t, "pg_ctl", "-D", filepath.Join(work, "data_r1"), "-m", "immediate", "-w", "stop").Run()
	})

	// The disaster, an hour's work in a second: users work on, one statement destroys, users work on, the host dies.
	ended := time.Now()
	d.until("the base backup is in the past by more than a second", func() bool { return p.newest().Sub(ended) > 1500*time.Millisecond })
	p.beats(20)
	moment := p.newest()
	p.beats(1)
	p.Exec(t, "aragora", "DELETE FROM debates")
	p.beats(5)
	p.Stop(t)
	before := p.tree()

	d.room, d.number = d.open(d.ana, "drill Database corruption: debates are gone"), 1
	d.part("open")
	d.say(d.ana, d.room, "/recover p6")
	d.fill(d.ana, "Plan", map[string]any{"Moment": moment.UTC().Format("2006-01-02T15:04:05.000000Z")})
	d.press(d.ana, d.room, "recover.start")
	d.part("plan")
	d.reach("6.5", "done")
	d.part("base, tail, archive, window")
	v := d.reach("6.9", "by hand")
	d.part("copy at the moment, looked at")
	if said := d.outputs(v); !strings.Contains(said, "users 2000, debates 5000, newest row ") || !strings.Contains(said, "copied 0") {
		t.Errorf("the steps said\n%s", said)
	}
	v = d.reach("6.13", "done")
	d.part("promote, check, new base backup")

	if after := p.tree(); after != before {
		t.Error("the old cluster was touched")
	}
	copied := &pgtest.Server{Dir: work, Port: port}
	if n := copied.Query(t, "aragora", "SELECT count(*)::text FROM debates"); n != "5000" {
		t.Errorf("%s debates", n)
	}
	if in := copied.Query(t, "postgres", "SELECT pg_is_in_recovery()::text || current_setting('archive_mode')"); in != "falseon" {
		t.Errorf("%s", in)
	}
	beat, err := time.Parse("2006-01-02 15:04:05.999999-07", copied.Query(t, "aragora", "SELECT max(at)::text FROM heartbeat"))
	d.ok(err)
	if beat.After(moment) {
		t.Errorf("a row of %s is there, after the moment %s", beat, moment)
	}
	d.report(v, moment.Sub(beat))
}
