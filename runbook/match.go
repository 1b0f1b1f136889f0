package runbook

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// matched says which entry of a lock belongs to which step of the Markdown, and which id each step has or would get.
type matched struct {
	procedures []string   // id of each procedure
	ids        [][]string // of each step
	entries    [][]*Entry // nil: the lock has none
	left       []*Entry   // entries that no step has any more; undo entries of living steps are not among them
}

// match follows procedures by the steps they share with the lock, then steps by the digest of their source, then by title. A place in the
// list never decides.
func match(rb *Runbook, l *Lock) matched {
	m := matched{procedures: matchProcedures(rb, l)}
	used := map[string]bool{}
	known := map[string][]*Entry{} // by procedure
	for k := range l.Steps {
		if e := &l.Steps[k]; e.own() {
			known[e.Procedure] = append(known[e.Procedure], e)
		}
	}
	given := givenIDs(l)
	for i, p := range rb.Procedures {
		entries := make([]*Entry, len(p.Steps))
		take := func(fits func(*Step, *Entry) bool) {
			for j := range p.Steps {
				if entries[j] != nil {
					continue
				}
				for _, e := range known[m.procedures[i]] {
					if !used[e.ID] && fits(&p.Steps[j], e) {
						entries[j], used[e.ID] = e, true
						break
					}
				}
			}
		}
		take(func(s *Step, e *Entry) bool { return sameSource(s, e) && s.Title == e.Title })
		take(sameSource)
		take(func(s *Step, e *Entry) bool { return s.Title == e.Title })
		m.entries = append(m.entries, entries)
		m.ids = append(m.ids, giveIDs(m.procedures[i], p.Steps, entries, given[m.procedures[i]]))
	}
	m.leave(rb, l, used)
	return m
}

// own says that the entry stands for a step of the Markdown by itself: no undo, no branch.
func (e *Entry) own() bool { return e.UndoOf == "" && e.ChoiceOf == "" }

// leave finds the entries whose step or branch is gone.
func (m *matched) leave(rb *Runbook, l *Lock, used map[string]bool) {
	living := map[string]bool{}
	for i, ids := range m.ids {
		for j, id := range ids {
			living[id] = true
			if e := m.entries[i][j]; e != nil && e.Choice {
				branches, _ := giveBranches(rb.Procedures[i].Steps[j].Alternatives, id, l)
				for _, b := range branches {
					living[b], used[b] = true, true
				}
			}
		}
	}
	for k := range l.Steps {
		if e := &l.Steps[k]; !used[e.ID] && !living[e.UndoOf] {
			m.left = append(m.left, e)
		}
	}
}

func sameSource(s *Step, e *Entry) bool {
	return s.SourceSHA256 != "" && e.SourceSHA256 == s.SourceSHA256
}

// idsGiven is what a procedure's ids were so far.
type idsGiven struct {
	highest int
	subs    map[int]int // by step, the highest sub-step; 1 where the step itself was given
}

func givenIDs(l *Lock) map[string]idsGiven {
	out := map[string]idsGiven{}
	note := func(id string) {
		x := idParts(id)
		p := fmt.Sprintf("p%d", x.procedure)
		g := out[p]
		if g.subs == nil {
			g.subs = map[int]int{}
		}
		g.highest = max(g.highest, x.step)
		g.subs[x.step] = max(g.subs[x.step], x.sub, 1)
		out[p] = g
	}
	for _, e := range l.Steps {
		note(e.ID)
	}
	for _, id := range l.Retired {
		note(id)
	}
	return out
}

// giveIDs numbers the steps without an entry: past every id that was ever given in the procedure, sub-steps past those of their item.
func giveIDs(procedure string, steps []Step, entries []*Entry, given idsGiven) []string {
	highest, subs := given.highest, map[int]int{}
	maps.Copy(subs, given.subs)
	items := map[string]int{} // number of an item with sub-steps, where one of them has an entry
	for j, e := range entries {
		if e != nil && steps[j].Item != "" && items[steps[j].Item] == 0 {
			items[steps[j].Item] = idParts(e.ID).step
		}
	}
	ids := make([]string, len(entries))
	for j, e := range entries {
		item := steps[j].Item
		switch {
		case e != nil:
			ids[j] = e.ID
		case item == "":
			highest++
			ids[j] = fmt.Sprintf("%s.s%d", procedure, highest)
		default:
			if items[item] == 0 {
				highest++
				items[item] = highest
			}
			n := items[item]
			subs[n]++
			ids[j] = fmt.Sprintf("%s.s%d.%d", procedure, n, subs[n])
		}
	}
	return ids
}

// matchProcedures keeps each procedure's id where its steps are found in the lock, even when its number changed.
func matchProcedures(rb *Runbook, l *Lock) []string {
	ids := make([]string, len(rb.Procedures))
	taken := map[string]bool{}
	bySource, byTitle := map[string]map[string]int{}, map[string]map[string]int{} // -> procedure -> how many
	count := func(in map[string]map[string]int, key, procedure string) {
		if in[key] == nil {
			in[key] = map[string]int{}
		}
		in[key][procedure]++
	}
	for k := range l.Steps {
		e := &l.Steps[k]
		if e.SourceSHA256 != "" {
			count(bySource, e.SourceSHA256, e.Procedure)
		}
		if e.own() {
			count(byTitle, e.Title, e.Procedure)
		}
	}
	type pair struct{ i, score, number int }
	var pairs []pair
	for i, p := range rb.Procedures {
		scores := map[string]int{}
		for j := range p.Steps {
			st := &p.Steps[j]
			for id, n := range bySource[st.SourceSHA256] {
				scores[id] += 3 * n
			}
			for id, n := range byTitle[st.Title] {
				scores[id] += n
			}
		}
		for id, score := range scores {
			number := idParts(id).procedure
			if number == p.Number && p.written == p.Number { // in a folder, numbers that clash are given by the files' order
				score++ // a tie goes to the number that people know
			}
			pairs = append(pairs, pair{i, score, number})
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		if a.score != b.score {
			return b.score - a.score
		}
		if a.i != b.i {
			return a.i - b.i
		}
		return a.number - b.number
	})
	for _, x := range pairs {
		if id := fmt.Sprintf("p%d", x.number); ids[x.i] == "" && !taken[id] {
			ids[x.i], taken[id] = id, true
		}
	}
	return freshProcedures(rb, l, ids, taken)
}

// freshProcedures gives ids to procedures that the lock does not know: their number where no entry ever had it.
func freshProcedures(rb *Runbook, l *Lock, ids []string, taken map[string]bool) []string {
	highest := 0
	for _, e := range l.Steps {
		n := idParts(e.ID).procedure
		highest = max(highest, n)
		taken[e.Procedure] = true
	}
	for _, id := range l.Retired {
		n := idParts(id).procedure
		highest = max(highest, n)
		taken[fmt.Sprintf("p%d", n)] = true
	}
	for _, p := range rb.Procedures {
		highest = max(highest, p.Number)
	}
	for i, p := range rb.Procedures {
		if ids[i] != "" {
			continue
		}
		if ids[i] = fmt.Sprintf("p%d", p.Number); taken[ids[i]] {
			highest++
			ids[i] = fmt.Sprintf("p%d", highest)
		}
		taken[ids[i]] = true
	}
	return ids
}

// Procedure finds one by id (p1), number (1) or exact title; nil: none.
func (rb *Runbook) Procedure(name string) *Procedure {
	name = strings.TrimSpace(strings.ToLower(name))
	for i := range rb.Procedures {
		p := &rb.Procedures[i]
		if name == p.ID || name == fmt.Sprint(p.Number) || name == strings.ToLower(p.Title) {
			return p
		}
	}
	return nil
}

// Step finds one by id (p1.s6) or present number (1.6); nil: none.
func (rb *Runbook) Step(name string) (*Procedure, *Step) {
	name = strings.TrimSpace(strings.ToLower(name))
	for i := range rb.Procedures {
		p := &rb.Procedures[i]
		for j := range p.Steps {
			if s := &p.Steps[j]; name == s.ID || name == s.Number {
				return p, s
			}
		}
	}
	return nil, nil
}

// Match finds the procedures that the words mean, in the runbook's order: by id, number or title, else those whose title and scenario hold
// the start of every word.
func (rb *Runbook) Match(words string) []Procedure {
	words = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(words)), "procedure ")
	if p := rb.Procedure(words); p != nil {
		return []Procedure{*p}
	}
	want := plainWords(words)
	var out []Procedure
	for _, p := range rb.Procedures {
		if len(want) > 0 && holds(plainWords(p.Title+" "+p.Scenario), want) {
			out = append(out, p)
		}
	}
	return out
}

// ProceduresFor gives the procedures for an incident type: those that the configuration names (ids, numbers or titles), else those whose
// steps say so in the lock (`for`), else those whose title or scenario holds the type's words.
func (rb *Runbook) ProceduresFor(incidentType string, mapping map[string][]string) []Procedure {
	var out []Procedure
	for name, procedures := range mapping {
		if strings.EqualFold(name, incidentType) {
			for _, id := range procedures {
				if p := rb.Procedure(id); p != nil {
					out = append(out, *p)
				}
			}
			return out
		}
	}
	for _, p := range rb.Procedures {
		if slices.ContainsFunc(p.Steps, func(s Step) bool {
			return s.Entry != nil && slices.ContainsFunc(s.Entry.For, func(f string) bool { return strings.EqualFold(f, incidentType) })
		}) {
			out = append(out, p)
		}
	}
	if len(out) > 0 || incidentType == "" {
		return out
	}
	return rb.Match(incidentType)
}

func plainWords(s string) []string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r > 0x7f) })
	return slices.DeleteFunc(words, func(w string) bool {
		return slices.Contains([]string{"the", "a", "an", "of", "and", "or", "for", "to", "in"}, w)
	})
}

// holds says that every wanted word begins some word.
func holds(words, want []string) bool {
	for _, w := range want {
		if !slices.ContainsFunc(words, func(x string) bool { return strings.HasPrefix(x, w) }) {
			return false
		}
	}
	return true
}

// Type finds an incident type by name, or by the start of its name where that is one alone; nil: none or several.
func (rb *Runbook) Type(name string) *IncidentType {
	var found []*IncidentType
	for i := range rb.IncidentTypes {
		t := &rb.IncidentTypes[i]
		if strings.EqualFold(t.Name, strings.TrimSpace(name)) {
			return t
		}
		if want := plainWords(name); len(want) > 0 && holds(plainWords(t.Name), want) {
			found = append(found, t)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	return nil
}

// Template gives the message of a key; nil: the runbook has none, and the built-in one is used.
func (rb *Runbook) Template(key string) *Template {
	for i := range rb.Templates {
		if rb.Templates[i].Key == key {
			return &rb.Templates[i]
		}
	}
	return nil
}
