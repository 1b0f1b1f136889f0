package runbook

import (
	"regexp"
	"slices"
	"strings"
)

// Clients of servers and services: what a command line asks of them stands in its verb, its method, or a text.

// verbs is a program whose first words say what it does. A verb behind an option that is not known is a guess, and no
// guess is a reading.
type verbs struct {
	grammar
	// Verbs between commas, or verbs with the word behind them; "addr " is a verb with nothing behind it.
	reads, changes string
	forbid         string // long options that no reading and no change has
	dry            string // options with which nothing is done
	bare           bool   // alone it shows
}

const (
	kubectlReads   = "get, describe, logs, top, version, explain, diff, wait, api-resources, api-versions, cluster-info, auth can-i, auth whoami, config current-context, config view, config get-contexts, rollout status, rollout history"
	terraformReads = "plan, show, output, validate, version, providers, graph, state list, state show, state pull"
)

var verbed = map[string]verbs{
	"systemctl": {
		grammar: grammar{short: "alqrTfi", valued: "nPopst", long: "no-pager user system all quiet full plain failed no-legend recursive value now force", longVal: "type state property lines output"},
		reads:   "status, is-active, is-enabled, is-failed, is-system-running, show, list-units, list-timers, list-unit-files, list-dependencies, list-sockets, list-jobs, cat, get-default",
		changes: "daemon-reload, enable, reload",
	},
	"kubectl":   {grammar: kubectlLine, reads: kubectlReads, changes: "create, label, annotate, cp, expose, run, config", forbid: "output-directory", dry: "--dry-run=server --dry-run=client"},
	"oc":        {grammar: kubectlLine, reads: kubectlReads + ", status, whoami, project, projects", changes: "create, label, annotate"},
	"terraform": {grammar: terraformLine, reads: terraformReads, changes: "init, fmt", forbid: "migrate-state force-copy destroy"},
	"tofu":      {grammar: terraformLine, reads: terraformReads, changes: "init, fmt", forbid: "migrate-state force-copy destroy"},
	"helm": {
		grammar: grammar{valued: "n", longVal: "namespace kube-context kubeconfig", long: "debug"},
		reads:   "list, ls, status, get, history, version, show, template, search, env, repo list, dependency list",
		changes: "pull, repo add, repo update, dependency build, dependency update", dry: "--dry-run",
	},
	"patronictl":  {grammar: grammar{valued: "cdk", longVal: "config-file dcs-url"}, reads: "list, topology, history, version, show-config, dsn"},
	"nodetool":    {grammar: grammar{valued: "hpu", longVal: "host port username"}, reads: "status, info, ring, tpstats, netstats, compactionstats, describecluster, version, gossipinfo"},
	"nft":         {grammar: grammar{short: "naj"}, reads: "list"},
	"ip":          {grammar: grammar{short: "46sdo", long: ""}, reads: "addr show, address show, a show, link show, route show, r show, route get, neigh show, rule show, addr , address , a , link , route , r , neigh , rule "},
	"dpkg":        {grammar: grammar{short: "lLsSp"}, bare: true},
	"hostnamectl": {reads: "status, hostname", bare: true},
	"timedatectl": {reads: "status, show, timesync-status", bare: true},
	"rclone":      {reads: "ls, lsl, lsd, lsf, lsjson, size, check, about, version, listremotes, cat", changes: "copy, copyto, mkdir"},
	"mc":          {reads: "ls, stat, cat, du, find, diff, admin info", changes: "cp, mb"},
	"gsutil":      {grammar: grammar{short: "mqD"}, reads: "ls, cat, stat, du, hash, version", changes: "cp, mb"},
	"pgbackrest":  {grammar: grammar{longVal: "stanza config repo log-level-console", long: ""}, reads: "info, version, check, help", changes: "backup"},
	"etcdctl":     {grammar: grammar{longVal: "endpoints cacert cert key user", short: "w"}, reads: "endpoint health, endpoint status, get, member list, alarm list, version, snapshot status", changes: "snapshot save"},
	"zpool":       {reads: "status, list, get, iostat, history"},
	"zfs":         {reads: "list, get", changes: "snapshot"},
	"restic":      {grammar: grammar{valued: "rp", longVal: "repo password-file", short: "qv"}, reads: "snapshots, stats, check, ls, find, version, diff", changes: "backup"},
	"vault":       {reads: "status, version, list, kv list"},
	"rabbitmqctl": {grammar: grammar{valued: "np"}, reads: "status, cluster_status, list_queues, list_exchanges, list_connections, list_channels, list_users, list_vhosts, version, ping"},
	"barman":      {reads: "check, list-backups, list-backup, list-servers, show-backup, status, diagnose"},
	"wal-g":       {reads: "backup-list, wal-show, wal-verify, version", changes: "backup-push"},
}

var (
	kubectlLine = grammar{
		short: "ARwv", valued: "nfcolpskL", long: "all-namespaces watch no-headers previous all-containers prefix timestamps show-labels recursive insecure-skip-tls-verify match-server-version",
		longVal: "namespace context kubeconfig cluster user as as-group as-uid token server request-timeout selector output certificate-authority client-certificate client-key cache-dir tls-server-name username password",
	}
	terraformLine = grammar{valued: "c"} // -chdir=DIR: its options have one dash, and stand behind the verb
)

func (p verbs) risk(rest []string) Risk {
	first := p.parse(rest, true) // what stands before the verb must be known
	if first.unknown != "" || len(first.args) == 0 && !p.bare {
		return Destructive
	}
	if len(first.args) == 0 || slices.ContainsFunc(first.args, func(w string) bool { return slices.Contains(strings.Fields(p.dry), w) }) || p.reads == "" && len(first.options) > 0 {
		return Read
	}
	for _, w := range first.args {
		name, _, _ := strings.Cut(strings.TrimLeft(w, "-"), "=")
		if strings.HasPrefix(w, "-") && slices.Contains(strings.Fields(p.forbid), name) || slices.Contains(destroyers, w) {
			return Destructive
		}
	}
	verb, sub := first.args[0], p.parse(first.args[1:], true)
	in := func(list string) bool {
		one := strings.Split(list, ", ")
		return slices.Contains(one, verb) || sub.unknown == "" && slices.Contains(one, verb+" "+sub.arg(0))
	}
	switch {
	case in(p.reads):
		return Read
	case in(p.changes):
		return when(livesThere(first.args[len(first.args)-1]), Destructive, Change)
	}
	return Destructive
}

// docker reads its first word, or behind the name of a group the second.
func docker(name string, rest []string) Risk {
	g := grammar{short: "Dv", valued: "cHlfp", long: "debug tls ansi", longVal: "context host config log-level file project-name profile project-directory env-file"}
	c := g.parse(rest, true)
	compose := name == "docker-compose"
	for c.unknown == "" && slices.Contains(strings.Fields("compose container image volume network system service node stack secret config context plugin buildx builder swarm manifest trust"), c.arg(0)) && !(compose && c.arg(0) == "config") {
		compose = compose || c.arg(0) == "compose"
		c = g.parse(c.args[1:], true)
	}
	switch verb := c.arg(0); {
	case c.unknown != "":
	case slices.Contains(strings.Fields("ps ls list logs inspect images version info stats top port df diff events history search"), verb), compose && verb == "config" && !slices.Contains(c.args, "-o") && !slices.ContainsFunc(c.args, func(w string) bool { return strings.HasPrefix(w, "--output") }):
		return Read
	case slices.ContainsFunc(c.args, func(w string) bool {
		return slices.Contains(destroyers, w) || deedText(w) || strings.HasPrefix(w, "--force-recreate") || w == "-V"
	}):
	case slices.Contains(strings.Fields("build pull push up run tag create login"), verb):
		return Change
	}
	return Destructive
}

// cloud reads the operation: of aws the second word, its parts divided by dashes; of az the last word before the first
// option; of gcloud the first word that is a verb. Names of resources are not looked at.
func cloud(name string, rest []string) Risk {
	words := rest
	if i := slices.IndexFunc(rest, func(w string) bool { return strings.HasPrefix(w, "-") }); i >= 0 && name != "aws" {
		words = rest[:i]
	}
	switch name {
	case "aws":
		c := grammar{longVal: "region profile output query endpoint-url color ca-bundle cli-read-timeout cli-connect-timeout", long: "no-cli-pager no-paginate no-sign-request debug no-verify-ssl"}.parse(rest, true)
		if c.unknown != "" {
			return Destructive
		}
		return awsRisk(c.arg(0), c.args[min(1, len(c.args)):])
	case "az":
		if len(words) == 0 {
			return Destructive
		}
		words = words[len(words)-1:]
	}
	for _, w := range words {
		verb, _, _ := strings.Cut(w, "-")
		switch {
		case slices.Contains(strings.Fields("list describe show get read version info"), verb):
			return Read
		case slices.Contains(strings.Fields("create export"), verb):
			return Change
		case slices.Contains(cloudVerbs, verb):
			return Destructive
		}
	}
	return Destructive
}

var cloudVerbs = strings.Fields("delete update patch reset stop start restart ssh scp set add remove clone restore failover promote deploy deallocate resize move import suspend resume rollback rm cp mv sync abandon detach attach disable enable destroy undelete cancel purge switchover")

func awsRisk(service string, operation []string) Risk {
	c := grammar{longVal: "region profile output query", long: "recursive human-readable summarize"}.parse(operation, true)
	verb, _, _ := strings.Cut(c.arg(0), "-")
	switch {
	case c.unknown != "":
	case service == "s3":
		switch verb {
		case "ls", "presign":
			return Read
		case "cp", "mb", "sync":
			return when(slices.Contains(operation, "--delete") || len(c.args) > 2 && livesThere(c.arg(2)), Destructive, Change)
		}
	case slices.Contains(strings.Fields("describe list get head lookup wait filter search query scan estimate tail"), verb):
		if len(c.args) > 1 && strings.Contains(c.arg(0), "-") && !strings.HasPrefix(c.args[len(c.args)-1], "-") && slices.Contains(strings.Fields("get-object get-job-output get-export"), c.arg(0)) {
			return when(livesThere(c.args[len(c.args)-1]), Destructive, Change) // it writes a file here
		}
		return Read
	case slices.Contains(strings.Fields("create copy tag start run export"), verb):
		return Change
	}
	return Destructive
}

var curlLine = grammar{
	short: "fsSLkivIgG46#NZ0123O", valued: "mHuAexrwoXDyYzEbQd", long: "remote-name fail fail-with-body silent show-error location insecure include verbose head get compressed no-buffer ipv4 ipv6 http1.1 http2 globoff no-progress-meter retry-all-errors retry-connrefused",
	longVal: "max-time connect-timeout header user user-agent referer proxy range write-out output request retry retry-delay retry-max-time cacert capath cert key resolve connect-to url interface limit-rate max-redirs noproxy unix-socket cookie netrc-file data data-urlencode data-raw data-binary",
}

// curlReads: it asks with GET or HEAD, and writes no file.
func curlReads(c commandLine) bool {
	for _, method := range c.values("-X", "--request") {
		if method != "GET" && method != "HEAD" {
			return false
		}
	}
	for _, to := range c.values("--output") {
		if to != "/dev/null" && to != "-" {
			return false
		}
	}
	for _, format := range c.values("-w", "--write-out") {
		if strings.Contains(format, "output{") {
			return false
		}
	}
	if c.has("-d", "--data", "--data-urlencode", "--data-raw", "--data-binary") && !c.has("-G", "--get") {
		return false
	}
	return !c.has("-Q") && !slices.ContainsFunc(c.args, func(w string) bool {
		scheme, _, ok := strings.Cut(w, ":") // gopher:// and dict:// say what they like to any port
		return ok && strings.Contains(w, "://") && !slices.Contains([]string{"http", "https", "file"}, strings.ToLower(scheme)) && !strings.Contains(scheme, "\x00") || livesThere(w) && c.has("-O", "--remote-name")
	})
}

// A sed script that only prints, deletes from what it prints, and replaces in it: no w, e or r, and no flag of s that is one.
var sedScript = regexp.MustCompile(`^(?:\s*(?:[0-9$]+|/(?:[^/\\]|\\.)*/I?)?(?:~[0-9]+|\s*,\s*(?:\+?[0-9$]+|/(?:[^/\\]|\\.)*/I?))?\s*!?\s*` +
	`(?:[pdqgGhHxnND=]|q[0-9]+|s/(?:[^/\\]|\\.)*/(?:[^/\\]|\\.)*/[gpI0-9]*|s\|(?:[^|\\]|\\.)*\|(?:[^|\\]|\\.)*\|[gpI0-9]*|s#(?:[^#\\]|\\.)*#(?:[^#\\]|\\.)*#[gpI0-9]*|s,(?:[^,\\]|\\.)*,(?:[^,\\]|\\.)*,[gpI0-9]*|y/(?:[^/\\]|\\.)*/(?:[^/\\]|\\.)*/)?\s*(?:[;\n}]|$))*$`)

func sedReads(c commandLine) bool {
	scripts := c.values("-e", "--expression")
	if len(scripts) == 0 && len(c.args) > 0 {
		scripts = c.args[:1]
	}
	// A value inside it is the reviewer's own: one that a person types is never put into a sed script (see slots).
	return !slices.ContainsFunc(scripts, func(s string) bool { return !sedScript.MatchString(strings.ReplaceAll(s, "\x00", "x")) })
}

var (
	awkLine    = grammar{valued: "Fv", longVal: "field-separator assign", long: "posix sandbox"}
	awkStrings = regexp.MustCompile(`"(?:[^"\\\n]|\\.)*"`)
	awkRegexps = regexp.MustCompile(`(^|[(,~!&|{;\n])(\s*)/(?:[^/\\\n]|\\.)*/`)
	awkPrints  = regexp.MustCompile(`\bprintf?\b[^;}\n]*>`)
)

// awkReads: its program writes no file, runs no command and loads nothing. Behind print, > names a file; elsewhere it compares.
func awkReads(c commandLine) bool {
	program := c.arg(0)
	if strings.ContainsAny(program, "@\x00") || strings.Contains(program, "system") {
		return false
	}
	program = awkRegexps.ReplaceAllString(awkStrings.ReplaceAllString(program, `""`), "$1$2 0 ")
	return !strings.Contains(strings.ReplaceAll(program, "||", "  "), "|") && !awkPrints.MatchString(program)
}

func gitReads(c commandLine) bool {
	rest := c.args[min(1, len(c.args)):]
	if slices.ContainsFunc(rest, func(w string) bool {
		return strings.HasPrefix(w, "--output") || strings.HasPrefix(w, "--ext-diff") || strings.HasPrefix(w, "--out")
	}) {
		return false
	}
	switch c.arg(0) {
	case "log", "status", "show", "diff", "rev-parse", "ls-files", "ls-remote", "describe", "cat-file", "rev-list", "shortlog", "blame":
		return true
	case "branch", "tag", "remote":
		return !slices.ContainsFunc(rest, func(w string) bool {
			return !slices.Contains(strings.Fields("-a -r -v -vv -l --list --all --remotes --show-current --merged --no-merged"), w)
		})
	}
	return false
}

var redisLine = grammar{
	short: "e23", valued: "hpsaunrditxX", long: "raw no-raw csv json tls no-auth-warning insecure scan stat bigkeys memkeys hotkeys latency latency-history latency-dist quoted-input quoted-pattern help version askpass",
	longVal: "user pass sni cacert cacertdir cert key tls-ciphers pattern intrinsic-latency",
}

// redisCLI reads the command itself, which stands behind the options.
func redisCLI(rest []string) Risk {
	redisOptions := redisLine
	redisOptions.valued, redisOptions.short = "hpsaunrdit", "e23xX"
	c := redisOptions.parse(rest, true)
	switch {
	case c.unknown == "--rdb" || c.unknown == "--functions-rdb":
		return Change
	case c.unknown != "", c.has("-x", "-X"), slices.Contains(c.args, "\x00") && len(c.args) == 1:
		return Destructive
	case len(c.args) > 0:
		return redisCommand(c.args)
	case c.has("--scan", "--stat", "--bigkeys", "--memkeys", "--hotkeys", "--latency", "--latency-history", "--version", "--help"):
		return Read
	}
	return Destructive
}

// pgRestore reads a dump where it lists it or writes it nowhere.
func pgRestore(rest []string) Risk {
	c := grammar{short: "aceOsvx1lC", valued: "dfFhIjLnNpPStTU", long: "list verbose data-only schema-only no-owner no-privileges exit-on-error", longVal: "file dbname format jobs host port username use-list schema table"}.parse(rest, false)
	files := c.values("-f", "--file")
	nowhere := len(files) > 0 && !slices.ContainsFunc(files, func(f string) bool { return f != "/dev/null" })
	return when(c.unknown == "" && !c.has("-d", "--dbname") && (nowhere || c.has("-l", "--list") && len(files) == 0), Read, Destructive)
}

var (
	psqlLine = grammar{
		short: "AabeEHnqsStxwWXz01lV", valued: "cdfFhLopPRTUv", long: "no-align echo-all echo-queries html quiet single-transaction tuples-only expanded no-password no-psqlrc list version csv help",
		longVal: "command dbname file field-separator host log-file output port pset record-separator username set variable",
	}
	mysqlLine  = grammar{short: "NBsrtvEACbnqHX", valued: "ehPuDSV", attached: "p", long: "skip-column-names batch silent raw table verbose version help", longVal: "execute host port user database socket defaults-file defaults-extra-file protocol ssl-ca"}
	sqliteLine = grammar{}
	sshLine    = grammar{short: "46AaCfGgKkMNnqsTtVvXxYy", valued: "BbcDEeFIiJLlmOoPpQRSWw"}
)

// sqlIn judges the statements that stand behind an option; a file, or nothing, could hold anything.
func sqlIn(g grammar, words sqlWords, rest []string, names ...string) Risk {
	c := g.parse(rest, false)
	texts := c.values(names...)
	switch {
	case c.unknown != "", c.has("-f", "--file", "-o", "--output", "-L", "--log-file"):
		return Destructive
	case len(texts) == 0:
		return when(c.has("-l", "--list", "--version", "-V", "--help"), Read, Destructive)
	}
	risk := Read
	for _, text := range texts {
		risk = Worse(risk, sqlText(words, text))
	}
	return risk
}

func sqlText(words sqlWords, text string) Risk {
	if words.dollars && metaReads.MatchString(text) {
		return Read
	}
	if strings.Contains(text, "\x00") {
		return Destructive // a value pasted into SQL
	}
	r := Inferred{Risk: Read}
	r.sql(words, text)
	if len(r.Unknown) > 0 { // no client holds its session to reading
		return Worse(r.Risk, Change)
	}
	return r.Risk
}

// sqlite3 has options of one dash and a whole word; every word behind the file is a text, and so is what -cmd names.
func sqlite3(rest []string) Risk {
	var texts []string
	for i := 0; i < len(rest); i++ {
		switch w := rest[i]; {
		case !strings.HasPrefix(w, "-"):
			texts = append(texts, w)
		case slices.Contains(strings.Fields("-cmd --cmd"), w) && i+1 < len(rest):
			if i++; sqliteRisk(rest[i]) != Read {
				return sqliteRisk(rest[i])
			}
		case slices.Contains(strings.Fields("-separator -nullvalue -newline -vfs -mmap -lookaside -pagecache"), w):
			i++
		case !slices.Contains(strings.Fields("-readonly -header -noheader -csv -json -line -list -column -box -table -markdown -html -ascii -quote -batch -bail -echo -stats -safe -nofollow"), strings.Replace(w, "--", "-", 1)):
			return Destructive
		}
	}
	if len(texts) < 2 {
		return Destructive
	}
	risk := Read
	for _, text := range texts[1:] {
		risk = Worse(risk, sqliteRisk(text))
	}
	return risk
}

func sqliteRisk(text string) Risk {
	first, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	if slices.Contains(strings.Fields(".dump .schema .tables .indexes .databases .dbinfo .fullschema .mode .headers .stats .show .timeout .bail"), first) && !strings.ContainsAny(text, "\n\x00") {
		return Read
	}
	return sqlText(sqliteWords, text)
}
