// Package people knows who is who and who may what: one table.
//
// Who is in it and what they may is the configuration's alone; ids and phone numbers that it leaves out are found by the
// email in chat and PagerDuty (book.go), and who is on call is kept beside it (duty.go).
// A decision asks it and never a network. A chat user, an account or a key must name exactly one person, or it names
// nobody; a table in which two people claim the same one is refused when it is built. Flags that only the chat knows
// (guest, deactivated) are kept in a cache beside the table (flags.go).
package people

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/drbot/drbot/incident"
)

// Entry is one person of drbot.yaml.
type Entry struct {
	Name      string   `yaml:"name" json:"name"`
	Email     string   `yaml:"email" json:"email"`
	Slack     string   `yaml:"slack" json:"slack,omitempty"`
	PagerDuty string   `yaml:"pagerduty" json:"pagerduty,omitempty"`
	Phone     string   `yaml:"phone" json:"phone,omitempty"`
	Unix      string   `yaml:"unix" json:"unix,omitempty"`
	SSHKey    string   `yaml:"ssh_key" json:"ssh_key,omitempty"`
	Manager   string   `yaml:"manager" json:"manager,omitempty"`
	Roles     []string `yaml:"roles" json:"roles,omitempty"`
	Found     []string `yaml:"-" json:"found,omitempty"`       // slack, pagerduty, phone: not of the configuration, but found by the email
	Breaks    bool     `yaml:"-" json:"break_glass,omitempty"` // listed in break_glass; a right like a role, and recorded as one (I17)
}

// Key is what the record calls the person: the lower-case email, else the chat user.
func (e Entry) Key() string {
	if e.Email != "" {
		return strings.ToLower(e.Email)
	}
	return "slack:" + e.Slack
}

// Person is the entry as the record writes it, with what proved it.
func (e Entry) Person(proof string) incident.Person {
	return incident.Person{Key: e.Key(), Name: e.Name, Slack: e.Slack, Proof: proof}
}

// Table is immutable.
type Table struct {
	entries []Entry
	by      map[string]int // "slack:U1", "unix:ana", "email:…", "pagerduty:…" -> entry
	may     map[string]map[incident.Right]bool
	digest  string
}

// Fault is what is wrong with one entry; Key is the key of drbot.yaml that it is about, where it is about one.
type Fault struct {
	Entry   int
	Key     string
	problem string
}

func (f *Fault) Error() string { return f.problem }

// New builds a table; the error is a *Fault and names what two people share or what is missing.
func New(entries []Entry) (*Table, error) {
	t := &Table{entries: slices.Clone(entries), by: map[string]int{}, may: map[string]map[incident.Right]bool{}}
	for k, e := range t.entries {
		if e.Name == "" || e.Email == "" && e.Slack == "" {
			return nil, &Fault{k, "", fmt.Sprintf("people[%d]: a person needs a name, and an email or a slack id", k)}
		}
		rights := map[incident.Right]bool{incident.Everyone: true}
		for _, role := range e.Roles {
			right := incident.Right(role)
			switch right {
			case incident.Responder, incident.Operator, incident.Approver, incident.Admin:
				rights[right] = true
			default:
				return nil, &Fault{k, "roles", fmt.Sprintf("people[%d] %s: role %q is none of responder, operator, approver, admin", k, e.Name, role)}
			}
		}
		for _, alias := range []string{"slack:" + e.Slack, "unix:" + e.Unix, "email:" + strings.ToLower(e.Email), "pagerduty:" + e.PagerDuty, "ssh:" + keyBody(e.SSHKey)} {
			if strings.HasSuffix(alias, ":") {
				continue
			}
			if other, taken := t.by[alias]; taken {
				key, _, _ := strings.Cut(alias, ":")
				return nil, &Fault{k, strings.Replace(key, "ssh", "ssh_key", 1), fmt.Sprintf("people[%d] %s and people[%d] %s share %s: each must be one person's alone", other, t.entries[other].Name, k, e.Name, alias)}
			}
			t.by[alias] = k
		}
		t.may[e.Key()] = rights
	}
	encoded, err := json.Marshal(t.entries)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(encoded)
	t.digest = hex.EncodeToString(sum[:])
	return t, nil
}

// keyBody drops the comment of an authorized_keys line, so that the same key twice is seen as such.
func keyBody(key string) string {
	fields := strings.Fields(key)
	if len(fields) < 2 {
		return ""
	}
	return fields[0] + " " + fields[1]
}

// May answers for a key of the record; unknown keys may nothing but what everyone may.
func (t *Table) May(key string, right incident.Right) bool {
	return right == incident.Everyone || t.may[key][right]
}

// Digest is the revision of the table (I43).
func (t *Table) Digest() string { return t.digest }

// All lists the entries in the configuration's order.
func (t *Table) All() []Entry { return slices.Clone(t.entries) }

// Slack finds a person by chat user id, Unix by account name, Email by address, Key by the record's key.
func (t *Table) Slack(id string) (Entry, bool)     { return t.find("slack:" + id) }
func (t *Table) Unix(account string) (Entry, bool) { return t.find("unix:" + account) }
func (t *Table) Email(address string) (Entry, bool) {
	return t.find("email:" + strings.ToLower(address))
}

// SSH finds a person by an authorized_keys line, without regard to its comment.
func (t *Table) SSH(key string) (Entry, bool) { return t.find("ssh:" + keyBody(key)) }

func (t *Table) find(alias string) (Entry, bool) {
	k, ok := t.by[alias]
	if !ok || strings.HasSuffix(alias, ":") {
		return Entry{}, false
	}
	return t.entries[k], true
}

// ByKey finds a person by the record's key.
func (t *Table) ByKey(key string) (Entry, bool) {
	for _, e := range t.entries {
		if e.Key() == key {
			return e, true
		}
	}
	return Entry{}, false
}

// Named finds a person by what somebody typed: an email, a full name, or an unambiguous beginning of a name.
func (t *Table) Named(typed string) (Entry, bool) {
	typed = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(typed), "@"))
	if e, ok := t.find("email:" + typed); ok {
		return e, true
	}
	var found []Entry
	for _, e := range t.entries {
		name := strings.ToLower(e.Name)
		if name == typed {
			return e, true
		}
		if first, _, _ := strings.Cut(name, " "); first == typed {
			found = append(found, e)
		}
	}
	if len(found) != 1 || typed == "" {
		return Entry{}, false
	}
	return found[0], true
}

// With lists who holds any of the rights, in the configuration's order.
func (t *Table) With(rights ...incident.Right) []incident.Person {
	var list []incident.Person
	for _, e := range t.entries {
		if slices.ContainsFunc(rights, func(r incident.Right) bool { return t.may[e.Key()][r] }) {
			list = append(list, e.Person(""))
		}
	}
	return list
}

// Breakers lists who may break the glass, in the configuration's order.
func (t *Table) Breakers() []incident.Person {
	var list []incident.Person
	for _, e := range t.entries {
		if e.Breaks {
			list = append(list, e.Person(""))
		}
	}
	return list
}

// Changes says in words what differs from an earlier table (I17).
func (t *Table) Changes(old *Table) []string {
	var changes []string
	before := map[string]Entry{}
	if old != nil {
		for _, e := range old.entries {
			before[e.Key()] = e
		}
	}
	for _, e := range t.entries {
		was, known := before[e.Key()]
		delete(before, e.Key())
		if !known {
			changes = append(changes, fmt.Sprintf("%s is new: %s", e.Name, roles(e)))
			continue
		}
		if words := differs(was, e); words != "" {
			changes = append(changes, words)
		}
		if words := found(was, e); words != "" {
			changes = append(changes, words)
		}
	}
	for _, e := range before {
		changes = append(changes, fmt.Sprintf("%s is gone, was %s", e.Name, roles(e)))
	}
	sort.Strings(changes)
	return changes
}

// differs says in words what the configuration says otherwise of a person, to the last account: whose acts are whose, who is
// woken and whose number is called hang on it.
func differs(was, is Entry) string {
	var list []string
	if roles(was) != roles(is) {
		list = append(list, roles(is)+", was "+roles(was))
	}
	if was.Name != is.Name {
		list = append(list, "name, was "+was.Name)
	}
	for _, what := range []struct{ source, words, was, is string }{
		{FromSlack, "user of the chat", was.Slack, is.Slack}, {FromPagerDuty, "user of PagerDuty", was.PagerDuty, is.PagerDuty}, {"phone", "phone", was.Phone, is.Phone},
		{"", "account on the machine", was.Unix, is.Unix}, {"", "manager", was.Manager, is.Manager},
	} {
		now, then := slices.Contains(is.Found, what.source), slices.Contains(was.Found, what.source)
		if what.was != what.is && !now && !(then && what.is == "") {
			list = append(list, fmt.Sprintf("%s %s, was %s", what.words, orNone(what.is), orNone(what.was)))
		}
	}
	if keyBody(was.SSHKey) != keyBody(is.SSHKey) {
		list = append(list, "another key for the terminal")
	}
	if len(list) == 0 {
		return ""
	}
	return is.Name + ": " + strings.Join(list, "; ")
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// found says in words what a source said of a person that it had not said before, or says no more.
func found(was, is Entry) string {
	var list []string
	for _, what := range []struct{ key, words, was, is string }{
		{FromSlack, "user %s of the chat", was.Slack, is.Slack}, {FromPagerDuty, "user %s of PagerDuty", was.PagerDuty, is.PagerDuty}, {"phone", "the phone number %s", was.Phone, is.Phone},
	} {
		now, then := slices.Contains(is.Found, what.key), slices.Contains(was.Found, what.key)
		switch {
		case what.was == what.is || !now && !then:
		case now:
			list = append(list, fmt.Sprintf("has "+what.words, what.is))
		case what.is == "":
			list = append(list, fmt.Sprintf("has no more "+what.words, what.was))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return is.Name + " " + strings.Join(list, ", ") + ", by the email"
}

func roles(e Entry) string {
	list := slices.Clone(e.Roles)
	slices.Sort(list)
	if e.Breaks {
		list = append(list, "may break the glass")
	}
	if len(list) == 0 {
		return "no role"
	}
	return strings.Join(list, ", ")
}
