package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// A Socket Mode link is held here and not by slack-go's socketmode: that one closes a link as soon as Slack announces
// its end, so that what Slack still sends is lost, and sends a late acknowledgement on another link, where Slack does
// not want it. Here a new link is up before the old one ends, and each acknowledgement goes where its payload came from.
const (
	dialPatience  = 20 * time.Second
	writePatience = 5 * time.Second
	pingPatience  = 45 * time.Second // Slack pings about every 10 s
	linkLinger    = 30 * time.Second // how long an announced link may stay beside its successor
	maxEnvelope   = 4 << 20
	maxAtOnce     = 256 // payloads of one link that are being worked on; more are left to Slack's retry
)

// errReplace: Slack announced the end of a link.
var errReplace = errors.New("slack refreshes the link")

// keepLink holds one link open until ctx ends.
func (b *Bot) keepLink(ctx context.Context, n int) {
	var old sync.WaitGroup
	defer old.Wait()
	wait := time.Duration(n) * 50 * time.Millisecond // the first links do not ask all at once
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		up := time.Now()
		l, err := b.dial(ctx)
		if err == nil {
			b.health.link(+1, "")
			announced := make(chan error, 1)
			old.Go(func() {
				err := l.serve(ctx, announced)
				b.health.link(-1, err.Error())
				select {
				case announced <- err:
				default:
				}
			})
			err = <-announced
		}
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, errReplace) && time.Since(up) > time.Second:
			wait = 0
		case time.Since(up) > time.Minute:
			wait = 200 * time.Millisecond
		default:
			b.health.link(0, err.Error())
			wait = min(max(2*wait, 500*time.Millisecond), time.Minute)
			b.Log.Warn("a link to Slack ended", "link", n, "error", err, "again_in", wait)
		}
	}
}

// link is one WebSocket. Writes are serialised; reads belong to serve.
type link struct {
	bot   *Bot
	conn  *websocket.Conn
	mu    sync.Mutex
	slots chan struct{}
	work  sync.WaitGroup
}

func (b *Bot) dial(ctx context.Context) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, dialPatience)
	defer cancel()
	_, address, err := b.api.StartSocketModeContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("open link: %w", troubled(err))
	}
	dialer := websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: dialPatience, WriteBufferSize: 32 << 10}
	conn, answer, err := dialer.DialContext(ctx, address, nil)
	if answer != nil && answer.Body != nil {
		_ = answer.Body.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("dial link: %w", err)
	}
	conn.SetReadLimit(maxEnvelope)
	return &link{bot: b, conn: conn, slots: make(chan struct{}, maxAtOnce)}, nil
}

// frameIn is one message of Slack on a link.
type frameIn struct {
	Type       string          `json:"type"`
	Reason     string          `json:"reason"`
	EnvelopeID string          `json:"envelope_id"`
	Payload    json.RawMessage `json:"payload"`
}

// serve reads until the link ends, and never waits for anything but the link: a link that is not read dies. What is
// announced (the link's end) is told at once, and reading goes on.
func (l *link) serve(ctx context.Context, announced chan<- error) error {
	ended := make(chan struct{})
	var closer sync.WaitGroup
	closer.Go(func() {
		select {
		case <-ctx.Done():
		case <-ended:
		}
		_ = l.conn.Close()
	})
	defer l.work.Wait()
	defer closer.Wait()
	defer close(ended)
	linger := time.Time{}
	alive := func() {
		until := time.Now().Add(pingPatience)
		if !linger.IsZero() && linger.Before(until) {
			until = linger
		}
		_ = l.conn.SetReadDeadline(until)
	}
	l.conn.SetPingHandler(func(data string) error {
		alive()
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(writePatience))
	})
	for alive(); ; alive() {
		_, raw, err := l.conn.ReadMessage()
		if err != nil {
			return fmt.Errorf("read link: %w", err)
		}
		var in frameIn
		if json.Unmarshal(raw, &in) != nil {
			l.bot.health.count("malformed")
			continue
		}
		switch {
		case in.Type == "disconnect" && in.Reason == "link_disabled":
			return errors.New("socket mode is switched off in the app's settings")
		case in.Type == "disconnect" && in.Reason == "too_many_websockets":
			return errors.New("the app has ten links already: another drbot may run on the same token")
		case in.Type == "disconnect":
			linger = time.Now().Add(linkLinger)
			select {
			case announced <- errReplace:
			default:
			}
		case in.EnvelopeID != "":
			l.take(ctx, in)
		}
	}
}

// take works on one payload beside the reading.
func (l *link) take(ctx context.Context, in frameIn) {
	select {
	case l.slots <- struct{}{}:
	default:
		l.bot.health.count("busy") // not acknowledged: Slack tells the person, or sends the event again
		return
	}
	l.work.Add(1)
	go func() {
		defer l.work.Done()
		defer func() { <-l.slots }()
		defer func() {
			if p := recover(); p != nil { // as net/http does for the other door
				l.bot.health.count("panicked")
				l.bot.Log.Error("a payload broke its handling", "type", in.Type, "panic", p)
			}
		}()
		a, keep := l.bot.delivered(ctx, in)
		if !keep {
			return
		}
		if err := l.ack(in.EnvelopeID, a.body); err != nil {
			l.bot.Log.Warn("an acknowledgement was not sent", "error", err)
		}
		l.bot.after(a.then)
	}()
}

// delivered carries one payload out; false: it was not kept, so it is not acknowledged (I46).
func (b *Bot) delivered(ctx context.Context, in frameIn) (answer, bool) {
	r := receipt{keys: []string{"slack/envelope/" + in.EnvelopeID}, keep: keepSocket, at: time.Now()}
	switch in.Type {
	case "slash_commands":
		var s slash
		if json.Unmarshal(in.Payload, &s) != nil || s.UserID == "" {
			break
		}
		return b.slashed(ctx, s, r.with(s.TriggerID)), true
	case "interactive":
		var x interaction
		if json.Unmarshal(in.Payload, &x) != nil || x.User.ID == "" {
			break
		}
		return b.interacted(ctx, x, r.with(x.TriggerID)), true
	case "events_api":
		var e envelope
		if json.Unmarshal(in.Payload, &e) != nil {
			break
		}
		then, err := b.happened(ctx, e, r)
		return answer{then: then}, err == nil
	}
	// What cannot be read would come again for ever.
	b.health.count("malformed")
	b.Log.Warn("a payload was not understood", "type", in.Type)
	return answer{}, true
}

// with adds the trigger, which is the same when a payload comes over two links.
func (r receipt) with(trigger string) receipt {
	if trigger != "" {
		r.keys = append(r.keys, "slack/trigger/"+trigger)
	}
	return r
}

// ack answers on the link that the payload came from.
func (l *link) ack(envelope string, body any) error {
	out := map[string]any{"envelope_id": envelope}
	if body != nil {
		out["payload"] = body
	}
	encoded, err := json.Marshal(out)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.conn.SetWriteDeadline(time.Now().Add(writePatience)); err != nil {
		return err
	}
	return l.conn.WriteMessage(websocket.TextMessage, encoded)
}
