package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/secret"
)

// raw is drbot.yaml as people write it. Every key is optional but runbook and one chat.
type raw struct {
	Data       string                 `yaml:"data"`
	Listen     string                 `yaml:"listen"`
	Runbook    string                 `yaml:"runbook"`
	Sections   map[string]string      `yaml:"sections"`
	Slack      rawSlack               `yaml:"slack"`
	People     []people.Entry         `yaml:"people"`
	PagerDuty  rawPagerDuty           `yaml:"pagerduty"`
	Types      map[string]rawType     `yaml:"types"`
	BreakGlass []string               `yaml:"break_glass"`
	Signers    string                 `yaml:"signers"`
	Severities map[string]rawSeverity `yaml:"severities"`
	Procedures map[string][]string    `yaml:"procedures"`
	Services   map[string]rawService  `yaml:"services"`
	Secrets    map[string]rawSecret   `yaml:"secrets"`
	Runner     rawRunner              `yaml:"runner"`
	Terminal   rawTerminal            `yaml:"terminal"`
	Mail       map[string]any         `yaml:"mail"`
	StatusPage map[string]any         `yaml:"statuspage"`
	Hours      map[string]any         `yaml:"hours"`
}

type rawSlack struct {
	Mode     string      `yaml:"mode"`
	Announce string      `yaml:"announce"`
	House    string      `yaml:"house"`
	Commands rawCommands `yaml:"commands"`
}

type rawCommands struct {
	Incident string `yaml:"incident"`
	Recover  string `yaml:"recover"`
}

type rawPagerDuty struct {
	From      string                     `yaml:"from"`
	Approvers string                     `yaml:"approvers"`
	Services  map[string]rawAlertService `yaml:"services"`
}

type rawAlertService struct {
	Type     string   `yaml:"type"`
	Services []string `yaml:"services"`
}

type rawType struct {
	Restricted bool `yaml:"restricted"`
}

type rawSeverity struct {
	Respond time.Duration `yaml:"respond"`
	Update  time.Duration `yaml:"update"`
}

type rawService struct {
	Tier string   `yaml:"tier"`
	Data []string `yaml:"data"`
}

type rawSecret struct {
	File string `yaml:"file"`
	Env  string `yaml:"env"`
}

type rawRunner struct {
	User        string `yaml:"user"`
	OutputLimit string `yaml:"output_limit"`
}

type rawTerminal struct {
	Group  string `yaml:"group"`
	Socket string `yaml:"socket"`
}

// config is valid: nobody checks it again. Paths are absolute.
type config struct {
	File, Data, Listen, Runbook string
	Sections                    runbook.Sections
	Signers                     string // allowed signers; empty: nobody's signature counts
	SlackHTTP                   bool
	Announce, House             string
	People                      *people.Table
	Commands                    commands.Config
	Secrets                     map[string]secretSource
	OutputLimit                 int64
	Socket, SocketGroup         string
	Slack                       slackTokens
	Unused                      []string // keys that this version reads and does not use yet
}

type secretSource struct{ file, env string }

type slackTokens struct {
	Bot, App, Signing secret.String
	APIURL            string
}

// findConfig is the file that --config names, or the first of the usual places that exists.
func findConfig(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	for _, path := range []string{"drbot.yaml", "/etc/drbot/drbot.yaml"} {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no drbot.yaml here and none in /etc/drbot: name one with --config, or try `drbot demo`, which needs none")
}

// loadConfig reads, checks and completes the configuration; errors name line and column, or the key.
func loadConfig(path string, getenv func(string) string) (*config, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	r := raw{}
	if err := runbook.DecodeYAML(src, "the configuration", &r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	c, err := r.valid(abs, getenv)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func (r *raw) valid(file string, getenv func(string) string) (*config, error) {
	at := func(path, fallback string) string {
		if path == "" {
			path = fallback
		}
		if path == "" || filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(filepath.Dir(file), path)
	}
	c := &config{
		File: file, Data: at(r.Data, "data"), Listen: r.Listen, Runbook: at(r.Runbook, ""), Sections: runbook.Sections(r.Sections), Signers: at(r.Signers, ""),
		Announce: r.Slack.Announce, House: r.Slack.House, SocketGroup: r.Terminal.Group, Secrets: map[string]secretSource{},
	}
	c.Socket = at(r.Terminal.Socket, filepath.Join(c.Data, "drbot.sock"))
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8080"
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return nil, fmt.Errorf("listen: %q is no host:port, like 127.0.0.1:8080", c.Listen)
	}
	if r.Runbook == "" {
		return nil, errors.New("runbook: is missing; name the Markdown file, like runbook: ./DISASTER_RECOVERY.md")
	}
	switch r.Slack.Mode {
	case "", "socket":
	case "http":
		c.SlackHTTP = true
	default:
		return nil, fmt.Errorf("slack.mode: %q is neither socket nor http", r.Slack.Mode)
	}
	if c.House == "" {
		c.House = c.Announce
	}
	var err error
	if err := mayBreak(r.People, r.BreakGlass); err != nil {
		return nil, err
	}
	if c.People, err = people.New(r.People); err != nil {
		return nil, err
	}
	if err := stepAccount(r.Runner.User, r.Terminal.Group, c.People); err != nil {
		return nil, err
	}
	if c.OutputLimit, err = bytesOf(r.Runner.OutputLimit); err != nil {
		return nil, fmt.Errorf("runner.output_limit: %w", err)
	}
	for name, s := range r.Secrets {
		if (s.File == "") == (s.Env == "") {
			return nil, fmt.Errorf("secrets.%s: name either file or env", name)
		}
		c.Secrets[name] = secretSource{file: at(s.File, ""), env: s.Env}
	}
	if getenv("DATABASE_URL") != "" || getenv("DATABASE_URL_FILE") != "" {
		return nil, errors.New("DATABASE_URL is set, and this version keeps its record in one file only: unset it")
	}
	if err := r.commands(c); err != nil {
		return nil, err
	}
	if err := c.Slack.read(getenv); err != nil {
		return nil, err
	}
	c.Unused = r.unused()
	return c, nil
}

// commands completes what decisions need.
func (r *raw) commands(c *config) error {
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("this machine's name: %w", err)
	}
	cc := commands.Config{
		Incident: r.Slack.Commands.Incident, Recover: r.Slack.Commands.Recover, Procedures: r.Procedures, RunAs: r.Runner.User, Host: host,
		Updates: map[int]time.Duration{}, Respond: map[int]time.Duration{}, Restricted: map[string]bool{}, Services: map[string]commands.ServiceMapping{},
	}
	if cc.Incident == "" {
		cc.Incident = "incident"
	}
	if cc.Recover == "" {
		cc.Recover = "recover"
	}
	if cc.Incident == cc.Recover {
		return errors.New("slack.commands: the two commands need two names")
	}
	for level, s := range r.Severities {
		n, err := strconv.Atoi(strings.TrimPrefix(strings.ToLower(level), "sev-"))
		if err != nil || n < 1 || n > 9 {
			return fmt.Errorf("severities.%s: write the level as a number, like \"1\"", level)
		}
		if s.Update > 0 {
			cc.Updates[n] = s.Update
		}
		if s.Respond > 0 {
			cc.Respond[n] = s.Respond
		}
	}
	for name, t := range r.Types {
		cc.Restricted[strings.ToLower(name)] = t.Restricted
	}
	for name, s := range r.Services {
		cc.Services[name] = commands.ServiceMapping{Tier: s.Tier, Data: s.Data}
	}
	for name := range r.Secrets {
		cc.Secrets = append(cc.Secrets, name)
	}
	c.Commands = cc
	return nil
}

// unused names keys that are accepted and do nothing in this version, for check to say.
func (r *raw) unused() []string {
	var keys []string
	for key, set := range map[string]bool{
		"pagerduty": r.PagerDuty.From != "" || len(r.PagerDuty.Services) > 0,
		"mail":      len(r.Mail) > 0, "statuspage": len(r.StatusPage) > 0, "hours": len(r.Hours) > 0,
	} {
		if set {
			keys = append(keys, key)
		}
	}
	return keys
}

// read takes the tokens from the environment; each may stand in a file that X_FILE names.
func (t *slackTokens) read(getenv func(string) string) error {
	for name, into := range map[string]*secret.String{"SLACK_BOT_TOKEN": &t.Bot, "SLACK_APP_TOKEN": &t.App, "SLACK_SIGNING_SECRET": &t.Signing} {
		value, err := fromEnv(getenv, name)
		if err != nil {
			return err
		}
		*into = secret.New(value)
	}
	var err error
	if t.APIURL, err = fromEnv(getenv, "SLACK_API_URL"); err != nil {
		return err
	}
	if t.APIURL != "" {
		if u, err := url.Parse(t.APIURL); err != nil || u.Host == "" {
			return fmt.Errorf("SLACK_API_URL: %q is no URL", t.APIURL)
		}
		t.APIURL = strings.TrimSuffix(t.APIURL, "/") + "/"
	}
	return nil
}

func fromEnv(getenv func(string) string, name string) (string, error) {
	if value := getenv(name); value != "" {
		return value, nil
	}
	path := getenv(name + "_FILE")
	if path == "" {
		return "", nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%s_FILE: %w", name, err)
	}
	return strings.TrimSpace(string(b)), nil
}

// bytesOf reads "1GiB", "64MiB", "4096".
func bytesOf(s string) (int64, error) {
	if s == "" {
		return 1 << 30, nil
	}
	for suffix, unit := range map[string]int64{"GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10} {
		if digits, ok := strings.CutSuffix(s, suffix); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 32)
			if err != nil || n <= 0 {
				return 0, fmt.Errorf("%q is no size, like 1GiB", s)
			}
			return n * unit, nil
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("%q is no size, like 1GiB", s)
	}
	return n, nil
}

// value reads a configured secret.
func (s secretSource) value(getenv func(string) string) (secret.String, error) {
	if s.env != "" {
		v := getenv(s.env)
		if v == "" {
			return secret.String{}, fmt.Errorf("environment variable %s is empty", s.env)
		}
		return secret.New(v), nil
	}
	b, err := os.ReadFile(s.file)
	if err != nil {
		return secret.String{}, err
	}
	return secret.New(strings.TrimRight(string(b), "\r\n")), nil
}
