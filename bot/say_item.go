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
	if it, _ := t.i.ItemOf(e.Key); it.Who.Key != "" {
		if err := t.fetch(t.known(it.Who)); err != nil {
			return err
		}
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

// items says what of the checklist somebody has to hear: that an item is theirs, or that its probe did not pass.
func (t *talk) items(e incident.Event) (bool, error) {
	switch e := e.(type) {
	case incident.ItemAssigned:
		return true, t.itemGiven(e)
	case incident.ItemProbed:
		return true, t.itemProbed(e)
	}
	return false, nil
}

// itemWants are the kinds that items carries out.
var itemWants = []string{incident.ItemAssigned{}.EventKind(), incident.ItemProbed{}.EventKind()}

// itemGiven tells a person that somebody else gave them an item, and sees to it that they are in the channel in which it is
// ticked and reminded of. What was closed or given on while this waited is not spoken of.
func (t *talk) itemGiven(e incident.ItemAssigned) error {
	it, who := t.i.Item(e.Item), t.known(e.Who)
	if it == nil || it.Closed() || !it.Who.Same(who) || who.Slack == "" || who.Same(e.By) {
		return nil
	}
	if err := t.fetch(who); err != nil {
		return err
	}
	_, err := t.tellMessage(who.Slack, "given/"+t.seq()+"/"+who.Slack, templates.ItemGiven(t.i, it, e.By))
	return err
}

// itemProbed tells who asked for a probe that it did not pass: they stand and wait for a tick that does not come.
func (t *talk) itemProbed(e incident.ItemProbed) error {
	it, who := t.i.Item(e.Item), t.known(e.For)
	if e.OK || it == nil || it.Closed() || who.Slack == "" {
		return nil
	}
	_, err := t.tellMessage(who.Slack, "notso/"+t.seq()+"/"+who.Slack, templates.ItemNotSo(t.i, it, e.Said))
	return err
}

// fetch brings a person into the incident's channel who is not there; into a restricted one only its people do (I56).
func (t *talk) fetch(p incident.Person) error {
	if p.Slack == "" || !t.usable() || t.i.Restricted {
		return nil
	}
	_, err := t.api.ForceInviteUsersToConversationContext(t.ctx, t.i.Channel.ID, p.Slack)
	switch {
	case err == nil, is(err, "already_in_channel", "cant_invite_self"):
	case troubled(err).away:
		return troubled(err)
	default: // the direct message has a link
		t.Log.Warn("somebody was not invited", "incident", t.id.String(), "user", p.Slack, "error", troubled(err))
	}
	return nil
}
