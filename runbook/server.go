package runbook

import (
	"cmp"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/drbot/drbot/incident"
)

// serverOf says which kind of server an interpreter speaks to.
var serverOf = map[string]string{SQL: incident.Postgres, Redis: incident.Redis}

var roleForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,62}$`)

// problem says what is wrong with a server; empty: nothing.
func (s *Server) problem() string {
	if s == nil {
		return ""
	}
	_, number := strconv.ParseUint(s.Database, 10, 8)
	switch {
	case s.Kind != incident.Postgres && s.Kind != incident.Redis:
		return fmt.Sprintf("kind %q", s.Kind)
	case strings.HasPrefix(s.Host, "/") && filepath.Clean(s.Host) != s.Host, strings.ContainsAny(s.Host, "\x00\n, "):
		return fmt.Sprintf("host %q", s.Host)
	case !strings.HasPrefix(s.Host, "/") && !hostnameForm.MatchString(s.Host) && s.Host != "::1":
		return fmt.Sprintf("host %q", s.Host)
	case s.Port < 0 || s.Port > 65535:
		return fmt.Sprintf("port %d", s.Port)
	case s.Kind == incident.Postgres && s.Database != "" && !dbForm.MatchString(s.Database):
		return fmt.Sprintf("database %q", s.Database)
	case s.Kind == incident.Redis && s.Database != "" && number != nil:
		return fmt.Sprintf("database %q; Redis numbers them", s.Database)
	case s.User != "" && !roleForm.MatchString(s.User):
		return fmt.Sprintf("user %q", s.User)
	case s.Secret != "" && !secretForm.MatchString(s.Secret):
		return fmt.Sprintf("secret %q", s.Secret)
	case s.TLS != "" && s.TLS != "off" && s.TLS != "system" && !filepath.IsAbs(s.TLS):
		return fmt.Sprintf("tls %q", s.TLS)
	}
	return ""
}

// On completes a server for a run, with the ports and the database that its kind means where the lock says nothing.
func (s *Server) On() *incident.Server {
	if s == nil {
		return nil
	}
	out := incident.Server(*s)
	switch {
	case s.Kind == incident.Postgres:
		out.Port, out.Database = cmp.Or(s.Port, 5432), cmp.Or(s.Database, "postgres")
	case !strings.HasPrefix(s.Host, "/"):
		out.Port = cmp.Or(s.Port, 6379)
	}
	return &out
}

// gives says that a bash step on the target finds the variable in its environment without declaring it.
func (t *Target) gives(name string) bool {
	return t != nil && t.Server != nil && slices.ContainsFunc(t.Server.On().Environment("x"), func(v incident.Var) bool { return v.Name == name })
}

// Words reads a text of the redis or http interpreter: one command a line, words quoted as in a shell, # before a remark. A word
// :NAME, written without quotes, is a parameter and comes back with Parameter set. Anything that a shell would expand is refused.
func Words(text string) ([][]Word, error) {
	var commands [][]Word
	for i, line := range strings.Split(text, "\n") {
		if strings.HasSuffix(line, `\`) {
			return nil, fmt.Errorf("line %d: a command does not go on in the next line", i+1)
		}
		f, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(line), "")
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		if len(f.Stmts) == 0 {
			continue
		}
		s := f.Stmts[0]
		call, ok := s.Cmd.(*syntax.CallExpr)
		if !ok || len(f.Stmts) > 1 || len(s.Redirs) > 0 || s.Background || s.Negated || s.Semicolon.IsValid() || len(call.Assigns) > 0 {
			return nil, fmt.Errorf("line %d: not one command with its words", i+1)
		}
		var words []Word
		for _, w := range call.Args {
			word, err := readWord(w)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
			words = append(words, word)
		}
		if words[0].Parameter || words[0].Text == "" {
			return nil, fmt.Errorf("line %d: the command itself cannot be a parameter", i+1)
		}
		commands = append(commands, words)
	}
	return commands, nil
}

// Word is one word of such a command, or the name of the parameter that is that word.
type Word struct {
	Text      string
	Parameter bool
}

var parameterWord = regexp.MustCompile(`^:[A-Z][A-Z0-9_]{0,63}$`)

func readWord(w *syntax.Word) (Word, error) {
	if lit := w.Lit(); parameterWord.MatchString(lit) {
		return Word{Text: lit[1:], Parameter: true}, nil
	}
	var b strings.Builder
	plain := func(value string, specials string) {
		for i := 0; i < len(value); i++ {
			if value[i] == '\\' && i+1 < len(value) && (specials == "" || strings.IndexByte(specials, value[i+1]) >= 0) {
				i++
			}
			b.WriteByte(value[i])
		}
	}
	for _, part := range w.Parts {
		switch part := part.(type) {
		case *syntax.Lit:
			plain(part.Value, "") // globs mean what Redis takes them for, as in KEYS session:*
		case *syntax.SglQuoted:
			b.WriteString(part.Value)
		case *syntax.DblQuoted:
			for _, inner := range part.Parts {
				lit, ok := inner.(*syntax.Lit)
				if !ok {
					return Word{}, fmt.Errorf("a word that a shell would expand")
				}
				plain(lit.Value, `"\$`+"`")
			}
		default:
			return Word{}, fmt.Errorf("a word that a shell would expand")
		}
	}
	return Word{Text: b.String()}, nil
}

// redis judges each command by its name; one that is not known to read destroys.
func (r *Inferred) redis(text string) {
	commands, err := Words(text)
	if err != nil {
		r.raise(Destructive, "does not parse: "+err.Error())
		return
	}
	for _, words := range commands {
		var line []string
		for _, w := range words {
			line = append(line, w.Text)
		}
		r.raise(redisCommand(line), describe(strings.ToUpper(line[0]), line[1:]))
	}
}

var (
	redisReads = strings.Fields(`INFO DBSIZE PING GET MGET KEYS SCAN TTL PTTL TYPE LASTSAVE EXISTS HGETALL HGET HLEN HMGET HSCAN LRANGE LLEN SMEMBERS SCARD SSCAN
		STRLEN TIME ROLE ZCARD ZRANGE ZSCAN ZSCORE XLEN XRANGE ECHO COMMAND LOLWUT RANDOMKEY SELECT`)
	redisReadsSub = strings.Fields("CONFIG.GET CLIENT.LIST CLIENT.INFO CLIENT.ID MEMORY.USAGE MEMORY.STATS CLUSTER.INFO CLUSTER.NODES SLOWLOG.GET LATENCY.LATEST OBJECT.ENCODING ACL.WHOAMI ACL.LIST")
	redisChanges  = strings.Fields("BGSAVE SAVE BGREWRITEAOF CONFIG.REWRITE WAIT WAITAOF CLIENT.PAUSE CLIENT.UNPAUSE")
)

func redisCommand(words []string) Risk {
	name, sub := strings.ToUpper(words[0]), ""
	if len(words) > 1 {
		sub = name + "." + strings.ToUpper(words[1])
	}
	switch {
	case slices.Contains(redisReads, name), slices.Contains(redisReadsSub, sub):
		return Read
	case slices.Contains(redisChanges, name), slices.Contains(redisChanges, sub):
		return Change
	}
	return Destructive
}
