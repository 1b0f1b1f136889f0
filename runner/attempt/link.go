package attempt

import (
	"os/exec"
	"slices"
	"time"

	"github.com/drbot/drbot/incident"
)

// A step on another host is an attempt here and an attempt there. The one here has a connection where others have a
// process: its supervisor (elsewhere.go) speaks to the far end (farend.go), this same program on the other host, in
// lines of JSON. The far end starts the attempt there and can be left and found again; only "start" starts.

// Link is a client that connects to other hosts.
type Link interface {
	// Scheme is what hosts of it begin with in the lock: "ssh".
	Scheme() string
	// Command makes the client's process, not started: it runs the words on the host, its standard input and output are theirs.
	Command(f incident.Far, words ...string) (*exec.Cmd, error)
	// Explain says why the client ended with a code (-1: by a signal) and words on standard error, and what to do about it.
	Explain(f incident.Far, exit int, said string) error
}

// links are those that ReachBy was given; set once, before anything runs.
var links []Link

// ReachBy names the clients that connect to other hosts. Call it before SupervisorMain.
func ReachBy(with ...Link) { links = with }

func linkOf(scheme string) Link {
	k := slices.IndexFunc(links, func(l Link) bool { return l.Scheme() == scheme })
	if k < 0 {
		return nil
	}
	return links[k]
}

// farVersion is of the lines between the two ends. The far end says its own first.
const farVersion = 1

// FarEnd is the one argument that makes this program the far end of a connection.
const FarEnd = "remote-end"

// WhoScript is the reading that says who another host is, for people and for the approval: lines name=value.
const WhoScript = `printf 'remote host=%s\nremote account=%s\n' "$(uname -n)" "$(id -un)"
if [ -r /etc/machine-id ]; then printf 'remote machine=%s\n' "$(cat /etc/machine-id)"; fi
`

// frame is one line from the far end. One of its members is set.
type frame struct {
	Drbot   int     `json:"drbot,omitempty"`   // the first line: its farVersion
	Claimed bool    `json:"claimed,omitempty"` // the attempt stands there: it runs, ran, or never will
	Refused string  `json:"refused,omitempty"` // it never starts
	Broken  string  `json:"broken,omitempty"`  // the far end cannot go on; what is there stands
	Output  []byte  `json:"output,omitempty"`
	Heard   bool    `json:"heard,omitempty"` // a cancel or an extension was passed on
	Result  *Result `json:"result,omitempty"`
}

// wish is one line to the far end. The first is a start or an attach.
type wish struct {
	Start   *Job              `json:"start,omitempty"`
	Secrets map[string][]byte `json:"secrets,omitempty"`
	Attach  string            `json:"attach,omitempty"` // name of the attempt there
	From    int64             `json:"from,omitempty"`   // of an attach: bytes of output that are known
	Cancel  string            `json:"cancel,omitempty"` // why
	Extend  time.Duration     `json:"extend,omitempty"` // from now: two hosts have two clocks
	Forget  bool              `json:"forget,omitempty"` // an attempt that ended
}

const (
	frameLimit = 1 << 20  // bytes of one line
	frameBytes = 64 << 10 // of output in one line
)
