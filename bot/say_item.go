package bot

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// itemPrefix begins the objects of messages about items of the checklist that were due: item/c8/1764039600, and behind it
// by how many seconds drbot is late.
const itemPrefix = incident.DueItem + "/"

// itemDue reminds the person of an item once. What is closed meanwhile, or has another time, is not spoken of.
func (t *talk) itemDue(e incident.DeadlineSpoken) error {
	if it, stands := t.i.ItemOf(e.Key); !stands || it.Closed() {
		return nil
	}
	late := e.Late.Round(time.Second)
	m, ok := templates.ItemDue(t.i, e.Key, late)
	if !ok {
		return nil
	}
	return t.line(fmt.Sprintf("%s/%d", e.Key, int64(late/time.Second)), m)
}

// itemReminder draws such a message as it is now.
func itemReminder(i *incident.Incident, object string) (templates.Message, bool) {
	k := strings.LastIndexByte(object, '/')
	seconds, err := strconv.ParseInt(object[k+1:], 10, 64)
	if err != nil {
		return templates.Message{}, false
	}
	return templates.ItemDue(i, object[:k], time.Duration(seconds)*time.Second)
}
