package workspace

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options say what workspace to start. The three secrets are required: a
// workspace that accepts any token would hide a wrong configuration.
type Options struct {
	Listen                            string // default 127.0.0.1:0
	BotToken, AppToken, SigningSecret string
	Users                             []User // the first Bot is the app's own account; without one, one is made
	Channels                          []Channel
	UserGroups                        []UserGroup
	Commands                          []string // as "/incident"
	Shortcuts                         []Shortcut
	Scopes                            []string // what the bot token may; nil = DefaultScopes
	Events                            []string // which event types the app subscribed to; nil = all that exist here
	HTTP                              *HTTPDelivery
	Hosts                             []string // further names under which a browser may reach the page; IP literals and localhost always may
	Now                               func() time.Time
	Limits                            bool          // enforce the rate limits of each method
	AllowFolded                       bool          // accept sections without "expand": true in messages, as Slack does (it folds them)
	HomeDisabled                      bool          // the app's Home tab is off: views.publish answers not_enabled
	AckTimeout                        time.Duration // default 3 s, real time
	PingEvery                         time.Duration // Socket Mode pings; default 5 s
	Log                               *slog.Logger
}

// User is an account. TeamID defaults to the workspace's own; another one
// marks a person of another workspace in a shared channel.
type User struct {
	ID, Name, RealName, Email                string
	Guest, UltraRestricted, Deactivated, Bot bool
	TeamID                                   string
}

// Channel is a channel that is there from the start. Without Members a public
// one holds every active person (not the app); a private one nobody.
type Channel struct {
	ID, Name string
	Private  bool
	Members  []string
}

// UserGroup is a group that can be mentioned as @handle.
type UserGroup struct {
	ID, Handle, Name string
	Members          []string
	Disabled         bool
}

// Shortcut is an entry in the app's shortcut menu; Kind "global" or "message".
type Shortcut struct{ Name, Kind, CallbackID string }

// HTTPDelivery sends commands, interactions and events as signed requests.
type HTTPDelivery struct {
	CommandsURL, InteractivityURL, EventsURL string
	Client                                   *http.Client // default: no redirects
}

// Identities of the one app that is installed here.
const (
	TeamID  = "T0WORKSPACE"
	AppID   = "A0APP"
	BotID   = "B0APP"
	defBot  = "U0APP"
	domain  = "workspace"
	general = "C0GENERAL"
)

// Workspace is a running server. Everything behind mu is its state.
type Workspace struct {
	opt     Options
	log     *slog.Logger
	ln      net.Listener
	server  *http.Server
	methods map[string]method
	ctx     context.Context
	cancel  context.CancelFunc
	wg      sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	skew     time.Duration // how far the admin pushed the clock
	lastTS   int64         // microseconds of the newest ts
	ids      int           // for generated ids
	users    map[string]*user
	order    []string // user ids as given
	botUser  string
	groups   []UserGroup
	channels map[string]*channel
	chanIDs  []string // in order of creation
	files    map[string]*file
	modals   map[string][]*view // by user, bottom to top
	homes    map[string]*view   // by user
	pressed  map[string]values  // by user and message: what that person's client holds
	triggers map[string]*trigger
	hooks    map[string]*hook
	journal  journal
	faults   []*fault
	released chan struct{} // closed and renewed when faults are cleared
	calls    []call
	buckets  map[string]*bucket
	socket   socketSide
	outbox   outbox
}

// Start serves a workspace; it is reachable when Start returns. It ends with
// Close, or when ctx ends.
func Start(ctx context.Context, opt Options) (*Workspace, error) {
	if opt.BotToken == "" || opt.AppToken == "" || opt.SigningSecret == "" {
		return nil, errors.New("start workspace: bot token, app token and signing secret are required")
	}
	opt = defaults(opt)
	w := &Workspace{
		opt: opt, log: opt.Log, methods: allMethods(),
		users: map[string]*user{}, channels: map[string]*channel{}, files: map[string]*file{},
		modals: map[string][]*view{}, homes: map[string]*view{}, pressed: map[string]values{},
		triggers: map[string]*trigger{}, hooks: map[string]*hook{}, buckets: map[string]*bucket{},
		released: make(chan struct{}),
		socket:   socketSide{tickets: map[string]bool{}, acks: map[string]pendingAck{}},
		outbox:   outbox{wake: make(chan struct{}, 1)},
	}
	w.journal.changed = make(chan struct{})
	if err := w.populate(); err != nil {
		return nil, fmt.Errorf("start workspace: %w", err)
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", opt.Listen)
	if err != nil {
		return nil, fmt.Errorf("start workspace: %w", err)
	}
	w.ln = ln
	w.ctx, w.cancel = context.WithCancel(ctx)
	w.server = &http.Server{
		Handler: w.routes(), ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(w.log.Handler(), slog.LevelDebug),
	}
	w.wg.Add(3)
	go func() { defer w.wg.Done(); _ = w.server.Serve(ln) }()
	go func() { defer w.wg.Done(); w.pump() }()
	go func() { defer w.wg.Done(); <-w.ctx.Done(); w.shut() }()
	return w, nil
}

func defaults(opt Options) Options {
	if opt.Listen == "" {
		opt.Listen = "127.0.0.1:0"
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.AckTimeout == 0 {
		opt.AckTimeout = 3 * time.Second
	}
	if opt.PingEvery == 0 {
		opt.PingEvery = 5 * time.Second
	}
	if opt.Scopes == nil {
		opt.Scopes = DefaultScopes
	}
	if opt.HTTP != nil && opt.HTTP.Client == nil {
		h := *opt.HTTP
		h.Client = &http.Client{
			Transport:     &http.Transport{MaxIdleConnsPerHost: 16},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		opt.HTTP = &h
	}
	return opt
}

// URL is the page's address, with a slash at its end.
func (w *Workspace) URL() string { return "http://" + w.host() + "/" }

// APIURL is the base of the Web API: give it to slack.OptionAPIURL.
func (w *Workspace) APIURL() string { return w.URL() + "api/" }

// BotUserID is the app's own account.
func (w *Workspace) BotUserID() string { return w.botUser }

// host is the address as a client on this machine reaches it.
func (w *Workspace) host() string {
	a := w.ln.Addr().(*net.TCPAddr)
	if a.IP.IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", a.Port)
	}
	return a.String()
}

// Close stops serving, drops every link and waits for what runs.
func (w *Workspace) Close() error {
	w.cancel()
	w.wg.Wait()
	return nil
}

func (w *Workspace) shut() {
	w.mu.Lock()
	w.closed = true
	links := w.socket.links
	w.mu.Unlock()
	for _, l := range links {
		l.cut()
	}
	_ = w.server.Close()
	if w.opt.HTTP != nil {
		w.opt.HTTP.Client.CloseIdleConnections()
	}
}

// enter counts a handler that outlives its http.Server (a hijacked socket);
// false means that the workspace is closing.
func (w *Workspace) enter() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.ctx.Err() != nil {
		return false
	}
	w.wg.Add(1)
	return true
}

func (w *Workspace) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", w.serveAPI)
	mux.HandleFunc("GET /socket", w.serveSocket)
	mux.HandleFunc("POST /hooks/{id}", w.serveHook)
	mux.HandleFunc("POST /upload/{id}", w.serveUpload)
	mux.HandleFunc("GET /files/{id}/{name}", w.serveFile)
	own := http.NewServeMux()
	w.personRoutes(own)
	w.adminRoutes(own)
	w.pageRoutes(own)
	mux.Handle("/", w.guard(own))
	return mux
}

// guard keeps other web sites off the page, the person's and the admin's side:
// they have no password, so the browser's own Host and Origin must be ours
// (a name that was rebound to this address is refused; an IP literal cannot be
// rebound), and a change must be JSON, which a foreign form cannot send.
func (w *Workspace) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !w.ourHost(r.Host) {
			http.Error(rw, "this host name is not ours", http.StatusMisdirectedRequest)
			return
		}
		if o := r.Header.Get("Origin"); o != "" && o != "http://"+r.Host {
			http.Error(rw, "request of another site", http.StatusForbidden)
			return
		}
		if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" && r.Method != http.MethodGet {
			http.Error(rw, "request of another site", http.StatusForbidden)
			return
		}
		if r.Method == http.MethodPost && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			http.Error(rw, "send application/json", http.StatusUnsupportedMediaType)
			return
		}
		rw.Header().Set("X-Frame-Options", "DENY")
		rw.Header().Set("X-Content-Type-Options", "nosniff")
		rw.Header().Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(rw, r)
	})
}

func (w *Workspace) ourHost(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	if strings.EqualFold(name, "localhost") || net.ParseIP(strings.Trim(name, "[]")) != nil {
		return true
	}
	for _, h := range w.opt.Hosts {
		if strings.EqualFold(h, name) {
			return true
		}
	}
	return false
}
