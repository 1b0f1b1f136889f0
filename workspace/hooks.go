package workspace

import (
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// A response_url works five times within thirty minutes. [WIRE §1]
const (
	hookUses = 5
	hookLife = 30 * time.Minute
)

// hook is one response_url: where it answers, and the message it stands for.
type hook struct {
	channel, user string
	original      string // ts of the message it came from, or that it last made
	thread        string
	uses          int
	until         time.Time
}

func (w *Workspace) newHook(channel, user, original, thread string) string {
	for id, h := range w.hooks {
		if w.now().Sub(h.until) > hookLife {
			delete(w.hooks, id)
		}
	}
	id := random(20)
	w.hooks[id] = &hook{channel: channel, user: user, original: original, thread: thread, until: w.now().Add(hookLife)}
	return id
}

func (w *Workspace) hookURL(id string) string { return w.URL() + "hooks/" + id }

// serveHook takes an answer to a response_url.
func (w *Workspace) serveHook(rw http.ResponseWriter, r *http.Request) {
	f, ended := w.meetFault(rw, r, doorHook)
	if ended {
		return
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	tree, ok := parseJSON(raw)
	body, isObj := tree.(obj)
	if err != nil || !ok || !isObj {
		http.Error(rw, "invalid_payload", http.StatusBadRequest)
		return
	}
	w.mu.Lock()
	status, say := w.useHook(r.PathValue("id"), body)
	w.noteLocked(doorHook, body, map[bool]string{true: "", false: say}[status == http.StatusOK])
	w.mu.Unlock()
	if f != nil && f.Kind == "lose_answer" {
		hangUp(rw)
		return
	}
	if status != http.StatusOK {
		http.Error(rw, say, status)
		return
	}
	_, _ = io.WriteString(rw, "ok")
}

func (w *Workspace) useHook(id string, body obj) (int, string) {
	h := w.hooks[id]
	switch {
	case h == nil || w.now().After(h.until):
		return http.StatusNotFound, "expired_url"
	case h.uses >= hookUses:
		return http.StatusNotFound, "used_url"
	}
	ch := w.channels[h.channel]
	if ch == nil {
		return http.StatusNotFound, "channel_not_found"
	}
	if ch.archived {
		return http.StatusForbidden, "is_archived"
	}
	original := ch.find(h.original)
	if body["delete_original"] == true {
		h.uses++
		if original != nil {
			w.remove(ch, original)
		}
		return http.StatusOK, ""
	}
	_, err := w.answer(ch, h, body, body["replace_original"] == true && original != nil)
	if err != nil {
		return http.StatusBadRequest, err.code
	}
	h.uses++
	return http.StatusOK, ""
}

// answer posts what an app says back: ephemeral unless it says in_channel; or
// puts it in the original's place.
func (w *Workspace) answer(ch *channel, h *hook, body obj, replace bool) (*message, *fail) {
	c, err := w.read(args(body))
	if err != nil {
		return nil, err
	}
	if replace {
		m := ch.find(h.original)
		if err := w.replace(m, c); err != nil {
			return nil, err
		}
		w.touch(ch, m)
		return m, nil
	}
	if c.text == "" && len(c.blocks) == 0 && len(c.attachments) == 0 {
		return nil, no("no_text")
	}
	m := &message{user: w.botUser, botID: BotID, only: h.user, thread: h.thread}
	if t, _ := body["thread_ts"].(string); t != "" {
		m.thread = t
	}
	if body["response_type"] == "in_channel" {
		m.only = ""
	}
	m.put(c, maxPostText)
	w.publish(ch, m, c.linkNames)
	if h.original == "" {
		h.original = m.ts // so that a later replace_original finds the answer
	}
	return m, nil
}

// parseAck reads an app's acknowledgement as an object; nothing is nil.
func parseAck(raw json.RawMessage) obj {
	tree, ok := parseJSON(raw)
	if !ok {
		return nil
	}
	switch x := tree.(type) {
	case obj:
		return x
	case string:
		if x != "" {
			return obj{"text": x}
		}
	}
	return nil
}
