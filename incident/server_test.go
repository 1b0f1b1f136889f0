package incident

import (
	"strings"
	"testing"
)

// TestI1_TheServerIsPartOfWhatIsApproved: every part of where a step connects changes the digest, and stands in the text.
func TestI1_TheServerIsPartOfWhatIsApproved(t *testing.T) {
	spec := Spec{Interpreter: "sql", Script: "SELECT 1", Server: &Server{Kind: Postgres, Host: "db1", Port: 5432, Database: "aragora", User: "dr", Secret: "pg", TLS: "system"}}
	digest := func(s Spec) string {
		a, err := s.Resolve(nil, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		return a.Digest([]byte(s.Script))
	}
	a, err := spec.Resolve(nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := `server      postgres at "db1" port 5432, database "aragora", user "dr", password from secret "pg", TLS`; !strings.Contains(a.Text(nil), want+"\n") {
		t.Errorf("%s", a.Text(nil))
	}
	whole := digest(spec)
	for name, change := range map[string]func(*Spec){
		"kind": func(s *Spec) { s.Server.Kind = Redis }, "host": func(s *Spec) { s.Server.Host = "db2" }, "port": func(s *Spec) { s.Server.Port++ },
		"database": func(s *Spec) { s.Server.Database = "postgres" }, "user": func(s *Spec) { s.Server.User = "root" }, "secret": func(s *Spec) { s.Server.Secret = "other" },
		"tls": func(s *Spec) { s.Server.TLS = "off" }, "none": func(s *Spec) { s.Server = nil }, "read-only": func(s *Spec) { s.ReadOnly = true },
		"line": func(s *Spec) { s.Server.User = "dr\"\nserver postgres at \"db2" },
	} {
		other := spec
		if server := *spec.Server; true {
			other.Server = &server
		}
		change(&other)
		if digest(other) == whole {
			t.Errorf("another %s has the same digest", name)
		}
	}
}

func TestServersAreEncryptedWhereTheTalkLeavesTheHost(t *testing.T) {
	for host, local := range map[string]bool{
		"127.0.0.1": true, "127.9.9.9": true, "::1": true, "localhost": true, "/var/run/postgresql": true, "db1": false, "10.0.0.1": false, "127.0.0.1.evil.example": false, "localhost.evil.example": false,
	} {
		s := Server{Kind: Postgres, Host: host}
		if yes, _ := s.Encrypted(); s.Local() != local || yes == local {
			t.Errorf("%s: local %v, encrypted %v", host, s.Local(), yes)
		}
	}
	if yes, roots := (Server{Host: "127.0.0.1", TLS: "/etc/ca.pem"}).Encrypted(); !yes || roots != "/etc/ca.pem" {
		t.Error("named roots are not used")
	}
	if yes, _ := (Server{Host: "db1", TLS: "off"}).Encrypted(); yes {
		t.Error("off is not off")
	}
}
