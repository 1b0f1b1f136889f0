package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// Finding is one thing that Check found. Level is error, warning or note; Fix says what to do.
type Finding struct{ Level, What, Fix string }

// fixes of Slack's answers to a token.
var fixes = map[string]string{
	"invalid_auth":           "Copy the token again: OAuth & Permissions, Bot User OAuth Token (xoxb-…), into SLACK_BOT_TOKEN.",
	"not_authed":             "Set SLACK_BOT_TOKEN.",
	"token_revoked":          "Install the app again and set its new token.",
	"account_inactive":       "The app was removed from the workspace: install it again.",
	"not_allowed_token_type": "SLACK_BOT_TOKEN is no bot token: copy the one that begins with xoxb-.",
	"token_expired":          "Switch token rotation off in the app's settings and install it again.",
}

// Check asks Slack what would stop drbot from working. It changes nothing. Of the options it needs tokens, names and
// people.
func Check(ctx context.Context, o Options) []Finding {
	b := open(o)
	defer b.Close()
	c := &checking{b: b, ctx: ctx}
	c.tokens()
	if len(c.found) > 0 && c.dead {
		return c.found
	}
	c.door()
	for note, name := range map[string]string{noteAnnounce: b.Announce, noteHouse: b.House} {
		if note == noteHouse && b.House == b.Announce {
			continue
		}
		c.channel(note, name)
	}
	c.people()
	return c.found
}

type checking struct {
	b     *Bot
	ctx   context.Context
	found []Finding
	dead  bool // the token does not work: nothing else can be asked
}

func (c *checking) add(level, what, fix string, args ...any) {
	c.found = append(c.found, Finding{level, what, fmt.Sprintf(fix, args...)})
}

// tokens checks the bot token and its scopes.
func (c *checking) tokens() {
	ctx, cancel := context.WithTimeout(c.ctx, 10*time.Second)
	defer cancel()
	who, err := c.b.api.AuthTestContext(ctx)
	if err != nil {
		t := troubled(err)
		c.dead = true
		what, fix := "Slack did not take the bot token: ", fixes[t.code]
		if t.code == "" { // Slack said nothing
			what = "Slack cannot be reached, so the tokens are not checked: "
		}
		if fix == "" {
			fix = "Check the network to Slack (and SLACK_API_URL, where it is set). drbot starts without it and works at the terminal."
		}
		c.add("error", what+t.Error(), "%s", fix)
		return
	}
	c.b.self.known, c.b.self.who = true, *who
	granted := strings.FieldsFunc(who.Header.Get("X-OAuth-Scopes"), func(r rune) bool { return r == ',' || r == ' ' })
	if len(granted) == 0 {
		return // Slack did not say
	}
	for _, s := range scopes {
		if !slices.Contains(granted, s.name) {
			c.add("error", "The bot token lacks the scope "+s.name+", for "+s.why+".", "Add it under OAuth & Permissions (or paste `drbot slack manifest` again) and reinstall the app.")
		}
	}
}

// door checks what the chosen door needs.
func (c *checking) door() {
	if c.b.HTTP {
		if c.b.SigningSecret.IsZero() {
			c.add("error", "SLACK_SIGNING_SECRET is not set, so no request of Slack can be proved.", "Copy it from Basic Information, App Credentials.")
		}
		return
	}
	if c.b.AppToken.IsZero() {
		c.add("error", "SLACK_APP_TOKEN is not set, and slack.mode is socket.", "Basic Information, App-Level Tokens: make one with connections:write (xapp-…).")
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, 10*time.Second)
	defer cancel()
	if _, _, err := c.b.api.StartSocketModeContext(ctx); err != nil {
		t := troubled(err)
		fix := "Make a new app-level token with connections:write and set SLACK_APP_TOKEN."
		switch {
		case t.code == "":
			fix = "Check the network to Slack."
		case t.code == "socket_mode_not_enabled" || t.code == "not_allowed_token_type":
			fix = "Switch Socket Mode on in the app's settings, and use an xapp-… token."
		}
		c.add("error", "Socket Mode cannot be opened: "+t.Error(), "%s", fix)
	}
}

// channel checks one configured channel.
func (c *checking) channel(note, name string) {
	what := map[string]string{noteAnnounce: "slack.announce", noteHouse: "slack.house"}[note]
	if name == "" {
		return
	}
	id, err := c.b.lookUp(c.ctx, name)
	if err != nil {
		c.add("error", what+": "+err.Error(), "Make the channel, or invite drbot if it is private, or name another one in drbot.yaml.")
		return
	}
	if was := c.recorded(note, name); was != "" && was != id {
		c.add("error", fmt.Sprintf("%s: #%s is another channel (%s) than when drbot first used it (%s); drbot keeps to the first.", what, name, id, was), "Name the channel by its id in drbot.yaml.")
	}
	now, err := c.b.api.GetConversationInfoContext(c.ctx, &slack.GetConversationInfoInput{ChannelID: id})
	switch {
	case err != nil:
		c.add("error", what+": "+troubled(err).Error(), "Invite drbot to the channel, or name another one.")
	case now.IsArchived:
		c.add("error", what+": #"+now.Name+" is archived.", "Unarchive it, or name another one.")
	case now.IsExtShared:
		c.add("error", what+": #"+now.Name+" is shared with another workspace, and drbot uses none of these.", "Name another channel.")
	case now.IsPrivate && !now.IsMember:
		c.add("error", what+": drbot is not in #"+now.Name+".", "Invite it there.")
	}
}

// recorded is the id that a name had when drbot first used it, where there is a record to ask.
func (c *checking) recorded(note, name string) string {
	if c.b.Memory == nil {
		return ""
	}
	cursor, err := c.b.Memory.Cursor(c.ctx, Say, 0)
	if err != nil {
		return ""
	}
	was, id, _ := strings.Cut(cursor.Notes[note], "=")
	if was != name {
		return ""
	}
	return id
}

// people checks that the configured members are who decides: known, full, active.
func (c *checking) people() {
	if c.b.People == nil {
		return
	}
	for _, e := range c.b.People().All() {
		if e.Slack == "" {
			continue
		}
		user, err := c.b.api.GetUserInfoContext(c.ctx, e.Slack)
		switch {
		case is(err, "user_not_found", "user_not_visible"):
			c.add("error", fmt.Sprintf("%s: there is no member %s in this workspace.", e.Name, e.Slack), "Copy the member ID from their profile (⋯) into drbot.yaml.")
		case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
			return
		case err != nil:
			c.add("warning", fmt.Sprintf("%s: Slack does not say who %s is: %s", e.Name, e.Slack, troubled(err)), "Try again.")
		case user.Deleted || user.IsBot || user.IsRestricted || user.IsUltraRestricted || user.IsStranger:
			c.add("error", fmt.Sprintf("%s (%s) is no full member of this workspace, so drbot refuses their decisions.", e.Name, e.Slack), "Correct the id, or give the roles to somebody else.")
		}
	}
}
