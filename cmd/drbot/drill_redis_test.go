package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/postgres/pgtest"
	"github.com/drbot/drbot/integrations/redis/redistest"
	"github.com/drbot/drbot/runbook"
)

// systemctl stands in for systemd, which no test has: the same three words, a real redis-server under an account that is
// not root.
const systemctl = `#!/bin/bash
set -euo pipefail
pid() { cat %[1]s/pid 2> /dev/null || true; }
alive() { [ -n "$(pid)" ] && kill -0 "$(pid)" 2> /dev/null; }
start() { if ! alive; then %[2]s redis-server %[1]s/redis.conf; fi; while ! alive; do sleep 0.02; done; }
stop() { local p; p=$(pid); if alive; then kill "$p"; while kill -0 "$p" 2> /dev/null; do sleep 0.02; done; fi; }
[ "$2" = redis-server ]
case $1 in
start) start ;;
stop) stop ;;
restart) stop; start ;;
is-active) if alive; then echo active; else echo inactive; exit 3; fi ;;
*) exit 2 ;;
esac
`

// cache is a Redis that the stand-in runs, and its backups.
type cache struct {
	*redistest.Server
	t       *testing.T
	bin     string // holds systemctl
	backups string
}

func newCache(t *testing.T) *cache {
	t.Helper()
	c := &cache{t: t, Server: redistest.New(t, "daemonize yes", "appendonly yes", "appendfsync always", "save 3600 1"), bin: t.TempDir(), backups: t.TempDir()}
	as := ""
	if who := pgtest.Account(t); who != nil {
		as = fmt.Sprintf("setpriv --reuid=%d --regid=%d --clear-groups", who.Uid, who.Gid)
	}
	c.ok(os.WriteFile(filepath.Join(c.bin, "systemctl"), fmt.Appendf(nil, systemctl, c.Dir, as), 0o755))
	t.Cleanup(func() { c.systemctl("stop") })
	c.systemctl("start")
	c.Await(t)
	return c
}

func (c *cache) ok(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *cache) systemctl(verb string) {
	c.t.Helper()
	out, err := exec.Command(filepath.Join(c.bin, "systemctl"), verb, "redis-server").CombinedOutput()
	if err != nil {
		c.t.Fatalf("systemctl %s: %v\n%s", verb, err, out)
	}
}

// backup writes a set as the runbook says: the copy, the manifest, then the hashes.
func (c *cache) backup(at time.Time, prefixes map[string]int) {
	c.t.Helper()
	dir := filepath.Join(c.backups, at.UTC().Format("redis_20060102_150405"))
	c.ok(os.MkdirAll(dir, 0o755))
	cmd := exec.Command("redis-cli", "-e", "-p", fmt.Sprint(c.Port), "--rdb", filepath.Join(dir, "dump.rdb"))
	cmd.Env = append(os.Environ(), "REDISCLI_AUTH="+redistest.Password)
	if out, err := cmd.CombinedOutput(); err != nil {
		c.t.Fatalf("%v\n%s", err, out)
	}
	manifest := "taken_at=" + at.UTC().Format(time.RFC3339) + "\n"
	for prefix, n := range prefixes {
		manifest += fmt.Sprintf("prefix.%s=%d\n", prefix, n)
	}
	c.ok(os.WriteFile(filepath.Join(dir, "MANIFEST"), []byte(manifest), 0o644))
	sums(c.t, dir, "dump.rdb", "MANIFEST")
}

// sums writes SHA256SUMS of a backup set.
func sums(t *testing.T, dir string, names ...string) {
	t.Helper()
	var b strings.Builder
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s  %s\n", incident.Digest(data), name)
	}
	if err := os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// files are the server's files with their bytes, by their names; those of a run are left out.
func (c *cache) files() map[string]string {
	c.t.Helper()
	all := map[string]string{}
	c.ok(filepath.WalkDir(c.Dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			if err == nil && e.Name() == "undo" {
				return filepath.SkipDir
			}
			return err
		}
		name, _ := filepath.Rel(c.Dir, path)
		if name == "log" || name == "pid" {
			return nil
		}
		data, err := os.ReadFile(path)
		all[name] = string(data)
		return err
	}))
	return all
}

func TestDrill_Redis(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts Redis")
	}
	c := newCache(t)
	ctx := context.Background()
	client := c.Client(t)
	for n := range 500 {
		c.ok(client.Set(ctx, fmt.Sprintf("debate:%d", n), fmt.Sprintf("the text of debate %d", n), 0).Err())
	}
	for n := range 100 {
		c.ok(client.Set(ctx, fmt.Sprintf("session:%d", n), "ana", time.Hour).Err())
	}
	c.ok(client.Set(ctx, "limit:soon", "1", 50*time.Millisecond).Err())
	c.ok(client.Set(ctx, "heartbeat", time.Now().UTC().Format(time.RFC3339Nano), 0).Err())
	c.backup(time.Now(), map[string]int{"debate": 500})
	c.backup(time.Now().Add(-time.Hour), map[string]int{"debate": 500})
	broken := filepath.Join(c.backups, time.Now().Add(time.Minute).UTC().Format("redis_20060102_150405")) // newer, and damaged
	c.ok(os.CopyFS(broken, os.DirFS(filepath.Join(c.backups, newest(t, c.backups)))))
	c.ok(os.WriteFile(filepath.Join(broken, "dump.rdb"), []byte("REDIS0010 nothing"), 0o644))

	d := drilled(t, map[string]string{"redis": redistest.Password}, func(l *runbook.Lock) {
		target := l.Targets["redis1"]
		target.Dir, target.Path, target.Drill = c.Dir, c.bin+":/usr/bin:/bin", true
		target.Server.Port = c.Port
		l.Targets["redis1"] = target
		place(l, "BACKUPS", c.backups)
		place(l, "CONF", c.Config())
	})

	// The disaster: everything that does not expire is gone, and wrong data are written over it.
	last := time.Now()
	c.ok(client.Set(ctx, "heartbeat", last.UTC().Format(time.RFC3339Nano), 0).Err())
	c.ok(client.FlushAll(ctx).Err())
	c.ok(client.Set(ctx, "debate:1", "wrong", 0).Err())
	d.begin("Authentication failure: the cache is empty", "redis")
	d.reach("3.5", "done")
	damaged := c.files()
	d.part("stop")

	d.reach("3.6", "done")
	d.say(d.ana, d.room, "/recover undo 3.6")
	d.reach("3.6u", "done")
	d.awaitRun(d.number, "paused")
	if now := c.files(); !same(now, damaged) {
		t.Errorf("the undo left other files than it found: %v, before: %v", keys(now), keys(damaged))
	}
	d.part("restore, undo, byte for byte")
	d.say(d.ana, d.room, "/recover resume")
	v := d.reach("3.11", "done")
	d.part("restore and verify")

	if n := client.DBSize(ctx).Val(); n != 601 {
		t.Errorf("%d keys", n)
	}
	if got := client.Get(ctx, "debate:1").Val(); got != "the text of debate 1" {
		t.Errorf("%q", got)
	}
	if got := client.ConfigGet(ctx, "appendonly").Val()["appendonly"]; got != "yes" {
		t.Errorf("AOF is %s", got)
	}
	beat, err := time.Parse(time.RFC3339Nano, client.Get(ctx, "heartbeat").Val())
	d.ok(err)
	d.report(v, last.Sub(beat))
}

func newest(t *testing.T, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil || len(list) == 0 {
		t.Fatal(err)
	}
	return list[len(list)-1].Name()
}

func same(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for name, text := range a {
		if other, ok := b[name]; !ok || other != text {
			return false
		}
	}
	return true
}

func keys(m map[string]string) []string {
	var list []string
	for name, text := range m {
		list = append(list, fmt.Sprintf("%s (%d bytes)", name, len(text)))
	}
	return list
}
