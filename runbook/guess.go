package runbook

import (
	"regexp"
	"slices"
	"strings"
)

// plainValue is what a value may be that stands among the words of another language, or in a path: nothing in it ends a string, begins a
// command, or leads out of a folder.
const plainValue = "[A-Za-z0-9][A-Za-z0-9_:@+-]*([./][A-Za-z0-9_:@+-]+)*"

// textQuestion follows the name of a parameter about which nothing but its name is known.
const textQuestion = " may be any text: which type or pattern has it?"

const (
	dayPattern   = "20[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])"
	clockPattern = "([01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]"
)

var (
	notName   = regexp.MustCompile(`[^A-Za-z0-9]+`)
	valueWord = regexp.MustCompile(`(?i)^(?:to[d]o|tbd|change[_-]?me|replace[_-]?me|(?:[a-z]{1,8}-)?x{4,}(?:-x{4,})*)$`)
	manyWords = regexp.MustCompile(`_?(OPTS|OPTIONS|ARGS|FLAGS|HOSTS|FILES|LIST)$`)
	stampForm = regexp.MustCompile(`20\d{6}_\d{6}`)
	// nameTypes are what names promise; the first that fits is taken.
	nameTypes = []struct {
		words *regexp.Regexp
		Parameter
	}{
		{re(`(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_KEY|CREDENTIALS?)$`), Parameter{Type: TypeSecret}},
		{re(`(^|_)PORT$`), Parameter{Type: TypeInt, Min: "1", Max: "65535"}},
		{re(`(^|_)(REPLICAS|COUNT|NUMBER|N|SIZE|LIMIT|PID)$`), Parameter{Type: TypeInt, Min: "0"}},
		{re(`(^|_)(NAMESPACE|NS|DEPLOYMENT|POD|STATEFULSET|CONTAINER|RELEASE|NODE|CLUSTER|SERVICE)(_NAME)?$`), Parameter{Type: TypeK8sName}},
		{re(`(^|_)(HOST|HOSTNAME|SERVER|DOMAIN|FQDN|IP|REPLICA|PRIMARY|STANDBY)$`), Parameter{Type: TypeHostname}},
		{re(`(^|_)(DB|DATABASE|DBNAME|SCHEMA|TABLE|DB_NAME|DATABASE_NAME|USER|USERNAME|ROLE|OWNER)$`), Parameter{Type: TypeDBName}},
		{re(`(^|_)(TIMEOUT|DURATION|INTERVAL|WAIT)$`), Parameter{Type: TypeDuration}},
		{re(`(^|_)(DATE|DAY)$`), Parameter{Type: TypeDate}},
		{re(`(^|_)(TIMESTAMP|TIME|TARGET_TIME|INSTANT)$`), Parameter{Type: TypeTime}},
		{re(`(^|_)(FILE|PATH|DIR|DIRECTORY|FOLDER|FILENAME)(_VALUE)?$`), Parameter{Type: TypePath}},
		{re(`(^|_)(BACKUP|BACKUP_ID|BACKUP_NAME|SNAPSHOT|SNAPSHOT_ID|VERSION|TAG|COMMIT|ID|REVISION|REGION|BUCKET|KEY)$`), Parameter{Type: TypeText, Pattern: "[A-Za-z0-9][A-Za-z0-9_.-]*"}},
		{re(`(^|_)(IMAGE|REGISTRY|REPOSITORY)$`), Parameter{Type: TypeText, Pattern: "[a-z0-9][a-z0-9._/:@-]*"}},
	}
)

// guess says what parameter a slot is, by its form, then by its name. What it cannot tell is text, which somebody has to say more about.
func guess(s slot, before string) Parameter {
	name := s.variable
	inner := strings.Trim(s.text, "[]<>{}«» $\t@%_")
	if own := strings.TrimPrefix(strings.TrimPrefix(strings.ToUpper(inner), "YOUR"), "REPLACE_WITH"); len(own) < len(inner) && strings.Trim(own, "_-") != "" {
		inner = strings.Trim(own, "_-")
	}
	p := Parameter{}
	switch {
	case strings.HasPrefix(s.text, "$") && !strings.HasPrefix(s.text, "${{"):
	case datePrefix.MatchString(s.text):
		p, name = dateForm(s.text), or(name, beside(before, map[bool]string{true: "STAMP", false: "DATE"}[strings.Contains(s.text, "HHMMSS")]))
	case s.sample && stampForm.MatchString(s.text):
		at := stampForm.FindStringIndex(s.text)
		p = Parameter{Type: TypeText, Pattern: regexp.QuoteMeta(s.text[:at[0]]) + dayPattern + "_" + clockPattern + regexp.QuoteMeta(s.text[at[1]:])}
		name = or(name, asName(or(strings.Trim(s.text[:at[0]], "_-."), "backup")))
	case s.sample && strings.Contains(s.text, "example."):
		p, name = Parameter{Type: TypeHostname}, or(name, "HOST")
	case s.sample && strings.HasPrefix(s.text, "registry/"):
		p, name = Parameter{Type: TypeText, Pattern: "[a-z0-9][a-z0-9._/:-]*"}, or(name, "IMAGE")
	case s.sample:
		p, name = Parameter{Type: TypeTime}, or(name, "TARGET_TIME")
	case strings.ContainsAny(inner, "|/") && !strings.Contains(s.text, "{"):
		p = Parameter{Type: TypeChoice, Allowed: strings.FieldsFunc(inner, func(r rune) bool { return r == '|' || r == '/' })}
		name = or(name, beside(before, "CHOICE"))
	case valueWord.MatchString(inner):
		name = or(name, beside(before, "VALUE"))
	case strings.Contains(s.text, "{"):
		name = or(name, asName(inner[strings.LastIndexByte(inner, '.')+1:]))
	default:
		name = or(name, asName(inner))
	}
	p.Name = allowedName(name)
	if s.sample {
		p.Sample = s.text
	}
	if s.text != p.Name && (!strings.HasPrefix(s.text, "$") || strings.HasPrefix(s.text, "${{")) && !s.sample {
		p.Label = s.text
	}
	if p.Type == "" {
		byName(&p)
	}
	return p
}

func byName(p *Parameter) {
	p.Type = TypeText
	for _, t := range nameTypes {
		if t.words.MatchString(p.Name) {
			p.Type, p.Pattern, p.Min, p.Max = t.Type, t.Pattern, t.Min, t.Max
			break
		}
	}
	if p.Type == TypeSecret {
		p.Default = strings.ToLower(p.Name)
	}
}

// datePrefix begins a date as English, German, French and Spanish write it.
var datePrefix = regexp.MustCompile(`^(?:YYYY|JJJJ|AAAA)-?MM`)

func dateForm(text string) Parameter {
	switch strings.NewReplacer("JJJJ", "YYYY", "AAAA", "YYYY", "TT", "DD", "JJ", "DD").Replace(text) {
	case "YYYY-MM-DD":
		return Parameter{Type: TypeDate}
	case "YYYYMMDD":
		return Parameter{Type: TypeText, Pattern: dayPattern}
	case "YYYYMMDD_HHMMSS":
		return Parameter{Type: TypeText, Pattern: dayPattern + "_" + clockPattern}
	}
	return Parameter{Type: TypeText, Pattern: "[0-9_-]+"}
}

// beside names a value by what stands before it: "/backup/redis_" gives BACKUP_DATE, "--region " gives REGION.
func beside(before, what string) string {
	before = before[strings.LastIndexByte(before, '\n')+1:]
	if strings.Contains(strings.ToLower(before), "backup") || strings.Contains(strings.ToLower(before), "dump") {
		return "BACKUP_" + what
	}
	if m := optionBefore.FindStringSubmatch(before); m != nil {
		return asName(m[1])
	}
	return what
}

var optionBefore = regexp.MustCompile(`--?([a-z][a-z0-9-]{2,})[= ]["']?$`)

func asName(words string) string {
	return strings.Trim(strings.ToUpper(notName.ReplaceAllString(words, "_")), "_")
}

// allowedName makes a word a name that a parameter may have: in capitals, by which its places in other languages are found too.
func allowedName(name string) string {
	name = strings.ToUpper(name)
	if name == "" || startsDigit(name) {
		name = strings.TrimSuffix("VALUE_"+name, "_")
	}
	if len(name) > 60 {
		name = name[:60]
	}
	if slices.Contains(forbiddenNames, name) || strings.HasPrefix(name, "DRBOT") {
		return name + "_VALUE"
	}
	return name
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func startsDigit(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }
