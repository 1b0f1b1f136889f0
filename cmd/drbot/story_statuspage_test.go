package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/integrations/statuspage/atlassiantest"
	"github.com/drbot/drbot/workspace"
)

const statusToken = "statuspage-story-token"

// published gives a town a status page, served by drbot, and Atlassian's page beside it.
func published(t *testing.T) (*town, *atlassiantest.Account) {
	t.Helper()
	return publishedBook(t, small(), "")
}

func publishedBook(t *testing.T, b book, more string) (*town, *atlassiantest.Account) {
	t.Helper()
	var account *atlassiantest.Account
	w := settle(t, b, func(w *town, _ *workspace.Options) {
		var err error
		account, err = atlassiantest.Start(atlassiantest.Options{Token: statusToken, Page: "kctbh9vrtdwd", Components: map[string]string{"clogin": "Login"}})
		w.ok(err)
		t.Cleanup(account.Close)
		w.extra += "statuspage:\n  title: Shop status\n  url: https://status.example.com\n  serve: true\n  components: {Login: [users], Shop: [users]}\n" +
			"  atlassian: {page: kctbh9vrtdwd, token: {env: STATUSPAGE_TOKEN}, api_url: \"" + account.URL() + "\", components: {Login: clogin}}\n" + more
	})
	w.env["STATUSPAGE_TOKEN"] = statusToken
	return w, account
}

// shows waits until the page that drbot serves, and the file, say all of it and none of what starts with "!".
func (w *town) shows(name string, words ...string) {
	w.Helper()
	holds := func(body string) bool {
		for _, word := range words {
			if no, ok := strings.CutPrefix(word, "!"); ok == strings.Contains(body, no) && ok || !ok && !strings.Contains(body, word) {
				return false
			}
		}
		return true
	}
	w.until("the status page says "+strings.Join(words, " | "), func() bool {
		code, body := w.get("/status/" + name)
		return code == http.StatusOK && holds(body)
	})
}

func (w *town) file(name string) string {
	b, err := os.ReadFile(w.path("data", "statuspage", name))
	if err != nil {
		return ""
	}
	return string(b)
}

// pushedThere is what Atlassian's page says of the only incident there.
func pushedThere(a *atlassiantest.Account) string {
	var said []string
	for _, i := range a.Incidents() {
		said = append(said, i.Name)
		for _, u := range i.Updates {
			said = append(said, u.Status+": "+u.Body)
		}
	}
	return strings.Join(said, " | ")
}

// TestI44_I48_TheStatusPageTellsWhatWasWrittenForIt: nothing before, the public words alone, an edit, the resolution; through
// a directory that cannot be written, an outage of Atlassian's and a restart, nothing is lost and nothing said twice. A drill
// never shows.
func TestI44_I48_TheStatusPageTellsWhatWasWrittenForIt(t *testing.T) {
	t.Parallel()
	w, account := published(t)
	w.serve()
	w.linked()
	w.shows("", "Shop status", "All systems operational", "No incidents.")
	drill := w.open(w.ana, "drill Database corruption: rehearsal")
	w.say(w.ana, drill, `/incident update The rehearsal goes on --to status --public "A rehearsal."`)
	room := w.open(w.ana, "Database corruption: Users gone on db1, payroll leaked")
	w.answers(w.ana, room, "/incident services users", "Critical")
	w.answers(w.ana, room, "/incident update We read the logs of db1", "Update 1")
	w.answers(w.ana, room, `/incident update We restore db1 from s3 --to announcement,status --public "Nobody can log in. We look into it."`, "Update 2")
	w.shows("", "Major outage", "Nobody can log in.", "Investigating", "!db1", "!payroll", "!Ana", "!rehearsal", "!INC-")
	w.until("Atlassian's page says it", func() bool {
		return pushedThere(account) == "Incident: Login and Shop | investigating: Nobody can log in. We look into it." && account.Component("clogin") == "major_outage"
	})

	// Both ways out are closed, and drbot is started again meanwhile.
	account.Down(http.StatusServiceUnavailable, 0)
	dir, away := w.path("data", "statuspage"), w.path("statuspage-away")
	w.until("the page is written", func() bool { return strings.Contains(w.file("index.html"), "Nobody can log in.") })
	w.ok(os.Rename(dir, away))
	w.ok(os.WriteFile(dir, []byte("a file in the way"), 0o600))
	w.answers(w.ana, room, "/incident status identified", "identified")
	w.answers(w.ana, room, `/incident update Restoring, step 6 --to announcement,status --public "We restore a backup."`, "Update 3")
	w.until("/readyz says it", func() bool {
		ready := w.ready()
		return strings.Contains(ready, "The files of the status page cannot be written") && strings.Contains(ready, "Atlassian's Statuspage is not told") && strings.Contains(ready, `"ready":true`)
	})
	w.shows("", "We restore a backup.", "Identified")
	w.answers(w.ana, room, "/incident ack", "You command INC-2") // the card is drawn again, and says it
	w.expect(w.ana, room, "SEV-1 · INC-2", "status page cannot be written")
	w.answers(w.ana, room, `/incident edit 3 Restoring, step 7 --public "We restore the backup of 02:00."`, "Update 3")
	w.life.stop()
	w.serve()
	w.linked()
	w.shows("", "We restore the backup of 02:00.", "edited", "!We restore a backup.")
	account.Down(0, 0)
	w.ok(os.Remove(dir))
	w.ok(os.Rename(away, dir))
	w.until("the file is right again", func() bool { return strings.Contains(w.file("index.html"), "We restore the backup of 02:00.") })
	told := "Incident: Login and Shop | investigating: Nobody can log in. We look into it. | identified: We restore the backup of 02:00."
	w.until("Atlassian's page is right again", func() bool { return pushedThere(account) == told })
	w.until("/readyz is well", func() bool { return !strings.Contains(strings.ToLower(w.ready()), "status page") })

	w.overAndAgain(account, room, told)
	w.statusJSON()
	if faults := account.Faults(); len(faults) > 0 {
		t.Errorf("Atlassian refused: %q", faults)
	}
	if n := len(account.Incidents()); n != 1 {
		t.Errorf("%d incidents at Atlassian's", n)
	}
	w.clock.push(24 * time.Hour) // a new day makes the page again
	w.audited()
}

// overAndAgain resolves with words for the page, and opens again without any.
func (w *town) overAndAgain(account *atlassiantest.Account, room, told string) {
	w.Helper()
	w.say(w.ana, room, "/incident resolve")
	w.fill(w.ana, "Resolve", map[string]any{"summary": "Restored on db1.", "anyway": "the rest goes on in the review", "to": []string{}, "public": "Logins work again."})
	w.until("the end is shown before it leaves", func() bool {
		s, err := w.ana.State(w.within())
		w.ok(err)
		form, ok := s.Modal()
		return ok && form.Submit == "Resolve and send" && strings.Contains(form.Plain, "Logins work again.")
	})
	w.fill(w.ana, "Resolve", map[string]any{})
	w.shows("", "All systems operational", "Resolved", "Incident: Login and Shop", "!db1")
	w.until("Atlassian's page is over", func() bool {
		return pushedThere(account) == told+" | resolved: Logins work again." && account.Component("clogin") == "operational"
	})
	w.answers(w.ana, room, "/incident reopen logins fail again on db1", "open again")
	w.shows("", "Major outage", "open again", "!db1")
}

// statusJSON holds that what programs read says the same, in every place where it can be read.
func (w *town) statusJSON() {
	w.Helper()
	var s struct {
		Status     struct{ State string }
		Components []struct{ Name, State string }
		Incidents  []struct {
			Page    string
			Updates []struct{ Words string }
		}
	}
	_, body := w.get("/status/status.json")
	w.ok(json.Unmarshal([]byte(body), &s))
	if s.Status.State != "major_outage" || len(s.Components) != 2 || s.Components[0].Name != "Login" || len(s.Incidents) != 1 || len(s.Incidents[0].Updates) != 4 {
		w.Errorf("status.json: %s", body)
	}
	w.until("the file says the same", func() bool { return w.file("status.json") == body })
	page := s.Incidents[0].Page
	w.shows(page, "Logins work again.")
	w.shows("feed.atom", "https://status.example.com/"+page)
	for _, path := range []string{"/status/incidents/", "/status/..%2fdrbot.db", "/status/incidents/..%2f..%2f..%2fdrbot.yaml", "/status/index.html.new"} {
		if code, body := w.get(path); code != http.StatusNotFound || strings.Contains(body, "runbook") {
			w.Errorf("%s: %d %s", path, code, body)
		}
	}
}

// TestStatusPageConfiguration: each mistake is said with its fix, at the start or by check.
func TestStatusPageConfiguration(t *testing.T) {
	for text, want := range map[string]string{
		"{titel: x}":                     `unknown key "titel" in statuspage`,
		"{url: example.com}":             "7:19: statuspage.url: \"example.com\" is no address of a page, like https://status.example.com",
		"{dir: ./data}":                  "statuspage.dir: is the data directory",
		"{components: {Login: []}}":      "statuspage.components.Login: names no service",
		"{components: {Login: users}}":   "components",
		"{atlassian: {token: {env: X}}}": "statuspage.atlassian.page: is missing",
		"{atlassian: {page: p}}":         "statuspage.atlassian.token: name either file or env",
		"{atlassian: {page: p, token: {env: X}, components: {Login: c}}}": `statuspage.components has no "Login"`,
	} {
		path := writeFile(t, filepath.Join(t.TempDir(), "drbot.yaml"), goodConfig+"services: {users: {tier: Critical}}\nstatuspage: "+text+"\n")
		if code, _, errs := drbot(t, nil, "check", "--offline", "--config", path); code != exitConfig || !strings.Contains(errs, want) {
			t.Errorf("%s: exit %d: %s", text, code, errs)
		}
	}
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "page"), "a file")
	path := writeFile(t, filepath.Join(dir, "drbot.yaml"), goodConfig+"services: {users: {tier: Critical}}\nstatuspage: {dir: page, components: {Login: [usres]}, atlassian: {page: p, token: {env: NO_SUCH}}}\n")
	_, out, _ := drbot(t, nil, "check", "--offline", "--config", path)
	for _, want := range []string{"is no directory", "services: has no “usres”", "It has: users.", "statuspage.atlassian.token cannot be read"} {
		if !strings.Contains(out, want) {
			t.Errorf("check does not say %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "not used by this version") {
		t.Errorf("check takes a key for unused:\n%s", out)
	}
}
