// Package ssh reaches other hosts through the user's own OpenSSH client: their configuration, keys, jump hosts and
// known hosts, and never a way around them. Whatever the configuration says, it asks nobody, trusts no unknown key,
// forwards nothing, takes no terminal and shares no connection (link.go). When the client gives up, its words become
// a named failure with the next thing to do (explain.go).
package ssh

import (
	"fmt"
	"os/exec"
	"os/user"
	"regexp"

	"github.com/drbot/drbot/incident"
)

// Link is the client.
type Link struct{}

// Scheme is what these hosts begin with in the lock.
func (Link) Scheme() string { return "ssh" }

const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// places are where the client is looked for: drbot's own PATH decides nothing.
var places = []string{"/usr/bin/ssh", "/usr/local/bin/ssh", "/bin/ssh", "/run/current-system/sw/bin/ssh"}

// options hold over every configuration: the first value that ssh reads counts, and these are the first. BatchMode asks for
// no password; a host's key must be known; an agent, display or port of this host is not lent to the other; a connection
// on which nothing comes back is over after 30 s.
var options = []string{
	"BatchMode=yes", "StrictHostKeyChecking=yes", "UpdateHostKeys=no", "NumberOfPasswordPrompts=0",
	"ForwardAgent=no", "ForwardX11=no", "ClearAllForwardings=yes", "Tunnel=no", "PermitLocalCommand=no",
	"RequestTTY=no", "RemoteCommand=none", "SessionType=default", "StdinNull=no", "ForkAfterAuthentication=no", "EscapeChar=none",
	"ControlMaster=no", "ControlPath=none", "ControlPersist=no",
	"ConnectTimeout=10", "ConnectionAttempts=1", "ServerAliveInterval=10", "ServerAliveCountMax=3", "TCPKeepAlive=yes", "LogLevel=ERROR",
}

var (
	// nameForm is a host as the configuration names it, or account@host. One that begins with - would be an option.
	nameForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(@[A-Za-z0-9_][A-Za-z0-9_.-]*)?$`)
	// wordForm needs no quoting in any shell of the other host.
	wordForm = regexp.MustCompile(`^[A-Za-z0-9_./][A-Za-z0-9_./-]*$`)
)

// Command makes the client's call. The words are the program and arguments on the other host; they show in its process list.
func (Link) Command(f incident.Far, words ...string) (*exec.Cmd, error) {
	if !nameForm.MatchString(f.Name) {
		return nil, fmt.Errorf("%q is no name of a host; use one of the ssh configuration, letters, digits, dots and dashes, or account@host", f.Name)
	}
	program := client()
	if program == "" {
		return nil, fmt.Errorf("%s: there is no ssh client on this host; install OpenSSH's (Debian: openssh-client)", f.Name)
	}
	args := []string{"ssh", "-T"}
	if f.Config != "" {
		args = append(args, "-F", f.Config)
	}
	for _, o := range options {
		args = append(args, "-o", o)
	}
	args = append(args, "--", f.Name)
	for _, w := range words {
		if !wordForm.MatchString(w) {
			return nil, fmt.Errorf("%s: %q cannot be a word of a remote command", f.Name, w)
		}
		args = append(args, w)
	}
	return &exec.Cmd{Path: program, Args: args, Env: environment(f.Agent), Dir: "/"}, nil
}

// environment is what the client and the user's ProxyCommand see: the account, and the agent that holds its keys.
func environment(agent string) []string {
	env := []string{"PATH=" + searchPath, "LC_ALL=C"}
	if u, err := user.Current(); err == nil {
		env = append(env, "HOME="+u.HomeDir, "USER="+u.Username, "LOGNAME="+u.Username)
	}
	if agent != "" {
		env = append(env, "SSH_AUTH_SOCK="+agent)
	}
	return env
}

func client() string {
	for _, path := range places {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	return ""
}
