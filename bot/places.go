package bot

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
)

const (
	infoPatience = 500 * time.Millisecond
	infoLife     = 10 * time.Minute
	missLife     = time.Minute
	maxInfos     = 2000
	listPage     = 1000
	maxPages     = 20
)

// Notes of say about the house: ids of the configured channels, so that a name is resolved once (I15).
const (
	noteAnnounce = "channel/announce"
	noteHouse    = "channel/house"
)

var channelID = regexp.MustCompile(`^[CG][A-Z0-9]{6,}$`)

// places remembers what Slack said of channels.
type places struct {
	mu    sync.Mutex
	ids   map[string]string // name -> id
	in    map[string]bool   // channels that were joined, by id
	infos map[string]channelInfo
}

type channelInfo struct {
	shared bool
	until  time.Time
}

func (p *places) forget(channel string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.infos, channel)
}

// sharedChannel reports whether people of another workspace are in a channel. Slack is asked once in a while and for a
// moment; while it does not answer, a channel counts as ours.
func (b *Bot) sharedChannel(ctx context.Context, channel string) bool {
	if channel == "" || channel[0] == 'D' {
		return false
	}
	info, fresh := b.places.info(channel)
	if fresh {
		return info.shared
	}
	b.ask(ctx, infoPatience, func(ctx context.Context) { b.learnChannel(ctx, channel) })
	info, _ = b.places.info(channel)
	return info.shared
}

// learnChannel asks Slack about one channel.
func (b *Bot) learnChannel(ctx context.Context, channel string) {
	now, err := b.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: channel})
	b.places.mu.Lock()
	defer b.places.mu.Unlock()
	info := b.places.infos[channel]
	info.until = time.Now().Add(missLife)
	if err == nil {
		info = channelInfo{shared: now.IsExtShared, until: time.Now().Add(infoLife)}
	}
	if b.places.infos == nil || len(b.places.infos) >= maxInfos {
		b.places.infos = map[string]channelInfo{}
	}
	b.places.infos[channel] = info
}

// info is what is known of a channel, and whether it was asked for lately.
func (p *places) info(channel string) (info channelInfo, fresh bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	info, known := p.infos[channel]
	return info, known && time.Now().Before(info.until)
}

// Channels gives the ids of the announcement and the house channel once Slack has said them, "" before. It asks nobody:
// decisions read it.
func (b *Bot) Channels() (announce, house string) {
	b.places.mu.Lock()
	defer b.places.mu.Unlock()
	return b.places.known(b.Announce), b.places.known(b.House)
}

// known is the id of a configured channel, where it is known.
func (p *places) known(name string) string {
	name = strings.TrimPrefix(name, "#")
	if channelID.MatchString(name) {
		return name
	}
	return p.ids[name]
}

// remember keeps the id of a name.
func (p *places) remember(name, id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ids == nil {
		p.ids = map[string]string{}
	}
	p.ids[strings.TrimPrefix(name, "#")] = id
}

func (b *Bot) announceID(ctx context.Context) (string, error) {
	return b.entered(ctx, noteAnnounce, b.Announce)
}

func (b *Bot) houseID(ctx context.Context) (string, error) {
	return b.entered(ctx, noteHouse, b.House)
}

// entered resolves a configured channel and joins it: outside of it a bot can post, but neither share a file nor find
// its own messages again. A private channel it must have been invited to.
func (b *Bot) entered(ctx context.Context, note, name string) (string, error) {
	id, err := b.resolved(ctx, note, name)
	if err != nil {
		return "", err
	}
	b.places.mu.Lock()
	in := b.places.in[id]
	b.places.mu.Unlock()
	if in {
		return id, nil
	}
	_, _, _, err = b.api.JoinConversationContext(ctx, id)
	if err != nil && troubled(err).away {
		return "", troubled(err)
	}
	if err != nil && !is(err, "method_not_supported_for_channel_type") {
		b.Log.Warn("drbot cannot join a configured channel", "channel", name, "error", troubled(err))
	}
	b.places.mu.Lock()
	defer b.places.mu.Unlock()
	if b.places.in == nil {
		b.places.in = map[string]bool{}
	}
	b.places.in[id] = true
	return id, nil
}

// resolved is the id that was recorded for a configured channel, else the one that its name has now.
func (b *Bot) resolved(ctx context.Context, note, name string) (string, error) {
	if cursor, err := b.Memory.Cursor(ctx, Say, 0); err == nil {
		if was, id, ok := strings.Cut(cursor.Notes[note], "="); ok && was == name {
			b.places.remember(name, id)
			return id, nil
		}
	}
	return b.lookUp(ctx, name)
}

// lookUp finds a channel by its name. Slack has no method for that but the list.
func (b *Bot) lookUp(ctx context.Context, name string) (string, error) {
	name = strings.TrimPrefix(name, "#")
	if name == "" {
		return "", fmt.Errorf("no channel is configured: set slack.announce in drbot.yaml")
	}
	b.places.mu.Lock()
	id := b.places.known(name)
	b.places.mu.Unlock()
	if id != "" {
		return id, nil
	}
	found, err := b.findChannel(ctx, name)
	if err != nil {
		return "", err
	}
	if found == nil {
		return "", &trouble{err: fmt.Errorf("there is no channel #%s that drbot can see: make it, or invite drbot to it", name), away: true, again: time.Minute}
	}
	b.places.remember(name, found.ID)
	return found.ID, nil
}

// findChannel looks for a channel by name, archived ones too, since they keep their names; nil when there is none.
func (b *Bot) findChannel(ctx context.Context, name string) (*slack.Channel, error) {
	params := &slack.GetConversationsParameters{Types: []string{"public_channel", "private_channel"}, Limit: listPage}
	for range maxPages {
		list, next, err := b.api.GetConversationsContext(ctx, params)
		if err != nil {
			return nil, troubled(err)
		}
		for k := range list {
			if list[k].Name == name {
				return &list[k], nil
			}
		}
		if next == "" {
			break
		}
		params.Cursor = next
	}
	return nil, nil
}
