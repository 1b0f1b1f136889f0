package workspace_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"

	"github.com/drbot/drbot/workspace/person"
)

func dial(t *testing.T, k *kit, u string) *websocket.Conn {
	t.Helper()
	conn, resp, err := websocket.DefaultDialer.DialContext(k.ctx, u, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return conn
}

func (k *kit) page(path string, head map[string]string) (int, string) {
	k.t.Helper()
	req, err := http.NewRequestWithContext(k.ctx, http.MethodGet, k.w.URL()+path, nil)
	k.must(err)
	for n, v := range head {
		if n == "Host" {
			req.Host = v
		}
		req.Header.Set(n, v)
	}
	resp, err := k.hc.Do(req)
	k.must(err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	k.must(err)
	return resp.StatusCode, string(raw)
}

func TestPageShowsMessagesAndNothingIsRun(t *testing.T) {
	k := start(t)
	_, _, err := k.api.PostMessageContext(k.ctx, "C0INC", slack.MsgOptionText("card", false), slack.MsgOptionBlocks(card(true)...))
	k.must(err)
	_, _, err = k.api.PostMessageContext(k.ctx, "C0INC", slack.MsgOptionText("<script>alert(1)</script> *bold* `c` <javascript:alert(1)|x> <!date^1795601680^{time}|x> <@U0ANA>", false))
	k.must(err)
	_, err = k.api.PostEphemeralContext(k.ctx, "C0INC", "U0BEA", slack.MsgOptionText("for Bea", false))
	k.must(err)
	code, html := k.page("?as=U0ANA&c=C0INC", nil)
	if code != http.StatusOK {
		t.Fatal(code)
	}
	for _, want := range []string{"Approve on db1?", "data-action=\"approve\"", "<strong>bold</strong>", "<code>c</code>", "@Ana Ruiz", "data-unix=\"1795601680\"", "Service stopped"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, bad := range []string{"<script>alert", "href=\"javascript", "for Bea", "could not be drawn"} {
		if strings.Contains(html, bad) {
			t.Errorf("the page has %s", bad)
		}
	}
	if code, there := k.page("archives/C0INC?as=U0ANA", nil); code != http.StatusOK || !strings.Contains(there, "Approve on db1?") {
		t.Errorf("a channel's address does not open it: %d", code)
	}
	if _, html = k.page("?as=bea&c=C0INC", nil); !strings.Contains(html, "Only visible to you") {
		t.Error("Bea's ephemeral message is not marked")
	}
	if _, html = k.page("page/messages?as=bea&c=C0SEC", nil); strings.Contains(html, "C0SEC") {
		t.Error("a private channel is drawn for a stranger")
	}
}

func TestOtherSitesAreRefused(t *testing.T) {
	k := start(t)
	if code, _ := k.page("?as=U0ANA", map[string]string{"Host": "evil.example.com"}); code != http.StatusMisdirectedRequest {
		t.Fatal("a foreign Host was served: ", code)
	}
	if code, _ := k.page("person/state?as=U0ANA", map[string]string{"Origin": "https://evil.example.com"}); code != http.StatusForbidden {
		t.Fatal("a foreign Origin was served: ", code)
	}
	resp, err := k.hc.Post(k.w.URL()+"person/post?as=U0ANA", "text/plain", strings.NewReader(`{"channel":"incidents","text":"forged"}`))
	k.must(err)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusUnsupportedMediaType {
		t.Fatal("a plain form was taken: ", resp.Status)
	}
	resp, err = k.hc.Post(k.w.URL()+"admin/clear", "application/x-www-form-urlencoded", strings.NewReader("{}"))
	k.must(err)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusUnsupportedMediaType {
		t.Fatal(resp.Status)
	}
}

func TestServerSentEventsTellOnlyWhatOneMaySee(t *testing.T) {
	k := start(t)
	ctx, cancel := context.WithCancel(k.ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.w.URL()+"person/events?as=U0BEA&after=0", nil)
	k.must(err)
	resp, err := k.hc.Do(req)
	k.must(err)
	defer resp.Body.Close()
	_, err = k.ana.Post(k.ctx, "secret", "", "hidden")
	k.must(err)
	_, err = k.ana.Post(k.ctx, "incidents", "", "seen")
	k.must(err)
	var all strings.Builder
	buf := make([]byte, 4096)
	for !strings.Contains(all.String(), "C0INC") {
		n, err := resp.Body.Read(buf)
		all.Write(buf[:n])
		k.must(err)
	}
	if strings.Contains(all.String(), "C0SEC") {
		t.Fatal(all.String())
	}
}

func TestDeactivatedAndUnknownPeopleCannotAct(t *testing.T) {
	k := start(t)
	if _, err := k.c.As("old").Post(k.ctx, "incidents", "", "boo"); !person.IsRefused(err, "account_inactive") {
		t.Fatal(err)
	}
	if _, err := k.c.As("nobody").State(k.ctx); !person.IsRefused(err, "user_not_found") {
		t.Fatal(err)
	}
}
