package attempt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Document is what an attempt printed as a file that people open.
type Document struct {
	Body []byte
	Text bool // neutralised; otherwise the bytes as they are
	Cut  bool // Body is the first and the last part
}

// ReadDocument reads a whole output, or of one over limit bytes its first and its last half of that, with a line between
// them that says so; of one that is no text, the first limit bytes. No more than that is read into memory. An attempt
// without an output is fs.ErrNotExist.
func ReadDocument(runsDir, attempt string, limit int64) (Document, error) {
	dir, err := attemptDir(runsDir, attempt)
	if err != nil {
		return Document{}, err
	}
	f, err := os.Open(filepath.Join(dir, outputFile))
	if err != nil {
		return Document{}, fmt.Errorf("read output: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return Document{}, fmt.Errorf("read output: %w", err)
	}
	size := info.Size()
	begin := size
	if size > limit {
		begin = limit / 2
	}
	first, err := part(f, 0, begin)
	if err != nil {
		return Document{}, err
	}
	r, ended := readResult(dir)
	d := Document{Text: IsText(first) && !(ended == nil && r.NoText), Cut: size > limit}
	printed := size
	if ended == nil {
		printed = max(size, r.OutputBytes)
	}
	if !d.Text {
		d.Body, err = part(f, 0, min(size, limit))
		return d, err
	}
	var last []byte
	if d.Cut {
		if last, err = part(f, size-limit/2, limit/2); err != nil {
			return Document{}, err
		}
		first, last = wholeLines(first), bytes.TrimPrefix(last, untilLine(last))
	}
	d.Body = document(first, last, size, printed)
	return d, nil
}

// part reads n bytes from an offset.
func part(f io.ReaderAt, from, n int64) ([]byte, error) {
	b := make([]byte, n)
	if _, err := f.ReadAt(b, from); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read output: %w", err)
	}
	return b, nil
}

// document puts both parts together and says what is missing: what the file leaves out, and what was never kept.
func document(first, last []byte, size, printed int64) []byte {
	var b bytes.Buffer
	b.Grow(len(first) + len(last) + 512)
	b.WriteString(Neutralise(string(first)))
	if left := size - int64(len(first)+len(last)); left > 0 {
		fmt.Fprintf(&b, "\n[drbot: %s bytes are left out here; `drbot recover output` at the terminal shows all]\n\n", thousands(left))
		b.WriteString(Neutralise(string(last)))
	}
	if printed > size {
		fmt.Fprintf(&b, "\n[drbot: the step printed %s bytes; of them the first %s were kept]\n", thousands(printed), thousands(size))
	}
	return b.Bytes()
}

// edge is how far from a cut a line break is looked for.
const edge = 4 << 10

// wholeLines ends a part at a line, or at least at a character.
func wholeLines(part []byte) []byte {
	if n := bytes.LastIndexByte(part[max(0, len(part)-edge):], '\n'); n >= 0 {
		return part[:max(0, len(part)-edge)+n+1]
	}
	for n := len(part) - 1; n >= max(0, len(part)-utf8.UTFMax); n-- {
		if utf8.RuneStart(part[n]) {
			if !utf8.FullRune(part[n:]) {
				return part[:n]
			}
			break
		}
	}
	return part
}

// untilLine is what stands before the first whole line of a part, or before its first whole character.
func untilLine(part []byte) []byte {
	if n := bytes.IndexByte(part[:min(len(part), edge)], '\n'); n >= 0 {
		return part[:n+1]
	}
	for n := range min(len(part), utf8.UTFMax) {
		if utf8.RuneStart(part[n]) {
			return part[:n]
		}
	}
	return nil
}

func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for k := len(digits) - 3; k > 0; k -= 3 {
		digits = digits[:k] + "," + digits[k:]
	}
	return digits
}

// followEvery is how often Print looks whether a running attempt wrote more.
const followEvery = 200 * time.Millisecond

// Print copies what an attempt printed to w, neutralised, and where follow says so what it goes on to print, until it
// ends or ctx does. Of an output that is no text it says only that.
func Print(ctx context.Context, runsDir, attempt string, w io.Writer, follow bool) error {
	dir, err := attemptDir(runsDir, attempt)
	if err != nil {
		return err
	}
	f, err := os.Open(filepath.Join(dir, outputFile))
	if err != nil {
		return fmt.Errorf("read output: %w", err)
	}
	defer func() { _ = f.Close() }()
	p := printer{w: w}
	look := time.NewTicker(followEvery)
	defer look.Stop()
	for {
		r, ended := readResult(dir)
		if ended == nil && r.NoText {
			p.noText = true
		}
		if err := p.take(f); err != nil {
			return err
		}
		if ended == nil || !follow || p.noText {
			return p.end()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
	}
}

// printer neutralises a stream in whole lines, so that what is cut between two reads is not judged by its halves.
type printer struct {
	w      io.Writer
	held   []byte
	noText bool
}

const printChunk = 64 << 10

// take copies what is there now.
func (p *printer) take(from io.Reader) error {
	buf := make([]byte, printChunk)
	for !p.noText {
		n, err := from.Read(buf)
		p.held = append(p.held, buf[:n]...)
		if p.noText = !IsText(p.held); p.noText {
			return nil
		}
		whole := bytes.LastIndexByte(p.held, '\n') + 1
		if whole == 0 && len(p.held) >= printChunk {
			whole = len(wholeLines(p.held))
		}
		if _, err := io.WriteString(p.w, Neutralise(string(p.held[:whole]))); err != nil {
			return err
		}
		p.held = append(p.held[:0], p.held[whole:]...)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read output: %w", err)
		}
	}
	return nil
}

// end prints what has no line end, and one for it.
func (p *printer) end() error {
	text := ""
	switch {
	case p.noText:
		text = "[drbot: from here on the output is no text]\n"
	case len(p.held) > 0:
		text = strings.TrimSuffix(Neutralise(string(p.held)), "\n") + "\n"
	}
	_, err := io.WriteString(p.w, text)
	return err
}
