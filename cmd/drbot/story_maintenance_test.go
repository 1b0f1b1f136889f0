package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/integrations/mail/mailtest"
	"github.com/drbot/drbot/workspace/person"
)

// planning makes slow pages planned maintenance, and lets mails leave at once.
func (w *town) planning() {
	w.Helper()
	raw, err := os.ReadFile(w.config())
	w.ok(err)
	text := strings.Replace(string(raw), "types: {", "types: {Slow pages: {maintenance: true}, ", 1)
	w.ok(os.WriteFile(w.config(), []byte(strings.Replace(text, "second_look: [mail]", "second_look: []", 1)), 0o600))
}

// ofIncidents are the words of an incident; nobody reads them of maintenance.
var ofIncidents = regexp.MustCompile(`SEV-|RTO|RPO|[Ii]nvestigating|[Ii]dentified|[Mm]onitoring|[Rr]esol|[Rr]oot cause|[Rr]eview|Severity|Status: |Nobody has answered|acknowledged|\b[Ii]ncident\b`)

// everywhere is what people read of INC-1, by its place: its channel and the announcement with their notifications, topic,
// App Home, terminal, paper, mails, status page.
func (w *town) everywhere(s *mailtest.Server, room string) map[string]string {
	w.Helper()
	_, err := w.ana.OpenHome(w.within())
	w.ok(err)
	state, err := w.ana.Await(w.within(), "App Home", func(s person.State) bool { return s.Home != nil })
	w.ok(err)
	words := map[string]string{"home": strings.ReplaceAll(strings.ReplaceAll(state.Home.Plain, "Open incidents", ""), "Open incident", "")}
	for _, c := range state.Channels {
		if c.ID != room && c.Name != "incidents" {
			continue
		}
		words["topic of "+c.Name] = c.Topic
		for _, b := range c.Bookmarks {
			words["bookmarks"] += b.Title + "\n"
		}
		for _, m := range c.Messages {
			words["#"+c.Name] += m.Text + "\n" + m.Plain + "\n"
		}
	}
	for _, args := range [][]string{{"incident", "list"}, {"incident", "show", "1"}, {"incident", "timeline", "1"}} {
		code, out, errs := w.drbot(args...)
		if code != 0 {
			w.Fatalf("%s: %s", args, errs)
		}
		words["incident "+args[1]] = out
	}
	paper, err := os.ReadFile(w.path("data", "incidents", "INC-1.md"))
	w.ok(err)
	words["paper"] = strings.ReplaceAll(string(paper), "drbot incident ", "")
	for _, m := range s.Mails() {
		headers, body := m.Parts()
		words["mail"] += headers["Subject"] + "\n" + body + "\n"
	}
	_, page := w.get("/status/")
	words["status page"] = regexp.MustCompile(`<[^>]*>|No incidents\.`).ReplaceAllString(page, " ")
	return words
}

// speaks holds that nothing anywhere says a word of incidents, and that places say what they are to say.
func (w *town) speaks(s *mailtest.Server, room string, want map[string]string) {
	w.Helper()
	for place, says := range want {
		got := ""
		w.until(place+" says "+says, func() bool { got = w.everywhere(s, room)[place]; return strings.Contains(got, says) })
	}
	for place, words := range w.everywhere(s, room) {
		for line := range strings.Lines(words) {
			verbs := slices.ContainsFunc([]string{"No incident is open", "Choose another type", "/incident update", "`resolve`", "resolve completes it"}, func(s string) bool { return strings.Contains(line, s) })
			if found := ofIncidents.FindString(line); found != "" && !verbs {
				w.Errorf("%s says %q: %s", place, found, line)
			}
		}
	}
}

// TestMaintenance_ItsWholeLife: planned, moved, begun, told, near its end, longer, over its window, completed, reopened, called
// off: every place speaks of maintenance, and at once of the same state.
func TestMaintenance_ItsWholeLife(t *testing.T) {
	t.Parallel()
	w, server := mailing(t, "statuspage:\n  title: Shop status\n  url: https://status.example.com\n  serve: true\n  components: {Login: [users]}\n")
	w.planning()
	w.at("18:00:00")
	w.serve()
	w.linked()
	room := w.open(w.ana, "Slow pages: move db1")
	w.speaks(server, room, map[string]string{
		"topic of inc-1-move-db1": "Maintenance scheduled · its time is not planned yet · nobody yet", "#incidents": "INC-1 maintenance scheduled: move db1",
		"incident list": "🔧 INC-1 move db1 · maintenance scheduled · its time is not planned yet", "home": "🔧 INC-1 move db1 · maintenance scheduled",
		"incident timeline": "Ana Ruiz planned it: move db1", "paper": "- Maintenance **scheduled** · its time is not planned yet", "bookmarks": "Maintenance card",
	})
	w.planned(room)
	w.answers(w.ana, room, `/incident update Moving db1 tonight --to announcement,mail,executives,status --public "Logins pause tonight."`, "Update 1 of INC-1 is sent")
	w.mailed(server, 2)
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	w.answers(w.ana, room, "/incident window 22:30 1h", "INC-1 is planned from", "22:30", "23:30 UTC. Nobody is paged in it.")
	w.joins(room)
	w.speaks(server, room, map[string]string{
		"topic of inc-1-move-db1": "22:30 to ", "incident show": "Maintenance scheduled · 22:30 UTC to 23:30 UTC · led by Ana Ruiz", "mail": "maintenance scheduled: move db1",
		"status page": "Logins pause tonight.", "paper": "22:30 UTC to 23:30 UTC · led by Ana Ruiz", "incident timeline": "22:30 to ",
	})
	w.at("22:30:02")
	w.expect(w.dev, room, "🔧 Maintenance is in progress since", "@Ana Ruiz")
	w.answers(w.ana, room, `/incident update Half is moved --to announcement,mail,status --public "Half is done."`, "Update 2 of INC-1 is sent")
	w.mailed(server, 3)
	w.at("23:15:02")
	w.press(w.ana, room, "incident.longer", "The maintenance window ends")
	w.answers(w.ana, room, "/incident note moving on", "Noted")
	w.speaks(server, room, map[string]string{
		"topic of inc-1-move-db1": "Maintenance in progress", "home": "maintenance in progress", "status page": "Maintenance in progress", "mail": "State: in progress",
		"#inc-1-move-db1": "The maintenance window is planned from", "incident list": "maintenance in progress",
	})
	w.clock.push(46 * minute)
	w.overAndReopened(server, room)
	w.calledOff(server)
	w.audited()
}

// planned refuses what is a slip, or has no meaning for maintenance.
func (w *town) planned(room string) {
	w.Helper()
	w.answers(w.ana, room, "/incident impact logins pause", "logins pause")
	w.answers(w.ana, room, "/incident services users", "INC-1 affects users.")
	w.answers(w.ana, room, "/incident window 22:00", "The end of the window is missing.")
	w.answers(w.ana, room, "/incident window 22:00 21:00", "would be 23 h. A window of more than 12 h needs both days")
	w.answers(w.ana, room, "/incident severity 1", "Choose another type first")
	w.answers(w.ana, room, "/incident status", "INC-1 is scheduled maintenance: scheduled.")
	w.answers(w.ana, room, "/incident window 22:00 1h", "22:00", "23:00 UTC. Nobody is paged in it.")
}

// joins lets Eve come later: she alone reads how far it is.
func (w *town) joins(room string) {
	w.Helper()
	_, err := w.eve.Join(w.within(), room)
	w.ok(err)
	m := w.expect(w.eve, room, "INC-1: move db1. Logins pause.", "Maintenance scheduled", "led by @Ana Ruiz", "Everything else is on the card")
	if !strings.HasPrefix(m.Text, "INC-1 maintenance scheduled: move db1") || ofIncidents.MatchString(m.Plain) {
		w.Errorf("who joins reads %q: %s", m.Text, m.Plain)
	}
}

// overAndReopened is an overrun, the end, and that it was none: nothing is called completed that nobody completed.
func (w *town) overAndReopened(server *mailtest.Server, room string) {
	w.Helper()
	w.expect(w.dev, room, "⚠ The maintenance window ended", "nobody has said that the maintenance is completed", "@Ana Ruiz")
	w.speaks(server, room, map[string]string{
		"#inc-1-move-db1": "Maintenance in progress · over its window since", "status page": "Maintenance in progress", "#incidents": "the maintenance goes on",
		"topic of inc-1-move-db1": "Maintenance in progress", "incident show": "over its window since",
	})
	if v := w.view(1); v.Status != "in progress" || v.Planned == nil || !v.Planned.Overrun || v.RTO != nil {
		w.Errorf("show --json: %+v", v.Planned)
	}
	w.press(w.ana, room, "incident.resolve", "The maintenance window ended")
	w.fill(w.ana, "Complete INC-1", map[string]any{"How it went": "db1 is moved", "Complete it anyway: why": "no checklist", "To": []string{"announcement", "mail"}})
	w.fill(w.ana, "Complete INC-1", map[string]any{})
	w.speaks(server, room, map[string]string{
		"topic of inc-1-move-db1": "Maintenance completed · Ana Ruiz", "#inc-1-move-db1": "✅ INC-1 maintenance completed", "mail": "maintenance completed: move db1",
		"status page": "Completed", "incident timeline": "Ana Ruiz completed the maintenance: db1 is moved", "#incidents": "Result: db1 is moved",
		"incident list": "No incident is open",
	})
	if v := w.view(1); v.Review != nil || v.State != "closed" || v.Status != "completed" {
		w.Errorf("show --json: %s %s %+v", v.State, v.Status, v.Review)
	}
	w.answers(w.ana, room, "/incident reopen one table is left", "INC-1 goes on: maintenance in progress")
	w.speaks(server, room, map[string]string{"status page": "Maintenance in progress", "topic of inc-1-move-db1": "Maintenance in progress"})
	if n := w.count(w.dev, room, "⚠ The maintenance window ended"); n > 1 {
		w.Errorf("said %d times that the window ended", n)
	}
	w.answers(w.ana, room, "/incident resolve all tables are moved --to announcement anyway: no checklist", "INC-1 is completed.")
}

// calledOff is another maintenance, which does not take place: whoever heard of it hears that, in that word.
func (w *town) calledOff(server *mailtest.Server) {
	w.Helper()
	room, mails := w.open(w.ana, "Slow pages: new disks"), len(server.Mails())
	day := w.clock.Now().UTC().AddDate(0, 0, 2).Format("2006-01-02")
	w.answers(w.ana, room, "/incident services users", "INC-2 affects users.")
	w.answers(w.ana, room, "/incident window "+day+"T22:00 1h", "INC-2 is planned from")
	w.answers(w.ana, room, `/incident update New disks --to announcement,mail,status --public "New disks the day after tomorrow."`, "Update 1 of INC-2 is sent")
	w.answers(w.ana, room, "/incident window off they did not come", "INC-2 is called off.")
	w.expect(w.dev, room, "INC-2 maintenance called off", "Called off by @Ana Ruiz. They did not come.")
	w.shows("", "Canceled", "Would have affected: <bdi>Login</bdi>")
	w.until("everybody is told", func() bool {
		all := w.everywhere(server, room)
		return strings.Contains(all["mail"], "INC-2 maintenance called off: new disks") && strings.Contains(all["#incidents"], "INC-2: The maintenance is called off and does not take place.") &&
			strings.Contains(all["topic of inc-2-new-disks"], "Maintenance called off")
	})
	for place, words := range w.everywhere(server, room) {
		for line := range strings.Lines(words) {
			if strings.Contains(line, "new disks") && (strings.Contains(line, "completed") || ofIncidents.MatchString(line)) {
				w.Errorf("%s: %s", place, line)
			}
		}
	}
	if n := len(server.Mails()) - mails; n != 2 {
		w.Errorf("%d mails of what is called off", n)
	}
	code, out, errs := w.drbot("report", "--md")
	if code != 0 || !strings.Contains(out, "**Left out** maintenance 2") || !strings.Contains(out, "No incident of this time stands in the figures.") {
		w.Errorf("report: exit %d: %s%s", code, out, errs)
	}
}

// TestMaintenance_NobodyIsPaged: not at its opening, not in its window, not when that is over; but an alert of its service opens
// its own incident, calls as ever, and says of the maintenance.
func TestMaintenance_NobodyIsPaged(t *testing.T) {
	t.Parallel()
	b := small()
	b.tail = contactTable
	w, a := night(t, b, "contacts:\n  On-call engineer: {policy: PPOL1, repeat: 10m}\n  Engineering lead: {person: chen@example.com}\n", func(w *town) {
		now := w.clock.Now().UTC()
		w.pushTo(time.Date(now.Year(), now.Month(), now.Day()+1, 20, 0, 0, 0, time.UTC))
	})
	w.planning()
	w.alert(a, "Chen Li has user PCHEN")
	room := w.open(w.dev, "sev1 Slow pages: move db1")
	w.answers(w.dev, room, "/incident services users", "INC-1 affects users.")
	w.answers(w.dev, room, "/incident window 21:00 1h", "Nobody is paged in it.")
	w.at("21:00:02")
	w.expect(w.dev, room, "Maintenance is in progress since")
	w.at("22:00:02")
	w.expect(w.dev, room, "⚠ The maintenance window ended")
	w.at("23:00:00")
	w.press(w.dev, room, "incident.longer", "⚠ The maintenance window ended")
	w.awaitView(1, "it is longer", func(v commands.View) bool { return v.Planned != nil && !v.Planned.Overrun })
	if _, _, woke := a.Pages(); len(woke) != 0 || len(w.records("PageAsked", "CallsHushed")) != 0 {
		t.Errorf("PagerDuty woke %v", woke)
	}
	for _, key := range w.spokenKeys() {
		if !strings.HasPrefix(key, "window/") && !strings.HasPrefix(key, "head") {
			t.Errorf("it spoke of %s", key)
		}
	}
	a.Trigger("PDB1", "Users are gone", "high", "P1")
	other := w.awaitAlerted(2, "the alert has its own incident", func(v commands.View) bool { return v.Type == "Database corruption" && v.Severity == 1 })
	w.expect(w.ana, other, "SEV-1 · INC-2", "🔧 INC-1 is maintenance of users, planned until 23:30")
	w.expect(w.ana, "C0INCIDENTS", "SEV-1 INC-2", "🔧 INC-1 is maintenance of users, planned until 23:30")
	w.clock.push(16 * minute)
	w.until("its contact is called as ever", func() bool { return len(w.records("PageAsked")) > 0 })
	for _, r := range w.records("PageAsked", "Paged") {
		if r.Incident != 2 {
			t.Errorf("%s of INC-%d", r.Kind, r.Incident)
		}
	}
	w.audited()
}

// TestMaintenance_MadeAnIncidentAndBack: its clocks begin when it becomes one; its old messages say that they hold no more.
func TestMaintenance_MadeAnIncidentAndBack(t *testing.T) {
	t.Parallel()
	w := settle(t, small(), quick)
	w.planning()
	w.serve()
	w.linked()
	room := w.open(w.ana, "Slow pages: move db1")
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	w.answers(w.ana, room, "/incident window now 1h", "Nobody is paged in it.")
	w.expect(w.dev, room, "Maintenance is in progress since")
	w.clock.push(46 * minute)
	w.expect(w.dev, room, "The maintenance window ends", "30 min more")
	became := w.clock.Now()
	w.answers(w.ana, room, "/incident type Database corruption", "INC-1 is Database corruption, SEV-1. Updates every 15 min")
	w.expect(w.dev, room, "SEV-3 → SEV-1", "Updates every 15 min from now.")
	w.until("its messages say that it is no maintenance", func() bool {
		return w.count(w.dev, room, "This was maintenance, with a window until") == 1 && w.count(w.dev, room, "This was maintenance, with a window from") == 1
	})
	if v := w.view(1); v.RTO == nil || v.RTO.Ends.Before(became.Add(59*minute)) || v.Planned != nil {
		t.Errorf("its RTO is %+v", v.RTO)
	}
	w.answers(w.ana, room, "/incident type Slow pages", "INC-1 is scheduled maintenance now (Slow pages). Plan its window")
	w.until("its messages say that the window stands no more", func() bool {
		return w.count(w.dev, room, "does not stand any more; the maintenance is not planned anew yet") == 2
	})
	if n := w.count(w.dev, room, "00:00 UTC"); n != 0 {
		t.Errorf("%d messages with a window of no time", n)
	}
	if n := len(w.records("SeveritySet")); n != 1 {
		t.Errorf("%d changes of the severity: maintenance has none", n)
	}
	w.audited()
	w.leave()
	if code, out, errs := w.drbot("incident", "list", "--offline"); code != 0 || !strings.HasPrefix(out, "🔧 INC-1 move db1 · maintenance scheduled · its time is not planned yet") {
		t.Errorf("without drbot: exit %d: %s%s", code, out, errs)
	}
}
