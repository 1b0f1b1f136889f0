package attempt

import (
	"bytes"
	"unicode/utf8"
)

const (
	strangeFew = 32 // bytes make any text odd, and none unreadable
	strangeOf  = 5  // up to one in so many that is no UTF-8 is a text in another encoding
	nullOf     = 20 // up to one in so many that is NUL parts the words of a text, as in /proc/PID/environ and find -print0
)

// IsText judges whether a person can read what a step printed: hardly any of it is NUL, and most of it is UTF-8. Programs,
// database pages and UTF-16 have more NULs than one in twenty bytes; random or compressed bytes are no UTF-8 in two of five,
// and a text in Latin-1 in fewer than one of ten. The empty text is one, and so is each part of a text that is UTF-8, wherever
// it is cut.
func IsText(raw []byte) bool {
	if tooMany(int64(bytes.Count(raw, []byte{0})), int64(len(raw)), nullOf) {
		return false
	}
	strange, rest := 0, raw
	for len(rest) > 0 {
		r, size := utf8.DecodeRune(rest)
		if r == utf8.RuneError && size == 1 {
			strange++
		}
		rest = rest[size:]
	}
	return !tooMany(int64(strange), int64(len(raw)), strangeOf)
}

func tooMany(n, all, of int64) bool { return n >= strangeFew && n*of > all }
