// Package runbook turns one Markdown file, written for people, into a typed Runbook, and keeps beside it a lock: the exact
// bytes that may run, reviewed like code. Parse reads the Markdown; Compile writes what it can know into a lock and asks
// (`decide:`) what it cannot; Load reads both and marks each step Ready only if lock and Markdown still agree; Bind checks
// values before they come near a process; Lint says what a careful reader would. Nothing in this package runs anything.
//
// # What is a step
//
// A procedure is a heading "Procedure 2: …" with a numbered list; in a runbook without such headings, a section with a numbered list of commands, with
// headings numbered like steps, or with prose and commands under words of recovery (shapes.go). An item with one command is a step. One with several
// has a sub-step for each (1.4.1, p1.s4.1), unless they are labelled as ways to do one thing (tabs, "Option 1", platforms): then it is a choice, as a
// fence with lines "# OR" is. Where the words before several commands only sound like ways ("For staging", "Primary"), all of them wait for an
// answer. "Only if …", "Optional:", "Rollback" before a command are its condition; "Do not …", "deprecated" or struck-out words make it display-only. A
// list of what must be there before ("Prerequisites:") is no procedure. An item without a fence has its commands in the line (`systemctl restart x`), and
// a table with numbered rows and a column Command is a list of steps. Every fence and list gets a verdict and a reason in Report; none is left out.
//
// A place in a command that waits for a value (<name>, [X], {{x}}, YYYYMMDD, a sample, a variable that nothing sets) becomes a parameter, and the report shows the rewrite.
//
// # The lock
//
// The lock stands beside the Markdown under its name (DISASTER_RECOVERY.md, DISASTER_RECOVERY.lock.yaml); a folder of Markdown files is one runbook
// and has one lock, runbook.lock.yaml. Questions and Answer settle its `decide:` lines one at a time; VerifyLock checks an SSH signature over it. It is YAML
// without anchors, aliases, tags or several documents; an unknown or repeated key is refused with line and column.
//
//	format: 1
//	defaults:                        # per risk; what an entry does not say itself
//	  read: {timeout: 5m}
//	  change: {timeout: 10m}
//	  destructive: {timeout: 30m, approvals: {need: 1, from: [approver], expires: 15m, start_within: 10m}}
//	targets:
//	  db1: {host: local, dir: ./service, path: "/usr/bin:/bin", lock: db1, probe: "…", drill: false}
//	steps: [...]                     # sorted by id
//	retired: [p1.s3]                 # ids that were given once; never given again
//
// A target's dir, where it is relative, counts from the folder that holds the lock; Load makes it absolute, and it is the
// working directory of every text that runs there. path becomes PATH. lock is the name that two runs cannot both hold;
// absent, it is "<target>:<dir>". probe is a read-only bash text that prints the target's identity, lines name=value and nothing
// else: it is part of what is approved, and it is read again just before the start.
//
// host is local, or ssh:NAME, a host of the user's ssh configuration (or account@host): every text of the target, its probe included, then runs there, by
// the drbot that is installed there (docs/adr/0009). dir is then an absolute path there. drill: true lets drills reach the target; no
// drill reaches another.
//
// A target may name a server: {kind: postgres, host: db1, port: 5432, database: postgres, user: drbot, secret: pg, tls: system}; kind
// is postgres or redis. host and port go into the identity, with what the server says of itself. Its bash steps find it in the variables that the server's
// own programs read (PGHOST, PGPORT, PGUSER, PGDATABASE, PGPASSWORD …; REDIS_HOST, REDIS_PORT, REDISCLI_AUTH).
//
//	sql    statements as psql reads them, without its backslash commands; each commits by itself unless the text says BEGIN; the first error
//	       ends the step with 1. With risk: read all of them run in one read-only transaction. Results look like those of sqlite. A
//	       parameter is bound as :NAME or :'NAME'; one of type db_identifier may stand for a name as :"NAME". So the same text works in psql -v.
//	       A line \connect name, or \connect :"NAME", goes on in another database of the same server
//	redis  one command a line, words quoted as in a shell; a parameter is a whole word, :NAME; an error reply ends the step with 1
//	http   one request a line: GET http://host/path [status=200] [timeout=5s] [attempts=10] [redirects=0] [bearer=:TOKEN]; prints the
//	       status line ("HTTP 200") and the body of the last answer; another status ends the step with 1
//
// An entry of steps (every key but id and procedure may be absent):
//
//	id             p1.s6. Given once, follows its step by the source's digest, then by title. p1.s4.2 is the second command of an item
//	               with several (a sub-step, 1.4.2), p1.s6a the first branch of a choice, p1.s6u and p1.s6au undo p1.s6 and p1.s6a
//	procedure      p1
//	title          for people; the Markdown's title at the time of compiling
//	after          p1.s5: the step that comes before it in the Markdown. A step that was moved or got another title is text until it was
//	               reviewed again
//	undo_of        p1.s6: this entry (p1.s6u) stands in no list of the Markdown and undoes that step; it has no source_sha256
//	choice         true: one of several branches runs. This entry runs nothing; its branches are entries with choice_of and label
//	choice_of      p1.s6: this entry (p1.s6a) is a branch of that step; its source_sha256 is over its own lines of the fence
//	label          of a branch: "Kubernetes"
//	condition      "if necessary": drbot asks at the run whether it is, and records the answer
//	manual         true: a person does it; nothing runs
//	source_sha256  sha256 of the fence's bytes in the Markdown (several fences: joined with one NUL byte)
//	fence          the language of its fence ("bash", "untagged"), of each where the step has several; another one is a change
//	run, sha256    the bytes that the interpreter gets, and their sha256: the fence's text (of a transcript its commands) with the rewrites
//	               below and no other change; a step whose run is anything else does not run
//	rewrites       [{from: YYYYMMDD, to: "\"${BACKUP_DATE}\""}]: where run differs from the Markdown;
//	               a token that stays as it is ({from: "<html>", to: "<html>"}) was kept on purpose: it waits for no value
//	interpreter    bash | sqlite | sql | redis | http, see below
//	databases      for sqlite: [{name: users, file: data/users.db, write: false}]. Each is attached under its name to an empty
//	               main database in memory, read-only unless write is true; parameters are bound as :NAME (text). Each result is
//	               printed as a line of column names and a line a row, tabs between the columns, an empty line between results:
//	               name the columns (AS …), since an unnamed one is headed by its expression, which `expect` would then find
//	keep_going     for sqlite: true: a failing statement (or an attach) is printed as "error: …" and the next one runs; the exit code is 1
//	               at the end. Without it the first error ends the step with 1
//	target         a name of targets
//	risk           read | change | destructive. What the text shows can only raise it (EffectiveRisk)
//	parameters     see Parameter. Where one stands in a text that another program reads as its language (bash -c "…", ssh, awk, SQL,
//	               arithmetic), its type must admit nothing that is special there; else the step is blocked, with the form that is safe
//	produces       [{name: BACKUP, pattern: "backup_[0-9_]+"}]: lines KEY=value that the step writes to the file named by the
//	               environment variable DRBOT_OUT; each must match its pattern whole; a missing or undeclared one fails the step
//	list           read-only bash text that prints the choices of this step's parameters `from: list`, see Option
//	precheck       read-only bash text, run with the step's parameters before approval and again before the start; its lines
//	               name=value are facts for the approver, and anything but exit 0 stops the run
//	expect         {exit: [0], stdout: …, match: [regex …], not: [regex …], json: {status: healthy}}; see Expect
//	verify, undo   ids of the entries that prove this one, or take it back
//	on_failure     undo | retry | none: the first button of the failure card
//	leaves         one sentence: what is true after it
//	closes         texts of checklist items that are done when this step is
//	approvals      {need: 1, from: [approver], expires: 15m, start_within: 10m}. With standing: {severity: [1], days: 90} whoever
//	               accepts the entry gives its approval in advance for incidents of these severities; see Standing
//	timeout        a duration: 90s, 30m
//	survivors      kill | keep: what happens to processes that outlive the step
//	output         channel | file | none
//	confirm        target: the approver types the target's name
//	for            incident types for which this step is meant; absent: all
//	decide         questions that block the step until somebody answered them and removed the line
package runbook
