package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os/exec"
	"strings"
	"testing"
)

const hunter = `hunter2/it's +"50%"$x\`

func TestI38_AStringPrintsStars(t *testing.T) {
	s := New(hunter)
	nested := struct {
		a any
		s String
		p *String
		m map[string]String
	}{s, s, &s, map[string]String{"k": s}}
	var out []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %[1]v"} {
		out = append(out, fmt.Sprintf(verb, s), fmt.Sprintf(verb, &s), fmt.Sprintf(verb, nested), fmt.Sprintf(verb, []String{s}))
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "s", s, "p", &s, "n", nested)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "s", s, "p", &s, "n", nested)
	doc, err := json.Marshal(map[string]any{"s": s, "list": []String{s}})
	if err != nil {
		t.Fatal(err)
	}
	out = append(out, log.String(), string(doc), fmt.Errorf("login with %v", s).Error())
	for _, text := range out {
		if strings.Contains(text, "hunter2") || strings.Contains(text, fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("printed: %s", text)
		}
	}
	if s.Reveal() != hunter || !(String{}).IsZero() || s.IsZero() {
		t.Error("reveal")
	}
}

// redact writes text in the given pieces and flushes.
func redact(t testing.TB, r *Redactor, pieces ...string) string {
	t.Helper()
	var b strings.Builder
	w := r.Writer(&b)
	for _, p := range pieces {
		if n, err := io.WriteString(w, p); n != len(p) || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func redactor(t testing.TB, secrets ...string) *Redactor {
	t.Helper()
	var all []String
	for _, s := range secrets {
		all = append(all, New(s))
	}
	r, err := NewRedactor(all...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestI38_EveryFormIsHiddenAtEveryBorder(t *testing.T) {
	const value = "p@ss w'ord/+\"$x\\9?&é"
	r := redactor(t, value)
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
	asJSON, _ := json.Marshal(value)
	texts := map[string]string{
		"raw":           "a " + value + " b",
		"query":         "a?p=" + url.QueryEscape(value) + "&q",
		"small hex":     "a?p=" + strings.ToLower(url.QueryEscape("X" + value))[1:] + "&q",
		"path":          "/" + url.PathEscape(value) + "/x",
		"userinfo":      "postgres://u:" + strings.TrimPrefix(url.UserPassword("", value).String(), ":") + "@h/d",
		"shell":         "+ echo " + quote(value),
		"json":          string(asJSON),
		"over a line":   "a " + value[:4] + "\n" + value[4:9] + "\r\n" + value[9:] + " b",
		"after nothing": value,
		"hex":           fmt.Sprintf("digest %x.", value),
		"hex, capital":  fmt.Sprintf("digest %X.", value),
		"hex, apart":    fmt.Sprintf("dump % x.", value),
		"hex, colons":   "key " + strings.ReplaceAll(fmt.Sprintf("% X", value), " ", ":"),
		"every percent": "?p=%" + strings.ReplaceAll(fmt.Sprintf("% x", value), " ", "%"),
		"backslash x":   `b'\x` + strings.ReplaceAll(fmt.Sprintf("% x", value), " ", `\x`) + `'`,
		"a colour":      "a " + value[:5] + "\x1b[01;31m\x1b[K" + value[5:8] + "\x1b[m" + value[8:] + " b",
		"a title":       "a " + value[:5] + "\x1b]0;window\x07" + value[5:] + " b",
		"in a title":    "a \x1b]0;" + value + "\x07 b",
		"signs":         "a " + value[:5] + "\x00\x08" + value[5:] + " b",
		"half a colour": "a " + value + "\x1b[01",
		"a dump":        fmt.Sprintf("0000000 % x\n0000020 % x\n0000027\n", value[:16], value[16:]),
	}
	for before := range 3 {
		text := "xyz"[:before] + value + "tail"
		texts[fmt.Sprint("base64 ", before)] = base64.StdEncoding.EncodeToString([]byte(text))
		texts[fmt.Sprint("base64url ", before)] = base64.RawURLEncoding.EncodeToString([]byte(text))
	}
	for name, text := range texts {
		whole := redact(t, r, text)
		if !strings.Contains(whole, Stars) {
			t.Errorf("%s: nothing hidden in %q", name, whole)
		}
		for i := range len(text) {
			if got := redact(t, r, text[:i], text[i:]); got != whole {
				t.Fatalf("%s cut at %d: %q, whole: %q", name, i, got, whole)
			}
		}
		if got := redact(t, r, strings.Split(text, "")...); got != whole {
			t.Errorf("%s in single characters: %q", name, got)
		}
	}
}

func TestI38_RealProgramsCannotSpellIt(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	for _, value := range []string{hunter, "line one is here\nline two's $HOME\n", "tab\tand\x01\x7f and !history", strings.Repeat("long-Secret.", 20)} {
		r := redactor(t, value)
		for _, script := range []string{`printf %q "$S"`, `echo "${S@Q}"`, `set -x; : "$S"`, `declare -p S`, `printf %s "$S" | base64`,
			`printf 'some text before it %s and after' "$S" | base64`, `printf 'xx%s' "$S" | base64 -w 7`, `printf '%s\n' "$S" | sed 's/^/   /'`,
			`printf %s "$S" | od -An -tx1 | tr -d '\n ' | fold -w2 | sed 's/^/\\x/' | tr -d '\n'`, `printf %s "$S" | od -An -x`, `printf 'odd%s' "$S" | od -An -x`,
			`printf %s "$S" | base32`, `printf 'abc%s' "$S" | base32 -w 0`, `printf '%s\n' "$S" | sed $'s/./&\e[0m/3'`, `printf %s "$S" | iconv -f UTF-8 -t UTF-16LE`,
			`printf %s "$S" | od -An -tx1`, `printf %s "$S" | od -tx1`, `printf 'before %s' "$S" | od -tx1 -v`} {
			cmd := exec.Command(bash, "--norc", "-c", script)
			cmd.Env = []string{"PATH=/usr/bin:/bin", "S=" + value, "LC_ALL=C.UTF-8"}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%s: %v", script, err)
			}
			got := redact(t, r, string(out))
			if !strings.Contains(got, Stars) {
				t.Errorf("%s leaks %q", script, got)
			}
		}
	}
}

// TestI38_WhatIsTakenOutForTheEyeHidesNothing: whatever sequences and signs stand between the characters of a secret, and however
// the output is cut, it does not read as the secret once they are gone.
func TestI38_WhatIsTakenOutForTheEyeHidesNothing(t *testing.T) {
	const value = "zQ7/sEcret-token=mY4vT2w"
	r := redactor(t, value)
	between := []string{"\x1b[0m", "\x1b[01;31m\x1b[K", "\x1b]8;;x\x1b\\", "\x1b]0;t\x07", "\x00", "\x08", "\x1b", "\n", "\r\n", "\x1bPq\x1b\\", ""}
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		var b strings.Builder
		for _, c := range value {
			b.WriteString(between[random.IntN(len(between))] + string(c))
		}
		text := "before " + b.String() + " after"
		cut := random.IntN(len(text))
		got := redact(t, r, text[:cut], text[cut:])
		var read strings.Builder
		for at := 0; at < len(got); {
			if n := EscapeSequence(got[at:]); n > 0 {
				at += n
				continue
			}
			if got[at] >= ' ' {
				read.WriteByte(got[at])
			}
			at++
		}
		if strings.Contains(read.String(), value) || !strings.Contains(got, Stars) {
			t.Fatalf("%q cut at %d: %q", text, cut, got)
		}
	}
}

// TestI38_WhatEndsInANumberIsNoSecret: of a secret that was cut off four bytes are hidden; a number or a word at the end of an
// output is none, though many spellings begin like it.
func TestI38_WhatEndsInANumberIsNoSecret(t *testing.T) {
	const value = "p7060-zQ7/sEcret-token"
	r := redactor(t, value)
	for n := range 100000 {
		text := fmt.Sprintf("restored pg_20261125_1%05d\n", n)
		if got := redact(t, r, text); got != text {
			t.Fatalf("%q became %q", text, got)
		}
	}
	hex := fmt.Sprintf("%x", value)
	for cut, hidden := range map[string]bool{
		value[:3]: false, value[:4]: true, value[:9]: true, hex[:7]: false, hex[:8]: true, hex[:12]: true, value[:4] + "\n": true, "70" + value[:5]: true,
	} {
		if got := redact(t, r, "killed at "+cut); strings.HasSuffix(got, Stars) != hidden || hidden && strings.Contains(got, cut) {
			t.Errorf("%q: %q", cut, got)
		}
	}
}

// TestI38_ADumpShowsThreeBytesALine: a line of a dump begins anywhere in a secret, with its offset in front; of what it shows of
// the secret at most three bytes at its beginning and its end stand there.
func TestI38_ADumpShowsThreeBytesALine(t *testing.T) {
	const value = "zQ7/sEcret-token-0123456789abcdefg"
	r := redactor(t, value)
	for before := range 16 {
		var dump strings.Builder
		text := strings.Repeat(".", before) + value
		for at := 0; at < len(text); at += 16 {
			line := text[at:min(at+16, len(text))]
			left := min(8, len(line))
			fmt.Fprintf(&dump, "%08x  % x  % x\n", at, line[:left], line[left:])
		}
		for line := range strings.Lines(redact(t, r, dump.String())) {
			_, pairs, _ := strings.Cut(line, "  ")
			shown := 0
			for _, pair := range strings.Fields(pairs) {
				if len(pair) == 2 && pair != "2e" {
					shown++
				}
			}
			if shown > 6 {
				t.Errorf("after %d bytes: %s", before, line)
			}
		}
	}
}

func TestOverlappingSecretsAreBothHiddenWhole(t *testing.T) {
	r := redactor(t, "abcdef", "defghi", "aaaa")
	for text, want := range map[string]string{
		"xabcdefghix":                  "x*****x",
		"abcdefabcdef":                 "**********",
		strings.Repeat("a", 200) + "b": "*****b",
		"abcde":                        "*****", // the end of the stream: it may have been cut
		"abc":                          "abc",
		"abcdx abcdef":                 "abcdx *****",
	} {
		if got := redact(t, r, strings.Split(text, "")...); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := r.Text("x abcdef, abcd"); got != "x *****, abcd" {
		t.Errorf("%q", got)
	}
}

func TestASecretIsNeverAPattern(t *testing.T) {
	r := redactor(t, `a.*b+[`)
	if got := redact(t, r, `axxxbb[ a.*b+[`); got != `axxxbb[ *****` {
		t.Errorf("%q", got)
	}
}

func TestShortSecretsAreRefused(t *testing.T) {
	if _, err := NewRedactor(New("abc")); !errors.Is(err, ErrShort) {
		t.Error(err)
	}
	r, err := NewRedactor(New(""), New("ab"), New("long enough"))
	if !errors.Is(err, ErrShort) {
		t.Error(err)
	}
	if got := redact(t, r, "ab long enough"); got != "ab *****" {
		t.Errorf("%q", got)
	}
	none, err := NewRedactor()
	if got := redact(t, none, "a\nb"); got != "a\nb" || err != nil {
		t.Error(got, err)
	}
}

// FuzzI38 compares the stream with a search of its own: whatever the pieces, no
// secret is left, and without a secret nothing changes.
func FuzzI38_Stream(f *testing.F) {
	f.Add("s3cret", "say s3cret s3s3cret", uint64(1))
	f.Add("aabaa", "aabaabaabaa\n\n\r\naab\naa", uint64(2))
	f.Fuzz(func(t *testing.T, value, text string, cuts uint64) {
		r, err := NewRedactor(New(value))
		if err != nil || value == "" {
			t.Skip()
		}
		random := rand.New(rand.NewPCG(cuts, 1))
		var pieces []string
		for rest := text; rest != ""; {
			n := 1 + random.IntN(len(rest))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		got := redact(t, r, pieces...)
		flat := func(s string, sequences bool) string {
			var v view
			v.flatten([]byte(s), sequences)
			return string(v.flat)
		}
		hidden := false
		for _, form := range r.forms {
			for _, sequences := range []bool{false, true} {
				hidden = hidden || strings.Contains(flat(text, sequences), string(form.text))
			}
			for part := range strings.SplitSeq(got, Stars) {
				if strings.Contains(flat(part, false), string(form.text)) {
					t.Fatalf("%q left in %q", form.text, got)
				}
			}
		}
		if !hidden && got != text && !strings.HasSuffix(got, Stars) {
			t.Fatalf("%q became %q", text, got)
		}
	})
}

func BenchmarkRedactor(b *testing.B) {
	log := strings.Repeat("2026-01-13 copied 1.2 of 3.1 GB of the users table, 17% done\n", 2000)
	dump := strings.Repeat("0000020 2d 30 31 32 33 34 35 36 37 38 39 61 62 63 6f 72\n", 2000)
	for _, n := range []int{1, 10} {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf("correct-horse-battery-%d", i))
		}
		for name, text := range map[string]string{"log": log, "dump": dump} {
			for _, size := range []int{60, 64 << 10} {
				b.Run(fmt.Sprintf("%d secrets, %s by %d", n, name, size), func(b *testing.B) {
					w := redactor(b, all...).Writer(io.Discard)
					b.SetBytes(int64(len(text)))
					for b.Loop() {
						for rest := []byte(text); len(rest) > 0; {
							k := min(size, len(rest))
							_, _ = w.Write(rest[:k])
							rest = rest[k:]
						}
					}
				})
			}
		}
	}
}
