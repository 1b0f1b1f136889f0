package commands

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
)

// shownFor is how long what a preview showed of the time holds: what is sent within it says and promises the same instants.
// Later it is shown again.
const shownFor = 5 * time.Minute

// shownAt reads what a form showed, and when, off its object: "42/u3/p<digest>/t<nanoseconds>".
func shownAt(object string) (digest string, at time.Time) {
	_, rest, _ := strings.Cut(object, "/")
	for part := range strings.SplitSeq(rest, "/") {
		switch {
		case strings.HasPrefix(part, "p") && len(part) == 13:
			digest = part[1:]
		case strings.HasPrefix(part, "t"):
			if n, err := strconv.ParseInt(part[1:], 36, 64); err == nil {
				at = time.Unix(0, n).UTC()
			}
		}
	}
	return digest, at
}

// mark is the same in a form's object.
func (n notice) mark() string {
	return "/p" + n.shown + "/t" + strconv.FormatInt(n.at.UnixNano(), 36)
}

// fresh reports whether the instants that were shown still hold.
func (n notice) fresh(now time.Time) bool {
	return !n.at.IsZero() && !now.Before(n.at) && now.Sub(n.at) <= shownFor
}

// filled is the instant with which a message is filled: that at which it was shown. The store's clock is a little later than
// the one by which that was decided.
func (n notice) filled(now time.Time) time.Time {
	if n.at.IsZero() || now.Before(n.at) || now.Sub(n.at) > 2*shownFor {
		return now
	}
	return n.at
}

// stands reports whether a message still says what was shown: it is not late by now, and promises nothing that has passed.
func (o *Office) stands(now time.Time, i *incident.Incident, c *call, n notice) bool {
	shown, err := o.posting(n.at, i, c, n)
	sent, err2 := o.posting(now, i, c, n)
	if err != nil || err2 != nil {
		return false
	}
	was, err := digestOf(shown)
	is, err2 := digestOf(sent)
	return err == nil && err2 == nil && was == is && !slices.ContainsFunc(sent, func(e incident.Event) bool {
		u, ok := e.(incident.UpdateSent)
		return ok && !u.Due.IsZero() && !u.Due.After(now)
	})
}

// digestOf names what events say.
func digestOf(events []incident.Event) (string, error) {
	b, err := json.Marshal(events)
	if err != nil {
		return "", err
	}
	return incident.Digest(b)[:12], nil
}
