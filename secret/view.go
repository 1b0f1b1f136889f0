package secret

import (
	"encoding/binary"
	"sort"
)

const escape = 0x1b

// view is a text as it is searched: without line breaks and other control characters, which cut a secret in two and leave it
// readable.
type view struct {
	flat []byte
	gone []int // for each byte that was left out, how many of flat stand before it
}

// flatten reads text; whole sequences that begin with an escape are left out too where it is told so.
func (v *view) flatten(text []byte, sequences bool) {
	v.flat, v.gone = v.flat[:0], v.gone[:0]
	for at := 0; at < len(text); {
		next := at + control(text[at:])
		v.flat = append(v.flat, text[at:next]...)
		if next == len(text) {
			return
		}
		if at = next + 1; text[next] == '\t' {
			v.flat = append(v.flat, '\t')
			continue
		}
		if sequences {
			at = next + sequence(text[next:])
		}
		for range at - next {
			v.gone = append(v.gone, len(v.flat))
		}
	}
}

// place turns an index of flat into one of the text.
func (v *view) place(i int) int { return i + sort.SearchInts(v.gone, i+1) }

// control is where the first byte under a space stands; the text's length when there is none. It looks at eight at once: all
// output passes here.
func control(text []byte) int {
	const each, high = 0x2020202020202020, 0x8080808080808080
	at := 0
	for ; at+8 <= len(text); at += 8 {
		if x := binary.LittleEndian.Uint64(text[at:]); (x-each)&^x&high != 0 {
			break
		}
	}
	for at < len(text) && text[at] >= ' ' {
		at++
	}
	return at
}

// EscapeSequence gives the length of the ANSI sequence (ECMA-48) at the beginning of text: CSI up to its final byte, or a string
// (title, link) up to BEL or ST. One without an end is none: it must not swallow the rest.
func EscapeSequence[T string | []byte](text T) int {
	if len(text) < 2 || text[0] != escape {
		return 0
	}
	switch text[1] {
	case '[':
		for i := 2; i < len(text) && i < longestCSI; i++ {
			if c := text[i]; c >= 0x40 && c <= 0x7e {
				return i + 1
			} else if c < 0x20 || c > 0x7e {
				return 0
			}
		}
	case ']', 'P', '_', '^', 'X':
		for i := 2; i < len(text) && i < longestString; i++ {
			if text[i] == 0x07 {
				return i + 1
			} else if text[i] == escape && i+1 < len(text) && text[i+1] == '\\' {
				return i + 2
			}
		}
	}
	return 0
}

const longestCSI, longestString = 64, 4096

// sequence is what is left out at the beginning of text: a whole sequence, one whose end may come yet, or one byte.
func sequence(text []byte) int {
	if n := EscapeSequence(text); n > 0 {
		return n
	}
	return max(1, begun(text))
}

// begun is the length of a sequence whose end may come with the next read: all of text, or nothing.
func begun(text []byte) int {
	if text[0] != escape {
		return 0
	}
	if len(text) == 1 {
		return 1
	}
	switch text[1] {
	case '[':
		for _, c := range text[2:] {
			if c < 0x20 || c > 0x3f {
				return 0
			}
		}
		if len(text) < longestCSI {
			return len(text)
		}
	case ']', 'P', '_', '^', 'X':
		if len(text) < longestString {
			return len(text)
		}
	}
	return 0
}
