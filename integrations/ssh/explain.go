package ssh

import (
	"errors"
	"fmt"
	"strings"

	"github.com/drbot/drbot/incident"
)

// Failures that have a name, to compare with errors.Is.
var (
	ErrHostKeyChanged = errors.New("its host key has changed")
	ErrHostKeyUnknown = errors.New("its host key is not known here")
	ErrRefused        = errors.New("it refuses the connection")
	ErrUnreachable    = errors.New("it cannot be reached")
	ErrNoSuchHost     = errors.New("no such host")
	ErrDenied         = errors.New("it denies the login")
	ErrConfiguration  = errors.New("the ssh configuration has an error")
	ErrNoDrbot        = errors.New("drbot is not there")
	ErrLost           = errors.New("the connection was lost")
)

// failure is a named one, of a host, with what to do.
type failure struct {
	host string
	what error
	then string
	said string
}

func (f failure) Error() string {
	text := f.host + ": " + f.what.Error()
	if f.said != "" {
		text += " (" + f.said + ")"
	}
	return text + "; " + f.then
}

func (f failure) Unwrap() error { return f.what }

// signs are what OpenSSH says on standard error, in English since LC_ALL is C. There is no other way to tell: every failure of its
// own ends with 255. (OpenSSH 8.4 to 9.9: sshconnect.c, clientloop.c.)
var signs = []struct {
	sign string
	what error
	then string
}{
	{"REMOTE HOST IDENTIFICATION HAS CHANGED", ErrHostKeyChanged, "someone may stand in between: ask the owner of %[1]s for the new fingerprint, and only if it is that one: ssh-keygen -R %[1]s, and the new key into known_hosts"},
	{"Host key verification failed", ErrHostKeyUnknown, "compare its fingerprint with what the owner of %[1]s says (ssh-keyscan %[1]s | ssh-keygen -lf -), then put the key into known_hosts of drbot's account"},
	{"Permission denied", ErrDenied, "try `ssh -o BatchMode=yes %[1]s true` as drbot's account: its key must be in authorized_keys there, without a passphrase or in an agent"},
	{"Too many authentication failures", ErrDenied, "name the one key for %[1]s in the ssh configuration: IdentityFile and IdentitiesOnly yes"},
	{"Could not resolve hostname", ErrNoSuchHost, "look at the name in the lock and in the ssh configuration (Host %[1]s)"},
	{"Connection refused", ErrRefused, "is sshd running on %[1]s, and is the port right? Try `ssh %[1]s true`"},
	{"Connection timed out", ErrUnreachable, "is %[1]s up, and does a firewall let port 22 through? Try `ssh %[1]s true`"},
	{"Operation timed out", ErrUnreachable, "is %[1]s up, and does a firewall let port 22 through? Try `ssh %[1]s true`"},
	{"No route to host", ErrUnreachable, "is %[1]s up, and the network to it? Try `ssh %[1]s true`"},
	{"Network is unreachable", ErrUnreachable, "is the network of drbot's host up? Try `ssh %[1]s true`"},
	{"Bad configuration option", ErrConfiguration, "mend the file and line that ssh names"},
	{"Can't open user config file", ErrConfiguration, "look at runner.ssh.config in drbot.yaml"},
	{"Bad owner or permissions on", ErrConfiguration, "nobody else may write that file: chmod 600"},
}

// Explain names why the client ended.
func (Link) Explain(f incident.Far, exit int, said string) error {
	out := failure{host: f.Name, what: ErrLost, then: "look at the host and the network", said: lastLine(said)}
	switch exit {
	case 127:
		out.what, out.then = ErrNoDrbot, "install the same drbot there, in the PATH of a command over ssh: `scp /usr/bin/drbot "+f.Name+":/usr/local/bin/`, or name its place in runner.ssh.program"
		return out
	case 126:
		out.what, out.then = ErrNoDrbot, "the file is there and cannot be executed: chmod 755, and the same kind of processor"
		return out
	case 255, -1: // the client's own failure, or it was ended
	default:
		out.said = strings.TrimSpace(fmt.Sprintf("drbot there ended with %d. %s", exit, out.said))
	}
	for _, s := range signs {
		if strings.Contains(said, s.sign) {
			out.what, out.then = s.what, fmt.Sprintf(s.then, f.Name)
			break
		}
	}
	return out
}

// lastLine is the client's last word, short.
func lastLine(said string) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	last := strings.TrimSpace(strings.TrimRight(lines[len(lines)-1], "."))
	if runes := []rune(last); len(runes) > 200 {
		last = string(runes[:200]) + "…"
	}
	return last
}
