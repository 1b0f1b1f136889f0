package runbook

import (
	"strings"
	"testing"
)

// styled is a piece of a runbook as teams write it; what it holds was counted by hand.
type styled struct {
	name, text string
	steps      string // as outline writes them, after the procedure's line
}

func bash(indent, command string) string {
	return "\n" + indent + "```bash\n" + indent + command + "\n" + indent + "```\n\n"
}

// first is a runbook with one procedure of one step that holds text.
func first(text string) string { return "## Procedure 1: P\n\n1. " + text }

func (s styled) check(t *testing.T) {
	t.Helper()
	t.Run(s.name, func(t *testing.T) {
		rb := parse(t, s.text)
		if got := outline(rb); got != s.steps {
			t.Errorf("%s\nsteps:\n%s\nwant:\n%s\n%+v\n%+v", s.text, got, s.steps, rb.Fences, rb.Lists)
		}
		stable(t, rb)
	})
}

// stable: compiling what was compiled changes nothing.
func stable(t *testing.T, rb *Runbook) {
	t.Helper()
	l, _ := Compile(rb, nil)
	read, err := ReadLock(l.Marshal())
	must(t, err)
	if again, rep := Compile(rb, read); string(again.Marshal()) != string(l.Marshal()) || len(rep.Changes) > 0 {
		t.Errorf("compiling again changed it: %v", rep.Changes)
	}
}

func TestWhatMustBeThereIsNoStep(t *testing.T) {
	want := "1 Restore the till\n1.1 p1.s1 executable Close the till\n1.2 p1.s2 executable Read the tape\n"
	list := "1. Close the till\n" + bash("   ", "systemctl stop till") + "2. Read the tape\n" + bash("   ", "tar -tf /tape/till.tar")
	for name, before := range map[string]string{
		"by its word": "Prerequisites:\n\n1. A key to the vault\n2. Somebody from audit\n\nSteps:\n\n", "bold": "**Before you start**\n\n1. A key\n\n**Steps**\n\n",
		"in German": "Voraussetzungen:\n\n1. Schlüssel\n2. Zeuge\n\nSchritte:\n\n", "under a heading": "### Requirements\n\n1. A key\n\n### Steps\n\n", "by its shape": "Who has to be told:\n\n1. the bank\n2. audit\n\nThen:\n\n",
	} {
		styled{name, "# Till\n\n## Procedure 1: Restore the till\n\n" + before + list, want}.check(t)
	}
	rb := parse(t, "# Till\n\n## Procedure 1: Restore the till\n\nPrerequisites:\n\n1. A key\n\nSteps:\n\n"+list)
	if verdictsOf(rb.Lists) != "display executable" || verdictsOf(rb.Fences) != "executable executable" || !strings.Contains(strings.Join(rb.Procedures[0].Notes, "\n"), "1. A key") {
		t.Errorf("%+v %+v %q", rb.Lists, rb.Fences, rb.Procedures[0].Notes)
	}
}

func TestCommandsInTheLineAreSteps(t *testing.T) {
	styled{"a list", "# Till\n\n## Restart the till\n\n1. Restart: `systemctl restart till`\n2. Turn it with `redis-cli -h b REPLICAOF NO ONE` and then `redis-cli -h b CONFIG REWRITE`\n3. Edit `till.conf`, set `HOST` to `b`\n" +
		"4. Run `systemctl restart app`. If it fails, run `journalctl -u app`\n5. Never run `redis-cli FLUSHALL`\n6. Call the bank\n7. Run `tillctl open --all`\n8. It says: `connection refused by peer`\n",
		"1 Restart the till\n1.1 p1.s1 executable Restart\n1.2.1 p1.s2.1 executable Turn it with redis-cli -h b REPLICAOF NO ONE and then redis-cli -h b CONFIG REWRITE\n" +
			"1.2.2 p1.s2.2 executable Turn it with redis-cli -h b REPLICAOF NO ONE and then redis-cli -h b CONFIG REWRITE, part 2\n1.3 p1.s3 manual Edit till.conf, set HOST to b\n" +
			"1.4.1 p1.s4.1 executable Run systemctl restart app\n1.4.2 p1.s4.2 executable Run systemctl restart app: If it fails, run (if it fails)\n1.5 p1.s5 manual Never run redis-cli FLUSHALL\n1.6 p1.s6 manual Call the bank\n" +
			"1.7 p1.s7 executable Run tillctl open --all\n1.8 p1.s8 manual It says: connection refused by peer\n"}.check(t)
	styled{"with what it prints", first("Run `systemctl status x`:\n\n   ```text\n   active\n   ```\n"), "1 P\n1.1 p1.s1 executable Run systemctl status x\n"}.check(t)
	styled{"an explanation", first("`pg_restore -l x.dump` lists what is in it\n"), "1 P\n1.1 p1.s1 manual pg_restore -l x.dump lists what is in it\n"}.check(t)
	styled{"at the start", first("`systemctl restart x` as root\n"), "1 P\n1.1 p1.s1 executable systemctl restart x as root\n"}.check(t)
	styled{"beside a fence", first("Stop; `systemctl status x` says whether\n") + bash("   ", "systemctl stop x"), "1 P\n1.1 p1.s1 executable Stop; systemctl status x says whether\n"}.check(t)
	styled{"a table", "## Procedure 1: P\n\n| # | Action | Command | Expected |\n|---|---|---|---|\n| 1 | Look | `systemctl status x` | active |\n| 2 | Stop (if needed) | `xctl stop --now` | gone |\n| 3 | Tell the bank | | |\n",
		"1 P\n1.1 p1.s1 executable Look\n1.2 p1.s2 executable Stop (if needed)\n1.3 p1.s3 manual Tell the bank\n"}.check(t)
	styled{"a short table", "# Kafka\n\n## Recover a broker\n\n| # | Command |\n|--|--|\n| 1 | `systemctl stop kafka` |\n| 2 | systemctl start kafka |\n", "1 Recover a broker\n1.1 p1.s1 executable Row 1\n1.2 p1.s2 executable Row 2\n"}.check(t)
	rb := parse(t, "## Procedure 1: P\n\n| Env | Command |\n|--|--|\n| prod | `systemctl stop a` |\n| test | `systemctl stop b` |\n\n1. Call\n\n<pre><code>systemctl status x</code></pre>\n")
	if outline(rb) != "1 P\n1.1 p1.s1 manual Call\n" || verdictsOf(rb.Others) != "manual display" || !strings.Contains(strings.Join(rb.Procedures[0].Notes, "\n"), "prod | systemctl stop a") || !strings.Contains(strings.Join(rb.Procedures[0].Notes, "\n"), "systemctl status x") {
		t.Errorf("%s %+v %q", outline(rb), rb.Others, rb.Procedures[0].Notes)
	}
}

// TestWaysNeverRunBoth: two ways to do one thing are a choice, or wait for somebody who says what they are.
func TestWaysNeverRunBoth(t *testing.T) {
	pair := func(a, b string) string {
		return first("Stop\n\n   "+a+"\n") + bash("   ", "systemctl stop x") + "   " + b + "\n" + bash("   ", "kubectl delete pod x")
	}
	for _, c := range []struct{ a, b, labels string }{
		{"", "or", "systemctl stop x | kubectl delete pod x"}, {"", "**OR**", "systemctl stop x | kubectl delete pod x"}, {"", "Alternatively:", "systemctl stop x | Alternatively"}, {"Either", "Or", "Either | kubectl delete pod x"},
		{"If you run on systemd:", "Otherwise:", "If you run on systemd | Otherwise"}, {"On systemd:", "On Kubernetes:", "On systemd | On Kubernetes"}, {"On a VM:", "On Kubernetes:", "On a VM | On Kubernetes"}, {"If Docker:", "If Podman:", "If Docker | If Podman"},
		{"", "oder", "systemctl stop x | kubectl delete pod x"}, {"Option A: by hand", "Option B: by cluster", "Option A: by hand | Option B: by cluster"},
		{"<details><summary>Option A: VM</summary>", "</details>\n   <details><summary>Option B: Kubernetes</summary>", "Option A: VM | Option B: Kubernetes"}, {"<details><summary>GCP</summary>", "</details>\n   <details><summary>AWS</summary>", "GCP | AWS"},
	} {
		styled{c.a + "/" + c.b, pair(c.a, c.b), "1 P\n1.1 p1.s1 choice Stop [" + c.labels + "]\n"}.check(t)
	}
	for _, c := range [][2]string{
		{"Primary:", "Replica:"}, {"For staging:", "For production:"}, {"Using the old tool:", "Using the new tool:"}, {"Preferred:", "Manually:"}, {"Using kubectl:", "Using helm:"}, {"or", ""}, {"<details><summary>North</summary>", "</details>\n   <details><summary>South</summary>"},
	} {
		rb := parse(t, pair(c[0], c[1]))
		l, _ := Compile(rb, nil)
		if verdictsOf(rb.Fences) != "blocked blocked" || len(l.Steps) != 2 {
			t.Errorf("%v: %+v", c, rb.Fences)
		}
		for _, e := range l.Steps {
			if !strings.Contains(strings.Join(e.Decide, "\n"), waysQuestion) {
				t.Errorf("%v: %+v", c, e)
			}
		}
		stable(t, rb)
	}
	styled{"one after the other", pair("First:", "Then the rest:"), "1 P\n1.1.1 p1.s1.1 executable Stop\n1.1.2 p1.s1.2 executable Stop: Then the rest\n"}.check(t)
	styled{"otherwise in the title", first("If you run on Kubernetes:\n") + bash("   ", "kubectl delete pod x") + "   Otherwise:\n" + bash("   ", "systemctl stop x"), "1 P\n1.1 p1.s1 choice If you run on Kubernetes [If you run on Kubernetes | Otherwise]\n"}.check(t)
	styled{"ways, then a step", pair("Option A", "Option B") + "   Then check:\n" + bash("   ", "kubectl get pods"), "1 P\n1.1.1 p1.s1.1 choice Stop [Option A | Option B]\n1.1.2 p1.s1.2 executable Stop: Then check\n"}.check(t)
	styled{"tabs at the margin", first("Stop\n\n<Tabs>\n<TabItem label=\"Kubernetes\">\n") + bash("", "kubectl delete pod x") + "</TabItem>\n<TabItem label=\"VM\">\n" + bash("", "systemctl stop x") + "</TabItem>\n</Tabs>\n\n2. Look\n" + bash("", "ls -l"),
		"1 P\n1.1 p1.s1 choice Stop [Kubernetes | VM]\n1.2 p1.s2 executable Look\n"}.check(t)
	styled{"headings", first("Stop\n\n#### Kubernetes\n") + bash("", "kubectl delete pod x") + "#### Systemd\n" + bash("", "systemctl stop x"), "1 P\n1.1 p1.s1 choice Stop [Kubernetes | Systemd]\n"}.check(t)
	styled{"prose", "# R\n\n## Recover it\n\n### Kubernetes\n" + bash("", "kubectl delete pod x") + "### Systemd\n" + bash("", "systemctl stop x"), "1 Recover it\n1.1 p1.s1 choice Kubernetes [Kubernetes | Systemd]\n"}.check(t)
	styled{"a way for people", first("Either\n\n   ```pwsh\n   Test-Connection x\n   ```\n   or\n") + bash("   ", "ping -c 1 x"), "1 P\n1.1 p1.s1 choice Either [Test-Connection x | ping -c 1 x]\n"}.check(t)
	styled{"headings in the item", first("Stop\n\n   #### Kubernetes\n") + bash("   ", "kubectl delete pod x") + "   #### Systemd\n" + bash("   ", "systemctl stop x"), "1 P\n1.1 p1.s1 choice Stop [Kubernetes | Systemd]\n"}.check(t)
	rb := parse(t, pair("Option A", "")+"   Option B\n"+bash("   ", "systemctl stop y")) // a way with two commands
	if verdictsOf(rb.Fences) != "blocked blocked blocked" {
		t.Errorf("%+v", rb.Fences)
	}
}

func TestCommentsNameWays(t *testing.T) {
	for src, want := range map[string]string{
		"# Docker\na\n# Podman\nb\n": "choice", "## OR": "display", "a\n## OR\nb\n": "choice", "a\n# --- OR ---\nb\n": "choice", "a\n# Alternatively, on systemd:\nb\n": "choice", "a\n# oder\nb\n": "choice", "a\n# OU\nb\n": "choice", "a\n# otherwise:\nb\n": "choice",
		"a\n# otherwise the lock stays\nb\n": "executable", "# If primary\na\n# If replica\nb\n": "blocked", "# with systemd\na\n# without systemd\nb\n": "blocked", "# production\na\n# staging\nb\n": "blocked", "# PostgreSQL\na\n# MySQL\nb\n": "blocked",
		"# stop it\na\n# start it\nb\n": "executable", "# 1. stop\na\n# 2. start\nb\n": "executable", "# for each node\na\n# then\nb\n": "executable",
	} {
		if v := classify("bash", src); v.verdict != want {
			t.Errorf("%q: %s (%s), want %s", src, v.verdict, v.why, want)
		}
	}
}

func TestConditionsAreAsked(t *testing.T) {
	for title, want := range map[string]string{
		"Only if the disk is full, delete the logs": "if the disk is full", "Optional: vacuum": "optional", "(falls nötig) Stoppen": "falls nötig", "Stoppen (falls nötig)": "falls nötig", "Stop, if needed": "if needed", "If needed, stop": "if needed",
		"If the primary is down: stop": "if the primary is down", "When the disk is full, stop": "when the disk is full", "Stop it unless somebody works": "unless somebody works", "Only on SEV-1: stop": "on SEV-1", "Stop (only when corrupted)": "when corrupted",
		"Rollback: something went wrong": "to roll back", "**Stop** (if identified)": "if identified", "**Stop**, if needed": "if needed", "**Delete.** Only if it is full, remove them.": "if it is full", "Wenn der Speicher voll ist, löschen": "wenn der Speicher voll ist",
		"Restore as needed": "as needed", "Arrêter (si nécessaire)": "si nécessaire",
		"Check if the service is up": "", "Stop the service": "", "See whether it works, then go on": "", "**Keep.** If it still answers, its memory is written.": "", "**Look.** What is newer is lost unless it is in the old one.": "", "Roll back the release": "", "Rotate the optional key": "",
	} {
		rb := parse(t, first(title+"\n")+bash("   ", "systemctl stop x"))
		if got := rb.Procedures[0].Steps[0].Condition; got != want {
			t.Errorf("%q: %q, want %q", title, got, want)
		}
		if l, _ := Compile(rb, nil); l.Steps[0].Condition != want {
			t.Errorf("%q in the lock: %q", title, l.Steps[0].Condition)
		}
	}
	styled{"a note that opens", first("Unpack\n\n    ```bash\n    tar -tf a\n    ```\n\n    ??? note \"If the archive is bad\"\n        ```bash\n        tar -tf b\n        ```\n"), "1 P\n1.1.1 p1.s1.1 executable Unpack\n1.1.2 p1.s1.2 executable Unpack: If the archive is bad (if the archive is bad)\n"}.check(t)
	styled{"back, with words", first("Go\n") + bash("   ", "systemctl start x") + "### Rollback\n\nIt takes a minute.\n" + bash("", "systemctl stop x"), "1 P\n1.1.1 p1.s1.1 executable Go\n1.1.2 p1.s1.2 executable Go: It takes a minute (to roll back)\n"}.check(t)
	styled{"you need to", "## Procedure 1: P\n\nYou need to do this:\n\n1. Go\n" + bash("   ", "systemctl start x"), "1 P\n1.1 p1.s1 executable Go\n"}.check(t)
	styled{"back", first("Go\n") + bash("   ", "systemctl start x") + "#### Rollback of all\n\n1. Return\n" + bash("   ", "systemctl stop x"), "1 P\n1.1 p1.s1 executable Go\n1.2 p1.s2 executable Return (to roll back)\n"}.check(t)
}

func TestWhatIsForbiddenDoesNotRun(t *testing.T) {
	for text, want := range map[string]string{
		"Do NOT do this (old way):": "display", "~~Stop by hand~~": "display", "Deprecated: stop by hand": "display", "Stop (deprecated)": "display", "Never run this": "display", "Veraltet: anhalten": "display", "<del>Stop</del>": "display", "Don't run this:": "display",
		"Do not forget to stop it": "executable", "Do not proceed before it stopped": "executable", "Outdated index: rebuild it": "executable", "Wrong password? Restart": "executable",
	} {
		rb := parse(t, first(text+"\n")+bash("   ", "systemctl stop x"))
		if got := verdictsOf(rb.Fences); got != want || want == "display" && (rb.Procedures[0].Steps[0].Kind != Manual || !strings.Contains(rb.Fences[0].Why, "forbids")) {
			t.Errorf("%q: %+v", text, rb.Fences)
		}
	}
	rb := parse(t, first("Stop\n")+bash("   ", "systemctl stop x")+"   Do not run this one:\n"+bash("   ", "rm -rf /srv"))
	if verdictsOf(rb.Fences) != "executable display" {
		t.Errorf("%+v", rb.Fences)
	}
	for _, text := range []string{"## Procedure 1: Restore (deprecated)\n\n", "## Procedure 1: Restore\n\n### Old way\n\n", "## Procedure 1: Restore\n\nDo not run these:\n\n"} {
		if rb := parse(t, text+"1. Stop\n"+bash("   ", "systemctl stop x")); verdictsOf(rb.Fences) != "display" {
			t.Errorf("%q: %+v", text, rb.Fences)
		}
	}
}

func TestDottedNumbersAreSections(t *testing.T) {
	styled{"procedures", "# 1 Queue outage\n\n## 1.1 Overview\n\nWords.\n\n## 1.2 Procedure: broker lost\n\n1. Stop\n" + bash("   ", "systemctl stop q") + "## 1.3 Procedure: topic torn\n\n1.3.1 Look\n" + bash("", "systemctl status q") + "1.3.2 Start\n" + bash("", "systemctl start q"),
		"1 Broker lost\n1.1 p1.s1 executable Stop\n2 Topic torn\n2.1 p2.s1 executable 1.3.1 Look\n2.2 p2.s2 executable 1.3.2 Start\n"}.check(t)
	styled{"steps", "# Q\n\n## Restore\n\n### 1. Stop\n" + bash("", "systemctl stop q") + "### 2.Start\n" + bash("", "systemctl start q"), "1 Restore\n1.1 p1.s1 executable Stop\n1.2 p1.s2 executable Start\n"}.check(t)
}

func TestFencesThatAreNoCommands(t *testing.T) {
	for _, c := range []struct{ lang, src, want string }{
		{"", "kill the job in the console\n", "display"}, {"", "find the leader and stop it\n", "display"}, {"", "test the login page\n", "display"}, {"", "systemctl stop x\n", "executable"}, {"", "echo the end\n", "executable"},
		{"bash", "name: x\nother: y\n", "configuration"}, {"bash", "0 2 * * * /usr/bin/save\n", "configuration"}, {"bash", "@daily /usr/bin/save\n", "configuration"}, {"bash", "cat > f <<EOF\nname: x\nEOF\n", "executable"}, {"bash", ": > /tmp/x\n", "executable"},
		{"sql", "app=# drop table x;\nDROP TABLE\n", "manual"}, {"sql", "mysql> drop table x;\n", "manual"}, {"postgresql", "drop table x;\n", "blocked"}, {"bash", "```bash\nrm -rf /srv\n```\n", "display"}, {"bash", "echo `date`\n", "executable"},
	} {
		if v := classify(c.lang, c.src); v.verdict != c.want {
			t.Errorf("%s %q: %s (%s), want %s", c.lang, c.src, v.verdict, v.why, c.want)
		}
	}
	if commands, output, _ := transcript("$ cat > x <<'EOF'\n> a\n>\n> b\n> EOF\ndone\n"); commands != "cat > x <<'EOF'\na\n\nb\nEOF\n" || output != "done" {
		t.Errorf("%q %q", commands, output)
	}
	rb := parse(t, first("Show\n\n   ````bash\n   ```bash\n   rm -rf /srv\n   ```\n   ````\n"))
	if verdictsOf(rb.Fences) != "display" {
		t.Errorf("%+v", rb.Fences)
	}
}

// TestEveryWordOfAProcedureIsShown: a word in each construct that Markdown has, looked for in what `show --json` prints.
func TestEveryWordOfAProcedureIsShown(t *testing.T) {
	text := "## Procedure 1: kaaa\n\nkaab\n\n> kaac\n\n!!! warning\n    kaad\n\n| kaae | b |\n|---|---|\n| kaaf | c |\n\n- kaag\n\n```bash\necho kaah\n```\n\n1. **kaai** kaaj\n\n   kaak\n\n   > kaal\n\n   - kaam\n     - kaan\n   - [ ] kaao\n\n" +
		"   | kaap | a |\n   |---|---|\n   | kaaq | `kaar` |\n\n   ![kaas](kaat.png)\n\n   [kaau](http://kaav.test)\n\n   a<br>kaaw `kaax` ~~kaay~~\n\n   <div>kaaz</div>\n\n   <pre>kaba</pre>\n\n   <details><summary>kabb</summary>\n\n   kabc\n\n   </details>\n\n" +
		"   ```bash\n   echo kabd\n   ```\n\n   kabe\n\n   ```text\n   kabf\n   ```\n\n   ```json\n   {\"kabg\": 1}\n   ```\n\n   kabh[^1]\n\n2. kabi\n   kabj\n\nkabk\n\n- kabl\n\n### kabm\n\nkabn\n\n| kabo | c |\n|--|--|\n| kabp | d |\n\n<details><summary>kabq</summary>\n\nkabr\n\n</details>\n\n[kabs](http://kabt.test/x)\n\n[^1]: kabu\n\n<p>kabv</p>\n\n" +
		"1. kabw\n   - kabx\n\n3. kaby\n\n   1. kabz\n      <div>kaca</div>\n\n   Use [kacb](https://kacc.test).\n"
	shown, err := parse(t, text).MarshalJSON()
	must(t, err)
	for a := 'a'; a <= 'c'; a++ {
		for b := 'a'; b <= 'z'; b++ {
			if word := "ka" + string(a) + string(b); strings.Contains(text, word) && !strings.Contains(string(shown), word) {
				t.Errorf("%s is shown nowhere", word)
			}
		}
	}
}

// TestConditionsInTheTextOfAStepAreAsked: the first sentence below the title may say it.
func TestConditionsInTheTextOfAStepAreAsked(t *testing.T) {
	for text, want := range map[string]string{
		"Skip this step if the replica is healthy.": "unless the replica is healthy", "Skip unless the replica lags.": "if the replica lags", "Do this only after the backup is done. It takes an hour.": "after the backup is done",
		"Run it only when nobody writes.": "when nobody writes", "Only if the disk is full.": "if the disk is full", "This step is not needed when the pool is empty.": "unless the pool is empty", "This is needed only if the index is gone.": "if the index is gone",
		"The tool skips files if they are open.": "", "It restarts only what failed.": "", "Look at it when it is done.": "",
	} {
		for _, src := range []string{"## Procedure 1: P\n\n1. **Restart**\n\n   " + text + "\n\n   ```bash\n   systemctl restart x\n   ```\n", "## Procedure 1: P\n\n1. **Restart** " + text + "\n\n   ```bash\n   systemctl restart x\n   ```\n"} {
			if s := parse(t, src).Procedures[0].Steps[0]; s.Condition != want || s.Title != "Restart" {
				t.Errorf("%q: %q %q, want %q", text, s.Title, s.Condition, want)
			}
		}
	}
}
