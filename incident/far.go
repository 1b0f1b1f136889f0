package incident

import (
	"regexp"
	"strings"
	"time"
)

// Far is another host where steps run, and how it is reached from here.
type Far struct {
	Scheme   string        `json:"scheme"`            // whose client reaches it: "ssh"
	Name     string        `json:"name"`              // the host, as that client knows it
	Config   string        `json:"config,omitempty"`  // file of the client's configuration; "": its usual ones
	Program  string        `json:"program,omitempty"` // drbot there; "": the one in its PATH
	Agent    string        `json:"agent,omitempty"`   // socket of the agent that holds the keys; "": none
	Patience time.Duration `json:"patience"`          // without a connection, until the step counts as unknown
}

// Elsewhere takes the host of a target apart: "ssh:db1" is db1, reached by ssh. far is false for this host, by whatever name.
func Elsewhere(host string) (scheme, name string, far bool) {
	scheme, name, far = strings.Cut(host, ":")
	if !far {
		return "", "", false
	}
	return scheme, name, true
}

// farForm is a host that is reached by ssh. A name that begins with - would be an option of the client.
var farForm = regexp.MustCompile(`^ssh:[A-Za-z0-9_][A-Za-z0-9_.-]*(@[A-Za-z0-9_][A-Za-z0-9_.-]*)?$`)

// FarHost reports whether a target's host is another one, named as it must be.
func FarHost(host string) bool { return farForm.MatchString(host) }
