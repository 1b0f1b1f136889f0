// Package pagerduty is PagerDuty and only PagerDuty, both ways.
//
// The door (door.go) takes webhooks V3: it judges the signature, hands the event in as an outcome and answers 202 once
// that is kept. The follower (follow.go) carries acknowledgements, resolutions and notes out, in order and once, however
// long PagerDuty is away. The question (ask.go) compares what PagerDuty says of its open incidents with what its events
// said, at the start and every few minutes. Vendor words stop here: inside there are facts about alerts.
package pagerduty

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	pd "github.com/PagerDuty/go-pagerduty"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/secret"
	"github.com/drbot/drbot/state"
)

// Name is the follower's name; cursors hang on it.
const Name = "pagerduty"

// Handler keeps outcomes; commands.Office is one.
type Handler interface {
	Handle(context.Context, commands.Command) (commands.Reply, error)
}

// Memory is what the room reads of the store.
type Memory interface {
	Incident(context.Context, state.Ref) (*incident.Incident, error)
	List(context.Context, state.Query) ([]incident.Summary, error)
}

// Options of a Link.
type Options struct {
	Token     secret.String   // of the REST API; without it PagerDuty is heard and never answered
	APIURL    string          // another base, as PAGERDUTY_API_URL; "" is PagerDuty's own
	Secrets   []secret.String // of webhook subscriptions; several while they rotate
	From      string          // email of the PagerDuty user in whose name drbot writes
	Approvers string          // escalation policy that wakes approvers
	Policies  []string        // further policies of which is to be known who is on call
	Places    []string        // services of which names and policies are to be known
	Rules     commands.AlertRules
	// Priorities are names of PagerDuty's, by severity: an alert gets that of its incident. Those left out are left alone.
	Priorities map[int]string
	Handler    Handler
	Memory     Memory
	People     func() *people.Table
	Duty       *people.Duty                                                   // learns who is on call; nil: nobody asks
	Learned    func()                                                         // is called when Duty has learned; may be nil
	Found      func(ctx context.Context, source string, users []people.Found) // learns who is who; nil: nobody asks
	Every      time.Duration                                                  // between two questions; 0: 5 minutes
	Now        func() time.Time
	// Until receives once Now is not before t.
	Until func(t time.Time) <-chan time.Time
	Log   *slog.Logger
	// Serving says how the link of the drbot that serves now stands, so that Check can see what of a test event became;
	// nil: Check asks for none. Patience is how long Check waits for one; 0: 15 s.
	Serving  func(context.Context) (Health, error)
	Patience time.Duration
}

// everyDefault is how often PagerDuty is asked what its events may have left out.
const everyDefault = 5 * time.Minute

// Link is the connection to one PagerDuty account. It is safe for concurrent use.
type Link struct {
	Options
	health health
	client *pd.Client // nil without a token
	wire   *wire
	users  time.Time // when it was asked who is who; only Run's
	selfID atomic.Pointer[string]
	unable atomic.Bool   // the account cannot ask people to join
	one    chan struct{} // PagerDuty asks for one call at a time per token
	rounds rounds
}

// New makes the room and opens no connection.
func New(o Options) (*Link, error) {
	if o.Handler == nil || o.Memory == nil {
		return nil, errors.New("pagerduty: a handler and a memory are needed")
	}
	return open(o), nil
}

func open(o Options) *Link {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Until == nil {
		o.Until = func(t time.Time) <-chan time.Time { return time.After(time.Until(t)) }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Every <= 0 {
		o.Every = everyDefault
	}
	l := &Link{Options: o, one: make(chan struct{}, 1)}
	l.connect()
	return l
}

// Close lets connections go.
func (l *Link) Close() {
	if l.wire != nil {
		l.wire.http.CloseIdleConnections()
	}
}
