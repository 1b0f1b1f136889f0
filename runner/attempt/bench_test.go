package attempt

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/drbot/drbot/secret"
)

// BenchmarkStartToExec: from the call of Start to the first command of the script,
// with every fsync, then to the exit record read by Wait.
func BenchmarkStartToExec(b *testing.B) {
	ready := newFifo(b)
	runs := filepath.Join(b.TempDir(), "runs")
	n := 0
	for b.Loop() {
		j := bashJob(fmt.Sprintf("a%d", n), "echo x > "+ready.path+"\n")
		n++
		start(b, runs, j, nil)
		ready.line(b)
		b.StopTimer()
		wait(b, runs, j.Attempt)
		b.StartTimer()
	}
}

func BenchmarkStartToEnd(b *testing.B) {
	runs := filepath.Join(b.TempDir(), "runs")
	n := 0
	for b.Loop() {
		j := bashJob(fmt.Sprintf("a%d", n), ":")
		n++
		start(b, runs, j, nil)
		wait(b, runs, j.Attempt)
	}
}

const print100MB = "yes '2026-01-13 03:14:15 copied 1.2 of 3.1 GB of the users table' | head -c 104857600\n"

// BenchmarkOutput100MB: the same step bare, into a file, and supervised: redacted,
// counted, hashed and kept, without and with a secret to look for.
func BenchmarkOutput100MB(b *testing.B) {
	b.Run("bare", func(b *testing.B) {
		b.SetBytes(100 << 20)
		for b.Loop() {
			out, err := os.Create(filepath.Join(b.TempDir(), "out"))
			if err != nil {
				b.Fatal(err)
			}
			cmd := exec.Command("bash", "--noprofile", "--norc", "-c", print100MB)
			cmd.Stdout = out
			if err := cmd.Run(); err != nil {
				b.Fatal(err)
			}
			_ = out.Close()
		}
	})
	for name, secrets := range map[string]map[string]secret.String{"supervised": nil, "supervised with a secret": {"PW": secret.New("correct-horse-battery")}} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(100 << 20)
			runs := b.TempDir()
			n := 0
			for b.Loop() {
				j := bashJob(fmt.Sprintf("a%d", n), print100MB)
				n++
				start(b, runs, j, secrets)
				if r := wait(b, runs, j.Attempt); r.KeptBytes != 100<<20 {
					b.Fatalf("%+v", r)
				}
			}
		})
	}
}
