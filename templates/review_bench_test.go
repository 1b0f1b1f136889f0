package templates

import (
	"testing"
	"time"
)

// BenchmarkReview makes the draft of an incident with 2,000 events, its page and its parts.
func BenchmarkReview(b *testing.B) {
	s := reviewed()
	var list []Entry
	for k := range maxTimeline {
		list = append(list, Entry{At: at("02:58").Add(time.Duration(k) * time.Second), Text: "Ana Ruiz noted: the switch in rack 2 rebooted by itself, and nobody knows why"})
	}
	f := s.facts()
	text := string(ReviewDraft(s.Incident, list, f, ownTemplate))
	b.Run("draft", func(b *testing.B) {
		for b.Loop() {
			ReviewDraft(s.Incident, list, f, ownTemplate)
		}
	})
	b.Run("page", func(b *testing.B) {
		for b.Loop() {
			if _, err := ReviewHTML(s.Incident, text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parts", func(b *testing.B) {
		for b.Loop() {
			ReviewParts(text)
		}
	})
}
