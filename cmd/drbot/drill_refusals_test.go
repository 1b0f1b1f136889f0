package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drbot/drbot/commands"
)

// What must not go on: each of these stops where nothing is lost, by a name, with what to do next.

// startWhole opens an incident and starts procedure 4 the given way.
func startWhole(t *testing.T, way string, changes ...change) *whole {
	t.Helper()
	w := newWhole(t, changes...)
	w.settle(t, map[string]string{"aragora_test_token": "unused"}, nil)
	w.room, w.number = w.open(w.ana, "drill Complete outage: nothing answers"), 1
	w.next("p4", map[string]any{"p4.s3": "p4.s3" + way})
	return w
}

// TestDrill_WrongCluster: the kubeconfig's context leads to another cluster than the lock declares. Nothing is planned, and no call but
// that reading is made.
func TestDrill_WrongCluster(t *testing.T) {
	t.Parallel()
	w := newWhole(t)
	w.lab.world(func(now *world) { now.Leads = "https://k8s.staging.internal:6443" })
	w.settle(t, map[string]string{"aragora_test_token": "unused"}, nil)
	w.room, w.number = w.open(w.ana, "drill Complete outage: nothing answers"), 1
	w.say(w.ana, w.room, "/recover p4")
	w.fill(w.ana, "Plan", map[string]any{"p4.s3": "p4.s3a"})
	w.expect(w.ana, w.room, "context aragora-prod leads to https://k8s.staging.internal:6443 aragora, not to https://k8s.aragora.internal:6443 aragora")
	for _, call := range w.lab.checked() {
		if !strings.Contains(call, "config view") {
			t.Errorf("called: %s", call)
		}
	}
	if n := len(w.records("RunStarted")); n != 0 {
		t.Errorf("%d runs started", n)
	}
}

// TestDrill_LostState: the state has no resources, so a plan would build everything a second time.
func TestDrill_LostState(t *testing.T) {
	t.Parallel()
	w := newWhole(t, changing("module.k8s.cluster", "create"))
	w.lab.world(func(now *world) { now.Resources = 0 })
	w.settle(t, map[string]string{"aragora_test_token": "unused"}, nil)
	w.room, w.number = w.open(w.ana, "drill Complete outage: nothing answers"), 1
	w.next("p4", map[string]any{"p4.s3": "p4.s3a"})
	w.press(w.ana, w.room, "recover.confirm", "step 4.1")
	w.awaitStep(1, "4.1", "failed")
	w.expect(w.ana, w.room, "stopped at 4.1", "the last apply left serial 41, lineage 9a1c-lineage: import, do not apply")
	for _, call := range w.lab.checked() {
		if strings.Contains(call, "plan") || strings.Contains(call, "apply") {
			t.Errorf("called: %s", call)
		}
	}
}

// TestDrill_APlanThatDeletes: the way that only builds refuses it before anybody is asked; the other way asks two people, who type the
// target's name.
func TestDrill_APlanThatDeletes(t *testing.T) {
	t.Parallel()
	replaced := changing("module.db.instance", "delete", "create")
	w := startWhole(t, "a", replaced)
	w.press(w.ana, w.room, "recover.confirm", "step 4.1")
	w.press(w.ana, w.room, "recover.confirm", "step 4.2")
	w.expect(w.ana, w.room, "the plan deletes or replaces 1 resources: plan this run again with the other way")
	if n := len(w.records("ApprovalAsked")); n != 0 {
		t.Errorf("%d approvals were asked", n)
	}
	w.say(w.ana, w.room, "/recover cancel")
	w.fill(w.ana, "Cancel R1", map[string]any{"reason": "it replaces the database"})
	w.awaitRun(1, "ended")

	w.next("p4", map[string]any{"p4.s3": "p4.s3b"})
	w.press(w.ana, w.room, "recover.confirm", "R2", "step 4.1")
	w.press(w.ana, w.room, "recover.confirm", "R2", "step 4.2")
	for n, who := range []string{"bea", "chen"} {
		person := w.bea
		if n == 1 {
			person = w.chen
		}
		w.press(person, w.room, "recover.approve", "Approve step 4.3", "delete, create: module.db.instance", "Needs 2")
		w.fill(person, "Approve", map[string]any{"target": "infra1"})
		w.awaitView(1, who+" approved", func(v commands.View) bool { return len(v.Approvals[0].Have) == n+1 })
		if n == 0 && stepState(w.view(1), "4.3") == "done" {
			t.Error("one approval was enough")
		}
	}
	w.awaitStep(1, "4.3", "done")
	calledInOrder(t, w.lab.checked(), "terraform apply -input=false -no-color plan_R2")
}

// TestDrill_AnEmptySecret: a value of the secret manager's file is empty. The line is named, no value is; nothing is stored.
func TestDrill_AnEmptySecret(t *testing.T) {
	t.Parallel()
	w := startWhole(t, "a", changing("module.k8s.cluster", "create"))
	w.ok(os.WriteFile(filepath.Join(w.deploy, "secrets.env"), []byte("ARAGORA_JWT_SECRET="+signingKey+"\nDATABASE_PASSWORD=\n"), 0o600))
	w.press(w.ana, w.room, "recover.confirm", "step 4.1")
	w.press(w.ana, w.room, "recover.confirm", "step 4.2")
	w.press(w.bea, w.room, "recover.approve", "Approve step 4.3")
	w.expect(w.ana, w.room, "empty, or with white space at its end: line 2 of secrets.env")
	if now := w.lab.world(nil); now.Secrets != nil || len(now.Namespaces) != 0 {
		t.Errorf("%+v", now)
	}
	w.lab.checked()
	w.silent(signingKey)
}

// TestDrill_RotationWithoutRollout: the new key is stored and the pods do not come up. The file of the failure says so, and its card offers to try again, which
// needs a new approval and does not rotate a second time.
func TestDrill_RotationWithoutRollout(t *testing.T) {
	t.Parallel()
	b := newBreach(t)
	b.begin("a", "a")
	b.reach("5.8", "done")
	b.lab.world(func(now *world) { now.FailRollout = true })
	b.press(b.bea, b.room, "recover.approve", "Approve step 5.9")
	b.awaitStep(b.number, "5.9", "failed")
	b.expect(b.ana, b.room, "stopped at 5.9", "whole output ↗") // a security procedure's output is in its file alone
	b.inFile(b.ana, b.room, "-step-5.9-output-1.txt", "the new key is stored, and not every pod has it: the rollout did not finish", "ImagePullBackOff")
	stored := b.lab.world(nil).Secrets["ARAGORA_JWT_SECRET"]
	b.lab.world(func(now *world) { now.FailRollout = false })
	b.press(b.ana, b.room, "recover.retry", "stopped at 5.9")
	b.reach("5.10", "done")
	if now := b.lab.world(nil); now.Secrets["ARAGORA_JWT_SECRET"] != stored || now.Deployed.Restarts != 2 {
		t.Errorf("it was rotated again, or %d restarts", now.Deployed.Restarts)
	}
	b.say(b.ana, b.room, "/recover undo 5.9")
	b.reach("5.9u", "done")
	if now := b.read(filepath.Join(b.lab.dir, "running")); now != signingKey {
		t.Error("the undo did not bring the old key back")
	}
	b.lab.checked()
	key, err := base64.StdEncoding.DecodeString(stored)
	b.ok(err)
	b.silent(signingKey, string(key), databasePassword)
}

// TestDrill_EvidenceWasTouched: the archive is not the one that was sealed, so no session is ended.
func TestDrill_EvidenceWasTouched(t *testing.T) {
	t.Parallel()
	b := newBreach(t)
	b.begin("a", "b")
	b.reach("5.6", "done")
	asked := b.button(b.bea, b.room, "recover.approve", "Approve step 5.7") // the archive was still whole when this was read
	archive := filepath.Join(b.evidence, "R1.1.tar")
	b.ok(os.Chmod(archive, 0o600))
	data := b.read(archive)
	b.ok(os.WriteFile(archive, []byte(data+"x"), 0o400))
	b.pressOn(b.bea, asked, "recover.approve")
	b.expect(b.ana, b.room, "the evidence is not sealed")
	if n := len(b.keys("session:0*")); n != 40 {
		t.Errorf("%d sessions", n)
	}
}
