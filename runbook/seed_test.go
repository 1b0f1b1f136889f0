package runbook

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// seed reads the source runbook, which is not part of this repository.
func seed(t testing.TB) *Runbook {
	t.Helper()
	src, err := os.ReadFile("../../shared/seed/DISASTER_RECOVERY.md")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the seed runbook is not beside this checkout (../shared/seed)")
	}
	if err != nil {
		t.Fatal(err)
	}
	rb, err := Parse(src, nil)
	if err != nil {
		t.Fatal(err)
	}
	return rb
}

func TestSeedIsReadWithoutLoss(t *testing.T) {
	rb := seed(t)
	count := func(what string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
	count("severities", len(rb.Severities), 4)
	count("types", len(rb.IncidentTypes), 10)
	count("RTO", len(rb.RTO), 4)
	count("RPO", len(rb.RPO), 6)
	count("procedures", len(rb.Procedures), 5)
	for i, want := range []int{7, 6, 4, 5, 6} {
		count("steps of "+rb.Procedures[i].Title, len(rb.Procedures[i].Steps), want)
	}
	count("templates", len(rb.Templates), 4)
	count("deadlines", len(rb.Review.Deadlines), 5)
	count("contacts", len(rb.Contacts), 4)
	count("phases", len(rb.Checklist.Phases), 3)
	items, ordered := 0, 0
	for _, p := range rb.Checklist.Phases {
		for _, it := range p.Items {
			items += 1 + len(it.Items)
			for _, child := range it.Items {
				if child.List != "" {
					ordered++
				}
			}
		}
	}
	count("items", items, 23)
	count("ordered children", ordered, 4)
	count("notes of procedure 3", len(rb.Procedures[2].Notes), 1)
	if n := rb.Procedures[2].Notes[0]; !strings.HasPrefix(n, "Aragora automatically falls back") {
		t.Errorf("note %q", n)
	}
	count("fences", len(rb.Fences), 35)
	if s := rb.Severities[0]; s.Respond != 15*time.Minute || s.Level != 1 {
		t.Errorf("SEV-1 %+v", s)
	}
	if d := rb.Review.Deadlines[4]; d.After != 14*24*time.Hour {
		t.Errorf("last deadline %+v", d)
	}
	if !strings.HasPrefix(rb.Review.Template, "# Post-Incident Review") || rb.Title != "Disaster Recovery Runbook" {
		t.Errorf("review template %q, title %q", rb.Review.Template, rb.Title)
	}
}

func TestSeedKindsAndVerdicts(t *testing.T) {
	rb := seed(t)
	kinds := map[Kind][]string{}
	for _, p := range rb.Procedures {
		for _, s := range p.Steps {
			kinds[s.Kind] = append(kinds[s.Kind], s.Number)
		}
	}
	for kind, want := range map[Kind]string{Choice: "1.1 1.6 2.4 4.1", Call: "4.3", Manual: "2.2 5.4 5.5 5.6"} {
		if got := strings.Join(kinds[kind], " "); got != want {
			t.Errorf("%s: %s, want %s", kind, got, want)
		}
	}
	if _, s := rb.Step("4.3"); strings.Join(s.Calls, " ") != "p1 p2" {
		t.Errorf("4.3 calls %v", s.Calls)
	}
	if _, s := rb.Step("2.3"); s.Condition != "if necessary" || s.Title != "Drop and recreate database" {
		t.Errorf("2.3 %+v", s)
	}
	verdicts := map[string]int{}
	for _, f := range rb.Fences {
		verdicts[f.Verdict]++
	}
	want := map[string]int{"template": 5, "choice": 4, "configuration": 2, "manual": 5, "blocked": 6, "executable": 13}
	for v, n := range want {
		if verdicts[v] != n {
			t.Errorf("%s: %d fences, want %d (all: %v)", v, verdicts[v], n, verdicts)
		}
	}
}

func TestSeedTemplatesHaveNoPlaceholderLeft(t *testing.T) {
	for _, m := range seed(t).Templates {
		rest := strings.NewReplacer("[[", "", "]]", "", "[ARAGORA]", "").Replace(m.Subject + "\n" + m.Body)
		if strings.ContainsAny(rest, "[]") {
			t.Errorf("%s keeps a placeholder:\n%s\n%s", m.Key, m.Subject, m.Body)
		}
		if m.Key == "initial" && (!strings.Contains(m.Body, "- [[actions]]\n\nNext update: [[next_update]]") || m.Subject != "[ARAGORA] Service Incident - [[severity]]") {
			t.Errorf("initial: %q\n%s", m.Subject, m.Body)
		}
		if m.Key == "resolution" && !strings.Contains(m.Body, "**Root Cause:** [[root_cause]]") {
			t.Errorf("resolution:\n%s", m.Body)
		}
	}
}

func TestSeedLintNamesTheFaultsOfTheText(t *testing.T) {
	found := map[string]bool{}
	for _, f := range Lint(seed(t), Env{Exists: func(string) bool { return false }}) {
		found[f.Rule] = true
		if f.Message == "" || f.Fix == "" {
			t.Errorf("%+v says too little", f)
		}
	}
	for _, rule := range strings.Fields(`rpo-unreachable rpo-no-mechanism type-without-procedure backup-same-host pitr-no-base archive-timeout archive-overwrites
		redis-save redis-bgsave-race dump-in-place no-globals day-stamp not-portable newest-by-mtime warns-only check-discarded ignores-errors no-cleanup drift
		wal-left quarantine-overwritten sqlite-creates integrity-by-exit fixed-replicas no-wait curl-succeeds alternatives interactive restore-in-place no-host
		restore-errors outdated no-offset no-verification no-undo redis-shutdown redis-aof redis-unchecked auto-approve image-name order secret-in-argv
		secret-newline wide-delete destroys-before-preserving one-pod evidence-dump evidence-unhashed time-compare grep-case contact contact-channel
		escalation-time cause-too-early contents dead-link value settings condition migrate-after-restore`) {
		if !found[rule] {
			t.Errorf("lint does not name %s", rule)
		}
	}
}

func TestSeedJSONKeepsTheContract(t *testing.T) {
	text, err := json.Marshal(seed(t))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Severities    []any
		IncidentTypes []any `json:"incident_types"`
		RTO, RPO      []any
		Procedures    []struct {
			ID, Title, Scenario string
			Notes               []string
			Steps               []struct {
				ID, Title, Kind string
				Commands        []any
			}
		}
		Checklist struct {
			Phases []struct {
				Title string
				Items []struct {
					Text  string
					Items []any
				}
			}
		}
		Templates []any
		Review    struct{ Deadlines []any }
		Contacts  []any
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Severities) != 4 || len(got.IncidentTypes) != 10 || len(got.RTO) != 4 || len(got.RPO) != 6 || len(got.Templates) != 4 || len(got.Review.Deadlines) != 5 || len(got.Contacts) != 4 {
		t.Errorf("%s", text)
	}
	if s := got.Procedures[0].Steps[0]; s.ID != "p1.s1" || s.Kind != "choice" || len(s.Commands) != 1 {
		t.Errorf("%+v", s)
	}
	if len(got.Checklist.Phases[1].Items[4].Items) != 4 {
		t.Errorf("%+v", got.Checklist)
	}
}

func TestSeedProceduresAreFoundByWords(t *testing.T) {
	rb := seed(t)
	ids := func(ps []Procedure) string {
		var out []string
		for _, p := range ps {
			out = append(out, p.ID)
		}
		return strings.Join(out, " ")
	}
	for words, want := range map[string]string{
		"1": "p1", "p2": "p2", "procedure 3": "p3", "sqlite": "p1", "database": "p1 p2", "Redis data loss": "p3", "nothing of this": "", "": "", "security breach": "p5",
	} {
		if got := ids(rb.Match(words)); got != want {
			t.Errorf("%q: %q, want %q", words, got, want)
		}
	}
	if got := ids(rb.ProceduresFor("Database corruption", nil)); got != "p1" {
		t.Errorf("by type: %s", got)
	}
	if got := ids(rb.ProceduresFor("database corruption", map[string][]string{"Database corruption": {"p2", "1"}})); got != "p2 p1" {
		t.Errorf("by configuration: %s", got)
	}
	if ty := rb.Type("corruption"); ty == nil || ty.Name != "Database corruption" {
		t.Errorf("type %+v", ty)
	}
	if ty := rb.Type("outage"); ty != nil {
		t.Errorf("an ambiguous type gave %+v", ty)
	}
	if i := slices.IndexFunc(rb.Contacts, func(c Contact) bool { return c.Known }); i != 2 {
		t.Errorf("known contact %d", i)
	}
}
