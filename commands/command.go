// Package commands is what people and outcomes can do: one verb a file, one table of them.
//
// A Command comes from a door that proved who sends it. Handle finds the verb, completes the command with the person,
// the runbook and the configuration as plain values, lets the store decide inside its transaction with a rule of
// package incident, and answers. It is the only writer of incidents, and nothing here touches a network.
// Outcomes of followers (a channel was made, a step ended) come the same way, from drbot itself.
package commands

import (
	"context"
	"errors"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// Actor is who sends a command, as its door proved it. Exactly one of Slack, Unix, SSH and Bot is set.
type Actor struct {
	Slack    string // chat user id of our workspace
	Name     string // as the chat shows it
	Foreign  bool   // of another workspace
	Terminal bool   // at the terminal socket; without Unix or SSH it is nobody, who may read
	Unix     string // account name of the peer at the terminal socket
	SSH      string // authorized_keys line whose signature was checked
	Bot      bool   // drbot itself: outcomes and ticks
}

// Command is one wish on its way in. Verb is a name of the table ("incident open") or of an outcome ("step ended").
type Command struct {
	Verb    string
	Object  string              // what it is about: "A17", "R7", "42", "c8"; a button adds "#" and the mark of what it showed
	Text    string              // what was typed behind the verb
	Fields  map[string][]string // of a form, a pick or boxes
	Actor   Actor
	Channel string // chat channel it was given in; empty at the terminal and in App Home
	Link    string // of the message that a shortcut was used on
	Keys    []string
	Keep    time.Duration
	Outcome any // of followers: one of the types in outcome.go
}

// Field is the first value of a field.
func (c Command) Field(name string) string {
	if v := c.Fields[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// Reply is the answer to one command, for its sender alone.
type Reply struct {
	Say    templates.Message
	Form   *templates.Form   // to be opened
	Errors map[string]string // of a form: field -> what is wrong
	Kind   incident.Kind     // why it was refused; empty when it was done
	ID     incident.ID
	Seq    uint64
	Again  bool
	Data   any // documented view for --json
	Output *Printed
}

// Printed is what a step printed, of which the asker gets all: as a file in the chat, found or sent under Key, or copied to
// the terminal.
type Printed struct{ Key, Attempt string }

// Done reports whether the command was carried out.
func (r Reply) Done() bool { return r.Kind == "" && len(r.Errors) == 0 }

// Config is what decisions need of the configuration, valid already.
type Config struct {
	Incident, Recover string                    // names of the two commands, without slash
	Updates           map[int]time.Duration     // severity -> cadence
	Respond           map[int]time.Duration     // severity -> response time where the runbook leaves it open
	Restricted        map[string]bool           // incident types that open a private channel
	Procedures        map[string][]string       // incident type -> procedures
	Services          map[string]ServiceMapping // service -> tier and data
	Secrets           []string                  // names of configured secrets
	RunAs             string                    // runner.user
	Host              string                    // this machine's name
	Pager             Pager                     // whom PagerDuty wakes
	Hours             *incident.Hours           // when people work; nil: always
	Contacts          map[string]ContactRule    // role of the runbook's contact -> how it is reached
	Checklist         map[string]ChecklistRule  // item of the checklist -> what proves it
	Executives        map[int]time.Duration     // severity -> cadence of updates to executives
	Maintenance       map[string]bool           // incident types that are planned
	Outlets           Outlets                   // who is told besides the chat
	AnnounceID        string                    // chat channel of announcements, by id once resolved
	HouseID           string                    // chat channel where locks are accepted
}

// ServiceMapping links a service to the runbook's objectives.
type ServiceMapping struct {
	Tier string
	Data []string
}

// Office carries commands out.
type Office struct {
	Store  state.Store
	Flags  *people.Cache
	People func() *people.Table // as configured now
	// Away says why PagerDuty does not answer now, as its link knows without asking; "": it does, as far as is known. May be nil.
	Away    func() string
	Duty    *people.Duty                                                  // who is on call, as PagerDuty said last; nil: it never does
	Runbook func() *runbook.Runbook                                       // as loaded now; never nil
	Config  func() Config                                                 //
	Reload  func(ctx context.Context, by incident.Person) (string, error) // `runbook reload`; nil where there is none
	Runs    RunReader                                                     // what steps printed; nil where there is no runner
	Facts   func(context.Context, *incident.Incident) templates.Facts     // what cards need besides the fold; nil: next to nothing

	Draft func(ctx context.Context, id incident.ID, seq uint64) ([]byte, error) // drbot's draft of a review; nil: none
	Clock func() time.Time                                                      // as cards see it; nil: when the incident's newest record was made

	Forget func(digest string) error // deletes the copy of a file of a kept message; nil: there are none

	// Anew makes the files of an incident anew after a redaction; nil: there are none.
	Anew func(context.Context, incident.ID) (Stands, error)

	specs specCache
	typed memory // lines that wait for the button that carries on with them
}

// Handle carries one command out. A refusal is a Reply with its Kind; an error means that drbot itself could not, and
// that nothing was done.
func (o *Office) Handle(ctx context.Context, c Command) (Reply, error) {
	if c.Actor.Bot {
		return o.outcome(ctx, c)
	}
	call, err := o.complete(ctx, c)
	if err == nil {
		var reply Reply
		if reply, err = call.verb.do(ctx, o, call); err == nil {
			call.markForm(reply.Form)
			return reply, nil
		}
	}
	if refusal := (*incident.Refusal)(nil); errors.As(err, &refusal) {
		return Reply{Say: templates.Message{Text: refusal.Error()}, Kind: refusal.Kind}, nil
	}
	if errors.Is(err, state.ErrNotFound) {
		if call != nil && call.ref.ID == 0 && (call.ref.Index == "" || call.ref.Index == "channel") {
			return o.lacking(ctx, call)
		}
		return notThere(call), nil
	}
	return Reply{}, err
}
