package templates

import (
	"slices"
	"strings"
	"testing"
)

var runbookUpdate = Form4{
	Key: Progress, Subject: "Incident [[id]] - [[status]]",
	Body: "Status: [[status]]\nSo far: [[duration]]\nETA: [[eta]]\n\nDone:\n- [[actions]]\n\nWe speak every [[update_every]] minutes. Next: [[next_update]]",
}

// In what a person sends a missing fact is named, and nothing is sent.
func TestFillNamesWhatIsMissing(t *testing.T) {
	s := waiting()
	f := s.facts()
	f.Usual = nil
	got, missing := Fill(runbookUpdate, Known(s.Incident, f))
	if !slices.Equal(missing, []string{"eta"}) || got != (Filled{}) {
		t.Errorf("missing %v, filled %+v", missing, got)
	}
	got, missing = Fill(runbookUpdate, Known(s.Incident, s.facts()))
	if len(missing) > 0 {
		t.Fatalf("missing %v", missing)
	}
	golden(t, "fill/update.txt", "Subject: "+got.Subject+"\n"+got.Body)
}

// The initial notification leaves out a line without its fact, and a heading under which nothing is left.
func TestFillKnownLeavesOut(t *testing.T) {
	s := opening()
	s.Impact, s.Services, s.UpdateEvery = "", nil, 0
	got := FillKnown(BuiltIn(Initial), Known(s.Incident, Facts{}))
	golden(t, "fill/initial-bare.txt", "Subject: "+got.Subject+"\n"+got.Body)
	full := FillKnown(BuiltIn(Initial), Known(identified().Incident, Facts{}))
	golden(t, "fill/initial.txt", "Subject: "+full.Subject+"\n"+full.Body)
	if strings.Contains(got.Body+full.Body, "[[") {
		t.Error("a placeholder is left")
	}
	if got := FillKnown(Form4{Subject: "[[eta]]", Body: "[[eta]]\n\nMore:\n\n- [[symptoms]]\n\nEnd:"}, Values{}); got.Subject != "" || got.Body != "End:" {
		t.Errorf("%+v", got)
	}
}

// All built-in messages are filled by a resolved incident and the words of a person.
func TestBuiltInMessages(t *testing.T) {
	for _, key := range []string{Initial, Progress, Resolved} {
		i := resolved().Incident
		if key != Resolved {
			i = waiting().Incident
		}
		v := Known(i, Facts{})
		v.Set("data_impact", "57 min of writes are lost")
		v.Set("update_message", "Logins stay off until the database is back.")
		got, missing := Fill(BuiltIn(key), v)
		if len(missing) > 0 || got.Subject == "" || got.Body == "" {
			t.Errorf("%s: missing %v, %+v", key, missing, got)
		}
		golden(t, "fill/builtin-"+key+".txt", "Subject: "+got.Subject+"\n"+got.Body)
	}
	if got := BuiltIn(StatusPage); got.Body != "" {
		t.Errorf("the status page has a built-in message: %+v", got)
	}
}

// A fact that looks like a field, a mention or several lines stays what it is.
func TestI41_FactsAreInert(t *testing.T) {
	v := Values{}
	v.Set("impact", "[[root_cause]]\nSubject: other <!channel>")
	v.Set("actions", "one", " ", "[[id]]")
	v.Set("id", "INC-42")
	got, missing := Fill(Form4{Body: "Impact: [[impact]]\n- [[actions]]\n[[id]] and [[actions]]"}, v)
	want := "Impact: [[root_cause]] Subject: other <!channel>\n- one\n- [[id]]\nINC-42 and one, [[id]]"
	if len(missing) > 0 || got.Body != want {
		t.Errorf("missing %v, got:\n%s\nwant:\n%s", missing, got.Body, want)
	}
}

func TestTextKeepsWhatIsToBeChecked(t *testing.T) {
	long := strings.Repeat("x", 200)
	m := Message{Text: "t", Blocks: []Block{
		Lines{Lines: [][]Span{{T(strings.Repeat("word ", 40))}, {{URL: "https://a.example"}}}}, Code{Text: long + "\n\x1b[31m"},
		Rows{Rows: []Row{{Label: "On", Spans: []Span{T(strings.Repeat("word ", 40))}}}}, Checks{Items: []Check{{Value: "c1", Text: "a", Done: true}}},
		Note{Spans: []Span{T("note")}}, Rule{}, Actions{}, Header{Text: "h"},
	}}
	text := Text(m)
	if !strings.Contains(text, long) || !strings.Contains(text, `\x1b[31m`) || !strings.Contains(text, "[x] c1 a") {
		t.Errorf("text:\n%s", text)
	}
	for _, line := range strings.Split(text, "\n") {
		if len(line) > 80 && !strings.Contains(line, long) {
			t.Errorf("a line of %d columns: %s", len(line), line)
		}
	}
	if got := Text(Message{Text: "only\x1b text"}); got != `only\x1b text` {
		t.Errorf("%q", got)
	}
	if got := Markdown(Message{Text: "a *b*"}); got != `a \*b\*` {
		t.Errorf("%q", got)
	}
	golden(t, "fill/markdown.md", Markdown(ApprovalCard(waiting().Incident, waiting().Approval(17), waiting().facts()))+"\n\n"+Markdown(m))
}

func TestI44_FilledDrillSaysSo(t *testing.T) {
	s := identified()
	s.Drill = true
	v := Known(s.Incident, Facts{})
	sent, _ := Fill(Form4{Subject: "[[id]]", Body: "x"}, v)
	bare, _ := Fill(Form4{Body: "x"}, v)
	for _, got := range []string{FillKnown(BuiltIn(Initial), v).Subject, sent.Subject, bare.Body} {
		if !strings.HasPrefix(got, "DRILL") {
			t.Errorf("%q", got)
		}
	}
}

// TestFill_AnIntervalHasOneUnit: an hour is no "1 h minutes".
func TestFill_AnIntervalHasOneUnit(t *testing.T) {
	form := Form4{Body: "You hear from us every [[update_every]] minutes."}
	for every, want := range map[string]string{"15 min": "every 15 minutes.", "1 h": "every hour.", "2 h": "every 2 hours.", "1 h 30 min": "every 1 h 30 min."} {
		if f, _ := Fill(form, Values{"update_every": {every}}); !strings.HasSuffix(f.Body, want) {
			t.Errorf("%s: %q", every, f.Body)
		}
	}
}

// TestAFirstMailSaysAThingOnce: what stands in the update below is left out of the notification above it.
func TestAFirstMailSaysAThingOnce(t *testing.T) {
	opening := "We look into it.\n\n**Status:** Investigating\nImpact: nobody can log in\n\nWhen you hear:\n- Next update: 04:00 UTC"
	below := "Found it.\n\nStatus: Investigating\n**Next update:** 04:00 UTC"
	if got, want := Once(opening, below), "We look into it.\n\nImpact: nobody can log in"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	form := Form4{Body: "[[update_message]]\n\nNext steps:\n- [[next_steps]]\nReady: [[eta]]\nImpact: [[impact]]"}
	known := Values{"update_message": {"Found it."}}
	if got, want := Without(form, known, "eta", "next_steps").Body, "[[update_message]]\n\nImpact: [[impact]]"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
