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
	nproc vmstat iostat mpstat printenv lscpu lsblk tree redis-check-rdb pg_verifybackup pg_controldata pg_isready base64 export declare typeset read`)

var changers = strings.Fields(`
	cp install rsync tee ln touch mkdir mktemp chmod chown chgrp tar unzip gzip gunzip zip split wget scp patch pg_dump pg_dumpall pg_basebackup createdb createuser
	apt apt-get yum dnf pip npm mount cpio`)

var destroyers = strings.Fields(`
	rm rmdir unlink mv dd shred truncate fdisk parted wipefs pkill killall shutdown reboot halt poweroff dropdb dropuser pg_ctl pg_resetwal pg_rewind pg_ctlcluster
	pg_dropcluster pg_upgradecluster eval source . ufw umount userdel passwd su runuser chroot nsenter unshare initctl service rc-service sv alias enable
	at batch ifdown lvremove vgremove mdadm swapoff chattr repmgr kubeadm`)

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
	"iptables": {grammar: grammar{short: "LSnvxw", valued: "t", long: "list list-rules numeric verbose line-numbers exact", longVal: "table"}, fine: func(c commandLine) bool { return c.has("-L", "-S", "--list", "--list-rules") }},
	"sysctl": {grammar: grammar{short: "anNebA", long: "all names values"}, fine: func(c commandLine) bool {
		return !slices.ContainsFunc(c.args, func(w string) bool { return strings.Contains(w, "=") })
	}},
	"nc":  {grammar: grammar{short: "zvnu46", valued: "w"}, fine: func(c commandLine) bool { return c.has("-z") }},
	"gpg": {grammar: grammar{long: "verify list-keys fingerprint batch", longVal: "keyring homedir"}, fine: func(c commandLine) bool { return c.has("--verify", "--list-keys", "--fingerprint") }},
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
	case "openssl":
		return openssl(rest), true
	case "tar", "unzip", "gzip", "gunzip", "rsync", "wget":
		return Read, onlyLooks(name, rest)
	case "nginx":
		return when(len(rest) > 0 && slices.Contains(strings.Fields("-t -T -v -V"), rest[0]), Read, Destructive), true
	case "top":
		return Read, true
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

// openssl has options of one dash and a whole word: it reads unless one of them names a file to write.
func openssl(rest []string) Risk {
	if len(rest) == 0 || !slices.Contains(strings.Fields("x509 s_client version verify dgst rand crl req asn1parse ciphers"), rest[0]) {
		return Destructive
	}
	risk := Read
	for _, to := range after(rest, "-out", "-keyout", "-writerand", "-sess_out", "-keylogfile") {
		risk = Worse(risk, when(livesThere(to), Destructive, Change))
	}
	return risk
}

// onlyLooks says that a program which otherwise changes files looks at them this time.
func onlyLooks(name string, rest []string) bool {
	letter := func(letters string) bool {
		return slices.ContainsFunc(rest, func(w string) bool {
			return len(w) > 1 && w[0] == '-' && w[1] != '-' && strings.ContainsAny(w, letters)
		})
	}
	switch name {
	case "tar":
		first := ""
		if len(rest) > 0 {
			first = strings.TrimPrefix(rest[0], "-")
		}
		return (slices.Contains(rest, "--list") || !strings.HasPrefix(first, "-") && strings.Contains(first, "t")) && !strings.ContainsAny(first, "xcru") && !slices.ContainsFunc(rest, func(w string) bool {
			return strings.HasPrefix(w, "--") && !slices.Contains([]string{"--list", "--verbose", "--gzip", "--file"}, strings.SplitN(w, "=", 2)[0]) || strings.HasPrefix(w, "-I")
		})
	case "unzip":
		return letter("lZt") && !letter("od")
	case "gzip", "gunzip":
		return letter("tl") && !letter("fk")
	case "rsync":
		return letter("n") || slices.Contains(rest, "--dry-run")
	case "wget":
		c := grammar{short: "qnv", valued: "OTt", long: "spider quiet no-verbose server-response", longVal: "timeout tries output-document header"}.parse(rest, false)
		return c.unknown == "" && (c.has("--spider") || slices.Equal(c.values("-O", "--output-document"), []string{"-"}))
	}
	return false
}
