package main

import (
	"os"
	"os/signal"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// profileEnv names a prefix: every serve of a benchmark then writes <prefix>-<pid>.pprof, its CPU profile.
const profileEnv = "DRBOT_BENCH_CPU"

// A serve that a benchmark started profiles itself until it is told that the load is over (SIGUSR2), because a
// profile of the generator would be in the way.
func init() {
	prefix := os.Getenv(profileEnv)
	if prefix == "" || len(os.Args) < 2 || os.Args[1] != "serve" {
		return
	}
	path := profileOf(prefix, os.Getpid())
	file, err := os.Create(path + ".part")
	if err != nil || pprof.StartCPUProfile(file) != nil {
		return
	}
	over := make(chan os.Signal, 1)
	signal.Notify(over, syscall.SIGUSR2)
	go func() {
		<-over
		pprof.StopCPUProfile()
		_ = file.Close()
		_ = os.Rename(path+".part", path)
	}()
}

func profileOf(prefix string, pid int) string {
	return strings.TrimSuffix(prefix, "-") + "-" + strconv.Itoa(pid) + ".pprof"
}

// profiled ends the profile of a serve, where one was asked for.
func (s *served) profiled() {
	prefix := os.Getenv(profileEnv)
	if prefix == "" {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGUSR2)
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		if _, err := os.Stat(profileOf(prefix, s.cmd.Process.Pid)); err == nil {
			return
		}
		pause := syscall.NsecToTimespec(int64(20 * time.Millisecond))
		_ = syscall.Nanosleep(&pause, nil)
	}
}
