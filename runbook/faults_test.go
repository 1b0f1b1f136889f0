package runbook

import (
	"strings"
	"testing"
)

// faults are those of the source runbook that its text alone shows, each with the rule that names it and the words of a line on which it must stand.
var faults = []struct{ fault, rule, line string }{
	{"hourly snapshots cannot give one hour", "rpo-unreachable", "| Debate history |"},
	{"daily backups cannot give a day", "rpo-unreachable", "| Audit logs |"},
	{"continuous replication is nowhere", "rpo-no-mechanism", "| User accounts |"},
	{"log shipping is nowhere", "rpo-no-mechanism", "| Active debates |"},
	{"a type of incident has no procedure", "type-without-procedure", "| Memory exhaustion |"},
	{"planned downtime is no incident", "no-incident", "| Scheduled maintenance |"},
	{"nobody is told how often", "no-cadence", "| SEV-1 |"},
	{"answering eats a quarter of the hour", "slow-answer", "| SEV-1 |"},
	{"the backup dies with its machine", "backup-same-host", "# Location: .nomic"},
	{"WAL without a base backup", "pitr-no-base", "archive_mode = on"},
	{"no archive_timeout", "archive-timeout", "archive_mode = on"},
	{"the archive is overwritten", "archive-overwrites", "archive_command"},
	{"pg_dump under the final name", "dump-in-place", "pg_dump -Fc"},
	{"roles are in no dump", "no-globals", "pg_dump -Fc"},
	{"one run a day overwrites the other", "day-stamp", "pg_dump -Fc"},
	{"RDB is no interval", "redis-save", "save 900 1"},
	{"BGSAVE and a copy at once", "redis-bgsave-race", "redis-cli BGSAVE"},
	{"settings among commands", "settings", "restore_command = 'cp /backup/wal/%f %p'"},
	{"stat of another system", "not-portable", "stat -f %m"},
	{"docker-compose is gone", "not-portable", "docker-compose -f docker-compose.recovery-test.yml up -d"},
	{"the newest by its time stamp", "newest-by-mtime", "ls -t"},
	{"age is only a warning", "warns-only", "WARNING: Backup is"},
	{"counts thrown away", "check-discarded", "SELECT COUNT(*) FROM users"},
	{"a script that goes on", "ignores-errors", "#!/bin/bash"},
	{"nothing is cleaned up", "no-cleanup", "#!/bin/bash"},
	{"files that do not exist", "drift", "scripts/migrate_databases.py --validate"},
	{"-wal is left", "wal-left", "mv .nomic/aragora_users.db"},
	{"the quarantine is overwritten", "quarantine-overwritten", "mv .nomic/aragora_users.db"},
	{"sqlite3 makes the file", "sqlite-creates", `sqlite3 .nomic/aragora_users.db "PRAGMA`},
	{"ok by exit code", "integrity-by-exit", "PRAGMA integrity_check"},
	{"a fixed number of replicas", "fixed-replicas", "--replicas=3"},
	{"scaling does not wait", "no-wait", "--replicas=0"},
	{"curl without -f", "curl-succeeds", "curl http://localhost:8080/api/health"},
	{"alternatives in one fence", "alternatives", "# Kubernetes"},
	{"an interactive command", "interactive", "psql -h $DB_HOST"},
	{"the drop before the proof", "restore-in-place", "DROP DATABASE"},
	{"only if necessary", "condition", "(if necessary)"},
	{"another server than $DB_HOST", "no-host", "pg_restore -d aragora"},
	{"goes on after errors", "restore-errors", "pg_restore -d aragora"},
	{"recovery.conf", "outdated", "# Edit recovery.conf:"},
	{"an instant without its offset", "no-offset", "recovery_target_time"},
	{"procedure 2 proves nothing", "no-verification", "### Procedure 2:"},
	{"procedure 2 has no way back", "no-undo", "### Procedure 2:"},
	{"the newest state thrown away", "redis-shutdown", "SHUTDOWN NOSAVE"},
	{"the append-only file wins", "redis-aof", "/var/lib/redis/dump.rdb"},
	{"keys without a baseline", "redis-unchecked", "redis-cli DBSIZE"},
	{"applies without a question", "auto-approve", "-auto-approve"},
	{"pushes what was never tagged", "image-name", "docker push registry/aragora:recovery"},
	{"deployed before its databases", "order", "**Restore databases**"},
	{"deployed before its secrets", "order", "**Restore secrets**"},
	{"secrets in argv", "secret-in-argv", "--from-literal=ANTHROPIC_API_KEY"},
	{"a secret with a line end", "secret-newline", "openssl rand -base64 32 | base64"},
	{"more than the sessions", "wide-delete", "redis-cli FLUSHDB"},
	{"destroys before it preserves", "destroys-before-preserving", "**Immediate containment**"},
	{"reads one pod", "one-pod", "kubectl logs deployment/aragora"},
	{"a dump is no evidence", "evidence-dump", `".dump"`},
	{"evidence without a hash", "evidence-unhashed", "> /evidence/audit_"},
	{"times compared as text", "time-compare", "datetime('now'"},
	{"grep misses Failed", "grep-case", "grep -E"},
	{"a contact that is a placeholder", "contact", "| Engineering Lead |"},
	{"security by mail", "contact-channel", "| Security Team |"},
	{"security at SEV-1 alone", "contact-late", "| Security Team |"},
	{"the contents leave a section out", "contents", "## Emergency Contacts"},
	{"links that lead nowhere", "dead-link", "TROUBLESHOOTING.md"},
	{"the root cause before its analysis", "cause-too-early", "**Root Cause:** [Brief summary]"},
	{"a cadence that nobody keeps", "free-cadence", "updates every ["},
	{"a value that nobody filled", "value", "/backup/redis_YYYYMMDD.rdb"},
	{"tools that hide their failure", "harden", "redis-cli INFO keyspace"},
}

// TestLintNamesTheFaultsWhereTheyStand: each fault at its line, and nothing without a fix.
func TestLintNamesTheFaultsWhereTheyStand(t *testing.T) {
	rb := seed(t)
	lines := strings.Split(string(rb.Source), "\n")
	found := Lint(rb, Env{Exists: func(string) bool { return false }})
	for _, f := range faults {
		stands := false
		for _, g := range found {
			// A finding about a fence may stand at its first line of content, which is near.
			for at := g.Line - 1; at >= 0 && at < min(len(lines), g.Line+1) && g.Rule == f.rule; at++ {
				stands = stands || strings.Contains(lines[at], f.line)
			}
		}
		if !stands {
			t.Errorf("%s: no %s at %q", f.fault, f.rule, f.line)
		}
	}
	if len(faults) < 25 {
		t.Errorf("only %d faults", len(faults))
	}
	for _, g := range found {
		if g.Fix == "" || g.Message == "" {
			t.Errorf("%+v says too little", g)
		}
	}
}
