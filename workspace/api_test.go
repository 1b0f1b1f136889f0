package workspace_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/drbot/drbot/workspace"
	"github.com/drbot/drbot/workspace/person"
)

func TestTokensAndScopes(t *testing.T) {
	k := start(t, func(o *workspace.Options) { o.Scopes = []string{"chat:write"} })
	ask := func(token string) error {
		_, err := slack.New(token, slack.OptionAPIURL(k.w.APIURL()), slack.OptionHTTPClient(k.hc)).AuthTestContext(k.ctx)
		return err
	}
	k.must(ask(botToken))
	wantErr(t, ask("xoxb-wrong"), "invalid_auth")
	wantErr(t, ask(""), "not_authed")
	wantErr(t, ask(appToken), "not_allowed_token_type")
	wantErr(t, k.api.AddPinContext(k.ctx, "C0INC", slack.NewRefToMessage("C0INC", "1.0")), "missing_scope")
	if _, err := workspace.Start(k.ctx, workspace.Options{BotToken: "x"}); err == nil {
		t.Fatal("started without tokens")
	}
	if r := k.call("blocks.paint", url.Values{}); r["error"] != "unknown_method" {
		t.Fatal(r)
	}
}

func TestChannelLife(t *testing.T) {
	k := start(t)
	create := func(name string, private bool) (*slack.Channel, error) {
		return k.api.CreateConversationContext(k.ctx, slack.CreateConversationParams{ChannelName: name, IsPrivate: private})
	}
	for name, code := range map[string]string{
		"": "invalid_name_required", "INC-42": "invalid_name_specials", "a b": "invalid_name_specials", "-_-": "invalid_name_punctuation",
		strings.Repeat("a", 81): "invalid_name_maxlength", "incidents": "name_taken",
	} {
		_, err := create(name, false)
		wantErr(t, err, code)
	}
	ch, err := create("inc-42-users", false)
	k.must(err)
	invite := func(users ...string) error {
		_, err := k.api.InviteUsersToConversationContext(k.ctx, ch.ID, users...)
		return err
	}
	k.must(invite("U0ANA", "U0BEA"))
	wantErr(t, invite("U0ANA"), "already_in_channel")
	wantErr(t, invite("U0BOT"), "cant_invite_self")
	wantErr(t, invite("U0OLD"), "user_not_found")
	wantErr(t, invite("U0FAR", "U0GUEST"), "org_user_not_in_team")
	if _, err := k.api.ForceInviteUsersToConversationContext(k.ctx, ch.ID, "U0FAR", "U0GUEST"); err != nil {
		t.Fatal(err)
	}
	if m := k.channel(ch.ID).Members; len(m) != 4 {
		t.Fatalf("members %v", m)
	}
	_, err = k.api.SetTopicOfConversationContext(k.ctx, ch.ID, strings.Repeat("t", 251))
	wantErr(t, err, "too_long")
	_, err = k.api.SetTopicOfConversationContext(k.ctx, "C0INC", "t")
	wantErr(t, err, "not_in_channel")
	_, err = k.api.RenameConversationContext(k.ctx, ch.ID, "incidents")
	wantErr(t, err, "name_taken")

	_, ts, err := k.api.PostMessageContext(k.ctx, ch.ID, slack.MsgOptionText("hi", false))
	k.must(err)
	_, err = k.ana.Archive(k.ctx, ch.ID)
	k.must(err)
	_, _, err = k.api.PostMessageContext(k.ctx, ch.ID, slack.MsgOptionText("hi", false))
	wantErr(t, err, "is_archived")
	_, _, _, err = k.api.UpdateMessageContext(k.ctx, ch.ID, ts, slack.MsgOptionText("hi", false))
	wantErr(t, err, "is_inactive")
	wantErr(t, k.api.ArchiveConversationContext(k.ctx, ch.ID), "already_archived")
	_, err = create("inc-42-users", false)
	wantErr(t, err, "name_taken")
	k.must(k.api.UnArchiveConversationContext(k.ctx, ch.ID))
	wantErr(t, k.api.UnArchiveConversationContext(k.ctx, ch.ID), "not_archived")
}

func TestPrivateChannelsAreSeenByMembersOnly(t *testing.T) {
	k := start(t)
	ch, err := k.api.CreateConversationContext(k.ctx, slack.CreateConversationParams{ChannelName: "inc-43", IsPrivate: true})
	k.must(err)
	_, err = k.api.InviteUsersToConversationContext(k.ctx, ch.ID, "U0BEA")
	k.must(err)
	if _, seen := k.state().Channel("inc-43"); seen {
		t.Fatal("Ana sees a private channel")
	}
	s, err := k.bea.State(k.ctx)
	k.must(err)
	if _, seen := s.Channel("inc-43"); !seen {
		t.Fatal("Bea does not see her channel")
	}
	if _, err = k.ana.Post(k.ctx, ch.ID, "", "hi"); !person.IsRefused(err, "channel_not_found") {
		t.Fatal(err)
	}
	_, err = k.api.GetConversationInfoContext(k.ctx, &slack.GetConversationInfoInput{ChannelID: "C0SEC"})
	wantErr(t, err, "channel_not_found")
}

func TestUpdateRules(t *testing.T) {
	k := start(t)
	rich := slack.NewRichTextBlock("r", slack.NewRichTextSection(slack.NewRichTextSectionTextElement("hello", nil)))
	_, ts, err := k.api.PostMessageContext(k.ctx, "C0INC", slack.MsgOptionText("t", false), slack.MsgOptionBlocks(rich))
	k.must(err)
	update := func(opts ...slack.MsgOption) error {
		_, _, _, err := k.api.UpdateMessageContext(k.ctx, "C0INC", ts, opts...)
		return err
	}
	wantErr(t, update(slack.MsgOptionText(strings.Repeat("é", 4001), false)), "msg_too_long")
	wantErr(t, update(slack.MsgOptionText("x", false), slack.MsgOptionBlocks(slack.NewDividerBlock())), "block_mismatch")
	k.must(update(slack.MsgOptionText("x", false), slack.MsgOptionBlocks(rich, slack.NewDividerBlock())))
	k.must(update(slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "e", EventPayload: map[string]any{"seq": 7}})))
	m, _ := k.channel("incidents").Message(ts)
	if !strings.Contains(string(m.Blocks), "rich_text") || !strings.Contains(string(m.Metadata), `"seq":7`) || !m.Edited {
		t.Fatalf("%+v", m)
	}
	k.must(update(slack.MsgOptionText("only text", false)))
	if m, _ = k.channel("incidents").Message(ts); len(m.Blocks) != 0 || m.Plain != "only text" {
		t.Fatalf("text without blocks must delete the blocks: %+v", m)
	}
	p, err := k.ana.Post(k.ctx, "incidents", "", "mine")
	k.must(err)
	_, _, _, err = k.api.UpdateMessageContext(k.ctx, "C0INC", p.TS, slack.MsgOptionText("x", false))
	wantErr(t, err, "cant_update_message")
	_, err = k.ana.Delete(k.ctx, "incidents", ts)
	k.must(err)
	wantErr(t, update(slack.MsgOptionText("x", false)), "message_not_found")
}

func TestHistoryThreadsAndMetadata(t *testing.T) {
	k := start(t)
	_, _, _, err := k.api.JoinConversationContext(k.ctx, "C0INC")
	k.must(err)
	_, root, err := k.api.PostMessageContext(k.ctx, "C0INC", slack.MsgOptionText("root", false),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "drbot", EventPayload: map[string]any{"key": "say/7"}}))
	k.must(err)
	_, _, err = k.api.PostMessageContext(k.ctx, "C0INC", slack.MsgOptionText("reply", false), slack.MsgOptionTS(root))
	k.must(err)
	_, _, err = k.api.PostMessageContext(k.ctx, "C0INC", slack.MsgOptionText("loud", false), slack.MsgOptionTS(root), slack.MsgOptionBroadcast())
	k.must(err)
	h, err := k.api.GetConversationHistoryContext(k.ctx, &slack.GetConversationHistoryParameters{ChannelID: "C0INC", IncludeAllMetadata: true, Limit: 2})
	k.must(err)
	if len(h.Messages) != 2 || h.Messages[0].Text != "loud" || h.Messages[1].Metadata.EventPayload["key"] != "say/7" || h.Messages[1].ReplyCount != 2 || !h.HasMore {
		t.Fatalf("%+v", h)
	}
	next, err := k.api.GetConversationHistoryContext(k.ctx, &slack.GetConversationHistoryParameters{ChannelID: "C0INC", Cursor: h.ResponseMetaData.NextCursor})
	k.must(err)
	if len(next.Messages) != 1 || next.Messages[0].SubType != "channel_join" || next.Messages[0].Metadata.EventType != "" {
		t.Fatalf("%+v", next.Messages)
	}
	replies, _, _, err := k.api.GetConversationRepliesContext(k.ctx, &slack.GetConversationRepliesParameters{ChannelID: "C0INC", Timestamp: root})
	k.must(err)
	if len(replies) != 3 || replies[0].Timestamp != root || replies[1].ThreadTimestamp != root {
		t.Fatalf("%+v", replies)
	}
	after, err := k.api.GetConversationHistoryContext(k.ctx, &slack.GetConversationHistoryParameters{ChannelID: "C0INC", Oldest: root})
	k.must(err)
	if len(after.Messages) != 1 {
		t.Fatalf("after the root: %+v", after.Messages)
	}
}

func TestMarksAndBookmarks(t *testing.T) {
	k := start(t)
	_, _, _, err := k.api.JoinConversationContext(k.ctx, "C0INC")
	k.must(err)
	_, ts, err := k.api.PostMessageContext(k.ctx, "C0INC", slack.MsgOptionText("card", false))
	k.must(err)
	at := slack.NewRefToMessage("C0INC", ts)
	k.must(k.api.AddPinContext(k.ctx, "C0INC", at))
	wantErr(t, k.api.AddPinContext(k.ctx, "C0INC", at), "already_pinned")
	items, _, err := k.api.ListPinsContext(k.ctx, "C0INC")
	k.must(err)
	if len(items) != 1 || items[0].Message.Timestamp != ts {
		t.Fatalf("%+v", items)
	}
	k.must(k.api.RemovePinContext(k.ctx, "C0INC", at))
	wantErr(t, k.api.RemovePinContext(k.ctx, "C0INC", at), "no_pin")
	k.must(k.api.AddReactionContext(k.ctx, "white_check_mark", at))
	wantErr(t, k.api.AddReactionContext(k.ctx, "white_check_mark", at), "already_reacted")
	_, err = k.ana.React(k.ctx, "incidents", ts, "pushpin")
	k.must(err)
	got, err := k.api.GetReactionsContext(k.ctx, at, slack.GetReactionsParameters{})
	k.must(err)
	if len(got.Reactions) != 2 {
		t.Fatalf("%+v", got)
	}
	b, err := k.api.AddBookmarkContext(k.ctx, "C0INC", slack.AddBookmarkParameters{Title: "Card", Type: "link", Link: "https://example.com/x"})
	k.must(err)
	name := "Run"
	_, err = k.api.EditBookmarkContext(k.ctx, "C0INC", b.ID, slack.EditBookmarkParameters{Title: &name})
	k.must(err)
	list, err := k.api.ListBookmarksContext(k.ctx, "C0INC")
	k.must(err)
	if len(list) != 1 || list[0].Title != "Run" {
		t.Fatalf("%+v", list)
	}
	k.must(k.api.RemoveBookmarkContext(k.ctx, "C0INC", b.ID))
	_, err = k.api.AddBookmarkContext(k.ctx, "C0INC", slack.AddBookmarkParameters{Title: "Card", Type: "link", Link: "javascript:x"})
	wantErr(t, err, "invalid_link")
}

func TestPeople(t *testing.T) {
	k := start(t)
	u, err := k.api.GetUserByEmailContext(k.ctx, "ANA@example.com")
	k.must(err)
	if u.ID != "U0ANA" {
		t.Fatal(u.ID)
	}
	_, err = k.api.GetUserByEmailContext(k.ctx, "old@example.com")
	wantErr(t, err, "users_not_found")
	all, err := k.api.GetUsersContext(k.ctx)
	k.must(err)
	flags := map[string]bool{}
	for _, x := range all {
		flags["guest"] = flags["guest"] || x.IsRestricted
		flags["deleted"] = flags["deleted"] || x.Deleted
		flags["bot"] = flags["bot"] || x.IsBot
		flags["far"] = flags["far"] || x.TeamID == "T0OTHER"
	}
	if len(all) != 6 || len(flags) != 4 || !flags["guest"] || !flags["deleted"] || !flags["bot"] || !flags["far"] {
		t.Fatalf("%d %v", len(all), flags)
	}
	members, err := k.api.GetUserGroupMembersContext(k.ctx, "S0ON")
	k.must(err)
	if len(members) != 1 {
		t.Fatal(members)
	}
	groups, err := k.api.GetUserGroupsContext(k.ctx, slack.GetUserGroupsOptionIncludeUsers(true))
	k.must(err)
	if len(groups) != 1 || groups[0].Handle != "oncall" || len(groups[0].Users) != 1 {
		t.Fatalf("%+v", groups)
	}
	dm, _, _, err := k.api.OpenConversationContext(k.ctx, &slack.OpenConversationParameters{Users: []string{"U0BEA"}, ReturnIM: true})
	k.must(err)
	_, _, err = k.api.PostMessageContext(k.ctx, dm.ID, slack.MsgOptionText("A17 waits", false))
	k.must(err)
	if s, _ := k.bea.State(k.ctx); func() bool { c, ok := s.Channel("U0BOT"); return !ok || len(c.Messages) != 1 }() {
		t.Fatal("Bea has no direct message")
	}
	if _, seen := k.state().Channel(dm.ID); seen {
		t.Fatal("Ana reads Bea's direct messages")
	}
	k.must(k.c.Deactivate(k.ctx, "U0BEA", true))
	if u, err := k.api.GetUserInfoContext(k.ctx, "U0BEA"); err != nil || !u.Deleted {
		t.Fatalf("%v %v", u, err)
	}
}

func TestFilesGoUpAndComeBack(t *testing.T) {
	k := start(t)
	_, _, _, err := k.api.JoinConversationContext(k.ctx, "C0INC")
	k.must(err)
	_, root, err := k.api.PostMessageContext(k.ctx, "C0INC", slack.MsgOptionText("run", false))
	k.must(err)
	const out = "integrity_check: ok\nusers: 1900\n"
	f, err := k.api.UploadFileContext(k.ctx, slack.UploadFileParameters{
		Filename: "output.txt", Title: "Output of 1.6", FileSize: len(out), Reader: strings.NewReader(out), Channel: "C0INC", ThreadTimestamp: root,
	})
	k.must(err)
	info, _, _, err := k.api.GetFileInfoContext(k.ctx, f.ID, 0, 0)
	k.must(err)
	var got bytes.Buffer
	k.must(k.api.GetFileContext(k.ctx, info.URLPrivate, &got))
	if got.String() != out {
		t.Fatalf("%q", got.String())
	}
	resp, err := k.hc.Get(info.URLPrivate)
	k.must(err)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Fatal("a file came without the token: ", resp.Status)
	}
	ch := k.channel("incidents")
	m := ch.Messages[len(ch.Messages)-1]
	if m.ThreadTS != root || len(m.Files) != 1 || m.Files[0].Text != out {
		t.Fatalf("%+v", m)
	}
	_, err = k.api.UploadFileContext(k.ctx, slack.UploadFileParameters{Filename: "x", FileSize: 3, Content: "abc", Channel: "C0SEC"})
	if err == nil || !strings.Contains(err.Error(), "channel_not_found") {
		t.Fatal(err)
	}
}

func TestLimitsAnswer429(t *testing.T) {
	k := start(t, func(o *workspace.Options) { o.Limits = true })
	for i := range 20 {
		if _, err := k.api.GetUserGroupMembersContext(k.ctx, "S0ON"); err != nil {
			t.Fatalf("call %d of tier 2: %v", i+1, err)
		}
	}
	_, err := k.api.GetUserGroupMembersContext(k.ctx, "S0ON")
	var rl *slack.RateLimitedError
	if !errors.As(err, &rl) || rl.RetryAfter != 3*time.Second {
		t.Fatal(err)
	}
	k.clock.Push(3 * time.Second)
	_, err = k.api.GetUserGroupMembersContext(k.ctx, "S0ON")
	k.must(err)
	post := func(ch string) error {
		_, _, err := k.api.PostMessageContext(k.ctx, ch, slack.MsgOptionText("x", false))
		return err
	}
	for range 5 {
		k.must(post("C0INC"))
	}
	if err := post("C0INC"); !errors.As(err, &rl) {
		t.Fatalf("six posts in a second: %v", err)
	}
	k.must(post("C0GENERAL"))
}

func TestEphemeralAndPermalink(t *testing.T) {
	k := start(t)
	_, err := k.api.PostEphemeralContext(k.ctx, "C0INC", "U0GUEST", slack.MsgOptionText("x", false))
	wantErr(t, err, "user_not_in_channel")
	ts, err := k.api.PostEphemeralContext(k.ctx, "C0INC", "U0ANA", slack.MsgOptionText("psst", false))
	k.must(err)
	if m, ok := k.channel("incidents").Message(ts); !ok || !m.Ephemeral {
		t.Fatal("not seen")
	}
	_, _, _, err = k.api.UpdateMessageContext(k.ctx, "C0INC", ts, slack.MsgOptionText("x", false))
	wantErr(t, err, "message_not_found")
	_, ts, err = k.api.PostMessageContext(k.ctx, "C0INC", slack.MsgOptionText("card", false))
	k.must(err)
	link, err := k.api.GetPermalinkContext(k.ctx, &slack.PermalinkParameters{Channel: "C0INC", Ts: ts})
	k.must(err)
	resp, err := k.hc.Get(link)
	k.must(err)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Request.URL.Fragment != "m-"+ts {
		t.Fatal(resp.Status, resp.Request.URL)
	}
}
