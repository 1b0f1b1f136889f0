package runbook

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestCompileSeedTwiceIsTheSame(t *testing.T) {
	rb := seed(t)
	first, rep := Compile(rb, nil)
	text := first.Marshal()
	read, err := ReadLock(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if !bytes.Equal(read.Marshal(), text) {
		t.Fatalf("a read lock is written differently:\n%s", read.Marshal())
	}
	second, rep2 := Compile(rb, read)
	if !bytes.Equal(second.Marshal(), text) {
		t.Fatalf("compiling again changed the lock:\n%s", second.Marshal())
	}
	if len(rep2.Changes) != 0 {
		t.Fatalf("changes: %v", rep2.Changes)
	}
	if rep.Summary() != "0 of 28 steps ready, 23 need one answer, 5 stay manual" {
		t.Error(rep.Summary())
	}
	if len(rep.Fences) != 35 || !slices.ContainsFunc(rep.Fences, func(b Block) bool { return b.Verdict == "choice" }) {
		t.Errorf("fences %+v", rep.Fences)
	}
}

const small = `# Small

## Procedure 1: First

1. **One**
   ` + "```bash\n   echo one\n   ```" + `
2. **Two**
   ` + "```bash\n   rm -rf two\n   ```" + `
3. **Three**, by hand.
`

func parse(t *testing.T, text string) *Runbook {
	t.Helper()
	rb, err := Parse([]byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return rb
}

// reviewed compiles a runbook and answers every question as a reviewer would.
func reviewed(t *testing.T, rb *Runbook) *Lock {
	t.Helper()
	l, _ := Compile(rb, &Lock{Format: 1, Targets: map[string]Target{"here": {Dir: "."}}})
	return l
}

func ids(rb *Runbook) string {
	var out []string
	for _, p := range rb.Procedures {
		for _, s := range p.Steps {
			out = append(out, s.ID)
		}
	}
	return strings.Join(out, " ")
}

func TestIDsFollowTheirStepAndAreNeverGivenTwice(t *testing.T) {
	l := reviewed(t, parse(t, small))
	moved := strings.Replace(small, "1. **One**", "1. **Zero**\n   ```bash\n   echo zero\n   ```\n2. **One**", 1)
	rb := parse(t, moved).join(l, nil, "/")
	if got := ids(rb); got != "p1.s4 p1.s1 p1.s2 p1.s3" {
		t.Fatalf("after an insertion: %s", got)
	}
	if rb.Procedures[0].Steps[1].Number != "1.2" || !rb.Procedures[0].Steps[1].Ready {
		t.Errorf("a moved step: %+v", rb.Procedures[0].Steps[1])
	}
	l2, _ := Compile(parse(t, moved), l)
	gone, rep := Compile(parse(t, small), l2)
	if !slices.Contains(gone.Retired, "p1.s4") || len(rep.Changes) != 2 || rep.Changes[1].Text != "removed" {
		t.Fatalf("retired %v, %v", gone.Retired, rep.Changes)
	}
	again, _ := Compile(parse(t, moved), gone)
	if got := ids(parse(t, moved).join(again, nil, "/")); got != "p1.s5 p1.s1 p1.s2 p1.s3" {
		t.Errorf("after it came back: %s", got)
	}
	if again, _ := ReadLock(again.Marshal()); again == nil {
		t.Error("the lock cannot be read")
	}
}

func TestProceduresKeepTheirIDWhenRenumbered(t *testing.T) {
	l := reviewed(t, parse(t, small))
	text := strings.Replace(strings.Replace(small, "Procedure 1: First", "Procedure 2: First", 1), "# Small\n", "# Small\n\n## Procedure 1: New\n\n1. Look.\n", 1)
	rb := parse(t, text).join(l, nil, "/")
	if got := ids(rb); got != "p3.s1 p1.s1 p1.s2 p1.s3" {
		t.Errorf("%s", got)
	}
	if _, s := rb.Step("2.2"); s == nil || s.ID != "p1.s2" || !s.Ready {
		t.Errorf("2.2 is %+v", s)
	}
}

func TestCompileKeepsDecisions(t *testing.T) {
	l := reviewed(t, parse(t, small))
	two := l.entry("p1.s2")
	two.Leaves, two.Approvals, two.Expect = "It is gone.", &Approvals{Need: 2}, &Expect{Stdout: "x"}
	changed := strings.Replace(small, "rm -rf two", "rm -r two", 1)
	next, rep := Compile(parse(t, changed), l)
	got := next.entry("p1.s2")
	if got.Leaves != "It is gone." || got.Approvals.Need != 2 || got.Run != "rm -r two\n" || got.Expect == nil || len(got.Decide) != 0 {
		t.Errorf("%+v", got)
	}
	if len(rep.Changes) != 1 || rep.Changes[0].Text != "command changed, risk stays destructive, kept from the command before: expect, leaves" {
		t.Errorf("%+v", rep.Changes)
	}
	two.Run = "rm -rf -- two\n"
	two.SHA256 = digest([]byte(two.Run))
	next, _ = Compile(parse(t, changed), l)
	if got := next.entry("p1.s2"); len(got.Decide) != 1 || !strings.Contains(got.Decide[0], "rewritten by hand") {
		t.Errorf("a rewrite was lost without a word: %+v", got.Decide)
	}
}

func TestDiffSpeaksInWords(t *testing.T) {
	a := reviewed(t, parse(t, small))
	b := reviewed(t, parse(t, small))
	b.entry("p1.s2").Approvals = &Approvals{Need: 2}
	b.entry("p1.s1").Risk = Destructive
	b.Targets = map[string]Target{"here": {Dir: "/elsewhere"}}
	b.Targets["there"] = Target{Dir: "./service", Probe: "printf 'host=%s\\n'", Drill: true, Server: &Server{Kind: "postgres", Host: "10.0.0.7"}}
	want := []string{
		"Target here: dir . -> /elsewhere",
		`New target there: local, ./service, postgres at "10.0.0.7" port 5432, database "postgres", TLS, drills allowed`,
		"1.1 One: risk read -> destructive, approvals none -> 1 of approver, timeout 5m -> 30m",
		"1.2 Two: approvals 1 -> 2",
	}
	names := map[string]string{"p1.s1": "1.1 One", "p1.s2": "1.2 Two"}
	var got []string
	for _, d := range Diff(a, b) {
		got = append(got, d.Line(names[d.ID], false))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
