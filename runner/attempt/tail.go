package attempt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/drbot/drbot/secret"
)

const (
	recordLines = 20       // of LastLines in the exit record
	recordBytes = 4 << 10  // likewise
	saidBytes   = 500      // of Said
	tailBytes   = 64 << 10 // the most that Tail reads, whatever the length of a line
)

// Excerpt is the end of an attempt's output, fit to be shown.
type Excerpt struct {
	Text   string // neutralised, without the last line break
	Shown  int64  // bytes of the output that Text shows
	Total  int64  // bytes that the step printed; while it runs, those in the file
	Kept   int64  // bytes in the file
	SHA256 string // of all Total bytes; "" while it runs
	NoText bool   // see IsText; Text is empty then
}

// Cut says whether there is more than Text shows.
func (t Excerpt) Cut() bool { return t.Shown < t.Total }

// Tail gives the last lines of the output, at most 64 KiB: of a longer line, its
// end. An attempt without output, or without a directory, has an empty tail.
func Tail(runsDir, attempt string, lines int) (Excerpt, error) {
	dir, err := attemptDir(runsDir, attempt)
	if err != nil {
		return Excerpt{}, err
	}
	f, err := os.Open(filepath.Join(dir, outputFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Excerpt{}, nil
	}
	if err != nil {
		return Excerpt{}, fmt.Errorf("read output: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return Excerpt{}, fmt.Errorf("read output: %w", err)
	}
	t := Excerpt{Total: info.Size(), Kept: info.Size()}
	if r, err := readResult(dir); err == nil {
		t.Total, t.Kept, t.SHA256, t.NoText = r.OutputBytes, r.KeptBytes, r.OutputSHA256, r.NoText
	}
	from := max(0, info.Size()-tailBytes)
	raw, err := io.ReadAll(io.NewSectionReader(f, from, info.Size()-from))
	if err != nil {
		return Excerpt{}, fmt.Errorf("read output: %w", err)
	}
	if t.NoText = t.NoText || !IsText(raw); t.NoText {
		return t, nil
	}
	raw = lastOf(raw, lines, from > 0)
	t.Text, t.Shown = strings.TrimSuffix(Neutralise(string(raw)), "\n"), int64(len(raw))
	return t, nil
}

// lastOf cuts raw to its last lines. When raw itself was cut out of something
// longer it may begin inside a character.
func lastOf(raw []byte, lines int, cut bool) []byte {
	at := len(bytes.TrimSuffix(raw, []byte("\n")))
	for ; lines > 0 && at >= 0; lines-- {
		at = bytes.LastIndexByte(raw[:at], '\n')
	}
	raw = raw[at+1:]
	for n := 0; cut && at < 0 && n < utf8.UTFMax && len(raw) > 0 && !utf8.RuneStart(raw[0]); n++ {
		raw = raw[1:]
	}
	return raw
}

// lastLines is lastOf for the exit record: neutralised and bounded after that.
func lastLines(raw []byte, lines, limit int, cut bool) string {
	text := strings.TrimSuffix(Neutralise(string(lastOf(raw, lines, cut))), "\n")
	for len(text) > limit {
		text = text[len(text)-limit:]
		for len(text) > 0 && !utf8.RuneStart(text[0]) {
			text = text[1:]
		}
	}
	return text
}

// lastSaid is the last line of standard error that says something: the reason of a failure, whatever else was printed and whichever
// pipe was read last.
func lastSaid(raw []byte) string {
	if !IsText(raw) {
		return ""
	}
	text := strings.TrimSpace(Neutralise(string(lastOf(bytes.TrimSpace(raw), 1, len(raw) >= tailKept))))
	text = strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:]) // a carriage return began a line
	if len(text) <= saidBytes {
		return text
	}
	n := saidBytes
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n] + "…"
}

// Neutralise makes text from a command harmless to show: escape sequences go,
// other control characters become visible signs, a carriage return starts a line,
// characters that reorder or hide text and bytes that are no UTF-8 become U+FFFD.
// Line breaks and tabs stay. Mentions, links and back-ticks are the chat door's to
// disarm: only it knows its own markup.
func Neutralise(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); {
		if n := secret.EscapeSequence(text[i:]); n > 0 {
			i += n
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r >= ' ' && r < 0x7f: // most of any output
			b.WriteByte(text[i])
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case r == '\r':
			if !strings.HasPrefix(text[i+1:], "\n") {
				b.WriteByte('\n')
			}
		case r < 0x20:
			b.WriteRune('\u2400' + r)
		case r == 0x7f:
			b.WriteRune('\u2421')
		case hides(r):
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}

// hides tells characters that a reader cannot see and that change what they see:
// C1 controls, format characters (direction, joiners, tags), line and paragraph separators.
func hides(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Variation_Selector)
}
