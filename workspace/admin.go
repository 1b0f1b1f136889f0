package workspace

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/drbot/drbot/workspace/person"
)

// adminRoutes is the side for story tests and the demo: trouble on purpose,
// the clock, and what was called and delivered.
func (w *Workspace) adminRoutes(mux *http.ServeMux) {
	for path, do := range w.adminActs() {
		mux.HandleFunc("POST /admin/"+path, func(rw http.ResponseWriter, r *http.Request) {
			raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
			var out any
			if err == nil {
				out, err = do(raw)
			}
			if err != nil {
				sendRefusal(rw, err)
				return
			}
			sendJSON(rw, out)
		})
	}
	mux.HandleFunc("GET /admin/fault", func(rw http.ResponseWriter, _ *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		out := []fault{}
		for _, f := range w.faults {
			out = append(out, *f)
		}
		sendJSON(rw, out)
	})
	mux.HandleFunc("GET /admin/calls", w.serveCalls)
	mux.HandleFunc("GET /admin/deliveries", w.serveDeliveries)
}

func (w *Workspace) adminActs() map[string]func(json.RawMessage) (any, error) {
	acts := map[string]func(json.RawMessage) (any, error){"user": w.adminUser}
	post := func(path string, do func(json.RawMessage) (any, error)) { acts[path] = do }
	post("fault", func(raw json.RawMessage) (any, error) {
		var f fault
		if err := json.Unmarshal(raw, &f); err != nil {
			return nil, err
		}
		return w.inject(f)
	})
	post("clear", func(raw json.RawMessage) (any, error) {
		var in struct{ ID string }
		err := json.Unmarshal(raw, &in)
		w.clearFaults(in.ID)
		return obj{}, err
	})
	post("disconnect", func(raw json.RawMessage) (any, error) {
		var in struct {
			Reason string
			Cut    bool
		}
		err := json.Unmarshal(raw, &in)
		w.disconnect(in.Reason, in.Cut)
		return obj{}, err
	})
	post("clock", func(raw json.RawMessage) (any, error) {
		var in struct{ Advance time.Duration }
		err := json.Unmarshal(raw, &in)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.skew += in.Advance
		w.wakeOutbox()
		return obj{"now": w.now()}, err
	})
	post("retry", func(json.RawMessage) (any, error) { w.retryNow(); return obj{}, nil })
	post("replay", func(raw json.RawMessage) (any, error) {
		var in struct{ Seq int }
		err := json.Unmarshal(raw, &in)
		if err == nil && !w.replay(in.Seq) {
			err = refuse("not_found", "no delivery %d", in.Seq)
		}
		return obj{}, err
	})
	return acts
}

func (w *Workspace) adminUser(raw json.RawMessage) (any, error) {
	var in struct {
		User        string
		Deactivated bool
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.userBy(in.User)
	if u == nil {
		return nil, refuse("user_not_found", "no user %q", in.User)
	}
	u.Deactivated = in.Deactivated
	w.journal.add(change{Kind: "users"})
	w.emit(obj{"type": "user_change", "user": w.wireUser(u)})
	return obj{}, nil
}

func (w *Workspace) serveCalls(rw http.ResponseWriter, r *http.Request) {
	method := r.URL.Query().Get("method")
	w.mu.Lock()
	calls := slices.Clone(w.calls)
	w.mu.Unlock()
	out := []person.Call{}
	for _, c := range calls {
		if method == "" || c.method == method {
			out = append(out, person.Call{Seq: c.seq, At: c.at, Method: c.method, Args: c.args, Error: c.code})
		}
	}
	sendJSON(rw, out)
}

func (w *Workspace) serveDeliveries(rw http.ResponseWriter, _ *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := []person.Delivered{}
	for _, d := range w.outbox.sent {
		out = append(out, person.Delivered{
			Seq: d.seq, At: d.at, Kind: d.kind, ID: d.id, What: d.what, Attempt: d.attempt, Acked: d.acked, Trouble: d.trouble,
		})
	}
	sendJSON(rw, out)
}
