package workspace

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/drbot/drbot/workspace/person"
)

// maxWait bounds a long poll.
const maxWait = time.Minute

// act is one thing that a person does over HTTP.
type act func(w *Workspace, u *user, raw []byte) (person.Reply, error)

// decoded makes an act of a function that takes its JSON as a struct.
func decoded[T any](do func(*Workspace, *user, T) (person.Reply, error)) act {
	return func(w *Workspace, u *user, raw []byte) (person.Reply, error) {
		var in T
		if err := json.Unmarshal(raw, &in); err != nil {
			return person.Reply{}, refuse("invalid_json", "%v", err)
		}
		return do(w, u, in)
	}
}

// Bodies of the acts.
type (
	lineIn struct {
		Channel, Thread, TS, Text string
		Files                     []fileIn
	}
	fileIn struct {
		Name    string
		Content []byte
	}
	formIn struct {
		View   string
		Values map[string]any
	}
	markIn struct {
		Channel, TS, Name string
		Remove            bool
	}
	shortcutIn struct {
		CallbackID  string `json:"callback_id"`
		Channel, TS string
	}
	channelIn struct {
		Do, Channel, Name string
		Users             []string
		Private           bool
	}
)

func personActs() map[string]act {
	return map[string]act{
		"command": decoded(func(w *Workspace, u *user, in lineIn) (person.Reply, error) {
			return w.command(u, in.Channel, in.Thread, in.Text)
		}),
		"look":   decoded((*Workspace).look),
		"press":  decoded((*Workspace).press),
		"fill":   decoded(func(w *Workspace, u *user, in formIn) (person.Reply, error) { return w.fill(u, in.View, in.Values) }),
		"submit": decoded(func(w *Workspace, u *user, in formIn) (person.Reply, error) { return w.submit(u, in.View, in.Values) }),
		"close":  decoded(func(w *Workspace, u *user, in formIn) (person.Reply, error) { return w.closeForm(u, in.View) }),
		"home":   decoded(func(w *Workspace, u *user, _ struct{}) (person.Reply, error) { return w.openHome(u) }),
		"shortcut": decoded(func(w *Workspace, u *user, in shortcutIn) (person.Reply, error) {
			return w.shortcut(u, in.CallbackID, in.Channel, in.TS)
		}),
		"post":    decoded((*Workspace).post),
		"edit":    decoded((*Workspace).edit),
		"delete":  decoded((*Workspace).deleteMessage),
		"react":   decoded((*Workspace).reactAs),
		"pin":     decoded((*Workspace).pinAs),
		"channel": decoded((*Workspace).channelAs),
	}
}

func (w *Workspace) personRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /person/users", func(rw http.ResponseWriter, _ *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		sendJSON(rw, w.showUsers())
	})
	mux.HandleFunc("GET /person/state", w.as(w.serveState))
	mux.HandleFunc("GET /person/events", w.as(w.serveChanges))
	mux.HandleFunc("GET /person/files/{id}", w.as(func(rw http.ResponseWriter, r *http.Request, u *user) {
		content, name, err := w.fileContent(r.PathValue("id"), u.ID)
		if err != nil {
			http.NotFound(rw, r)
			return
		}
		sendFile(rw, name, content)
	}))
	acts := personActs()
	mux.HandleFunc("POST /person/{verb}", w.as(func(rw http.ResponseWriter, r *http.Request, u *user) {
		do, known := acts[r.PathValue("verb")]
		if !known {
			http.NotFound(rw, r)
			return
		}
		raw, err := io.ReadAll(io.LimitReader(r.Body, 2*maxFile)) // a file comes in base64
		var reply person.Reply
		if err == nil {
			reply, err = do(w, u, raw)
		}
		if err != nil {
			sendRefusal(rw, err)
			return
		}
		sendJSON(rw, reply)
	}))
}

// as finds who acts.
func (w *Workspace) as(next func(http.ResponseWriter, *http.Request, *user)) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		u := w.userBy(r.URL.Query().Get("as"))
		switch {
		case u == nil:
			w.mu.Unlock()
			sendRefusal(rw, refuse("user_not_found", "say who acts: ?as=USER"))
			return
		case u.Deactivated && r.Method == http.MethodPost:
			w.mu.Unlock()
			sendRefusal(rw, refuse("account_inactive", "%s is deactivated", u.RealName))
			return
		}
		w.mu.Unlock()
		next(rw, r, u)
	}
}

func sendJSON(rw http.ResponseWriter, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "application/json")
	_, _ = rw.Write(raw)
}

func sendRefusal(rw http.ResponseWriter, err error) {
	var r person.Refused
	if !errors.As(err, &r) {
		r = person.Refused{Code: "bad_request", Say: err.Error()}
	}
	raw, _ := json.Marshal(r) // two strings
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(http.StatusConflict)
	_, _ = rw.Write(raw)
}

// wait blocks until something that the user may see changed after seq.
func (w *Workspace) wait(r *http.Request, u *user, seq uint64, timeout time.Duration) {
	t := time.NewTimer(min(timeout, maxWait))
	defer t.Stop()
	for {
		w.mu.Lock()
		news, all := w.after(seq, u.ID)
		changed := w.journal.changed
		w.mu.Unlock()
		if len(news) > 0 || !all {
			return
		}
		select {
		case <-changed:
		case <-t.C:
			return
		case <-r.Context().Done():
			return
		case <-w.ctx.Done():
			return
		}
	}
}

func (w *Workspace) serveState(rw http.ResponseWriter, r *http.Request, u *user) {
	q := r.URL.Query()
	if s := q.Get("timeout"); s != "" {
		after, err := strconv.ParseUint(q.Get("after"), 10, 64)
		timeout, terr := time.ParseDuration(s)
		if err != nil || terr != nil {
			sendRefusal(rw, refuse("invalid_arguments", "after is a number, timeout a duration as 5s"))
			return
		}
		w.wait(r, u, after, timeout)
	}
	w.mu.Lock()
	s := w.stateFor(u)
	w.mu.Unlock()
	sendJSON(rw, s)
}

// serveChanges streams the changes as server-sent events.
func (w *Workspace) serveChanges(rw http.ResponseWriter, r *http.Request, u *user) {
	w.mu.Lock()
	seq := w.journal.seq
	w.mu.Unlock()
	for _, s := range []string{r.URL.Query().Get("after"), r.Header.Get("Last-Event-ID")} {
		if n, err := strconv.ParseUint(s, 10, 64); err == nil {
			seq = n
		}
	}
	rw.Header().Set("Content-Type", "text/event-stream")
	rw.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(rw)
	fmt.Fprintf(rw, "retry: 1000\n: hello\n\n")
	for {
		w.mu.Lock()
		news, all := w.after(seq, u.ID)
		seq = max(seq, w.journal.seq)
		w.mu.Unlock()
		if !all {
			news = append([]change{{Seq: seq, Kind: "all"}}, news...)
		}
		for _, c := range news {
			raw, _ := json.Marshal(c) // plain strings
			fmt.Fprintf(rw, "id: %d\ndata: %s\n\n", c.Seq, raw)
		}
		if out.Flush() != nil || r.Context().Err() != nil || w.ctx.Err() != nil {
			return
		}
		w.wait(r, u, seq, 15*time.Second)
		if w.ctx.Err() != nil || r.Context().Err() != nil {
			return
		}
		fmt.Fprint(rw, ":\n\n")
	}
}
