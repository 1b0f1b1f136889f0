package attempt

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/secret"
)

// Executor runs the texts of one interpreter. It does so in the step's own process, this binary again, so that
// it is killed, limited and recorded like any other; nothing of drbot's is there, and its environment is empty but
// for what every step has. bash and sqlite need none.
type Executor interface {
	// Interpreter is the name in the lock: "sql".
	Interpreter() string
	// Server is the kind of server that it speaks to, of incident.Server; "" is none.
	Server() string
	// Run executes a text and writes its results to out. An error fails the step, and its text is what people
	// read: which statement, which line, what the server said.
	Run(ctx context.Context, w incident.Work, out io.Writer) error
	// Identify reads who the server is, without changing a thing: lines of name and value that stay the same
	// for as long as it is the same server.
	Identify(ctx context.Context, w incident.Work) ([]incident.Var, error)
}

// executors are those that SupervisorMain was given; set once, before anything runs.
var executors []Executor

func executorOf(interpreter string) Executor {
	k := slices.IndexFunc(executors, func(e Executor) bool { return e.Interpreter() == interpreter })
	if k < 0 {
		return nil
	}
	return executors[k]
}

// InterpreterOf names the interpreter that speaks to a kind of server; "" means that there is none.
func InterpreterOf(server string) string {
	for _, e := range executors {
		if server != "" && e.Server() == server {
			return e.Interpreter()
		}
	}
	return ""
}

// ServerPassword is the name under which Start takes the password of a job's server.
const ServerPassword = "server/password"

// executorName is argv[0] of the step's process.
const executorName = "drbot-executor"

// executorPlan is what it gets on descriptor 4: values never stand in argv or environment, which others could read.
type executorPlan struct {
	Interpreter string            `json:"interpreter"`
	Identify    bool              `json:"identify,omitempty"`
	Server      *incident.Server  `json:"server,omitempty"`
	Password    []byte            `json:"password,omitempty"`
	ReadOnly    bool              `json:"read_only,omitempty"`
	Values      map[string][]byte `json:"values"`
	Identifiers []string          `json:"identifiers,omitempty"`
}

func (c *child) useExecutor(env []string, vars []Var, password []byte) error {
	plan := executorPlan{
		Interpreter: c.job.Interpreter, Identify: c.job.Identify, Server: c.job.Server, Password: password, ReadOnly: c.job.ReadOnly,
		Values: map[string][]byte{}, Identifiers: c.job.Identifiers,
	}
	for _, v := range vars {
		plan.Values[v.Name] = []byte(v.Value)
	}
	return c.standIn(executorName, env, plan)
}

// standIn makes this binary the step's process, with the plan on descriptor 4.
func (c *child) standIn(name string, env []string, plan any) error {
	raw, err := json.Marshal(plan)
	if err != nil {
		return err
	}
	f, err := sealed(raw, incident.Digest(raw))
	if err != nil {
		return err
	}
	c.cmd.Path, c.cmd.Args, c.cmd.Env = "/proc/self/exe", []string{name}, env
	c.cmd.ExtraFiles = append(c.cmd.ExtraFiles, f)
	return nil
}

// executorMain runs the script on descriptor 3 and returns the exit code. SIGTERM asks the executor to stop, so that it
// can tell its server before it is killed.
func executorMain() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	out := bufio.NewWriter(os.Stdout)
	err := execute(ctx, out)
	if err := out.Flush(); err != nil {
		return 1
	}
	if ctx.Err() != nil {
		err = errors.Join(errors.New("stopped"), err)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	return 0
}

func execute(ctx context.Context, out *bufio.Writer) error {
	var plan executorPlan
	if err := json.NewDecoder(os.NewFile(4, "plan")).Decode(&plan); err != nil {
		return fmt.Errorf("read plan: %w", err)
	}
	script, err := io.ReadAll(os.NewFile(3, "script"))
	if err != nil {
		return fmt.Errorf("read script: %w", err)
	}
	e := executorOf(plan.Interpreter)
	if e == nil {
		return fmt.Errorf("interpreter %q is not known to this drbot", plan.Interpreter)
	}
	w := incident.Work{
		Script: string(script), Password: string(plan.Password), ReadOnly: plan.ReadOnly, Values: map[string]string{}, Identifiers: plan.Identifiers,
	}
	for name, value := range plan.Values {
		w.Values[name] = string(value)
	}
	if plan.Server != nil {
		w.Server = *plan.Server
	}
	if !plan.Identify {
		return e.Run(ctx, w, out)
	}
	lines, err := e.Identify(ctx, w)
	for _, v := range lines {
		_, _ = fmt.Fprintf(out, "%s=%s\n", v.Name, strings.NewReplacer("\n", " ", "\r", " ").Replace(v.Value)) // Flush reports
	}
	return err
}

// checkExecutor holds what only executors take, and what they need.
func (j Job) checkExecutor() error {
	e := executorOf(j.Interpreter)
	switch {
	case j.Interpreter != Bash && j.Interpreter != SQLite && e == nil:
		return fmt.Errorf("interpreter %q is not known; use bash, sqlite%s", j.Interpreter, others())
	case e != nil && e.Server() != "" && (j.Server == nil || j.Server.Kind != e.Server()):
		return fmt.Errorf("%s needs a %s server", j.Interpreter, e.Server())
	case e == nil && (j.ReadOnly || j.Identify || len(j.Identifiers) > 0):
		return fmt.Errorf("read_only, identify and identifiers are not for %s", j.Interpreter)
	case j.Identify && (len(j.Script) > 0 || e.Server() == ""):
		return errors.New("only a server is identified, and without a script")
	case e != nil && len(j.Produces) > 0:
		return fmt.Errorf("a step of %s produces nothing", j.Interpreter)
	case j.Server == nil:
		return nil
	}
	for _, v := range j.Server.Environment("x") {
		if slices.Contains(names(j.Env), v.Name) || slices.Contains(j.Secrets, v.Name) {
			return fmt.Errorf("%s says which server it is, and is no parameter", v.Name)
		}
	}
	return nil
}

func others() string {
	var b strings.Builder
	for _, e := range executors {
		b.WriteString(", " + e.Interpreter())
	}
	return b.String()
}

// checkPassword makes sure that the password of the job's server came along.
func (j Job) checkPassword(secrets map[string]secret.String) error {
	if j.Server == nil || j.Server.Secret == "" {
		return nil
	}
	if value, ok := secrets[ServerPassword]; !ok || value.IsZero() || strings.IndexByte(value.Reveal(), 0) >= 0 {
		return fmt.Errorf("secret %s, the password of the server, has no value", j.Server.Secret)
	}
	return nil
}
