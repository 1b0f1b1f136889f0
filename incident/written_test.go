package incident

import (
	"strings"
	"testing"
	"time"
)

// What nobody sees is no text (T18): a title, a note, a reason of such characters alone is missing.
func TestI41_ATextThatNobodySeesIsMissing(t *testing.T) {
	ana := Person{Key: "ana"}
	for _, unseen := range []string{"\u202e\u200b\u2066", "\u00ad", "\u3164 \u2800", "\ufe0f", "\u200d\u200d", " \u2060 ", "\u034f", "\x01\x02", "\U000e0041"} {
		if got := Written(unseen); got != "" {
			t.Errorf("Written(%q) = %q", unseen, got)
		}
		s := open(t, time.Hour, time.Hour)
		s.i.LowerFree = night
		tries := map[string]error{}
		_, tries["title"] = New(7).Begin(Opened{Title: unseen})
		_, tries["note"] = s.i.Note(night, ana, night, unseen)
		_, tries["impact"] = s.i.SetImpact(ana, unseen)
		_, tries["update"] = s.i.Update(night, ana, unseen, "", 0)
		_, tries["lowering"] = s.i.SetSeverity(night.Add(time.Hour), ana, 3, unseen, Policy{})
		_, tries["false alarm"] = s.i.Resolve(Resolved{By: ana, FalseAlarm: true, Reason: unseen}, nil)
		s.i.Checklist = []Item{{ID: "c1", Text: "x"}}
		_, tries["resolve anyway"] = s.i.Resolve(Resolved{By: ana, Summary: "x", Reason: unseen}, nil)
		s.apply(night, Resolved{By: ana})
		_, tries["reopen"] = s.i.Reopen(ana, unseen, Policy{})
		for what, err := range tries {
			if err == nil {
				t.Errorf("%s %q was taken", what, unseen)
			}
		}
	}
	for typed, want := range map[string]string{"  a  ": "a", "\u200bgone\u202e": "gone", "I ❤️": "I ❤️", "👩\u200d🚒 on it": "👩\u200d🚒 on it", "a\nb\n": "a\nb"} {
		if got := Written(typed); got != want {
			t.Errorf("Written(%q) = %q, want %q", typed, got, want)
		}
	}
	if !strings.Contains(Written("سلام\u200cها"), "\u200c") {
		t.Error("a joiner inside of a word is part of its writing")
	}
}
