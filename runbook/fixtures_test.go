package runbook

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// fixture is a runbook of another style. What it holds was counted by hand.
type fixture struct {
	file     string
	sections Sections
	steps    string // each procedure, then each step: number, id, kind, title, (condition)
	fences   string // verdicts, in order
	lists    string
}

var fixtures = []fixture{
	{
		file: "github.md", // front matter, a numbered list under a heading of no special words, descriptive lists around it
		steps: `1 Restore the orders database
1.1 p1.s1 executable Stop the writers
1.2.1 p1.s2.1 executable Choose a dump and check it
1.2.2 p1.s2.2 executable Choose a dump and check it, part 2
1.3 p1.s3 executable Restore beside the old database (if the old one still exists)
1.4 p1.s4 manual Ask the accountants whether the totals are right
1.5 p1.s5 executable Start the writers
`,
		fences: "executable executable blocked blocked display executable",
		lists:  "display display executable display",
	},
	{
		file: "headings.md", // steps are headings
		steps: `1 Fail over to the second site
1.1 p1.s1 executable Freeze writes
1.2 p1.s2 manual Point the name at the second site
1.3 p1.s3 executable See that it answers
1.4 p1.s4 manual Tell support
`,
		fences: "blocked executable",
		lists:  "manual",
	},
	{
		file: "prose.md", // prose followed by a fence; one by indentation alone
		steps: `1 Recover the queue after a full disk
1.1 p1.s1 executable Look at what fills the disk first
1.2 p1.s2 executable Then move the oldest part of the queue away
1.3 p1.s3 executable At last start it again
`,
		fences: "executable executable executable manual",
	},
	{
		file: "tabs.md", // tabs of MkDocs, numbered options, a comment with OR
		steps: `1 Restart the gateway
1.1 p1.s1 choice Stop it [Kubernetes | Systemd]
1.2 p1.s2 choice Clean the cache in one of two ways [Option 1: only the sessions | Option 2: everything]
1.3 p1.s3 choice Start it [with compose | systemctl start gateway]
`,
		fences: "choice choice choice choice choice",
		lists:  "executable",
	},
	{
		file: "mdx.mdx.md", // components of MDX, marks of kramdown, SQL with OR
		steps: `4 Rebuild the ledger index
4.1 p4.s1 choice Stop imports [Kubernetes | VM]
4.2 p4.s2 choice Rebuild [REINDEX TABLE entries; | DROP INDEX entries_day;]
4.3 p4.s3 executable Compare {{ ledger_name }}
`,
		fences: "choice choice choice blocked",
		lists:  "executable",
	},
	{
		file: "windows.md", // byte-order mark, CRLF, fences at the margin after their item
		steps: `1 Bring the share back
1.1 p1.s1 executable Take it offline
1.2 p1.s2 executable Check the disk
1.3 p1.s3 manual Ask the owner of the data
1.4 p1.s4 executable Put it online
`,
		fences: "executable executable executable",
		lists:  "executable executable executable",
	},
	{
		file:     "german.md", // another language, by the configuration's words
		sections: Sections{"severities": "Störungsklassen", "procedures": "Wiederanlauf", "checklist": "Prüfliste", "contacts": "Ansprechpartner"},
		steps: `1 Datenbank zurückspielen
1.1 p1.s1 executable Dienst anhalten
1.2 p1.s2 executable Sicherung einspielen
1.3 p1.s3 manual Betriebsrat informieren
2 Standort abklemmen
2.1 p2.s1 manual Leitung sperren
`,
		fences: "executable blocked manual",
		lists:  "executable manual manual",
	},
	{
		file: "noheadings.md", // no heading at all, fences without a language
		steps: `1 Runbook
1.1 p1.s1 executable Look at it
1.2 p1.s2 executable Throw the pages away, not the sessions
1.3 p1.s3 manual Note the time in the log book
`,
		fences: "executable executable",
		lists:  "executable",
	},
	{
		file: "wiki.md", // underlined headings, tildes, another language, an interactive command, a call, nested numbers
		steps: `1 Rotate the signing key
1.1 p1.s1 executable Collect the proofs first
1.2 p1.s2 manual Make a new key
1.3 p1.s3 executable Restart (if needed)
1.4 p1.s4 manual Open a session and look at the last logins
1.5 p1.s5 call Follow Procedure 2 for every tenant -> p2
2 Log everybody out
2.1 p2.s1 executable For one tenant
2.2 p2.s2 executable See that nobody is left
`,
		fences: "blocked manual executable manual blocked blocked",
		lists:  "executable executable",
	},
	{
		file: "nested.md", // fences in nested lists, in fences, of settings; several in one item; alternatives after a common start
		steps: `1 Rebuild a runner
1.1 p1.s1 executable Drain it
1.2 p1.s2 manual Write the settings
1.3 p1.s3 manual Show the page to newcomers
1.4 p1.s4 executable Reinstall
1.5.1 p1.s5.1 executable Check
1.5.2 p1.s5.2 executable Check: Then the disk
1.5.3 p1.s5.3 executable Check: And a build
1.5.4 p1.s5.4 executable Check, part 4
`,
		fences: "blocked configuration configuration display blocked blocked executable blocked executable",
		lists:  "executable display",
	},
	{
		file: "alerts.md", // the runbooks of alerts: each heading an alert, its parts below
		steps: `1 CartIndexDamaged
1.1 p1.s1 executable See what the index weighs
1.2 p1.s2 executable Ask it
1.3 p1.s3 manual Never compact a damaged index
1.4 p1.s4 executable Put it aside
1.5 p1.s5 executable Build it again
1.6 p1.s6 manual Tell the shop
2 📦 CartQueueFull
2.1 p2.s1 executable Find what waits longest
2.2 p2.s2 executable Only when nothing else helps, throw the oldest away (when nothing else helps)
2.3 p2.s3 executable Resolution
3 CartNodeDown
3.1 p3.s1 executable Start it
3.2 p3.s2 manual See that it answers
`,
		fences: "executable executable display executable blocked executable executable executable",
		lists:  "display executable manual executable",
	},
}

// TestAlertRunbooksLoseNothing: each word under an alert stands in its procedure, and a heading like "Mitigation" is no procedure's title.
func TestAlertRunbooksLoseNothing(t *testing.T) {
	rb := fixture{file: "alerts.md"}.parse(t)
	for i, want := range [][]string{{"does not answer its check", "carts show old prices", "sums are late", "Prices looked at", "Shop told"}, {"nine in ten places", "read twice an hour"}, {"One node less"}} {
		p := rb.Procedures[i]
		said := p.Scenario + "\n" + strings.Join(p.Notes, "\n")
		for _, w := range want {
			if !strings.Contains(said, w) {
				t.Errorf("%s: %q is lost: %q", p.Title, w, said)
			}
		}
	}
	for src, want := range map[string]string{ // one file for each alert; a heading of its own that acts stays one
		"# NodeGone\n\n## Meaning\n\nIt is gone.\n\n## Diagnosis\n\nLook:\n\n```bash\nuptime\n```\n":                                                                       "NodeGone",
		"# NodeGone\n\n## Steps\n\n1. Look\n\n   ```bash\n   uptime\n   ```\n":                                                                                             "NodeGone",
		"# Handbook\n\n## Diagnosis\n\nLook:\n\n```bash\nuptime\n```\n\n## Restore the store\n\n1. Do\n\n   ```bash\n   cp a b\n   ```\n":                                  "Restore the store",
		"# Handbook\n\n## Store\n\n### Mitigation\n\n1. Do\n\n   ```bash\n   cp a b\n   ```\n\n### Resolution\n\nThen:\n\n```bash\nuptime\n```\n\n## Background\n\nOld.\n": "Store",
	} {
		rb, err := Parse([]byte(src), nil)
		if err != nil || len(rb.Procedures) != 1 || rb.Procedures[0].Title != want {
			t.Errorf("%q: %v %+v", src, err, rb)
		}
	}
}

func TestTenStylesAreReadAsCountedByHand(t *testing.T) {
	for _, f := range fixtures {
		t.Run(f.file, func(t *testing.T) {
			rb := f.parse(t)
			if got := outline(rb); got != f.steps {
				t.Errorf("steps:\n%s\nwant:\n%s", got, f.steps)
			}
			if got := verdictsOf(rb.Fences); got != f.fences {
				t.Errorf("fences: %s\nwant:   %s\n%+v", got, f.fences, rb.Fences)
			}
			if got := verdictsOf(rb.Lists); got != f.lists {
				t.Errorf("lists: %s\nwant:  %s\n%+v", got, f.lists, rb.Lists)
			}
			for _, b := range append(slices.Clone(rb.Fences), rb.Lists...) {
				if b.Line == 0 || b.Why == "" {
					t.Errorf("%+v says too little", b)
				}
			}
		})
	}
}

func (f fixture) parse(t testing.TB) *Runbook {
	t.Helper()
	src, err := os.ReadFile("testdata/" + f.file)
	must(t, err)
	rb, err := Parse(src, f.sections)
	must(t, err)
	return rb
}

// outline is a runbook as the fixtures write it down.
func outline(rb *Runbook) string {
	var b strings.Builder
	for _, p := range rb.Procedures {
		fmt.Fprintf(&b, "%d %s\n", p.Number, p.Title)
		for _, s := range p.Steps {
			fmt.Fprintf(&b, "%s %s %s %s", s.Number, s.ID, s.Kind, s.Title)
			if s.Condition != "" {
				fmt.Fprintf(&b, " (%s)", s.Condition)
			}
			if len(s.Alternatives) > 0 {
				fmt.Fprintf(&b, " [%s]", labels(s.Alternatives))
			}
			if len(s.Calls) > 0 {
				fmt.Fprintf(&b, " -> %s", strings.Join(s.Calls, " "))
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func verdictsOf(blocks []Block) string {
	var out []string
	for _, b := range blocks {
		out = append(out, b.Verdict)
	}
	return strings.Join(out, " ")
}

// TestFixturesCompileStable: compile(compile(x)) is compile(x), the lock reads back, and the JSON keeps numbered items whole.
func TestFixturesCompileStable(t *testing.T) {
	for _, f := range fixtures {
		rb := f.parse(t)
		l, rep := Compile(rb, &Lock{Format: 1, Targets: map[string]Target{"here": {Dir: "."}}})
		text := l.Marshal()
		read, err := ReadLock(text)
		if err != nil {
			t.Fatalf("%s: %v\n%s", f.file, err, text)
		}
		if again, rep2 := Compile(rb, read); !bytes.Equal(again.Marshal(), text) || len(rep2.Changes) > 0 {
			t.Errorf("%s: compiling again changed it: %v", f.file, rep2.Changes)
		}
		if rep.Ready+rep.Decide+rep.Manual != strings.Count(f.steps, ".s") {
			t.Errorf("%s: %s", f.file, rep.Summary())
		}
		for _, e := range l.Steps {
			if e.Run == "" && !e.Manual && !e.Choice {
				t.Errorf("%s: %s has nothing", f.file, e.ID)
			}
		}
	}
}

// TestSourceBytesOfTheStepsAreTheFences: what the steps hold, put one after the other, is what stands between the fences.
func TestSourceBytesOfTheStepsAreTheFences(t *testing.T) {
	all := []*Runbook{seed(t)}
	for _, f := range fixtures {
		all = append(all, f.parse(t))
	}
	for _, rb := range all {
		for _, p := range rb.Procedures {
			for _, s := range p.Steps {
				fences, branches := "", ""
				for _, c := range s.Commands {
					fences += c.Source
					if strings.Contains(c.Source, "```") && c.Lang != "markdown" {
						t.Errorf("%s: a fence inside the command %q", s.Number, c.Source)
					}
					if !strings.Contains(string(rb.Source), strings.TrimSpace(strings.SplitN(strings.TrimSpace(c.Source), "\n", 2)[0])) {
						t.Errorf("%s: %q is not in the Markdown", s.Number, c.Source)
					}
				}
				for _, a := range s.Alternatives {
					branches += a.Separator + a.Source
				}
				if len(s.Alternatives) > 0 && branches != fences {
					t.Errorf("%s: the branches are %q, the fence %q", s.Number, branches, fences)
				}
			}
		}
	}
}
