package runbook

import "regexp"

// lineRule is a fault that one line of a fence shows. The reasons were found by running such commands; see docs of each tool named.
type lineRule struct {
	name, level   string
	pattern       *regexp.Regexp
	with, unless  *regexp.Regexp // about the whole fence
	unlessRunbook *regexp.Regexp // about the whole Markdown
	comments      bool           // comment lines too
	message, fix  string         // %s in message: what was found
}

func re(s string) *regexp.Regexp { return regexp.MustCompile(s) }

var lineRules = []lineRule{
	{name: "not-portable", level: LevelError, pattern: re(`stat -f\b`), message: "stat -f is BSD; GNU stat prints an error, and the arithmetic around it fails silently", fix: "stat -c %Y, and fail if the result is no number"},
	{name: "not-portable", level: LevelError, pattern: re(`\bdocker-compose\s`), message: "docker-compose is gone from current systems", fix: "docker compose"},
	{name: "newest-by-mtime", level: LevelError, pattern: re(`ls -t\b.*head`), message: "takes whatever was touched last for the newest backup", fix: "sort by the time in the name or manifest, and take only sets with a manifest"},
	{name: "check-discarded", level: LevelError, pattern: re(`(?i)count\(\*\).*>\s*/dev/null`), message: "counts rows and throws the count away: 0 rows pass", fix: "compare with the count in the manifest"},
	{name: "warns-only", level: LevelError, pattern: re(`echo "WARNING`), unless: re(`(?s)WARNING[^\n]*\n\s*exit [1-9]`), message: "an old backup is only mentioned; the script ends with 0", fix: "exit 1, with the limit taken from the RPO"},
	{name: "dump-in-place", level: LevelError, pattern: re(`pg_dump\b.*>\s*\S+`), message: "a failed pg_dump leaves an empty file under the final name", fix: "write to a temporary name, check with pg_restore -f /dev/null, hash, then rename"},
	{name: "no-globals", level: LevelWarning, pattern: re(`pg_dump\s`), unlessRunbook: re(`pg_dumpall`), message: "roles are in no pg_dump", fix: "pg_dumpall --globals-only beside it"},
	{name: "day-stamp", level: LevelWarning, pattern: re(`date \+%Y%m%d\)`), message: "a second run of the same day overwrites the first; in a crontab % is a line end", fix: "add the time: %Y%m%d_%H%M%S, and refuse to overwrite"},
	{name: "archive-overwrites", level: LevelError, pattern: re(`archive_command\s*=\s*'cp %p`), unless: re(`test ! -f`), message: "archives over a segment that is there, and does not sync", fix: "test ! -f, copy to a temporary name, sync, rename; or pgBackRest"},
	{name: "pitr-no-base", level: LevelError, pattern: re(`archive_mode\s*=\s*on`), unlessRunbook: re(`pg_basebackup|pgbackrest|wal-g|barman`), message: "WAL is archived but no base backup is taken: pg_dump is no start for replay", fix: "pg_basebackup, checked with pg_verifybackup"},
	{name: "archive-timeout", level: LevelWarning, pattern: re(`archive_mode\s*=\s*on`), unlessRunbook: re(`archive_timeout`), message: "without archive_timeout committed rows wait for a full segment", fix: "archive_timeout of half the RPO"},
	{name: "redis-save", level: LevelWarning, pattern: re(`^save \d+ \d+`), with: re(`(?i)every \d+ min`), message: "%s saves only if enough keys changed: it is no interval", fix: "watch rdb_last_save_time"},
	{name: "redis-bgsave-race", level: LevelError, pattern: re(`redis-cli BGSAVE`), unless: re(`rdb_bgsave_in_progress|LASTSAVE`), message: "BGSAVE returns at once: the copy after it is the previous file", fix: "wait for rdb_bgsave_in_progress:0 and rdb_last_bgsave_status:ok, or redis-cli --rdb FILE"},
	{name: "wal-left", level: LevelError, pattern: re(`\bmv \S+\.db \S+`), unless: re(`-wal`), message: "moves a database without its -wal and -shm, which write the damage into the restored file", fix: "move the three together"},
	{name: "quarantine-overwritten", level: LevelWarning, pattern: re(`\bmv \S+ \S+\.(corrupted|bak|old)\b`), message: "a second try overwrites what the first one kept", fix: "a folder for each run, and mv -n"},
	{name: "sqlite-creates", level: LevelError, pattern: re(`sqlite3 [^"'\s]+\.db `), unless: re(`mode=ro|immutable`), message: "sqlite3 creates a file that is not there, finds it sound, and exits 0", fix: `test -s FILE && sqlite3 "file:FILE?mode=ro"`},
	{name: "integrity-by-exit", level: LevelWarning, pattern: re(`(?i)PRAGMA (integrity|quick)_check`), unless: re(`= ?"?ok|grep|pragma_integrity`), message: "integrity_check exits 0 on a damaged file, and says ok of a stale -wal", fix: "expect exactly ok, and compare with the manifest"},
	{name: "copy-changes-owner", level: LevelNote, pattern: re(`^\s*cp "?\S*backups?/\S* \S+`), unless: re(`chown|--preserve|cp -a|--reference`), message: "a copy made by root belongs to root", fix: "chown --reference the old file"},
	{name: "copy-unchecked", level: LevelError, pattern: re(`^\s*cp "?\S*backups?/\S* \S+`), unless: re(`sha256sum|redis-check-rdb`), message: "the backup is put in place without being checked", fix: "sha256sum --check against its manifest, copy to a temporary name, rename"},
	{name: "fixed-replicas", level: LevelWarning, pattern: re(`--replicas=[1-9]\d*`), message: "%s is written down, not what ran before", fix: "record the number in a first step and give it back"},
	{name: "no-wait", level: LevelError, pattern: re(`kubectl scale .*--replicas=0`), unless: re(`kubectl wait|rollout status`), message: "scaling to 0 does not wait: pods still write during the next step", fix: "kubectl wait --for=delete pod -l …"},
	{name: "no-wait", level: LevelWarning, pattern: re(`kubectl (set image|rollout restart)`), unless: re(`rollout status`), message: "%s does not wait for the new pods", fix: "kubectl rollout status --timeout=180s"},
	{name: "curl-succeeds", level: LevelError, pattern: re(`\bcurl (?:[^-\n]|-[^f\n])*$`), unless: re(`curl [^\n]*(-\w*f|--fail)`), message: "curl exits 0 on a 503", fix: "curl -fsS --max-time 5, and match the body"},
	{name: "no-host", level: LevelError, pattern: re(`pg_restore\b.*-d`), unless: re(`pg_restore\b.*(-h|--host|service=)`), message: "restores to whatever server is the default here", fix: "the same host as the other steps, and a probe for its identity"},
	{name: "restore-in-place", level: LevelError, pattern: re(`(?i)DROP DATABASE`), message: "destroys the old database before the new one is known to be good; one open session makes it fail, and psql exits 0", fix: "restore beside it, verify, rename"},
	{name: "restore-errors", level: LevelError, pattern: re(`pg_restore\b.* -d`), unless: re(`--exit-on-error`), message: "pg_restore goes on after errors", fix: "--exit-on-error --single-transaction"},
	{name: "outdated", level: LevelError, pattern: re(`recovery\.conf`), comments: true, message: "PostgreSQL 12 and later do not start with recovery.conf", fix: "recovery.signal and the settings in postgresql.conf"},
	{name: "no-offset", level: LevelError, pattern: re(`recovery_target_time\s*=\s*'[^'+]*'`), unless: re(`:[0-9.]+-[0-9]{2}(:?[0-9]{2})?'| UTC'`), message: "an instant without its offset is another instant on another host, and with a Z PostgreSQL does not start", fix: "2026-01-13 10:00:00+00"},
	{name: "migrate-after-restore", level: LevelWarning, pattern: re(`--migrate\b`), message: "migrations after a restore change the data before anybody compared it", fix: "compare first; migrate only if the code is newer than the backup"},
	{name: "redis-shutdown", level: LevelError, pattern: re(`SHUTDOWN NOSAVE`), message: "throws the newest state away, and systemd may start it again at once", fix: "redis-cli --rdb first, then systemctl stop, and see that the port is closed"},
	{name: "redis-aof", level: LevelError, pattern: re(`dump\.rdb`), with: re(`\bcp\b.*dump\.rdb`), unless: re(`appendonly|BGSAVE`), message: "with appendonly yes Redis ignores a restored dump.rdb and overwrites it", fix: "move appendonlydir away too, start with appendonly no, turn it on afterwards"},
	{name: "redis-unchecked", level: LevelWarning, pattern: re(`DBSIZE`), unlessRunbook: re(`redis-check-rdb`), message: "a number of keys without one to compare with proves nothing", fix: "keys read from redis-check-rdb, and the load counters"},
	{name: "auto-approve", level: LevelError, pattern: re(`-auto-approve`), message: "applies whatever the plan says, deletions too", fix: "plan -out, show it in the approval, apply that plan"},
	{name: "rebuilds", level: LevelWarning, pattern: re(`docker build\b`), message: "a new build is not the image that was known to work", fix: "deploy the last good digest"},
	{name: "secret-in-argv", level: LevelError, pattern: re(`--from-literal=\S+=\$`), message: "the secret is visible in ps and in the record, and an unset one is stored empty", fix: "--from-env-file or --from-file, with --dry-run=client -o yaml | kubectl apply -f -"},
	{name: "secret-in-argv", level: LevelError, pattern: re(`kubectl patch secret\b.*-p `), message: "the new secret is visible in ps and in the record", fix: "--patch-file with stringData"},
	{name: "secret-newline", level: LevelError, pattern: re(`openssl rand -base64[^)|]*\|\s*base64`), message: "the secret is stored with a line end in it", fix: "openssl rand -hex 32, in stringData"},
	{name: "wide-delete", level: LevelError, pattern: re(`FLUSH(DB|ALL)`), message: "%s deletes rate limits and queues with the sessions, and no stateless token", fix: "SCAN the sessions' prefix and UNLINK those"},
	{name: "one-pod", level: LevelError, pattern: re(`kubectl logs deployment/`), message: "reads one pod, and only its present container", fix: "-l app=… --all-containers --prefix --timestamps, and --previous"},
	{name: "evidence-dump", level: LevelError, pattern: re(`"\.dump"`), message: ".dump is no forensic copy, and exits 0 on a damaged file", fix: "copy the raw files with -wal and -shm, and hash them"},
	{name: "evidence-unhashed", level: LevelWarning, pattern: re(`>\s*/evidence/`), unless: re(`sha256sum`), message: "evidence without a hash", fix: "sha256sum, the time in UTC, and a place off this host"},
	{name: "time-compare", level: LevelError, pattern: re(`timestamp\s*[<>]=?\s*datetime\('now'`), message: "compares text: ISO times of 25 hours ago match, and epoch times never do", fix: "julianday(…) by typeof(timestamp)"},
	{name: "grep-case", level: LevelWarning, pattern: re(`\bgrep -E "?\(`), message: "misses Failed and 401; 1 is nothing found and 2 an error", fix: "grep -iE, and tell 1 from 2"},
}

// textRules are about the whole Markdown, prose and fences together.
var textRules = []lineRule{
	{name: "backup-same-host", level: LevelError, pattern: re(`^# Location: \S+|(?:>|cp \S+) /backup/`), comments: true, unlessRunbook: re(`s3://|gs://|rclone|restic|off-?host|other (site|region|host)`),
		message: "the backups are on the machine that dies (%s)", fix: "a second copy elsewhere that cannot be changed from here"},
	{name: "free-cadence", level: LevelNote, pattern: re(`every \[\d+(/\d+)+\] minutes`), message: "nobody is reminded of a cadence that is typed", fix: "drbot fills it from the severity"},
}
