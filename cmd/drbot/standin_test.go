package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/drbot/drbot/incident"
)

// kubectl and terraform need a cluster and a cloud, which no test has. Two small programs stand in for them: this test
// program under another name. They know the calls that the runbook is meant to make, argument by argument, refuse any
// other, and keep what they did, so that a later call sees what an earlier one changed.

const standing = "stand-in:"

func init() {
	name, ok := strings.CutPrefix(os.Args[0], standing)
	if !ok {
		return
	}
	os.Exit(standIn(name, os.Args[1], os.Args[2:]))
}

// world is what both stand-ins know, kept in one file.
type world struct {
	Calls    []string // every call, in order: "kubectl get pods …"
	Problems []string // what nobody should have called

	Context, Server, Leads string // Leads is where the kubeconfig's context really leads to
	Gone                   bool   // the cluster does not answer
	Namespaces             []string
	Secrets                map[string]string // of aragora-secrets, in base64; nil: there is none
	Deployed               *deployed
	Policies               map[string]json.RawMessage
	FailRollout            bool
	Running                string // a file: the signing key that the application started with

	Serial, Resources int
	Lineage           string
	Changes           []change
	Planned           string // sha256 of the newest plan
}

type deployed struct {
	Replicas, Available int
	Image               string
	Restarts            int
}

type change struct {
	Address string   `json:"address"`
	Change  struct { // as terraform show -json has it
		Actions []string `json:"actions"`
	} `json:"change"`
}

func changing(address string, actions ...string) change {
	c := change{Address: address}
	c.Change.Actions = actions
	return c
}

// standIn runs one call under the lock of the world's file.
func standIn(program, dir string, args []string) int {
	stdin := ""
	if strings.Contains(strings.Join(args, " "), "-f -") {
		stdin = input()
	}
	file, err := os.OpenFile(filepath.Join(dir, "world"), os.O_RDWR, 0)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 70
	}
	defer func() { _ = file.Close() }()
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 70
	}
	var w world
	if err := json.NewDecoder(file).Decode(&w); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 70
	}
	call := program + " " + strings.Join(args, " ")
	w.Calls = append(w.Calls, call)
	for name, value := range w.Secrets {
		if plain, _ := base64.StdEncoding.DecodeString(value); strings.Contains(call, string(plain)) || strings.Contains(call, value) {
			w.Problems = append(w.Problems, "the value of "+name+" is an argument of "+program)
		}
	}
	code := 0
	if program == "kubectl" {
		code = w.kubectl(args, stdin)
	} else {
		code = w.terraform(args)
	}
	if code == refused {
		w.Problems = append(w.Problems, "not expected: "+call)
		fmt.Fprintln(os.Stderr, "stand-in: not expected:", call)
	}
	if err := w.write(file); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 70
	}
	return code
}

// refused is the exit code of a call that the stand-ins do not know.
const refused = 64

func (w *world) write(file *os.File) error {
	data, err := json.Marshal(w)
	if err != nil {
		return err
	}
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err = file.WriteAt(data, 0)
	return err
}

// lab is the folder of the stand-ins, for a test.
type lab struct {
	t        *testing.T
	bin, dir string
}

func newLab(t *testing.T, w world) *lab {
	t.Helper()
	l := &lab{t: t, bin: t.TempDir(), dir: t.TempDir()}
	self, err := executable()
	l.ok(err)
	for _, name := range []string{"kubectl", "terraform"} {
		script := fmt.Sprintf("#!/bin/bash\nexec -a %s%s %q %q \"$@\"\n", standing, name, self, l.dir)
		l.ok(os.WriteFile(filepath.Join(l.bin, name), []byte(script), 0o755))
	}
	w.Context, w.Server = "aragora-prod", "https://k8s.aragora.internal:6443"
	if w.Leads == "" {
		w.Leads = w.Server
	}
	w.Running = filepath.Join(l.dir, "running")
	file, err := os.Create(filepath.Join(l.dir, "world"))
	l.ok(err)
	l.ok(w.write(file))
	l.ok(file.Close())
	return l
}

func (l *lab) ok(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// world is what the stand-ins know now; set, where there is one, changes it first.
func (l *lab) world(set func(*world)) world {
	l.t.Helper()
	file, err := os.OpenFile(filepath.Join(l.dir, "world"), os.O_RDWR, 0)
	l.ok(err)
	defer func() { _ = file.Close() }()
	l.ok(syscall.Flock(int(file.Fd()), syscall.LOCK_EX))
	var w world
	l.ok(json.NewDecoder(file).Decode(&w))
	if set != nil {
		set(&w)
		l.ok(w.write(file))
	}
	return w
}

// checked holds that nothing was called that should not have been, and gives the calls.
func (l *lab) checked() []string {
	l.t.Helper()
	w := l.world(nil)
	for _, p := range w.Problems {
		l.t.Error(p)
	}
	return w.Calls
}

func (w *world) terraform(args []string) int {
	switch line := strings.Join(args, " "); {
	case line == "init -input=false -no-color":
		fmt.Println("Terraform has been successfully initialized!")
	case line == "state pull":
		if w.Resources > 0 {
			fmt.Printf(`{"version": 4, "serial": %d, "lineage": %q, "resources": [%s]}`+"\n", w.Serial, w.Lineage, strings.TrimSuffix(strings.Repeat("{},", w.Resources), ","))
		}
	case planLine.MatchString(line):
		return w.plan(strings.TrimPrefix(args[len(args)-1], "-out="))
	case showLine.MatchString(line):
		data, err := os.ReadFile(args[2])
		if err != nil {
			return 1
		}
		fmt.Println(string(data))
	case applyLine.MatchString(line):
		return w.apply(args[3])
	default:
		return refused
	}
	return 0
}

func (w *world) plan(name string) int {
	data, err := json.Marshal(map[string]any{"format_version": "1.2", "resource_changes": w.Changes})
	if err != nil || os.WriteFile(name, data, 0o666) != nil { // the mode is the step's umask
		return 1
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		w.Problems = append(w.Problems, "others can read the plan")
	}
	w.Planned = incident.Digest(data)
	return 2
}

func (w *world) apply(name string) int {
	data, err := os.ReadFile(name)
	if err != nil || incident.Digest(data) != w.Planned {
		w.Problems = append(w.Problems, "another plan was applied than was made")
		return 1
	}
	count := map[string]int{}
	for _, c := range w.Changes {
		for _, a := range c.Change.Actions {
			count[a]++
		}
	}
	w.Resources += count["create"] - count["delete"]
	w.Serial++
	w.Gone = false
	fmt.Printf("\nApply complete! Resources: %d added, %d changed, %d destroyed.\n\nOutputs:\n", count["create"], count["update"], count["delete"])
	return 0
}
