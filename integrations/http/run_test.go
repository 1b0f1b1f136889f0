package http

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
)

func run(t testing.TB, script string, values map[string]string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var out bytes.Buffer
	err := Executor{Pause: time.Millisecond}.Run(ctx, incident.Work{Script: script, Values: values}, &out)
	return out.String(), err
}

// server answers as the tests ask.
func server(t *testing.T) (*httptest.Server, *atomic.Int32) {
	var asked atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(`{"status":"healthy"}`)) })
	mux.HandleFunc("/third", func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/moved/again", http.StatusFound) })
	mux.HandleFunc("/moved/again", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/health", http.StatusFound) })
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer new" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/large", func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(make([]byte, maxBody+1)) })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s, &asked
}

func TestRequests(t *testing.T) {
	s, asked := server(t)
	values := map[string]string{"OLD": "old", "NEW": "new", "BAD": "a\r\nX: y"}
	for script, want := range map[string]struct{ out, err string }{
		"GET URL/health": {"HTTP 200\n{\"status\":\"healthy\"}\n", ""},
		"# look\nGET URL/health\nHEAD URL/health": {"HTTP 200\n{\"status\":\"healthy\"}\nHTTP 200\n", ""},
		"GET URL/gone":                         {"HTTP 404\n404 page not found\n", "request 1, GET URL/gone: answered 404, expected 200 to 299"},
		"GET URL/gone status=404":              {"HTTP 404\n404 page not found\n", ""},
		"GET URL/health status=204":            {"HTTP 200\n{\"status\":\"healthy\"}\n", "answered 200, expected 204"},
		"GET URL/third attempts=3":             {"HTTP 200\n", ""},
		"GET URL/moved":                        {"HTTP 302\n<a href=\"/moved/again\">Found</a>.\n\n", "answered 302"},
		"GET URL/moved redirects=1":            {"HTTP 302\n<a href=\"/health\">Found</a>.\n\n", "answered 302"},
		"GET URL/moved redirects=2":            {"HTTP 200\n{\"status\":\"healthy\"}\n", ""},
		"GET URL/token bearer=:OLD status=401": {"HTTP 401\n", ""},
		"GET URL/token bearer=:NEW":            {"HTTP 200\n", ""},
		"GET URL/slow timeout=20ms attempts=2": {"", "deadline exceeded"},
		"GET URL/large":                        {"", "the body is over"},
		"POST URL/health":                      {"", "expected GET or HEAD"},
		"GET URL/health\nGET":                  {"", "request 2: expected GET or HEAD"},
		"GET file:///etc/passwd":               {"", "address"},
		"GET http://me:pw@host/":               {"", "address"},
		"GET URL/health bearer=new":            {"", "expected bearer=:NAME"},
		"GET URL/health bearer=:GONE":          {"", "expected bearer=:NAME"},
		"GET URL/health bearer=:BAD":           {"", "cannot stand in a header"},
		"GET URL/health attempts=0":            {"", "expected a number"},
		"GET URL/health timeout=-1s":           {"", "not positive"},
		"GET URL/health what=ever":             {"", "expected status"},
		"GET URL/health :NEW":                  {"", "expected status"},
		"GET :NEW":                             {"", "expected GET or HEAD and an address"},
		"GET URL/health?a=1&b=2":               {"", "line 1"},
		"GET 'URL/health?a=1&b=2'":             {"HTTP 200\n{\"status\":\"healthy\"}\n", ""},
		"GET http://127.0.0.1:1/ attempts=2":   {"", "connection refused"},
	} {
		out, err := run(t, strings.ReplaceAll(script, "URL", s.URL), values)
		says := ""
		if err != nil {
			says = strings.ReplaceAll(err.Error(), s.URL, "URL")
		}
		if out != want.out || (want.err == "") != (err == nil) || !strings.Contains(says, want.err) {
			t.Errorf("%s\n%q\n%q\n%s", script, out, want.out, says)
		}
	}
	if n := asked.Load(); n != 3 {
		t.Errorf("%d attempts", n)
	}
}

// TestI33_NoProxy holds that no variable sends a request elsewhere.
func TestI33_NoProxy(t *testing.T) {
	s, _ := server(t)
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	if out, err := run(t, "GET "+strings.Replace(s.URL, "127.0.0.1", "localhost", 1)+"/health", nil); err != nil {
		t.Errorf("%q %v", out, err)
	}
}
