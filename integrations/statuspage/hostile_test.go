package statuspage_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/statuspage"
)

// pieces are what strangers and tired people paste.
var pieces = []string{
	"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</p></li></ol></article>", "<!--", "-->", "]]>", "<![CDATA[", "&lt;b&gt;", "&amp;", "&#0;", "\"'`", "javascript:alert(1)",
	"{{.Title}}", "{{end}}", "<!channel>", "<@U0ANA>", "https://evil.example/?a=1&b=2", "שלום עולם", "مرحبا بالعالم", "\u202Etxt.exe\u202C", "\u2066\u2069\u200F", "👩‍👩‍👧‍👦🔥", "e\u0301\u0301\u0301",
	"\x00", "\x07\x1b[31m", "\u0085", "\u2028", "\uFFFE", "\uFDD0", "\U0001FFFF", "\xff\xfe", "\r\n", "\r", "\n", "\n\n\n", "\t", "   ", strings.Repeat("W", 3000), strings.Repeat("wort ", 800), "<style>*{display:none}</style>",
	"<base href=//evil>", "' onmouseover='x", "\uFEFF", "%00", "..\\..\\", "</title>", "</html>",
}

func hostile(t *rapid.T, name string) string {
	parts := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(pieces), rapid.String()), 1, 30).Draw(t, name)
	return strings.Join(parts, "")
}

// TestI41_HostileTextIsInert: whatever people write, and whatever the configuration's names are, HTML holds the elements of
// the templates alone and the text as it was written, JSON and the feed are well-formed and say the same.
func TestI41_HostileTextIsInert(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		words, edited := hostile(r, "words"), hostile(r, "edited")
		set := statuspage.Settings{Title: "Status " + hostile(r, "title"), URL: "https://status.example.com", Components: []statuspage.Component{{Name: "C" + hostile(r, "component"), Services: []string{"users"}}}}
		w := newTape(t, 42, night, incident.Opened{Severity: 1, Services: []string{"users"}}).
			add(1, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: "Before: " + words, Status: incident.Investigating}).
			add(2, incident.UpdateSent{By: ana, Number: 2, To: everybody, Public: "x", Status: incident.Identified}).
			add(3, incident.UpdateEdited{Number: 2, Version: 2, By: ana, To: everybody, Public: "After: " + edited})
		p := statuspage.Compose(set, []*statuspage.Entry{w.read()}, night.Add(time.Hour))
		list, err := p.Files()
		if err != nil {
			r.Fatal(err)
		}
		said := p.Current[0].Updates[0].Words
		for _, f := range list {
			if !utf8.Valid(f.Body) || strings.ContainsFunc(string(f.Body), forbidden) {
				r.Fatalf("%s holds what no document may", f.Name)
			}
			switch {
			case strings.HasSuffix(f.Name, ".html"):
				text := walk(r, f)
				if strings.HasPrefix(f.Name, "incidents/") && !strings.Contains(squeeze(text), squeeze(said)) {
					r.Fatalf("%s does not say %q but\n%s", f.Name, said, text)
				}
			case f.Name == "status.json":
				var s struct {
					Incidents []struct {
						Updates []struct{ Words string }
					}
				}
				if err := json.Unmarshal(f.Body, &s); err != nil || s.Incidents[0].Updates[0].Words != said {
					r.Fatalf("status.json: %v", err)
				}
			case f.Name == "feed.atom":
				var feed struct {
					Entries []struct {
						Content string `xml:"content"`
					} `xml:"entry"`
				}
				if err := xml.Unmarshal(f.Body, &feed); err != nil || feed.Entries[0].Content != said {
					r.Fatalf("feed.atom: %v", err)
				}
			}
		}
	})
}

// forbidden are code points that make a document invalid, or that turn what follows them.
func forbidden(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r >= 0x7F && r <= 0x9F || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || r >= 0xFDD0 && r <= 0xFDEF || r&0xFFFE == 0xFFFE
}

var elements = []string{
	"html", "head", "meta", "title", "link", "body", "header", "main", "footer", "h1", "h2", "h3", "p", "a", "span", "time", "strong", "section", "article", "ul", "ol", "li", "bdi", "br",
}

var attributes = []string{"lang", "charset", "name", "content", "http-equiv", "rel", "href", "type", "title", "class", "dir", "id", "datetime", "aria-hidden", "aria-labelledby"}

// walk holds that a page is balanced and made of the templates' elements, and gives its text.
func walk(t *rapid.T, f statuspage.File) string {
	d := xml.NewDecoder(strings.NewReader(string(f.Body)))
	d.Strict, d.AutoClose, d.Entity = true, nil, xml.HTMLEntity
	var text strings.Builder
	var open []string
	void := []string{"meta", "link", "br"}
	raw := d.RawToken
	for {
		token, err := raw()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if !slices.Contains(elements, token.Name.Local) {
				t.Fatalf("%s holds <%s>", f.Name, token.Name.Local)
			}
			for _, a := range token.Attr {
				if !slices.Contains(attributes, a.Name.Local) || a.Name.Local == "href" && strings.Contains(a.Value, ":") {
					t.Fatalf("%s holds <%s %s=%q>", f.Name, token.Name.Local, a.Name.Local, a.Value)
				}
			}
			if !slices.Contains(void, token.Name.Local) {
				open = append(open, token.Name.Local)
			}
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1] != token.Name.Local {
				t.Fatalf("%s: </%s> closes %v", f.Name, token.Name.Local, open)
			}
			open = open[:len(open)-1]
		case xml.CharData:
			text.Write(token)
		case xml.Comment:
			t.Fatalf("%s holds a comment: %s", f.Name, token)
		}
	}
	if len(open) > 0 {
		t.Fatalf("%s leaves %v open", f.Name, open)
	}
	return text.String()
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }

// TestLongText: 40,000 characters are cut on the first page alone, and its own page has them all.
func TestLongText(t *testing.T) {
	words := strings.Repeat("قاعدة البيانات 🔥 <b> ", 1900)
	w := newTape(t, 42, night, incident.Opened{Severity: 1}).add(1, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: words, Status: incident.Investigating})
	have := files(t, compose(night, w))
	if n := utf8.RuneCountInString(words); n < 39000 {
		t.Fatalf("%d characters", n)
	}
	if n := len(have["index.html"]); n > 12000 || !strings.Contains(have["index.html"], "Read all of it") {
		t.Errorf("the first page has %d bytes", n)
	}
	if got := strings.Count(have["incidents/"+w.read().ID+".html"], "&lt;b&gt;"); got != 1900 {
		t.Errorf("its own page has %d of 1900", got)
	}
}
