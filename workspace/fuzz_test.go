package workspace

import (
	"log/slog"
	"testing"
)

// bare is a workspace without a server, enough to check and draw.
func bare(t testing.TB) *Workspace {
	t.Helper()
	w := &Workspace{
		opt: defaults(Options{Users: []User{{ID: "U1", Name: "ana"}}}), log: slog.New(slog.DiscardHandler),
		users: map[string]*user{}, channels: map[string]*channel{}, pressed: map[string]values{},
	}
	if err := w.populate(); err != nil {
		t.Fatal(err)
	}
	w.ln = fakeListener(t)
	return w
}

// Whatever strangers send as blocks is refused or can be read, pressed and
// drawn; nothing panics.
func FuzzBlocks(f *testing.F) {
	for _, s := range []string{
		`[{"type":"section","expand":true,"text":{"type":"mrkdwn","text":"*b* _i_ ~s~ ` + "`c` ```pre```" + ` <@U1> <!date^1^{date}|x> <http://x|y> &lt; :eyes:"},"accessory":{"type":"button","text":{"type":"plain_text","text":"Go"}}}]`,
		`[{"type":"actions","elements":[{"type":"checkboxes","options":[{"text":{"type":"mrkdwn","text":"o"},"value":"v"}],"initial_options":[{"text":{"type":"mrkdwn","text":"o"},"value":"v"}]},{"type":"datetimepicker","initial_date_time":1795601680},{"type":"users_select","initial_user":"U1"}]}]`,
		`[{"type":"rich_text","elements":[{"type":"rich_text_list","style":"ordered","indent":1,"elements":[{"type":"rich_text_section","elements":[{"type":"emoji","name":"eyes"},{"type":"date","timestamp":1,"format":"{ago}"}]}]},{"type":"rich_text_preformatted","elements":[{"type":"link","url":"http://x"}]}]}]`,
		`[{"type":"table","rows":[[{"type":"raw_text","text":"a"},{"type":"rich_text","elements":[{"type":"rich_text_quote","elements":[]}]}]],"column_settings":[null]}]`,
		`[{"type":"input","label":{"type":"plain_text","text":"L"},"element":{"type":"plain_text_input","multiline":true,"initial_value":"x","max_length":3}}]`,
		`[{"type":"context","elements":[{"type":"image","image_url":"http://x","alt_text":"a"},{"type":"plain_text","text":"t"}]},{"type":"markdown","text":"# h"}]`,
		`[null]`, `[{"type":"actions","elements":[null]}]`, `{}`,
	} {
		f.Add([]byte(s))
	}
	w := bare(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, ok := parseJSON(raw)
		if !ok {
			return
		}
		for _, p := range []place{inMessage, inModal, inHome} {
			blocks, c := w.checkBlocks(v, p)
			if len(c.problems) > 0 {
				continue
			}
			_ = w.plainOf("", blocks)
			_ = w.blocksHTML(blocks, values{}, map[string]string{}, w.users["U1"])
			_ = values{}.elementsOf(blocks, nil)
			_ = values{}.all(blocks)
			m := &message{blocks: blocks}
			_ = pingsOf(m, true)
		}
	})
}

// Text of any kind can be read.
func FuzzMrkdwn(f *testing.F) {
	for _, s := range []string{"*a* _b_", "```x", "<!date^x^y|z>", "<!date^", "<@", "&gt; q\n&amp;", ":x:", "*`_", "<!subteam^S|@x>", "<|>", "<!date^1>"} {
		f.Add(s)
	}
	w := bare(f)
	f.Fuzz(func(t *testing.T, s string) {
		p := &pen{w: w}
		p.mrkdwn(s)
		h := &pen{w: w, html: true}
		h.mrkdwn(s)
	})
}
