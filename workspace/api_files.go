package workspace

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

var fileMethods = map[string]method{
	"files.getUploadURLExternal":   {tier: tier4, scopes: []string{"files:write"}, run: (*Workspace).filesUploadURL},
	"files.completeUploadExternal": {tier: tier4, scopes: []string{"files:write"}, run: (*Workspace).filesComplete},
	"files.info":                   {tier: tier4, scopes: []string{"files:read"}, run: (*Workspace).filesInfo},
	"files.delete":                 {tier: tier3, scopes: []string{"files:write"}, run: (*Workspace).filesDelete},
}

// maxFile bounds an upload here; Slack takes 1 GB.
const maxFile = 64 << 20

func (w *Workspace) filesUploadURL(r *request) (obj, *fail) {
	name := r.str("filename")
	size, err := strconv.Atoi(r.str("length"))
	switch {
	case name == "":
		return nil, no("invalid_arguments")
	case err != nil || size <= 0:
		return nil, no("invalid_arguments")
	case size > maxFile:
		return nil, no("file_upload_size_restricted")
	}
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	f := &file{id: w.id("F"), name: name, title: name, size: size, created: w.now().Unix(), user: w.botUser}
	w.files[f.id] = f
	return obj{"upload_url": w.URL() + "upload/" + f.id, "file_id": f.id}, nil
}

// serveUpload takes the bytes, raw or as the first file of a multipart form.
func (w *Workspace) serveUpload(rw http.ResponseWriter, r *http.Request) {
	f, ended := w.meetFault(rw, r, doorUpload)
	if ended {
		return
	}
	content, err := uploaded(r)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	w.mu.Lock()
	file := w.files[r.PathValue("id")]
	known := file != nil && !file.complete
	if known && len(content) == file.size {
		file.content = content
	}
	fits := known && len(content) == file.size
	w.mu.Unlock()
	switch {
	case f != nil && f.Kind == "lose_answer":
		hangUp(rw)
	case !known:
		http.Error(rw, "unknown upload", http.StatusNotFound)
	case !fits:
		http.Error(rw, "length differs from what was announced", http.StatusBadRequest)
	default:
		fmt.Fprintf(rw, "OK - %d", len(content))
	}
}

// uploaded reads the body. It stops at the end of the first file part, so a
// closing delimiter written twice (slack-go) does no harm.
func uploaded(r *http.Request) ([]byte, error) {
	body := io.LimitReader(r.Body, maxFile+1<<16)
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		return io.ReadAll(body)
	}
	mr := multipart.NewReader(body, params["boundary"])
	for {
		part, err := mr.NextPart()
		if err != nil {
			return nil, fmt.Errorf("no file in the form: %w", err)
		}
		if part.FileName() == "" {
			continue
		}
		content, err := io.ReadAll(part)
		_, _ = io.Copy(io.Discard, body) // let the sender finish
		return content, err
	}
}

func (w *Workspace) filesComplete(r *request) (obj, *fail) {
	v, ok := r.tree("files")
	l, isList := v.([]any)
	if !ok || !isList || len(l) == 0 {
		return nil, no("invalid_arguments")
	}
	var ch *channel
	if id := r.str("channel_id"); id != "" {
		var err *fail
		if ch, err = w.target(id); err != nil {
			return nil, err
		}
		if !ch.has(w.botUser) {
			return nil, no("not_in_channel")
		}
		if ch.archived {
			return nil, no("is_archived")
		}
		if ts := r.str("thread_ts"); ts != "" && ch.find(ts) == nil {
			return nil, no("invalid_thread_ts")
		}
	}
	files, err := w.completed(l)
	if err != nil {
		return nil, err
	}
	out := []any{}
	var ids []string
	for _, f := range files {
		f.complete = true
		ids = append(ids, f.id)
		if ch != nil {
			f.channels = append(f.channels, ch.id)
		}
		out = append(out, w.wireFile(f))
	}
	if ch != nil {
		m := &message{user: w.botUser, botID: BotID, subtype: "file_share", text: r.str("initial_comment"), files: ids, thread: r.str("thread_ts")}
		w.publish(ch, m, false)
	}
	return obj{"files": out}, nil
}

func (w *Workspace) completed(l []any) ([]*file, *fail) {
	var files []*file
	for _, v := range l {
		o, _ := v.(obj)
		id, _ := o["id"].(string)
		f := w.files[id]
		if f == nil || f.complete || slices.Contains(files, f) {
			return nil, no("file_not_found")
		}
		if f.content == nil {
			return nil, no("file_update_failed") // nothing was uploaded yet
		}
		if t, ok := o["title"].(string); ok && t != "" {
			f.title = t
		}
		files = append(files, f)
	}
	return files, nil
}

func (w *Workspace) filesInfo(r *request) (obj, *fail) {
	f := w.files[r.str("file")]
	if f == nil || !f.complete {
		return nil, no("file_not_found")
	}
	return obj{"file": w.wireFile(f), "comments": []any{}}, nil
}

func (w *Workspace) filesDelete(r *request) (obj, *fail) {
	f := w.files[r.str("file")]
	if f == nil || !f.complete {
		return nil, no("file_not_found")
	}
	delete(w.files, f.id)
	for _, id := range f.channels {
		if ch := w.channels[id]; ch != nil {
			for _, m := range ch.messages {
				m.files = slices.DeleteFunc(slices.Clone(m.files), func(x string) bool { return x == f.id })
			}
			w.journal.add(change{Kind: "channel", Channel: id})
		}
	}
	return nil, nil
}

// serveFile gives url_private to the app with its token.
func (w *Workspace) serveFile(rw http.ResponseWriter, r *http.Request) {
	if _, ended := w.meetFault(rw, r, doorDownload); ended {
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+w.opt.BotToken {
		http.Error(rw, "sign in", http.StatusForbidden)
		return
	}
	content, name, err := w.fileContent(r.PathValue("id"), w.botUser)
	if err != nil {
		http.NotFound(rw, r)
		return
	}
	sendFile(rw, name, content)
}

func sendFile(rw http.ResponseWriter, name string, content []byte) {
	rw.Header().Set("Content-Type", "application/octet-stream")
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	rw.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	_, _ = io.Copy(rw, bytes.NewReader(content))
}

var errNoFile = errors.New("no such file")

// fileContent gives a file to a user who may read a channel it is shared in.
func (w *Workspace) fileContent(id, user string) ([]byte, string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.files[id]
	if f == nil || !f.complete {
		return nil, "", errNoFile
	}
	if user == f.user {
		return f.content, f.name, nil
	}
	for _, c := range f.channels {
		if ch := w.channels[c]; ch != nil && ch.visible(user) {
			return f.content, f.name, nil
		}
	}
	return nil, "", errNoFile
}
