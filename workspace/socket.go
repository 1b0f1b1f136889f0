package workspace

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Socket Mode: up to ten links; each envelope goes to one of them, in turn.
// [docs.slack.dev/apis/events-api/using-socket-mode]
const (
	maxLinks = 10
	// maxAck is where Slack silently drops an acknowledgement. [WIRE §1]
	maxAck     = 20480
	linkBuffer = 256
	writeWait  = 10 * time.Second
	warnBefore = 10 * time.Second
)

type socketSide struct {
	tickets map[string]bool
	links   []*link
	next    int
	acks    map[string]pendingAck
}

type pendingAck struct {
	link *link
	got  chan ackResult // buffered 1
}

type ackResult struct {
	payload json.RawMessage
	err     error
}

type link struct {
	conn *websocket.Conn
	send chan any
	done chan struct{}
	once sync.Once
}

// cut drops the link without a word.
func (l *link) cut() { l.once.Do(func() { close(l.done); _ = l.conn.Close() }) }

// say queues a message; a link that does not drain is dead.
func (l *link) say(v any) bool {
	select {
	case l.send <- v:
		return true
	case <-l.done:
		return false
	default:
		l.cut()
		return false
	}
}

var authMethods = map[string]method{
	"auth.test":             {tier: unlimited, run: (*Workspace).authTest},
	"apps.connections.open": {tier: connectionsBurst, run: (*Workspace).connectionsOpen},
	"api.test":              {tier: unlimited, run: func(*Workspace, *request) (obj, *fail) { return obj{}, nil }},
	"team.info": {tier: tier3, run: func(*Workspace, *request) (obj, *fail) {
		return obj{"team": obj{"id": TeamID, "name": domain, "domain": domain}}, nil
	}},
}

func (w *Workspace) authTest(*request) (obj, *fail) {
	u := w.users[w.botUser]
	return obj{
		"url": w.URL(), "team": domain, "user": u.Name, "team_id": TeamID, "user_id": u.ID,
		"bot_id": BotID, "is_enterprise_install": false,
	}, nil
}

func (w *Workspace) connectionsOpen(*request) (obj, *fail) {
	t := w.id("W") + "-" + random(12)
	w.socket.tickets[t] = true
	return obj{"url": "ws://" + w.host() + "/socket?ticket=" + t + "&app_id=" + AppID}, nil
}

// serveSocket is one link from its ticket to its end.
func (w *Workspace) serveSocket(rw http.ResponseWriter, r *http.Request) {
	if !w.enter() {
		http.Error(rw, "closing", http.StatusServiceUnavailable)
		return
	}
	defer w.wg.Done()
	if _, ended := w.meetFault(rw, r, doorSocket); ended {
		return
	}
	ticket := r.URL.Query().Get("ticket")
	w.mu.Lock()
	known := w.socket.tickets[ticket]
	delete(w.socket.tickets, ticket)
	w.mu.Unlock()
	if !known {
		http.Error(rw, "unknown ticket", http.StatusForbidden)
		return
	}
	// Slack-go sends Origin https://api.slack.com; the ticket is what protects.
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }, WriteBufferSize: 32 << 10}
	conn, err := up.Upgrade(rw, r, nil)
	if err != nil {
		return
	}
	l := &link{conn: conn, send: make(chan any, linkBuffer), done: make(chan struct{})}
	defer l.cut()
	n, ok := w.addLink(l)
	if !ok {
		_ = conn.WriteJSON(obj{"type": "disconnect", "reason": "too_many_websockets", "debug_info": debugInfo()})
		return
	}
	var writer sync.WaitGroup
	writer.Go(func() { w.write(l) })
	l.say(obj{"type": "hello", "num_connections": n, "connection_info": obj{"app_id": AppID}, "debug_info": debugInfo()})
	w.readAcks(l)
	l.cut()
	w.dropLink(l)
	writer.Wait()
}

func debugInfo() obj {
	return obj{"host": "applink-1", "build_number": 1, "approximate_connection_time": 18060}
}

func (w *Workspace) addLink(l *link) (int, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || len(w.socket.links) >= maxLinks {
		return 0, false
	}
	w.socket.links = append(slices.Clone(w.socket.links), l)
	w.journal.add(change{Kind: "links"})
	return len(w.socket.links), true
}

// dropLink forgets the link; what waited for its acknowledgement fails now.
func (w *Workspace) dropLink(l *link) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.socket.links = slices.DeleteFunc(slices.Clone(w.socket.links), func(x *link) bool { return x == l })
	for id, p := range w.socket.acks {
		if p.link == l {
			delete(w.socket.acks, id)
			p.got <- ackResult{err: errLinkLost}
		}
	}
	w.journal.add(change{Kind: "links"})
}

// write is the only writer of data frames; it pings so that the client's
// dead-man timer (slack-go: 30 s) never fires on a live link.
func (w *Workspace) write(l *link) {
	ping := time.NewTicker(w.opt.PingEvery)
	defer ping.Stop()
	for {
		select {
		case v := <-l.send:
			_ = l.conn.SetWriteDeadline(time.Now().Add(writeWait))
			if l.conn.WriteJSON(v) != nil {
				l.cut()
				return
			}
		case <-ping.C:
			if l.conn.WriteControl(websocket.PingMessage, []byte("ping"), time.Now().Add(writeWait)) != nil {
				l.cut()
				return
			}
		case <-l.done:
			return
		}
	}
}

func (w *Workspace) readAcks(l *link) {
	for {
		_, raw, err := l.conn.ReadMessage()
		if err != nil {
			return
		}
		var ack struct {
			EnvelopeID string          `json:"envelope_id"`
			Payload    json.RawMessage `json:"payload"`
		}
		if len(raw) >= maxAck || json.Unmarshal(raw, &ack) != nil || ack.EnvelopeID == "" {
			w.log.Debug("socket message dropped", "bytes", len(raw))
			continue
		}
		// The ack may come over another link than the envelope (slack-go after
		// a reconnect): Slack takes it, so it counts by its id alone.
		w.mu.Lock()
		p, ok := w.socket.acks[ack.EnvelopeID]
		delete(w.socket.acks, ack.EnvelopeID)
		w.mu.Unlock()
		if ok {
			p.got <- ackResult{payload: ack.Payload}
		}
	}
}

var (
	errNoLink   = errors.New("no socket link")
	errLinkLost = errors.New("socket link lost")
	errNoAck    = errors.New("not acknowledged in time")
)

// sendEnvelope queues an envelope on the next link and registers for its ack.
func (w *Workspace) sendEnvelope(id string, envelope obj, twice bool) (chan ackResult, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for range len(w.socket.links) {
		w.socket.next++
		l := w.socket.links[w.socket.next%len(w.socket.links)]
		got := make(chan ackResult, 1)
		if !l.say(envelope) {
			continue
		}
		if twice {
			other := w.socket.links[(w.socket.next+1)%len(w.socket.links)]
			other.say(envelope)
		}
		w.socket.acks[id] = pendingAck{link: l, got: got}
		return got, nil
	}
	return nil, errNoLink
}

func (w *Workspace) forgetAck(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.socket.acks, id)
}

// disconnect sends Slack's word to every link, and for "warning" drops the
// links later, as Slack does about ten seconds on.
func (w *Workspace) disconnect(reason string, cut bool) {
	w.mu.Lock()
	links := w.socket.links
	w.mu.Unlock()
	for _, l := range links {
		if cut {
			l.cut()
			continue
		}
		l.say(obj{"type": "disconnect", "reason": reason, "debug_info": debugInfo()})
		if !w.enter() {
			return
		}
		go func() {
			defer w.wg.Done()
			t := time.NewTimer(warnBefore)
			defer t.Stop()
			select {
			case <-t.C:
				l.cut()
			case <-l.done:
			case <-w.ctx.Done():
			}
		}()
	}
}
