package bot

import (
	"fmt"
	"regexp"
	"strings"
)

// ManifestOptions say what an app is to be called and where it listens.
type ManifestOptions struct {
	Incident, Recover string // names of the two commands, without slash
	URL               string // public base URL of the HTTP door; "" is Socket Mode, which needs none
}

// reason is why something is asked for.
type reason struct{ name, why string }

// scopes of the bot token. Nothing is asked for that is not used.
var scopes = []reason{
	{"bookmarks:read", "not making a link twice after a crash"},
	{"bookmarks:write", "links to card, checklist and run in the channel's bar"},
	{"channels:history", "texts of messages kept with 📌; finding its own messages again after a crash"},
	{"channels:join", "joining the announcement channel"},
	{"channels:manage", "making the incident's channel, inviting, its topic"},
	{"channels:read", "finding the configured channels by name; refusing channels shared with another workspace"},
	{"chat:write", "posting and redrawing cards"},
	{"chat:write.public", "announcing in a public channel before it joined"},
	{"commands", "the two commands and the shortcuts"},
	{"files:read", "copying files of messages kept with 📌"},
	{"files:write", "the whole text of a long step, before its buttons appear"},
	{"groups:history", "as channels:history, in private incident channels"},
	{"groups:read", "as channels:read, for private channels that it is in"},
	{"groups:write", "private channels of restricted incidents"},
	{"im:history", "finding its own direct messages again after a crash"},
	{"im:write", "telling each approver, with a link"},
	{"pins:write", "pinning the incident card"},
	{"reactions:read", "📌 keeps a message on the timeline"},
	{"reactions:write", "✅ on a message that is kept"},
	{"users:read", "who is a guest, deactivated or of another workspace, and so decides nothing"},
}

// events that the app hears of.
var events = []reason{
	{"app_home_opened", "draw App Home"},
	{"channel_archive", "the channel cannot be used: say so"},
	{"channel_deleted", "the channel cannot be used: say so"},
	{"channel_left", "drbot was removed: say so"},
	{"channel_rename", "show its new name"},
	{"channel_shared", "stop using it"},
	{"channel_unarchive", "use it again"},
	{"group_archive", "as channel_archive"},
	{"group_deleted", "as channel_deleted"},
	{"group_left", "as channel_left"},
	{"group_rename", "as channel_rename"},
	{"group_unarchive", "as channel_unarchive"},
	{"member_joined_channel", "five lines for who joins late; who may read a restricted incident"},
	{"member_left_channel", "drbot was removed: say so; who may read a restricted incident no more"},
	{"message.channels", "edits and deletions of messages that are kept"},
	{"message.groups", "the same in private channels"},
	{"reaction_added", "📌"},
	{"reaction_removed", "📌 taken back"},
	{"team_join", "flags of a new member"},
	{"user_change", "a member became a guest or left"},
}

var commandName = regexp.MustCompile(`^[a-z0-9_-]{1,31}$`)

// Manifest is the app's manifest as YAML, with the reason of every scope and event beside it. Slack takes it under
// “From a manifest”, YAML (shape: github.com/slackapi/manifest-schema).
func Manifest(o ManifestOptions) ([]byte, error) {
	if o.Incident == "" {
		o.Incident = "incident"
	}
	if o.Recover == "" {
		o.Recover = "recover"
	}
	for _, name := range []string{o.Incident, o.Recover} {
		if !commandName.MatchString(name) {
			return nil, fmt.Errorf("command name %q: Slack takes 1 to 31 small letters, digits, - and _", name)
		}
	}
	if o.Incident == o.Recover {
		return nil, fmt.Errorf("both commands are called %q: they need two names", o.Incident)
	}
	o.URL = strings.TrimSuffix(o.URL, "/")
	if o.URL != "" && !strings.HasPrefix(o.URL, "https://") {
		return nil, fmt.Errorf("url %q: Slack sends to https:// only", o.URL)
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("_metadata:\n  major_version: 1")
	line("display_information:\n  name: drbot\n  description: Disaster-recovery incidents in Slack\n  background_color: \"#1d1c1d\"")
	line("features:\n  app_home:\n    home_tab_enabled: true\n    messages_tab_enabled: true\n    messages_tab_read_only_enabled: false")
	line("  bot_user:\n    display_name: drbot\n    always_online: true")
	o.shortcuts(line)
	o.slashCommands(line)
	line("oauth_config:\n  scopes:\n    bot:")
	for _, s := range scopes {
		line("      - %s # %s", s.name, s.why)
	}
	line("settings:\n  event_subscriptions:")
	if o.URL != "" {
		line("    request_url: %s/slack/events", o.URL)
	}
	line("    bot_events:")
	for _, e := range events {
		line("      - %s # %s", e.name, e.why)
	}
	line("  interactivity:\n    is_enabled: true")
	if o.URL != "" {
		line("    request_url: %s/slack/interactivity", o.URL)
	}
	line("  org_deploy_enabled: false\n  socket_mode_enabled: %t\n  token_rotation_enabled: false", o.URL == "")
	if o.URL == "" {
		line("# Socket Mode also needs an app-level token (xapp-…) with the scope connections:write: Basic Information, App-Level Tokens.")
	}
	return []byte(b.String()), nil
}

// Shortcut is an entry of the app's shortcut menu; Kind is global or message.
type Shortcut struct{ Name, Kind, CallbackID, Does string }

// Shortcuts lists those of the app, as the manifest has them.
func Shortcuts() []Shortcut {
	return []Shortcut{
		{"Open incident", "global", shortcutOpen, "Open the incident form"},
		{"Open incident from this", "message", shortcutOpenFrom, "Take this message along"},
		{"Add to timeline", "message", shortcutTimeline, "Keep this message on the timeline"},
	}
}

func (o ManifestOptions) shortcuts(line func(string, ...any)) {
	line("  shortcuts:")
	for _, s := range Shortcuts() {
		line("    - name: %s\n      type: %s\n      callback_id: %s\n      description: %s", s.Name, s.Kind, s.CallbackID, s.Does)
	}
}

func (o ManifestOptions) slashCommands(line func(string, ...any)) {
	line("  slash_commands:")
	for _, c := range []struct{ name, what, hint string }{
		{o.Incident, "Declare and run an incident", "open [<type>:] <title> | ack | severity 1 | note <text> | help"},
		{o.Recover, "Plan and run a recovery procedure", "<procedure> | start | pause | output | approvals"},
	} {
		line("    - command: /%s", c.name)
		if o.URL != "" {
			line("      url: %s/slack/commands", o.URL)
		}
		line("      description: %s\n      usage_hint: %q\n      should_escape: true # mentions arrive as ids", c.what, c.hint)
	}
}
