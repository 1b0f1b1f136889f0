package secret

import (
	"bytes"
	"cmp"
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
	forms    []form
	starting [256][]int       // forms by their first byte, the longest first
	pairs    map[uint16][]int // the same by their first two
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
	slices.SortFunc(r.forms, func(a, b form) int { return cmp.Or(bytes.Compare(a.text, b.text), a.half-b.half) })
	r.forms = slices.CompactFunc(r.forms, func(a, b form) bool { return bytes.Equal(a.text, b.text) })
	r.index()
	return r, short
}

func (r *Redactor) index() {
	if len(r.forms) == 0 {
		return
	}
	r.shortest, r.pairs = len(r.forms[0].text), map[uint16][]int{}
	for n, f := range r.forms {
		r.shortest = min(r.shortest, len(f.text))
		r.longest = max(r.longest, len(f.text))
		r.starting[f.text[0]] = append(r.starting[f.text[0]], n)
		pair := pairOf(f.text[0], f.text[1])
		r.pairs[pair] = append(r.pairs[pair], n)
	}
	longestFirst := func(a, b int) int { return len(r.forms[b].text) - len(r.forms[a].text) }
	for _, list := range r.starting {
		slices.SortFunc(list, longestFirst)
	}
	for _, list := range r.pairs {
		slices.SortFunc(list, longestFirst)
	}
	r.jump = make([]uint16, 1<<16)
	farthest := uint16(min(r.shortest-1, 1<<15))
	for i := range r.jump {
		r.jump[i] = farthest
	}
	r.ending = map[uint16][]int{}
	for n, f := range r.forms {
		for end := 1; end < r.shortest; end++ {
			pair := pairOf(f.text[end-1], f.text[end])
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
			if bytes.HasPrefix(text[from:], r.forms[n].text) {
				to = max(to, from+len(r.forms[n].text))
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

// begun gives the place from which text might be the beginning of a form that goes on in the next read, or len(text). Where
// nothing goes on (last), only a beginning that shows some of the secret counts.
func (r *Redactor) begun(text []byte, last bool) int {
	for at := max(0, len(text)-r.longest+1); at < len(text); at++ {
		list := r.starting[text[at]]
		if at+1 < len(text) && len(list) > 0 {
			list = r.pairs[pairOf(text[at], text[at+1])]
		}
		for _, n := range list {
			f := &r.forms[n]
			if len(f.text) <= len(text)-at {
				break // neither this one nor a shorter one goes on
			}
			if bytes.HasPrefix(f.text, text[at:]) && (!last || len(text)-at >= f.half) {
				return at
			}
		}
	}
	return len(text)
}

// Text hides the secrets in one whole text.
func (r *Redactor) Text(s string) string {
	if len(r.forms) == 0 {
		return s
	}
	var b strings.Builder
	w := r.Writer(&b)
	_, _ = io.WriteString(w, s)
	w.scan()
	_ = w.pass(len(w.held)) // a Builder takes everything
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
		if err := w.pass(w.scan()); err != nil {
			return done, err
		}
		done += n
	}
	return len(p), nil
}

// Flush passes on what is held, at the end of the stream. What begins a secret, long enough to show some of it, is hidden: a
// killed process may have written only half.
func (w *Writer) Flush() error {
	if len(w.held) == 0 {
		return nil
	}
	w.scan()
	if err := w.pass(w.half()); err != nil {
		return err
	}
	shown := len(w.held) > w.hidden
	w.held, w.hidden = w.held[:0], 0
	if !shown {
		return nil
	}
	_, err := io.WriteString(w.w, Stars)
	return err
}

// HoldsLineEnd reports whether a line's end is among what is held.
func (w *Writer) HoldsLineEnd() bool { return bytes.IndexByte(w.held, '\n') >= 0 }

// half is from where held is the beginning of a secret whose rest did not come; its length when it is none.
func (w *Writer) half() int {
	from := len(w.held)
	for k := range w.searched() {
		v := &w.views[k]
		if at := w.r.begun(v.flat, true); at < len(v.flat) {
			from = min(from, v.place(at))
		}
	}
	return from
}

// pass passes on what stands before hold, after a scan.
func (w *Writer) pass(hold int) error {
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
func (w *Writer) scan() (hold int) {
	hold, w.spans = len(w.held), w.spans[:0]
	for k := range w.searched() {
		v := &w.views[k]
		v.flatten(w.held, k == 1)
		if at := w.r.begun(v.flat, false); at < len(v.flat) && len(w.held) < maxHeld {
			hold = min(hold, v.place(at))
		}
		for _, s := range w.r.spans(v.flat) {
			w.spans = append(w.spans, span{v.place(s.from), v.place(s.to-1) + 1})
		}
	}
	slices.SortFunc(w.spans, func(a, b span) int { return a.from - b.from })
	return hold
}

// searched is how many views held has.
func (w *Writer) searched() int {
	if bytes.IndexByte(w.held, escape) >= 0 {
		return 2
	}
	return 1
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
