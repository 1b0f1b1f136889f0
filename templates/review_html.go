package templates

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/util"

	"github.com/drbot/drbot/incident"
)

// ReviewPage is the name of the review as a page.
func ReviewPage(i *incident.Incident) string { return i.ID.String() + "-review.html" }

// pageOf turns Markdown into HTML. Raw HTML of the text is shown as the text that it is, since people write <nil> and
// Map<String>; addresses other than of the web and of mail lead nowhere: goldmark does so unless it is told otherwise.
var pageOf = goldmark.New(goldmark.WithExtensions(extension.Table, extension.TaskList, extension.Strikethrough, extension.Linkify),
	goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(asText{}, 1))))

// asText escapes raw HTML; a comment is left out.
type asText struct{}

// RegisterFuncs takes the two nodes of raw HTML.
func (asText) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindRawHTML, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			escaped(w, n.(*ast.RawHTML).Segments.Value(source), "", "")
		}
		return ast.WalkSkipChildren, nil
	})
	r.Register(ast.KindHTMLBlock, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			block := n.(*ast.HTMLBlock)
			text := block.Lines().Value(source)
			if block.HasClosure() {
				text = append(text, block.ClosureLine.Value(source)...)
			}
			escaped(w, text, "<p>", "</p>\n")
		}
		return ast.WalkContinue, nil
	})
}

func escaped(w util.BufWriter, text []byte, before, after string) {
	if s := strings.TrimSpace(string(text)); !strings.HasPrefix(s, "<!--") {
		_, _ = w.WriteString(before + html.EscapeString(s) + after) // whoever reads the buffer hears of its error
	}
}

// pageHead is everything before the text. The page loads nothing and runs nothing (its policy forbids it), so it can be
// kept as evidence; it prints on A4 or Letter with its tables whole and its addresses readable.
const pageHead = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<style>
:root { color-scheme: light; }
body { margin: 0 auto; padding: 2rem 1rem; max-width: 50rem; color: #1b1b1b; background: #fff; font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1, h2, h3, h4 { line-height: 1.25; margin: 1.6em 0 .5em; }
h1 { font-size: 1.6rem; margin-top: 0; }
h2 { font-size: 1.25rem; border-bottom: 1px solid #767676; padding-bottom: .2em; }
table { border-collapse: collapse; width: 100%%; margin: 1em 0; }
th, td { border: 1px solid #767676; padding: .3em .6em; text-align: left; vertical-align: top; }
th { background: #f0f0f0; }
td:first-child { white-space: nowrap; }
pre { border: 1px solid #767676; padding: .8em; white-space: pre-wrap; }
code { font-family: ui-monospace, monospace; font-size: .9em; }
a { color: #0b4a8f; }
@page { margin: 18mm 15mm; }
@media print {
  body { padding: 0; max-width: none; font-size: 10pt; }
  h1, h2, h3, h4 { break-after: avoid; }
  tr, pre, blockquote, li { break-inside: avoid; }
  thead { display: table-header-group; }
  a[href^="http"]::after { content: " (" attr(href) ")"; font-size: .85em; }
}
</style>
</head>
<body>
<main>
`

// images would load from elsewhere, which the page's policy forbids: their alternative text stands in their place.
var images = regexp.MustCompile(`<img [^>]*?alt="([^"]*)"[^>]*>`)

// ReviewHTML is a review as one self-contained page.
func ReviewHTML(i *incident.Incident, text string) ([]byte, error) {
	var body bytes.Buffer
	if err := pageOf.Convert([]byte(visible(strings.ReplaceAll(text, "\r\n", "\n"))), &body); err != nil {
		return nil, fmt.Errorf("render the review: %w", err)
	}
	var page bytes.Buffer
	title := drill(i, Say("review.title", map[string]any{"ID": i.ID, "Title": flat(i.Title, 120)}))
	fmt.Fprintf(&page, pageHead, html.EscapeString(title))
	page.Write(images.ReplaceAll(body.Bytes(), []byte(`<em>$1</em>`)))
	page.WriteString("</main>\n</body>\n</html>\n")
	return page.Bytes(), nil
}
