package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drbot/drbot/runbook"
)

// The stand-ins are held against the programs for which they stand, where those are on this machine.

// TestDrill_RealTerraform: steps 4.1 to 4.3 with Terraform itself and resources that it keeps in its state alone. One is added and one is
// changed; what is there already stays.
func TestDrill_RealTerraform(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("terraform")
	if err != nil {
		t.Skip("terraform is not on this machine")
	}
	w := newWhole(t)
	home := t.TempDir()
	write := func(text string) { w.lab.ok(os.WriteFile(filepath.Join(w.infra, "main.tf"), []byte(text), 0o600)) }
	terraform := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(program, args...)
		cmd.Dir, cmd.Env = w.infra, []string{"HOME=" + home, "PATH=/usr/bin:/bin", "CHECKPOINT_DISABLE=1"}
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("terraform %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	const stays, before = "resource \"terraform_data\" \"db\" { input = \"kept\" }\n", "resource \"terraform_data\" \"net\" { input = \"old\" }\n"
	write(stays + before)
	terraform("init", "-input=false")
	terraform("apply", "-input=false", "-auto-approve")
	_, after, _ := strings.Cut(terraform("state", "pull"), `"lineage": "`)
	lineage, _, _ := strings.Cut(after, `"`)
	w.lab.ok(os.WriteFile(filepath.Join(w.infra, "last_apply"), []byte("serial=1\nlineage="+lineage+"\n"), 0o600))
	write(stays + strings.Replace(before, "old", "new", 1) + "resource \"terraform_data\" \"cluster\" { input = \"built\" }\n")

	w.settle(t, map[string]string{"aragora_test_token": "unused"}, func(l *runbook.Lock) { targeted(l, "infra1", w.infra, filepath.Dir(program)+":/usr/bin:/bin") })
	w.room, w.number = w.open(w.ana, "drill Complete outage: nothing answers"), 1
	w.next("p4", map[string]any{"p4.s3": "p4.s3a"})
	said := w.outputs(w.reach("4.3", "done"))
	for _, want := range []string{"lineage " + lineage + ", 2 resources", "create: terraform_data.cluster", "update: terraform_data.net", "planned: 1 to create, 1 to update, 0 to delete or replace",
		"Apply complete! Resources: 1 added, 1 changed, 0 destroyed.", "applied as planned"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}
	if text := terraform("state", "list"); text != "terraform_data.cluster\nterraform_data.db\nterraform_data.net\n" {
		t.Errorf("%s", text)
	}
}

// TestKubectlKnowsEveryCall: what the stand-in takes for calls of kubectl the real one understands. Without a cluster it gets as far as the
// connection, or answers by itself.
func TestKubectlKnowsEveryCall(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("kubectl")
	if err != nil {
		t.Skip("kubectl is not on this machine")
	}
	dir := t.TempDir()
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("kubeconfig", `{apiVersion: v1, kind: Config, clusters: [{name: c, cluster: {server: "http://127.0.0.1:9"}}], users: [{name: u, user: {token: x}}],
  contexts: [{name: aragora-prod, context: {cluster: c, user: u, namespace: aragora}}]}`)
	put("secrets.env", "# a comment\nA=1\n")
	put("patch.json", `{"stringData": {"A": "2"}}`)
	put("deployment.yaml", `{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "aragora"}, "spec": {"selector": {"matchLabels": {"app": "aragora"}},
  "template": {"metadata": {"labels": {"app": "aragora"}}, "spec": {"containers": [{"name": "aragora", "image": "x/aragora:none"}]}}}}`)
	image := goodImage + strings.Repeat("a", 64)
	const policy = `{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "incident-r1"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}}`
	for _, call := range [][]string{
		{"config", "view", "--minify", "-o", viewPath}, {"create", "namespace", "aragora", "--dry-run=client", "-o", "json"},
		{"create", "secret", "generic", "aragora-secrets", "--from-env-file=secrets.env", "--dry-run=client", "-o", "json"},
		{"set", "image", "--local", "-f", "deployment.yaml", "aragora=" + image, "-o", "json"},
		{"apply", "--server-side", "--force-conflicts", "-f", "-"}, {"apply", "-f", "-"}, {"replace", "-f", "-"},
		{"get", "secret", "aragora-secrets", "--ignore-not-found", "-o", "json"}, {"get", "nodes", "-o", "json"}, {"get", "deploy,networkpolicy", "-o", "json"},
		{"get", "pods", "-l", "app=aragora", "--field-selector=status.phase=Running", "-o", "name"}, {"get", "deploy", "aragora", "-o", statusPath},
		{"logs", "-l", "app=aragora", "--all-containers", "--prefix", "--timestamps", "--since=48h", "--tail=-1", "--max-log-requests=100"},
		{"logs", "pod/aragora-0", "--all-containers", "--prefix", "--timestamps", "--previous"}, {"get", "networkpolicy", "incident-r1", "-o", "jsonpath={.spec.policyTypes}"},
		{"delete", "networkpolicy", "incident-r1", "--ignore-not-found"}, {"delete", "secret", "aragora-secrets", "--ignore-not-found"},
		{"patch", "secret", "aragora-secrets", "--type=merge", "--patch-file=patch.json"}, {"rollout", "restart", "deploy/aragora"},
		{"rollout", "status", "deploy/aragora", "--timeout=300s"}, {"set", "image", "deploy/aragora", "aragora=" + image},
		{"scale", "deploy/aragora", "--replicas=0"}, {"wait", "--for=delete", "pod", "-l", "app=aragora", "--timeout=120s"},
	} {
		cmd := exec.Command(program, append([]string{"--kubeconfig=kubeconfig", "--context=aragora-prod", "--request-timeout=5s"}, append([]string{"-n", "aragora"}, call...)...)...)
		cmd.Dir, cmd.Env, cmd.Stdin = dir, []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH")}, strings.NewReader(policy)
		out, err := cmd.CombinedOutput()
		if said := string(out); err != nil && !strings.Contains(said, "connection refused") && !strings.Contains(said, "127.0.0.1:9") {
			t.Errorf("%s: %v\n%s", strings.Join(call, " "), err, fmt.Sprintf("%.400s", said))
		}
	}
}
