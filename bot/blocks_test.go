package bot

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/drbot/drbot/templates"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// golden compares the JSON that Slack would get.
func golden(t *testing.T, name string, v any) {
	t.Helper()
	got, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(got)+"\n" {
		t.Errorf("%s differs; review with go test ./bot -run Golden -update and git diff\n%s", path, got)
	}
}

func testFrame() frame {
	return frame{drawing: "d1", link: func(object string) string {
		if object == "A17" {
			return "https://example.slack.com/archives/C1/p1700000000000100"
		}
		return ""
	}}
}

var at = time.Date(2026, 11, 24, 3, 14, 0, 0, time.UTC)

func TestGoldenBlocks(t *testing.T) {
	span := func(s string) []templates.Span { return []templates.Span{templates.T(s)} }
	for name, block := range map[string]templates.Block{
		"header": templates.Header{Text: "🔴 SEV-1 · INC-42 · Users database <!channel>"},
		"lines": templates.Lines{Lines: [][]templates.Span{
			{templates.B("Bold"), templates.T(" and "), {Text: "mono", Style: templates.Mono}, {Text: "italic", Style: templates.Italic}},
			{templates.At(at), templates.T(" "), {At: at, Date: true}, templates.T(" "), templates.Who("U0ANA", "Ana")},
			{templates.Ref("A17", "A17"), templates.T(" "), templates.Ref("A18", "A18"), templates.T(""), {Text: "page", URL: "https://example.com"}},
			span("<!channel> @here `code` *bold* <https://evil.example|click>"),
		}},
		"rows":   templates.Rows{Rows: []templates.Row{{Label: "Time", Spans: span("RTO ends 03:58")}, {Label: "Data", Spans: span("57 min at stake")}}},
		"code":   templates.Code{Text: "rm -rf -- \"$X\"\n```<!here>\x1b[31m\u202egpj.exe"},
		"note":   templates.Note{Spans: span("runbook 4f2c19")},
		"linked": templates.Note{Spans: []templates.Span{templates.T("see "), templates.Ref("A17", "A17")}},
		"rule":   templates.Rule{},
		"actions": templates.Actions{Elements: []templates.Element{
			templates.Button{Verb: "recover approve", Object: "A17", Label: "Approve", Style: "primary", Confirm: &templates.Confirm{Title: "Approve on db1?", Text: "Old files are set aside.", Yes: "Approve", No: "Back"}},
			templates.Button{Verb: "recover approve", Object: "A18", Label: "Approve", Style: "danger"},
			templates.Button{Verb: "incident channel", Label: "Open channel", URL: "https://example.com"},
			templates.Menu{Options: []templates.Button{{Verb: "recover skip", Object: "R7/p1.s6", Label: "Skip step…"}, {Verb: "recover cancel", Object: "R7", Label: "Cancel run…"}}},
			templates.Pick{Verb: "recover plan", Object: "42", Placeholder: "Procedure", Options: []templates.Option{{Value: "p1", Label: "Database", Group: "First"}, {Value: "p2", Label: "Cache", Hint: "rebuild", Group: "Others"}}},
		}},
		"checks": templates.Checks{Group: "during", Items: []templates.Check{{Value: "c1", Text: "Service stopped", Done: true}, {Value: "c2", Text: "Damaged data preserved"}, {Value: "c3", Text: "Third", Done: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			parts := render(templates.Message{Text: "INC-42", Blocks: []templates.Block{block}}, testFrame())
			if len(parts) != 1 {
				t.Fatalf("%d parts", len(parts))
			}
			golden(t, "block/"+name, parts[0].blocks)
		})
	}
}

func TestGoldenForm(t *testing.T) {
	form := templates.Form{
		Verb: "recover choose", Object: "R7", ID: "R7", Title: "Plan recovery with a title that is long", Submit: "Show plan",
		Intro: []templates.Block{templates.Lines{Lines: [][]templates.Span{{templates.T("Nine steps")}}}},
		Fields: []templates.Field{
			{ID: "title", Label: "Title", Kind: templates.FieldText, Value: "Users db", Max: 120, Placeholder: "What broke"},
			{ID: "what", Label: "What happened", Kind: templates.FieldArea, Optional: true, Hint: "Plain words"},
			{ID: "backup", Label: "Backup", Kind: templates.FieldSelect, Value: strings.Repeat("long/", 20), Options: []templates.Option{
				{Value: strings.Repeat("long/", 20), Label: "02:00 · verified", Group: "Verified"}, {Value: "b2", Label: "01:00", Group: "Not verified"},
			}},
			{ID: "who", Label: "Who", Kind: templates.FieldPerson},
			{ID: "to", Label: "To", Kind: templates.FieldChecks, Value: "responders", Options: []templates.Option{{Value: "responders", Label: "Responders"}, {Value: "announcement", Label: "Announcement"}}},
		},
	}
	view := modal(form, slip{Channel: "C1"}, testFrame())
	golden(t, "form", view)
	golden(t, "loading", modal(templates.Form{Verb: "recover choose", Object: "R7", ID: "R7", Title: "Plan recovery"}, slip{Channel: "C1"}, testFrame()))
	golden(t, "home", homeView(templates.Message{Text: "Home", Blocks: []templates.Block{templates.Header{Text: "Waiting for you"}, templates.Rule{}}}, testFrame()))
	s := readSlip(view.PrivateMetadata)
	if s.Object != "R7" || s.Channel != "C1" || s.value("#0") != strings.Repeat("long/", 20) {
		t.Errorf("slip %+v", s)
	}
}

// The button that closes a form says so in the form's words where "Cancel" would be taken for the deed.
func TestAFormIsClosedInItsOwnWords(t *testing.T) {
	for want, form := range map[string]templates.Form{"Cancel": {Title: "Deny A1"}, "Back": {Title: "Cancel R1", Close: "Back"}} {
		if got := modal(form, slip{}, frame{}).Close.Text; got != want {
			t.Errorf("%s: %q, not %q", form.Title, got, want)
		}
	}
}

// TestI41_ValuesStayInert: no block that a value of a person, a runbook or a machine reaches is read as markup.
func TestI41_ValuesStayInert(t *testing.T) {
	evil := "<!channel> <@U1> <https://evil.example|ok> *b* `c` &amp; ```"
	m := templates.Message{Text: evil, Blocks: []templates.Block{
		templates.Header{Text: evil}, templates.Lines{Lines: [][]templates.Span{{templates.T(evil)}}}, templates.Rows{Rows: []templates.Row{{Label: evil, Spans: []templates.Span{templates.T(evil)}}}},
		templates.Code{Text: evil}, templates.Note{Spans: []templates.Span{templates.T(evil)}},
		templates.Actions{Elements: []templates.Element{
			templates.Button{Verb: "incident show", Object: evil, Label: evil, Confirm: &templates.Confirm{Title: evil, Text: evil, Yes: evil, No: evil}},
			templates.Menu{Options: []templates.Button{{Verb: "incident show", Object: "1", Label: evil}}},
		}},
		templates.Checks{Group: evil, Items: []templates.Check{{Value: "c1", Text: evil}}},
	}}
	encoded, err := json.Marshal(render(m, testFrame())[0].blocks)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(encoded), `"mrkdwn"`) {
		t.Errorf("mrkdwn in %s", encoded)
	}
	if got := escape(evil); strings.Contains(got, "<") || strings.Contains(got, ">") {
		t.Errorf("text %q", got)
	}
	if got := clean("a\x1b[31m\u202eb\r\nc\u200bd"); got != "a␛[31m⟨U+202E⟩b\nc⟨U+200B⟩d" {
		t.Errorf("clean gave %q", got)
	}
}

func TestLongMessagesAreSplit(t *testing.T) {
	text := strings.Repeat(strings.Repeat("é", 99)+"\n", 300)
	m := templates.Message{Text: "INC-1", Blocks: []templates.Block{templates.Header{Text: strings.Repeat("h", 200)}, templates.Code{Text: text}}}
	parts := render(m, testFrame())
	if len(parts) < 4 {
		t.Fatalf("%d parts", len(parts))
	}
	whole := ""
	for _, p := range parts {
		n := 0
		for _, b := range p.blocks {
			encoded, err := json.Marshal(b)
			if err != nil {
				t.Fatal(err)
			}
			n += utf8.RuneCount(encoded)
			if code, ok := b.(*slack.RichTextBlock); ok {
				whole += code.Elements[0].(*slack.RichTextPreformatted).Elements[0].(*slack.RichTextSectionTextElement).Text
			}
		}
		if n > maxMessage+1000 || len(p.blocks) > 50 {
			t.Errorf("a part has %d characters in %d blocks", n, len(p.blocks))
		}
	}
	if whole != text {
		t.Error("the text is not whole")
	}
}

func TestManyBlocksAndElements(t *testing.T) {
	var m templates.Message
	for range 120 {
		m.Blocks = append(m.Blocks, templates.Rule{})
	}
	var buttons []templates.Element
	for range 60 {
		buttons = append(buttons, templates.Button{Verb: "incident show", Object: "1", Label: "x"})
	}
	var items []templates.Check
	for range 23 {
		items = append(items, templates.Check{Value: "c1", Text: strings.Repeat("t", 100)})
	}
	var menu templates.Menu
	for range 12 {
		menu.Options = append(menu.Options, templates.Button{Verb: "incident show", Object: "1", Label: "x"})
	}
	m.Blocks = append(m.Blocks, templates.Actions{Elements: append(buttons, menu, templates.Pick{Verb: "incident show"})}, templates.Checks{Group: "g", Items: items})
	seen := map[string]bool{}
	for _, p := range render(m, testFrame()) {
		if len(p.blocks) > 50 {
			t.Errorf("%d blocks", len(p.blocks))
		}
		for _, b := range p.blocks {
			if seen[b.ID()] {
				t.Errorf("block_id %q twice", b.ID())
			}
			seen[b.ID()] = true
			if row, ok := b.(*slack.ActionBlock); ok && (len(row.Elements.ElementSet) > 25 || len(row.Elements.ElementSet) == 0) {
				t.Errorf("%d elements", len(row.Elements.ElementSet))
			}
		}
	}
}

func TestBoxesAreReadBack(t *testing.T) {
	group, was, ok := shown("c/during+1/5/x", []string{"c1", "c2", "c3"})
	if !ok || group != "during+1" || strings.Join(was, ",") != "c1,c3" {
		t.Errorf("%s %v %t", group, was, ok)
	}
	for _, id := range []string{"", "b/1/2", "c/x/zz/d", "c/x/fffff/d", "c/x"} {
		if _, _, ok := shown(id, nil); ok {
			t.Errorf("%q was read", id)
		}
	}
	if verbOf("recover.approve~2") != "recover approve" || verbOf("incident.from.message@x") != "incident from message" {
		t.Error("a verb is not read back")
	}
	if verb, object := pickOf("recover.plan~2@42"); verb != "recover plan" || object != "42" {
		t.Errorf("%s %s", verb, object)
	}
	if verb, object := chosen("recover.skip R7/p1.s6"); verb != "recover skip" || object != "R7/p1.s6" {
		t.Errorf("%s %s", verb, object)
	}
}

func TestBudget(t *testing.T) {
	var b budget
	now := at
	n := 0
	for second := range 60 {
		for b.take(now.Add(time.Duration(second)*time.Second), 0) == 0 {
			n++
		}
	}
	if n > 50 || n < 40 {
		t.Errorf("%d redraws in a minute", n)
	}
	b.pause(now.Add(time.Minute), 7*time.Second)
	if wait := b.take(now.Add(time.Minute), 0); wait != 7*time.Second {
		t.Errorf("Retry-After gives %s", wait)
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\x1b\u202e", 3)
	f.Add("<!channel>", 1)
	f.Fuzz(func(t *testing.T, s string, n int) {
		n = 1 + (n&0xFFFF)%500
		for _, got := range []string{line(s, n), plain(s, n)} {
			if c := utf8.RuneCountInString(got); c == 0 || c > n {
				t.Fatalf("%d characters of %d: %q", c, n, got)
			}
		}
		if got := strings.Join(pieces(clean(s), n), ""); got != clean(s) {
			t.Fatalf("pieces lost something: %q", got)
		}
		_ = slug(s)
	})
}
