package runbook

import (
	"slices"
	"strings"
)

// What is known about programs. A program that stands in none of these lists says little about its risk: the reviewer does.

// readers only read, whatever their options are.
var readers = strings.Fields(`
	: [ [[ test true false echo cat head tail wc ls stat du df sleep seq grep egrep fgrep zgrep zcat cut tr rev fold nl tac
	basename dirname readlink realpath pwd cd id whoami uname ps pgrep lsof netstat free uptime dig nslookup host ping getent
	sha256sum sha1sum sha512sum md5sum b2sum cksum cmp diff comm file od hexdump jq column paste join expr numfmt strings
	local readonly shift return exit set shopt break continue wait type which let unset getopts sync
	redis-check-rdb pg_verifybackup pg_controldata pg_isready base64 export declare typeset read`)

var changers = strings.Fields(`
	cp install rsync tee ln touch mkdir mktemp chmod chown chgrp tar unzip gzip gunzip zip split wget scp patch pg_dump pg_dumpall pg_basebackup createdb createuser
	apt apt-get yum dnf pip npm mount cpio`)

var destroyers = strings.Fields(`
	rm rmdir unlink mv dd shred truncate fdisk parted wipefs pkill killall shutdown reboot halt poweroff dropdb dropuser pg_ctl pg_resetwal pg_rewind pg_ctlcluster
	pg_dropcluster pg_upgradecluster eval source . iptables nft ufw umount userdel passwd ssh su runuser chroot nsenter unshare initctl service rc-service sv alias enable
	sysctl lvremove vgremove mdadm swapoff chattr nodetool patronictl repmgr kubeadm`)

// reading is a program that reads as long as its options are those of a grammar.
type reading struct {
	grammar
	writes string                 // short options whose value is a file that is written
	makes  []string               // options that write a file under a name from elsewhere
	fine   func(commandLine) bool // what else must hold; nil: nothing
}

func atMost(n int) func(commandLine) bool {
	return func(c commandLine) bool { return len(c.args) <= n }
}

var readings = map[string]reading{
	"sort": {grammar: grammar{short: "bdfghiMnRrVzcCmsu", valued: "ktSTo", long: "numeric-sort reverse unique human-numeric-sort version-sort stable zero-terminated ignore-case check general-numeric-sort", longVal: "key field-separator buffer-size parallel temporary-directory"}, writes: "o"},
	"uniq": {grammar: grammar{short: "cdDuiz", valued: "fsw", long: "count repeated unique ignore-case zero-terminated", longVal: "skip-fields skip-chars check-chars"}, fine: atMost(1)},
	"date": {grammar: grammar{short: "uR", valued: "dfr", attached: "I", long: "utc universal rfc-email iso-8601", longVal: "date reference rfc-3339 file"}, fine: func(c commandLine) bool {
		return !slices.ContainsFunc(c.args, func(w string) bool { return !strings.HasPrefix(w, "+") })
	}},
	"hostname":  {grammar: grammar{short: "sfdiIAy", long: "short fqdn long domain ip-address all-ip-addresses all-fqdns"}, fine: atMost(0)},
	"ss":        {grammar: grammar{short: "nrlaopemiHsZN46tuwxd0EbBgMqQST", valued: "fAF", long: "numeric listening all processes extended memory info tcp udp unix summary no-header", longVal: "family query"}},
	"fuser":     {grammar: grammar{short: "amuvc46lz", valued: "n", long: "all mount user verbose"}},
	"xxd":       {grammar: grammar{short: "abeEipu", valued: "cglos"}, fine: atMost(1)},
	"hash":      {grammar: grammar{short: "rlt"}},
	"mapfile":   {grammar: grammar{short: "t", valued: "dnOsu"}},
	"readarray": {grammar: grammar{short: "t", valued: "dnOsu"}},
	"printf": {grammar: grammar{valued: "v"}, fine: func(c commandLine) bool {
		return !slices.ContainsFunc(c.values("-v"), func(v string) bool { return v == "PATH" || slices.Contains(steering, v) })
	}},
	"redis-check-aof": {fine: func(c commandLine) bool { return len(c.options) == 0 }},
	"pg_amcheck":      {grammar: grammar{short: "asewPvy", valued: "dDhijnNpRrStTU", long: "all heapallindexed parent-check rootdescend verbose progress on-error-stop no-dependent-indexes checkunique", longVal: "database host port username table schema index jobs skip maintenance-db"}},
	"crontab":         {grammar: grammar{short: "l", valued: "u"}, fine: func(c commandLine) bool { return c.has("-l") }},
	"journalctl":      {grammar: grammar{short: "aefklmqrxNW", valued: "bcDFgiMnopStTuU", attached: "", long: "no-pager follow reverse quiet utc all no-tail dmesg user system catalog merge list-boots disk-usage verify header", longVal: "unit since until lines output priority grep boot identifier directory file facility user-unit after-cursor cursor field root machine case-sensitive output-fields"}},
	"curl":            {grammar: curlLine, writes: "oD", makes: []string{"-O", "--remote-name"}, fine: curlReads},
	"sed":             {grammar: grammar{short: "nErsuz", valued: "el", long: "quiet silent regexp-extended null-data separate unbuffered sandbox posix", longVal: "expression line-length"}, fine: sedReads},
	"awk":             {grammar: awkLine, fine: awkReads}, "gawk": {grammar: awkLine, fine: awkReads}, "mawk": {grammar: awkLine, fine: awkReads},
	"git": {grammar: grammar{valued: "C", long: "no-pager", longVal: "git-dir work-tree"}, fine: gitReads},
}

// judge looks at the words after the program's name; false: it knows nothing about the program.
func judge(name string, rest []string) (Risk, bool) {
	if how, ok := readings[name]; ok {
		return how.risk(name, rest), true
	}
	if how, ok := verbed[name]; ok {
		return how.risk(rest), true
	}
	switch name {
	case "docker", "docker-compose", "podman", "nerdctl":
		return docker(name, rest), true
	case "aws", "gcloud", "az":
		return cloud(name, rest), true
	case "redis-cli":
		return redisCLI(rest), true
	case "pg_restore":
		return pgRestore(rest), true
	case "kill":
		return when(len(rest) > 0 && (rest[0] == "-0" || rest[0] == "-l"), Read, Destructive), true
	case "psql":
		return sqlIn(psqlLine, postgresWords, rest, "-c", "--command"), true
	case "mysql", "mariadb":
		return sqlIn(mysqlLine, mysqlWords, rest, "-e", "--execute"), true
	case "sqlite3":
		return sqlite3(rest), true
	}
	return Destructive, false
}

// risk is Read only if every option is one that reads. What is written to a file is a change, or worse where something
// lives under that name.
func (g reading) risk(name string, rest []string) Risk {
	c := g.parse(rest, name == "git" || name == "printf")
	if c.unknown != "" || g.fine != nil && !g.fine(c) {
		return elseRisk(name, rest)
	}
	risk := when(c.has(g.makes...), Change, Read)
	for _, r := range g.writes {
		for _, to := range c.values("-" + string(r)) {
			if to != "/dev/null" && to != "-" {
				risk = Worse(risk, when(livesThere(to), Destructive, Change))
			}
		}
	}
	return risk
}

// elseRisk is what remains of a program that does not only read this time.
func elseRisk(name string, rest []string) Risk {
	switch name {
	case "sed":
		c := grammar{short: "nErsuz", valued: "efl", attached: "i", longVal: "expression file", long: "in-place quiet silent regexp-extended"}.parse(rest, false)
		kept := slices.ContainsFunc(append(c.values("-i"), c.values("--in-place")...), func(suffix string) bool { return suffix != "" })
		if c.unknown == "" && kept && sedReads(c) {
			return Change // the file that was there stays, under another name
		}
	case "git":
		c := readings["git"].parse(rest, true)
		if c.unknown == "" && slices.Contains(strings.Fields("clone fetch pull add commit"), c.arg(0)) {
			return Change
		}
	}
	return Destructive
}

func when(ok bool, yes, no Risk) Risk {
	if ok {
		return yes
	}
	return no
}

// knownProgram says that something is known about a program.
func knownProgram(name string, rest []string, funcs map[string]bool) bool {
	for _, list := range [][]string{readers, changers, destroyers, runners, shells, languages} {
		if slices.Contains(list, name) {
			return true
		}
	}
	_, ok := judge(name, rest)
	return ok || funcs[name]
}

// runners run other texts, see nested.
var runners = strings.Fields("xargs watch parallel find trap exec make pytest")
