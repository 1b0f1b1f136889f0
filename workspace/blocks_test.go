package workspace_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/drbot/drbot/workspace"
)

// call posts a form and gives Slack's answer, whatever a client library would
// have made of it.
func (k *kit) call(method string, form url.Values) map[string]any {
	k.t.Helper()
	form.Set("token", botToken)
	resp, err := k.hc.PostForm(k.w.APIURL()+method, form)
	k.must(err)
	defer resp.Body.Close()
	var out map[string]any
	k.must(json.NewDecoder(resp.Body).Decode(&out))
	return out
}

func (k *kit) post(blocks string) (code, messages string) {
	k.t.Helper()
	r := k.call("chat.postMessage", url.Values{"channel": {"C0INC"}, "text": {"t"}, "blocks": {blocks}})
	code, _ = r["error"].(string)
	meta, _ := r["response_metadata"].(map[string]any)
	return code, fmt.Sprint(meta["messages"])
}

func times(s string, n int) string { return strings.TrimSuffix(strings.Repeat(s+",", n), ",") }

// options lists n different options.
func optionList(n int) string {
	var l []string
	for i := range n {
		l = append(l, fmt.Sprintf(`{"text":{"type":"plain_text","text":"o%d"},"value":"v%d"}`, i, i))
	}
	return strings.Join(l, ",")
}

func TestBlocksAreCheckedAsSlackDoes(t *testing.T) {
	k := start(t)
	const btn = `{"type":"button","action_id":"a","text":{"type":"plain_text","text":"Go"}}`
	section := func(s string) string {
		return `{"type":"section","expand":true,"text":{"type":"mrkdwn","text":"` + s + `"}}`
	}
	boxes := func(n int, initial string) string {
		return `{"type":"actions","elements":[{"type":"checkboxes","action_id":"c","options":[` + optionList(n) + `]` + initial + `}]}`
	}
	for name, c := range map[string]struct{ blocks, at string }{
		"good":                         {section("hi"), ""},
		"50 blocks":                    {times(`{"type":"divider"}`, 50), ""},
		"51 blocks":                    {times(`{"type":"divider"}`, 51), "/blocks"},
		"unknown type":                 {`{"type":"banner"}`, "/blocks/0/type"},
		"foreign field":                {`{"type":"divider","color":"red"}`, "invalid additional property: color"},
		"section folded":               {`{"type":"section","text":{"type":"mrkdwn","text":"hi"}}`, "expand"},
		"section empty":                {`{"type":"section","expand":true}`, "text or fields"},
		"text of 3000 runes":           {section(strings.Repeat("é", 3000)), ""},
		"text of 3001 runes":           {section(strings.Repeat("é", 3001)), "/blocks/0/text/text"},
		"empty text":                   {section(""), "/blocks/0/text/text"},
		"header of 150":                {`{"type":"header","text":{"type":"plain_text","text":"` + strings.Repeat("h", 150) + `"}}`, ""},
		"header of 151":                {`{"type":"header","text":{"type":"plain_text","text":"` + strings.Repeat("h", 151) + `"}}`, "/blocks/0/text/text"},
		"header in mrkdwn":             {`{"type":"header","text":{"type":"mrkdwn","text":"h"}}`, "/blocks/0/text/type"},
		"11 fields":                    {`{"type":"section","expand":true,"fields":[` + times(`{"type":"plain_text","text":"f"}`, 11) + `]}`, "/blocks/0/fields"},
		"11 context elements":          {`{"type":"context","elements":[` + times(`{"type":"plain_text","text":"f"}`, 11) + `]}`, "/blocks/0/elements"},
		"26 elements":                  {`{"type":"actions","elements":[` + times(`{"type":"button","text":{"type":"plain_text","text":"Go"}}`, 26) + `]}`, "/blocks/0/elements"},
		"same action_id":               {`{"type":"actions","elements":[` + times(btn, 2) + `]}`, "action_id already exists"},
		"same block_id":                {times(`{"type":"divider","block_id":"b"}`, 2), "block_id already exists"},
		"button disabled":              {`{"type":"actions","elements":[{"type":"button","disabled":true,"text":{"type":"plain_text","text":"Go"}}]}`, "disabled"},
		"button style":                 {`{"type":"actions","elements":[{"type":"button","style":"default","text":{"type":"plain_text","text":"Go"}}]}`, "style"},
		"button text of 76":            {`{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"` + strings.Repeat("b", 76) + `"}}]}`, "/blocks/0/elements/0/text/text"},
		"10 boxes":                     {boxes(10, ""), ""},
		"11 boxes":                     {boxes(11, ""), "/options"},
		"initial exactly":              {boxes(2, `,"initial_options":[`+optionList(1)+`]`), ""},
		"initial empty":                {boxes(2, `,"initial_options":[]`), "initial_options"},
		"initial in other text type":   {boxes(2, `,"initial_options":[{"text":{"type":"mrkdwn","text":"o0"},"value":"v0"}]`), "initial option"},
		"initial with other value":     {boxes(2, `,"initial_options":[{"text":{"type":"plain_text","text":"o0"},"value":"v1"}]`), "initial option"},
		"overflow of 6":                {`{"type":"actions","elements":[{"type":"overflow","options":[` + optionList(6) + `]}]}`, "/options"},
		"select of 101":                {`{"type":"actions","elements":[{"type":"static_select","options":[` + optionList(101) + `]}]}`, "/options"},
		"confirm title of 101":         {`{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"Go"},"confirm":{"title":{"type":"plain_text","text":"` + strings.Repeat("t", 101) + `"},"text":{"type":"plain_text","text":"t"},"confirm":{"type":"plain_text","text":"y"},"deny":{"type":"plain_text","text":"n"}}}]}`, "/confirm/title/text"},
		"rich text":                    {`{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"user","user_id":"U1"},{"type":"date","timestamp":1795601680,"format":"{time}","fallback":"x"}]},{"type":"rich_text_preformatted","elements":[{"type":"text","text":"ls"}]}]}`, ""},
		"rich text unknown":            {`{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"button"}]}]}`, "/blocks/0/elements/0/elements/0/type"},
		"mention in preformatted":      {`{"type":"rich_text","elements":[{"type":"rich_text_preformatted","elements":[{"type":"user","user_id":"U1"}]}]}`, "preformatted"},
		"table of 101 rows":            {`{"type":"table","rows":[` + times(`[{"type":"raw_text","text":"x"}]`, 101) + `]}`, "/blocks/0/rows"},
		"image without source":         {`{"type":"image","alt_text":"a"}`, "image_url or slack_file"},
		"not an object":                {`7`, "must be an object"},
		"number where text is awaited": {`{"type":"section","expand":true,"text":7}`, "must be an object"},
	} {
		code, messages := k.post("[" + c.blocks + "]")
		switch {
		case c.at == "" && code != "":
			t.Errorf("%s: refused: %s %s", name, code, messages)
		case c.at != "" && (code != "invalid_blocks" || !strings.Contains(messages, c.at)):
			t.Errorf("%s: got %q %s, want invalid_blocks at %s", name, code, messages, c.at)
		}
	}
	if code, _ := k.post(`{broken`); code != "invalid_blocks_format" {
		t.Errorf("broken JSON: %s", code)
	}
	long := times(section(strings.Repeat("x", 2600)), 5)
	if code, _ := k.post("[" + long + "]"); code != "msg_blocks_too_long" {
		t.Errorf("13,000 characters: %q", code)
	}
}

func TestFoldedSectionsAreTakenWhenAllowed(t *testing.T) {
	k := start(t, func(o *workspace.Options) { o.AllowFolded = true })
	if code, m := k.post(`[{"type":"section","text":{"type":"mrkdwn","text":"hi"}}]`); code != "" {
		t.Fatal(code, m)
	}
}

func TestPingsAreRecorded(t *testing.T) {
	k := start(t)
	rich := `[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"<!channel> <@U0BEA>"},{"type":"user","user_id":"U0ANA"}]}]},{"type":"section","expand":true,"text":{"type":"plain_text","text":"<!here>"}}]`
	for name, c := range map[string]struct {
		text, blocks     string
		users, everybody int
	}{
		"inert in rich text":  {"safe", rich, 1, 0},
		"escaped":             {"&lt;!channel&gt; @channel", "", 0, 0},
		"live in text":        {"<!channel> <@U0BEA>", "", 1, 1},
		"live in mrkdwn":      {"x", `[{"type":"section","expand":true,"text":{"type":"mrkdwn","text":"` + "```<!everyone>```" + ` <@U0ANA|ana>"}}]`, 1, 1},
		"live in the text of": {"<!here>", rich, 1, 1},
		"broadcast element":   {"x", `[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"broadcast","range":"here"}]}]}]`, 0, 1},
	} {
		form := url.Values{"channel": {"C0INC"}, "text": {c.text}}
		if c.blocks != "" {
			form.Set("blocks", c.blocks)
		}
		r := k.call("chat.postMessage", form)
		ts, _ := r["ts"].(string)
		m, ok := k.channel("incidents").Message(ts)
		if !ok {
			t.Fatalf("%s: %v", name, r)
		}
		if len(m.Pings.Users) != c.users || len(m.Pings.Everybody) != c.everybody {
			t.Errorf("%s: %+v", name, m.Pings)
		}
	}
}

func TestViewsAreChecked(t *testing.T) {
	k := start(t)
	const title = `"title":{"type":"plain_text","text":"T"},`
	const input = `{"type":"input","block_id":"b","label":{"type":"plain_text","text":"L"},"element":{"type":"plain_text_input","action_id":"a"}}`
	for name, c := range map[string]struct{ view, at string }{
		"no title":             {`{"type":"modal","blocks":[{"type":"divider"}]}`, "title"},
		"title of 25":          {`{"type":"modal","title":{"type":"plain_text","text":"` + strings.Repeat("t", 25) + `"},"blocks":[{"type":"divider"}]}`, "/view/title/text"},
		"input without submit": {`{"type":"modal",` + title + `"blocks":[` + input + `]}`, "submit"},
		"foreign field":        {`{"type":"modal",` + title + `"blocks":[{"type":"divider"}],"size":"big"}`, "size"},
		"table":                {`{"type":"modal",` + title + `"blocks":[{"type":"table","rows":[[{"type":"raw_text","text":"x"}]]}]}`, "/blocks/0/type"},
		"101 blocks":           {`{"type":"modal",` + title + `"blocks":[` + times(`{"type":"divider"}`, 101) + `]}`, "/blocks"},
		"same input block_id":  {`{"type":"modal",` + title + `"submit":{"type":"plain_text","text":"S"},"blocks":[` + times(input, 2) + `]}`, "block_id"},
		"metadata of 3001":     {`{"type":"modal",` + title + `"private_metadata":"` + strings.Repeat("m", 3001) + `","blocks":[{"type":"divider"}]}`, "private_metadata"},
	} {
		r := k.call("views.open", url.Values{"trigger_id": {"none"}, "view": {c.view}})
		meta, _ := r["response_metadata"].(map[string]any)
		if r["error"] != "invalid_arguments" || !strings.Contains(fmt.Sprint(meta["messages"]), c.at) {
			t.Errorf("%s: %v", name, r)
		}
	}
	_, err := k.api.OpenViewContext(k.ctx, "1.2.3", modal())
	wantErr(t, err, "invalid_trigger_id")
	_, err = k.api.UpdateViewContext(k.ctx, modal(), "", "", "V0NONE")
	wantErr(t, err, "not_found")
	home := slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewDividerBlock()}}}
	v, err := k.api.PublishViewContext(k.ctx, slack.PublishViewContextRequest{UserID: "U0ANA", View: home})
	k.must(err)
	old := v.Hash
	k.must(func() error {
		_, err := k.api.PublishViewContext(k.ctx, slack.PublishViewContextRequest{UserID: "U0ANA", View: home, Hash: &old})
		return err
	}())
	_, err = k.api.PublishViewContext(k.ctx, slack.PublishViewContextRequest{UserID: "U0ANA", View: home, Hash: &old})
	wantErr(t, err, "hash_conflict")
}
