package templates

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// golden compares what was said with testdata/<name>, or rewrites it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; go test ./templates -update writes it", err)
	}
	if strings.TrimSuffix(string(want), "\n") != got {
		t.Errorf("%s differs:\n--- want\n%s\n--- got\n%s", file, want, got)
	}
}

// TestSentences says every sentence with the facts in say/<name>.json, one golden for each set of facts. A string that
// reads as an instant becomes one.
func TestSentences(t *testing.T) {
	for _, name := range Sentences() {
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join("say", name+".json"))
			if err != nil {
				t.Fatalf("sentence %s has no facts to test it with: write say/%s.json, {\"case\": {\"Fact\": …}}", name, name)
			}
			cases := map[string]any{}
			if err := json.Unmarshal(raw, &cases); err != nil {
				t.Fatal(err)
			}
			var said []string
			for _, label := range slices.Sorted(maps.Keys(cases)) {
				text, err := say(name, instants(cases[label]))
				if err != nil {
					t.Fatalf("%s: %v", label, err)
				}
				said = append(said, label+": "+text)
			}
			golden(t, "say/"+name+".txt", strings.Join(said, "\n"))
		})
	}
}

func instants(v any) any {
	switch v := v.(type) {
	case string:
		if at, err := time.Parse(time.RFC3339, v); err == nil {
			return at
		}
	case float64:
		return int(v)
	case []any:
		for k := range v {
			v[k] = instants(v[k])
		}
		if words, ok := allStrings(v); ok {
			return words
		}
	case map[string]any:
		if seconds, ok := v["seconds"].(float64); ok && len(v) == 1 {
			return time.Duration(seconds) * time.Second
		}
		for k := range v {
			v[k] = instants(v[k])
		}
	}
	return v
}

func allStrings(list []any) ([]string, bool) {
	out := make([]string, len(list))
	for k, v := range list {
		s, ok := v.(string)
		if !ok {
			return nil, false
		}
		out[k] = s
	}
	return out, true
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 4 * time.Second: "4 s", 59*time.Second + 600*time.Millisecond: "60 s", 61 * time.Second: "1 min",
		33 * time.Minute: "33 min", time.Hour: "1 h", 65 * time.Minute: "1 h 5 min", 50 * time.Hour: "2 days",
	} {
		if got := Duration(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

func TestMissingFactIsNeverSilent(t *testing.T) {
	if got := Say("acked", map[string]any{"ID": 42}); !strings.Contains(got, "sentence acked") {
		t.Errorf("a missing fact was said as %q", got)
	}
}
