package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/integrations/postgres/pgtest"
	"github.com/drbot/drbot/integrations/redis/redistest"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/workspace/person"
)

// application is Aragora as users see it: it lets in who has a token that its running key signed.
type application struct {
	*httptest.Server
	running string // the file that holds the key it started with
}

func newApplication(t *testing.T, running string) *application {
	t.Helper()
	a := &application{running: running}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/health", func(w http.ResponseWriter, _ *http.Request) {
		if _, err := os.Stat(running); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, `{"status": "healthy"}`)
	})
	mux.HandleFunc("GET /api/me", func(w http.ResponseWriter, r *http.Request) {
		key, err := os.ReadFile(running)
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if err != nil || token != sign(string(key), "smoke") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprintln(w, `{"user": "smoke"}`)
	})
	a.Server = httptest.NewServer(mux)
	t.Cleanup(a.Close)
	return a
}

// sign makes a token of a user, as the application does.
func sign(key, user string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(user))
	return user + "." + hex.EncodeToString(mac.Sum(nil))
}

// targeted sets a target to a folder and programs of this host.
func targeted(l *runbook.Lock, name, dir, path string) {
	target := l.Targets[name]
	target.Dir, target.Path, target.Drill = dir, path, true
	l.Targets[name] = target
}

const goodImage = "registry.aragora.internal/aragora@sha256:"

// whole is a service of which the infrastructure is gone, with the database and the cache damaged.
type whole struct {
	*drill
	lab           *lab
	infra, deploy string
}

const signingKey, databasePassword = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0", "pw-7Qz!x5_aragora-db"

func newWhole(t *testing.T, changes ...change) *whole {
	t.Helper()
	if testing.Short() {
		t.Skip("starts the whole program")
	}
	w := &whole{lab: newLab(t, world{Gone: true, Serial: 41, Lineage: "9a1c-lineage", Resources: 2, Changes: changes}), infra: t.TempDir(), deploy: t.TempDir()}
	put := func(dir, name, text string) { w.lab.ok(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)) }
	put(w.infra, "last_apply", "serial=41\nlineage=9a1c-lineage\n")
	put(w.deploy, "secrets.env", "# of the secret manager\nARAGORA_JWT_SECRET="+signingKey+"\nDATABASE_PASSWORD="+databasePassword+"\n")
	put(w.deploy, "releases", "2026-01-11T08:00:00Z good "+goodImage+strings.Repeat("a", 64)+"\n2026-01-12T08:00:00Z good "+goodImage+strings.Repeat("b", 64)+
		"\n2026-01-13T08:00:00Z bad "+goodImage+strings.Repeat("c", 64)+"\n2026-01-13T09:00:00Z good registry.aragora.internal/aragora:latest\n")
	return w
}

func (w *whole) settle(t *testing.T, secrets map[string]string, more func(*runbook.Lock)) {
	t.Helper()
	app := newApplication(t, filepath.Join(w.lab.dir, "running"))
	w.drill = drilled(t, secrets, func(l *runbook.Lock) {
		targeted(l, "infra1", w.infra, w.lab.bin+":/usr/bin:/bin")
		targeted(l, "k8s1", w.deploy, w.lab.bin+":/usr/bin:/bin")
		targeted(l, "k8snew", w.deploy, w.lab.bin+":/usr/bin:/bin")
		place(l, "URL", app.URL)
		if more != nil {
			more(l)
		}
	})
}

// next plans and starts the next procedure of the same incident.
func (d *drill) next(procedure string, ways map[string]any) {
	d.Helper()
	d.say(d.ana, d.room, "/recover "+procedure)
	d.fill(d.ana, "Plan", ways)
	d.press(d.ana, d.room, "recover.start", d.newestPlan()+" · ")
}

// damagedWhole is a whole service with a real database and a real cache, and a backup of each.
func damagedWhole(t *testing.T) (*whole, *production, *cache) {
	t.Helper()
	w := newWhole(t, changing("module.net.vpc", "create"), changing("module.k8s.cluster", "create"), changing("module.dns.zone", "no-op"), changing("module.db.parameters", "update"))
	p, c := newProduction(t), newCache(t)
	p.backup(time.Now())
	client := c.Client(t)
	for n := range 50 {
		w.lab.ok(client.Set(t.Context(), fmt.Sprintf("debate:%d", n), "text", 0).Err())
	}
	c.backup(time.Now(), map[string]int{"debate": 50})
	w.settle(t, map[string]string{"pg": pgtest.Password, "redis": redistest.Password, "aragora_test_token": sign(signingKey, "smoke")}, func(l *runbook.Lock) {
		p.target(l)
		targeted(l, "redis1", c.Dir, c.bin+":/usr/bin:/bin")
		l.Targets["redis1"].Server.Port = c.Port
		place(l, "BACKUPS", c.backups)
		place(l, "CONF", c.Config())
	})
	return w, p, c
}

// TestDrill_WholeService: the infrastructure, the database and the cache are gone. They come back in their order, each by its
// own procedure; the first deployment does not get its pods up, is undone to nothing, and goes through afterwards.
func TestDrill_WholeService(t *testing.T) {
	t.Parallel()
	w, p, c := damagedWhole(t)
	client := c.Client(t)
	last := p.newest()
	p.Exec(t, "aragora", "DELETE FROM debates")
	w.lab.ok(client.FlushAll(t.Context()).Err())

	w.room, w.number = w.open(w.ana, "drill Complete outage: nothing answers"), 1
	w.part("open")
	w.next("p4", map[string]any{"p4.s3": "p4.s3a"})
	w.reach("4.2", "done")
	w.button(w.bea, w.room, "recover.approve", "Approve step 4.3", "to delete or replace", "create: module.k8s.cluster", "update: module.db.parameters", "No undo")
	v := w.reach("4.8", "by hand")
	w.part("infrastructure, secrets")
	if said := w.outputs(v); !strings.Contains(said, "secrets stored: ARAGORA_JWT_SECRET, DATABASE_PASSWORD") || !strings.Contains(said, "nodes ready: 1 of 1, pods of the application: 0") {
		t.Errorf("the steps said\n%s", said)
	}
	w.awaitRun(1, "ended")
	w.button(w.ana, w.room, "recover.plan", "R1 · Complete service recovery", "Done")

	w.next("p2", nil)
	w.reach("2.10", "by hand")
	w.part("database")
	w.next("p3", nil)
	w.reach("3.11", "done")
	w.part("cache")
	w.awaitRun(1, "ended")

	w.lab.world(func(now *world) { now.FailRollout = true })
	w.next("p7", nil)
	w.refusesRollout()
	w.lab.world(func(now *world) { now.FailRollout = false })
	w.say(w.ana, w.room, "/recover resume")
	v = w.reach("7.7", "by hand")
	w.part("application")

	if d := w.lab.world(nil).Deployed; d.Image != goodImage+strings.Repeat("b", 64) || d.Available != 3 {
		t.Errorf("%+v", d)
	}
	if n := p.Query(t, "aragora", "SELECT count(*)::text FROM debates"); n != "5000" {
		t.Errorf("%s debates", n)
	}
	calledInOrder(t, w.lab.checked(), "terraform init", "terraform plan", "terraform apply", "create namespace aragora", "create secret generic", "set image --local", "scale deploy/aragora --replicas=0",
		"wait --for=delete pod", "get pods -l app=aragora -o name", "set image --local", "rollout status")
	for _, item := range []string{"Place to restore to is ready", "Database", "Cache", "Application", "Health check passes"} {
		if !w.ticked(item) {
			t.Errorf("%q is open", item)
		}
	}
	w.private(filepath.Join(w.deploy, "kept"))
	w.silent(signingKey, databasePassword)
	kept, err := time.Parse("2006-01-02 15:04:05.999999-07", p.Query(t, "aragora", "SELECT max(at)::text FROM heartbeat WHERE at <= $1::timestamptz", last.Format(time.RFC3339Nano)))
	w.ok(err)
	w.report(v, last.Sub(kept))
}

// refusesRollout approves the deployment that does not get its pods up, sees the failure that is named and what it offers, and
// undoes it: nothing ran before, so nothing runs after.
func (w *whole) refusesRollout() {
	w.Helper()
	w.press(w.bea, w.room, "recover.approve", "Approve step 7.4", "context aragora-prod", "namespace aragora", "cluster https://k8s.aragora.internal:6443", "cluster id 7f3c-uid", "runs now", "2 keys")
	w.awaitStep(w.number, "7.4", "failed")
	card := w.expect(w.ana, w.room, "stopped at 7.4", "exit 1", "the rollout did not finish", "ImagePullBackOff")
	if !slices.ContainsFunc(card.Elements, func(e person.Element) bool { return strings.Contains(e.ActionID, "recover.undo") }) {
		w.Errorf("the failure offers no undo: %+v", card.Elements)
	}
	w.say(w.ana, w.room, "/recover undo 7.4")
	w.reach("7.4u", "done")
	w.awaitRun(w.number, "paused")
	if d := w.lab.world(nil).Deployed; d.Replicas != 0 {
		w.Errorf("after the undo %d replicas are wanted", d.Replicas)
	}
}

// calledInOrder holds that calls with these words were made, one after the other.
func calledInOrder(t *testing.T, calls []string, words ...string) {
	t.Helper()
	rest := calls
	for _, word := range words {
		k := slices.IndexFunc(rest, func(c string) bool { return strings.Contains(c, word) })
		if k < 0 {
			t.Fatalf("no %q where it should be:\n%s", word, strings.Join(calls, "\n"))
		}
		rest = rest[k+1:]
	}
}
