package runbook

import (
	"regexp"
	"slices"
	"strings"
)

// The clients of databases: which of their words are SQL, and when their standard input is.

var (
	sqlOptions = map[string][]string{
		"clickhouse-client": {"-q", "--query"}, "clickhouse": {"-q", "--query"}, "clickhouse-local": {"-q", "--query"}, "cqlsh": {"-e", "--execute"}, "sqlcmd": {"-Q", "-q"}, "cockroach": {"-e", "--execute"}, "bq": {}, "influx": {"-execute", "--execute"},
		"snowsql": {"-q", "--query"}, "trino": {"--execute"}, "presto": {"--execute"}, "beeline": {"-e"}, "hive": {"-e"}, "spark-sql": {"-e"}, "impala-shell": {"-q", "--query"}, "usql": {"-c", "--command"}, "mycli": {"-e", "--execute"}, "ysqlsh": {"-c", "--command"}, "vsql": {"-c"}, "gsql": {"-c"},
	}
	// statementWord begins like a statement that names what it is about; printers are programs that only show or look for words.
	statementWord = regexp.MustCompile(`(?is)^\s*(?:delete\s+from|update\s+\S+\s+set|insert\s+into|replace\s+into|select\s.*\sfrom|drop\s+(?:table|database|schema|view|index|user|role|keyspace|series|measurement)|alter\s+(?:table|database|user|role|system)|truncate\s|grant\s.*\sto|revoke\s.*\sfrom)\s`)
	printers      = strings.Fields("echo printf logger grep egrep fgrep rg cat ls git curl wget test [")
)

// database looks at the clients of databases.
func (o occurrence) database() {
	switch o.name {
	case "psql":
		c := psqlLine.parse(o.rest, false)
		for _, text := range c.values("-c", "--command") {
			o.text(sqlLanguage(postgresWords), text, o.t.boundPsql(o, text))
		}
		if files := c.values("-f", "--file"); len(files) == 0 || slices.Contains(files, "-") || slices.ContainsFunc(files, func(f string) bool { return strings.Contains(f, "\x00") || len(o.t.marks(f)) > 0 }) {
			o.fed(sqlLanguage(postgresWords))
			o.raw(c)
		}
	case "mysql", "mariadb":
		for _, text := range mysqlLine.parse(o.rest, false).values("-e", "--execute") {
			o.text(sqlLanguage(mysqlWords), text, "")
		}
		o.fed(sqlLanguage(mysqlWords))
	case "sqlite3", "sqlite", "duckdb":
		o.sqlite()
	default:
		options := sqlOptions[o.name]
		runs := o.at == len(o.words)-len(unwrap(o.words)) && !slices.Contains(printers, o.name)
		for i, w := range o.rest {
			name, v, ok := strings.Cut(w, "=")
			switch {
			case slices.Contains(options, before(o.rest, i)):
				o.text(sqlLanguage(sqliteWords), w, "")
			case ok && slices.Contains(options, name):
				o.text(sqlLanguage(sqliteWords), v, "")
			case len(w) > 2 && slices.Contains(options, w[:2]) && w[1] != '-':
				o.text(sqlLanguage(sqliteWords), w[2:], "")
			case runs && statementWord.MatchString(w):
				o.text(sqlLanguage(sqliteWords), w, "")
			}
		}
		if options != nil {
			o.fed(sqlLanguage(sqliteWords))
		}
	}
}

// raw looks for :name in a text of psql's, where psql pastes the value of -v as it is; :'name' quotes it.
func (o occurrence) raw(c commandLine) {
	for _, v := range c.values("-v", "--set", "--variable") {
		name, value, _ := strings.Cut(v, "=")
		if name == "" || len(o.t.marks(value)) == 0 {
			continue
		}
		for _, in := range o.input {
			for _, m := range regexp.MustCompile(`(^|[^:]):`+regexp.QuoteMeta(name)+`\b`).FindAllStringIndex(in, -1) {
				at := strings.IndexByte(in[m[0]:m[1]], ':') + m[0]
				o.text(sqlLanguage(postgresWords), in[:at]+value+in[m[1]:], "write :'"+name+"' in the SQL, which psql quotes")
			}
		}
	}
}

// sqlite looks at every word behind the database's, each of which is a text.
func (o occurrence) sqlite() {
	db := false
	for i := 0; i < len(o.rest); i++ {
		w := o.rest[i]
		switch {
		case w == "-cmd" || w == "-c" || w == "-s":
			if i++; i < len(o.rest) {
				o.text(sqlLanguage(sqliteWords), o.rest[i], "")
			}
		case slices.Contains(strings.Fields("-separator -init -newline -nullvalue -maxsize -mmap -vfs -lookaside -pagecache -heap"), w):
			i++
		case strings.HasPrefix(w, "-"):
		case !db:
			db = true
		default:
			o.text(sqlLanguage(sqliteWords), w, "")
		}
	}
	o.fed(sqlLanguage(sqliteWords))
}
