package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/runner/attempt"
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
	Contacts   map[string]rawContact  `yaml:"contacts"`
	Types      map[string]rawType     `yaml:"types"`
	BreakGlass []string               `yaml:"break_glass"`
	Signers    string                 `yaml:"signers"`
	Severities map[string]rawSeverity `yaml:"severities"`
	Procedures map[string][]string    `yaml:"procedures"`
	Services   map[string]rawService  `yaml:"services"`
	Checklist  map[string]rawItem     `yaml:"checklist"`
	Secrets    map[string]rawSecret   `yaml:"secrets"`
	Runner     rawRunner              `yaml:"runner"`
	Terminal   rawTerminal            `yaml:"terminal"`
	Mail       rawMail                `yaml:"mail"`
	Messages   rawMessages            `yaml:"messages"`
	StatusPage rawStatusPage          `yaml:"statuspage"`
	Hours      *rawHours              `yaml:"hours"`
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

type rawType struct {
	Restricted  bool  `yaml:"restricted"`
	Maintenance *bool `yaml:"maintenance"` // planned: a window, nobody paged; absent: by its name
}

type rawSeverity struct {
	Respond time.Duration `yaml:"respond"`
	Update  time.Duration `yaml:"update"`
	// Executives are told by mail with a cadence of their own; absent: nothing is promised to them.
	Executives time.Duration `yaml:"executives"`
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
	SSH         rawSSH `yaml:"ssh"`
	MemoryLimit string `yaml:"memory_limit"`  // of a step: "4GiB"; "none"
	Processes   int    `yaml:"process_limit"` // of a step at once; -1: none
}

// rawSSH is how other hosts are reached.
type rawSSH struct {
	Config   string        `yaml:"config"`   // of the client; absent: the account's own
	Program  string        `yaml:"program"`  // drbot on the other hosts; absent: the one in the PATH
	Patience time.Duration `yaml:"patience"` // without a connection, until a step is unknown; absent: 2m
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
	StepLimits                  attempt.Limits
	Far                         incident.Far
	Socket, SocketGroup         string
	Slack                       slackTokens
	PagerDuty                   pagerdutyConfig
	StatusPage                  statusPageConfig
	Mail                        mailConfig
	written                     raw // as people wrote it, to tell what changed
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
	return readConfig(src, path, getenv)
}

// readConfig is loadConfig of bytes that were read from path.
func readConfig(src []byte, path string, getenv func(string) string) (_ *config, err error) {
	w := written{getenv: getenv}
	if err := runbook.DecodeYAML(src, "the configuration", &w.raw); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if w.file, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	w.places = placesIn(src)
	c, err := w.valid()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
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
