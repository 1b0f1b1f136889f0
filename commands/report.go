package commands

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

func reportVerbs() []Verb {
	return []Verb{{
		Group: "incident", Name: "report", May: incident.Everyone, Scope: Anywhere, Reads: true, Grammar: "[30d|2026-01-01|all]", Example: "report 90d",
		Does: "Shows figures: times to acknowledge and to resolve, promises kept, objectives met; drills apart.", do: showReport,
	}}
}

// ReportPeriod is the time of a report that names none.
const ReportPeriod = "30d"

var (
	periodName = regexp.MustCompile(`^([0-9]{1,5})(h|d|w)$`)
	reportPage = regexp.MustCompile(`^page/([0-9]{1,9})/(.{1,40})$`)
)

// ParsePeriod reads where a report begins: 30d, 12h and 8w before now, a day (UTC), or "all", which is the zero time.
func ParsePeriod(word string, now time.Time) (time.Time, error) {
	word = strings.ToLower(strings.TrimSpace(word))
	if word == "all" {
		return time.Time{}, nil
	}
	if m := periodName.FindStringSubmatch(word); m != nil {
		n, _ := strconv.Atoi(m[1])
		unit := map[string]time.Duration{"h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}[m[2]]
		if n > 0 && time.Duration(n) <= 200*366*24*time.Hour/unit {
			return now.UTC().Add(-time.Duration(n) * unit), nil
		}
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04Z", time.RFC3339} {
		if at, err := time.Parse(layout, strings.ToUpper(word)); err == nil {
			if at.After(now) {
				return time.Time{}, incident.Refuse(incident.BadInput, "%s is ahead of now.", cut(word, 40))
			}
			return at.UTC(), nil
		}
	}
	return time.Time{}, incident.Refuse(incident.BadInput, "%q is no time to report on.", cut(word, 40)).Then("Like: 30d, 12h, 8w, 2026-01-01, all.")
}

// showReport answers a chat with a page, and a terminal with all of it.
func showReport(ctx context.Context, o *Office, c *call) (Reply, error) {
	word, page := or(c.Text, ReportPeriod), 1
	if m := reportPage.FindStringSubmatch(c.Object); m != nil {
		page, _ = strconv.Atoi(m[1])
		word = m[2]
	}
	word, form := head(word)
	if form != "" && (form != "md" || c.Actor.Slack != "") {
		return Reply{}, incident.Refuse(incident.BadInput, "A report takes one time.").Then("Like: 30d, 12h, 8w, 2026-01-01, all.")
	}
	now := o.now(&incident.Incident{Time: time.Now()})
	since, err := ParsePeriod(word, now)
	if err != nil {
		return Reply{}, err
	}
	r, err := Figure(ctx, o.Store, ReportAsk{Since: since, Now: now, Period: strings.ToLower(word), Specs: o.Specs, May: func(i *incident.Incident) bool { return inside(i, c.person, c.Channel) }})
	switch {
	case err != nil:
		return Reply{}, err
	case c.Actor.Slack != "":
		return Reply{Say: templates.ReportPage(r, page), Data: ViewReport(r)}, nil
	case form == "md":
		return Reply{Say: templates.ReportWhole(r), Data: templates.ReportMarkdown(r)}, nil
	}
	return Reply{Say: templates.ReportWhole(r), Data: ViewReport(r)}, nil
}

// ReportAsk is what a report is asked for.
type ReportAsk struct {
	Since, Now time.Time
	Period     string                                                                  // as it was typed
	May        func(*incident.Incident) bool                                           // whether the reader is inside of a restricted one; nil: of every one
	Specs      func(context.Context, *incident.Run) (map[string]*incident.Spec, error) // nil: read from the store
}

// Figure makes a report. Of most incidents it reads the figures alone; of those that were restored also what tells how much
// was lost, and of restricted ones who may read them.
func Figure(ctx context.Context, store state.Reader, a ReportAsk) (templates.ReportFacts, error) {
	all, err := store.Figures(ctx, state.Query{Since: a.Since})
	if err != nil {
		return templates.ReportFacts{}, fmt.Errorf("read figures: %w", err)
	}
	hidden, err := a.hidden(ctx, store, all)
	if err != nil {
		return templates.ReportFacts{}, err
	}
	lost, err := a.lost(ctx, store, all)
	if err != nil {
		return templates.ReportFacts{}, err
	}
	label := func(f incident.Figures) string {
		if hidden[f.ID] {
			return templates.RestrictedType()
		}
		return or(f.Type, templates.UntypedType())
	}
	r := templates.ReportFacts{Report: incident.Tell(all, a.Since, a.Now, lost, label), Period: a.Period}
	r.Owing, err = a.owing(ctx, store, all, hidden)
	return r, err
}

// hidden are the restricted incidents of which the reader learns nothing but the number (I56).
func (a ReportAsk) hidden(ctx context.Context, store state.Reader, all []incident.Figures) (map[incident.ID]bool, error) {
	hidden := map[incident.ID]bool{}
	for _, f := range all {
		if !f.Restricted || a.May == nil {
			continue
		}
		i, err := store.Incident(ctx, state.Ref{ID: f.ID})
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", f.ID, err)
		}
		hidden[f.ID] = !a.May(i)
	}
	return hidden, nil
}

// lost reads how much of the writes each restore gave up. One whose steps cannot be read any more is not measured.
func (a ReportAsk) lost(ctx context.Context, store state.Reader, all []incident.Figures) (map[incident.ID]time.Duration, error) {
	lost := map[incident.ID]time.Duration{}
	specs := a.Specs
	if specs == nil {
		specs = reader{store, map[string]*incident.Spec{}}.specs
	}
	for _, f := range all {
		if !f.Restored || f.Out != "" {
			continue
		}
		i, err := store.Incident(ctx, state.Ref{ID: f.ID})
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", f.ID, err)
		}
		known := map[string]*incident.Spec{}
		for _, r := range i.Runs {
			of, err := specs(ctx, r)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err == nil {
				maps.Copy(known, of)
			}
		}
		if back, ok := i.Restored(known); ok {
			lost[f.ID] = back.Lost
		}
	}
	return lost, nil
}

// reader reads the steps of runs where no office remembers them.
type reader struct {
	store state.Reader
	known map[string]*incident.Spec
}

func (r reader) specs(ctx context.Context, run *incident.Run) (map[string]*incident.Spec, error) {
	specs := map[string]*incident.Spec{}
	for _, s := range slices.Concat(run.Steps, run.Undos) {
		if r.known[s.Spec] == nil {
			spec, err := readSpec(ctx, r.store, s.Spec)
			if err != nil {
				return nil, err
			}
			r.known[s.Spec] = spec
		}
		specs[s.Spec] = r.known[s.Spec]
	}
	return specs, nil
}

// owing lists the incidents whose reviews have open tasks, soonest first.
func (a ReportAsk) owing(ctx context.Context, store state.Reader, all []incident.Figures, hidden map[incident.ID]bool) ([]templates.Owing, error) {
	var list []templates.Owing
	for _, f := range all {
		if f.Tasks > 0 {
			list = append(list, templates.Owing{ID: f.ID, Drill: f.Drill, Tasks: f.Tasks, Begun: f.Begun, Blocked: f.Blocked, Due: f.TaskDue, Late: !f.TaskDue.IsZero() && a.Now.After(f.TaskDue)})
		}
	}
	if len(list) == 0 {
		return nil, nil
	}
	lines, err := store.List(ctx, state.Query{Alive: true, Since: a.Since})
	if err != nil {
		return nil, fmt.Errorf("read titles: %w", err)
	}
	titles := map[incident.ID]string{}
	for _, line := range lines {
		if !hidden[line.ID] {
			titles[line.ID] = line.Title
		}
	}
	for k := range list {
		id := list[k].ID
		if list[k].Title = titles[id]; list[k].Title != "" || hidden[id] {
			continue
		}
		i, err := store.Incident(ctx, state.Ref{ID: id}) // closed with something left to do
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", id, err)
		}
		list[k].Title = i.Title
	}
	slices.SortFunc(list, func(a, b templates.Owing) int {
		if a.Due.IsZero() != b.Due.IsZero() { // those without a day come last
			return cmp.Compare(b.Due.Unix(), a.Due.Unix())
		}
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}
