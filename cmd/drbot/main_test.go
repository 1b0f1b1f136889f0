package main

import (
	"os"
	"strings"
	"testing"

	"github.com/drbot/drbot/runner/attempt"
)

// TestMain lets the test program stand in for drbot: as a supervisor, and as every subcommand that the demo and the
// stories start as a process of its own.
func TestMain(m *testing.M) {
	if attempt.SupervisorMain(executors()...) {
		return
	}
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") && !strings.HasPrefix(os.Args[1], "-crash.") && os.Args[1] != "-update" {
		main()
	}
	os.Exit(m.Run())
}
