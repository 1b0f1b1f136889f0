package runbook

import (
	"slices"
	"strings"
)

// What is known about programs. A program that stands in none of these lists says nothing about its risk: the reviewer does.

var readers = strings.Fields(`
	: [ [[ test true false echo printf cat head tail wc ls stat du df sleep seq grep egrep fgrep zgrep zcat uniq cut tr rev fold nl tac
	basename dirname readlink realpath pwd cd id whoami uname hostname ps pgrep lsof fuser ss netstat free uptime dig nslookup host ping getent
	sha256sum sha1sum sha512sum md5sum b2sum cksum cmp diff comm file xxd od hexdump jq column paste join expr numfmt strings
	export local declare typeset readonly shift return exit set shopt break continue wait type which hash let unset mapfile readarray read getopts sync
	redis-check-rdb redis-check-aof pg_verifybackup pg_controldata pg_amcheck pg_isready journalctl base64`)

var changers = strings.Fields(`
	cp install rsync tee ln touch mkdir mktemp chmod chown chgrp tar unzip gzip gunzip zip split wget scp patch pg_dump pg_dumpall pg_basebackup createdb createuser
	apt apt-get yum dnf pip npm crontab mount`)

var destroyers = strings.Fields(`
	rm rmdir unlink mv dd shred truncate fdisk parted wipefs pkill killall shutdown reboot halt poweroff dropdb dropuser pg_ctl pg_resetwal pg_rewind
	eval source . iptables nft ufw umount userdel passwd ssh su runuser chroot nsenter unshare initctl service`)

// judge looks at the words after the program's name; false: it knows nothing about the program.
func judge(name string, rest []string) (Risk, bool) {
	switch name {
	case "kubectl":
		return kubectl(rest), true
	case "systemctl":
		return byVerb(rest, "status is-active is-enabled is-failed show list-units list-timers cat", "daemon-reload enable reload"), true
	case "docker", "docker-compose":
		return docker(rest), true
	case "terraform":
		if verb(rest) == "state" {
			return byVerb(after(rest, "state"), "list show pull", ""), true
		}
		return byVerb(rest, "plan show output validate version providers graph", "init fmt"), true
	case "helm":
		return byVerb(rest, "list ls status get history version show template", "repo dependency"), true
	case "git":
		return byVerb(rest, "log status show diff rev-parse ls-files describe branch", "clone fetch pull add commit"), true
	case "aws", "gcloud", "az":
		return cloud(rest), true
	case "curl":
		return curl(rest), true
	case "redis-cli":
		return redisCLI(rest), true
	case "pg_restore":
		return pgRestore(rest), true
	case "kill":
		return when(len(rest) > 0 && (rest[0] == "-0" || rest[0] == "-l"), Read, Destructive), true
	case "sed":
		return when(slices.ContainsFunc(rest, inPlace), Change, Read), true
	case "awk", "gawk", "mawk":
		return when(strings.ContainsAny(strings.Join(rest, " "), "|>") || strings.Contains(strings.Join(rest, " "), "system("), Destructive, Read), true
	case "date":
		return when(slices.ContainsFunc(rest, func(w string) bool { return w == "-s" || strings.HasPrefix(w, "--set") }), Destructive, Read), true
	case "sort":
		return when(slices.ContainsFunc(rest, func(w string) bool { return strings.HasPrefix(w, "-o") || strings.HasPrefix(w, "--output") }), Change, Read), true
	case "psql":
		return sqlIn(rest, "-c", "--command"), true
	case "mysql":
		return sqlIn(rest, "-e", "--execute"), true
	case "sqlite3":
		return sqlite3(rest), true
	}
	return Destructive, false
}

func byVerb(rest []string, reads, changes string) Risk {
	switch v := verb(rest); {
	case slices.Contains(strings.Fields(reads), v):
		return Read
	case slices.Contains(strings.Fields(changes), v):
		return Change
	}
	return Destructive
}

func docker(rest []string) Risk {
	if verb(rest) == "compose" {
		rest = after(rest, "compose")
	}
	return byVerb(rest, "ps logs inspect images version info stats top port config", "build pull push up run tag create login")
}

func cloud(rest []string) Risk {
	all := strings.Join(rest, " ")
	for _, w := range strings.Fields("delete terminate stop remove rm promote failover restore reboot detach revoke") {
		if strings.Contains(all, w) {
			return Destructive
		}
	}
	for _, w := range strings.Fields("describe list get show ls") {
		if strings.Contains(all, w) {
			return Read
		}
	}
	return Change
}

func when(ok bool, yes, no Risk) Risk {
	if ok {
		return yes
	}
	return no
}

func inPlace(w string) bool { return strings.HasPrefix(w, "-i") || strings.HasPrefix(w, "--in-place") }

// verb is the first word that is no flag and no flag's value.
func verb(rest []string) string {
	for i := 0; i < len(rest); i++ {
		switch w := rest[i]; {
		case slices.Contains([]string{"-n", "--namespace", "--context", "-f", "-C", "-H", "--kubeconfig", "-p", "--user"}, w):
			i++
		case strings.HasPrefix(w, "-"):
		default:
			return w
		}
	}
	return ""
}

func after(rest []string, word string) []string { return rest[slices.Index(rest, word)+1:] }

func kubectl(rest []string) Risk {
	v := verb(rest)
	switch v {
	case "get", "describe", "logs", "top", "version", "explain", "diff", "wait", "auth", "api-resources", "cluster-info":
		return Read
	case "config":
		return when(slices.Contains([]string{"current-context", "view", "get-contexts"}, verb(after(rest, v))), Read, Change)
	case "rollout":
		return when(slices.Contains([]string{"status", "history"}, verb(after(rest, v))), Read, Destructive)
	case "create", "label", "annotate", "cp", "run", "expose":
		return Change
	}
	return Destructive
}

func curl(rest []string) Risk {
	for i, w := range rest {
		switch {
		case w == "-X" || w == "--request":
			if i+1 < len(rest) && rest[i+1] != "GET" && rest[i+1] != "HEAD" {
				return Destructive
			}
		case strings.HasPrefix(w, "-d"), strings.HasPrefix(w, "--data"), w == "-F", w == "--form", w == "-T", w == "--upload-file", w == "--json":
			return Destructive
		case w == "-o", w == "-O", strings.HasPrefix(w, "--output"), w == "--remote-name":
			return Change
		}
	}
	return Read
}

func redisCLI(rest []string) Risk {
	known := strings.Fields("INFO DBSIZE PING GET MGET KEYS SCAN TTL TYPE LASTSAVE EXISTS HGETALL HGET LRANGE LLEN SMEMBERS STRLEN TIME ROLE")
	for i, w := range rest {
		up := strings.ToUpper(w)
		switch {
		case slices.Contains(known, up), up == "--SCAN", up == "--STAT", up == "--BIGKEYS":
			return Read
		case (up == "CONFIG" || up == "CLIENT" || up == "MEMORY" || up == "CLUSTER") && i+1 < len(rest):
			return when(slices.Contains([]string{"GET", "LIST", "USAGE", "STATS", "INFO", "NODES"}, strings.ToUpper(rest[i+1])), Read, Destructive)
		case up == "BGSAVE", up == "SAVE", up == "BGREWRITEAOF", up == "--RDB":
			return Change
		}
	}
	return Destructive
}

// pgRestore reads a dump where it lists it or writes it nowhere.
func pgRestore(rest []string) Risk {
	for i, w := range rest {
		switch {
		case w == "-l", w == "--list", w == "--file=/dev/null", w == "-f" && i+1 < len(rest) && rest[i+1] == "/dev/null":
			return when(slices.ContainsFunc(rest, func(w string) bool { return strings.HasPrefix(w, "-d") || strings.HasPrefix(w, "--dbname") }), Destructive, Read)
		}
	}
	return Destructive
}

// sqlIn judges the statements that stand behind a flag; a file, or nothing, could hold anything.
func sqlIn(rest []string, short, long string) Risk {
	risk, found := Read, false
	for i, w := range rest {
		text := ""
		switch {
		case (w == short || w == long) && i+1 < len(rest):
			text = rest[i+1]
		case strings.HasPrefix(w, short) && len(w) > len(short):
			text = w[len(short):]
		case strings.HasPrefix(w, long+"="):
			text = w[len(long)+1:]
		case w == "-l" || w == "--list" || w == "--version":
			found = true
			continue
		case w == "-f" || strings.HasPrefix(w, "--file"):
			return Destructive
		default:
			continue
		}
		found = true
		risk = Worse(risk, sqlText(text))
	}
	return when(found, risk, Destructive)
}

func sqlText(text string) Risk {
	if strings.Contains(text, "\x00") {
		return Destructive // a value pasted into SQL
	}
	return InferRisk("sql", text).Risk
}

func sqlite3(rest []string) Risk {
	words := slices.DeleteFunc(slices.Clone(rest), func(w string) bool { return strings.HasPrefix(w, "-") })
	if len(words) < 2 {
		return Destructive
	}
	if words[1] == ".dump" || words[1] == ".schema" || words[1] == ".tables" {
		return Read
	}
	return sqlText(words[1])
}

// knownProgram says that something is known about a program.
func knownProgram(name string, rest []string, funcs map[string]bool) bool {
	for _, list := range [][]string{readers, changers, destroyers, runners} {
		if slices.Contains(list, name) {
			return true
		}
	}
	_, ok := judge(name, rest)
	return ok || funcs[name]
}

// runners run other texts, see nested.
var runners = strings.Fields("bash sh dash zsh ksh xargs watch parallel find trap exec python python3 node ruby perl make pytest")
