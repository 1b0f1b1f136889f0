package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/drbot/drbot/runner/attempt"
)

// TestStepLimitsAreConfigured: what is not said is the runner's default, and none is said in words.
func TestStepLimitsAreConfigured(t *testing.T) {
	for text, want := range map[string]attempt.Limits{
		"{}": {}, "{memory_limit: 4GiB, process_limit: 100}": {Memory: 4 << 30, Processes: 100}, "{memory_limit: none, process_limit: -1}": {Memory: -1, Processes: -1},
	} {
		file := filepath.Join(t.TempDir(), "drbot.yaml")
		if err := os.WriteFile(file, []byte("runbook: ./x.md\nrunner: "+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := loadConfig(file, func(name string) string {
			return map[string]string{"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}[name]
		})
		if err != nil || c.StepLimits != want {
			t.Errorf("%s: %+v, %v", text, c.StepLimits, err)
		}
	}
	file := filepath.Join(t.TempDir(), "drbot.yaml")
	if err := os.WriteFile(file, []byte("runbook: ./x.md\nrunner: {memory_limit: lots}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := loadConfig(file, func(string) string { return "" }); err == nil {
		t.Error("lots is no size")
	}
}
