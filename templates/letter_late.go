package templates

import (
	"strings"
	"time"
)

// tardy is how long after it was written a mail leaves without saying so.
const tardy = 10 * time.Minute

// Delayed is a mail that waited for its server: it says when it was written and when it leaves, and promises no instant that
// has passed. A correction that was written after the promise had passed does not promise it again either.
func Delayed(l Letter, written, sent time.Time, promised ...time.Time) Letter {
	late := sent.Sub(written) >= tardy
	for _, at := range promised {
		if !at.IsZero() && !at.After(sent) && (late || !at.After(written)) {
			news := Say("mail.passed", nil)
			l.Text = strings.NewReplacer("by "+utc(at), news, utc(at), news).Replace(l.Text)
		}
	}
	if !late {
		return l
	}
	l.Text = Say("mail.delayed", map[string]any{"Written": utc(written), "Sent": utc(sent)}) + "\n\n" + l.Text
	return l
}
