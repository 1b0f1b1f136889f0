package runbook

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func FuzzParse(f *testing.F) {
	fixed, err := filepath.Glob("testdata/*.md")
	must(f, err)
	for _, path := range append(fixed, demoRunbook, "../../shared/seed/DISASTER_RECOVERY.md") {
		if src, err := os.ReadFile(path); err == nil {
			f.Add(src)
		}
	}
	for _, s := range []string{
		"<!-- drbot:file a.md 30 bytes -->\n## Procedure 1: X\n\n1. **A**\n\n", either,
		"", small, "\xef\xbb\xbf# T\r\n\r\n## Procedure 1: X\r\n\r\n1. A\r\n", "---\na: b\n---\n## Procedure 1: X\n1. y\n", "## Procedure 1: a\n## Procedure 1: b\n", strings.Repeat("> ", 50) + "x",
		"| Level | Response |\n|-|-|\n| SEV-9 | x |\n| | |\n", "- [ ] \n  1. [x]\n", "## Procedure 1: x\n\n1.\n   ```\n", "## Templates\n### Initial\n```\nSubject: [A] [B]\n- [Action 1]\n- [Action 2]\n```\n",
		"## Procedure 1: x\n1. ```bash\n   # OR\n   ```\n", "## Procedure 1: x\n> 1. **a**\n", "| RTO |\n|-|\n| 99999999999999999999 weeks |\n", strings.Repeat("- ", 40) + "[ ] x", "## Procedure 1: x\n1. a\n```bash\n<<EOF\n```\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		rb, err := Parse(src, nil)
		if err != nil {
			return
		}
		Lint(rb, Env{})
		if _, err := json.Marshal(rb); err != nil {
			t.Fatal(err)
		}
		lock, _ := Compile(rb, nil)
		text := lock.Marshal()
		read, err := ReadLock(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if again, _ := Compile(rb, read); !bytes.Equal(again.Marshal(), text) {
			t.Fatalf("compiling again:\n%s\n%s", text, again.Marshal())
		}
	})
}

func FuzzReadLock(f *testing.F) {
	if src, err := os.ReadFile(LockPath(demoRunbook)); err == nil {
		f.Add(src)
	}
	for _, s := range []string{
		"", "format: 1\nsteps: []\n", "format: 2\n", "a: &a [*a]\n", "a: &a {x: 1}\nb: {<<: *a}\n", "format: 1\nformat: 1\n", "{", "[[[[[[", strings.Repeat("[", 300), strings.Repeat("- ", 300), "format: !!int 1\n", "format: 1\n---\nformat: 1\n",
		"format: 1\nsteps:\n  - {id: p1.s1, procedure: p1, manual: true}\n", "format: 1\nsteps:\n  - null\n", "format: 1\ntargets: {a: null}\n", "? [a]\n: b\n", "format: 1\nsteps: [{id: p1.s1, procedure: p1, parameters: [{name: X, type: text, pattern: '('}]}]\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		lock, err := ReadLock(src)
		if err != nil {
			return
		}
		text := lock.Marshal()
		again, err := ReadLock(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if !bytes.Equal(again.Marshal(), text) {
			t.Fatalf("written differently:\n%s\n%s", text, again.Marshal())
		}
	})
}
