package main

import (
	"flag"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// TestMain lets the test program stand in for drbot: as a supervisor, and as every subcommand that the demo and the
// stories start as a process of its own. Stories mostly wait for other processes, so more of them run at once than there
// are cores; when all are over nothing of a drbot may still run.
func TestMain(m *testing.M) {
	if supervised() {
		return
	}
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") && !strings.HasPrefix(os.Args[1], "-crash.") && os.Args[1] != "-update" {
		main()
	}
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = f.Value.Set(strconv.Itoa(3 * runtime.GOMAXPROCS(0)))
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/drbot/drbot/runner/attempt.awaitSupervisor")) // a supervisor outlives its drbot
}
