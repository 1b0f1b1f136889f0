package runbook

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drbot/drbot/integrations/postgres/pgtest"
)

// asCode are texts in which a value would be read as code: shells within shells, other languages, SQL, arithmetic.
var asCode = []string{
	`bash -c 'ls <FILE>'`, `bash -c "ls <FILE>"`, `bash -c "ls $FILE"`, `sh -c "ls '$FILE'"`, `bash -ce "ls ${FILE}"`, `bash -x -c "ls $FILE"`, `sudo -n bash -c "ls $FILE"`, `env A=b bash -c "ls $FILE"`,
	`eval ls <FILE>`, `eval "ls '$FILE'"`, `x="ls $FILE"; eval "$x"`, `x=(ls $FILE); eval "${x[@]}"`, `for f in "$FILE" b; do sh -c "ls $f"; done`, `f() { bash -c "ls $1"; }; f "$FILE"`,
	`f() { local d=$2; g "$d"; }; g() { eval "ls $1"; }; f x "$FILE"`, `set -- "$FILE"; eval "ls $1"`, `read -r l <<< "$FILE"; eval "ls $l"`, `echo "$FILE" | while read -r l; do eval "ls $l"; done`,
	"bash <<EOF\nls <FILE>\nEOF", "bash -s <<EOF\nls $FILE\nEOF", "cat <<EOF | bash\nls $FILE\nEOF", `bash <<< "ls $FILE"`, `echo "ls $FILE" | sh`, `printf 'ls %s\n' "$FILE" | sh`, `echo "ls $FILE" | tr a a | bash`,
	`bash <(echo "ls $FILE")`, `source <(echo "ls $FILE")`, `{ bash; } <<< "ls $FILE"`, `echo "ls $FILE" | { sh; }`, `f() { bash; }; echo "ls $FILE" | f`, `f() { echo "ls $FILE"; }; f | bash`,
	`find . -maxdepth 0 -exec sh -c 'ls <FILE>' ';'`, `echo hi | xargs -I% sh -c 'ls <FILE>'`, `echo "$FILE" | xargs -I% sh -c 'ls %'`, `printf '%s\n' "ls $FILE" | xargs -d '\n' -n 1 bash -c`,
	`ssh db1 'ls <FILE>'`, `ssh db1 ls "$FILE"`, `ssh -p 22 db1 "ls '$FILE'"`, `echo "ls $FILE" | ssh db1`, `kubectl exec web -- sh -c "ls $FILE"`, `kubectl -n x exec web -it -- bash -ec 'ls <FILE>'`, `docker exec db sh -c "ls $FILE"`,
	`su -c "ls $FILE" postgres`, `su - postgres -c 'ls <FILE>'`, `runuser -u postgres -- sh -c "ls $FILE"`, `timeout 5 sh -c "ls $FILE"`, `flock l -c "ls $FILE"`, `trap "ls $FILE" EXIT`, `alias l="ls $FILE"` + "\n" + `eval l`,
	`(echo "* * * * * ls $FILE") | crontab -`, `echo "ls $FILE" | at now`, `watch -n 1 "ls $FILE"`, `python3 -c "print('<FILE>')"`, `python3 -c "print(\"$FILE\")"`, "python3 <<EOF\nprint('$FILE')\nEOF", `echo "print('$FILE')" | python3`,
	`perl -e "print '<FILE>'"`, `perl -ne "print '$FILE'" /etc/hostname`, `awk "BEGIN{print \"<FILE>\"}"`, `awk 'BEGIN{print "<FILE>"}'`, `awk "/$FILE/" /etc/hostname`, `sed "s/a/$FILE/" /etc/hostname`, `sed -n "/$FILE/p" /etc/hostname`, `sed -e "$FILE" /etc/hostname`,
	`sqlite3 q.db 'select 1' ".shell ls <FILE>"`, `sqlite3 q.db ".output $FILE"`, `sqlite3 q.db "select '$FILE'"`, "sqlite3 q.db <<EOF\n.shell ls $FILE\nEOF", "sqlite3 q.db <<EOF\nselect '$FILE';\nEOF",
	`echo $(( $FILE + 1 ))`, `(( $FILE > 1 ))`, `echo $(( FILE + 1 ))` + "\nls \"$FILE\"", `let x=$FILE`, `[[ $FILE -gt 1 ]]`, `[[ "$FILE" -eq 0 ]]`, `declare -i y=$FILE`, `declare -i y; y=$FILE`, `a=(1 2); echo "${a[$FILE]}"`, `a[$FILE]=1`,
	`printf -v "$FILE" x`, `test -v "$FILE"`, `[ -v "$FILE" ]`, `[[ -v $FILE ]]`, `X=$FILE; echo "${!X}"`, `echo "${!FILE}"`, `x=abc; echo "${x:$FILE:1}"`, `echo "${FILE@P}"`, `unset "$FILE"`, `read "$FILE" < /etc/hostname`, `for ((i = $FILE; i < 3; i++)); do echo; done`,
	`n=$FILE; ((n > 1))`, `n=$(basename "$FILE"); echo $((n + 1))`, `export X="$FILE"; bash -c 'eval "ls $X"'`, `bash -c 'eval "ls $1"' _ "$FILE"`, `bash -c "bash -c \"ls ${FILE@Q}\""`, `bash -c 'eval "ls $FILE"'` + "\nls \"$FILE\"",
	"ssh db1 'bash -s' <<EOF\nls $FILE\nEOF", "ssh db1 bash -s <<EOF\nls $FILE\nEOF", `echo "ls $FILE" | bash -c 'sh'`, `b=bash; $b -c "ls $FILE"`, `as() { shift; "$@"; }; as postgres sqlite3 q.db ".shell ls $FILE"`, "cat <<EOF | tee x.sh\nls $FILE\nEOF\nbash x.sh",
	"docker exec -i db sqlite3 q.db <<EOF\n.shell ls $FILE\nEOF", `echo "ls $FILE" | sudo -n tee x.sh > /dev/null` + "\nsh x.sh", `PS4="+ $FILE "; set -x; ls`, `make X="$FILE"`, `tar -cf x.tar --checkpoint=1 --checkpoint-action="exec=ls $FILE" /etc/hostname`, "cat > x.sh <<EOF\nls $FILE\nEOF\nbash x.sh", `echo "ls $FILE" > x.sh` + "\n. ./x.sh", `mapfile -t -c 1 -C "ls $FILE;:" a < /etc/hostname`,
}

// attacks make a file PWNED where they are read as code.
var attacks = []string{
	"x;touch PWNED", "$(touch PWNED)", "`touch PWNED`", "x'; touch PWNED; '", "x';touch PWNED;:'", "x\"; touch PWNED; \"", "x|touch PWNED", "a[$(touch PWNED)]", "');open('PWNED','w');print('", "\");open(\"PWNED\",\"w\");print(\"",
	"'; system('touch PWNED'); '", "\";system(\"touch PWNED\");\"", "/,system(\"touch PWNED\"),/", "a/;1e touch PWNED", "a/e;s/x/y", "1e touch PWNED", "e touch PWNED", "|touch PWNED", "x' ; .shell touch PWNED", "a[$(touch PWNED)]=1", "$(shell touch PWNED)", "touch PWNED",
	"FILE[$(touch PWNED)]", "x/../../PWNED", "e", "w", "id--", "system", "reboot", "5", "a.b", "web-1", "2026-01-13", "x'\nselect",
}

// stubs stand for programs that give a text to a shell elsewhere.
func stubs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"ssh": "while [ \"${1#-}\" != \"$1\" ]; do shift 2; done; shift; [ $# -gt 0 ] || exec sh; exec sh -c \"$*\"\n", "kubectl": "while [ \"$1\" != -- ]; do shift; done; shift; exec \"$@\"\n", "docker": "shift; [ \"$1\" = -i ] && shift; shift; exec \"$@\"\n", "crontab": "sed 's/^. . . . . //' | sh\n",
		"at": "exec sh\n", "su": "while [ $# -gt 0 ]; do case $1 in -c) exec sh -c \"$2\";; esac; shift; done\n", "runuser": "while [ \"$1\" != -- ]; do shift; done; shift; exec \"$@\"\n", "watch": "shift 2; exec sh -c \"$*\"\n", "sudo": "shift; exec \"$@\"\n",
	} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text), 0o700))
	}
	return dir
}

// execute runs an entry with one value in all its parameters; pwned: the value was code. ran is false where the value was refused.
func execute(t *testing.T, e *Entry, bin, value string) (ran, pwned bool) {
	t.Helper()
	values := map[string]string{}
	for _, p := range e.Parameters {
		values[p.Name] = value
	}
	b, err := Bind(e, values)
	if err != nil {
		return false, false
	}
	dir := t.TempDir()
	cmd := exec.Command("timeout", "5", "bash", "--noprofile", "--norc", "-c", e.Run)
	cmd.Env, cmd.Dir = append(b.Env, "PATH="+bin+":/usr/bin:/bin"), dir
	_ = cmd.Run() // whatever it says: what it did counts
	_, err = os.Stat(filepath.Join(dir, "PWNED"))
	return true, err == nil
}

func oneStep(command string) string {
	return "## Procedure 1: P\n\n1. **Do**\n\n" + indent("```bash\n"+command+"\n```\n")
}

// TestI34_AValueIsNeverCode: with real shells and languages, whatever type a place is given that lifts the block, no value that it takes is executed.
func TestI34_AValueIsNeverCode(t *testing.T) {
	bin := stubs(t)
	open := 0
	for _, command := range asCode {
		l, _ := Compile(parse(t, oneStep(command)), nil)
		e := *l.entry("p1.s1")
		if e.Manual { // nothing in it runs; somebody may still write it into the lock
			e = Entry{ID: "p1.s1", Interpreter: Bash, Run: strings.ReplaceAll(command, "<FILE>", "'\"$FILE\"'") + "\n"}
		}
		if !e.has("FILE") {
			e.Parameters = append(e.Parameters, Parameter{Name: "FILE", Type: TypePath})
		}
		for _, kind := range []string{TypePath, TypeText} { // a lock by hand: with no question at all
			byHand := e
			byHand.Decide, byHand.Parameters = nil, []Parameter{{Name: "FILE", Type: kind}}
			if why := byHand.Blocked(); !strings.Contains(why, pastedWords) && !strings.Contains(why, "is a placeholder") {
				t.Errorf("%q as %s is not blocked: %q\n%s", command, kind, why, e.Run)
			}
		}
		for _, p := range []Parameter{{Type: TypeInt}, {Type: TypeInt, Min: "0"}, {Type: TypeHostname}, {Type: TypeK8sName}, {Type: TypeDBName}, {Type: TypeDate}, {Type: TypeDuration}, {Type: TypeText, Pattern: plainValue}, {Type: TypeText, Pattern: "[a-z;]+"}, {Type: TypeChoice, Allowed: []string{"a", "e", "x;touch PWNED"}}, {Type: TypePath, Pattern: ".*"}, {Type: TypeText, Pattern: `[^x]+`}} {
			p.Name = "FILE"
			typed := e
			typed.Decide, typed.Parameters = nil, []Parameter{p}
			if typed.Blocked() != "" {
				continue
			}
			open++
			for _, v := range attacks {
				if _, pwned := execute(t, &typed, bin, v); pwned {
					t.Errorf("%q with %s %s: the value %q was executed\n%s", command, p.Type, p.Pattern, v, e.Run)
				}
			}
		}
	}
	if open < 100 {
		t.Errorf("only %d places could be opened by a type", open)
	}
}

// TestI34_TheSafeFormsAreNotBlocked: the forms that the questions show pass with any value, and give the program just that value.
func TestI34_TheSafeFormsAreNotBlocked(t *testing.T) {
	bin := stubs(t)
	for _, command := range []string{
		`printf '%s' "$FILE"`, `bash -c 'printf %s "$1"' _ "${FILE}"`, `printf '%s' ${FILE@Q} > /dev/null; printf '%s' "$FILE"`, `ssh db1 "printf %s ${FILE@Q}"`, `ssh db1 "printf %s $(printf %q "$FILE")"`, `su postgres -c "printf %s ${FILE@Q}"`,
		`awk 'BEGIN { printf "%s", ENVIRON["FILE"] }' < /dev/null; : "$FILE"`, `python3 -c 'import os; print(os.environ["FILE"], end="")'; : "$FILE"`, `find . -maxdepth 0 -exec sh -c 'printf %s "$1"' _ "$FILE" ';'`, `kubectl exec web -- sh -c 'printf %s "$1"' _ "$FILE"`,
		"bash -s -- \"${FILE}\" <<'EOF'\nprintf %s \"$1\"\nEOF", `[ "$FILE" = x ] || printf '%s' "$FILE"`, `[[ $FILE == x ]] || printf '%s' "$FILE"`, `n=${#FILE}; ((n > 0)); printf '%s' "$FILE"`, `printf '%s' "$FILE" | cat`, "cat <<EOF | head -c -1\n$FILE\nEOF", `eval "printf %s ${FILE@Q}"`,
		`printf '%s\0' "$FILE" | xargs -0 printf '%s'`, `perl -e 'print $ENV{FILE}'; : "$FILE"`, `x=$(stat -c %s "$FILE" 2> /dev/null || echo 1); echo $((x + 1)) > /dev/null; printf '%s' "$FILE"`, `sed -n 's/x/y/p' "$FILE" > /dev/null 2>&1; printf '%s' "$FILE"`,
	} {
		e := Entry{ID: "p1.s1", Interpreter: Bash, Run: command + "\n", Parameters: []Parameter{{Name: "FILE", Type: TypeText}}}
		if why := e.Blocked(); why != "" {
			t.Errorf("%q: %s", command, why)
			continue
		}
		for _, v := range hostile {
			b, err := Bind(&e, map[string]string{"FILE": v})
			if err != nil {
				continue
			}
			cmd := exec.Command("bash", "--noprofile", "--norc", "-c", e.Run)
			cmd.Env, cmd.Dir = append(b.Env, "PATH="+bin+":/usr/bin:/bin", "LC_ALL=C.UTF-8"), t.TempDir()
			out, err := cmd.Output()
			if string(out) != v || err != nil {
				t.Fatalf("%q with %q: %q %v", command, v, out, err)
			}
		}
	}
	for _, command := range []string{`gunzip -c "$FILE" | psql app`, `pg_dump "$FILE" | psql app`, `sqlite3 "$FILE" 'select 1'`, `psql -d "$FILE" -c 'select 1'`, `docker exec "$FILE" psql -c 'select 1'`, `kubectl -n "$FILE" exec web -- ls`, `rsync -e ssh "$FILE" db1:/x`, `echo "$FILE" | ssh db1 'cat >> list'`, `systemctl restart ssh "$FILE"`, "psql -v id=\"$FILE\" <<'SQL'\nselect :'id', x::text\nSQL", `crontab "$FILE"`, `grep bash "$FILE"`, `tail -n 5 "$FILE" | grep x`, `curl -fsS "https://x/$FILE"`} {
		if why := (&Entry{Interpreter: Bash, Run: command, Parameters: []Parameter{{Name: "FILE", Type: TypeText}}}).Blocked(); why != "" {
			t.Errorf("%q: %s", command, why)
		}
	}
}

// TestI34_QuestionsShowTheSafeForm: the whole line, ready to be copied.
func TestI34_QuestionsShowTheSafeForm(t *testing.T) {
	for command, want := range map[string]string{
		`bash -c 'ls <DIR>'`:                              `bash -c 'ls "$1"' _ "${DIR}"`,
		`bash -c "cp '$FILE' x" arg0 a`:                   `bash -c 'cp "$2" x' arg0 a "${FILE}"`,
		`find . -exec sh -c 'mv {} <DIR>' ';'`:            `find . -exec sh -c 'mv {} "$1"' _ "${DIR}" ';'`,
		`kubectl exec web -- sh -c "ls $FILE $DIR $FILE"`: `kubectl exec web -- sh -c 'ls "$1" "$2" "$1"' _ "${FILE}" "${DIR}"`,
		`ssh db1 "ls $DIR"`:                               `${DIR@Q}`,
		`awk "/$DIR/"`:                                    `ENVIRON["DIR"]`,
		`psql app -c "delete from u where id = <USER_ID> and n = '<thing>'"`: "psql app -v thing=\"${THING}\" -v user_id=\"${USER_ID}\" <<'SQL'\ndelete from u where id = :'user_id' and n = :'thing'\nSQL",
		`echo $((1 + $DIR))` + "\nls $DIR":                                   "",
		`[[ $DIR -gt 1 ]]`:                                                   "give DIR the type int",
	} {
		l, _ := Compile(parse(t, oneStep(command)), nil)
		asked := strings.Join(l.entry("p1.s1").Decide, "\n")
		if !strings.Contains(asked, want) {
			t.Errorf("%q: %q, want %q", command, asked, want)
		}
	}
}

// TestI34_SQLValuesCommentNothingAway: with real sqlite3, what a place in SQL admits changes no other row.
func TestI34_SQLValuesCommentNothingAway(t *testing.T) {
	for command, blocked := range map[string]bool{ // :name is pasted by psql as it is
		"psql -v id=\"$NUM\" <<'SQL'\nselect :id\nSQL": true, "psql -v id=\"$NUM\" -f - <<'SQL'\nselect :'id', :\"id\"\nSQL": false, "echo 'select :id' | psql --set id=\"$NUM\"": true,
	} {
		code, _ := (&Entry{Interpreter: Bash, Run: command, Parameters: []Parameter{{Name: "NUM", Type: TypeText}}}).codeValues()
		if len(code) > 0 != blocked {
			t.Errorf("%q: %q", command, code)
		}
	}
	for command, blocked := range map[string]bool{
		`sqlite3 q.db 'delete from u where id = <USER_ID> and tenant = 3'`:   true,
		`sqlite3 q.db "delete from u where id = '<USER_ID>' and tenant = 3"`: false,
		`sqlite3 q.db "delete from u where id = -$COUNT and tenant = 3"`:     false, // no sign: at least 0
		`sqlite3 q.db "delete from u where id = $NUM and tenant = 3"`:        true,
		`sqlite3 q.db "delete from $TABLE where id = 1 and tenant = 3"`:      false,
		`sqlite3 q.db "delete from u where id = $TABLE and tenant = 3"`:      true,
	} {
		l, _ := Compile(parse(t, oneStep(command)), nil)
		e := *l.entry("p1.s1")
		code, _ := e.codeValues()
		if len(code) > 0 != blocked {
			t.Errorf("%q: %q", command, code)
		}
		for _, p := range []Parameter{e.Parameters[0], {Type: TypeInt}, {Type: TypeDBName}, {Type: TypeHostname}, {Type: TypeText, Pattern: plainValue}} {
			typed := e
			p.Name = e.Parameters[0].Name
			typed.Decide, typed.Parameters = nil, []Parameter{p}
			if code, _ := typed.codeValues(); len(code) > 0 {
				continue
			}
			for _, v := range []string{"id--", "1--", "1-- ", "-1", "1 or 1=1", "1/*", "id", "a--b", "1;delete from u", "'", "' or 1=1 --", "x'--"} {
				b, err := Bind(&typed, map[string]string{p.Name: v})
				if err != nil {
					continue
				}
				dir := t.TempDir()
				cmd := exec.Command("bash", "-c", "sqlite3 q.db 'create table u(id,tenant); insert into u values(1,3),(2,4)'\n"+e.Run+"\nsqlite3 q.db 'select count(*) from u where tenant = 4'")
				cmd.Env, cmd.Dir = append(b.Env, "PATH=/usr/bin:/bin"), dir
				out, _ := cmd.Output()
				if strings.TrimSpace(string(out)) != "1" {
					t.Errorf("%q with %s %q: %q", command, p.Type, v, out)
				}
			}
		}
	}
}

// TestI34_ThePsqlFormThatIsShownWorks: the line of the question, with real psql and hostile values.
func TestI34_ThePsqlFormThatIsShownWorks(t *testing.T) {
	s := pgtest.Start(t)
	l, _ := Compile(parse(t, oneStep(`psql -X -v ON_ERROR_STOP=1 -qAt -c "select '<thing else>' where 1 = $NUM"`)), nil)
	e := l.entry("p1.s1")
	var shown string
	for _, q := range e.Decide {
		if _, form, ok := strings.Cut(q, pastedWords+"psql: "); ok {
			shown = form + "\n"
		}
	}
	if shown == "" {
		t.Fatalf("%q", e.Decide)
	}
	for _, v := range hostile {
		safe := Entry{ID: "p1.s1", Interpreter: Bash, Run: shown, Parameters: []Parameter{{Name: "THING_ELSE", Type: TypeText}, {Name: "NUM", Type: TypeText}}}
		if why := safe.Blocked(); why != "" {
			t.Fatalf("%s\n%s", why, shown)
		}
		b, err := Bind(&safe, map[string]string{"THING_ELSE": v, "NUM": "1"})
		if err != nil {
			continue
		}
		own := s.Command(t, "psql")
		cmd := exec.Command("bash", "--noprofile", "--norc", "-c", shown)
		cmd.Env, cmd.Dir, cmd.SysProcAttr = append(append(own.Env, "PATH="+filepath.Dir(own.Path)+":/usr/bin:/bin"), b.Env...), own.Dir, own.SysProcAttr
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != v+"\n" {
			t.Fatalf("%q: %q %v\n%s", v, out, err, shown)
		}
	}
}

// TestI34_TheEndOfASQLTextIsAPlaceLikeAnother: `column=<ID>` before the closing quote, `;` or the end sets no variable; it is asked about.
func TestI34_TheEndOfASQLTextIsAPlaceLikeAnother(t *testing.T) {
	for _, client := range []string{
		`psql -c "%s"`, `psql -tAc "%s"`, `psql --command="%s"`, "psql <<EOF\n%s\nEOF", `echo "%s" | psql app`, `mysql -e "%s"`, `mysql app -e"%s"`, "mysql app <<EOF\n%s\nEOF", `mariadb -e '%s'`, `sqlite3 q.db "%s"`, "sqlite3 q.db <<EOF\n%s\nEOF", `duckdb q.db "%s"`,
		`clickhouse-client -q "%s"`, `clickhouse-client --query="%s"`, `cqlsh -e "%s"`, `cqlsh <<EOF` + "\n%s\nEOF", `influx -execute "%s"`, `trino --execute "%s"`, `sudo -u app someclient "%s"`, `docker exec db psql -c "%s"`, `kubectl exec db-0 -- mysql -e "%s"`, `q="%s"; psql -c "$q"`,
	} {
		for _, sql := range []string{"delete from u where id=<ID>", "delete from u where id=<ID>;", "delete from u where id=[ID]", "delete from u where ID=<ID>", "update u set tenant=<TENANT>", "update u set a=1 where tenant=YOUR_TENANT;"} {
			command := fmt.Sprintf(client, sql)
			l, _ := Compile(parse(t, oneStep(command)), nil)
			e := l.entry("p1.s1")
			if len(e.Parameters) != 1 || !envName.MatchString(e.Parameters[0].Name) || !strings.Contains(strings.Join(e.Decide, "\n"), "${"+e.Parameters[0].Name+"}"+pastedWords) {
				t.Errorf("%q: %+v %q", command, e.Parameters, e.Decide)
			}
		}
	}
	for command, name := range map[string]string{"python3 <<EOF\nx=<NAME>\nEOF": "NAME", `perl -e 'my $id=<ID>'`: "ID", `perl -e 'id=<ID>'`: "ID", `ruby -e 'x=<NAME>'`: "NAME", "id=<ROW>\n" + `psql -c "delete from u where id=$id"`: "ID"} {
		l, _ := Compile(parse(t, oneStep(command)), nil)
		e := l.entry("p1.s1")
		if len(e.Parameters) != 1 || e.Parameters[0].Name != name || !strings.Contains(strings.Join(e.Decide, "\n"), "${"+name+"}"+pastedWords) {
			t.Errorf("%q: %+v %q", command, e.Parameters, e.Decide)
		}
	}
}

// TestI34_NoValueAtTheEndOfASQLTextReachesAnotherRow: with real sqlite3 and psql, whatever type lifts the question.
func TestI34_NoValueAtTheEndOfASQLTextReachesAnotherRow(t *testing.T) {
	s := pgtest.Start(t)
	own := s.Command(t, "psql")
	ran := 0
	for _, c := range []struct{ command, prepare, count string }{
		{`sqlite3 q.db "delete from u where id=<ID>"`, `rm -f q.db; sqlite3 q.db "create table u(id,tenant); insert into u values(1,3),(2,4)"`, `sqlite3 q.db "select count(*) from u where tenant=4"`},
		{"sqlite3 q.db <<EOF\ndelete from u where id=<ID>;\nEOF", `rm -f q.db; sqlite3 q.db "create table u(id,tenant); insert into u values(1,3),(2,4)"`, `sqlite3 q.db "select count(*) from u where tenant=4"`},
		{`psql -qAt -c "delete from u where id=<ID>"`, `psql -qc "drop table if exists u; create table u(id text,tenant int); insert into u values('1',3),('2',4)"`, `psql -qAtc "select count(*) from u where tenant=4"`},
		{"psql -qAt <<EOF\ndelete from u where id=<ID>;\nEOF", `psql -qc "drop table if exists u; create table u(id text,tenant int); insert into u values('1',3),('2',4)"`, `psql -qAtc "select count(*) from u where tenant=4"`},
	} {
		l, _ := Compile(parse(t, oneStep(c.command)), nil)
		e := *l.entry("p1.s1")
		for _, p := range []Parameter{e.Parameters[0], {Type: TypeInt}, {Type: TypeInt, Min: "0"}, {Type: TypeDBName}, {Type: TypeHostname}, {Type: TypeText, Pattern: plainValue}, {Type: TypeText, Pattern: "[0-9]+"}} {
			typed := e
			p.Name = e.Parameters[0].Name
			typed.Decide, typed.Parameters = nil, []Parameter{p}
			if typed.Blocked() != "" {
				continue
			}
			for _, v := range []string{"id", "1 or 1=1", "1", "-1", "id--", "tenant", "true", "1;delete from u", "'"} {
				b, err := Bind(&typed, map[string]string{p.Name: v})
				if err != nil {
					continue
				}
				ran++
				cmd := exec.Command("bash", "--noprofile", "--norc", "-c", c.prepare+" 2>/dev/null\n"+typed.Run+"\n"+c.count)
				cmd.Env, cmd.Dir, cmd.SysProcAttr = append(append(own.Env, "PATH="+filepath.Dir(own.Path)+":/usr/bin:/bin"), b.Env...), own.Dir, own.SysProcAttr
				if out, _ := cmd.Output(); strings.TrimSpace(string(out)) != "1" {
					t.Errorf("%q with %s %s %q: %q", c.command, p.Type, p.Pattern, v, out)
				}
			}
		}
	}
	if ran < 12 {
		t.Errorf("only %d values ran", ran)
	}
}
