package runbook

import (
	"regexp"
	"strings"
)

// What a step's words say besides what is done: that it depends on something (condition), or that it must not be done (forbidden). Both are read
// generously. A condition that was none costs a question at the run; one that was not seen runs a command that nobody needed.

var (
	// ifWords begin a condition, in the languages that runbooks are met in.
	ifWords = `(?:only\s+(?:if|when|on|for|in|after|as)|if|when|unless|in case|in the event|optional(?:ly)?|as needed|as required|where (?:needed|necessary|applicable)|` +
		`nur\s+(?:wenn|falls|bei)|falls|wenn|sofern|bei bedarf|ggf\.?|gegebenenfalls|uniquement si|seulement si|si|facultatif|au besoin|s[oó]lo si|opcional|solo se|se|facoltativo|opzionale|indien|alleen als|optioneel|apenas se)`
	inBrackets  = re(`(?i)[(\[](` + ifWords + `\b[^)\]]*)[)\]]`)
	atStart     = re(`(?i)^(` + ifWords + `\s[^:,]{1,160}?)\s*[,:](?:\s|$)`)
	atEnd       = re(`(?i)[\s,](?:but\s+)?((?:only\s+(?:if|when|on|for|as|in)|unless|if (?:it is |they are |this is )?(?:needed|necessary|required|applicable|identified|possible|present|so|not\b.{1,60}|any)|where (?:needed|necessary|applicable)|as needed|as required|in case|nur (?:wenn|falls|bei)|falls|bei bedarf|si nécessaire|si es necesario|se necessario|indien nodig)\b[^.:;]{0,120})[.:;]?$`)
	afterComma  = re(`(?i),\s*((?:if|when|falls|wenn|sofern|si)\s[^.:;]{1,120})[.:;]?$`)
	optionalOne = re(`(?i)^(optional(?:ly)?|facultatif|facultatief|opcional|opzionale|facoltativo)\s*[:,\-–—]`)
	rollbackOne = re(`(?i)^(?:roll[ -]?back|back[ -]?out|undo|revert|rückfall|zurückrollen|retour arrière)\s*(?:[:(–—-]|$)`)
	// rollbackPart is a heading inside a procedure.
	rollbackPart = re(`(?i)^(?:\d[\d.)]*\s*)?(?:roll[ -]?back|back[ -]?out|undo|revert|rückfall)\b`)
	noteTitle    = re(`^(?:!!!|\?\?\?)\+?\s+([\w-]+)(?:\s+"([^"]*)")?\s*$`)

	never = re(`(?i)^(?:please\s+)?(?:(?:do not|don['’]t|never|(?:you )?must not)\b|(?:deprecated|obsolete|outdated|superseded|wrong|old way)\s*(?:$|[:.!,(–—-]|(?:step|way)\b)|no longer (?:used|needed|valid|necessary|works|supported)\b|` +
		`(?:nicht ausführen|niemals |nie |veraltet|überholt|nicht mehr |ne pas |ne jamais |jamais |obsolète|périmé|no ejecut|nunca |obsoleto|non eseguire|niet uitvoeren|nooit |verouderd))`)
	neverInBrackets = re(`(?i)[(\[](?:deprecated|obsolete|outdated|old way|do not (?:run|use|do)[^)\]]*|don['’]t (?:run|use)[^)\]]*|no longer [^)\]]*|never run[^)\]]*|veraltet|obsolète|obsoleto)[^)\]]*[)\]]`)
	neverInside     = re(`(?i)\b(?:do not|don['’]t|never|must not)\s+(?:ever\s+)?(?:run|use|execute|do|try|type|copy|paste)\b`)
	// onlyCaution is a "do not" that says how to go on, not that the command is forbidden.
	onlyCaution = re(`(?i)^(?:please\s+)?(?:do not|don['’]t|never|must not|you must not|avoid)\s+(?:forget|proceed|continue|go on|move on|skip|wait|panic|hesitate|leave|close|assume|start until|begin|interrupt|miss)\b`)
	struck      = re(`^~~.*~~[.:]?$|^<(del|s|strike)>.*</(?:del|s|strike)>[.:]?$`)
)

// condition finds what a sentence makes a step depend on, as it follows the word "only": "if the disk is full". Empty: nothing.
func condition(text string) string {
	text = brief(spoken(text))
	if c := bracketed(text); c != "" {
		return c
	}
	if c := startCondition(text); c != "" {
		return c
	}
	if at := fullStop.FindStringIndex(text); at != nil {
		text = text[:at[0]]
	}
	if telling.MatchString(text) {
		return ""
	}
	for _, form := range []*regexp.Regexp{atEnd, afterComma} {
		if m := form.FindStringSubmatch(text); m != nil {
			return withoutOnly(strings.TrimSpace(m[1]))
		}
	}
	if rollbackOne.MatchString(text) {
		return "to roll back"
	}
	return ""
}

// bracketed finds one in brackets.
func bracketed(text string) string {
	if !strings.ContainsAny(text, "([") {
		return ""
	}
	if m := inBrackets.FindStringSubmatch(text); m != nil {
		return withoutOnly(strings.TrimSpace(m[1]))
	}
	return ""
}

// ownCondition finds a sentence about the step itself: "Skip this step if …", "Do this only after …".
func ownCondition(text string) string {
	text = brief(spoken(text))
	if m := skipWhen.FindStringSubmatch(text); m != nil {
		word := map[bool]string{true: "if ", false: "unless "}[strings.EqualFold(m[1], "unless")]
		return word + strings.TrimSpace(m[2])
	}
	if m := doOnly.FindStringSubmatch(text); m != nil {
		return withoutOnly(strings.TrimSpace(m[1]))
	}
	if m := bareIf.FindStringSubmatch(text); m != nil && onlyIf.MatchString(text) {
		return withoutOnly(strings.TrimSpace(m[1]))
	}
	return ""
}

var (
	thisStep = `(?:this|it|that|the step|the command)(?: step| command| part)?`
	skipWhen = re(`(?i)^(?:you (?:can|may) )?(?:skip(?: ` + thisStep + `)?|not needed|not necessary|not required|` + thisStep + ` (?:is|can be) (?:not (?:needed|necessary|required)|skipped|unnecessary))\s+(if|when|unless|in case)\s+([^.:;!?]{2,160})`)
	doOnly   = re(`(?i)^(?:please )?(?:(?:do|run|perform|execute|use|apply|try) ` + thisStep + `|` + thisStep + ` (?:is|may be|must be) (?:needed|necessary|required|run|done|used)|needed|necessary|required)\s+(only\s+(?:if|when|on|for|in|after|as|once)\s[^.:;!?]{2,160})`)
)

// startCondition finds one with which the text begins.
func startCondition(text string) string {
	if c := ownCondition(text); c != "" {
		return c
	}
	for _, form := range []*regexp.Regexp{optionalOne, atStart, bareIf} {
		if m := form.FindStringSubmatch(text); m != nil {
			return withoutOnly(strings.TrimSpace(m[1]))
		}
	}
	return ""
}

// titleCondition is that of an item: of its bold title; of the words after the title only what they begin with, since they explain.
func titleCondition(text, strong string) string {
	text = brief(spoken(text))
	rest, titled := strings.CutPrefix(text, strong)
	if strong == "" || !titled {
		return condition(text)
	}
	if c := bracketed(text); c != "" {
		return c
	}
	rest = strings.TrimLeft(rest, " ,.:–—-")
	if m := atStart.FindStringIndex(rest); m != nil && telling.MatchString(rest[m[1]:]) && !onlyIf.MatchString(rest) {
		rest = ""
	}
	return or(condition(strong), startCondition(rest))
}

var (
	onlyIf   = re(`(?i)^only\b`)
	fullStop = re(`[.!?]\s`)
	// telling begins a sentence that says how things are; what it ends with is no condition of a step.
	telling = re(`(?i)^(?:what|the|this|that|these|those|its?|they|their|there|all|any|some|an?|every\w*|nothing|you|we|data|users?|see|check|verify|ask|decide|make sure|confirm|note)\b`)
)

// brief is as much of a text as can say a condition.
func brief(text string) string {
	const most = 2000
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "")
}

// spoken is a sentence in one line, without the marks of Obsidian; of a note of MkDocs its title.
func spoken(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	text = highlighted.ReplaceAllString(callout.ReplaceAllString(text, ""), "$1")
	if m := noteTitle.FindStringSubmatch(text); m != nil {
		return m[2]
	}
	return text
}

var (
	callout     = re(`^\[!\w+\][+-]?\s*`)
	highlighted = re(`==(\S(?:[^=]*[^=\s])?)==`)
)

// bareIf is a whole sentence that is only a condition: "If the archive is bad".
var bareIf = re(`(?i)^((?:only\s+)?(?:if|when|unless|falls|wenn|sofern|si)\s[^,:.]{2,120})[.:]?$`)

// withoutOnly takes the word off that the question puts there itself.
func withoutOnly(c string) string {
	const only = "only "
	if len(c) > len(only) && strings.EqualFold(c[:len(only)], only) {
		c = c[len(only):]
	}
	if len(c) > 1 && c[0] >= 'A' && c[0] <= 'Z' && c[1] >= 'a' && c[1] <= 'z' {
		c = strings.ToLower(c[:1]) + c[1:]
	}
	return c
}

// forbidden says that the words forbid the command under them, or call it past; the words that do.
func forbidden(text string) string {
	text = brief(spoken(text))
	if onlyCaution.MatchString(text) {
		return ""
	}
	if never.MatchString(text) || strings.ContainsAny(text, "([") && neverInBrackets.MatchString(text) || struck.MatchString(text) {
		return shown(strings.TrimRight(firstSentence(text), " .:"))
	}
	for s := range strings.SplitSeq(text, ". ") { // its last sentence stands just before the command
		if neverInside.MatchString(s) && strings.HasSuffix(strings.TrimSpace(s), ":") {
			return shown(strings.TrimRight(s, " .:"))
		}
	}
	return ""
}

// forbiddenFence is a fence whose own first comment forbids it.
func forbiddenFence(src string) string {
	for line := range strings.SplitSeq(src, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#!") {
			continue
		}
		text := strings.TrimSpace(strings.TrimLeft(line, "#-"))
		if text != line && (never.MatchString(text) && !onlyCaution.MatchString(text) && forbidsComment.MatchString(text)) {
			return shown(text)
		}
		return ""
	}
	return ""
}

// forbidsComment is narrower than never: comments above a command often warn of another one.
var forbidsComment = re(`(?i)^(?:do not (?:run|use|execute|do)|don['’]t (?:run|use|do)|never (?:run|use|do)|deprecated|obsolete|old way|no longer used|nicht ausführen|veraltet)`)
