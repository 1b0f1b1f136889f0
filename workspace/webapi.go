package workspace

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxBody bounds a Web API request; Slack's own bound is not documented.
const maxBody = 4 << 20

// DefaultScopes are those of the app manifest that drives the methods here.
var DefaultScopes = []string{
	"app_mentions:read", "bookmarks:read", "bookmarks:write", "channels:history", "channels:join", "channels:manage",
	"channels:read", "chat:write", "chat:write.public", "commands", "files:read", "files:write", "groups:history",
	"groups:read", "groups:write", "im:history", "im:read", "im:write", "pins:read", "pins:write", "reactions:read",
	"reactions:write", "usergroups:read", "users:read", "users:read.email",
}

// fail is Slack's "ok": false. Messages go to response_metadata.messages.
type fail struct {
	code     string
	messages []string
	extra    obj
}

func (f *fail) Error() string { return f.code }

func no(code string) *fail { return &fail{code: code} }

// args are a call's arguments, from a form, a query or a JSON body.
type args obj

// request is one call on its way through a method.
type request struct {
	args
	method string
}

// method is one row of the Web API: its rate tier, the scopes of which one is
// needed, and what it does with the lock held.
type method struct {
	tier   int // calls a minute: see perMinute; 0 = special
	scopes []string
	run    func(*Workspace, *request) (obj, *fail)
}

// allMethods puts the tables of the subjects together.
func allMethods() map[string]method {
	all := map[string]method{}
	for _, table := range []map[string]method{authMethods, chatMethods, channelMethods, memberMethods, userMethods, viewMethods, markMethods, fileMethods} {
		maps.Copy(all, table)
	}
	return all
}

// serveAPI answers one Web API call: faults first, then limits, token, scope,
// and the method itself under the workspace's lock.
func (w *Workspace) serveAPI(rw http.ResponseWriter, r *http.Request) {
	name := r.PathValue("method")
	a, token, bad := readArgs(r)
	f, ended := w.meetFault(rw, r, name)
	if ended {
		w.note(name, a, "fault")
		return
	}
	answer, retry := w.call(name, a, token, bad, f)
	if f != nil && f.Kind == "lose_answer" {
		hangUp(rw)
		return
	}
	if f != nil && f.Kind == "rate_limit" {
		retry = max(1, f.RetryAfter)
	}
	h := rw.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	if retry > 0 {
		h.Set("Retry-After", strconv.Itoa(retry))
		rw.WriteHeader(http.StatusTooManyRequests)
	} else if token == w.opt.BotToken {
		h.Set("X-OAuth-Scopes", strings.Join(w.opt.Scopes, ","))
	}
	_, _ = rw.Write(answer)
}

// call runs a method under the lock, and also writes the answer's JSON under
// it, since the answer shares its parts with the state.
func (w *Workspace) call(name string, a args, token string, bad *fail, trouble *fault) (raw []byte, retry int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	answer, err := obj(nil), bad
	m, known := w.methods[name]
	switch {
	case trouble != nil && trouble.Kind == "error":
		err = no(trouble.Error)
	case trouble != nil && trouble.Kind == "rate_limit":
		err = no("ratelimited")
	case bad != nil:
	case !known:
		err = no("unknown_method")
	default:
		if err = w.mayCall(name, m, token); err != nil {
			break
		}
		if retry = w.spend(name, m, a); retry > 0 {
			err = no("ratelimited")
			break
		}
		answer, err = m.run(w, &request{args: a, method: name})
	}
	code := ""
	if err != nil {
		code = err.code
		answer = obj{"error": err.code}
		if len(err.messages) > 0 {
			answer["response_metadata"] = obj{"messages": err.messages}
		}
		maps.Copy(answer, err.extra)
	} else if answer == nil {
		answer = obj{}
	}
	answer["ok"] = err == nil
	w.noteLocked(name, a, code)
	raw, jerr := json.Marshal(answer)
	if jerr != nil {
		raw = []byte(`{"ok":false,"error":"internal_error"}`)
	}
	return raw, retry
}

// mayCall checks the token's kind and scopes. apps.connections.open alone
// takes the app-level token. [WIRE §2]
func (w *Workspace) mayCall(name string, m method, token string) *fail {
	is := func(secret string) bool { return subtle.ConstantTimeCompare([]byte(token), []byte(secret)) == 1 }
	app := name == "apps.connections.open"
	switch {
	case token == "":
		return no("not_authed")
	case app && is(w.opt.BotToken), !app && is(w.opt.AppToken):
		return no("not_allowed_token_type")
	case app && !is(w.opt.AppToken), !app && !is(w.opt.BotToken):
		return no("invalid_auth")
	}
	if !app && len(m.scopes) > 0 && !slices.ContainsFunc(m.scopes, func(s string) bool { return slices.Contains(w.opt.Scopes, s) }) {
		return &fail{code: "missing_scope", extra: obj{"needed": strings.Join(m.scopes, ","), "provided": strings.Join(w.opt.Scopes, ",")}}
	}
	return nil
}

type call struct {
	seq          int
	at           time.Time
	method, code string
	args         json.RawMessage
}

// callsKeep bounds the record of calls that tests read.
const callsKeep = 20000

func (w *Workspace) note(name string, a args, code string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.noteLocked(name, a, code)
}

func (w *Workspace) noteLocked(name string, a args, code string) {
	shown := obj{}
	for k, v := range a {
		if k != "token" {
			shown[k] = v
		}
	}
	raw, _ := json.Marshal(shown) // came from JSON or a form: it marshals
	seq := 1
	if n := len(w.calls); n > 0 {
		seq = w.calls[n-1].seq + 1
	}
	w.calls = append(w.calls, call{seq: seq, at: w.now(), method: name, code: code, args: raw})
	if len(w.calls) > callsKeep {
		w.calls = slices.Clone(w.calls[callsKeep/10:])
	}
	if code != "" {
		w.log.Debug("web api refused", "method", name, "error", code)
	}
}

// readArgs takes the arguments from a query, a form, a multipart form or a
// JSON body, and the token from the header or the form.
func readArgs(r *http.Request) (args, string, *fail) {
	a := args{}
	add := func(v url.Values) {
		for k := range v {
			a[k] = v.Get(k)
		}
	}
	add(r.URL.Query())
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	var bad *fail
	switch {
	case err != nil || len(body) > maxBody:
		bad = no("request_timeout")
	case kind == "application/json":
		if len(bytes.TrimSpace(body)) == 0 {
			break
		}
		var o obj
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.UseNumber()
		if dec.Decode(&o) != nil || o == nil {
			bad = no("invalid_json")
		}
		for k, v := range o {
			a[k] = v
		}
	case kind == "multipart/form-data":
		r.Body = io.NopCloser(bytes.NewReader(body))
		if params["boundary"] == "" || r.ParseMultipartForm(maxBody) != nil {
			bad = no("invalid_form_data")
			break
		}
		add(r.MultipartForm.Value)
	default:
		v, err := url.ParseQuery(string(body))
		if err != nil {
			bad = no("invalid_form_data")
		}
		add(v)
	}
	token, _ := a["token"].(string)
	if h, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		token = h
	}
	return a, token, bad
}

// str is an argument as text.
func (a args) str(k string) string {
	switch v := a[k].(type) {
	case string:
		return v
	case nil:
		return ""
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	default:
		raw, _ := json.Marshal(v)
		return string(raw)
	}
}

func (a args) has(k string) bool { return a[k] != nil }

func (a args) flag(k string) bool {
	v := a.str(k)
	return v == "1" || v == "true"
}

// list is a comma list or a JSON array.
func (a args) list(k string) []string {
	var out []string
	if l, ok := a[k].([]any); ok {
		for _, v := range l {
			if s, ok := v.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	for _, s := range strings.Split(a.str(k), ",") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// tree is an argument that is JSON, given as such or as text.
func (a args) tree(k string) (any, bool) {
	s, ok := a[k].(string)
	if !ok {
		return a[k], true
	}
	if s == "" {
		return nil, true
	}
	return parseJSON([]byte(s))
}

func parseJSON(raw []byte) (any, bool) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil || dec.More() {
		return nil, false
	}
	return v, true
}
