package runbook

import (
	"errors"
	"fmt"
	"strings"
)

// The limits on what strangers write. A runbook of 5,000 lines has 300 KB.
const (
	maxMarkdown = 16 << 20 // bytes
	maxLock     = 8 << 20  // bytes
	maxCommand  = 64 << 10 // bytes of one fence that can be a command
	maxMarks    = 10_000   // of one inline mark in one paragraph
	maxNesting  = 100      // containers
	maxSteps    = 1000     // procedures of a runbook, items of a procedure
	maxParts    = 100      // fences of one item
)

// Error is one reason why a runbook or its lock is not read. Line and Column count from 1; 0 is unknown.
type Error struct {
	File    string
	Line    int
	Column  int
	Problem string // what is there
	Want    string // what was expected, or the nearest valid form; may be empty
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File + ":")
	}
	switch {
	case e.Line > 0 && e.Column > 0:
		fmt.Fprintf(&b, "%d:%d: ", e.Line, e.Column)
	case e.Line > 0 && e.File == "":
		fmt.Fprintf(&b, "line %d: ", e.Line)
	case e.Line > 0:
		fmt.Fprintf(&b, "%d: ", e.Line)
	case e.File != "":
		b.WriteByte(' ')
	}
	b.WriteString(e.Problem)
	if e.Want != "" {
		b.WriteString("; expected " + e.Want)
	}
	return b.String()
}

// inFile names the file in every Error of err.
func inFile(err error, file string) error {
	var many interface{ Unwrap() []error }
	if errors.As(err, &many) {
		for _, e := range many.Unwrap() {
			_ = inFile(e, file)
		}
		return err
	}
	var one *Error
	if errors.As(err, &one) && one.File == "" {
		one.File = file
	}
	return err
}
