package bot_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/workspace/person"
)

func madeDraft(_ context.Context, id incident.ID, seq uint64) ([]byte, error) {
	return fmt.Appendf(nil, "# Review of %s, up to %d\n", id, seq), nil
}

// resolve ends the incident of a channel, whatever is open.
func (w *world) resolve(room string) {
	w.t.Helper()
	_, err := w.ana.Command(w.within(), room, "/incident resolve logins work again anyway: the rest is for the review")
	must(w.t, err)
}

// drafts are the files of a channel, and its resolutions.
func (w *world) drafts(room string) (files []string, resolutions []person.Message) {
	w.t.Helper()
	c, _ := mustState(w.t, w.ana, w).Channel(room)
	for _, m := range c.Posted() {
		for _, f := range m.Files {
			if strings.HasSuffix(f.Name, "-review.md") {
				files = append(files, f.Name)
				if len(resolutions) == 0 || m.ThreadTS != resolutions[len(resolutions)-1].TS {
					w.t.Errorf("the draft is not in the thread of its resolution: %+v", m)
				}
			}
		}
		if strings.Contains(m.Plain, "resolved ") && (m.ThreadTS == "" || m.ThreadTS == m.TS) && strings.Contains(m.Plain, "Review due") {
			resolutions = append(resolutions, m)
		}
	}
	return files, resolutions
}

func (w *world) drafted(room string, n int) {
	w.t.Helper()
	w.eventually("the draft is linked", func() bool {
		files, resolutions := w.drafts(room)
		return len(files) == n && len(resolutions) == n && strings.Contains(resolutions[n-1].Plain, "writes, draft ↗")
	})
}

// The draft stands in the thread of the resolution, which links it and keeps its record head; a reopening makes another
// resolution with a draft of its own.
func TestReviewDraftStandsInTheResolutionsThread(t *testing.T) {
	w := newWorld(t, worldOptions{review: madeDraft})
	room := w.open("Database corruption: Users db is gone")
	w.resolve(room)
	w.drafted(room, 1)
	if _, resolutions := w.drafts(room); !strings.Contains(resolutions[0].Plain, "record head ") {
		t.Errorf("I42: the redrawn resolution shows no head:\n%s", resolutions[0].Plain)
	}
	house, _ := mustState(t, w.ana, w).Channel("incidents")
	for _, m := range house.Posted() {
		if len(m.Files) > 0 {
			t.Errorf("the draft is in the announcement channel: %+v", m)
		}
	}
	w.eventually("I42: the head is recorded", func() bool {
		house, err := w.drbot.store.House(w.ctx)
		return err == nil && house.Head.Seq != 0 && strings.HasPrefix(house.Head.Where, "slack "+room)
	})
	first, err := w.drbot.store.House(w.ctx)
	must(t, err)
	_, err = w.ana.Command(w.within(), room, "/incident reopen it is back")
	must(t, err)
	w.eventually("what was resolved cannot be reopened twice", func() bool {
		c, _ := mustState(t, w.ana, w).Channel(room)
		for _, m := range c.Posted() {
			if _, ok := m.Element("incident.reopen"); ok {
				return false
			}
		}
		_, resolutions := w.drafts(room)
		return len(resolutions) == 1 && strings.Contains(resolutions[0].Plain, "Reopened") && strings.Contains(resolutions[0].Plain, "record head ")
	})
	w.resolve(room)
	w.drafted(room, 2)
	w.eventually("I42: the second head is recorded", func() bool {
		house, err := w.drbot.store.House(w.ctx)
		return err == nil && house.Head.Seq > first.Head.Seq
	})
}

func TestI56_ARestrictedIncidentsDraftStaysInItsChannel(t *testing.T) {
	w := newWorld(t, worldOptions{review: madeDraft})
	room := w.open("Data breach: someone read the users table")
	w.resolve(room)
	w.drafted(room, 1)
	for _, c := range mustState(t, w.ana, w).Channels {
		for _, m := range c.Posted() {
			drafted := strings.Contains(m.Plain, "draft of the review")
			for _, f := range m.Files {
				drafted = drafted || strings.HasSuffix(f.Name, "-review.md")
			}
			if c.ID != room && drafted {
				t.Errorf("outside the channel: %s %s", c.Name, m.Plain)
			}
		}
	}
}

// A draft that cannot be made parks its delivery, for a person to requeue; the resolution stands without it.
func TestADraftThatCannotBeMadeIsVisible(t *testing.T) {
	var tries atomic.Int32
	w := newWorld(t, worldOptions{review: func(context.Context, incident.ID, uint64) ([]byte, error) {
		tries.Add(1)
		return nil, errors.New("record 7: its payload was changed")
	}})
	room := w.open("Database corruption: Users db is gone")
	w.resolve(room)
	w.eventually("the delivery is parked", func() bool { return len(w.fold(1).Parked) == 1 })
	if files, resolutions := w.drafts(room); len(files) != 0 || len(resolutions) != 1 || strings.Contains(resolutions[0].Plain, "draft") {
		t.Errorf("files %v, %+v", files, resolutions)
	}
}

// After a restart in the middle nothing is posted twice but, at most, the file.
func TestI49_ARestartBehindTheDraftPostsNothingTwice(t *testing.T) {
	w := newWorld(t, worldOptions{review: madeDraft})
	room := w.open("Database corruption: Users db is gone")
	w.resolve(room)
	w.drafted(room, 1)
	w.restart()
	w.eventually("everything is said", func() bool {
		c, err := w.drbot.store.Cursor(w.ctx, "slack.say", 1)
		return err == nil && c.Through >= w.fold(1).Seq
	})
	if files, resolutions := w.drafts(room); len(files) != 1 || len(resolutions) != 1 {
		t.Errorf("files %v, %d resolutions", files, len(resolutions))
	}
}
