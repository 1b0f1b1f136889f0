package bot

import (
	"encoding/json"
	"testing"

	"github.com/slack-go/slack"
)

// An alert's words are in its blocks and attachments: they are kept, whether the message came with a press or was read, each
// once, with nothing of buttons; a person's message is its text, and what is forwarded without one is kept.
func TestI48_WordsOfAppsAreKept(t *testing.T) {
	for name, c := range map[string]struct{ raw, want string }{
		"attachment": {`{"bot_id":"B1","text":"","attachments":[{"fallback":"[FIRING] disk","title":"[FIRING:1] disk","title_link":"https://g.example","text":"*node* db-1 &lt;90%&gt;","fields":[{"title":"Severity","value":"page","short":true}],"actions":[{"type":"button","text":"Silence"}]}]}`,
			"[FIRING:1] disk\n*node* db-1 &lt;90%&gt;\nSeverity: page"},
		"fallback": {`{"bot_id":"B1","text":"Alert","attachments":[{"fallback":"a graph","image_url":"https://g.example/a.png"}]}`, "Alert\na graph"},
		"blocks": {`{"bot_id":"B1","text":"Disk full on db-1","blocks":[{"type":"header","text":{"type":"plain_text","text":"Disk <full> on db-1"}},
			{"type":"section","text":{"type":"mrkdwn","text":"Disk full  on db-1"},"fields":[{"type":"mrkdwn","text":"*Since* 09:20"}],"accessory":{"type":"button","action_id":"a","text":{"type":"plain_text","text":"Mute"}}},
			{"type":"context","elements":[{"type":"mrkdwn","text":"by"},{"type":"plain_text","text":"Grafana"}]},
			{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"ask "},{"type":"user","user_id":"U1"},{"type":"text","text":": a<b "},{"type":"link","url":"https://r.example","text":"runbook"}]},
				{"type":"rich_text_list","style":"bullet","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"one"}]},{"type":"rich_text_section","elements":[{"type":"text","text":"two"}]}]}]},
			{"type":"actions","elements":[{"type":"button","action_id":"b","text":{"type":"plain_text","text":"Silence"}}]},{"type":"divider"}]}`,
			"Disk &lt;full&gt; on db-1\nDisk full  on db-1\n*Since* 09:20\nby Grafana\nask <@U1>: a&lt;b <https://r.example|runbook>\none\ntwo"},
		"person":    {`{"user":"U1","text":"look","blocks":[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"look"}]}]}],"attachments":[{"from_url":"https://x.example","title":"Preview"}]}`, "look"},
		"forwarded": {`{"user":"U1","text":"","attachments":[{"is_share":true,"text":"the hoster says no"}]}`, "the hoster says no"},
	} {
		var pressed message
		var read slack.Message
		if err := json.Unmarshal([]byte(c.raw), &pressed); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(c.raw), &read); err != nil {
			t.Fatal(err)
		}
		if got := pressed.said(); got != c.want {
			t.Errorf("%s: pressed %q, want %q", name, got, c.want)
		}
		if got := messageOf(read).said(); got != c.want {
			t.Errorf("%s: read %q, want %q", name, got, c.want)
		}
	}
	var odd message
	if err := json.Unmarshal([]byte(`{"bot_id":"B1","text":"odd","blocks":[7,{"type":"section","text":9,"fields":"x"},{"type":"video","text":{"text":5}}],"attachments":"none"}`), &odd); err != nil || odd.said() != "odd" {
		t.Errorf("%v %q", err, odd.said())
	}
}
