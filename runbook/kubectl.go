package runbook

import (
	"fmt"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// kubectl works on the cluster and in the namespace that its account used last, unless each call names both. In a step that is a
// target nobody approved, so lint asks for them: of what the Markdown shows, and of what the lock runs.

var (
	kubectlValued = []string{"--context", "-n", "--namespace", "--kubeconfig", "--cluster", "--user", "--request-timeout", "--server", "-s", "--token", "--as"}
	// kubectlHere are verbs that ask no cluster.
	kubectlHere = []string{"", "config", "completion", "kustomize", "help", "options", "plugin"}
	// kubectlWide are verbs and kinds that know no namespace.
	kubectlWide = []string{
		"cluster-info", "api-resources", "api-versions", "version", "explain", "cordon", "uncordon", "drain", "taint", "certificate", "node", "nodes", "no",
		"namespace", "namespaces", "ns", "pv", "persistentvolume", "persistentvolumes", "storageclass", "storageclasses", "sc", "crd", "crds",
		"customresourcedefinition", "customresourcedefinitions", "clusterrole", "clusterroles", "clusterrolebinding", "clusterrolebindings",
	}
)

// kubectlWords are the words of a call that are no options, and the options; what follows -- is another program's.
func kubectlWords(rest []string) (words, options []string) {
	if k := slices.Index(rest, "--"); k >= 0 {
		rest = rest[:k]
	}
	for k := 0; k < len(rest); k++ {
		if !strings.HasPrefix(rest[k], "-") {
			words = append(words, rest[k])
			continue
		}
		options = append(options, rest[k])
		if slices.Contains(kubectlValued, rest[k]) {
			k++
		}
	}
	return words, options
}

func asksCluster(rest []string) bool {
	words, options := kubectlWords(rest)
	return len(words) > 0 && !slices.Contains(kubectlHere, words[0]) && !slices.Contains(options, "--client") && !slices.ContainsFunc(options, isDry)
}

// isDry is a call that only prints what it would send.
func isDry(option string) bool { return option == "--dry-run=client" }

func asksNamespace(rest []string) bool {
	words, _ := kubectlWords(rest)
	if !asksCluster(rest) {
		return false
	}
	for _, w := range words[:min(len(words), 2)] {
		kind, _, _ := strings.Cut(strings.ToLower(w), "/")
		if slices.Contains(kubectlWide, kind) {
			return false
		}
	}
	return true
}

func hasContext(rest []string) bool {
	_, options := kubectlWords(rest)
	return hasFlag("--context")(options)
}

func hasNamespace(rest []string) bool {
	_, options := kubectlWords(rest)
	return slices.ContainsFunc(options, func(o string) bool {
		return strings.HasPrefix(o, "-n") || o == "-A" || hasFlag("--namespace", "--all-namespaces")([]string{o})
	})
}

// clusters holds every call of kubectl in the texts of a lock entry against the rule; nothing runs on a cluster that is not named.
func (l *linter) clusters(e Entry) {
	if e.Interpreter != Bash {
		return
	}
	for _, text := range []string{e.Run, e.Precheck, e.List} {
		sh, err := readShell(text)
		if err != nil {
			continue // another rule says so
		}
		syntax.Walk(sh.file, func(n syntax.Node) bool {
			if c, ok := n.(*syntax.CallExpr); ok && len(c.Args) > 0 {
				l.cluster(e.ID, text, c)
			}
			return true
		})
	}
}

func (l *linter) cluster(id, text string, c *syntax.CallExpr) {
	words := make([]string, len(c.Args))
	for i, w := range c.Args {
		words[i] = known(w)
	}
	own := unwrap(words)
	if len(own) == 0 || own[0] != "kubectl" {
		return
	}
	var lacks, flags []string
	if asksCluster(own[1:]) && !hasContext(own[1:]) {
		lacks, flags = append(lacks, "context"), append(flags, `--context "${CONTEXT}"`)
	}
	if asksNamespace(own[1:]) && !hasNamespace(own[1:]) {
		lacks, flags = append(lacks, "namespace"), append(flags, `-n "${NAMESPACE}"`)
	}
	if len(lacks) == 0 {
		return
	}
	start, name, end := c.Pos().Offset(), c.Args[len(c.Args)-len(own)].End().Offset(), c.End().Offset()
	l.add(l.at, "kubectl", LevelError, fmt.Sprintf("%s runs kubectl without its %s: it works on whatever this account used last", id, strings.Join(lacks, " and ")),
		text[start:name]+" "+strings.Join(flags, " ")+text[name:end])
}
