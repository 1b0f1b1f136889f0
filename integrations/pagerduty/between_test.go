package pagerduty

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/secret"
	"github.com/drbot/drbot/state/follow"
)

// TestI48_APageOfSomethingBetweenIsAnOutage: a proxy, a sign-in page or a load balancer answers in PagerDuty's place. Nothing of
// what it says is believed, nothing is given up, and the link is called down.
func TestI48_APageOfSomethingBetweenIsAnOutage(t *testing.T) {
	r := rigged(t)
	id := r.link("one")
	there, err := url.Parse(r.account.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy, says := httputil.NewSingleHostReverseProxy(there), atomic.Int64{}
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		code := int(says.Load())
		if code == 0 {
			proxy.ServeHTTP(w, q)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Location", "http://127.0.0.1:9/sign-in")
		w.WriteHeader(code)
		_, _ = w.Write([]byte("<html>no route</html>"))
	}))
	defer between.Close()
	l, err := New(Options{Token: secret.New("secret-token"), APIURL: between.URL, From: "drbot@example.com", Handler: r.keeper, Memory: r.keeper})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r.follower = Follower{l}
	severity := r.record(incident.SeveritySet{By: ana, From: 2, To: 1})
	for _, code := range []int{200, 302, 400, 404, 405, 408, 410, 502} {
		says.Store(int64(code))
		if err := r.deliver(severity, false); !errors.As(err, new(follow.Unavailable)) || r.Health().Up {
			t.Errorf("%d: %v, %+v", code, err, r.Health())
		}
		if _, _, err := l.status(t.Context(), id); err == nil || errors.Is(err, errGone) {
			t.Errorf("%d is believed: %v", code, err)
		}
	}
	l.From = "gone@example.com"
	says.Store(0)
	if err := r.deliver(severity, true); !errors.As(err, new(follow.Unavailable)) || r.Health().Up || r.Away() == "" {
		t.Errorf("the user in whose name it writes is gone: %v, %+v", err, r.Health())
	}
	l.From = "drbot@example.com"
	if err := r.deliver(severity, true); err != nil || r.notesOf(id) != 1 || !r.Health().Up {
		t.Errorf("back: %v, %d notes, %+v", err, r.notesOf(id), r.Health())
	}
}
