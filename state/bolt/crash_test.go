package bolt_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
	"github.com/drbot/drbot/state/statetest"
)

// Environment of the writer that TestI46 starts and kills: this test binary again.
const (
	writerDir = "DRBOT_TEST_WRITER_DIR"
	writerRun = "DRBOT_TEST_WRITER_RUN"
)

// writer opens the store and adds notes from several callers until it is killed. Every acknowledged one is a line on
// stdout, written after Do answered.
func writer(dir, run string) error {
	s, err := bolt.Open(dir, bolt.Options{Followers: []string{"say"}})
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for caller := range 8 {
		wg.Go(func() {
			for n := 0; ; n++ {
				text := fmt.Sprintf("%s/%d/%d", run, caller, n)
				id := incident.ID(caller%3 + 1)
				c := statetest.Events(state.Ref{ID: id}, incident.Noted{By: statetest.Ana, Text: text + strings.Repeat(" ", n%5*2000)})
				c.Keys = []string{text}
				r, err := s.Do(context.Background(), c)
				if err == nil && n%4 == 0 {
					err = s.Save(context.Background(), "say", id, state.Cursor{Through: r.Seq})
				}
				mu.Lock()
				if err != nil {
					fmt.Println("error", err)
				} else {
					fmt.Println(r.Seq, text)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return nil
}

func TestI46_AcknowledgedSurvivesKill9(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, "say")
	for k := range 3 {
		statetest.Open(t, s, fmt.Sprint("incident ", k+1))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	acknowledged := map[string]string{} // text -> seq
	var heads []state.Head
	runs := 12
	if testing.Short() {
		runs = 3
	}
	for run := range runs {
		for line := range killed(t, dir, fmt.Sprint("run", run), rand.IntN(400)) {
			seq, text, _ := strings.Cut(line, " ")
			if seq == "error" {
				t.Fatalf("the writer: %s", line)
			}
			acknowledged[text] = seq
		}
		s := open(t, dir, "say")
		head, err := s.Verify(t.Context(), heads...)
		if err != nil {
			t.Fatalf("after kill %d: %v", run, err)
		}
		heads = append(heads, head)
		kept := map[string]string{}
		for r, err := range s.All(t.Context(), 0) {
			if err != nil {
				t.Fatal(err)
			}
			if e, err := r.Event(); err != nil {
				t.Fatal(err)
			} else if n, ok := e.(incident.Noted); ok {
				text := strings.TrimRight(n.Text, " ")
				if kept[text] != "" {
					t.Fatalf("%s is there twice", text)
				}
				kept[text] = fmt.Sprint(r.Seq)
			}
		}
		for text, seq := range acknowledged {
			if kept[text] != seq {
				t.Errorf("after kill %d: %s was acknowledged at %s and is at %q", run, text, seq, kept[text])
			}
		}
		again, err := s.Do(t.Context(), state.Change{Keys: anyOf(acknowledged), Decide: func(state.View) (state.Decision, error) {
			return state.Decision{}, errors.New("decided again")
		}})
		if len(acknowledged) > 0 && (err != nil || !again.Again) {
			t.Fatalf("a delivery from before the kill: %+v, %v", again, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(acknowledged) == 0 {
		t.Fatal("nothing was ever acknowledged")
	}
	t.Logf("%d acknowledged changes over %d kills", len(acknowledged), runs)
}

func anyOf(m map[string]string) []string {
	for k := range m {
		return []string{k}
	}
	return nil
}

// killed runs a writer, kills it after some acknowledgements, and yields every whole line it wrote.
func killed(t *testing.T, dir, run string, after int) func(func(string) bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), writerDir+"="+dir, writerRun+"="+run)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(out)
	var lines []string
	for {
		line, err := r.ReadString('\n')
		if errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.TrimSuffix(line, "\n"))
		if len(lines) == after+1 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait()
	return func(yield func(string) bool) {
		for _, line := range lines {
			if !yield(line) {
				return
			}
		}
	}
}

func TestI29_SecondOpenIsRefusedAndNamesTheHolder(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir, "say")
	for name, again := range map[string]func() (*bolt.Store, error){
		"to write": func() (*bolt.Store, error) { return bolt.Open(dir, bolt.Options{}) },
		"to read":  func() (*bolt.Store, error) { return bolt.OpenReadOnly(dir) },
	} {
		_, err := again()
		if !errors.Is(err, state.ErrInUse) || !strings.Contains(err.Error(), fmt.Sprintf("process %d ", os.Getpid())) {
			t.Errorf("%s: %v", name, err)
		}
	}
	statetest.Open(t, first, "it goes on")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	one, err := bolt.OpenReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	two, err := bolt.OpenReadOnly(filepath.Join(dir, bolt.File))
	if err != nil {
		t.Fatalf("two readers at once: %v", err)
	}
	if _, err := bolt.Open(dir, bolt.Options{}); !errors.Is(err, state.ErrInUse) {
		t.Errorf("beside readers: %v", err)
	}
	if err := errors.Join(one.Close(), two.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := bolt.OpenReadOnly(t.TempDir()); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("nothing there: %v", err)
	}
}

func TestStore_FilesBelongToTheOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "data")
	s := open(t, dir, "say")
	statetest.Open(t, s, "x")
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, bolt.File): 0o600, filepath.Join(dir, "drbot.pid"): 0o600} {
		st, err := os.Stat(path)
		if err != nil || st.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, st.Mode().Perm(), err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "drbot.pid")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the pid stays behind: %v", err)
	}
}
