package templates

import (
	"strings"
	"time"
)

// tardy is how long after it was written a mail leaves without saying so.
const tardy = 10 * time.Minute

// Delayed is a mail that waited for its server: it says when it was written and when it leaves, and promises no instant that
// has passed.
func Delayed(l Letter, written, sent time.Time, promised ...time.Time) Letter {
	if sent.Sub(written) < tardy {
		return l
	}
	for _, at := range promised {
		if !at.IsZero() && !at.After(sent) {
			l.Text = strings.ReplaceAll(l.Text, utc(at), Say("mail.passed", nil))
		}
	}
	l.Text = Say("mail.delayed", map[string]any{"Written": utc(written), "Sent": utc(sent)}) + "\n\n" + l.Text
	return l
}
