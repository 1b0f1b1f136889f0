package secret

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// minForm is the shortest byte sequence that is looked for. Shorter ones occur
// in any output by chance, and stars everywhere hide nothing.
const minForm = 4

// minHalf is the shortest beginning of an encoded secret that is hidden where the output ends: four bytes of it in hex. Of
// fewer characters any number at the end of an output would be one.
const minHalf = 2 * minForm

// form is one spelling. half is how much of it is hidden where the output ends before the rest.
type form struct {
	text []byte
	half int
}

// minLine is the shortest line of a many-line secret (a PEM key, a JSON key file)
// that is hidden by itself, for outputs that indent or cut the lines.
const minLine = 12

// forms lists every spelling of value that is hidden: as it is, percent-encoded,
// base64 at each of the three alignments, quoted for a shell or for JSON, and as hex.
// Line breaks and other control characters are left out of every form; the scanner leaves them out of the text too, so
// that `base64`, which wraps at 76, hides nothing from it.
func forms(value string) []form {
	plain := slices.Concat([]string{value}, lines(value), quotedForms(value))
	encoded := slices.Concat(urlForms(value), base64Forms(value), base32Forms(value), hexForms(value))
	seen := map[string]bool{}
	var out []form
	for k, text := range slices.Concat(plain, encoded) {
		var v view
		v.flatten([]byte(text), false)
		if len(v.flat) < minForm || seen[string(v.flat)] {
			continue
		}
		seen[string(v.flat)] = true
		f := form{text: v.flat, half: minForm}
		if k >= len(plain) {
			f.half = minHalf
		}
		out = append(out, f)
	}
	return out
}

// lines gives the lines of a many-line secret that are secret in themselves.
func lines(value string) []string {
	if !strings.Contains(value, "\n") {
		return nil
	}
	var out []string
	for line := range strings.SplitSeq(value, "\n") {
		line = strings.TrimSpace(line)
		if len(line) >= minLine && !strings.HasPrefix(line, "-----") {
			out = append(out, line)
		}
	}
	return out
}

var percentCode = regexp.MustCompile(`%[0-9A-F]{2}`)

// urlForms follows the habits of Go, curl and browsers, with capital and small hex.
func urlForms(value string) []string {
	query := url.QueryEscape(value)
	curl := strings.ReplaceAll(query, "+", "%20")
	browser := strings.NewReplacer("%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*", "%7E", "~").Replace(curl)
	every := "%" + strings.ReplaceAll(fmt.Sprintf("% X", value), " ", "%")
	out := []string{query, curl, browser, url.PathEscape(value), url.UserPassword("u", value).String()[2:], every}
	for _, form := range out {
		out = append(out, percentCode.ReplaceAllStringFunc(form, strings.ToLower))
	}
	return out
}

// base64Forms gives the characters that depend on the secret alone when zero, one
// or two bytes stand before it in its group of three. A character at an edge that
// mixes secret bits with a neighbour's is left out: at most four bits of a byte.
func base64Forms(value string) []string {
	var out []string
	for before := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString(append(make([]byte, before), value...))
		from := (before*8 + 5) / 6
		to := (before + len(value)) * 8 / 6
		if from >= to {
			continue
		}
		core := encoded[from:to]
		out = append(out, core, strings.NewReplacer("+", "-", "/", "_").Replace(core))
	}
	return out
}

// hexWindow is how many bytes of a secret are hidden by themselves where a dump of bytes breaks it over its lines, each with
// an offset in front; a piece of fewer at the end of a line stays. maxDumped bounds the secrets for which that is done: the
// windows of a whole key file would be thousands of forms.
const (
	hexWindow = minForm
	maxDumped = 256
)

// hexForms gives what sha256sum-like programs, encode(…, 'hex') and xxd -p write, the same with a sign before or between the
// bytes (\x7a\x51 as bash, Python and many logs), and the pieces that a line of od -tx1, hexdump -C, xxd and od -x can hold.
func hexForms(value string) []string {
	var out []string
	for _, format := range []string{"%x", "% x", "%X", "% X"} {
		form := fmt.Sprintf(format, value)
		out = append(out, form, strings.ReplaceAll(form, " ", ":"), `\x`+strings.ReplaceAll(form, " ", `\x`))
	}
	for at := 0; at+hexWindow <= len(value) && len(value) <= maxDumped; at++ {
		b := []byte(value[at : at+hexWindow])
		out = append(out, fmt.Sprintf("% x", b), fmt.Sprintf("%x %x", b[:2], b[2:]), fmt.Sprintf("%x %x %x", b[:1], b[1:3], b[3:]),
			fmt.Sprintf("%02x%02x %02x%02x", b[1], b[0], b[3], b[2]))
	}
	return out
}

// base32Forms is base64Forms for base32: five bits a character, a group of five bytes.
func base32Forms(value string) []string {
	var out []string
	for before := range 5 {
		encoded := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(append(make([]byte, before), value...))
		if from, to := (before*8+4)/5, (before+len(value))*8/5; from < to {
			out = append(out, encoded[from:to], strings.ToLower(encoded[from:to]))
		}
	}
	return out
}

// quotedForms gives what stands between the quotes, since the quotes themselves
// may be shared with other text: bash's %q, @Q and set -x, Python's shlex, double
// quotes, $'…', and JSON with and without HTML escapes.
func quotedForms(value string) []string {
	out := []string{
		strings.ReplaceAll(value, `'`, `'\''`),
		strings.ReplaceAll(value, `'`, `'"'"'`),
		strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace(value),
		strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`", `!`, `\!`).Replace(value),
		backslashed(value), dollarQuoted(value),
	}
	for _, html := range []bool{true, false} {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(html)
		if enc.Encode(value) == nil {
			form := strings.TrimSpace(b.String())
			form = form[1 : len(form)-1]
			out = append(out, form, strings.ReplaceAll(form, "/", `\/`))
		}
	}
	return out
}

// backslashed quotes as `printf %q` does.
func backslashed(value string) string {
	var b strings.Builder
	for i := range len(value) {
		c := value[i]
		switch {
		case strings.IndexByte(" \t!\"#$&'()*,;<>?[\\]^`{|}~", c) < 0, c == '#' && i > 0, c == '~' && i > 0 && value[i-1] != '=' && value[i-1] != ':':
			b.WriteByte(c)
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String()
}

// dollarQuoted quotes as bash's $'…' does.
func dollarQuoted(value string) string {
	var b strings.Builder
	named := map[byte]string{'\a': `\a`, '\b': `\b`, 0x1b: `\E`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\v': `\v`, '\\': `\\`, '\'': `\'`}
	for i := range len(value) {
		c := value[i]
		if code, ok := named[c]; ok {
			b.WriteString(code)
		} else if c < 0x20 || c == 0x7f {
			fmt.Fprintf(&b, `\%03o`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
