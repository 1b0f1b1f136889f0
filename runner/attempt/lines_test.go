package attempt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/secret"
)

// said plays what two streams print, "1" before standard output and "2" before standard error, and gives the file and its output.
func said(t *testing.T, hidden string, parts ...string) (*output, func() string) {
	t.Helper()
	hide, err := secret.NewRedactor(secret.New(hidden))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "output")
	o, err := newOutput(path, 1<<20, hide)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.file.Close() })
	for _, part := range parts {
		to := o.stdOut
		if part[0] == '2' {
			to = o.stdErr
		}
		o.mu.Lock()
		o.hear(to, []byte(part[1:]))
		o.mu.Unlock()
	}
	return o, func() string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
}

// Lines of the two streams stand whole in the file: one that has no end yet waits, also where a secret may begin with its end.
func TestLinesAreNotTorn(t *testing.T) {
	for _, c := range []struct {
		name, hidden, want string
		parts              []string
	}{
		{"begun", "", "err\nabc def\n", []string{"1abc ", "2err\n", "1def\n"}},
		{"both begun", "", "x y\na b\n", []string{"1a ", "2x ", "2y\n", "1b\n"}},
		{"many and a beginning", "", "1\n2\nerr\n3\n", []string{"11\n2\n3", "2err\n", "1\n"}},
		{"a secret may begin", "evil-horse", "out is fine\nerr is fine\n", []string{"1out is fine\n", "2err is fine\n"}},
		{"a secret may begin, by turns", "evil-horse", "out one\nerr one\nout one\nerr one\n", []string{"1out one\n", "2err one\n", "1out one\n", "2err one\n"}},
		{"no end", "", "abcxyz", []string{"1abc", "2xyz"}},
		{"no end, the other way", "", "xyzabc", []string{"2xyz", "1abc"}},
		{"a secret over two lines", "evil-horse", "err\na ***\n", []string{"1a evil-", "2err\n", "1horse\n"}},
	} {
		o, file := said(t, c.hidden, c.parts...)
		r := &Result{}
		o.seal(r)
		want := strings.ReplaceAll(c.want, "***", secret.Stars)
		if got := file(); got != want || r.KeptBytes != int64(len(want)) {
			t.Errorf("%s: %q of %d bytes, not %q", c.name, got, r.KeptBytes, want)
		}
	}
}

// What asks a question has no line's end, and is seen all the same; one longer than the bound too.
func TestALineWithoutAnEndIsSeen(t *testing.T) {
	for _, text := range []string{"Password: ", strings.Repeat("x", lineKept)} {
		o, file := said(t, "", "1"+text)
		for limit := time.Now().Add(30 * time.Second); file() != text; {
			if time.Now().After(limit) {
				t.Fatalf("%q", file())
			}
		}
		o.seal(&Result{})
	}
}
