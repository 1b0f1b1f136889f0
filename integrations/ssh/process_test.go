package ssh

import (
	"encoding/json"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// kill ends the supervisor here, as a power cut would.
func kill(t *testing.T, runs, name string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(runs, name, "claim"))
	if err != nil {
		t.Fatal(err)
	}
	var claim struct{ PID int }
	if err := json.Unmarshal(raw, &claim); err != nil || claim.PID <= 1 {
		t.Fatalf("%s %v", raw, err)
	}
	if err := syscall.Kill(claim.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}
