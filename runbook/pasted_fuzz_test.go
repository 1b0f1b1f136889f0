package runbook

import (
	"strings"
	"testing"
)

// FuzzPasted: any text is looked through without a panic, and what the compiler rewrites can be read again and shows none of its own words.
func FuzzPasted(f *testing.F) {
	for _, text := range asCode {
		f.Add(text)
	}
	for _, text := range []string{"${{ x }}", "$<DIR>", "cat <<CHANGEME\nCHANGEME", "psql -v a=$FILE <<'SQL'\nselect :a\nSQL", "ssh", "su -c", "xargs", "sed -e", "awk -f -", "a\u202eb", "sqlite3 -cmd", "bash -c", "find -exec sh -c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e := Entry{ID: "p1.s1", Interpreter: Bash, Run: text, Precheck: text, Parameters: []Parameter{{Name: "FILE", Type: TypeText}}}
		if why := e.Blocked(); hiddenIn(why) != "" && hiddenIn(text) == "" {
			t.Fatalf("%q is blocked by %q", text, why)
		}
		r, err := fill(text)
		if err != nil {
			return
		}
		if _, err := readShell(r.text); err != nil {
			t.Fatalf("%q became %q: %v", text, r.text, err)
		}
		e.Run, e.Parameters = r.text, r.parameters
		e.askCode()
		if said := strings.Join(e.Decide, "\n"); !strings.Contains(strings.ToLower(text), "zq") && strings.Contains(said, "zq") {
			t.Fatalf("%q: %q", text, said)
		}
		for _, q := range e.Decide {
			_ = e.proposeCode(q)
		}
	})
}
