package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

var (
	planLine  = regexp.MustCompile(`^plan -input=false -no-color -lock-timeout=60s -detailed-exitcode -out=plan_R\d+$`)
	showLine  = regexp.MustCompile(`^show -json plan_R\d+$`)
	applyLine = regexp.MustCompile(`^apply -input=false -no-color plan_R\d+$`)
)

const (
	imagePath  = "jsonpath={.spec.template.spec.containers[0].image}"
	statusPath = "jsonpath={.spec.replicas} {.status.availableReplicas} {.spec.template.spec.containers[0].image}"
	viewPath   = "jsonpath={.clusters[0].cluster.server} {.contexts[0].context.namespace}"
)

// kubeCall is one call of kubectl, for a handler: what stood in the pattern's brackets, and standard input.
type kubeCall struct {
	words []string
	stdin string
}

// kubeCalls are the calls that the runbook is meant to make, after context and namespace. global: no namespace is named.
var kubeCalls = []struct {
	pattern *regexp.Regexp
	global  bool
	do      func(*world, kubeCall) int
}{
	{exactly(`config view --minify -o ` + regexp.QuoteMeta(viewPath)), true, func(w *world, _ kubeCall) int { return say1(w.Leads + " aragora") }},
	{exactly(`--request-timeout=10s get namespace kube-system -o jsonpath=\{\.metadata\.uid\}`), true, func(w *world, _ kubeCall) int { return say1("7f3c-uid") }},
	{exactly(`create namespace aragora --dry-run=client -o json`), false, func(*world, kubeCall) int {
		return say1(`{"kind": "Namespace", "metadata": {"name": "aragora"}}`)
	}},
	{exactly(`apply --server-side -f -`), false, (*world).applyNamespace},
	{exactly(`get nodes -o json`), true, func(*world, kubeCall) int {
		return say1(`{"items": [{"status": {"conditions": [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": "True"}]}}]}`)
	}},
	{exactly(`create secret generic aragora-secrets --from-env-file=secrets\.env --dry-run=client -o json`), false, (*world).makeSecret},
	{exactly(`apply --server-side --force-conflicts -f -`), false, (*world).setSecret},
	{exactly(`replace -f -`), false, (*world).setSecret},
	{exactly(`get secret aragora-secrets( --ignore-not-found)? -o json`), false, (*world).showSecret},
	{exactly(`delete secret aragora-secrets --ignore-not-found`), false, func(w *world, _ kubeCall) int { w.Secrets = nil; return 0 }},
	{exactly(`patch secret aragora-secrets --type=merge --patch-file=(kept/R\d+/patch\.json)`), false, (*world).patchSecret},
	{exactly(`get pods -l app=aragora( --field-selector=status\.phase=Running)? -o (name|wide|json)`), false, (*world).pods},
	{exactly(`logs -l app=aragora --all-containers --prefix --timestamps --since=48h --tail=-1 --max-log-requests=100`), false, (*world).logs},
	{exactly(`logs pod/(aragora-\d+) --all-containers --prefix --timestamps --previous`), false, (*world).before},
	{exactly(`get events -o json`), false, func(*world, kubeCall) int { return say1(`{"items": []}`) }},
	{exactly(`get deploy,networkpolicy -o json`), false, func(*world, kubeCall) int { return say1(`{"items": []}`) }},
	{exactly(`apply -f -`), false, (*world).applyAny},
	{exactly(`get networkpolicy (incident-r\d+)( --ignore-not-found)? -o (jsonpath=\{\.spec\.policyTypes\}|name)`), false, (*world).policy},
	{exactly(`delete networkpolicy (incident-r\d+) --ignore-not-found`), false, func(w *world, c kubeCall) int { delete(w.Policies, c.words[1]); return 0 }},
	{exactly(`set image --local -f deployment\.yaml aragora=(\S+@sha256:[0-9a-f]{64}) -o json`), false, func(_ *world, c kubeCall) int {
		return say1(fmt.Sprintf(`{"kind": "Deployment", "replicas": 3, "image": %q}`, c.words[1]))
	}},
	{exactly(`set image deploy/aragora aragora=(\S+@sha256:[0-9a-f]{64})`), false, func(w *world, c kubeCall) int { w.Deployed.Image = c.words[1]; return w.roll() }},
	{exactly(`get deploy aragora --ignore-not-found -o ` + regexp.QuoteMeta(imagePath)), false, func(w *world, _ kubeCall) int {
		if w.Deployed != nil {
			fmt.Print(w.Deployed.Image)
		}
		return 0
	}},
	{exactly(`get deploy aragora -o ` + regexp.QuoteMeta(statusPath)), false, func(w *world, _ kubeCall) int {
		return say1(fmt.Sprintf("%d %d %s", w.Deployed.Replicas, w.Deployed.Available, w.Deployed.Image))
	}},
	{exactly(`rollout restart deploy/aragora`), false, func(w *world, _ kubeCall) int { w.Deployed.Restarts++; return w.roll() }},
	{exactly(`rollout status deploy/aragora --timeout=300s`), false, (*world).rollout},
	{exactly(`scale deploy/aragora --replicas=0`), false, func(w *world, _ kubeCall) int { w.Deployed.Replicas, w.Deployed.Available = 0, 0; return 0 }},
	{exactly(`wait --for=delete pod -l app=aragora --timeout=120s`), false, func(w *world, _ kubeCall) int { return min(1, w.Deployed.Replicas) }},
}

func exactly(pattern string) *regexp.Regexp { return regexp.MustCompile(`^` + pattern + `$`) }

func say1(line string) int {
	fmt.Println(line)
	return 0
}

func input() string {
	data, _ := io.ReadAll(os.Stdin)
	return string(data)
}

// kubectl holds that every call names its kubeconfig, its context and, where it is about one, its namespace.
func (w *world) kubectl(args []string, stdin string) int {
	if len(args) < 3 || args[0] != "--kubeconfig=kubeconfig" || args[1] != "--context="+w.Context {
		return refused
	}
	rest, named := args[2:], false
	if len(rest) > 2 && rest[0] == "-n" && rest[1] == "aragora" {
		rest, named = rest[2:], true
	}
	line := strings.Join(rest, " ")
	for _, c := range kubeCalls {
		words := c.pattern.FindStringSubmatch(line)
		if words == nil || c.global == named {
			continue
		}
		if w.Gone && rest[0] != "config" {
			fmt.Fprintln(os.Stderr, "Unable to connect to the server: no route to host")
			return 1
		}
		return c.do(w, kubeCall{words, stdin})
	}
	return refused
}

func (w *world) applyNamespace(c kubeCall) int {
	if !strings.Contains(c.stdin, `"kind": "Namespace"`) {
		return refused
	}
	w.Namespaces = append(w.Namespaces, "aragora")
	return say1("namespace/aragora serverside-applied")
}

// kubeSecret is the part of a Secret that is spoken of here.
type kubeSecret struct {
	APIVersion string            `json:"apiVersion,omitempty"`
	Kind       string            `json:"kind"`
	Data       map[string]string `json:"data"`
	StringData map[string]string `json:"stringData,omitempty"`
}

func (w *world) makeSecret(kubeCall) int {
	file, err := os.ReadFile("secrets.env")
	if err != nil {
		return 1
	}
	s := kubeSecret{Kind: "Secret", Data: map[string]string{}}
	for line := range strings.Lines(string(file)) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok {
			s.Data[name] = base64.StdEncoding.EncodeToString([]byte(value))
		}
	}
	return show(s)
}

func show(v any) int {
	data, err := json.Marshal(v)
	if err != nil {
		return 1
	}
	return say1(string(data))
}

func (w *world) setSecret(c kubeCall) int {
	var s kubeSecret
	if err := json.Unmarshal([]byte(c.stdin), &s); err != nil || s.Kind != "Secret" {
		return refused
	}
	w.Secrets = s.Data
	return say1("secret/aragora-secrets configured")
}

func (w *world) showSecret(c kubeCall) int {
	if w.Secrets == nil {
		if c.words[1] != "" {
			return 0
		}
		fmt.Fprintln(os.Stderr, "Error from server (NotFound)")
		return 1
	}
	return show(kubeSecret{APIVersion: "v1", Kind: "Secret", Data: w.Secrets})
}

func (w *world) patchSecret(c kubeCall) int {
	info, err := os.Stat(c.words[1])
	if err != nil || info.Mode().Perm() != 0o600 {
		w.Problems = append(w.Problems, "others can read the patch")
		return 1
	}
	var s kubeSecret
	data, err := os.ReadFile(c.words[1])
	if err != nil || json.Unmarshal(data, &s) != nil || len(s.Data)+len(s.StringData) != 1 {
		return 1
	}
	for name, value := range s.Data {
		w.Secrets[name] = value
	}
	for name, value := range s.StringData {
		w.Secrets[name] = base64.StdEncoding.EncodeToString([]byte(value))
	}
	return say1("secret/aragora-secrets patched")
}

func (w *world) pods(c kubeCall) int {
	if w.Deployed == nil {
		return 0
	}
	if c.words[2] == "json" {
		return say1(`{"items": []}`)
	}
	for n := range w.Deployed.Replicas {
		name := fmt.Sprintf("aragora-%d", n)
		switch running := n < w.Deployed.Available; {
		case c.words[2] == "wide" && running:
			fmt.Println(name, "1/1 Running")
		case c.words[2] == "wide":
			fmt.Println(name, "0/1 ImagePullBackOff")
		case running || c.words[1] == "":
			fmt.Println("pod/" + name)
		}
	}
	return 0
}

func (w *world) logs(kubeCall) int {
	for n := range w.Deployed.Available {
		fmt.Printf("[pod/aragora-%d/aragora] 2026-01-13T10:00:00Z GET /admin 403 Forbidden\n", n)
	}
	return 0
}

// before gives the log of the container before the restart, which only the first pod had.
func (w *world) before(c kubeCall) int {
	if c.words[1] != "aragora-0" {
		fmt.Fprintln(os.Stderr, "Error from server (BadRequest): previous terminated container not found")
		return 1
	}
	return say1("[pod/aragora-0/aragora] 2026-01-13T09:00:00Z login FAILED for mallory")
}

// applyAny takes a NetworkPolicy or the Deployment, and nothing else.
func (w *world) applyAny(c kubeCall) int {
	var o struct {
		Kind     string `json:"kind"`
		Image    string `json:"image"`
		Replicas int    `json:"replicas"`
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
		Spec json.RawMessage `json:"spec"`
	}
	if err := json.Unmarshal([]byte(c.stdin), &o); err != nil {
		return 1
	}
	switch o.Kind {
	case "NetworkPolicy":
		if w.Policies == nil {
			w.Policies = map[string]json.RawMessage{}
		}
		w.Policies[o.Metadata.Name] = o.Spec
		return say1("networkpolicy.networking.k8s.io/" + o.Metadata.Name + " created")
	case "Deployment":
		if w.Secrets == nil {
			w.Problems = append(w.Problems, "the application was deployed before its secrets")
		}
		w.Deployed = &deployed{Replicas: o.Replicas, Image: o.Image}
		return w.roll()
	}
	return refused
}

func (w *world) policy(c kubeCall) int {
	spec, ok := w.Policies[c.words[1]]
	switch {
	case ok && c.words[3] == "name":
		return say1("networkpolicy.networking.k8s.io/" + c.words[1])
	case ok:
		var s struct {
			PolicyTypes []string `json:"policyTypes"`
		}
		if err := json.Unmarshal(spec, &s); err != nil {
			return 1
		}
		return show(s.PolicyTypes)
	case c.words[2] != "":
		return 0
	}
	return 1
}

// roll brings the pods up with the secrets of now, or does not.
func (w *world) roll() int {
	if w.FailRollout {
		w.Deployed.Available = max(0, w.Deployed.Available-1)
		return 0
	}
	w.Deployed.Available = w.Deployed.Replicas
	key, err := base64.StdEncoding.DecodeString(w.Secrets["ARAGORA_JWT_SECRET"])
	if err != nil || os.WriteFile(w.Running, key, 0o600) != nil {
		return 1
	}
	return 0
}

func (w *world) rollout(kubeCall) int {
	if w.Deployed.Available < w.Deployed.Replicas {
		fmt.Fprintln(os.Stderr, "error: timed out waiting for the condition")
		return 1
	}
	return say1(`deployment "aragora" successfully rolled out`)
}
