package main

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/redis/redistest"
	"github.com/drbot/drbot/runbook"
)

// breach is a service into which somebody came: a cluster (the stand-in), a host with its databases, a real Redis with the
// sessions, and the folder for the evidence.
type breach struct {
	*drill
	lab                    *lab
	host, deploy, evidence string
	client                 *goredis.Client
	token                  string // of the test account, signed with the old key
}

func newBreach(t *testing.T) *breach {
	t.Helper()
	if testing.Short() {
		t.Skip("starts Redis and the whole program")
	}
	old := base64.StdEncoding.EncodeToString([]byte(signingKey))
	b := &breach{host: t.TempDir(), deploy: t.TempDir(), evidence: t.TempDir(), token: sign(signingKey, "smoke"), lab: newLab(t, world{
		Namespaces: []string{"aragora"}, Deployed: &deployed{Replicas: 3, Available: 3, Image: goodImage + strings.Repeat("b", 64)},
		Secrets: map[string]string{"ARAGORA_JWT_SECRET": old, "DATABASE_PASSWORD": base64.StdEncoding.EncodeToString([]byte(databasePassword))},
	})}
	running := filepath.Join(b.lab.dir, "running")
	b.lab.ok(os.WriteFile(running, []byte(signingKey), 0o600))
	b.lab.ok(os.MkdirAll(filepath.Join(b.host, "secrets"), 0o700))
	b.lab.ok(os.WriteFile(b.key(), []byte(signingKey), 0o600))
	systemctl := fmt.Sprintf("#!/bin/bash\nset -euo pipefail\n[ \"$2\" = aragora.service ]\ncase $1 in\nis-active) echo active ;;\nrestart) cp -- %q %q ;;\n*) exit 2 ;;\nesac\n", b.key(), running)
	b.lab.ok(os.WriteFile(filepath.Join(b.lab.bin, "systemctl"), []byte(systemctl), 0o755))
	b.databases(t)
	c := redistest.Start(t)
	b.client = c.Client(t)
	b.sessions(t)

	app := newApplication(t, running)
	b.drill = drilled(t, map[string]string{"redis": redistest.Password, "aragora_test_token": b.token}, func(l *runbook.Lock) {
		targeted(l, "k8s1", b.deploy, b.lab.bin+":/usr/bin:/bin")
		targeted(l, "db1", b.host, b.lab.bin+":/usr/bin:/bin")
		targeted(l, "evidence1", b.evidence, "/usr/bin:/bin")
		targeted(l, "redis1", c.Dir, "/usr/bin:/bin")
		l.Targets["redis1"].Server.Port = c.Port
		place(l, "EVIDENCE", b.evidence)
		place(l, "URL", app.URL)
	})
	return b
}

func (b *breach) key() string { return filepath.Join(b.host, "secrets", "jwt") }

// databases makes the service's files, in use: the newest rows are in the -wal alone. Times of the audit log are of two types.
func (b *breach) databases(t *testing.T) {
	t.Helper()
	dir := filepath.Join(b.host, ".nomic")
	b.lab.ok(os.MkdirAll(dir, 0o700))
	for _, name := range []string{"users", "debates", "audit"} {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "aragora_"+name+".db")+"?_pragma=journal_mode(wal)")
		b.lab.ok(err)
		db.SetMaxOpenConns(1)
		t.Cleanup(func() { _ = db.Close() })
		table := map[string]string{"users": "users", "debates": "debates", "audit": "audit_log"}[name]
		_, err = db.ExecContext(t.Context(), "CREATE TABLE "+table+" (id INTEGER PRIMARY KEY, created_at)")
		b.lab.ok(err)
		for _, at := range []string{"strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 hours')", "unixepoch('now', '-2 hours')", "strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-49 hours')", "unixepoch('now', '-50 hours')"} {
			_, err = db.ExecContext(t.Context(), "INSERT INTO "+table+" (created_at) VALUES ("+at+")")
			b.lab.ok(err)
		}
	}
}

// sessions are of two people, among keys that must stay: the limits that slow an attacker, a queue, a cache, and what only looks
// like a session.
func (b *breach) sessions(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	for n := range 40 {
		who := "ana"
		if n%4 == 0 {
			who = "mallory"
		}
		b.lab.ok(b.client.Set(ctx, fmt.Sprintf("session:%08x", n), who, time.Hour).Err())
		b.lab.ok(b.client.Set(ctx, fmt.Sprintf("limit:login:%d", n), n, time.Hour).Err())
	}
	b.lab.ok(b.client.RPush(ctx, "queue:mail", "one", "two").Err())
	b.lab.ok(b.client.Set(ctx, "sessions:total", 40, 0).Err())
	b.lab.ok(b.client.Set(ctx, "cache:session:1", "page", 0).Err())
	b.lab.ok(b.client.Set(ctx, "session:* cache:session:1", "a trap", 0).Err())
}

func (b *breach) keys(pattern string) []string {
	b.Helper()
	list, err := b.client.Keys(context.Background(), pattern).Result()
	b.ok(err)
	slices.Sort(list)
	return list
}

// begin opens the incident (of no type: the terminal shows a restricted one to its people alone) and starts procedure 5 with the ways that the commander chose.
func (b *breach) begin(order, key string) {
	b.Helper()
	b.room, b.number = b.open(b.ana, "drill somebody was in"), 1
	b.next("p5", map[string]any{"p5.s2": "p5.s2" + order, "p5.s9": "p5.s9" + key})
}

// sealed holds that the evidence is whole: each piece has its line of custody, and the archive has the hash that is in the record.
func (b *breach) sealed() {
	b.Helper()
	archive := filepath.Join(b.evidence, "R1.1.tar")
	data, err := os.ReadFile(archive)
	b.ok(err)
	seal := incident.Digest(data)
	if !slices.ContainsFunc(b.records("StepEnded"), func(r record) bool { return strings.Contains(string(r.Payload), seal) }) {
		b.Errorf("the record does not hold the hash of the archive, %s", seal)
	}
	out := b.TempDir()
	if said, err := exec.Command("tar", "-xf", archive, "-C", out).CombinedOutput(); err != nil {
		b.Fatalf("%v %s", err, said)
	}
	pieces := 0
	for _, custody := range []string{"cluster.1", "cache.1", "databases.1"} {
		text, err := os.ReadFile(filepath.Join(out, "R1", custody, "CUSTODY"))
		b.ok(err)
		for line := range strings.Lines(string(text)) {
			f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
			piece, err := os.ReadFile(filepath.Join(out, "R1", f[4]))
			if err != nil || incident.Digest(piece) != f[0] || f[1] != fmt.Sprint(len(piece)) || !strings.Contains(f[3], "@") || f[5] == "" {
				b.Errorf("%v: %q", err, f)
			}
			if _, err := time.Parse(time.RFC3339, f[2]); err != nil {
				b.Error(err)
			}
			pieces++
		}
	}
	if pieces != 7+3+9 {
		b.Errorf("%d pieces", pieces)
	}
	cmd := exec.Command("sha256sum", "--check", "--strict", "--quiet", "MANIFEST.1")
	cmd.Dir = filepath.Join(out, "R1")
	if said, err := cmd.CombinedOutput(); err != nil {
		b.Errorf("the manifest: %v %s", err, said)
	}
	previous, err := os.ReadFile(filepath.Join(out, "R1", "cluster.1", "previous_aragora-0.txt"))
	if b.ok(err); !strings.Contains(string(previous), "login FAILED for mallory") {
		b.Errorf("the log before the restart is not kept: %s", previous)
	}
	b.private(b.evidence)
}

// TestDrill_SecurityIncident_PreserveFirst: nothing is changed before the evidence is sealed; then everybody's sessions end and no other
// key does, the signing key in the cluster is replaced, and a token that was let in is refused.
func TestDrill_SecurityIncident_PreserveFirst(t *testing.T) {
	t.Parallel()
	b := newBreach(t)
	others := slices.DeleteFunc(b.keys("*"), func(k string) bool { return strings.HasPrefix(k, "session:0") })
	b.begin("a", "a")
	b.reach("5.6", "done")
	for _, call := range b.lab.checked() {
		if verb := strings.Fields(call)[3]; !slices.Contains([]string{"config", "get", "logs", "-n", "--request-timeout=10s"}, verb) || strings.Contains(call, " apply ") || strings.Contains(call, "rollout") {
			t.Errorf("before the evidence was sealed: %s", call)
		}
	}
	if n := len(b.keys("session:0*")); n != 40 {
		t.Errorf("%d sessions before the evidence was sealed", n)
	}
	b.sealed()
	b.part("evidence")

	card := b.button(b.bea, b.room, "recover.approve", "Approve step 5.7", "evidence", "sealed, R1.1.tar", "sessions", "41", "No undo", "everybody")
	if strings.Contains(card.Plain, "session:0000") {
		t.Errorf("the card names sessions: %s", card.Plain)
	}
	v := b.reach("5.8", "done")
	if now := b.keys("*"); !slices.Equal(now, others) {
		t.Errorf("left: %v\nexpected: %v", now, others)
	}
	if said := b.outputs(v); !strings.Contains(said, "ended 40 sessions of everybody\n") || !strings.Contains(said, "sessions left of everybody: 0\n") || strings.Contains(said, "session:0000") {
		t.Errorf("the steps said\n%s", said)
	}
	b.part("sessions")

	b.reach("5.11", "by hand")
	b.part("key, restart")
	now := b.lab.world(nil)
	key, err := base64.StdEncoding.DecodeString(now.Secrets["ARAGORA_JWT_SECRET"])
	if b.ok(err); len(key) != 64 || string(key) == signingKey || now.Deployed.Restarts != 1 || now.Secrets["DATABASE_PASSWORD"] != base64.StdEncoding.EncodeToString([]byte(databasePassword)) {
		t.Errorf("%d bytes, %d restarts", len(key), now.Deployed.Restarts)
	}
	b.reach("5.14", "by hand")
	b.press(b.ana, b.room, "recover.notneeded", "Is 5.15 Open the network again")
	b.fill(b.ana, "5.15 is not needed", map[string]any{"reason": "it was never cut off"})
	b.say(b.ana, b.room, "/recover step")
	v = b.awaitStep(b.number, "5.16", "done")
	b.part("search, custody")
	if said := b.outputs(v); !strings.Contains(said, "suspicious lines: 4, in ") || !strings.Contains(said, "rows of the audit log in 48 hours: 2\n") || !strings.Contains(said, "custody is unbroken") {
		t.Errorf("the steps said\n%s", said)
	}
	if names := b.private(filepath.Join(b.deploy, "kept")); !slices.Equal(names, []string{"R1/secret.json"}) {
		t.Errorf("kept: %v", names)
	}
	b.lab.checked()
	b.silent(signingKey, string(key), databasePassword, b.token)
	b.spent(v)
}

// TestDrill_SecurityIncident_IsolateFirst: data is leaving, so the application is cut off and goes on running; the evidence comes next;
// the sessions of one account end. On the host the key file is replaced, brought back by the undo byte for byte, and replaced again.
func TestDrill_SecurityIncident_IsolateFirst(t *testing.T) {
	t.Parallel()
	b := newBreach(t)
	b.room, b.number = b.open(b.ana, "drill somebody was in"), 1
	b.next("p5 5.2=b 5.9=b WHOSE=mallory", nil)
	b.reach("5.2", "done")
	if w := b.lab.world(nil); len(w.Policies) != 1 || w.Deployed.Available != 3 || w.Deployed.Restarts != 0 {
		t.Errorf("%d policies, %+v", len(w.Policies), w.Deployed)
	}
	b.part("isolation")
	b.reach("5.8", "done")
	b.sealed()
	if all, hers := len(b.keys("session:0*")), b.keys("session:00000004"); all != 30 || len(hers) != 0 {
		t.Errorf("%d sessions, %v", all, hers)
	}
	b.part("evidence, sessions")

	b.reach("5.9", "done")
	first := b.read(b.key())
	if first == signingKey || len(first) != 64 {
		t.Errorf("a key of %d bytes", len(first))
	}
	if _, err := hex.DecodeString(first); err != nil {
		t.Error(err)
	}
	b.say(b.ana, b.room, "/recover undo 5.9")
	b.reach("5.9u", "done")
	b.awaitRun(b.number, "paused")
	if b.read(b.key()) != signingKey {
		t.Error("the undo did not bring the old key back")
	}
	b.say(b.ana, b.room, "/recover resume")
	b.reach("5.11", "by hand")
	b.part("key, undo, key")
	second := b.read(b.key())
	if second == first || second == signingKey || b.read(filepath.Join(b.host, "secrets", "kept", "R1", "jwt")) != signingKey {
		t.Error("the key was not replaced again, or the old one is lost")
	}
	b.private(filepath.Join(b.host, "secrets"))
	b.reach("5.14", "by hand")
	b.press(b.ana, b.room, "recover.needed", "Is 5.15 Open the network again")
	v := b.reach("5.16", "done")
	if n := len(b.lab.world(nil).Policies); n != 0 {
		t.Errorf("%d policies are left", n)
	}
	b.lab.checked()
	b.silent(signingKey, first, second, databasePassword, b.token)
	b.spent(v)
}

func (b *breach) read(path string) string {
	b.Helper()
	data, err := os.ReadFile(path)
	b.ok(err)
	return string(data)
}
