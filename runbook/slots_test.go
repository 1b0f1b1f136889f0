package runbook

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestI34_RewrittenSlotsGiveTheValueAsItIs: wherever a slot stands, real bash gives the program the text with the value in the slot's place, as one
// argument, for every hostile value that is not refused.
func TestI34_RewrittenSlotsGiveTheValueAsItIs(t *testing.T) {
	for text, want := range map[string]string{ // %: the value
		"show a_YYYYMMDD.x\n":                         "[a_%.x]",
		"show \"a YYYYMMDD b\"\n":                     "[a % b]",
		"show 'YYYYMMDD'\n":                           "[%]",
		"show 'a YYYYMMDD b'\n":                       "[a % b]",
		"show --x=[BACKUP]\n":                         "[--x=%]",
		"show {{ thing }} {{thing}}\n":                "[%][%]",
		"show <thing> x\n":                            "[%][x]",
		"X=\"backup_20260113_100000\"\nshow \"$X\"\n": "[%]",
		"show \"$(printf '%s' <thing>)\"\n":           "[%]",
		"show $THING\n":                               "[%]",
		"show a$THING-b \"$THING\" ${THING}\n":        "[a%-b][%][%]",
		"show $thing\n":                               "[%]",
		"cat <<EOF\n[<thing>]\nEOF\n":                 "[%]",
		"cat <<EOF\n[$THING]\nEOF\n":                  "[%]",
		"case <thing> in *) show $THING ;; esac\n":    "",
		"for f in <thing> b; do show \"$f\"; done\n":  "[%][b]",
		"show x | tr x <thing>\n":                     "",
		"show CHANGEME\n":                             "[%]",
	} {
		r, err := fill(text)
		if err != nil || len(r.parameters) == 0 {
			t.Errorf("%q: %v %+v", text, err, r)
			continue
		}
		if len(placeholders(r.text)) > 0 || len(r.rewrites) == 0 && !strings.Contains(text, "\"$X\"") && !strings.Contains(text, "[$THING]") {
			t.Errorf("%q became %q, rewrites %v", text, r.text, r.rewrites)
		}
		if want == "" {
			continue
		}
		for _, v := range hostile {
			e := &Entry{ID: "p1.s1"}
			values := map[string]string{}
			for _, p := range r.parameters {
				e.Parameters = append(e.Parameters, Parameter{Name: p.Name, Type: TypeText}) // the widest type
				values[p.Name] = v
			}
			b, err := Bind(e, values)
			if err != nil {
				continue
			}
			cmd := exec.Command("bash", "--noprofile", "--norc", "-c", "show() { printf '[%s]' \"$@\"; }\n"+r.text)
			cmd.Env, cmd.Dir = append(b.Env, "PATH=/usr/bin:/bin"), t.TempDir()
			out, err := cmd.CombinedOutput()
			if got, should := strings.TrimSuffix(string(out), "\n"), strings.ReplaceAll(want, "%", v); err != nil || got != should {
				t.Fatalf("%q -> %q with %q: %q, want %q (%v)", text, r.text, v, got, should, err)
			}
		}
	}
}

// TestSlotsGetTheirTypes: the type follows from the token's form, then from its name.
func TestSlotsGetTheirTypes(t *testing.T) {
	for text, want := range map[string]string{
		"x /b/a_YYYYMMDD\n": "DATE text " + dayPattern, "x /backup/a_YYYYMMDD\n": "BACKUP_DATE text " + dayPattern, "x YYYY-MM-DD\n": "DATE date",
		"x YYYYMMDD_HHMMSS\n": "STAMP text " + dayPattern + "_" + clockPattern, "x backup_20260113_100000\n": "BACKUP text backup_" + dayPattern + "_" + clockPattern,
		"x --to '2026-01-13 10:00:00'\n": "TARGET_TIME time", "x a.example.com\n": "HOST hostname", "x registry/a:1\n": "IMAGE text [a-z0-9][a-z0-9._/:-]*",
		"x <namespace>\n": "NAMESPACE k8s_name", "x <db-host>\n": "DB_HOST hostname", "x $DB_HOST\n": "DB_HOST hostname", "x <database>\n": "DATABASE db_identifier", "x {{ .Values.port }}\n": "PORT int", "x [REPLICAS]\n": "REPLICAS int",
		"x $API_TOKEN\n": "API_TOKEN secret", "x <soft|hard>\n": "CHOICE choice soft,hard", "x --mode <soft|hard>\n": "MODE choice soft,hard", "x <file>\n": "FILE path", "x <path>\n": "PATH_VALUE path",
		"x $DRAIN_TIMEOUT\n": "DRAIN_TIMEOUT duration", "x <since date>\n": "SINCE_DATE date", "x <thing>\n": "THING text ?", "psql -c \"select '<thing>'\"\n": "THING text " + plainValue, "x <backup>\n": "BACKUP text [A-Za-z0-9][A-Za-z0-9_.-]*",
	} {
		r, err := fill(text)
		must(t, err)
		got := ""
		for _, p := range r.parameters {
			got += p.Name + " " + p.Type
			if p.Pattern != "" || len(p.Allowed) > 0 {
				got += " " + p.Pattern + strings.Join(p.Allowed, ",")
			}
			if slices.Contains(r.open, p.Name+textQuestion) {
				got += " ?"
			}
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"x $KUBE_OPTS\n", "x $((<n> + 1))\n", "x ${FILE%.db}\n", "cat <<'EOF'\n<thing>\nEOF\n", "x $PATH_\n"[:0] + "echo $((COUNT$N))\n"} {
		r, err := fill(text)
		if err == nil && (r.text != text || len(r.open) == 0) {
			t.Errorf("%q became %q, open %v", text, r.text, r.open)
		}
	}
}

// TestI36_ASampleStaysBlockedUntilBound: the sample itself, and nothing, are refused; an answer of its form is taken.
func TestI36_ASampleStaysBlockedUntilBound(t *testing.T) {
	rb := parse(t, "## Procedure 1: P\n\n1. **Restore**\n   ```bash\n   BACKUP=\"backup_20260113_100000\"\n   tool \"$BACKUP\"\n   ```\n")
	l := reviewed(t, rb)
	e := l.entry("p1.s1")
	if e.Blocked() != "" || e.Run != "BACKUP=\"${BACKUP}\"\ntool \"$BACKUP\"\n" {
		t.Fatalf("%+v", e)
	}
	for v, ok := range map[string]bool{"": false, "backup_20260113_100000": false, "backup_20261340_100000": false, "x": false, "backup_20260114_100000": true} {
		if _, err := Bind(e, map[string]string{"BACKUP": v}); (err == nil) != ok {
			t.Errorf("%q: %v", v, err)
		}
	}
}

// TestRewritesFollowTheMarkdown: a changed command is rewritten anew, the answers about its values stay, and a rewrite by hand is not lost silently.
func TestRewritesFollowTheMarkdown(t *testing.T) {
	text := "## Procedure 1: P\n\n1. **Do**\n   ```bash\n   tool <thing> <namespace>\n   ```\n"
	l := reviewed(t, parse(t, text))
	must(t, l.Answer(l.Questions(nil)[0], "pattern [a-c]+"))
	changed := strings.Replace(text, "tool <thing> <namespace>", "tool --fast <thing> <host>", 1)
	next, _ := Compile(parse(t, changed), l)
	e := next.entry("p1.s1")
	if e.Run != "tool --fast \"${THING}\" \"${HOST}\"\n" || len(e.Decide) != 0 || len(e.Parameters) != 2 || e.Parameters[0].Pattern != "[a-c]+" || e.Parameters[1].Name != "HOST" {
		t.Errorf("%+v", e)
	}
	l.entry("p1.s1").setRun("tool --slow \"${THING}\" \"${NAMESPACE}\"\n", Bash)
	next, _ = Compile(parse(t, changed), l)
	if e := next.entry("p1.s1"); !slices.Contains(e.Decide, againQuestion) {
		t.Errorf("%+v", e)
	}
}
