package incident

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Some items of a checklist say what the record itself knows: that people were called, that an update went out, that a
// check passed. Such an item is bound to a rule. drbot ticks it as soon as the record shows it, with the proof in words,
// and refuses a tick before; a person who knows better gives a reason.

// Rule is what proves an item.
type Rule string

const (
	RuleClassified Rule = "classified" // a person chose the type or the severity
	RuleNotified   Rule = "notified"   // somebody acknowledged or was paged
	RuleTold       Rule = "told"       // an update or the resolution went to one of Bind.To
	RuleBackup     Rule = "backup"     // a run's reads found a verified backup
	RuleRestored   Rule = "restored"   // a run that is done restored a backup, and its check behind that passed
	RuleStep       Rule = "step"       // a step of a run, whose lock entry names the item
	RuleProbe      Rule = "probe"      // a step or an address that the configuration names
)

// Bind ties an item to its rule, resolved when the incident opened.
type Bind struct {
	Rule  Rule       `json:"rule"`
	To    []Audience `json:"to,omitempty"`
	After bool       `json:"after,omitempty"` // of RuleTold: what was sent before the recovery was over does not count
	Probe string     `json:"probe,omitempty"` // id of a step, or an http(s) address
}

// Proof is what the record showed last for a rule, and in which record.
type Proof struct {
	N     uint64    `json:"n"`
	At    time.Time `json:"at"`
	Said  string    `json:"said"`
	After bool      `json:"after,omitempty"` // of a message that has not left: it was written after the recovery was over
}

// said are the patterns of items that every runbook words in its own way. An item that matches none is people's.
var said = []struct {
	pattern *regexp.Regexp
	bind    Bind
}{
	{regexp.MustCompile(`(?i)\b(incident|it) (is |was )?classified\b|\bseverity (is |was )?(assigned|set|chosen)\b`), Bind{Rule: RuleClassified}},
	{regexp.MustCompile(`(?i)\b(on-?call|responders?|personnel)\b.*\b(notified|paged|informed|called|alerted)\b`), Bind{Rule: RuleNotified}},
	{
		regexp.MustCompile(`(?i)\b(users?|customers?)\b.*\b(notified|told|informed)\b`),
		Bind{Rule: RuleTold, To: []Audience{AudienceMail, AudienceStatus}},
	},
	{
		regexp.MustCompile(`(?i)\bstakeholders?\b.*\b(notified|told|informed)\b|\b(communications?|message|update|notification)\b.*\b(sent|posted)\b`),
		Bind{Rule: RuleTold, To: []Audience{AudienceAnnouncement, AudienceExecutives, AudienceMail, AudienceStatus}},
	},
	{
		regexp.MustCompile(`(?i)\bbackups?\b.*\brestored\b|\bdata (is |was |were |has been )?restored\b|\brestore\b.*\b(verified|successful|succeeded|complete|completed)\b|\bintegrity\b.*\b(verified|checked|confirmed|validated)\b`),
		Bind{Rule: RuleRestored},
	},
	{regexp.MustCompile(`(?i)\bbackups?\b.*\b(confirmed|available|found)\b`), Bind{Rule: RuleBackup}},
}

// unsaid are the words of an item that only speaks of it: somebody decides, plans or writes, or it is still to be done.
var unsaid = regexp.MustCompile(`(?i)^\W*(decide|choose|plan|agree|discuss|consider|prepare|draft|review|ask|list|find out|write down)\b|\b(whether|how|not|never|must|should|needs? to|ha(s|ve) to|(is|are|was|were|will|to) be)\b`)

var ofRecovery = regexp.MustCompile(`(?i)\b(recover(y|ed)|resolution|resolved|restored)\b`)

// BindOf finds the rule of an item by what it says; nil for an item that only people know about.
func BindOf(text string) *Bind {
	if unsaid.MatchString(text) {
		return nil
	}
	for _, s := range said {
		if s.pattern.MatchString(text) {
			b := s.bind
			b.To = slices.Clone(b.To)
			b.After = b.Rule == RuleTold && ofRecovery.MatchString(text)
			return &b
		}
	}
	return nil
}

// Waits says what a bound item waits for, as the end of "it is ticked …".
func (b *Bind) Waits() string {
	switch b.Rule {
	case RuleClassified:
		return "when somebody chooses the type or the severity"
	case RuleNotified:
		return "when somebody acknowledges or is paged"
	case RuleTold:
		to := make([]string, len(b.To))
		for k, a := range b.To {
			to[k] = audienceWords[a]
		}
		list := strings.Join(to, " or ")
		if len(to) > 2 {
			list = strings.Join(to[:len(to)-1], ", ") + " or " + to[len(to)-1]
		}
		if b.After {
			return "when a message after the recovery went to " + list
		}
		return "when an update went to " + list
	case RuleBackup:
		return "when a run has read a verified backup"
	case RuleRestored:
		return "when a run has restored a backup and its check behind that passed"
	case RuleStep:
		return "by the step of a run that does it"
	}
	if b.Address() {
		return "when " + b.Named() + " answers as it should"
	}
	return "when " + b.Named() + " passes"
}

// proof is what proves an item now.
func (i *Incident) proof(it *Item) (best Proof, ok bool) {
	take := func(key string) {
		if p, there := i.Proofs[key]; there && p.N >= best.N {
			best, ok = p, true
		}
	}
	switch b := it.Bind; b.Rule {
	case RuleTold:
		prefix := "told/"
		if b.After {
			prefix = "after/"
		}
		for _, a := range b.To {
			take(prefix + string(a))
		}
	case RuleProbe:
		take("probe/" + it.ID)
	case RuleRestored:
		return i.restored()
	case RuleStep:
		if take("step/" + it.ID); !ok && it.Proof != "" { // one that somebody took back: a person ticks it again
			return Proof{At: it.At, Said: it.Proof}, true
		}
	default:
		take(string(b.Rule))
	}
	return best, ok
}

// Shown is what proves an open item whose turn has not come.
func (i *Incident) Shown(it *Item) (said string, ok bool) {
	if it.Bind == nil || it.Closed() {
		return "", false
	}
	p, ok := i.proof(it)
	return p.Said, ok && p.N > it.Again && i.CanClose(it) != nil
}

// Prove ticks what the record shows now and did not show when the item was last opened again. i is the incident after
// everything else that was decided.
func (i *Incident) Prove(at time.Time) []Event {
	due := func(d *Incident) *Item {
		for k := range d.Checklist {
			it := &d.Checklist[k]
			if it.Bind == nil || it.Closed() {
				continue
			}
			if p, ok := d.proof(it); ok && p.N > it.Again && d.CanClose(it) == nil {
				return it
			}
		}
		return nil
	}
	if due(i) == nil {
		return nil
	}
	w := i.draft(at)
	for it := due(w.Incident); it != nil; it = due(w.Incident) {
		p, _ := w.proof(it)
		w.add(append([]Event{ItemDone{By: Bot, Item: it.ID, How: p.Said}}, w.above(it)...)...)
	}
	return w.events
}

// Saying adds to a tick what whoever set it said, behind what proved it.
func Saying(ticked []Event, words string) []Event {
	if len(ticked) == 0 || words == "" {
		return ticked
	}
	if done, ok := ticked[0].(ItemDone); ok {
		done.How = strings.TrimPrefix(done.How+"; "+words, "; ")
		ticked[0] = done
	}
	return ticked
}

// TickItem ticks an item in a person's name. One that is bound and not proven needs the reason why it counts anyway.
func (i *Incident) TickItem(by Person, id, anyway string) ([]Event, error) {
	it, err := i.item(id)
	if err != nil {
		return nil, err
	}
	how := ""
	if it.Bind != nil && !it.Closed() && i.CanClose(it) == nil {
		p, ok := i.proof(it)
		switch {
		case ok:
			how, anyway = p.Said, ""
		case anyway == "":
			return nil, Refuse(WrongState, "%s “%s” is not so yet: it is ticked %s.", it.ID, it.Text, i.Waits(it)).
				Then("Or say why it counts anyway, like: checklist %s done anyway: we checked it by hand", it.ID)
		}
	}
	events, err := i.CloseItem(by, id, how, "")
	if err != nil || anyway == "" {
		return events, err
	}
	done := events[0].(ItemDone)
	done.Anyway = anyway
	events[0] = done
	return events, nil
}

// show keeps a proof.
func (i *Incident) show(at Stamp, key, said string) {
	if i.Proofs == nil {
		i.Proofs = map[string]Proof{}
	}
	i.Proofs[key] = Proof{N: at.N, At: at.Time, Said: said}
}

// witness keeps what an event proves. It is called before the event is folded.
func (i *Incident) witness(at Stamp, e Event) {
	switch e := e.(type) {
	case Opened:
		if person(e.By) && (e.Type != "" || e.Chosen) {
			i.show(at, string(RuleClassified), e.By.Name+" opened it as "+strings.TrimPrefix(e.Type+", ", ", ")+"SEV-"+strconv.Itoa(e.Severity))
		}
	case TypeSet:
		if person(e.By) {
			i.show(at, string(RuleClassified), e.By.Name+" chose the type "+e.Type)
		}
	case SeveritySet:
		if person(e.By) {
			i.show(at, string(RuleClassified), e.By.Name+" set SEV-"+strconv.Itoa(e.To))
		}
	case Acknowledged:
		i.show(at, string(RuleNotified), e.By.Name+" acknowledged")
	case Paged:
		if len(e.Woke) > 0 {
			i.show(at, string(RuleNotified), strings.Join(e.Woke, ", ")+" paged")
		} else {
			i.show(at, string(RuleNotified), "paged by PagerDuty")
		}
	case UpdateSent:
		i.toldTo(at, e.Number, e.To, e.Number == 0 || e.Status == Monitoring)
	case Resolved:
		if !e.FalseAlarm {
			i.toldTo(at, 0, e.To, true)
		}
	case MessageLeft:
		i.messageLeft(at, e)
	case Reopened:
		i.Proofs = without(i.Proofs, "after/", "probe/")
		i.goesOn()
	default:
		i.witnessRun(at, e)
	}
}

// person reports whether somebody of flesh is meant.
func person(p Person) bool { return p.Key != "" && !p.Same(Bot) }

// witnessRun keeps what runs and probes prove.
func (i *Incident) witnessRun(at Stamp, e Event) {
	switch e := e.(type) {
	case ReadsDone:
		n, newest := 0, Choice{}
		for _, list := range e.Choices {
			for _, c := range list {
				if c.State != "verified" {
					continue
				}
				if n++; c.TakenAt.After(newest.TakenAt) || newest.Value == "" {
					newest = c
				}
			}
		}
		if n > 0 {
			said := RunName(e.Run) + " read " + plural(n, "verified backup")
			if !newest.TakenAt.IsZero() {
				said += ", the newest of " + newest.TakenAt.UTC().Format("2 Jan 15:04") + " UTC"
			}
			i.show(at, string(RuleBackup), said)
		}
	case StepEnded:
		i.stepProved(at, e)
	case RunEnded:
		i.witnessReturn(at, e)
	case ItemShown:
		if key := "step/" + e.Item; e.How != "" {
			i.show(at, key, e.How)
		} else if delete(i.Proofs, key); len(i.Proofs) == 0 {
			i.Proofs = nil
		}
	case ItemProbed:
		key := "probe/" + e.Item
		if e.OK {
			i.show(at, key, e.Said)
		} else {
			delete(i.Proofs, key)
		}
	}
}

// stepProved keeps the end of a step that the configuration names as an item's probe.
func (i *Incident) stepProved(at Stamp, e StepEnded) {
	for k := range i.Checklist {
		it := &i.Checklist[k]
		if it.Bind == nil || it.Bind.Rule != RuleProbe || it.Bind.Address() {
			continue
		}
		r := i.Run(e.Run)
		if r == nil {
			return
		}
		s := r.Step(e.Step)
		if s == nil || s.Attempt != e.Attempt || s.ID != it.Bind.Probe && s.Number != it.Bind.Probe {
			continue
		}
		said := "step " + s.Number + " of " + r.Name() + showed(s, e.Last)
		it.Probed, it.ProbedAt, it.Passed = said, at.Time, e.Outcome == Succeeded
		if !it.Passed {
			delete(i.Proofs, "probe/"+it.ID)
			continue
		}
		i.show(at, "probe/"+it.ID, said+", "+at.Time.UTC().Format("15:04")+" UTC")
	}
}

// showed is the last line that a check printed, where its output is for the channel.
func showed(s *Step, last string) string {
	if s.Risk != Read || s.Output == "none" || s.Output == "file" {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(last), "\n")
	line := strings.Join(strings.Fields(lines[len(lines)-1]), " ")
	if r := []rune(line); len(r) > 80 {
		line = string(r[:79]) + "…"
	}
	if line == "" {
		return ""
	}
	return ": " + line
}

func without(m map[string]Proof, prefixes ...string) map[string]Proof {
	for key := range m {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) }) {
			delete(m, key)
		}
	}
	if len(m) == 0 {
		return nil
	}
	return m
}

// itemProven keeps what proved a step's item, so that a person who takes the tick back can set it again.
func (i *Incident) itemProven(e ItemDone) {
	it := i.Item(e.Item)
	if it == nil {
		return
	}
	if it.Anyway = e.Anyway; e.How != "" && e.By.Same(Bot) { // a person's words are no proof
		it.Proof = e.How
	}
}

// itemAgain notes that an item was opened again; where drbot did it, the proof is taken back with it.
func (i *Incident) itemAgain(at Stamp, e ItemReopened) {
	it := i.Item(e.Item)
	if it == nil {
		return
	}
	if it.Again = at.N; e.By.Same(Bot) {
		it.Proof = ""
	}
}

// stepProof says which step did what an item says; a check also what it showed.
func stepProof(r *Run, s *Step, manner string) string {
	how := "step " + s.Number + " of " + r.Name() + manner
	if manner == "" {
		how += showed(s, s.Last)
	}
	return how
}
