package paper_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/paper"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
)

// TestI42_ARedactionThatDrbotDidNotLiveToFinish: the tombstone in the house's stream makes the files anew, the draft among
// them, and leaves a file alone that people changed.
func TestI42_ARedactionThatDrbotDidNotLiveToFinish(t *testing.T) {
	m, _, dir := opened(t)
	words := "hunter2"
	f, err := paper.New(dir, m, facts, func(context.Context, incident.ID, uint64) ([]byte, error) {
		return []byte("# Review\n\n" + words + "\n"), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	m.inc.Apply(incident.Stamp{Seq: 2, N: 2, Time: m.inc.Time}, incident.ReviewOpened{})
	if _, err := f.Deliver(t.Context(), follow.Batch{Incident: 42, Records: []state.Record{{Seq: 2}}}); err != nil {
		t.Fatal(err)
	}
	stone, err := json.Marshal(incident.Redacted{Seq: 1, Incident: 42})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "INC-42-review.md")
	redact := func() string {
		t.Helper()
		if _, err := f.Deliver(t.Context(), follow.Batch{Records: []state.Record{{Seq: 3, Kind: "Redacted", Payload: stone}}}); err != nil {
			t.Fatal(err)
		}
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(page)
	}
	words = "[redacted]"
	if page := redact(); page[:20] != "# Review\n\n[redacted]" {
		t.Errorf("%s", page)
	}
	if left, err := f.Anew(t.Context(), 42); err != nil || left != "" {
		t.Errorf("%q, %v", left, err)
	}
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if page := redact(); page != "mine" {
		t.Errorf("%s", page)
	}
	if left, err := f.Anew(t.Context(), 42); err != nil || left != file {
		t.Errorf("%q, %v", left, err)
	}
}
