package attempt

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/secret"
)

func TestI38_NoSecretInAnyFileOfTheAttempt(t *testing.T) {
	const value = `s3cret-w'ord/"$x`
	j := bashJob("a1", `echo "raw $PGPASSWORD"
printf '%s' "${PGPASSWORD:0:7}"; printf '%s\n' "${PGPASSWORD:7}"
printf '%s' "$PGPASSWORD" | base64
printf 'x%s' "$PGPASSWORD" | base64 -w 5
printf '%q\n' "$PGPASSWORD"
set -x; : "$PGPASSWORD"
echo "KEY=$PGPASSWORD" >> "$DRBOT_OUT"
( exec -a "tool --password=$PGPASSWORD" sleep 1000 ) &
disown
head -c 300000 /dev/zero | tr '\0' x
printf '%s' "$PGPASSWORD" >&2
exit 1`)
	j.Secrets, j.Produces = []string{"PGPASSWORD"}, []string{"KEY"}
	j.Expect = &Expect{Stdout: "something else"}
	runs, r := run(t, j, map[string]secret.String{"PGPASSWORD": secret.New(value)})
	if r.Exit != 1 || len(r.Survivors) != 1 || r.Produced["KEY"] != secret.Stars {
		t.Fatalf("%+v", r)
	}
	err := filepath.WalkDir(runs, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || d.Name() == "out" { // the step's own file
			return err
		}
		raw, err := os.ReadFile(path)
		for _, form := range []string{value, "s3cret-w", "czNjcmV0LXcnb3JkLyIkeA", `s3cret-w'\''`, `s3cret-w\'`} {
			if bytes.Contains(raw, []byte(form)) {
				t.Errorf("%s in %s", form, d.Name())
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestI39_OverTheLimitIsDrainedCountedAndHashed(t *testing.T) {
	const size, limit = 100 << 20, 1 << 20
	j := bashJob("a1", "head -c 104857600 /dev/zero | tr '\\0' x\n") // one line of 100 MiB
	j.OutputLimit = limit
	runs, r := run(t, j, nil)
	sum := sha256.New()
	block := bytes.Repeat([]byte("x"), 1<<20)
	for range size / len(block) {
		sum.Write(block)
	}
	if r.Outcome != Succeeded || r.OutputBytes != size || r.KeptBytes != limit || r.OutputSHA256 != hex.EncodeToString(sum.Sum(nil)) || len(r.LastLines) != recordBytes {
		t.Fatalf("%+v", r)
	}
	tail, err := Tail(runs, "a1", 20)
	if err != nil || tail.Total != size || tail.Kept != limit || tail.Shown != tailBytes || !tail.Cut() || tail.SHA256 != r.OutputSHA256 {
		t.Fatalf("%+v %v", tail.Total, err)
	}
	if info, err := os.Stat(filepath.Join(runs, "a1", outputFile)); err != nil || info.Size() != limit {
		t.Fatal(info, err)
	}
}

func TestI39_BinaryOutputIsKeptAsItIs(t *testing.T) {
	j := bashJob("a1", "for i in $(seq 0 255); do printf \"\\\\x$(printf %x $i)\"; done")
	var want []byte
	for i := range 256 {
		want = append(want, byte(i))
	}
	runs, r := run(t, j, nil)
	if got := outputOf(t, runs, "a1"); got != string(want) || r.OutputSHA256 != incident.Digest(want) {
		t.Fatalf("%q %+v", got, r)
	}
}

func TestI39_AFullDiskDoesNotStopTheStep(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a small disk needs root")
	}
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=2m"); err != nil {
		t.Skip("no mount here:", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(disk, unix.MNT_DETACH) })
	done := filepath.Join(t.TempDir(), "done")
	start(t, disk, bashJob("a1", "head -c 5000000 /dev/zero | tr '\\0' y\necho last words\ntouch "+done), nil)
	r := wait(t, disk, "a1")
	if r.Outcome != Succeeded || r.OutputBytes != 5000011 || r.KeptBytes >= 2<<20 || !strings.Contains(r.OutputError, "no space left") || !strings.HasSuffix(r.LastLines, "last words") {
		t.Fatalf("%+v", r)
	}
	if _, err := os.Stat(done); err != nil {
		t.Fatal("the step did not finish")
	}
}

func TestTailOfARunningStep(t *testing.T) {
	ready, hold, runs := newFifo(t), newFifo(t), filepath.Join(t.TempDir(), "runs")
	if tail, err := Tail(runs, "a1", 10); err != nil || tail != (Excerpt{}) {
		t.Fatal(tail, err)
	}
	start(t, runs, bashJob("a1", "seq 30\nprintf 'half a li'\necho ready > "+ready.path+"\nread -r x < "+hold.path+"\n"), nil)
	if got := ready.line(t); got != "ready" {
		t.Fatal(got)
	}
	for { // the pump is a moment behind the script
		tail, err := Tail(runs, "a1", 3)
		if err != nil {
			t.Fatal(err)
		}
		if tail.Text == "29\n30\nhalf a li" && tail.SHA256 == "" && tail.Cut() {
			break
		}
		if testContext(t).Err() != nil {
			t.Fatalf("%+v", tail)
		}
	}
	if s, err := Inspect(runs, "a1"); err != nil || s.OutputBytes == 0 || s.LastOutput.IsZero() {
		t.Fatalf("%+v %v", s, err)
	}
	if err := Cancel(testContext(t), runs, "a1", "enough"); err != nil {
		t.Fatal(err)
	}
	wait(t, runs, "a1")
}

func TestI41_ControlCharactersAreNeutralised(t *testing.T) {
	for text, want := range map[string]string{
		"plain é世界🙂\tok\n":                "plain é世界🙂\tok\n",
		"\x1b[1;31mred\x1b[0m":            "red",
		"\x1b]0;title\x07x":               "x",
		"\x1b]8;;http://evil\x1b\\link":   "link",
		"\x1b[999999;\nnever ends":        "␛[999999;\nnever ends",
		"\x1b]never ends":                 "␛]never ends",
		"10%\r20%\r\nend\r":               "10%\n20%\nend\n",
		"bell\x07 null\x00 del\x7f bs\b":  "bell␇ null␀ del␡ bs␈",
		"\u202Egnp.exe\u2066\u200b\ufeff": "\uFFFDgnp.exe\uFFFD\uFFFD\uFFFD",
		"\u0085\u009b31m\u2028\U000E0041": "\uFFFD\uFFFD31m\uFFFD\uFFFD",
		"\xff\xfe\xc3":                    "\uFFFD\uFFFD\uFFFD",
		"\x1b":                            "␛",
	} {
		if got := Neutralise(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzI41_Neutralise(f *testing.F) {
	f.Add("a\x1b[31mb\r\n\xff\u202e")
	f.Fuzz(func(t *testing.T, text string) {
		got := Neutralise(text)
		if again := Neutralise(got); again != got {
			t.Fatalf("%q, again %q", got, again)
		}
		for _, r := range got {
			if r != '\n' && r != '\t' && (r < 0x20 || hides(r)) {
				t.Fatalf("%q left in %q", r, got)
			}
		}
	})
}

func TestLastLinesAreBounded(t *testing.T) {
	for raw, want := range map[string]string{"": "", "\n": "", "a": "a", "a\nb\nc\n": "b\nc", "a\n\n\n": "\n"} {
		if got := lastLines([]byte(raw), 2, 100, false); got != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
	if got := lastLines([]byte("\x9f\x99\x82 ok é"), 5, 4, true); got != "k é" {
		t.Errorf("%q", got)
	}
}

func TestI57_AnotherAccountCannotReachDrbot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("changing the account needs root")
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		t.Skip(err)
	}
	data, err := os.MkdirTemp("", "drbot-data-") // t.TempDir has a parent that others may not enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(data) })
	runs := filepath.Join(data, "runs")
	j := bashJob("a1", `id -u; id -G
[ -w "$DRBOT_OUT" ] && echo A=1 >> "$DRBOT_OUT"
touch "$HOME/mine" && pwd
! ls `+runs+` && ! cat `+runs+`/a1/job.json && ! cat `+runs+`/a1/output && ! ls `+runs+`/a1
! cat /proc/$PPID/environ && ! ls /proc/$PPID/fd && ! kill -0 $PPID
setsid bash -c 'trap "" TERM; sleep 1000' &
exit 0`)
	j.User, j.Produces = "nobody", []string{"A"}
	start(t, runs, j, nil)
	r := wait(t, runs, "a1")
	got := outputOf(t, runs, "a1")
	lines := strings.Split(got, "\n") // of two pipes: whichever is read first
	if r.Outcome != Succeeded || !slices.Contains(lines, u.Uid) || !slices.Contains(lines, u.Gid) || !strings.Contains(got, "\n/tmp/drbot-a1-") || r.Produced["A"] != "1" || len(r.Survivors) == 0 {
		t.Fatalf("%s %+v", got, r)
	}
	noneLeft(t, runs, "a1")
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "drbot-a1-*")); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
	if info, err := os.Stat(runs); err != nil || info.Mode().Perm() != 0o700 {
		t.Error(strconv.FormatUint(uint64(info.Mode()), 8), err)
	}
}

func TestI57_SQLiteRunsAsTheAccountToo(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("changing the account needs root")
	}
	dir, err := os.MkdirTemp("", "drbot-target-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	j := sqliteJob(t, "s1", "SELECT count(*) FROM users", false)
	j.Dir = dir
	seed(t, j, "CREATE TABLE db.users(x)")
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	j.User = "nobody" // the file is 0600 and root's
	runs, r := run(t, j, nil)
	if got := outputOf(t, runs, "s1"); r.Outcome != Failed || !strings.Contains(got, "unable to open database") {
		t.Fatalf("%s %+v", got, r)
	}
}
