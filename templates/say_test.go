package templates

import (
	"encoding/json"
	"flag"
	"maps"
	"math"
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
		33 * time.Minute: "33 min", time.Hour: "1 h", 65 * time.Minute: "1 h 5 min", -time.Minute: "1 min", math.MinInt64: "0 s", 50 * time.Hour: "2 days",
	} {
		if got := Duration(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

func TestMissingFactIsNeverSilent(t *testing.T) {
	for name, facts := range map[string]any{"told.answered": map[string]any{"Who": ana}, "no.such.sentence": nil, "nosuchfile": nil} {
		if got := Say(name, facts); !strings.Contains(got, "sentence "+name) {
			t.Errorf("%s was said as %q", name, got)
		}
	}
}

// A name with a dot is a sentence of a card and one without is a file of say/, so that neither can hide the other.
func TestNamesDoNotMeet(t *testing.T) {
	for _, sentence := range parsed()[1].Templates() {
		if name := sentence.Name(); name != "say" && !strings.Contains(name, ".") {
			t.Errorf("cards/ defines %q without a dot", name)
		}
	}
	for _, name := range Sentences() {
		if strings.Contains(name, ".") {
			t.Errorf("say/%s.tmpl has a dot in its name", name)
		}
	}
}

func TestPlural(t *testing.T) {
	for want, got := range map[string]string{
		"1 step": Plural(1, "step"), "0 steps": Plural(0, "step"), "2 entries": Plural(2, "entry"), "3 days": Plural(3, "day"), "2 boxes": Plural(2, "box"),
		"nobody": Names(nil), "Ana": Names([]string{"Ana"}), "Ana or Bea": Names([]string{"Ana", "Bea"}), "Ana, Bea and Chen": Names([]string{"Ana", "Bea", "Chen"}, "and"),
		"2,000": count(2000), "12": count(12), "1,234,567": count(1234567), "-100": count(-100),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
