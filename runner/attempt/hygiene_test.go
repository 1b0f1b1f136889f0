package attempt

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/secret"
)

func TestI33_OnlyDeclaredVariablesReachTheStep(t *testing.T) {
	trap := filepath.Join(t.TempDir(), "rc")
	if err := os.WriteFile(trap, []byte("echo TRAPPED\nexport TRAPPED=1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	for _, rc := range []string{".bashrc", ".profile", ".bash_profile", ".psqlrc"} {
		if err := os.Link(trap, filepath.Join(home, rc)); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{"BASH_ENV": trap, "ENV": trap, "LD_PRELOAD": "/no/such/library.so", "PSQLRC": trap, "PGSERVICEFILE": trap,
		"HOME": home, "SLACK_BOT_TOKEN": "xoxb-parent-token", "BASH_FUNC_ls%%": "() { echo TRAPPED; }", "SHELLOPTS": "xtrace", "PS4": "$(echo TRAPPED)", "IFS": "x"} {
		t.Setenv(name, value)
	}
	j := bashJob("a1", "env -0 | tr '\\0' '\\n'\necho --\nls /proc/self/fd\necho --\ngrep -E 'Sig(Blk|Ign)' /proc/self/status\necho --\ncat\nulimit -c\numask\ntty || true\npwd")
	j.Env = []Var{{Name: "DECLARED", Value: "yes"}}
	j.Secrets = []string{"PGPASSWORD"}
	runs, r := run(t, j, map[string]secret.String{"PGPASSWORD": secret.New("pg-password"), "UNASKED": secret.New("not for this step")})
	if r.Outcome != Succeeded {
		t.Fatalf("%+v", r)
	}
	work := filepath.Join(runs, "a1", workDir)
	parts := strings.Split(outputOf(t, runs, "a1"), "--\n")
	got := strings.Split(strings.TrimSpace(parts[0]), "\n")
	slices.Sort(got)
	want := []string{"DECLARED=yes", "DRBOT_ATTEMPT=" + mark(filepath.Join(runs, "a1")), "DRBOT_OUT=" + work + "/out", "DRBOT_OUTPUT_LIMIT=1073741824", "HOME=" + work, "LC_ALL=C.UTF-8",
		"PATH=" + DefaultPath, "PGPASSWORD=" + secret.Stars, "PWD=" + work, "SHLVL=1", "_=/usr/bin/env"} // the last three are bash's own
	got = slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, "SHLVL=") || strings.HasPrefix(s, "_=") })
	want = want[:len(want)-2]
	if !slices.Equal(got, want) {
		t.Errorf("environment\n got %q\nwant %q", got, want)
	}
	// 3 is the sealed script, the last one the directory that ls reads.
	if fds := strings.Fields(parts[1]); len(fds) != 5 || fds[3] != "3" {
		t.Errorf("descriptors %q", fds)
	}
	// Signals 32 and 33 are the C library's own: no program can set them, and whoever started the tests may ignore them.
	for line := range strings.Lines(parts[2]) {
		_, mask, _ := strings.Cut(strings.TrimSpace(line), ":\t")
		if bits, err := strconv.ParseUint(mask, 16, 64); err != nil || bits&^(3<<31) != 0 {
			t.Errorf("signals %q", line)
		}
	}
	if parts[3] != "0\n0022\nnot a tty\n"+work+"\n" {
		t.Errorf("stdin, core, umask, tty, directory: %q", parts[3])
	}
}

func TestI33_NamesThatChangeTheShellAreRefused(t *testing.T) {
	for _, name := range []string{"PATH", "HOME", "BASH_ENV", "ENV", "LD_PRELOAD", "LD_LIBRARY_PATH", "PSQLRC", "PGSERVICEFILE", "BASH_FUNC_ls%%", "SHELLOPTS", "IFS", "DRBOT_OUT", "a-b", "1A", ""} {
		j := bashJob("a1", "true")
		j.Env = []Var{{Name: name, Value: "x"}}
		if j.complete().check() == nil {
			t.Errorf("%q passes as a parameter", name)
		}
		j.Env, j.Secrets = nil, []string{name}
		if j.complete().check() == nil {
			t.Errorf("%q passes as a secret", name)
		}
	}
}

func TestI6_BashGetsTheBytes(t *testing.T) {
	script := "sha256sum < /dev/fd/3 | cut -c1-64\n: '$A ${B}\r\n\xff\xfe \xe2\x80\xae' \\\n\n# no line break at the end"
	runs, r := run(t, bashJob("a1", script), nil)
	if r.Outcome != Succeeded || outputOf(t, runs, "a1") != incident.Digest([]byte(script))+"\n" {
		t.Fatalf("%+v %q", r, outputOf(t, runs, "a1"))
	}
	runs, r = run(t, bashJob("a2", "echo x > /dev/fd/3 || echo y >> /proc/self/fd/3 || chmod 600 /dev/fd/3; : > /dev/fd/3"), nil)
	if r.Outcome != Failed {
		t.Fatalf("the script can be written while it runs: %+v %q", r, outputOf(t, runs, "a2"))
	}
}

func TestI2_OtherBytesThanApprovedDoNotStart(t *testing.T) {
	runs, touched := filepath.Join(t.TempDir(), "runs"), filepath.Join(t.TempDir(), "touched")
	j := bashJob("a1", "touch "+touched)
	j.SHA256 = incident.Digest([]byte("something else"))
	if err := Start(testContext(t), runs, j, nil); !errors.Is(err, ErrNotStarted) || !strings.Contains(err.Error(), j.SHA256) {
		t.Fatal(err)
	}
	// The same when the job file is changed between its writing and the start.
	j = bashJob("a2", "true").complete()
	dir := filepath.Join(runs, "a2")
	if err := lay(dir, j); err != nil {
		t.Fatal(err)
	}
	evil := j
	evil.Script = []byte("touch " + touched)
	if err := os.Remove(filepath.Join(dir, jobFile)); err != nil {
		t.Fatal(err)
	}
	if err := lay(dir, evil); err != nil {
		t.Fatal(err)
	}
	if err := (*Crew)(nil).spawn(testContext(t), dir, nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a1", "a2"} {
		if s, err := Inspect(runs, name); err != nil || s.State != StateNotStarted || !strings.Contains(s.Why, "sha256") {
			t.Fatalf("%+v %v", s, err)
		}
	}
	if _, err := os.Stat(touched); err == nil {
		t.Fatal("it ran")
	}
}

func TestI32_WhatFailsIsFailed(t *testing.T) {
	for script, want := range map[string]string{
		"false | cat\necho not reached":      "exit 1",
		"echo $UNSET_VARIABLE\necho reached": "exit 1",
		"exit 3":                             "exit 3",
		"kill -KILL $$":                      "ended by signal 9",
		"no_such_command_here":               "exit 127",
	} {
		_, r := run(t, bashJob("a1", script), nil)
		if r.Outcome != Failed || r.Expectation != want || strings.Contains(r.LastLines, "reached") {
			t.Errorf("%s: %+v", script, r)
		}
	}
}

func TestI32_AnExpectThatDoesNotMatchFails(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		expect *Expect
		want   Outcome
	}{
		"ok":     {"echo ok; echo noise >&2", &Expect{Stdout: "ok"}, Succeeded},
		"differ": {"echo ok; echo more", &Expect{Stdout: "ok"}, Failed},
		"match":  {"echo a; echo rows 2000", &Expect{Match: []string{"^rows [0-9]+$"}}, Succeeded},
		"not":    {"echo a; echo rows 0", &Expect{Not: []string{"^rows 0$"}}, Failed},
		"exit":   {"exit 1", &Expect{Exit: []int{1}}, Succeeded},
		"exit0":  {"true", &Expect{Exit: []int{1}}, Failed},
		"long":   {"echo ok; head -c 3000000 /dev/zero", &Expect{Not: []string{"bad"}}, Failed},
	} {
		j := bashJob("a1", c.script)
		j.Expect = c.expect
		if _, r := run(t, j, nil); r.Outcome != c.want || (c.want == Failed) != (r.Expectation != "") {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestOnlyDeclaredValuesAreProduced(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		want   Outcome
	}{
		"fine":       {`printf 'BACKUP=old\nBACKUP=b 1=2\n\n' >> "$DRBOT_OUT"`, Succeeded},
		"missing":    {`true`, Failed},
		"undeclared": {`echo BACKUP=b >> "$DRBOT_OUT"; echo OTHER=x >> "$DRBOT_OUT"`, Failed},
		"link":       {`ln -sf /etc/hostname "$DRBOT_OUT"`, Failed},
		"pipe":       {`rm "$DRBOT_OUT"; mkfifo "$DRBOT_OUT"`, Failed},
		"gone":       {`rm "$DRBOT_OUT"`, Failed},
	} {
		j := bashJob("a1", c.script)
		j.Produces = []string{"BACKUP"}
		_, r := run(t, j, nil)
		if r.Outcome != c.want || (c.want == Succeeded && r.Produced["BACKUP"] != "b 1=2") || r.Produced["OTHER"] != "" {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// hostile is what I34 names: shell, SQL, options, globs, controls, direction, quotes.
var hostile = []string{"", " ", "-n", "--help", "-rf /", "$(touch pwned)", "`touch pwned`", "${IFS}", "$HOME", "a;touch pwned", "a|b&c", "*", "[a-z]*", "~root", "{a,b}",
	"a'b", `a"b`, `'"'"'`, `\`, `\\n`, "%s%n", "a\nb", "a\r\nb", "\n", "\t", "\x01\x1b[31m\x7f", "\u202Eevil", "\u200b", "é世界🙂", "'; DROP TABLE users; --", `"; ATTACH 'x' AS y; --`,
	":NAME", "?1", "NULL", "1e999", "0x1F", "#comment", "!history", "A=B", strings.Repeat("x", 100_000)}

func TestI34_BashSeesExactlyTheValue(t *testing.T) {
	echo := "/usr/bin/printf '%s|' \"$V\" \"$V\"\n[ ! -e pwned ]\n"
	for i, value := range hostile {
		j := bashJob(fmt.Sprintf("a%d", i), echo)
		j.Env = []Var{{Name: "V", Value: value}}
		runs, r := run(t, j, nil)
		if got := outputOf(t, runs, j.Attempt); r.Exit != 0 || got != value+"|"+value+"|" {
			t.Errorf("%q became %q: %+v", value, got, r)
		}
	}
	for _, value := range []string{"a\x00b", "\xff\xfe"} {
		j := bashJob("a1", echo)
		j.Env = []Var{{Name: "V", Value: value}}
		if err := Start(testContext(t), t.TempDir(), j, nil); !errors.Is(err, ErrNotStarted) {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestI34_SQLiteSeesExactlyTheValue(t *testing.T) {
	j := sqliteJob(t, "s", "INSERT INTO users(name) VALUES (:V); SELECT hex(name) AS h, typeof(name) AS t FROM users WHERE name = :V; SELECT count(*) FROM users", true)
	seed(t, j, "CREATE TABLE db.users(name TEXT)")
	for i, value := range hostile {
		j.Attempt, j.Env = fmt.Sprintf("s%d", i), []Var{{Name: "V", Value: value}}
		runs, r := run(t, j, nil)
		want := fmt.Sprintf("h\tt\n%X\ttext\n\ncount(*)\n%d\n", value, i+1)
		if got := outputOf(t, runs, j.Attempt); r.Exit != 0 || got != want {
			t.Errorf("%q: %q, want %q: %+v", value, got, want, r)
		}
	}
	if _, err := exec.LookPath("sqlite3"); err == nil {
		out, err := exec.Command("sqlite3", filepath.Join(j.Dir, j.Databases[0].File), "SELECT count(*) FROM users").Output()
		if err != nil || strings.TrimSpace(string(out)) != fmt.Sprint(len(hostile)) {
			t.Errorf("sqlite3 counts %s %v", out, err)
		}
	}
}
