package attempt

import (
	"bytes"
	"compress/gzip"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// TestIsText names what people read and what they do not.
func TestIsText(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		_, _ = z.Write([]byte{byte('a' + r.IntN(26))})
	}
	_ = z.Close()
	noise := make([]byte, 300_061)
	for k := range noise {
		noise[k] = byte(r.Uint32())
	}
	var wide []byte
	for _, u := range utf16.Encode([]rune(strings.Repeat("hello ", 50))) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	latin := strings.Repeat("caf\xe9 \xe0 la carte, gar\xe7on, s'il vous pla\xeet; ", 100)
	for name, c := range map[string]struct {
		raw  []byte
		text bool
	}{
		"nothing": {nil, true}, "words": {[]byte("all is there\n"), true}, "umlauts": {[]byte(strings.Repeat("äöü€𝛼\n", 500)), true},
		"an environment": {[]byte("PATH=/usr/bin:/bin\x00HOME=/var/lib/drbot/runs/r1/work\x00LANG=C.UTF-8\x00"), true},
		"names and NULs": {bytes.Repeat([]byte("./var/lib/postgresql/17/main/base/16384\x00"), 200), true},
		"Latin-1":        {[]byte(latin), true}, "colours": {[]byte(strings.Repeat("\x1b[31mred\x1b[0m\n", 200)), true},
		"a few odd bytes": {[]byte("\xff\xfe"), true},
		"random":          {noise, false}, "random without NUL": {bytes.ReplaceAll(noise, []byte{0}, nil), false},
		"gzip": {zipped.Bytes(), false}, "UTF-16": {wide, false}, "a program": {self[:64<<10], false}, "a page of zeros": {make([]byte, 8192), false},
	} {
		if IsText(c.raw) != c.text {
			t.Errorf("%s: %v", name, !c.text)
		}
	}
}

// TestIsText_AnyPartOfATextIsOne: however UTF-8 without NULs is cut, its parts are text; and whatever bytes are, a page of
// zeros among as many of them makes them none.
func TestIsText_AnyPartOfATextIsOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.ReplaceAll(rapid.String().Draw(t, "text"), "\x00", " ")
		from := rapid.IntRange(0, len(text)).Draw(t, "from")
		to := rapid.IntRange(from, len(text)).Draw(t, "to")
		if !IsText([]byte(text[from:to])) {
			t.Fatalf("%q is text, its part %q is not", text, text[from:to])
		}
		raw := rapid.SliceOfN(rapid.Byte(), 0, 600).Draw(t, "raw")
		if IsText(append(raw, make([]byte, 64+len(raw))...)) {
			t.Fatalf("%x and as many zeros are text", raw)
		}
	})
}

// FuzzIsText: the judgement never panics, does not depend on what spoils no text, and what is judged as text is shown as
// UTF-8 without controls.
func FuzzIsText(f *testing.F) {
	for _, seed := range []string{"", "text\n", "\x00\x01\x02", "caf\xe9", strings.Repeat("\xff", 64), strings.Repeat("\x00", 64)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		text := IsText(raw)
		if utf8.Valid(raw) && !bytes.ContainsRune(raw, 0) && !text {
			t.Errorf("%q is UTF-8 and no text", raw)
		}
		if longer := append(bytes.Clone(raw), strings.Repeat("word ", len(raw))...); text && !IsText(longer) {
			t.Errorf("%q is text, and with words after it none", raw)
		}
		shown := Neutralise(string(raw))
		if !utf8.ValidString(shown) || strings.ContainsFunc(shown, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' }) {
			t.Errorf("%q is shown as %q", raw, shown)
		}
	})
}
