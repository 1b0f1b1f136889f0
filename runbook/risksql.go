package runbook

import (
	"regexp"
	"slices"
	"strings"
)

// sqlWords is how one family of servers reads SQL, where the families differ.
type sqlWords struct {
	name        string
	dollars     bool // $tag$ … $tag$ is a string
	backslashes bool // a backslash escapes a quote in a plain string
	brackets    bool // [a name] is quoted
	hashes      bool // # begins a comment, and -- does only before a blank
}

var (
	postgresWords = sqlWords{name: "PostgreSQL", dollars: true}
	mysqlWords    = sqlWords{name: "MySQL", backslashes: true, hashes: true}
	sqliteWords   = sqlWords{name: "SQLite", brackets: true}
)

var (
	sqlWord   = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
	dollarTag = regexp.MustCompile(`^\$(?:[A-Za-z_][A-Za-z0-9_]*)?\$`)
	connects  = regexp.MustCompile(`(?m)^\\connect[ \t]+(:"[A-Z][A-Z0-9_]*"|[a-z_][a-z0-9_]*)[ \t]*$`)
	sqlShell  = regexp.MustCompile(`(?m)^\s*[.\\]\S*`)
	sqlDeeds  = regexp.MustCompile(`(?i)\b(insert|update|delete|into|merge|pg_promote|pg_terminate_backend|pg_cancel_backend|pg_switch_wal|pg_drop\w*|pg_create\w*|setval|nextval|lo_import|lo_export|lo_unlink|load_extension|writefile|dblink\w*|pg_read\w*|pg_ls\w*|edit)\b`)
	sqlCall   = regexp.MustCompile(`(?i)([a-z_][a-z0-9_]*(?:\s*\.\s*[a-z_][a-z0-9_]*)*)\s*\(`)
	copiesOut = regexp.MustCompile(`(?is)^\s*copy\b.*\bto\s+stdout\b`)
	metaReads = regexp.MustCompile(`^\s*\\(?:d[a-zA-Z]*\+?|l\+?|z|s[fv]\+?|conninfo|timing|x|encoding)(?:[ \t]+[A-Za-z0-9_.*?"]+)?\s*$`) // psql describes
	readsOnly = []string{
		"integrity_check", "quick_check", "foreign_key_check", "foreign_key_list", "table_info", "table_xinfo", "table_list", "index_list", "index_info",
		"database_list", "page_count", "page_size", "freelist_count", "user_version", "schema_version", "application_id", "journal_mode", "encoding", "compile_options", "data_version",
	}
)

// sqlReads are functions that read, and words of the language that stand before a parenthesis. Every other function may do
// anything: PostgreSQL's own end a recovery, and a team's may empty a table.
var sqlReads = strings.Fields(`
	copy in values as over filter exists any some all and or not when then else case on using from where by having limit offset select with within distinct union except intersect lateral array row
	count sum min max avg total coalesce nullif ifnull iif greatest least abs round floor ceil ceiling trunc mod power sqrt random sign length char_length octet_length bit_length lower upper initcap
	trim ltrim rtrim btrim substr substring replace translate reverse repeat concat concat_ws string_agg group_concat array_agg json_agg jsonb_agg json_object_agg jsonb_object_agg json_build_object
	jsonb_build_object json_build_array jsonb_build_array row_to_json to_json to_jsonb json_extract json_each json_tree json_valid json_type json_array json_object json_array_length jsonb_array_length
	jsonb_each jsonb_each_text jsonb_array_elements jsonb_array_elements_text json_array_elements unnest generate_series array_length cardinality array_to_string string_to_array string_to_table
	row_number rank dense_rank percent_rank ntile lag lead first_value last_value percentile_cont percentile_disc mode grouping rollup cube sets
	cast convert format split_part regexp_replace regexp_matches regexp_match regexp_split_to_table position strpos instr left right lpad rpad md5 sha256 sha224 sha384 sha512 digest encode decode hashtext hex unhex quote char
	unicode chr ascii typeof printf strftime strptime datetime date time timestamp timestamptz interval julianday unixepoch now clock_timestamp statement_timestamp transaction_timestamp localtimestamp current_timestamp
	current_date current_time age extract date_trunc date_part date_format make_interval make_timestamptz to_char to_timestamp to_date to_number timezone from_unixtime unix_timestamp timestampdiff datediff
	numeric decimal varchar char bit float int integer bigint text version sqlite_version current_setting current_database current_schema current_schemas current_user session_user database user schema changes last_insert_rowid
	has_table_privilege has_database_privilege has_schema_privilege obj_description col_description to_regclass inet_server_addr inet_server_port inet_client_addr inet_client_port txid_current_snapshot pg_current_snapshot
	pg_is_in_recovery pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_current_wal_lsn pg_current_wal_insert_lsn pg_current_wal_flush_lsn pg_wal_lsn_diff pg_walfile_name
	pg_get_wal_replay_pause_state pg_is_wal_replay_paused pg_size_pretty pg_database_size pg_total_relation_size pg_relation_size pg_table_size pg_indexes_size pg_tablespace_size pg_column_size pg_postmaster_start_time
	pg_conf_load_time pg_backend_pid pg_blocking_pids pg_get_userbyid pg_get_indexdef pg_get_constraintdef pg_get_viewdef pg_get_functiondef pg_get_expr pg_table_is_visible pg_encoding_to_char pg_control_system
	pg_control_checkpoint pg_control_recovery pg_control_init pg_sleep pg_relation_filepath pg_tablespace_location pg_stat_file pg_typeof bt_index_check bt_index_parent_check verify_heapam`)

// bare leaves out strings and comments. ok is false where the text ends inside one, or where two servers would not
// agree on what is one.
func (w sqlWords) bare(text string) (string, bool) {
	var b strings.Builder
	for len(text) > 0 {
		n, ok := w.noise(text)
		switch {
		case !ok:
			return "", false
		case n > 0:
			b.WriteByte(' ')
			text = text[n:]
			continue
		case nameStarts(text[0]):
			n := nameLength(text) // a $ inside it, or a quote of another kind behind it, begins no string
			b.WriteString(text[:n])
			text = text[n:]
			continue
		case text[0] >= '0' && text[0] <= '9' && len(text) > 1 && text[1] == '$':
			return "", false
		case text[0] == '$' && !w.dollars && dollarTag.MatchString(text):
			return "", false
		}
		b.WriteByte(text[0])
		text = text[1:]
	}
	return b.String(), true
}

// noise gives the length of the string or comment that a text begins with; 0: it begins with none.
func (w sqlWords) noise(text string) (int, bool) {
	switch {
	case strings.HasPrefix(text, "--") && w.hashes && len(text) > 2 && text[2] > ' ':
		return 0, true // two signs
	case strings.HasPrefix(text, "--"), text[0] == '#' && w.hashes:
		return lineEnd(text), true
	case text[0] == '[' && w.brackets:
		end := strings.IndexByte(text, ']')
		return end + 1, end >= 0
	case strings.HasPrefix(text, "/*!"), strings.HasPrefix(text, "/*+"):
		return 0, false // MySQL runs it
	case strings.HasPrefix(text, "/*"):
		end := strings.Index(text, "*/")
		if end < 0 || strings.Contains(text[2:end], "/*") {
			return 0, false // where comments nest, and where they do not, this ends elsewhere
		}
		return end + 2, true
	case len(text) > 1 && (text[0] == 'E' || text[0] == 'e') && text[1] == '\'' && w.dollars:
		n, ok := quoted(text[1:], '\'', true)
		return n + 1, ok
	case text[0] == '\'', text[0] == '"', text[0] == '`':
		n, ok := quoted(text, text[0], w.backslashes && text[0] != '`')
		if ok && !w.backslashes && text[0] == '\'' && strings.Contains(text[:n], `\'`) {
			return 0, false // with standard_conforming_strings off it goes on
		}
		return n, ok
	case text[0] == '$' && w.dollars:
		tag := dollarTag.FindString(text)
		if tag == "" {
			return 0, true
		}
		end := strings.Index(text[len(tag):], tag)
		return end + 2*len(tag), end >= 0
	}
	return 0, true
}

func nameStarts(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func nameLength(text string) int {
	n := 1
	for n < len(text) && (nameStarts(text[n]) || text[n] == '$' || text[n] >= '0' && text[n] <= '9') {
		n++
	}
	return n
}

func lineEnd(text string) int {
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		return i
	}
	return len(text)
}

// quoted gives the length of a string with its quotes; a doubled quote is one inside it.
func quoted(text string, quote byte, backslash bool) (int, bool) {
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && backslash:
			i++
		case text[i] == quote && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return i + 1, true
		}
	}
	return 0, false
}

// sql judges statement by statement, by the first word; strings and comments are left out.
func (r *Inferred) sql(words sqlWords, text string) {
	if words.hashes {
		text = strings.ReplaceAll(text, `\G`, ";") // MySQL's client shows the row upright
	}
	bare, ok := words.bare(connects.ReplaceAllString(text, "")) // another database of the same server, for the same reading
	if !ok {
		r.raise(Destructive, "does not parse: a quote or comment is left open, or servers differ on where it ends")
		return
	}
	if m := sqlShell.FindString(bare); m != "" {
		r.raise(Destructive, strings.TrimSpace(m)+" is a command of a shell, no SQL")
		return
	}
	if strings.Contains(bare, "\\") {
		r.raise(Destructive, "a backslash is a command of a shell, no SQL")
		return
	}
	for stmt := range strings.SplitSeq(bare, ";") {
		words := sqlWord.FindAllString(strings.ToLower(stmt), 3)
		if len(words) == 0 {
			if strings.TrimSpace(stmt) != "" {
				r.raise(Destructive, "does not parse: "+strings.TrimSpace(stmt))
			}
			continue
		}
		r.statement(words, stmt)
	}
}

func (r *Inferred) statement(words []string, stmt string) {
	what := strings.ToUpper(strings.Join(words[:min(2, len(words))], " "))
	switch words[0] {
	case "copy":
		if !copiesOut.MatchString(stmt) {
			r.raise(Destructive, what)
			return
		}
		fallthrough
	case "select", "with", "values", "explain", "show", "table", "describe", "desc":
		if m := sqlDeeds.FindString(stmt); m != "" {
			r.raise(Destructive, what+" with "+m)
		}
		r.functions(what, stmt)
	case "pragma":
		name := words[min(1, len(words)-1)]
		if len(words) > 2 && strings.Contains(stmt, ".") {
			name = words[2] // PRAGMA schema.name
		}
		if strings.Contains(stmt, "=") || !slices.Contains(readsOnly, name) {
			r.raise(Change, what)
		}
	case "begin", "commit", "end", "rollback", "savepoint", "release":
	case "insert", "create", "analyze", "vacuum", "reindex", "comment", "set":
		r.raise(Change, what)
	default:
		r.raise(Destructive, what)
	}
}

// functions raises for those that are not known to read: a server's own most, a team's own by what it is called.
func (r *Inferred) functions(what, stmt string) {
	for _, m := range sqlCall.FindAllStringSubmatch(stmt, -1) {
		name := strings.ToLower(strings.Join(strings.Fields(m[1]), ""))
		name = strings.TrimPrefix(name, "pg_catalog.")
		switch {
		case slices.Contains(sqlReads, name), strings.HasPrefix(name, "pg_stat_get_"), slices.Contains(readsOnly, strings.TrimPrefix(name, "pragma_")):
		case strings.HasPrefix(name, "pg_"), strings.HasPrefix(name, "query_to_"), strings.HasPrefix(name, "cron."), saysDeed(name), strings.Contains(name, "unschedule"):
			r.raise(Destructive, what+" with "+name+"()")
		case !slices.Contains(r.Unknown, name+"()"):
			r.Unknown = append(r.Unknown, name+"()") // where the server itself holds a step to reading, the reviewer may call it that
		}
	}
}
