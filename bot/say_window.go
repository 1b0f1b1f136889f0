package bot

import (
	"fmt"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// windowed is the instant of a maintenance window that a message speaks of, by the message's name.
func windowed(object string) (templates.Windowed, bool) {
	parts := strings.Split(object, "/")
	if len(parts) != 4 {
		return templates.Windowed{}, false
	}
	n := numbers("/" + parts[2] + "/" + parts[3])
	if len(n) != 2 {
		return templates.Windowed{}, false
	}
	return templates.Windowed{What: parts[1], At: secondOf(n[0]), Late: seconds(n[1])}, true
}

// windowCame says an instant of scheduled maintenance to who leads it; its beginning, and an end that nobody called one, are
// told to the announcement too.
func (t *talk) windowCame(rest string, late int64) error {
	what, at, _ := strings.Cut(rest, "/")
	due, err := time.Parse("20060102T150405Z", at)
	w := templates.Windowed{What: what, At: due, Late: seconds(late)}
	if err != nil || !w.Stands(t.i) {
		return nil
	}
	object := fmt.Sprintf("%s%s/%d/%d", windowPrefix, what, due.Unix(), late)
	if err := t.promised(object); err != nil || what == "soon" {
		return err
	}
	return t.inThread(object+ofThread, templates.WindowTold(t.i, w))
}

// ofThread ends the objects of what stands in the announcement's thread.
const ofThread = "/announcement"

// windowMessage is what a message about a maintenance window shows now, in the incident's channel or in the announcement's
// thread. Of an incident that became restricted nothing is drawn there any more.
func windowMessage(i *incident.Incident, object string) (templates.Message, bool) {
	object, told := strings.CutSuffix(object, ofThread)
	if told && i.Restricted {
		return templates.Message{}, false
	}
	if strings.HasPrefix(object, movedPrefix) {
		n := numbers(object)
		if len(n) != 1 {
			return templates.Message{}, false
		}
		m := incident.Moved{At: secondOf(n[0])} // another one since, unless it is the last
		if i.Moved != nil && i.Moved.At.Unix() == n[0] {
			m = *i.Moved
		}
		if told {
			return templates.WindowMovedTold(i, m), true
		}
		return templates.WindowMoved(i, m, draftOf(i)), true
	}
	w, ok := windowed(object)
	switch {
	case !ok:
		return templates.Message{}, false
	case told:
		return templates.WindowTold(i, w), true
	}
	return templates.WindowSaid(i, w), true
}

// windowMoved says that a window took the place of another, with the draft for who was mailed the old one, and in the
// announcement's thread; of several at once the last is said.
func (t *talk) windowMoved() error {
	m := t.i.Moved
	if m == nil || !m.At.Equal(t.record.Time) || !t.i.Active() {
		return nil
	}
	object := fmt.Sprintf("%s%d", movedPrefix, m.At.Unix())
	if err := t.promised(object); err != nil {
		return err
	}
	return t.inThread(object+ofThread, templates.WindowMovedTold(t.i, *m))
}
