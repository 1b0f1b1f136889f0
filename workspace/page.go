package workspace

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

//go:embed static
var static embed.FS

var pages = template.Must(template.New("").ParseFS(static, "static/*.html"))

// policy keeps the page to what comes from here: no foreign script, image or
// frame, whatever stands in a message.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// pageRoutes is the page in the browser: one shell, whose parts the script
// fetches again when a server-sent event says that they changed.
func (w *Workspace) pageRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", w.servePage)
	mux.HandleFunc("GET /page/{part}", w.as(w.servePart))
	mux.Handle("GET /static/", http.FileServerFS(static))
	mux.HandleFunc("GET /archives/{channel}", w.serveArchive)
	mux.HandleFunc("GET /archives/{channel}/{message}", w.serveArchive)
}

// look is what a request wants to see.
type looking struct {
	As, Channel, Thread string
	Home                bool
}

func (w *Workspace) lookingAt(r *http.Request, u *user) looking {
	q := r.URL.Query()
	l := looking{As: u.ID, Thread: q.Get("t"), Home: q.Get("home") != ""}
	if ch := w.channelBy(q.Get("c")); ch != nil && ch.visible(u.ID) {
		l.Channel = ch.id
	}
	if l.Channel == "" {
		l.Channel = w.firstChannel(u)
	}
	return l
}

// firstChannel is where a person starts: the first channel they are in.
func (w *Workspace) firstChannel(u *user) string {
	for _, id := range w.chanIDs {
		if ch := w.channels[id]; ch.has(u.ID) && ch.kind != "im" && ch.id != general {
			return id
		}
	}
	return general
}

func (w *Workspace) servePage(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	u := w.userBy(r.URL.Query().Get("as"))
	if u == nil {
		for _, id := range w.order {
			if x := w.users[id]; !x.Bot && !x.Deactivated {
				u = x
				break
			}
		}
	}
	if u == nil {
		w.mu.Unlock()
		http.Error(rw, "nobody lives here", http.StatusNotFound)
		return
	}
	l := w.lookingAt(r, u)
	shell := obj{"Look": l, "Seq": w.journal.seq}
	for _, part := range []string{"sidebar", "head", "messages", "thread", "composer", "modal"} {
		shell[strings.ToUpper(part[:1])+part[1:]] = w.part(part, l, u)
	}
	w.mu.Unlock()
	rw.Header().Set("Content-Security-Policy", policy)
	rw.Header().Set("Cache-Control", "no-store")
	draw(rw, "shell.html", shell)
}

func (w *Workspace) servePart(rw http.ResponseWriter, r *http.Request, u *user) {
	w.mu.Lock()
	out := w.part(r.PathValue("part"), w.lookingAt(r, u), u)
	w.mu.Unlock()
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.Header().Set("Cache-Control", "no-store")
	_, _ = rw.Write([]byte(out))
}

// part draws one part of the page, with the lock held.
func (w *Workspace) part(name string, l looking, u *user) template.HTML {
	var b bytes.Buffer
	var of any
	ch := w.channels[l.Channel]
	switch name {
	case "sidebar":
		of = w.sidebarOf(l, u)
	case "head":
		of = w.headOf(l, ch, u)
	case "messages":
		if l.Home {
			return w.homeHTML(u)
		}
		return w.messagesHTML(ch, u)
	case "thread":
		if l.Thread == "" || l.Home {
			return ""
		}
		return w.threadHTML(ch, l.Thread, u)
	case "composer":
		of = w.composerOf(l, ch, u)
	case "modal":
		stack := w.modals[u.ID]
		if len(stack) == 0 {
			return ""
		}
		of = w.modalOf(stack[len(stack)-1], u, len(stack))
	default:
		return ""
	}
	if err := pages.ExecuteTemplate(&b, name+".html", of); err != nil {
		w.log.Error("draw page", "part", name, "error", err)
		return "this part of the page could not be drawn"
	}
	return template.HTML(b.String()) //nolint:gosec // just escaped by html/template
}

func draw(rw http.ResponseWriter, name string, of any) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, of); err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = rw.Write(b.Bytes())
}

var permalinkPattern = regexp.MustCompile(`^p(\d{10})(\d{6})$`)

// serveArchive turns a permalink into the page at that channel or message. Who reads is
// what the page says by itself; a permalink names nobody.
func (w *Workspace) serveArchive(rw http.ResponseWriter, r *http.Request) {
	m := permalinkPattern.FindStringSubmatch(r.PathValue("message"))
	if m == nil && r.PathValue("message") != "" {
		http.NotFound(rw, r)
		return
	}
	q := url.Values{"c": {r.PathValue("channel")}}
	if as := r.URL.Query().Get("as"); as != "" {
		q.Set("as", as)
	}
	if t := r.URL.Query().Get("thread_ts"); t != "" {
		q.Set("t", t)
	}
	at := "/?" + q.Encode()
	if m != nil {
		at += "#m-" + m[1] + "." + m[2]
	}
	http.Redirect(rw, r, at, http.StatusFound)
}
