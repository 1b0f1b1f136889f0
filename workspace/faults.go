package workspace

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/drbot/drbot/workspace/person"
)

// fault is trouble that somebody put in through the admin's side.
type fault = person.Fault

// doors that are not Web API methods, as faults name them.
const (
	doorHook     = "response_url"
	doorUpload   = "upload"
	doorDownload = "download"
	doorSocket   = "socket"
)

// hitFault finds the first fault that concerns name, counts the hit and
// retires a fault that is used up. Kinds lists which are asked for.
func (w *Workspace) hitFault(name string, kinds ...string) *fault {
	for i, f := range w.faults {
		if !slices.Contains(kinds, f.Kind) || (f.Method != "" && f.Method != name) {
			continue
		}
		f.Hits++
		hit := *f
		if f.Count > 0 && f.Hits >= f.Count {
			w.faults = slices.Delete(w.faults, i, i+1)
		}
		return &hit
	}
	return nil
}

// meetFault lets a Slack-side request run into trouble. When ended, the
// answer is given (or will never come); a returned fault is for the caller to
// play out.
func (w *Workspace) meetFault(rw http.ResponseWriter, r *http.Request, name string) (f *fault, ended bool) {
	for {
		w.mu.Lock()
		f = w.hitFault(name, "refuse", "status", "slow", "hold", "error", "rate_limit", "lose_answer")
		released := w.released
		w.mu.Unlock()
		if f == nil {
			return nil, false
		}
		switch f.Kind {
		case "refuse":
			hangUp(rw)
			return f, true
		case "status":
			http.Error(rw, "upstream trouble", max(f.Status, http.StatusServiceUnavailable))
			return f, true
		case "slow", "hold":
			var timer <-chan time.Time
			if f.Kind == "slow" {
				timer = time.After(f.Delay)
			}
			select {
			case <-timer:
				return nil, false
			case <-released:
			case <-r.Context().Done():
				return f, true
			case <-w.ctx.Done():
				return f, true
			}
		default:
			return f, false
		}
	}
}

// hangUp cuts the connection without an answer.
func hangUp(rw http.ResponseWriter) {
	conn, _, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // net/http's own way to cut a connection that cannot be taken over
	}
	_ = conn.Close()
}

var faultKinds = []string{"refuse", "status", "slow", "hold", "error", "rate_limit", "lose_answer", "duplicate", "no_ack"}

func (w *Workspace) inject(f fault) (fault, error) {
	if !slices.Contains(faultKinds, f.Kind) {
		return f, fmt.Errorf("unknown kind %q", f.Kind)
	}
	if f.Kind == "error" && f.Error == "" {
		return f, fmt.Errorf("kind error needs an error code")
	}
	w.mu.Lock()
	f.ID, f.Hits = w.id("F"), 0
	kept := f
	w.faults = append(w.faults, &kept)
	links := w.socket.links
	w.mu.Unlock()
	if f.Method == "" && (f.Kind == "refuse" || f.Kind == "status") {
		for _, l := range links {
			l.cut()
		}
	}
	return f, nil
}

func (w *Workspace) clearFaults(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = slices.DeleteFunc(w.faults, func(f *fault) bool { return id == "" || f.ID == id })
	close(w.released)
	w.released = make(chan struct{})
}
