package aragora

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"
)

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Parse(pageSource))

// health is what GET /api/health answers.
type health struct {
	Status  string `json:"status"` // healthy | unhealthy
	Users   int    `json:"users"`
	Debates int    `json:"debates"`
	Newest  string `json:"newest_row,omitempty"`
	Problem string `json:"problem,omitempty"`
}

// Run is the service's process: it writes a row of each table five times a second and answers until ctx ends, or until
// the keeper that holds the other end of lifeline is gone.
func Run(ctx context.Context, dir string, lifeline io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, lifeline)
		cancel()
	}()
	l, err := listen(dir)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "service.pid"), []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil {
		return err
	}
	defer func() { _ = os.Remove(filepath.Join(dir, "service.pid")) }()
	w := &writer{dir: dir}
	done := make(chan struct{})
	go func() { defer close(done); w.run(ctx) }()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/health", func(rw http.ResponseWriter, r *http.Request) { w.health(rw, r) })
	mux.HandleFunc("GET /{$}", func(rw http.ResponseWriter, r *http.Request) { _ = page.Execute(rw, w.look(r.Context())) })
	mux.HandleFunc("POST /damage", func(rw http.ResponseWriter, r *http.Request) {
		if err := Damage(r.Context(), dir); err != nil {
			http.Error(rw, err.Error(), http.StatusInternalServerError)
			return
		}
		http.Redirect(rw, r, "/", http.StatusSeeOther)
	})
	s := &http.Server{Handler: http.NewCrossOriginProtection().Handler(mux), ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	err = s.Serve(l)
	<-done
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// listen takes the port of the last start, so that the address in people's browsers stays, or any free one.
func listen(dir string) (net.Listener, error) {
	path := filepath.Join(dir, "port")
	if b, err := os.ReadFile(path); err == nil {
		var port int
		if _, err := fmt.Sscan(string(b), &port); err == nil {
			if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
				return l, nil
			}
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return l, os.WriteFile(path, fmt.Appendf(nil, "%d\n", l.Addr().(*net.TCPAddr).Port), 0o600)
}

type writer struct {
	dir    string
	failed atomic.Pointer[string] // why the last write failed
}

func (w *writer) run(ctx context.Context) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for k := 0; ; k++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := w.write(ctx, k); err != nil && ctx.Err() == nil {
			text := err.Error()
			w.failed.Store(&text)
		} else {
			w.failed.Store(nil)
		}
	}
}

// write opens the files anew each time: a real service would notice damage under its cache late, and the demo's point
// is what happens after somebody noticed.
func (w *writer) write(ctx context.Context, k int) error {
	add := func(name string, insert func(*sql.Tx, int, string) error) (err error) {
		db, err := open(w.dir, name)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if err := insert(tx, k, time.Now().UTC().Format(stamp)); err != nil {
			return errors.Join(err, tx.Rollback())
		}
		return tx.Commit()
	}
	return errors.Join(add(usersDB, addUser), add(debatesDB, addDebate))
}

func (w *writer) look(ctx context.Context) health {
	h := health{Status: "healthy"}
	users, debates, newest, err := Rows(ctx, w.dir)
	if failed := w.failed.Load(); err == nil && failed != nil {
		err = errors.New(*failed)
	}
	if err != nil {
		return health{Status: "unhealthy", Problem: err.Error()}
	}
	h.Users, h.Debates, h.Newest = users, debates, newest.Format(stamp)
	return h
}

func (w *writer) health(rw http.ResponseWriter, r *http.Request) {
	h := w.look(r.Context())
	rw.Header().Set("Content-Type", "application/json")
	if h.Status != "healthy" {
		rw.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(rw).Encode(h)
}

// URL is where the service answers.
func URL(dir string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, "port"))
	if err != nil {
		return "", err
	}
	var port int
	if _, err := fmt.Sscan(string(b), &port); err != nil {
		return "", err
	}
	return fmt.Sprintf("http://127.0.0.1:%d", port), nil
}
