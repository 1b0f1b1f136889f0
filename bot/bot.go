// Package bot is Slack and only Slack: no Slack type leaves it.
//
// Doors (http.go, socket.go) prove a payload, turn it into a commands.Command (typed.go, press.go, submit.go,
// happened.go) and answer within three seconds, after the store has kept it. Followers carry events out: say posts
// messages in order, each from its own event; draw redraws cards from the head of the fold within one budget.
// blocks.go turns neutral messages into Block Kit; it is the only place where a value could become markup, and none does.
package bot

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/secret"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// Handler carries commands and outcomes out; commands.Office is one.
type Handler interface {
	// Handle answers a refusal as a Reply; an error means that nothing was recorded and so nothing was done.
	Handle(context.Context, commands.Command) (commands.Reply, error)
}

// homer and planner are what a Handler may know besides: App Home of a person, and the form of a draft as it is now.
// commands.Office is both.
type homer interface {
	Home(context.Context, commands.Actor) (commands.HomeView, error)
}

type planner interface {
	PlanForm(ctx context.Context, run string) (*templates.Form, error)
}

// Memory is what the room reads of the store: folds and records to draw from, and where its messages are.
type Memory interface {
	state.Reader
	Cursor(ctx context.Context, follower string, id incident.ID) (state.Cursor, error)
}

// Options of a Bot. Names of channels may be ids.
type Options struct {
	BotToken, AppToken, SigningSecret secret.String
	APIURL                            string // another base of the Web API, as SLACK_API_URL; "" is Slack's own
	Links                             int    // Socket Mode links, at most 10; 2 where it is 0
	HTTP                              bool   // payloads come as signed requests: no links are opened
	Incident, Recover                 string // names of the two commands, without slash
	Announce, House                   string // channel of announcements, and of house messages (Announce where empty)

	Handler Handler
	Memory  Memory
	Flags   *people.Cache
	People  func() *people.Table
	// Facts are what cards need besides the fold; nil: what the room can read by itself.
	Facts func(context.Context, *incident.Incident) templates.Facts
	// Messages are the runbook's own four messages by key; nil: the built-in ones.
	Messages func(key string) templates.Form4
	// Outlets say how the audiences outside of the chat are reached; nil: not said.
	Outlets func() map[incident.Audience]string
	// Outputs are what steps printed; nil: no file of it is sent.
	Outputs Outputs
	// Review makes the draft of an incident's review from its record up to seq; nil: none is posted.
	Review func(ctx context.Context, id incident.ID, seq uint64) ([]byte, error)
	// Watch are the links besides Slack's, a line each, for App Home; nil: there are none.
	Watch func() []string
	// Files is the directory that files of kept messages are copied into; "": they are not.
	Files string
	// Found takes what Slack knows of the configured people by their email; nil: it is not asked.
	Found func(ctx context.Context, source string, users []people.Found)

	Now func() time.Time
	Log *slog.Logger
}

// Bot is the room. It is made once; its doors and followers are safe for concurrent use.
type Bot struct {
	Options
	api      *slack.Client
	files    *slack.Client // the same, patient enough for uploads
	http     *http.Client
	health   health
	self     identity
	places   places
	late     lateAnswers
	forged   sources
	budget   budget
	uploads  attaching
	specs    sync.Map // digest -> *incident.Spec
	drawer   *drawer
	awayLong time.Duration
	missed   missed
	asking   sync.Mutex    // who is in a restricted incident's channel
	newStaff chan struct{} // the configuration's people were read anew
	wg       sync.WaitGroup
	closing  sync.Mutex      // so that nothing begins while Close waits
	ctx      context.Context // ends what outlives a request: opening forms, answers by response_url
	stop     context.CancelFunc
}

// New makes the room and opens no connection.
func New(o Options) (*Bot, error) {
	switch {
	case o.BotToken.IsZero():
		return nil, errors.New("slack: SLACK_BOT_TOKEN is missing")
	case o.HTTP && o.SigningSecret.IsZero():
		return nil, errors.New("slack: SLACK_SIGNING_SECRET is missing, and mode is http")
	case !o.HTTP && o.AppToken.IsZero():
		return nil, errors.New("slack: SLACK_APP_TOKEN is missing, and mode is socket")
	case o.Handler == nil || o.Memory == nil:
		return nil, errors.New("slack: a handler and a memory are needed")
	}
	return open(o), nil
}

// open makes the room of options that suffice.
func open(o Options) *Bot {
	o = o.withDefaults()
	b := &Bot{Options: o, awayLong: awayLong, newStaff: make(chan struct{}, 1)}
	b.ctx, b.stop = context.WithCancel(context.Background())
	b.health.now = o.Now
	b.health.back = func(since time.Time) { b.after(func(ctx context.Context) { b.returned(ctx, since) }) }
	b.drawer = newDrawer(b)
	b.http = newHTTPClient(&b.health)
	options := []slack.Option{slack.OptionHTTPClient(b.http), slack.OptionAppLevelToken(o.AppToken.Reveal())}
	if o.APIURL != "" {
		options = append(options, slack.OptionAPIURL(strings.TrimSuffix(o.APIURL, "/")+"/"))
	}
	b.api = slack.New(o.BotToken.Reveal(), options...)
	patient := &http.Client{Transport: b.http.Transport} // a context bounds each upload
	b.files = slack.New(o.BotToken.Reveal(), append(options, slack.OptionHTTPClient(patient))...)
	return b
}

func (o Options) withDefaults() Options {
	if o.Links <= 0 {
		o.Links = 2
	}
	o.Links = min(o.Links, 10)
	if o.Incident == "" {
		o.Incident = "incident"
	}
	if o.Recover == "" {
		o.Recover = "recover"
	}
	if o.House == "" {
		o.House = o.Announce
	}
	if o.Flags == nil {
		o.Flags = &people.Cache{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Run keeps the links and the cache of people until ctx ends. Slack being away is no error: it tries again.
func (b *Bot) Run(ctx context.Context) error {
	var links sync.WaitGroup
	links.Go(func() { b.introduce(ctx) })
	links.Go(func() { b.keepLearning(ctx) })
	links.Go(func() { b.drawer.run(ctx) })
	links.Go(func() { b.drawer.live(ctx) })
	if !b.HTTP {
		for n := range b.Links {
			links.Go(func() { b.keepLink(ctx, n) })
		}
	}
	<-ctx.Done()
	links.Wait()
	return ctx.Err()
}

// Close waits for what runs behind answers that were given, and lets connections go.
func (b *Bot) Close() {
	b.closing.Lock()
	b.stop()
	b.closing.Unlock()
	b.wg.Wait()
	b.http.CloseIdleConnections()
}

// after runs something behind an answer.
func (b *Bot) after(do func(context.Context)) {
	if do == nil {
		return
	}
	b.closing.Lock()
	defer b.closing.Unlock()
	if b.ctx.Err() != nil {
		return
	}
	b.wg.Add(1)
	go func() {
		defer b.wg.Done()
		do(b.ctx)
	}()
}
