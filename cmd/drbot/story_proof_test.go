package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/workspace/person"
)

// proving is a runbook whose restore is checked, with items that only a run, a message or an address can prove.
func proving() book {
	b := twice()
	b.steps[2].set = func(e *runbook.Entry) { e.Expect = &runbook.Expect{Match: []string{"restore"}} }
	b.tail = `
### Real

- [ ] Backup restored successfully
- [ ] Data integrity verified
- [ ] All health checks passing
- [ ] The cables are dry
`
	return b
}

// TestI42_ARestoreIsProvedByTheRunThatCheckedIt: nobody ticks it before; the run ticks it at its end, with the step and its
// check; when the step is taken back, so is the tick.
func TestI42_ARestoreIsProvedByTheRunThatCheckedIt(t *testing.T) {
	t.Parallel()
	w := settle(t, proving())
	w.up()
	room, card := w.asked("Database corruption: users gone")
	back, sound := w.item(1, "Backup restored successfully"), w.item(1, "Data integrity verified")
	w.answers(w.dev, room, "/incident checklist "+back.ID+" done", "is not so yet", "when a run has restored a backup and its check behind that passed")
	w.answers(w.dev, room, "/incident checklist "+sound.ID+" done", "is not so yet", "done anyway")
	w.pressOn(w.bea, card, "recover.approve")
	w.awaitRun(1, "ended")
	w.awaitItem(1, back.Text, "done", "step 1.2 of R1, checked by step 1.3")
	w.awaitItem(1, sound.Text, "done", "step 1.2 of R1, checked by step 1.3")

	w.press(w.ana, room, "recover.undo", "R1 · Rescue", "Done")
	w.press(w.ana, room, "recover.start", "R2 · Undo 1.2 of R1")
	w.press(w.bea, room, "recover.approve", "Approve step 1.2u")
	w.awaitItem(1, back.Text, "open", "")
	w.answers(w.dev, room, "/incident checklist "+sound.ID+" done", "is not so yet")
	w.audited()
}

// TestI42_UsersAreToldByAMessageToUsers: where no message reaches them the item is a person's own, and an announcement to
// colleagues proves nothing.
func TestI42_UsersAreToldByAMessageToUsers(t *testing.T) {
	t.Parallel()
	w := settle(t, proving())
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident update We know", "Update 1 of INC-1 is sent")
	told := w.item(1, "Users were told")
	if told.State != "open" || told.Waits != "" {
		t.Errorf("%+v", told)
	}
	w.answers(w.dev, room, "/incident checklist "+told.ID+" done", "is done")
	if told = w.item(1, told.Text); told.By != "Dev Nul" || told.At == nil || told.How != "" {
		t.Errorf("%+v", told)
	}
	w.audited()
}

// TestI42_AProbeThatSaysNoIsTold: to who asked, beside the item, and with no secret of its address; it is asked by itself
// when a run ends and when somebody is about to resolve, and then ticks.
func TestI42_AProbeThatSaysNoIsTold(t *testing.T) {
	t.Parallel()
	w := settle(t, proving())
	var well atomic.Bool
	health := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		if !well.Load() {
			rw.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprint(rw, "2 of 3 up")
	}))
	t.Cleanup(health.Close)
	w.extra = "checklist: {All health checks passing: {probe: \"" + health.URL + "/healthz?token=hush\"}}\n"
	w.configure()
	w.up()
	room, card := w.asked("Database corruption: users gone")
	checks := w.item(1, "All health checks passing")
	for _, text := range []string{"Both people are here", "The banner is down", "Users were told"} { // its phase is at hand then
		w.answers(w.bea, room, "/incident checklist "+w.item(1, text).ID+" done", "is done")
	}
	w.answers(w.ana, room, "/incident checklist "+checks.ID+" done", "drbot asks "+health.URL+"/healthz and")
	w.expect(w.ana, w.space.BotUserID(), checks.ID, checks.Text, "stays open", "answered 503", "2 of 3 up")
	w.expect(w.ana, room, "Checklist ", "did not pass at", "answered 503")
	w.answers(w.bea, room, "/incident checklist", checks.Text, "did not pass at")
	asked := func(n int, why string) {
		t.Helper()
		w.awaitView(1, why, func(v commands.View) bool {
			p := itemOf(v, checks.ID).Probe
			return len(w.records("ItemProbed")) == n && p.At != nil && !p.Asking && !*p.Passed && strings.Contains(p.Said, "answered 503")
		})
	}
	asked(1, "the probe was asked once")
	w.pressOn(w.bea, card, "recover.approve")
	w.awaitRun(1, "ended")
	asked(2, "asked again when the run ended")
	w.clock.push(2 * minute)
	w.say(w.ana, room, "/incident resolve")
	w.formSays(w.ana, "Resolve", checks.ID+" "+checks.Text+" ("+health.URL+"/healthz answered 503")
	asked(3, "asked again before it is resolved")
	if n := w.dms(w.ana, "stays open"); n != 1 {
		t.Errorf("%d messages say that it stays open: nobody asked but once", n)
	}
	well.Store(true)
	w.clock.push(2 * minute)
	w.say(w.ana, room, "/incident resolve")
	w.awaitItem(1, checks.Text, "done", "answered 200")
	if text := w.seen(w.ana); strings.Contains(text, "hush") || strings.Contains(fmt.Sprint(w.view(1)), "hush") {
		t.Error("the query of the address is shown")
	}
	w.audited()
}

func itemOf(v commands.View, id string) commands.ViewItem {
	k := slices.IndexFunc(v.Checklist, func(it commands.ViewItem) bool { return it.ID == id })
	return v.Checklist[k]
}

// formSays waits for a form with all texts.
func (w *town) formSays(p *person.Person, title string, texts ...string) {
	w.Helper()
	_, err := p.Await(w.within(), fmt.Sprintf("%q in the form %s", texts, title), func(s person.State) bool {
		form, ok := s.Modal()
		return ok && strings.Contains(form.Title, title) && holdsAll(form.Plain, texts)
	})
	w.ok(err)
}

// TestI8_WhoGetsAnItemHearsOfItAndMayTickIt: whoever could not tick it is refused with what to do; who is not in the channel
// is brought in and told; the reminder is no button any more when the incident is over.
func TestI8_WhoGetsAnItemHearsOfItAndMayTickIt(t *testing.T) {
	t.Parallel()
	w := settle(t, proving())
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	dry := w.item(1, "The cables are dry")
	w.answers(w.ana, room, "/incident checklist "+dry.ID+" <@U0EVE|eve> due 20m", "could not tick it", "roles: [responder]")
	w.answers(w.ana, room, "/incident checklist "+dry.ID+" due 9999h", "9999h is too far ahead", "within 24h")
	_, err := w.bea.Leave(w.within(), room)
	w.ok(err)
	w.answers(w.ana, room, "/incident checklist "+dry.ID+" <@U0BEA|bea> due 20m", "with Bea Ode", "due ")
	w.expect(w.bea, w.space.BotUserID(), "Ana Ruiz gave you", dry.Text, "due")
	w.clock.push(21 * minute)
	due := w.expect(w.bea, room, "⏳ Due", dry.Text)
	if _, ok := due.Element("incident.checklist"); !ok {
		t.Errorf("nothing to press: %+v", due)
	}
	w.answers(w.ana, room, "/incident resolve It is dry anyway: enough", "INC-1 is resolved")
	over := w.expect(w.bea, room, dry.Text+": left open, INC-1 is over")
	if _, ok := over.Element("incident.checklist"); ok || over.TS != due.TS {
		t.Errorf("%+v", over)
	}
	w.audited()
}
