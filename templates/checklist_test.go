package templates

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/drbot/drbot/incident"
)

// bound is an incident whose checklist is tied to the record.
func bound() *story {
	s := identified()
	for id, b := range map[string]*incident.Bind{
		"c1": {Rule: incident.RuleClassified}, "c2": {Rule: incident.RuleBackup}, "c3": {Rule: incident.RuleStep}, "c5": {Rule: incident.RuleStep},
		"c10": {Rule: incident.RuleTold, To: []incident.Audience{incident.AudienceMail, incident.AudienceStatus}, After: true},
	} {
		s.Item(id).Bind = b
	}
	return s
}

// boundCards are the checklist's messages where the record proves items and time passes, and the timeline's pages.
func boundCards(add func(string, Message)) {
	s := bound()
	add("checklist/bound", Checklist(s.Incident))
	s = bound().say("03:06", incident.ItemDone{By: ana, Item: "c2", Anyway: "the hoster says that it is there"}, incident.ItemAssigned{By: ana, Item: "c4", Who: bea},
		incident.ItemDue{By: ana, Item: "c4", Due: at("03:30")}, incident.ItemDue{By: ana, Item: "c3", Due: at("03:20")})
	s.Checklist = append(s.Checklist,
		incident.Item{ID: "c11", Phase: "During recovery", Text: "All health checks passing", Bind: &incident.Bind{Rule: incident.RuleProbe, Probe: "https://shop.example.com/healthz"}, Probed: "https://shop.example.com/healthz answered 503 in 3ms", ProbedAt: at("03:05")},
		incident.Item{ID: "c12", Phase: "During recovery", Text: "Smoke test passed", Bind: &incident.Bind{Rule: incident.RuleProbe, Probe: "p1.s9"}})
	add("checklist/due", Checklist(s.Incident))
	add("checklist/duepage", AllItems(s.Incident))
	asked := s.copy().say("03:07", incident.ProbeAsked{By: ana, Item: "c11"})
	asked.Item("c5").State, asked.Item("c5").Anyway, asked.Item("c5").By = "done", "restored by the hoster", ana
	add("checklist/asked", Checklist(asked.Incident))
	key := incident.ItemKey(s.Item("c4"))
	m, _ := ItemDue(s.Incident, key, 0)
	add("checklist/reminder", m)
	late := s.copy()
	late.Item("c3").Who = incident.Person{}
	m, _ = ItemDue(late.Incident, incident.ItemKey(s.Item("c3")), 40*60*1e9)
	add("checklist/reminderlate", m)
	m, _ = ItemDue(s.copy().say("03:31", incident.ItemDone{By: bea, Item: "c4"}).Incident, key, 0)
	add("checklist/reminderdone", m)
	m, _ = ItemDue(s.copy().say("03:31", incident.ItemExcused{By: bea, Item: "c4", Reason: "nothing is damaged"}).Incident, key, 0)
	add("checklist/reminderna", m)
	m, _ = ItemDue(s.copy().say("03:31", incident.ItemDue{By: bea, Item: "c4", Due: at("04:00")}).Incident, key, 0)
	add("checklist/remindermoved", m)
	m, _ = ItemDue(s.copy().say("03:31", incident.Resolved{By: ana, Summary: "it is back"}).Incident, key, 0)
	add("checklist/reminderover", m)
	add("checklist/one", OneItem(s.Incident, s.Item("c4")))
	add("checklist/given", ItemGiven(s.Incident, s.Item("c4"), ana))
	add("checklist/notso", ItemNotSo(s.Incident, s.Item("c11"), s.Item("c11").Probed))
	ordered := bound()
	ordered.Item("c8").Bind = &incident.Bind{Rule: incident.RuleStep}
	ordered.say("03:07", incident.ItemShown{Item: "c8", How: "step 1.8 of R7"})
	add("checklist/shownpage", AllItems(ordered.Incident))
	add("checklist/deep", AllItems(deep().Incident))
	add("checklist/pages", ItemsPage(lengthy(60).Incident, 2))
	timelineCards(add)
}

// deep has items below items, one that is due tomorrow, and one that was excused.
func deep() *story {
	s := opening()
	s.Checklist = []incident.Item{
		{ID: "c1", Phase: "During", Text: "Stop what writes"}, {ID: "c2", Phase: "During", Text: "Stop the cron jobs", Parent: "c1"},
		{ID: "c3", Phase: "During", Text: "cron on db1", Parent: "c2", Due: at("03:20").Add(24 * 3600 * 1e9)}, {ID: "c4", Phase: "During", Text: "its lock", Parent: "c3", State: "na", By: bea, At: at("03:01"), How: "it has none"},
	}
	return s
}

// lengthy has many items.
func lengthy(n int) *story {
	s := opening()
	s.Checklist = nil
	for k := range n {
		s.Checklist = append(s.Checklist, incident.Item{ID: fmt.Sprintf("c%d", k+1), Phase: fmt.Sprintf("Phase %d", k/40+1), Text: fmt.Sprintf("Item %d", k+1)})
	}
	return s
}

// A checklist holds whatever its length, its texts and its depth are: its message and each page stay inside Slack's limits,
// every item is on exactly one page, and what leads to the others is always there.
func TestChecklist_HoldsForAnyLength(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := opening().Incident
		i.Checklist = nil
		n := rapid.IntRange(1, 500).Draw(t, "items")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		texts := []string{strings.Repeat("Wörter und ", 30), strings.Repeat("x", 300), "short", strings.Repeat("🧯", 300)}
		people := []incident.Person{ana, incident.Bot, {Key: "x", Name: strings.Repeat("Name ", 60)}, {}}
		text := func() string { return texts[r.IntN(len(texts))] }
		phases := r.IntN(21)
		for k := range n {
			it := incident.Item{
				ID: fmt.Sprintf("c%d", k+1), Phase: fmt.Sprintf("Phase %d", phases*k/n), Text: text(), Order: r.IntN(2) == 0,
				State: []string{"", "", "", "done", "na"}[r.IntN(5)], By: people[r.IntN(3)], How: text(), Who: people[r.IntN(4)],
			}
			if k > 0 {
				it.Parent = []string{"", fmt.Sprintf("c%d", k), fmt.Sprintf("c%d", (k+1)/2)}[r.IntN(3)]
			}
			switch r.IntN(6) {
			case 0:
				it.Due = at("03:30")
			case 1:
				it.Bind = &incident.Bind{Rule: incident.RuleTold, To: incident.Audiences}
			case 2:
				it.Bind = &incident.Bind{Rule: incident.RuleProbe, Probe: "https://" + strings.Repeat("a", 300)}
				it.Probed, it.ProbedAt = text(), at("03:10")
			case 3:
				it.Anyway = text()
			}
			i.Checklist = append(i.Checklist, it)
		}
		m := Checklist(i)
		checkLimits(t, m)
		if _, ok := m.Blocks[len(m.Blocks)-1].(Actions); !ok {
			t.Fatalf("of %d items nothing leads to the whole list", n)
		}
		seen := 0
		for page := 1; page <= (n+itemsAPage-1)/itemsAPage; page++ {
			m := ItemsPage(i, page)
			checkLimits(t, m)
			all := TextIn(m, 0)
			words := strings.Fields(all)
			for k := (page - 1) * itemsAPage; k < min(page*itemsAPage, n); k++ {
				if slices.Contains(words, i.Checklist[k].ID) {
					seen++
				}
			}
			if strings.Contains(all, "more line") {
				t.Fatalf("page %d is cut", page)
			}
		}
		if seen != n {
			t.Fatalf("%d of %d items are on a page", seen, n)
		}
	})
}

// TestI55_ThePageHasWhoseAnItemIs: with drbot dead the page alone says who has what, by when, below what, and what counts
// though nothing shows it.
func TestI55_ThePageHasWhoseAnItemIs(t *testing.T) {
	s := deep()
	s.Item("c1").State, s.Item("c1").By, s.Item("c1").At, s.Item("c1").Anyway = "done", ana, at("03:02"), "the power is off"
	s.Item("c3").Who = bea
	page := string(Paper(s.Incident, Facts{}))
	for _, want := range []string{
		"\n- [x] c1 Stop what writes (Ana Ruiz 03:02, though the record does not show it: the power is off)", "\n  - [ ] c2 Stop the cron jobs\n", "\n    - [ ] c3 cron on db1 (for Bea Ode, due 25 Nov 03:20 UTC)", "\n      - [x] c4 its lock (Bea Ode 03:01 it has none)",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not in:\n%s", want, page)
		}
	}
}
