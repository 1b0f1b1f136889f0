package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/workspace/person"
)

// bound is a runbook whose checklist says what the record itself shows.
func bound() book {
	b := small()
	b.tail = `
### Real

- [ ] Incident classified and severity assigned
- [ ] On-call personnel notified
- [ ] Communication sent to stakeholders
- [ ] Service stopped gracefully
- [ ] All health checks passing
- [ ] The cables are dry
`
	b.steps[1].set = func(e *runbook.Entry) { e.Closes = []string{"Service stopped gracefully"} }
	return b
}

// item is an item of the checklist by what it says.
func (w *town) item(n int, text string) commands.ViewItem {
	w.Helper()
	for _, it := range w.view(n).Checklist {
		if it.Text == text {
			return it
		}
	}
	w.Fatalf("no item %q", text)
	return commands.ViewItem{}
}

// awaitItem waits until an item is as it should be.
func (w *town) awaitItem(n int, text, state, how string) {
	w.Helper()
	w.awaitView(n, fmt.Sprintf("%q is %s (%s)", text, state, how), func(v commands.View) bool {
		for _, it := range v.Checklist {
			if it.Text == text {
				return it.State == state && strings.Contains(it.How, how)
			}
		}
		return false
	})
}

// TestI42_AChecklistIsBoundToWhatHappened: what the record shows is ticked by drbot with the proof, a tick before that is
// refused, and who knows better gives a reason that stays.
func TestI42_AChecklistIsBoundToWhatHappened(t *testing.T) {
	t.Parallel()
	w := settle(t, bound())
	var well atomic.Bool
	health := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		if !well.Load() {
			rw.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprint(rw, "3 of 3 up")
	}))
	t.Cleanup(health.Close)
	w.extra = "checklist: {All health checks passing: {probe: \"" + health.URL + "/healthz\"}}\n"
	w.configure()
	w.up()
	room := w.open(w.ana, "it smells of smoke")
	classified, told, stopped, checks := w.item(1, "Incident classified and severity assigned"), w.item(1, "Communication sent to stakeholders"), w.item(1, "Service stopped gracefully"), w.item(1, "All health checks passing")
	w.answers(w.ana, room, "/incident checklist "+classified.ID+" done", "is not so yet", "when somebody chooses the type or the severity", "done anyway")
	w.answers(w.ana, room, "/incident type Database corruption", "Database corruption")
	w.awaitItem(1, classified.Text, "done", "Ana Ruiz chose the type Database corruption")
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	w.awaitItem(1, "On-call personnel notified", "done", "Ana Ruiz acknowledged")
	w.answers(w.dev, room, "/incident checklist "+told.ID+" done", "is not so yet", "the announcement channel")
	w.answers(w.ana, room, "/incident update We look for the fire", "Update 1 of INC-1 is sent")
	w.awaitItem(1, told.Text, "done", "update 1 to the announcement channel")
	w.answers(w.ana, room, "/incident checklist "+told.ID+" reopen", "is open")
	w.answers(w.ana, room, "/incident checklist "+told.ID+" done", "is done") // it is true still

	w.answers(w.ana, room, "/incident checklist "+stopped.ID+" done", "by the step of a run")
	w.answers(w.ana, room, "/incident checklist "+stopped.ID+" done anyway:", "why?")
	w.answers(w.ana, room, "/incident checklist "+stopped.ID+" done anyway: the power is off", "is done")
	w.answers(w.ana, room, "/incident checklist "+stopped.ID+" reopen", "is open")
	w.start(w.ana, room, "rescue")
	w.press(w.ana, room, "recover.confirm", "step 1.2 changes something on db1", "echo banner")
	w.awaitItem(1, stopped.Text, "done", "step 1.2 of R1")

	w.answers(w.ana, room, "/incident checklist "+checks.ID+" done", "drbot asks "+health.URL+"/healthz")
	w.until("the probe says no", func() bool {
		r := w.records("ItemProbed")
		return len(r) == 1 && strings.Contains(string(r[0].Payload), "answered 503")
	})
	if it := w.item(1, checks.Text); it.State != "open" {
		t.Errorf("ticked by a probe that failed: %+v", it)
	}
	well.Store(true)
	w.answers(w.bea, room, "/incident checklist "+checks.ID+" done", "drbot asks")
	w.awaitItem(1, checks.Text, "done", "answered 200")
	w.answers(w.ana, room, "/incident timeline 1", "page 1 of 2", "Ana Ruiz opened it as SEV-1")
	w.answers(w.ana, room, "/incident timeline", "page 2 of 2", "which the record does not show: the power is off", "3 of 3 up")
	w.answers(w.ana, room, "/incident timeline x", "is no page")
	w.audited()
}

// TestI50_AnItemThatIsDueIsSpokenOfOnce: to its person, by the time that was promised, and after a downtime once, with how
// late that is.
func TestI50_AnItemThatIsDueIsSpokenOfOnce(t *testing.T) {
	t.Parallel()
	w := settle(t, bound())
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident role communications <@U0BEA|bea>", "Bea Ode is communications")
	dry, people := w.item(1, "The cables are dry").ID, w.item(1, "Both people are here").ID
	w.answers(w.ana, room, "/incident checklist "+dry+" <@U0DEV|dev> due 20m", "with Dev Nul", "due ")
	w.answers(w.ana, room, "/incident checklist "+people+" due 1h", "due ")
	w.answers(w.ana, room, "/incident checklist "+people+" due soon", "By when")
	w.clock.push(21 * minute)
	due := w.expect(w.dev, room, "⏳ Due", "The cables are dry", "@Dev Nul")
	w.clock.push(10 * minute)
	w.leave()
	w.clock.push(70 * minute)
	w.serve()
	w.linked()
	late := w.expect(w.bea, room, "⏳ Due", "Both people are here", "@Bea Ode", "I was not running")
	w.pressOn(w.dev, due, "incident.checklist")
	w.expect(w.dev, room, "The cables are dry: done by Dev Nul")
	w.answers(w.ana, room, "/incident checklist "+people+" due 30m", "due ")
	w.clock.push(5 * minute)
	w.answers(w.ana, room, "/incident checklist "+people+" na only one is needed", "not applicable")
	w.clock.push(60 * minute)
	w.expect(w.ana, room, "Both people are here", "not applicable, says Ana Ruiz")
	if n := w.count(w.ana, room, "⏳ Due"); n != 0 || late.TS == "" {
		t.Errorf("%d reminders stand", n)
	}
	if n := len(w.spokenOf("item/")); n != 2 {
		t.Errorf("%d reminders were spoken", n)
	}
	w.audited()
}

// spokenOf are the deadlines of a kind that were spoken.
func (w *town) spokenOf(prefix string) (keys []string) {
	w.Helper()
	for _, key := range w.spokenKeys() {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	return keys
}

// TestI47_AListOfAnyLengthIsTickedByTwoAtOnce: 500 items of 300 characters show in Slack, in pages and boxes, and two people
// who tick at once both win.
func TestI47_AListOfAnyLengthIsTickedByTwoAtOnce(t *testing.T) {
	t.Parallel()
	b := small()
	var tail strings.Builder
	tail.WriteString("\n### Long\n\n")
	for k := range 500 {
		fmt.Fprintf(&tail, "%s- [ ] Item %d %s\n", strings.Repeat("  ", []int{0, 1, 2, 3, 0}[k%5]), k+1, strings.Repeat("word ", 58))
	}
	b.tail = tail.String()
	w := settle(t, b)
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: users gone")
	for _, it := range w.view(1).Checklist[:3] {
		w.answers(w.ana, room, "/incident checklist "+it.ID+" done anyway: seen", "is done")
	}
	list := w.expect(w.ana, room, "Checklist 3 of 503", "more items: press All items")
	boxes, _ := list.Element("incident.checklist")
	if len(boxes.Options) != 10 {
		t.Fatalf("boxes: %+v", boxes)
	}
	var both sync.WaitGroup
	for k, p := range []*person.Person{w.ana, w.bea} {
		both.Go(func() {
			_, err := p.Press(w.within(), person.Pick{Channel: room, TS: list.TS, BlockID: boxes.BlockID, Chosen: []string{boxes.Options[k].Value}})
			if err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	w.awaitView(1, "both ticks", func(v commands.View) bool {
		n := 0
		for _, it := range v.Checklist {
			if it.State == "done" && (it.ID == boxes.Options[0].Value || it.ID == boxes.Options[1].Value) {
				n++
			}
		}
		return n == 2
	})
	w.press(w.dev, room, "incident.items", "Checklist ")
	page := w.expect(w.dev, room, "Page 1 of 21")
	w.pressOn(w.dev, page, "incident.items")
	w.expect(w.dev, room, "Page 2 of 21")
	w.audited()
}
