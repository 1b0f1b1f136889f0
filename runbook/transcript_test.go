package runbook

import (
	"strings"
	"testing"
)

func TestTranscriptsGiveCommandsAndOutput(t *testing.T) {
	for src, want := range map[string][2]string{
		"$ ls\na\nb\n": {"ls\n", "a\nb"}, "$ cd x\n$ ls \\\n>   -la\ntotal 0\n": {"cd x\nls \\\n  -la\n", "total 0"}, "user@host:~/x$ id\nuid=0\n": {"id\n", "uid=0"}, "root@db1:/srv# systemctl stop x\n": {"systemctl stop x\n", ""},
		"# systemctl stop x\nok\n": {"systemctl stop x\n", "ok"}, "$ cat <<EOF\n> a\n> EOF\na\n": {"cat <<EOF\na\nEOF\n", "a"}, "(venv) $ pytest\n": {"pytest\n", ""}, "$ for i in 1 2; do\n> echo $i\n> done\n1\n2\n": {"for i in 1 2; do\necho $i\ndone\n", "1\n2"},
		"# a remark\n$ ls\n": {"ls\n", "# a remark"}, "just output\n": {"", "just output"}, "$ echo 'a\nb'\na\nb\n": {"echo 'a\nb'\n", "a\nb"},
	} {
		run, out, _ := transcript(src)
		if run != want[0] || out != want[1] {
			t.Errorf("%q: %q and %q, want %q", src, run, out, want)
		}
	}
	rb := parse(t, "## Procedure 1: P\n\n1. **See**\n   ```console\n   $ curl -fsS http://x/health\n   {\"status\":\"green\"}\n   ```\n")
	l := reviewed(t, rb)
	e := l.entry("p1.s1")
	if e.Run != "curl -fsS http://x/health\n" || e.Expect == nil || e.Expect.Stdout != "{\"status\":\"green\"}" || e.SourceSHA256 != rb.Procedures[0].Steps[0].Commands[0].SHA256 || len(e.Rewrites) != 1 || e.Rewrites[0].From != "$ " {
		t.Fatalf("%+v", e)
	}
	q := l.Questions(rb)
	if len(q) != 1 || q[0].Ask != outputQuestion {
		t.Fatalf("%+v", q)
	}
	must(t, l.Answer(q[0], "yes"))
	if e := l.entry("p1.s1"); e.Expect == nil || e.Blocked() != "" {
		t.Errorf("%+v", e)
	}
	if _, err := ReadLock(l.Marshal()); err != nil {
		t.Error(err)
	}
}

func TestFencesAreClassified(t *testing.T) {
	for _, c := range []struct{ lang, src, want, why string }{
		{"", "kubectl get pods\n", "executable", "reads as commands"}, {"", "$ kubectl get pods\n", "executable", "transcript"}, {"", "DROP TABLE x;\n", "blocked", "SQL"}, {"", "{\"a\": 1}\n", "display", ""}, {"", "a = b\nc = d\n", "configuration", ""},
		{"", "Everything is fine.\n", "display", "sentence"}, {"", "postgres=# select 1;\n", "display", "session"}, {"", "key: value\nother: x\n", "configuration", ""}, {"", "total 4\ndrwxr-xr-x 2 root\n", "display", ""},
		{"console", "mysql> SELECT 1;\n", "manual", "session"}, {"console", "nothing\n", "output", ""}, {"bash", "$ ls\n", "blocked", "prompt"}, {"bash", "psql -h db\n", "manual", "psql -h db opens a session"}, {"bash", "mysql -u x\n", "manual", "opens"},
		{"bash", "kubectl exec -it x -- sh\n", "manual", "opens"}, {"powershell", "Get-Item x\n", "manual", "does not run powershell"}, {"ruby", "puts 1\n", "manual", ""}, {"sql", "SELECT 1;\n-- OR\nSELECT 2;\n", "choice", "SELECT 1; | SELECT 2;"},
		{"yaml", "a: b\n", "configuration", ""}, {"bash", "# only words\n", "display", ""}, {"bash", "if\n", "blocked", "does not parse"}, {"bash", "ls {1,2}\n", "executable", ""}, {"text", "ls\n", "display", ""}, {"bash", "cd x\n# Kubernetes\na\n# Systemd\nb\n", "blocked", "two platforms"},
	} {
		if v := classify(c.lang, c.src); v.verdict != c.want || !strings.Contains(v.why, c.why) {
			t.Errorf("%s %q: %s (%s), want %s", c.lang, c.src, v.verdict, v.why, c.want)
		}
	}
}
