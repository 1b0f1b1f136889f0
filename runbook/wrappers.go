package runbook

import "strings"

// wrappers only change how a command is run: as whom, how long, with what around it.
var wrappers = map[string]grammar{
	"sudo":        {short: "AbEeHiKklnPSsVv", valued: "CDRTUghprtu", longVal: "user group prompt host chdir chroot close-from command-timeout role type other-user", long: "non-interactive preserve-env set-home login shell stdin background reset-timestamp"},
	"doas":        {short: "nLs", valued: "uC"},
	"env":         {short: "i0v", valued: "uCS", longVal: "unset chdir split-string", long: "ignore-environment null debug"},
	"time":        {short: "pvaq", valued: "fo"},
	"nohup":       {},
	"command":     {short: "pvV"},
	"builtin":     {},
	"nice":        {short: "0123456789", valued: "n", longVal: "adjustment"},
	"ionice":      {short: "t", valued: "cnpPu", longVal: "class classdata"},
	"timeout":     {short: "v", valued: "ks", longVal: "kill-after signal", long: "preserve-status foreground verbose"},
	"stdbuf":      {valued: "ioe", longVal: "input output error"},
	"setsid":      {short: "cfw", long: "wait fork ctty"},
	"flock":       {short: "exsnuoFv", valued: "cwE", longVal: "command timeout wait conflict-exit-code", long: "exclusive shared nonblock unlock close no-fork verbose"},
	"chrt":        {short: "abfimorv", valued: "TPDp"},
	"taskset":     {short: "ac", valued: "p"},
	"chronic":     {short: "ev"},
	"strace":      {short: "cCdfFhiknqrtTvVxyzZ", valued: "abeEIoOpPsSuUX"},
	"busybox":     {},
	"systemd-run": {short: "dPGqrtS", valued: "pEMu", longVal: "unit property setenv uid gid nice working-directory description slice", long: "scope user system pipe pty wait quiet collect no-block remain-after-exit"},
}

// operands are how many words of a wrapper's own stand before the command.
var operands = map[string]int{"timeout": 1, "flock": 1, "chrt": 1, "taskset": 1}

// unwrap takes off the wrappers, their options, and assignments. What it gives is the end of words; empty where a
// wrapper runs no command, or another text (see wrapped).
func unwrap(words []string) []string {
	for {
		next, ok := unwrapOne(words)
		if !ok {
			return words
		}
		words = next
	}
}

func unwrapOne(words []string) ([]string, bool) {
	if len(words) == 0 {
		return nil, false
	}
	name := plainName(words[0])
	g, ok := wrappers[name]
	if !ok {
		return words, false
	}
	c := g.parse(words[1:], true)
	if name == "command" && c.has("-v", "-V") {
		return nil, true // it only says where the program is
	}
	rest := c.args
	if name == "sudo" || name == "env" {
		for len(rest) > 0 && isAssignment(rest[0]) {
			rest = rest[1:]
		}
	}
	return rest[min(len(rest), operands[name]):], true
}

func isAssignment(w string) bool {
	name, _, ok := strings.Cut(w, "=")
	return ok && name != "" && !strings.ContainsAny(name, "-/. \x00")
}

// wrapped are the texts that wrappers on the way run in a shell of their own, and what about them is not known.
func wrapped(words []string) (texts []string, doubt string) {
	for {
		next, ok := unwrapOne(words)
		if !ok {
			return texts, doubt
		}
		name := plainName(words[0])
		switch c := wrappers[name].parse(words[1:], true); {
		case c.unknown != "":
			doubt = name + " " + c.unknown + " is not known here"
		case name == "env" && c.has("-S", "--split-string"):
			doubt = "env takes a text apart"
		case name == "strace" && c.has("-o"):
			doubt = "strace writes a file"
		case name == "sudo" && len(next) == 0 && c.has("-i", "-s", "--login", "--shell"):
			doubt = "sudo opens a shell"
		case name == "flock" && c.has("-c", "--command"):
			texts = append(texts, c.values("-c", "--command")...)
		case name == "flock" && (c.arg(1) == "-c" || c.arg(1) == "--command"):
			texts = append(texts, c.arg(2))
		}
		words = next
	}
}
