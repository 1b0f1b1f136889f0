package attempt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"
)

// printedBy lays an attempt that printed something and ended.
func printedBy(t *testing.T, raw []byte, printed int64, noText bool) (runs string) {
	t.Helper()
	runs = t.TempDir()
	dir := filepath.Join(runs, "r1-p1-s1-1")
	for _, err := range []error{
		os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, outputFile), raw, 0o600),
		os.WriteFile(filepath.Join(dir, exitFile), fmt.Appendf(nil, `{"version":%d,"attempt":"r1-p1-s1-1","outcome":"succeeded","output_bytes":%d,"kept_bytes":%d,"no_text":%v}`, Version, printed, len(raw), noText), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return runs
}

func document1(t *testing.T, runs string, limit int64) Document {
	t.Helper()
	d, err := ReadDocument(runs, "r1-p1-s1-1", limit)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestI39_ADocumentIsWholeOrSaysWhatItLacks: an output within the limit is whole; of a longer one the first and the last part
// stand around a line with the count of what is left out, and a line says what was never kept.
func TestI39_ADocumentIsWholeOrSaysWhatItLacks(t *testing.T) {
	var all strings.Builder
	for n := range 5_000 {
		fmt.Fprintf(&all, "line %04d äöü\n", n)
	}
	text := all.String()
	runs := printedBy(t, []byte(text), int64(len(text)), false)
	if d := document1(t, runs, int64(len(text))); string(d.Body) != text || d.Cut || !d.Text {
		t.Errorf("whole: %d of %d bytes, cut %v", len(d.Body), len(text), d.Cut)
	}
	d := document1(t, runs, 10_000)
	lines := strings.Split(string(d.Body), "\n")
	at, left := 0, 0
	for k, line := range lines {
		if n, err := fmt.Sscanf(strings.ReplaceAll(line, ",", ""), "[drbot: %d bytes are left out", &left); n == 1 && err == nil {
			at = k
		}
	}
	first, last := strings.Join(lines[:at-1], "\n")+"\n", strings.Join(lines[at+2:], "\n")
	if !d.Cut || at == 0 || !strings.HasPrefix(text, first) || !strings.HasSuffix(text, last) || len(first)+left+len(last) != len(text) {
		t.Errorf("cut %v: %d + %d + %d of %d", d.Cut, len(first), left, len(last), len(text))
	}
	if min(len(first), len(last)) < 4_900 || max(len(first), len(last)) > 5_000 {
		t.Errorf("parts of %d and %d bytes", len(first), len(last))
	}
	d = document1(t, printedBy(t, []byte("begin\n"), 2_000_000_000, false), 10_000)
	if string(d.Body) != "begin\n\n[drbot: the step printed 2,000,000,000 bytes; of them the first 6 were kept]\n" {
		t.Errorf("%q", d.Body)
	}
}

// TestI39_ALineOfAnyLengthIsCutAtACharacter: where no line ends near the cut, no character is halved.
func TestI39_ALineOfAnyLengthIsCutAtACharacter(t *testing.T) {
	text := strings.Repeat("€", 20_000)
	for limit := int64(10_000); limit < 10_006; limit++ {
		d := document1(t, printedBy(t, []byte(text), int64(len(text)), false), limit)
		if !d.Cut || !utf8.Valid(d.Body) || bytes.ContainsRune(d.Body, utf8.RuneError) {
			t.Errorf("limit %d: a character was halved", limit)
		}
	}
}

// TestI41_ADocumentIsInert: what a terminal would obey is gone; bytes that are no text are left as they are.
func TestI41_ADocumentIsInert(t *testing.T) {
	d := document1(t, printedBy(t, []byte("\x1b]0;title\x07red\x1b[31m \x08\u202ehidden\n"), 30, false), 1000)
	if string(d.Body) != "red ␈\uFFFDhidden\n" {
		t.Errorf("%q", d.Body)
	}
	raw := bytes.Repeat([]byte{0, 1, 2, 0xff}, 1000)
	d = document1(t, printedBy(t, raw, int64(len(raw)), true), 1000)
	if d.Text || !d.Cut || !bytes.Equal(d.Body, raw[:1000]) {
		t.Errorf("text %v, cut %v, %d bytes", d.Text, d.Cut, len(d.Body))
	}
}

// TestI39_ADocumentOfAGiB holds two parts of it in memory and no more. The file is sparse: zeros are no text, so its ends are
// written.
func TestI39_ADocumentOfAGiB(t *testing.T) {
	runs := printedBy(t, nil, 1<<30, false)
	f, err := os.OpenFile(filepath.Join(runs, "r1-p1-s1-1", outputFile), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	end := bytes.Repeat([]byte("a line of words\n"), 1<<16)
	for _, at := range []int64{0, 1<<30 - int64(len(end))} {
		if _, err := f.WriteAt(end, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	d := document1(t, runs, int64(len(end)))
	runtime.ReadMemStats(&after)
	if !d.Cut || !d.Text || len(d.Body) > len(end)+500 {
		t.Errorf("cut %v, text %v, %d bytes", d.Cut, d.Text, len(d.Body))
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 16*uint64(len(end)) {
		t.Errorf("%d bytes were allocated for a document of %d", took, len(d.Body))
	}
}

func TestADocumentThatIsNotThere(t *testing.T) {
	if _, err := ReadDocument(t.TempDir(), "r1-p1-s1-1", 10); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if _, err := ReadDocument(t.TempDir(), "../secret", 10); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// TestPrintIsTheWholeOutput, neutralised, whatever its lines are; of what is no text it says only that.
func TestPrintIsTheWholeOutput(t *testing.T) {
	long := strings.Repeat("€", printChunk) + "\nend"
	for raw, want := range map[string]string{
		"a\nb": "a\nb\n", "": "", long: long + "\n", "\x1b[31mred\r\n": "red\n",
		strings.Repeat("words\n", 40_000) + strings.Repeat("\x00", 200): strings.Repeat("words\n", 40_000) + "[drbot: from here on the output is no text]\n",
	} {
		var out strings.Builder
		if err := Print(context.Background(), printedBy(t, []byte(raw), int64(len(raw)), false), "r1-p1-s1-1", &out, true); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Errorf("%.40q (%d bytes) is printed as %.40q (%d bytes)", raw, len(raw), out.String(), out.Len())
		}
	}
}
