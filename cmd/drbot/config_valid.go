package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/runbook"
)

// written is drbot.yaml as it was read, on its way to a valid configuration: each part is checked and completed once, and
// an error says where in the file its cause stands.
type written struct {
	raw
	file   string // absolute
	getenv func(string) string
	places places
}

func (w *written) valid() (*config, error) {
	c := &config{
		File: w.file, Data: w.path(w.Data, "data"), Listen: w.Listen, Runbook: w.path(w.Runbook, ""), Sections: runbook.Sections(w.Sections),
		Signers: w.path(w.Signers, ""), Announce: w.Slack.Announce, House: w.Slack.House, SocketGroup: w.Terminal.Group,
	}
	c.Socket = w.path(w.Terminal.Socket, filepath.Join(c.Data, "drbot.sock"))
	var wrong *runbook.SectionError
	if err := c.Sections.Check(); errors.As(err, &wrong) {
		return nil, w.places.fault(err, "sections", wrong.Key)
	}
	for _, part := range []func(*config) error{w.doors, w.staff, w.steps, w.record, w.commands, w.checklist, w.hours, w.pagerduty, w.statusPage, w.mail} {
		if err := part(c); err != nil {
			return nil, err
		}
	}
	if err := c.Slack.read(w.getenv); err != nil {
		return nil, err
	}
	c.written = w.raw
	return c, nil
}

// path counts a relative path from the configuration's folder.
func (w *written) path(path, fallback string) string {
	if path == "" {
		path = fallback
	}
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(w.file), path)
}

// doors checks where drbot is spoken to, and the runbook that it speaks of.
func (w *written) doors(c *config) error {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8080"
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return w.places.fault(fmt.Errorf("listen: %q is no host:port, like 127.0.0.1:8080", c.Listen), "listen")
	}
	if w.Runbook == "" {
		return errors.New("runbook: is missing; name the Markdown file, like runbook: ./DISASTER_RECOVERY.md")
	}
	switch w.Slack.Mode {
	case "", "socket":
	case "http":
		c.SlackHTTP = true
	default:
		return w.places.fault(fmt.Errorf("slack.mode: %q is neither socket nor http", w.Slack.Mode), "slack", "mode")
	}
	if c.House == "" {
		c.House = c.Announce
	}
	return nil
}

// staff checks who is who.
func (w *written) staff(c *config) (err error) {
	if n, err := mayBreak(w.People, w.BreakGlass); err != nil {
		return w.places.fault(err, "break_glass", n)
	}
	c.People, err = people.New(w.People)
	if fault := (*people.Fault)(nil); errors.As(err, &fault) {
		return w.places.fault(err, "people", fault.Entry, fault.Key)
	}
	return err
}

// steps checks the account that steps run as, what of their output is kept, and the secrets that they may ask for.
func (w *written) steps(c *config) (err error) {
	if err := stepAccount(w.Runner.User, w.Terminal.Group, c.People); err != nil {
		return w.places.fault(err, "runner", "user")
	}
	if c.OutputLimit, err = bytesOf(w.Runner.OutputLimit); err != nil {
		return w.places.fault(fmt.Errorf("runner.output_limit: %w", err), "runner", "output_limit")
	}
	switch c.StepLimits.Processes = int64(w.Runner.Processes); w.Runner.MemoryLimit {
	case "":
	case "none":
		c.StepLimits.Memory = -1
	default:
		if c.StepLimits.Memory, err = bytesOf(w.Runner.MemoryLimit); err != nil {
			return w.places.fault(fmt.Errorf("runner.memory_limit: %w", err), "runner", "memory_limit")
		}
	}
	ssh := w.Runner.SSH
	if c.Far = (incident.Far{Config: w.path(ssh.Config, ""), Program: ssh.Program, Patience: ssh.Patience, Agent: w.getenv("SSH_AUTH_SOCK")}); ssh.Patience < 0 {
		return w.places.fault(errors.New("runner.ssh.patience cannot be negative"), "runner", "ssh", "patience")
	}
	c.Secrets = map[string]secretSource{}
	for name, s := range w.Secrets {
		if (s.File == "") == (s.Env == "") {
			return w.places.fault(fmt.Errorf("secrets.%s: name either file or env", name), "secrets", name)
		}
		c.Secrets[name] = secretSource{file: w.path(s.File, ""), env: s.Env}
	}
	return nil
}

// record refuses a store that this version does not have.
func (w *written) record(*config) error {
	if w.getenv("DATABASE_URL") != "" || w.getenv("DATABASE_URL_FILE") != "" {
		return errors.New("DATABASE_URL is set, and this version keeps its record in one file only: unset it")
	}
	return nil
}

// commands completes what decisions need.
func (w *written) commands(c *config) error {
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("this machine's name: %w", err)
	}
	cc := commands.Config{
		Incident: w.Slack.Commands.Incident, Recover: w.Slack.Commands.Recover, Procedures: w.Procedures, RunAs: w.Runner.User, Host: host,
		Updates: map[int]time.Duration{}, Respond: map[int]time.Duration{}, Restricted: map[string]bool{}, Executives: map[int]time.Duration{}, Maintenance: map[string]bool{}, Services: map[string]commands.ServiceMapping{},
	}
	if cc.Incident == "" {
		cc.Incident = "incident"
	}
	if cc.Recover == "" {
		cc.Recover = "recover"
	}
	if cc.Incident == cc.Recover {
		return w.places.fault(errors.New("slack.commands: the two commands need two names"), "slack", "commands")
	}
	for level, s := range w.Severities {
		n, err := strconv.Atoi(strings.TrimPrefix(strings.ToLower(level), "sev-"))
		if err != nil || n < 1 || n > 9 {
			return w.places.fault(fmt.Errorf("severities.%s: write the level as a number, like \"1\"", level), "severities", level)
		}
		if s.Update > 0 {
			cc.Updates[n] = s.Update
		}
		if s.Executives > 0 {
			cc.Executives[n] = s.Executives
		}
		if s.Respond > 0 {
			cc.Respond[n] = s.Respond
		}
	}
	for name, t := range w.Types {
		cc.Restricted[strings.ToLower(name)] = t.Restricted
		if t.Maintenance != nil {
			cc.Maintenance[strings.ToLower(name)] = *t.Maintenance
		}
	}
	for name, s := range w.Services {
		cc.Services[name] = commands.ServiceMapping{Tier: s.Tier, Data: s.Data}
	}
	for name := range w.Secrets {
		cc.Secrets = append(cc.Secrets, name)
	}
	c.Commands = cc
	return nil
}
