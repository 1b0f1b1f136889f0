package templates

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/drbot/drbot/incident"
)

// words of a message: everything that a reader of it can see, buttons and dialogs included.
func seen(m Message) string {
	var b strings.Builder
	b.WriteString(m.Text + "\n" + Text(m) + "\n")
	for _, block := range m.Blocks {
		if a, ok := block.(Actions); ok {
			for _, e := range a.Elements {
				fmt.Fprintf(&b, "%+v\n", e)
				if button, ok := e.(Button); ok && button.Confirm != nil {
					fmt.Fprintf(&b, "%+v\n", *button.Confirm)
				}
			}
		}
	}
	return b.String()
}

func hasButton(m Message, verb string) bool {
	for _, block := range m.Blocks {
		if a, ok := block.(Actions); ok {
			for _, e := range a.Elements {
				if b, ok := e.(Button); ok && b.Verb == verb {
					return true
				}
			}
		}
	}
	return false
}

// codes are the preformatted texts of a message.
func codes(m Message) string {
	var list []string
	for _, block := range m.Blocks {
		if c, ok := block.(Code); ok {
			list = append(list, c.Text)
		}
	}
	return strings.Join(list, "\n")
}

// Whatever the script and the values are, an approver who can press has the whole text: in the card, or uploaded in its
// thread before there was a button.
func TestI3_NoButtonBeforeTheWholeText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := waiting()
		a := s.Approval(17)
		lines := rapid.SliceOfN(rapid.StringMatching(`[a-z $"'\\/-]{0,120}`), 1, 60).Draw(t, "script")
		script := strings.Join(lines, "\n")
		a.Action.Env = nil
		for k := range rapid.IntRange(0, 25).Draw(t, "values") {
			a.Action.Env = append(a.Action.Env, incident.Var{Name: fmt.Sprintf("V%02d", k), Value: rapid.StringN(0, 300, -1).Draw(t, "value")})
		}
		a.Action.Identity = map[string]string{"path": rapid.StringN(0, 600, -1).Draw(t, "identity")}
		a.Action.Script = incident.Digest([]byte(script))
		a.Digest = a.Action.Digest([]byte(script))
		f := s.facts()
		f.Scripts = map[string]string{a.Action.Script: script}

		m := ApprovalCard(s.Incident, a, f)
		checkLimits(t, m)
		if m.Attach == nil {
			if !hasButton(m, "recover approve") {
				t.Fatalf("the whole text is there and the button is not")
			}
			shown := codes(m)
			if !strings.Contains(shown, visible(strings.TrimRight(script, "\n"))) {
				t.Fatalf("the script is not whole")
			}
			for _, v := range a.Action.Env {
				if !strings.Contains(shown, v.Name+"="+inert(v.Value)) {
					t.Fatalf("the value %s is not whole", v.Name)
				}
			}
			if all := seen(m) + shown + flatSpans(m); !strings.Contains(all, inert(a.Action.Identity["path"])) {
				t.Fatalf("the identity is not whole")
			}
			return
		}
		if hasButton(m, "recover approve") || hasButton(m, "recover deny") {
			t.Fatalf("a button before the upload")
		}
		if string(m.Attach.Text) != a.Action.Text([]byte(script)) {
			t.Fatalf("what is attached is not the whole action")
		}
		f.Uploaded = map[string]bool{"A17": true}
		m = ApprovalCard(s.Incident, a, f)
		checkLimits(t, m)
		if !hasButton(m, "recover approve") || !hasButton(m, "recover deny") {
			t.Fatalf("no button after the upload")
		}
	})
}

// flatSpans are the spans of lines and rows as they are, unwrapped.
func flatSpans(m Message) string {
	var b strings.Builder
	each(m, func(s Span) { b.WriteString(s.Text) })
	return b.String()
}

func each(m Message, f func(Span)) {
	for _, block := range m.Blocks {
		switch block := block.(type) {
		case Lines:
			for _, line := range block.Lines {
				for _, s := range line {
					f(s)
				}
			}
		case Rows:
			for _, row := range block.Rows {
				for _, s := range row.Spans {
					f(s)
				}
			}
		case Note:
			for _, s := range block.Spans {
				f(s)
			}
		}
	}
}

// A confirmation has the whole text above its button too, however much else the run card has to say.
func TestI3_ConfirmShowsTheWholeText(t *testing.T) {
	s := confirming()
	r := s.Run(7)
	step := r.Step("p1.s3")
	script := strings.Repeat("echo a line of this script, about ninety characters long, with its words and its numbers 123\n", 24)
	step.Spec, step.Script = "long", incident.Digest([]byte(script))
	s.specs["long"] = &incident.Spec{Script: script}
	for range 17 {
		more := *step
		more.ID, more.State, more.Title, more.Why, more.Note, more.Manual = "other", incident.StepTodo, strings.Repeat("title ", 50), strings.Repeat("why ", 90), strings.Repeat("note ", 90), true
		r.Steps = append(r.Steps, more)
	}
	r.Steps[1].Leaves = strings.Repeat("now true ", 90)
	m := RunCard(s.Incident, r, s.facts())
	checkLimits(t, m)
	if !hasButton(m, "recover confirm") || !strings.Contains(codes(m), strings.TrimSpace(script)) {
		t.Errorf("the button is there: %v; the whole text: %v", hasButton(m, "recover confirm"), strings.Contains(codes(m), strings.TrimSpace(script)))
	}
}

// A text that is not the one of the approval's digest is never offered for approval, nor one that is not at hand.
func TestI3_AnotherTextHasNoButton(t *testing.T) {
	s := waiting()
	f := s.facts()
	a := s.Approval(17)
	for name, change := range map[string]func(){
		"other script": func() { f.Scripts[a.Action.Script] = restoreScript + " " },
		"no script":    func() { f.Scripts = nil },
		"other value":  func() { f = s.facts(); a.Action.Env[0].Value += "x" },
	} {
		change()
		if m := ApprovalCard(s.Incident, a, f); hasButton(m, "recover approve") {
			t.Errorf("%s: there is a button", name)
		}
	}
}

// hostile are values that try to mention, link, format, draw nothing, turn the writing direction or pose as a seal.
var hostile = []string{
	"<!channel>", "<@U0BEA>", "<https://evil.example|here>", "*bold* _it_ ~no~ `code` ```", "\x00{\"Person\":\"U0BEA\"}\x00",
	"a\u202eb", "\u200b", "\x1b[31mred\x1b[0m", "# heading", "[link](https://evil.example)", "@everyone", "line\nDRILL", "{{.Secret}}", "[[severity]]",
	strings.Repeat("long ", 3000), "\xff\xfe",
}

func poisoned(value string) *story {
	s := failing()
	i := s.Incident
	i.Title, i.Impact, i.Type, i.Source, i.Summary, i.RootCause, i.DataImpact = value, value, value, value, value, value, value
	i.Services = []string{value, value}
	i.Channel.Lost = value
	for k := range i.Checklist {
		i.Checklist[k].Text, i.Checklist[k].How = value, value
	}
	for _, p := range []*incident.Person{&i.OpenedBy, &i.AckedBy} {
		p.Name = value
	}
	i.Roles[incident.Scribe] = incident.Person{Key: "x", Name: value}
	i.Parked = []incident.Parked{{Follower: value, Why: value}}
	r := s.Run(7)
	r.Title, r.Why, r.Cancel = value, value, value
	for k := range r.Steps {
		r.Steps[k].Title, r.Steps[k].Note, r.Steps[k].Last, r.Steps[k].Leaves, r.Steps[k].Why, r.Steps[k].Target = value, value, value, value, value, value
	}
	for _, a := range i.Approvals {
		a.Why = value
		a.Facts = []incident.Fact{{Name: "loses", Value: value}, {Name: value, Value: value}}
	}
	return s
}

func everyCard(s *story) map[string]Message {
	i, r, f := s.Incident, s.Run(7), s.facts()
	f.Degraded = []string{i.Title}
	f.Live = map[string]Tail{"R7/p1.s7": {Line: i.Title, At: at("03:20")}}
	f.Contacts = append(f.Contacts, Contact{Name: i.Title, Phone: i.Title, Roles: []string{i.Title}})
	values := Known(i, f)
	values.Set("update_message", i.Title)
	all := map[string]Message{
		"card": Card(i, f), "announcement": Announcement(i, f, Announced(i, f, BuiltIn(Initial))), "checklist": Checklist(i), "items": AllItems(i),
		"run": RunCard(i, r, f), "failure": Failure(i, r, r.Step("p1.s7"), f), "unknown": Unknown(i, r, r.Step("p1.s7"), f), "resolution": Resolution(i, f),
		"hand": Hand(i, r, r.Step("p1.s8"), f), "warning": StepWarning(i, r, r.Step("p1.s7"), f), "welcome": Welcome(i, f),
		"reminder": Reminder(i, Promised{Number: i.Updates + 1, Due: i.UpdateDue, Missed: i.MissedUpdate()}, Drafted{Text: i.Title}), "late": Reminder(i, Promised{Missed: true}, Drafted{Text: i.Title}),
		"answer": Answer(i, Called{Percent: 80, By: i.RespondBy}, []incident.Person{i.OpenedBy}), "answered": Answer(i, Called{Percent: 80}, nil),
		"update":   Update(i, incident.UpdateSent{Text: i.Title, Next: i.Title, By: i.OpenedBy}),
		"severity": Severity(i, incident.SeveritySet{Reason: i.Title, By: i.OpenedBy}), "away": Away(i, at("03:00"), at("03:10"), []string{i.Title, i.Title}),
		"frozen": Frozen(incident.Frozen{Reason: i.Title, By: ana}, f), "people": PeopleChanged(incident.PeopleChanged{Changes: []string{i.Title}}),
		"lock": LockCard(LockOffer{Digest: "4f2c19aa770000", Difference: []string{i.Title}, Entries: []LockEntry{{Title: i.Title, Script: i.Title}}}, f),
		"home": Home(HomeFacts{Open: []HomeIncident{{Summary: i.Summarise()}}, Waiting: []HomeWaiting{{Text: i.Title}}, Links: []string{i.Title}, Record: i.Title, Me: Contact{Key: "x", Name: i.Title}}),
	}
	for _, a := range i.Approvals {
		all["approval "+a.Name()] = ApprovalCard(i, a, f)
	}
	everyMessage(i, f, all)
	return all
}

// A hostile value makes no span but a plain one: no mention, instant, link or style comes from it, no character of it
// hides or turns the line, and no message outgrows its limits.
func TestI41_ValuesStayValues(t *testing.T) {
	count := func(m Message) (kinds [4]int) {
		each(m, func(s Span) {
			for k, is := range []bool{s.Person != "", !s.At.IsZero(), s.Object != "", s.URL != ""} {
				if is {
					kinds[k]++
				}
			}
		})
		return kinds
	}
	for _, value := range hostile {
		harmless := "value"
		if flat(value, 10) == "" {
			harmless = "" // nothing of it is seen, so the cards speak as without it
		}
		clean := everyCard(poisoned(harmless))
		for name, m := range everyCard(poisoned(value)) {
			if got, want := count(m), count(clean[name]); got != want {
				t.Errorf("%s with %.40q: mentions, instants, links, addresses %v, without it %v", name, value, got, want)
			}
			each(m, func(s Span) {
				if strings.ContainsFunc(s.Text, func(r rune) bool { return hidden(r) }) {
					t.Errorf("%s: a span shows hidden characters: %.80q", name, s.Text)
				}
			})
			if strings.ContainsFunc(codes(m), func(r rune) bool { return hidden(r) && r != '\n' && r != '\t' }) {
				t.Errorf("%s: a code shows hidden characters", name)
			}
			if strings.Contains(Text(m), "(sentence ") {
				t.Errorf("%s: a sentence failed: %s", name, Text(m))
			}
			checkLimits(t, m)
		}
	}
}

// The seal that marks spans inside a sentence never gets out, and a value cannot make one.
func TestI41_SealStaysInside(t *testing.T) {
	for _, line := range [][]Span{
		Line("card.impact", map[string]any{"Impact": "\x00" + `{"Person":"U0BEA","Text":"x"}` + "\x00"}),
		Line("card.role", map[string]any{"Role": "scribe", "Who": incident.Person{Name: `","Person":"U1","x":"`}}),
	} {
		for _, s := range line {
			if s.Person != "" || strings.Contains(s.Text, seal) {
				t.Errorf("a value became %+v", s)
			}
		}
	}
	if strings.Contains(Say("told.answered", map[string]any{"Who": ana, "At": at("03:01")}), "\x00") {
		t.Error("the seal got out")
	}
}

// Markdown keeps every value a value too.
func TestI41_MarkdownIsEscaped(t *testing.T) {
	for in, want := range map[string]string{
		"<!channel> *b* [x](y) `c`": "\\<\\!channel\\> \\*b\\* \\[x\\](y) \\`c\\`", "# h": "\\# h", "- a": "\\- a", "a_b": "a\\_b",
	} {
		if got := literal(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := fenced("a\n````\nb"); !strings.HasPrefix(got, "`````text\n") || !strings.HasSuffix(got, "\n`````") {
		t.Errorf("a text left its fence:\n%s", got)
	}
	if got := codeSpan("`x``"); got != "``` `x`` ```" {
		t.Errorf("inline code: %q", got)
	}
}

const secretWord = "CONFIDENTIALWORD"

// What is seen outside a restricted incident's channel says nothing of it but its number: announcements, the text of
// every message (which a locked phone shows) and the line in another person's App Home.
func TestI56_OutsideOnlyTheNumber(t *testing.T) {
	s := poisoned(secretWord)
	s.Restricted = true
	s.Roles[incident.Commander] = ana
	outside := map[string]string{"announcement": seen(Announcement(s.Incident, s.facts(), secretWord))}
	for name, m := range everyCard(s) {
		switch name {
		case "frozen", "people", "lock", "home": // of no incident
		case "announcement":
			outside[name] = seen(m)
		default:
			outside[name] = m.Text
		}
	}
	resolvedToo := resolved()
	resolvedToo.Restricted, resolvedToo.Title, resolvedToo.Summary = true, secretWord, secretWord
	outside["resolved"] = seen(Announcement(resolvedToo.Incident, Facts{}, secretWord))
	outside["home"] = seen(Home(HomeFacts{Open: []HomeIncident{{Summary: incident.Summary{ID: 42, Restricted: true, State: incident.StateOpen}}}}))
	for name, text := range outside {
		if strings.Contains(text, secretWord) || strings.Contains(text, "Database") || strings.Contains(text, "SEV") {
			t.Errorf("%s shows more than the number: %s", name, text)
		}
		if !strings.Contains(text, "INC-42") {
			t.Errorf("%s does not show the number: %s", name, text)
		}
	}
}

// A locked phone shows no command, value, output or secret, of any incident.
func TestLockedPhoneShowsNoOutput(t *testing.T) {
	s := failing()
	r := s.Run(7)
	for k := range r.Steps {
		r.Steps[k].Last, r.Steps[k].Note = secretWord, secretWord
	}
	r.Values["BACKUP"] = secretWord
	for _, spec := range s.specs {
		spec.Script, spec.Text = secretWord, secretWord
	}
	for name, m := range everyCard(s) {
		if strings.Contains(m.Text, secretWord) {
			t.Errorf("%s: %s", name, m.Text)
		}
	}
}

// DRILL stands first in every header, text and topic of a drill (I44).
func TestI44_DrillStandsFirst(t *testing.T) {
	s := failing()
	s.Drill = true
	if !strings.HasPrefix(Topic(s.Incident), "DRILL") {
		t.Errorf("topic: %s", Topic(s.Incident))
	}
	for name, m := range everyCard(s) {
		switch name {
		case "frozen", "people", "lock", "home":
			continue
		}
		if !strings.HasPrefix(m.Text, "DRILL") {
			t.Errorf("%s: text: %s", name, m.Text)
		}
		if h, ok := m.Blocks[0].(Header); ok && !strings.HasPrefix(h.Text, "DRILL") {
			t.Errorf("%s: header: %s", name, h.Text)
		}
	}
}

// A lock that another one replaced says so, and no time that nobody knows.
func TestAReplacedLockHasNoTime(t *testing.T) {
	card := fmt.Sprintf("%+v", LockCard(LockOffer{Digest: "4f2c19aa770000", Replaced: true}, Facts{}))
	if strings.Contains(card, "Loaded") || !strings.Contains(card, "newer lock") {
		t.Error(card)
	}
}
