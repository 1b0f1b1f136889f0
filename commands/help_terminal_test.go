package commands

import "testing"

// TestShellExampleNamesTheIncidentOnce: an example that is about one incident has its number once; merge has two.
func TestShellExampleNamesTheIncidentOnce(t *testing.T) {
	for full, want := range map[string]string{
		"incident show": "drbot incident show 42", "incident ack": "drbot incident ack 42", "incident merge": "drbot incident merge 42 43",
		"incident severity": "drbot incident severity 42 1 all logins fail", "incident list": "drbot incident list", "recover start": "drbot recover start 42",
	} {
		if got := shellExample(Find(full)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
