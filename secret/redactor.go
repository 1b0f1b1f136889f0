package secret

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
)

// ErrShort is returned for a secret under four bytes: its stars would be
// everywhere, and where they are not a reader could guess it.
var ErrShort = errors.New("a secret under 4 bytes cannot be hidden")

// Redactor finds every form of its secrets in text. It is made once and may be
// used from many goroutines; each stream has its own Writer. Secrets are compared
// as bytes and are never compiled into a pattern language.
//
// The search is Wu-Manber's: a table says for the last two bytes of a window how
// far the window may jump, so that text without secrets costs under 1 ns a byte
// whatever the number of forms.
type Redactor struct {
	forms    [][]byte
	starting [256][]int // forms by their first byte, the longest first
	shortest int
	longest  int
	jump     []uint16         // by two bytes
	ending   map[uint16][]int // forms whose first `shortest` bytes end with these two
}

// NewRedactor registers secrets. Empty ones are skipped; one under four bytes is
// ErrShort, and the Redactor returned with it hides the others.
func NewRedactor(secrets ...String) (*Redactor, error) {
	r := &Redactor{}
	var short error
	for _, s := range secrets {
		value := s.Reveal()
		if value == "" {
			continue
		}
		found := forms(value)
		if len(strings.NewReplacer("\n", "", "\r", "").Replace(value)) < minForm {
			short = ErrShort
		}
		r.forms = append(r.forms, found...)
	}
	slices.SortFunc(r.forms, bytes.Compare)
	r.forms = slices.CompactFunc(r.forms, bytes.Equal)
	r.index()
	return r, short
}

func (r *Redactor) index() {
	if len(r.forms) == 0 {
		return
	}
	r.shortest = len(r.forms[0])
	for n, form := range r.forms {
		r.shortest = min(r.shortest, len(form))
		r.longest = max(r.longest, len(form))
		r.starting[form[0]] = append(r.starting[form[0]], n)
	}
	for _, list := range r.starting {
		slices.SortFunc(list, func(a, b int) int { return len(r.forms[b]) - len(r.forms[a]) })
	}
	r.jump = make([]uint16, 1<<16)
	farthest := uint16(min(r.shortest-1, 1<<15))
	for i := range r.jump {
		r.jump[i] = farthest
	}
	r.ending = map[uint16][]int{}
	for n, form := range r.forms {
		for end := 1; end < r.shortest; end++ {
			pair := pairOf(form[end-1], form[end])
			left := uint16(min(r.shortest-1-end, 1<<15))
			r.jump[pair] = min(r.jump[pair], left)
			if left == 0 {
				r.ending[pair] = append(r.ending[pair], n)
			}
		}
	}
}

func pairOf(a, b byte) uint16 { return uint16(a)<<8 | uint16(b) }

type span struct{ from, to int }

// spans finds every occurrence of every form in text (flat: see view)
// and returns their union: two secrets that overlap are both hidden whole.
func (r *Redactor) spans(text []byte) []span {
	var found []span
	for end := r.shortest - 1; end < len(text); {
		pair := pairOf(text[end-1], text[end])
		if jump := r.jump[pair]; jump > 0 {
			end += int(jump)
			continue
		}
		from, to := end-r.shortest+1, 0
		for _, n := range r.ending[pair] {
			if bytes.HasPrefix(text[from:], r.forms[n]) {
				to = max(to, from+len(r.forms[n]))
			}
		}
		switch last := len(found) - 1; {
		case to == 0:
		case last >= 0 && from < found[last].to:
			found[last].to = max(found[last].to, to)
		default:
			found = append(found, span{from, to})
		}
		end++
	}
	return found
}

// hold gives the place from which text might be the beginning of a form that
// goes on in the next read, or len(text).
func (r *Redactor) hold(text []byte) int {
	for at := max(0, len(text)-r.longest+1); at < len(text); at++ {
		for _, n := range r.starting[text[at]] {
			if len(r.forms[n]) <= len(text)-at {
				break // neither this one nor a shorter one goes on
			}
			if bytes.HasPrefix(r.forms[n], text[at:]) {
				return at
			}
		}
	}
	return len(text)
}

// Text hides the secrets in one whole text.
func (r *Redactor) Text(s string) string {
	var b strings.Builder
	w := r.Writer(&b)
	_, _ = io.WriteString(w, s)
	w.flush(len(s) + 1)
	return b.String()
}

// Writer returns a stream that hides the secrets in what is written to it and
// passes the rest to w. What might be the beginning of a secret is held back
// until the next Write or Flush shows what it is.
func (r *Redactor) Writer(w io.Writer) *Writer { return &Writer{r: r, w: w} }

// chunk bounds what one scan copies; held bounds how long line breaks alone can
// keep bytes back.
const (
	chunk   = 64 << 10
	maxHeld = 1 << 20
)

// Writer is one redacted stream. It is not safe for concurrent use.
type Writer struct {
	r      *Redactor
	w      io.Writer
	held   []byte  // not yet passed on
	hidden int     // how many of held's first bytes have their stars written already
	views  [2]view // scratch: held as it is searched
	spans  []span  // scratch: of held
}

// Write hides and passes on. It returns len(p) unless w fails.
func (w *Writer) Write(p []byte) (int, error) {
	if len(w.r.forms) == 0 {
		return w.w.Write(p)
	}
	for done := 0; done < len(p); {
		n := min(chunk, len(p)-done)
		w.held = append(w.held, p[done:done+n]...)
		if err := w.pass(false); err != nil {
			return done, err
		}
		done += n
	}
	return len(p), nil
}

// Flush passes on what is held, at the end of the stream. Four bytes or more
// that begin a secret are hidden: a killed process may have written only half.
func (w *Writer) Flush() error { return w.flush(minForm) }

func (w *Writer) flush(hideFrom int) error {
	if len(w.held) == 0 {
		return nil
	}
	if len(w.held)-w.hidden >= hideFrom {
		w.held, w.hidden = w.held[:0], 0
		_, err := io.WriteString(w.w, Stars)
		return err
	}
	return w.pass(true)
}

// pass scans held and passes on all that is settled.
func (w *Writer) pass(final bool) error {
	hold := w.scan(final)
	at, inStars := w.hidden, w.hidden > 0
	for _, s := range w.spans {
		if s.from >= hold {
			break
		}
		if !inStars || s.from >= at {
			if err := w.write(w.held[at:s.from], Stars); err != nil {
				return err
			}
		}
		at, inStars = max(at, s.to), true
	}
	if at < hold {
		if err := w.write(w.held[at:hold], ""); err != nil {
			return err
		}
	}
	w.hidden = max(0, at-hold)
	w.held = append(w.held[:0], w.held[hold:]...)
	return nil
}

// scan finds the spans of held that are secrets, in its own places, and from where it must wait for more. Text with escape
// sequences is searched twice: with what stands in them, and as it reads once they are taken out, since a colour in the
// middle of a secret hides it from the first search only.
func (w *Writer) scan(final bool) (hold int) {
	hold, w.spans = len(w.held), w.spans[:0]
	views := w.views[:1]
	if bytes.IndexByte(w.held, escape) >= 0 {
		views = w.views[:2]
	}
	for k := range views {
		v := &views[k]
		v.flatten(w.held, k == 1)
		if at := w.r.hold(v.flat); !final && at < len(v.flat) && len(w.held) < maxHeld {
			hold = min(hold, v.place(at))
		}
		for _, s := range w.r.spans(v.flat) {
			w.spans = append(w.spans, span{v.place(s.from), v.place(s.to-1) + 1})
		}
	}
	slices.SortFunc(w.spans, func(a, b span) int { return a.from - b.from })
	return hold
}

func (w *Writer) write(text []byte, stars string) error {
	if len(text) > 0 {
		if _, err := w.w.Write(text); err != nil {
			return err
		}
	}
	if stars == "" {
		return nil
	}
	_, err := io.WriteString(w.w, stars)
	return err
}
