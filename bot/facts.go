package bot

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// noteFile marks texts that stand whole in a thread: "file/A17" -> the file's id.
const noteFile = "file/"

// facts completes what cards need besides the fold. What cannot be read stays out, and the card does not speak of it;
// a text that cannot be read shows as such and has no button (I3).
func (b *Bot) facts(ctx context.Context, i *incident.Incident) templates.Facts {
	var f templates.Facts
	if b.Facts != nil {
		f = b.Facts(ctx, i)
	} else {
		f = b.ownFacts(ctx)
	}
	f.Commands = templates.Commands{Incident: b.Incident, Recover: b.Recover}
	if i == nil {
		f.Uploaded = b.uploaded(ctx, 0)
		return f
	}
	f.Uploaded = b.uploaded(ctx, i.ID)
	if i.Channel.ID != "" {
		f.ChannelURL = b.channelLink(i.Channel.ID)
	}
	if f.Specs == nil {
		f.Specs, f.Scripts = map[string]*incident.Spec{}, map[string]string{}
		b.readSpecs(ctx, i, &f)
	}
	return f
}

// ownFacts are what the room can read by itself.
func (b *Bot) ownFacts(ctx context.Context) templates.Facts {
	f := templates.Facts{Now: b.Now(), Degraded: b.Degraded()}
	if house, err := b.Memory.House(ctx); err == nil {
		f.House = house
	}
	if b.People == nil {
		return f
	}
	table := b.People()
	f.Approvers, f.Operators = table.With(incident.Approver), table.With(incident.Operator)
	for _, e := range table.All() {
		f.Contacts = append(f.Contacts, templates.Contact{Name: e.Name, Key: e.Key(), Slack: e.Slack, Phone: e.Phone, Roles: e.Roles})
	}
	return f
}

// readSpecs reads the texts of an incident's runs and of their undos.
func (b *Bot) readSpecs(ctx context.Context, i *incident.Incident, f *templates.Facts) {
	for _, r := range i.Runs {
		for _, list := range [][]incident.Step{r.Steps, r.Undos} {
			for k := range list {
				digest := list[k].Spec
				if digest == "" || f.Specs[digest] != nil {
					continue
				}
				spec := b.spec(ctx, digest)
				if spec == nil {
					continue
				}
				f.Specs[digest] = spec
				f.Scripts[incident.Digest([]byte(spec.Script))] = spec.Script
			}
		}
	}
}

// spec is kept: it goes by its digest and never changes.
func (b *Bot) spec(ctx context.Context, digest string) *incident.Spec {
	if kept, ok := b.specs.Load(digest); ok {
		return kept.(*incident.Spec)
	}
	raw, err := b.Memory.Blob(ctx, digest)
	spec := &incident.Spec{}
	if err != nil || json.Unmarshal(raw, spec) != nil {
		return nil
	}
	b.specs.Store(digest, spec)
	return spec
}

// uploaded says which texts stand whole in a thread, by either follower's notes.
func (b *Bot) uploaded(ctx context.Context, id incident.ID) map[string]bool {
	there := map[string]bool{}
	for _, follower := range []string{Say, Draw} {
		cursor, err := b.Memory.Cursor(ctx, follower, id)
		if err != nil {
			continue
		}
		for note := range cursor.Notes {
			if key, ok := strings.CutPrefix(note, noteFile); ok {
				there[key] = true
			}
		}
	}
	return there
}
