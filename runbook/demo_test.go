package runbook

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

var demoStart = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

// TestDemoProcedureBringsEveryRowBack: a hot -wal with the damage in it, the newest set falsified: each step of procedure 1 in order.
func TestDemoProcedureBringsEveryRowBack(t *testing.T) {
	s := openService(t)
	s.fill(1000, demoStart)
	older := s.backup(demoStart.Add(time.Hour))
	s.fill(1000, demoStart.Add(time.Hour))
	good := s.backup(demoStart.Add(2 * time.Hour))
	s.fill(40, demoStart.Add(2*time.Hour))
	falsified := s.backup(demoStart.Add(2*time.Hour + 50*time.Minute))
	flip(t, s.path("backups/"+falsified+"/aragora_users.db"))
	unfinished := s.backup(demoStart.Add(2*time.Hour + 55*time.Minute))
	must(t, os.Remove(s.path("backups/"+unfinished+"/SHA256SUMS")))
	s.attack()
	s.serve()

	probe := s.bash(s.step("1.1").On.Probe, nil)
	for line := range strings.Lines(probe.out) {
		if !strings.Contains(line, "=") || probe.code != 0 {
			t.Errorf("the probe says %+v", probe)
		}
	}
	s.run(s.step("1.1"), nil)
	s.run(s.step("1.2"), nil)
	s.run(s.step("1.3"), nil)
	damage := s.snapshot()
	if out := s.run(s.step("1.4"), nil).out; !strings.Contains(out, "users rows\n1938, newest") {
		t.Errorf("assessed: %s", out)
	}
	assessed := s.snapshot()
	for f, sum := range damage { // -shm is SQLite's own index of the -wal
		if assessed[f] != sum && !strings.HasSuffix(f, "-shm") {
			t.Errorf("assessing changed %s", f)
		}
	}

	options := s.options(s.step("1.5"))
	if len(options) != 4 || options[0].State != "rejected" || options[1].State != "rejected" || options[2].Value != good || options[2].State != "verified" || options[3].Value != older {
		t.Fatalf("options %+v", options)
	}
	if !strings.Contains(options[1].Note, "hash differs: aragora_users.db") || !strings.Contains(options[0].Note, "never finished") {
		t.Errorf("reasons %+v", options[:2])
	}
	if out := s.run(s.step("1.5"), nil).out; !strings.Contains(out, "rejected "+falsified+": hash differs") {
		t.Errorf("choosing said %s", out)
	}
	if s.produced["p1.s5.BACKUP"] != good || s.produced["p1.s5.ROWS_USERS"] != "2000" {
		t.Fatalf("produced %v", s.produced)
	}
	s.run(s.step("1.6"), nil)
	s.run(s.step("1.7"), nil)
	s.run(s.step("1.8"), nil)
	s.run(s.step("1.9"), nil)
	for file, table := range map[string]string{"data/aragora_users.db": "users", "data/aragora_debates.db": "debates"} {
		if total, bad := s.names(file, table); total != 2000 || bad != 0 {
			t.Errorf("%s: %d rows, %d of the attacker", table, total, bad)
		}
	}
}

func flip(t *testing.T, file string) {
	t.Helper()
	b, err := os.ReadFile(file)
	must(t, err)
	b[len(b)/2] ^= 1
	must(t, os.WriteFile(file, b, 0o644))
}

// TestDemoUndoBringsTheDamageBack: byte for byte, twice, and the procedure still works afterwards.
func TestDemoUndoBringsTheDamageBack(t *testing.T) {
	s := openService(t)
	s.fill(300, demoStart)
	s.backup(demoStart.Add(time.Hour))
	s.attack()
	s.run(s.step("1.2"), nil)
	s.run(s.step("1.5"), nil)
	damage := s.snapshot()
	_, step := s.rb.Step("1.6")
	for range 2 {
		s.run(step.Entry, nil)
		s.run(s.step("1.7"), nil)
		s.run(step.Undo, nil)
		if got := s.snapshot(); fmt.Sprint(got) != fmt.Sprint(damage) {
			t.Fatalf("undone: %v\nbefore: %v", got, damage)
		}
	}
	s.run(step.Undo, nil)
	if got := s.snapshot(); fmt.Sprint(got) != fmt.Sprint(damage) {
		t.Fatalf("undone again: %v\nbefore: %v", got, damage)
	}
	s.run(step.Entry, nil)
	s.run(step.Entry, nil) // a second try in a row keeps what the first one kept
	s.run(s.step("1.7"), nil)
	s.run(step.Undo, nil)
	if got := s.snapshot(); fmt.Sprint(got) != fmt.Sprint(damage) {
		t.Fatalf("undone after two tries: %v\nbefore: %v", got, damage)
	}
}

// TestDemoRecoversFromWorseDamage: no files at all, and files that are no databases.
func TestDemoRecoversFromWorseDamage(t *testing.T) {
	for name, destroy := range map[string]func(*service){
		"deleted": func(s *service) { must(t, os.RemoveAll(s.path("data"))); must(t, os.Mkdir(s.path("data"), 0o755)) },
		"garbage": func(s *service) {
			s.write("data/aragora_users.db", strings.Repeat("garbage ", 5000))
			s.write("data/aragora_debates.db", "")
		},
		"torn page": func(s *service) {
			b, err := os.ReadFile(s.path("data/aragora_users.db"))
			must(t, err)
			copy(b[len(b)/2:], strings.Repeat("\xff", 3000))
			must(t, os.WriteFile(s.path("data/aragora_users.db"), b, 0o644))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openService(t)
			s.fill(500, demoStart)
			s.backup(demoStart.Add(time.Hour))
			destroy(s)
			s.serve()
			for _, n := range []string{"1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "1.8", "1.9"} {
				r := s.run(s.step(n), nil)
				t.Logf("%s\n%s", n, r.out)
			}
			if total, _ := s.names("data/aragora_users.db", "users"); total != 500 {
				t.Errorf("%d users", total)
			}
		})
	}
}

// TestDemoStepsNoticeWhatIsWrong: each check of the procedure fails when what it checks is not so.
func TestDemoStepsNoticeWhatIsWrong(t *testing.T) {
	s := openService(t)
	s.fill(300, demoStart)
	only := s.backup(demoStart.Add(time.Hour))
	refuse := func(e *Entry, chosen map[string]string, want string) {
		t.Helper()
		if r, why := s.try(e, chosen); why == "" || !strings.Contains(why+r.out, want) {
			t.Errorf("%s: %q, want %q\n%s", e.ID, why, want, r.out)
		}
	}
	before := s.snapshot()
	s.run(s.step("1.5"), map[string]string{"WANTED": only})
	refuse(s.step("1.6"), nil, "the service is not stopped")
	s.run(s.step("1.2"), nil)
	_, six := s.rb.Step("1.6")
	refuse(six.Undo, nil, "nothing was set aside")

	held, err := os.Open(s.path("data/aragora_users.db"))
	must(t, err)
	refuse(s.step("1.3"), nil, "has "+s.path("data/aragora_users.db")+" open")
	must(t, held.Close())

	flip(t, s.path("backups/"+only+"/aragora_debates.db"))
	refuse(s.step("1.5"), nil, "no verified backup")
	refuse(s.step("1.6"), nil, "aragora_debates.db: FAILED")
	unchecked := *s.step("1.6")
	unchecked.Precheck = ""
	refuse(&unchecked, nil, "nothing was changed")
	if got := s.snapshot(); fmt.Sprint(got) != fmt.Sprint(before) {
		t.Errorf("a refused restore left %v, not %v", got, before)
	}
	flip(t, s.path("backups/"+only+"/aragora_debates.db"))
	s.run(s.step("1.6"), nil)
	db := s.open("data/aragora_users.db")
	_, err = db.Exec("DELETE FROM users WHERE id = 7")
	must(t, errors.Join(err, db.Close()))
	refuse(s.step("1.7"), nil, "aragora_users.db: FAILED")
	noHashes := *s.step("1.7")
	noHashes.Precheck = ""
	refuse(&noHashes, nil, "users: 299, manifest says 300: DIFFERENT")
	s.serve()
	refuse(s.step("1.9"), nil, "does not read the restored users")
}

// TestAragoraProcedureBringsEveryRowBack: the same with the other runbook, three files, and stand-ins for systemctl and curl.
func TestAragoraProcedureBringsEveryRowBack(t *testing.T) {
	tables := map[string]string{"users": "users", "debates": "debates", "audit": "audit_log"}
	s := serviceOf(t, aragoraRunbook, ".nomic", tables)
	must(t, os.Mkdir(s.path("stubs"), 0o755))
	for name, text := range map[string]string{
		"systemctl": "#!/bin/bash\ncase $1 in start) echo active > unit ;; stop) echo inactive > unit ;; is-active) cat unit; [ \"$(cat unit)\" = active ] ;; esac\n",
		"curl":      "#!/bin/bash\necho '{\"status\":\"healthy\"}'\n",
	} {
		s.write("stubs/"+name, text)
		must(t, os.Chmod(s.path("stubs/"+name), 0o755))
	}
	s.write("unit", "active\n")
	s.fill(400, demoStart)
	good := s.backup(demoStart.Add(time.Hour))
	flip(t, s.path("backups/"+s.backup(demoStart.Add(2*time.Hour))+"/aragora_audit.db"))
	s.attack()
	for _, n := range []string{"1.1", "1.2", "1.3", "1.4", "1.5"} {
		s.run(s.step(n), nil)
	}
	if o := s.options(s.step("1.5")); len(o) != 2 || o[0].State != "rejected" || o[1].Value != good || s.produced["p1.s5.BACKUP"] != good {
		t.Fatalf("options %+v, chosen %v", o, s.produced)
	}
	damage := s.snapshot()
	_, six := s.rb.Step("1.6")
	s.run(six.Entry, nil)
	s.run(six.Undo, nil)
	if got := s.snapshot(); fmt.Sprint(got) != fmt.Sprint(damage) {
		t.Fatalf("undone: %v\nbefore: %v", got, damage)
	}
	for _, n := range []string{"1.6", "1.7", "1.8", "1.9"} {
		s.run(s.step(n), nil)
	}
	for file, table := range tables {
		if total, bad := s.names(".nomic/aragora_"+file+".db", table); total != 400 || bad != 0 {
			t.Errorf("%s: %d rows, %d of the attacker", table, total, bad)
		}
	}
}
