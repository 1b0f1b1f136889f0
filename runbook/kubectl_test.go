package runbook

import (
	"strings"
	"testing"
)

// A step never runs on the cluster or in the namespace that somebody used last: lint gives the line that names both.
func TestKubectlNamesItsContextAndNamespace(t *testing.T) {
	for line, want := range map[string]string{
		"kubectl get pods": `kubectl --context "${CONTEXT}" -n "${NAMESPACE}" get pods`,
		"kubectl --context a scale deploy/x --replicas=0":        `kubectl -n "${NAMESPACE}" --context a scale deploy/x --replicas=0`,
		"kubectl -n shop apply -f x":                             `kubectl --context "${CONTEXT}" -n shop apply -f x`,
		"sudo kubectl --context=a -nshop delete pod p":           "",
		`kubectl --context "$C" --namespace "$N" get pods`:       "",
		"kubectl --context a get pods -A":                        "",
		"kubectl get nodes":                                      `kubectl --context "${CONTEXT}" get nodes`,
		"kubectl --context a drain node1":                        "",
		"kubectl config current-context":                         "",
		"kubectl version --client":                               "",
		"kubectl create ns x --dry-run=client -o yaml":           "",
		"kubectl --context a exec p -- psql -n":                  `kubectl -n "${NAMESPACE}" --context a exec p -- psql -n`,
		"X=$(kubectl --context a get cm x -o name); echo \"$X\"": `kubectl -n "${NAMESPACE}" --context a get cm x -o name`,
	} {
		l := &linter{}
		l.clusters(Entry{ID: "p1.s1", Interpreter: Bash, Run: line + "\n"})
		got := ""
		for _, f := range l.out {
			if f.Rule != "kubectl" || f.Level != LevelError || !strings.Contains(f.Message, "p1.s1 runs kubectl without its ") {
				t.Errorf("%+v", f)
			}
			got += f.Fix
		}
		if got != want {
			t.Errorf("lock: %s\n got %q\nwant %q", line, got, want)
		}
		if got := hardened(t, line); !strings.HasPrefix(line, "X=") && got != want {
			t.Errorf("Markdown: %s\n got %q\nwant %q", line, got, want)
		}
	}
}
