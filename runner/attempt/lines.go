package attempt

import (
	"bytes"
	"io"
	"time"

	"github.com/drbot/drbot/secret"
)

// Two streams go into one file, and each may have begun a line when the other writes. So the beginning of a line waits for its end,
// for a moment: what asks a question, or draws how far it is, is seen too. Whole lines never wait.
const (
	lineKept = 64 << 10               // of a line that waits; a longer one is passed on in parts
	moment   = 200 * time.Millisecond // for the end of a line to come
)

// stream is one of the two, redacted by itself: a secret in one is whole there, whatever the other prints in between.
type stream struct {
	hide  *secret.Writer
	line  []byte                // has no end yet
	began time.Time             // line
	came  uint64                // when it was last written to, in reads of both
	pass  func([]byte)          // whole lines, and those that waited long
	wait  func()                // has late called in a moment
	hear  func(redacted []byte) // everything
}

// Write takes redacted bytes; it never fails.
func (s *stream) Write(p []byte) (int, error) {
	s.hear(p)
	n := len(p)
	from := max(0, n-lineKept)
	if bytes.IndexByte(p[from:], '\n') >= 0 { // without one, the search backwards is slow
		end := from + bytes.LastIndexByte(p[from:], '\n') + 1
		if len(s.line) > 0 {
			first := bytes.IndexByte(p, '\n') + 1
			s.line = append(s.line, p[:first]...)
			s.let()
			p, end = p[first:], end-first
		}
		if end > 0 {
			s.pass(p[:end])
		}
		p = p[end:]
	}
	switch {
	case len(s.line)+len(p) >= lineKept:
		s.let()
		s.pass(p)
	case len(p) > 0:
		if len(s.line) == 0 {
			s.began = time.Now()
		}
		s.line = append(s.line, p...)
		s.wait()
	}
	return n, nil
}

// late passes on a line that still has no end. One whose end is there, and held back because a secret may begin with it, is whole when
// the next bytes show what it is.
func (s *stream) late() {
	switch {
	case len(s.line) == 0 || s.hide.HoldsLineEnd():
	case time.Since(s.began) < moment:
		s.wait() // another line than the one that it was called for
	default:
		s.let()
	}
}

// let passes on what waits.
func (s *stream) let() {
	if len(s.line) > 0 {
		s.pass(s.line)
		s.line = s.line[:0]
	}
}

// end passes on all of it.
func (s *stream) end() {
	_ = s.hide.Flush() // Write never fails
	s.let()
}

var _ io.Writer = (*stream)(nil)
