package terminal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/templates"
)

// Handler carries commands out.
type Handler interface {
	Handle(context.Context, commands.Command) (commands.Reply, error)
}

// Door is the listening socket.
type Door struct {
	Handler Handler
	Record  Record
	Data    string                // absolute data directory, which a client compares with its own
	Zone    func() *time.Location // of the people, for evidence; nil: UTC alone
	Release string
	Outputs Outputs // nil: outputs are answered with their last lines
	Steps   string  // account of steps; it proves nobody
	Group   string  // may connect, besides drbot's own account and root; empty: nobody else
	Log     *slog.Logger
	Now     func() time.Time

	nonces  nonces
	tickets tickets
}

// requestKeep is how long a request id is remembered.
const requestKeep = time.Hour

// maxRequest bounds one request; the longest text is a review of 1 MiB, which JSON may write longer.
const maxRequest = 4 << 20

// Listen opens the socket. A socket file that nobody answers on is replaced.
func (d *Door) Listen(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	name, release, err := reachable(path)
	if err != nil {
		return nil, err
	}
	defer release()
	if answers(name) {
		return nil, fmt.Errorf("another drbot answers on %s", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", name)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // its name may be a descriptor's that is closed by then
	if err := d.protect(path); err != nil {
		_ = l.Close()
		return nil, err
	}
	return l, nil
}

// answers reports whether somebody listens on a socket. A child that is being forked holds a listener that was closed
// until it executes its own program, so an answer is held against a few more, over half a second.
func answers(name string) bool {
	for range 20 {
		conn, err := net.Dial("unix", name)
		if err != nil {
			return false
		}
		_ = conn.Close()
		time.Sleep(25 * time.Millisecond)
	}
	return true
}

func (d *Door) protect(path string) error {
	if d.Group == "" {
		return os.Chmod(path, 0o600)
	}
	g, err := user.LookupGroup(d.Group)
	if err != nil {
		return fmt.Errorf("terminal.group: %w", err)
	}
	gid, err := strconv.Atoi(g.Gid)
	if err != nil {
		return err
	}
	if err := os.Chown(path, -1, gid); err != nil {
		return fmt.Errorf("terminal.group %s: %w", d.Group, err)
	}
	return os.Chmod(path, 0o660)
}

// peerKey carries what the kernel said of a connection to its requests; net/http has no other place for it.
type peerKey struct{}

// Serve answers until ctx ends.
func (d *Door) Serve(ctx context.Context, l net.Listener) error {
	d.nonces = nonces{now: d.Now, out: map[string]time.Time{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/hello", d.hello)
	mux.HandleFunc("POST /v1/nonce", d.nonce)
	mux.HandleFunc("POST /v1/command", d.command)
	mux.HandleFunc("GET /v1/output", d.output)
	mux.HandleFunc("POST /v1/audit/verify", d.keeperOnly(d.verify))
	mux.HandleFunc("GET /v1/audit/export", d.keeperOnly(d.export))
	mux.HandleFunc("GET /v1/backup", d.keeperOnly(d.backup))
	mux.HandleFunc("GET /v1/evidence", d.keeperOnly(d.evidence))
	s := &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(d.Log.Handler(), slog.LevelWarn),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			p, err := peerOf(c, d.Steps)
			if err != nil {
				d.Log.Warn("peer of the terminal socket", "error", err)
			}
			return context.WithValue(ctx, peerKey{}, p)
		},
	}
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if err := s.Shutdown(grace); err != nil {
			_ = s.Close()
		}
	})
	defer stop()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (d *Door) hello(w http.ResponseWriter, _ *http.Request) {
	d.write(w, http.StatusOK, hello{Version: Version, Release: d.Release, Data: d.Data, PID: os.Getpid()})
}

func (d *Door) nonce(w http.ResponseWriter, _ *http.Request) {
	nonce, err := d.nonces.make()
	if err != nil {
		d.write(w, http.StatusTooManyRequests, Answer{Text: err.Error(), Kind: "blocked"})
		return
	}
	d.write(w, http.StatusOK, map[string]string{"nonce": nonce})
}

func (d *Door) command(w http.ResponseWriter, r *http.Request) {
	var req Request
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&req); err != nil || req.ID == "" || (req.Group == "") == (req.Verb == "") {
		d.write(w, http.StatusBadRequest, Answer{Text: "the request is malformed", Kind: "bad_input"})
		return
	}
	p, _ := r.Context().Value(peerKey{}).(peer)
	actor := commands.Actor{Unix: p.account, Terminal: true}
	as := p.account
	if req.Proof != nil {
		line, err := d.nonces.verify(req)
		if err != nil {
			d.write(w, http.StatusForbidden, Answer{Text: err.Error(), Kind: "not_allowed"})
			return
		}
		actor, as = commands.Actor{SSH: line, Terminal: true}, "the owner of an SSH key"
	}
	c := commands.Command{Verb: req.Verb, Object: req.Object, Text: req.Text}
	if req.Group != "" {
		c = commands.ParseLine(req.Group, req.Text)
	}
	c.Actor, c.Fields = actor, req.Fields
	c.Keys, c.Keep = []string{fmt.Sprintf("terminal/%d/%s", p.uid, req.ID)}, requestKeep
	reply, err := d.Handler.Handle(r.Context(), c)
	if err != nil {
		d.Log.Error("terminal command", "command", c.Verb, "error", err)
		d.write(w, http.StatusServiceUnavailable, Answer{Text: notRecorded(err), Kind: "outage", As: as})
		return
	}
	answer := Answer{Text: templates.TextIn(reply.Say, columnsOf(r)), Kind: string(reply.Kind), ID: uint64(reply.ID), Seq: reply.Seq, Errors: reply.Errors, As: as}
	if reply.Output != nil && d.Outputs != nil {
		answer.Output = d.tickets.make(reply.Output.Attempt, d.Now())
	}
	if reply.Data != nil {
		if answer.Data, err = json.Marshal(reply.Data); err != nil {
			d.write(w, http.StatusInternalServerError, Answer{Text: err.Error(), Kind: "outage"})
			return
		}
	}
	d.write(w, http.StatusOK, answer)
}

// columnsOf is the width to fold for; 0, which folds nothing, where the client has no terminal or a width that nobody can
// read in.
func columnsOf(r *http.Request) int {
	n, err := strconv.Atoi(r.Header.Get(columnsHeader))
	if err != nil || n < 20 || n > 1000 {
		return 0
	}
	return n
}

func (d *Door) write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		d.Log.Warn("answer at the terminal socket", "error", err)
	}
}

// notRecorded is what a person is told when drbot itself could not.
func notRecorded(err error) string {
	return "Not recorded, so nothing was done: " + err.Error() + ". Reading still works: drbot incident show N."
}
