package bot

import (
	"fmt"
	"strings"
	"time"

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
	return t.inThread(object+"/announcement", templates.WindowTold(t.i, w))
}
