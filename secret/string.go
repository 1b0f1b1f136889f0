// Package secret keeps passwords, keys and tokens out of everything a person or
// a log can read. String is a value that prints as stars wherever it is printed;
// only Reveal gives it back, so a search for Reveal finds every place that holds
// the bytes. Redactor hides registered secrets in text that others wrote: the
// output of a command may echo one raw, encoded, quoted or split over two reads.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// Stars stand for a secret. Their number says nothing about its length.
const Stars = "*****"

// String is a secret. It has no exported field and cannot be compared with ==.
// The value hides behind a function because fmt prints unexported struct fields
// by reflection, without asking their Format method; of a function it can only
// print the address. The zero String is the empty secret.
type String struct{ reveal func() string }

// New wraps value.
func New(value string) String { return String{reveal: func() string { return value }} }

// Reveal returns the bytes themselves. Every caller is a place to review.
func (s String) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// IsZero says whether the secret is empty, without revealing it.
func (s String) IsZero() bool { return s.Reveal() == "" }

// String prints stars.
func (s String) String() string { return Stars }

// GoString prints stars for %#v.
func (s String) GoString() string { return Stars }

// Format prints stars for every verb: %x and %q must not help either.
func (s String) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Stars) }

// MarshalJSON writes stars, so that a secret in a document is lost, not leaked.
func (s String) MarshalJSON() ([]byte, error) { return []byte(`"` + Stars + `"`), nil }

// MarshalText writes stars for XML, YAML and map keys.
func (s String) MarshalText() ([]byte, error) { return []byte(Stars), nil }

// LogValue prints stars in slog.
func (s String) LogValue() slog.Value { return slog.StringValue(Stars) }
