package runbook

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestI34_WhatDoesNotShowDoesNotRun: a character that a reviewer does not see blocks the step, with its place and code point, and nothing prints it.
func TestI34_WhatDoesNotShowDoesNotRun(t *testing.T) {
	for command, want := range map[string]string{
		"systemctl sto\u200bp x":         "U+200B (zero width space) on line 1, column 14",
		"ls\nls \u202e x\u2066 # \u202c": "U+202E (right-to-left override) on line 2, column 4",
		"echo a\x1b[2Kb":                 "U+001B (escape) on line 1, column 7",
		"rm\u00a0-rf x":                  "U+00A0 (no-break space) on line 1, column 3",
		"ls \u3164":                      "U+3164 on line 1, column 4",
		"ls # \U000e0041":                "U+E0041 on line 1, column 6",
		"sqlite3 a.db 'select 1\u2069'":  "U+2069 (end of isolate)",
		"echo über ✅ ⚠\ufe0f 日本語; printf '\t'": "",
	} {
		rb := parse(t, oneStep(command))
		l, rep := Compile(rb, nil)
		e := l.entry("p1.s1")
		asked := strings.Join(e.Decide, "\n")
		if want == "" {
			if strings.Contains(asked, hiddenQuestion) || e.Blocked() != "" && strings.Contains(e.Blocked(), "U+") {
				t.Errorf("%q: %q", command, asked)
			}
			continue
		}
		if !strings.Contains(asked, want) || !strings.Contains(rep.Fences[0].Why, want) {
			t.Errorf("%q: %q, %q", command, asked, rep.Fences[0].Why)
		}
		for _, q := range l.Questions(rb) {
			if hiddenIn(q.Text+q.Ask+q.Title) != "" {
				t.Errorf("the question shows it: %+q", q.Text)
			}
			if strings.Contains(q.Ask, want) {
				if err := l.Answer(q, AnswerDone); err == nil {
					t.Errorf("%q: done, and it is still there", command)
				}
			}
		}
		if text := string(l.Marshal()); hiddenIn(text) != "" {
			t.Errorf("the lock shows %s", hiddenIn(text))
		} else if back, err := ReadLock([]byte(text)); err != nil || back.entry("p1.s1").Run != e.Run {
			t.Errorf("%q does not come back: %v", command, err)
		}
		byHand := *e
		byHand.Decide = nil
		if !strings.Contains(byHand.Blocked(), want) {
			t.Errorf("%q by hand: %q", command, byHand.Blocked())
		}
		found := false
		for _, f := range Lint(rb, Env{}) {
			found = found || f.Rule == "hidden-character" && f.Line > 3 && strings.Contains(f.Message, want[:6])
		}
		if !found {
			t.Errorf("%q: lint says nothing", command)
		}
	}
}

// TestI36_PlaceholdersInEveryDress are blocked until they are bound.
func TestI36_PlaceholdersInEveryDress(t *testing.T) {
	for token, name := range map[string]string{
		"[POD-NAME]": "POD_NAME", "[POD]": "POD", "[BACKUP FILE]": "BACKUP_FILE", "YOUR_DB_NAME": "DB_NAME", "your-cluster": "CLUSTER", "your_bucket": "BUCKET", "YOUR-REGION": "REGION", "@@X@@": "X", "__X__": "X", "__DB_HOST__": "DB_HOST", "%{host}": "HOST",
		"xxxx": "VALUE", "i-xxxxxxxx": "VALUE", "XXXXXX": "VALUE", "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx": "VALUE", "CHANGEME": "VALUE", "CHANGE_ME": "VALUE", "change-me": "VALUE", "REPLACE_ME": "VALUE", "REPLACE_WITH_TOKEN": "TOKEN", "<your-zone>": "ZONE", "{{ cluster }}": "CLUSTER", "${{ secrets.ZONE }}": "ZONE", "${{ inputs.my-zone }}": "MY_ZONE", "db.example.com": "HOST",
		"TO" + "DO": "VALUE", "TBD": "VALUE", "{db}": "DB", "«db»": "DB", "___": "VALUE", "my-database": "MY_DATABASE", "db-name-here": "DB_NAME_HERE", "JJJJMMTT": "DATE", "AAAA-MM-JJ": "DATE",
	} {
		command := "tool x " + token + " x"
		l, _ := Compile(parse(t, oneStep(command)), nil)
		e := l.entry("p1.s1")
		if len(e.Parameters) != 1 || e.Parameters[0].Name != name || !strings.Contains(e.Run, `"${`+name+`}"`) || strings.Contains(e.Run, token) {
			t.Errorf("%s: %q %+v %q", token, e.Run, e.Parameters, e.Decide)
		}
		byHand := Entry{ID: "p1.s1", Interpreter: Bash, Run: command}
		if byHand.Blocked() == "" && name != "HOST" {
			t.Errorf("%s by hand is not blocked", token)
		}
		if len(e.Parameters) == 1 {
			if _, err := Bind(e, map[string]string{name: token}); err == nil {
				t.Errorf("%s was taken as a value", token)
			}
		}
	}
	for _, command := range []string{
		"[ -f x ]", "ls [a-z]*", "ls [A-Z]*", "ls [ABC]*", "ls x[AB]", "[[ -n x ]]", "a=(1); echo ${a[0]}", "tr '[A-Z]' '[a-z]' < f", "curl -w '%{http_code}' http://x", "rpm -q --qf '%{NAME}' x", "echo \"[INFO] started\"", "mktemp -d /tmp/xx.XXXXXX",
		"date +%Y-%m-%d", "psql -c \"select to_char(now(), 'YYYY-MM-DD')\"", "python3 -c 'print(__name__)'", "echo yours", "YOUR_X=1; echo \"$YOUR_X\"", "grep -E 'x{4,}' f", "cat <<EOF\nx\nEOF", "if [ 1 -lt 2 ]; then ls; fi", "sort < in > out", "exchange-me x", "ls xxx", "echo maxxxx | cat",
		"jq '{name}' f", "awk '{print}' f", "grep TO" + "DO f", "cp a b # TO" + "DO look", "mv x {a,b}", "exec {fd}> f", "ls __init__.py", "cp where-it-is x", "touch drbot-was-here", "my-tool x", "git rev-parse HEAD@{upstream}",
	} {
		if p := placeholders(command); len(p) > 0 {
			t.Errorf("%q: %q", command, p)
		}
	}
}

// TestI6_NoInternalTokenIsLeft: whatever is around a place that waits for a value, no word of the compiler's own comes into the lock.
func TestI6_NoInternalTokenIsLeft(t *testing.T) {
	own := regexp.MustCompile(`(?i)zq+[0-9ps]`)
	pieces := []string{"${{ name }}", "${{secrets.X}}", "$", "${", "}", "\"", "'", "<DIR>", "[POD]", "YYYYMMDD", "CHANGEME", "@@X@@", "__X__", " ", "\n", "=", "+=", "()", "{", ";", "$(", ")", "<<", "<<EOF\n", "EOF\n", "((", "))", "echo ", "for ", " in ", "do ", "done", "a", "20260113_100000", "db.example.com", "read ", "x", "#", "!", "[", "]", "\\", "`", "|", "bash -c ", "eval ", "psql -c ", "zq0z", "ZQ0Z", "awk ", "$X", "sql "}
	check := func(t interface{ Fatalf(string, ...any) }, text string) {
		rb, err := Parse([]byte("## Procedure 1: P\n\n1. **Do**\n\n"+indent("```bash\n"+text+"\n```\n")), nil)
		if err != nil {
			return
		}
		l, rep := Compile(rb, nil)
		said := string(l.Marshal())
		for _, f := range rep.Fences {
			said += "\n" + f.Why
		}
		for _, q := range l.Questions(rb) {
			said += "\n" + q.Ask + q.Proposal
		}
		for _, m := range own.FindAllString(said, -1) {
			if !strings.Contains(strings.ToLower(text), strings.ToLower(m)) {
				t.Fatalf("%q: %s is in\n%s", text, m, said)
			}
		}
	}
	for _, text := range []string{"echo ${{ name }}", "echo $<DIR> x", "echo ${YYYYMMDD} $YYYYMMDD", "CHANGEME=1; echo $CHANGEME", "cat <<CHANGEME\nx\nCHANGEME", "f_YYYYMMDD() { ls; }; f_YYYYMMDD", "for YYYYMMDD in a; do ls; done", "echo 'unclosed <DIR>", "bash -c \"ls <DIR>", "echo $((YYYYMMDD + 1))"} {
		check(t, text)
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 12).Draw(t, "pieces"), ""))
	})
}
