package templates

import (
	"time"

	"github.com/drbot/drbot/incident"
)

// Facts is what a card needs besides the fold: plain values that the caller completed. Whatever is not known stays
// empty, and then the card does not speak of it.
type Facts struct {
	Now        time.Time
	Commands   Commands
	House      *incident.House           // for the stop switch
	Specs      map[string]*incident.Spec // the steps' texts, by Step.Spec
	Scripts    map[string]string         // whole scripts, by their sha256
	Uploaded   map[string]bool           // "A17", "R7/p1.s3": the whole text is in the thread already
	History    map[string]History        // by sha256 of the script; nil: not counted
	Usual      map[string]Usual          // by procedure
	Approvers  []incident.Person         // who may decide now
	Operators  []incident.Person
	Breakers   []incident.Person // who may break the glass
	Live       map[string]Tail   // "R7/p1.s6": what the running step wrote last
	Degraded   []string          // links that are down, a sentence each
	Backup     *Backup           // nil: backups are not watched
	Saved      *Saved            // nil: nothing came back from a backup, or it is not known from which
	Contacts   []Contact
	ChannelURL string             // opens the incident's channel
	Host       string             // where drbot runs
	Zone       *time.Location     // of the people, beside UTC in what is kept; nil: UTC alone
	Head       string             // of the record at a resolution, "1234:<hash>"
	Resolved   *incident.Resolved // how it was resolved, for the review; nil: not known
}

// Commands are the configured names of the two commands, without slash.
type Commands struct{ Incident, Recover string }

// History is how often one script has run.
type History struct {
	Times   int
	Last    time.Time
	Drill   bool   // the last one was in a drill
	Outcome string // of the last one: "ok", "failed"
	Took    time.Duration
	Usual   time.Duration // of the newest that went well; 0: none did
}

// Tail is the newest line of a running step's output, redacted already.
type Tail struct {
	At   time.Time
	Line string
}

// Usual is how long a procedure takes.
type Usual struct {
	Took   time.Duration
	Drills int
	Last   time.Time
	OK     bool
}

// Backup is the newest verified backup.
type Backup struct{ At time.Time }

// Saved is what came back: which backup, taken when, and what of the writes it lacks.
type Saved struct {
	Backup  string
	TakenAt time.Time
	Lost    time.Duration
	By      string           // number of the step that compared it; "": none did
	Counts  []incident.Count // what that step found equal
}

// Contact is a person with the ways to reach them.
type Contact struct {
	Name, Key, Slack, Phone string
	Roles                   []string
}

// commandNames gives the names to show, the usual ones where none is configured.
func (f Facts) commandNames() Commands {
	c := f.Commands
	if c.Incident == "" {
		c.Incident = "incident"
	}
	if c.Recover == "" {
		c.Recover = "recover"
	}
	return c
}
