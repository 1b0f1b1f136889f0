package commands

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/drbot/drbot/incident"
)

// desired is what a person says a plan should be.
type desired struct {
	said            string            // words for the procedure
	values, reasons map[string]string // by parameter; why an unverified value is taken
	branches        map[string]string // step by number or id -> the branch that runs, by label, letter or id
	kept            map[string]string // step id -> branch id, as the draft before has it
}

var (
	valueName  = regexp.MustCompile(`^([A-Z][A-Z0-9_]*)(\.reason)?=`)
	branchName = regexp.MustCompile(`^(?i:([0-9]{1,3}(?:\.[0-9]{1,3}){1,2}|p[0-9]{1,3}\.s[0-9]{1,3}(?:\.[0-9]{1,3})?))=`)
)

// parseDesired takes NAME=value, NAME.reason="why" and 1.2=branch out of a typed line; what has spaces stands in double quotes.
func parseDesired(text string) (desired, error) {
	w := desired{values: map[string]string{}, reasons: map[string]string{}, branches: map[string]string{}}
	var other []string
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		into, name, rest := w.values, "", ""
		if m := valueName.FindStringSubmatch(text); m != nil {
			if name, rest = m[1], text[len(m[0]):]; m[2] != "" {
				into = w.reasons
			}
		} else if m := branchName.FindStringSubmatch(text); m != nil {
			into, name, rest = w.branches, strings.ToLower(m[1]), text[len(m[0]):]
		} else {
			word, after := head(text)
			other, text = append(other, word), after
			continue
		}
		var err error
		if into[name], text, err = typedValue(name, rest); err != nil {
			return desired{}, err
		}
	}
	w.said = strings.Join(other, " ")
	return w, nil
}

// typedValue reads the value that follows an equals sign: a word, or anything in double quotes.
func typedValue(name, text string) (value, rest string, err error) {
	switch {
	case text == "" || text[0] == ' ':
		return "", text, nil
	case text[0] != '"':
		value, rest = head(text)
		return value, rest, nil
	}
	unclosed := incident.Refuse(incident.BadInput, "The quotes of %s do not close.", name)
	quoted, err := strconv.QuotedPrefix(text)
	if err != nil {
		return "", "", unclosed
	}
	if value, err = strconv.Unquote(quoted); err != nil {
		return "", "", unclosed
	}
	return value, text[len(quoted):], nil
}
