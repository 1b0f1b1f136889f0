package incident

import (
	"fmt"
	"net/netip"
	"strings"
)

// The kinds of server that a target can name.
const (
	Postgres = "postgres"
	Redis    = "redis"
)

// Server is what the steps of a target speak to. The password is here by the name of its secret only.
type Server struct {
	Kind     string `json:"kind"`
	Host     string `json:"host"` // a name, an address, or the directory of a socket (postgres), or the socket (redis)
	Port     int    `json:"port,omitempty"`
	Database string `json:"database,omitempty"`
	User     string `json:"user,omitempty"`
	Secret   string `json:"secret,omitempty"` // of the configuration
	TLS      string `json:"tls,omitempty"`    // off | system | the file of the roots; "" is off on this host and system elsewhere
}

// Local reports whether nothing of the talk leaves the host.
func (s Server) Local() bool {
	address, err := netip.ParseAddr(s.Host)
	return strings.HasPrefix(s.Host, "/") || s.Host == "localhost" || err == nil && address.IsLoopback()
}

// Encrypted reports whether the talk is, and by whose roots: "" are the system's.
func (s Server) Encrypted() (yes bool, roots string) {
	switch s.TLS {
	case "off":
		return false, ""
	case "":
		return !s.Local(), ""
	case "system":
		return true, ""
	}
	return true, s.TLS
}

// String is one line for people: who, where, how, and which secret opens it.
func (s Server) String() string {
	line := fmt.Sprintf("%s at %q", s.Kind, s.Host)
	if s.Port != 0 {
		line += fmt.Sprintf(" port %d", s.Port)
	}
	if s.Database != "" {
		line += fmt.Sprintf(", database %q", s.Database)
	}
	if s.User != "" {
		line += fmt.Sprintf(", user %q", s.User)
	}
	if s.Secret != "" {
		line += fmt.Sprintf(", password from secret %q", s.Secret)
	}
	if encrypted, roots := s.Encrypted(); encrypted && roots != "" {
		return line + fmt.Sprintf(", TLS by the roots in %q", roots)
	} else if encrypted {
		return line + ", TLS"
	}
	return line
}

// Environment is what the server's own client programs read, for bash steps on its target: so that none of them can
// reach another server than the one that the approver saw. password may be empty: then it is not there.
func (s Server) Environment(password string) []Var {
	port := ""
	if s.Port != 0 {
		port = fmt.Sprint(s.Port)
	}
	var all []Var
	switch s.Kind {
	case Postgres:
		mode := "disable"
		encrypted, roots := s.Encrypted()
		if encrypted {
			mode = "verify-full"
			if roots == "" {
				roots = "system" // libpq 16; an older one looks for a file of that name and refuses
			}
		}
		all = []Var{
			{"PGHOST", s.Host}, {"PGPORT", port}, {"PGDATABASE", s.Database}, {"PGUSER", s.User}, {"PGPASSWORD", password},
			{"PGSSLMODE", mode}, {"PGSSLROOTCERT", roots}, {"PGPASSFILE", "/dev/null"}, {"PGSERVICEFILE", "/dev/null"}, {"PGAPPNAME", "drbot"},
		}
	case Redis:
		all = []Var{{"REDIS_HOST", s.Host}, {"REDIS_PORT", port}, {"REDISCLI_AUTH", password}, {"REDIS_USER", s.User}}
	}
	given := all[:0]
	for _, v := range all {
		if v.Value != "" {
			given = append(given, v)
		}
	}
	return given
}

// Work is one text as the executor of its interpreter gets it, in the step's own process.
type Work struct {
	Script      string
	Server      Server
	Password    string            // of the server, in the clear
	ReadOnly    bool              // whatever the text says, it must not change a thing
	Values      map[string]string // parameters and secrets, by name
	Identifiers []string          // the Values that may stand for a name: of a database, a table, a role
}
