package attempt

import (
	"regexp"
	"strings"
)

// A step that failed because of its host, and not of what it restores, says so in words and with what to do, where the
// kernel or the shell left a sign of it.

// shellMissing and the like are what bash and its kin end with (bash(1), EXIT STATUS).
const (
	shellForbidden = 126
	shellMissing   = 127
	shellSignal    = 128 // and the signal that ended the last command
	sigKill        = 9
	sigXFSZ        = 25
)

// asks finds a read that prompts. bash shows the prompt on a terminal alone, so such a step fails without a word.
var asks = regexp.MustCompile(`(?m)(?:^|[;&|({!]|\b(?:if|while|until|then|do|else)\b)[ \t]*read(?:[ \t]+-\w+)*?[ \t]+-\w*p\b`)

// named gives the host's fault, or that the text asks somebody, in one sentence, or "".
func named(r Result, script string) string {
	by := func(signal int) bool { return r.Signal == signal || r.Exit == shellSignal+signal }
	switch last := strings.ToLower(r.LastLines); {
	case strings.Contains(last, "no space left on device"), strings.Contains(last, "disk quota exceeded"), strings.Contains(last, "database or disk is full"):
		return "a disk that it writes to is full; make room, see what it left half written, then run it again"
	case by(sigXFSZ), strings.Contains(last, "file too large"):
		return "it reached the size that a file may have on its host; raise that, see what it left half written, then run it again"
	case strings.Contains(last, "read-only file system"):
		return "a file system that it writes to is read-only; see the host's kernel log before anything is run again"
	case r.Exit == shellMissing:
		return "a program that it needs is not there (its last lines name it); install it, or mend the target's path in the lock"
	case r.Exit == shellForbidden:
		return "a program that it needs may not be run (its last lines name it); look at its mode and at the account of steps"
	case by(sigKill):
		return "something other than drbot killed it or a part of it; the host may have run out of memory (see its kernel log)"
	case r.Exit == 1 && strings.TrimSpace(last) == "" && asks.MatchString(script):
		return "it asked for input and there is none: interactive commands cannot run here; take the question out of its text, the approval is the answer"
	}
	return ""
}
