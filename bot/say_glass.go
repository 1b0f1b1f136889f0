package bot

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// Messages that ask people to decide on a request. Their objects say on which, so that draw can close them when it is over:
//
//	nudge/A17/2/1764040000/5    the second call in the channel, due at that second and said 5 s late
//	told/A17/U0BEA              a direct message with the request
//	nudged/A17/2/U0BEA          one with the second call
const (
	nudgePrefix  = "nudge/"
	toldPrefix   = "told/"
	nudgedPrefix = "nudged/"
)

func asking(object string) bool { return strings.HasPrefix(object, nudgePrefix) || personal(object) }

// personal messages stand in a direct conversation.
func personal(object string) bool {
	return strings.HasPrefix(object, toldPrefix) || strings.HasPrefix(object, nudgedPrefix)
}

func approvalOf(i *incident.Incident, name string) *incident.Approval {
	for _, a := range i.Approvals {
		if a.Name() == name {
			return a
		}
	}
	return nil
}

// asked is what a message that asks for a decision shows now; false where it is to be left as it is: direct messages while
// the request waits, and those of an earlier version of drbot.
func (b *Bot) asked(i *incident.Incident, object string, f templates.Facts) (templates.Message, bool) {
	parts := strings.Split(object, "/")
	a := approvalOf(i, parts[1])
	switch {
	case a == nil:
		return templates.Message{}, false
	case personal(object):
		return templates.AskedOver(i, a), a.State != incident.Pending
	case len(parts) != 5:
		return templates.Message{}, false
	}
	var n [3]int64
	for k, part := range parts[2:] {
		var err error
		if n[k], err = strconv.ParseInt(part, 10, 64); err != nil {
			return templates.Message{}, false
		}
	}
	return templates.Nudge(i, a, templates.Nudged{Nth: int(n[0]), Due: secondOf(n[1]), Late: seconds(n[2])}, f), true
}

// nudge calls the approvers of a request again, here and by direct message, and at last whom may break the glass. key is
// what follows the kind: "A17/2".
func (t *talk) nudge(e incident.DeadlineSpoken, key string) error {
	name, nth, _ := strings.Cut(key, "/")
	a := approvalOf(t.i, name)
	if a == nil || a.State != incident.Pending {
		return nil // it was decided while this waited
	}
	object := fmt.Sprintf("%s%s/%d/%d", nudgePrefix, key, e.Due.Unix(), e.Late/time.Second)
	m, ok := t.asked(t.i, object, t.facts())
	if !ok {
		return fmt.Errorf("no message is %s", object)
	}
	if !t.usable() {
		return t.toHouse("nudge/"+key, sayWaitsAtTerminal(t.i, a))
	}
	if err := t.line(object, m); err != nil {
		return err
	}
	// The call before this one asked for the same: when somebody decides, one line of them is left.
	err := t.remove(func(other string) bool { return other != object && strings.HasPrefix(other, nudgePrefix+name+"/") })
	if err != nil {
		return err
	}
	call := a.Open()
	if nth == "2" {
		for _, p := range t.facts().Breakers {
			if !p.Same(a.By) {
				call = append(call, p)
			}
		}
	}
	at, ok := placeOf(t.note(a.Name()))
	if !ok {
		return nil
	}
	link := t.permalink(at)
	for _, p := range call {
		object := nudgedPrefix + key + "/" + p.Slack
		if p.Slack == "" || t.note(object) != "" {
			continue
		}
		if err := t.tell(p.Slack, object, m.Text, link); err != nil {
			return err
		}
	}
	return nil
}

// broken says in the incident's channel and in the house channel that the glass was broken (I16).
func (t *talk) broken(e incident.GlassBroken) error {
	name := incident.ApprovalName(e.Approval)
	if err := t.line("glass/"+name, templates.Kept(templates.Broken(t.i, e, false), t.facts())); err != nil {
		return err
	}
	return t.toHouse("glass/"+name+"/house", templates.Broken(t.i, e, true))
}
