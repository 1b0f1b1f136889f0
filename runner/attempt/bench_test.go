package attempt

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/drbot/drbot/secret"
)

var shapes = map[string]bool{}

// shape prints once what a benchmark does, as a configuration line of the benchmark format.
func shape(b *testing.B, text string) {
	if !shapes[b.Name()] {
		shapes[b.Name()] = true
		fmt.Printf("shape: %s: %s\n", b.Name(), text)
	}
}

// BenchmarkStartToExec: from the call of Start to the first command of the script, with every fsync, by a supervisor
// that waits, as the runner has one, and by one that is started first.
func BenchmarkStartToExec(b *testing.B) {
	for _, part := range []struct {
		name string
		crew *Crew
	}{{"waiting", NewCrew()}, {"new", nil}} {
		b.Run(part.name, func(b *testing.B) {
			shape(b, "Start until the first command of a bash script, every fsync in it; the supervisor is "+part.name)
			ready, runs := newFifo(b), filepath.Join(b.TempDir(), "runs")
			for n := 0; b.Loop(); n++ {
				b.StopTimer()
				if part.crew != nil {
					part.crew.busy.Wait()
				}
				b.StartTimer()
				j := bashJob(fmt.Sprintf("a%d", n), "echo x > "+ready.path+"\n")
				if err := part.crew.Start(testContext(b), runs, j, nil); err != nil {
					b.Fatal(err)
				}
				ready.line(b)
				b.StopTimer()
				wait(b, runs, j.Attempt)
				b.StartTimer()
			}
		})
		if part.crew != nil {
			part.crew.Close()
		}
	}
}

const print100MB = "yes '2026-01-13 03:14:15 copied 1.2 of 3.1 GB of the users table' | head -c 104857600\n"

// BenchmarkOutput100MB runs the same step bare, into a file, and supervised, by turns: redacted, counted, hashed and kept.
func BenchmarkOutput100MB(b *testing.B) {
	dump := filepath.Join(b.TempDir(), "dump.gz")
	if out, err := exec.Command("bash", "-c", "seq 1 14000000 | head -c 104857600 | gzip -1 > "+dump).CombinedOutput(); err != nil {
		b.Fatalf("%v %s", err, out)
	}
	for _, part := range []struct {
		name, what, script string
		secrets            map[string]secret.String
	}{
		{"unpacked", "gzip -dc of a dump", "gzip -dc " + dump + "\n", nil},
		{"unpacked-secret", "gzip -dc of a dump, and a secret to hide", "gzip -dc " + dump + "\n", map[string]secret.String{"PW": secret.New("correct-horse-battery")}},
		{"fastest", "yes | head, which needs no processor to make its lines", print100MB, nil},
		{"fastest-secret", "yes | head, and a secret to hide", print100MB, map[string]secret.String{"PW": secret.New("correct-horse-battery")}},
	} {
		b.Run(part.name, func(b *testing.B) {
			shape(b, "100 MiB on standard output, bare into a file and supervised until the exit record, by turns, medians; "+part.what)
			b.SetBytes(100 << 20)
			crew, runs := NewCrew(), filepath.Join(b.TempDir(), "runs")
			defer crew.Close()
			var alone, supervised []time.Duration
			peak := 0
			for n := 0; b.Loop(); n++ {
				alone = append(alone, bare(b, part.script))
				crew.busy.Wait()
				begin := time.Now()
				j := bashJob(fmt.Sprintf("a%d", n), part.script)
				if err := crew.Start(testContext(b), runs, j, part.secrets); err != nil {
					b.Fatal(err)
				}
				peak = max(peak, memoryUntilEnd(b, runs, j.Attempt))
				r := wait(b, runs, j.Attempt)
				supervised = append(supervised, time.Since(begin))
				if r.KeptBytes != 100<<20 {
					b.Fatalf("%+v", r)
				}
				_ = os.RemoveAll(filepath.Join(runs, j.Attempt))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(alone), "bare-ms")
			b.ReportMetric(median(supervised), "supervised-ms")
			b.ReportMetric(median(supervised)/median(alone), "ratio")
			b.ReportMetric(float64(peak)/1024, "RssAnon-MB")
		})
	}
}

// bare runs the script as a person would, into a file.
func bare(b *testing.B, script string) time.Duration {
	b.Helper()
	path := filepath.Join(b.TempDir(), "out")
	out, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	begin := time.Now()
	cmd := exec.Command("bash", "--noprofile", "--norc", "-euo", "pipefail", "-c", script)
	cmd.Stdout = out
	err = cmd.Run()
	took := time.Since(begin)
	if err != nil && !strings.HasPrefix(script, "yes") { // pipefail sees that yes was cut off
		b.Fatal(err)
	}
	_, _ = out.Close(), os.Remove(path)
	return took
}

func median(all []time.Duration) float64 {
	slices.Sort(all)
	return float64(all[len(all)/2]) / float64(time.Millisecond)
}

// memoryUntilEnd gives the most memory of its own, in KiB, that the supervisor of an attempt had, looking every 10 ms.
func memoryUntilEnd(b *testing.B, runs, attempt string) (peak int) {
	b.Helper()
	c, err := readClaim(filepath.Join(runs, attempt))
	if err != nil {
		b.Fatal(err)
	}
	fd, err := unix.PidfdOpen(c.PID, 0)
	if err != nil {
		return 0 // it has ended
	}
	defer func() { _ = unix.Close(fd) }()
	for {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.PID))
		if err != nil {
			return peak
		}
		if _, rest, ok := strings.Cut(string(status), "RssAnon:"); ok {
			kb, _ := strconv.Atoi(strings.Fields(rest)[0])
			peak = max(peak, kb)
		}
		if n, _ := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 10); n == 1 {
			return peak
		}
	}
}

// BenchmarkOutput10GB: more than is kept is drained, counted and hashed; neither file nor memory grows.
func BenchmarkOutput10GB(b *testing.B) {
	const printed, kept = 10 << 30, 64 << 20
	shape(b, "10 GiB on standard output by yes | head, 64 MiB kept, the rest drained, counted and hashed")
	crew, runs := NewCrew(), filepath.Join(b.TempDir(), "runs")
	defer crew.Close()
	for n := 0; b.Loop(); n++ {
		j := bashJob(fmt.Sprintf("a%d", n), strings.Replace(print100MB, "104857600", strconv.Itoa(printed), 1))
		j.OutputLimit, j.Timeout = kept, 10*time.Minute
		if err := crew.Start(testContext(b), runs, j, nil); err != nil {
			b.Fatal(err)
		}
		peak := memoryUntilEnd(b, runs, j.Attempt)
		r := wait(b, runs, j.Attempt)
		info, err := os.Stat(filepath.Join(runs, j.Attempt, outputFile))
		if err != nil || info.Size() != kept || r.KeptBytes != kept || r.OutputBytes != printed {
			b.Fatalf("%+v %v", r, err)
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(r.Ended.Sub(r.Started).Seconds(), "s")
		b.ReportMetric(float64(peak)/1024, "RssAnon-MB")
		b.ReportMetric(float64(info.Size())/(1<<20), "kept-MB")
	}
}

// BenchmarkCancelToGone: from the call of Cancel until bash and a grandchild in a session of its own are gone, which both
// ignore SIGTERM, less the grace that they have.
func BenchmarkCancelToGone(b *testing.B) {
	const grace, times = 200 * time.Millisecond, 20
	shape(b, fmt.Sprintf("Cancel of bash and a setsid grandchild that both ignore SIGTERM, until the last is gone, less the grace of %s; %d times", grace, times))
	crew, runs, n := NewCrew(), filepath.Join(b.TempDir(), "runs"), 0
	defer crew.Close()
	for b.Loop() {
		var over []time.Duration
		for range times {
			n++
			over = append(over, cancelOnce(b, crew, runs, fmt.Sprintf("a%d", n), grace)-grace)
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(median(over), "over-grace-p50-ms")
		b.ReportMetric(float64(over[len(over)-1])/float64(time.Millisecond), "over-grace-max-ms")
	}
}

func cancelOnce(b *testing.B, crew *Crew, runs, attempt string, grace time.Duration) time.Duration {
	b.Helper()
	ready := newFifo(b)
	j := bashJob(attempt, "trap '' TERM\nsetsid bash -c 'trap \"\" TERM; echo $$ > "+ready.path+"; while :; do sleep 1000; done' &\necho $$ > "+ready.path+"\nwhile :; do sleep 1000 || true; done\n")
	j.Grace = grace
	if err := crew.Start(testContext(b), runs, j, nil); err != nil {
		b.Fatal(err)
	}
	var fds []int
	for range 2 {
		pid, err := strconv.Atoi(ready.line(b))
		if err != nil {
			b.Fatal(err)
		}
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			b.Fatal(err)
		}
		fds = append(fds, fd)
	}
	begin := time.Now()
	if err := Cancel(testContext(b), runs, attempt, "benchmark"); err != nil {
		b.Fatal(err)
	}
	for _, fd := range fds {
		awaitExit(b, fd)
		_ = unix.Close(fd)
	}
	took := time.Since(begin)
	wait(b, runs, attempt)
	return took
}
