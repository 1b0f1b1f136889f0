package runbook

import (
	"fmt"
	"slices"
	"strings"
)

// Several fences of one item are done one after the other, or are ways to do one thing of which one is meant. The words before each say which:
// "Option A", a platform, "or", "Otherwise". Ways become one choice. Where the words only sound like ways (For X / For Y), nothing of them runs
// before somebody said so: to run both is the one thing that must not happen.

var (
	orWord = re(`(?i)^[\s*_—–-]*(?:or|or else|alternatively|as an alternative|alternative|otherwise|else|instead|another way|oder|alternativ|andernfalls|ansonsten|sonst|ou|ou bien|sinon|o bien|en su defecto|oppure|altrimenti)\b[\s*_:,.—–-]*(.*)$`)
	// sideWords are labels that name one of two places or ways; both may be meant.
	sideWords = re(`(?i)^(?:(?:on|for|with|without|using|via|from|in|under|by)\s+\S.{0,40}|(?:the )?(?:primary|replica|standby|secondary|master|leader|follower|staging|production|development|test|preferred|recommended|fallback|manual(?:ly)?|automatic(?:ally)?|either|linux|docker|podman|vm|bare metal|single node|cluster|postgresql|postgres|mysql|mariadb)\b.{0,30})$`)
	expand    = re(`(?i)^(?:click|show|expand|details?|more|see|open|toggle|commands?)\b`)
)

const waysQuestion = "the words before these fences sound like ways to do one thing: do all of them run? If one is meant, mark the ways in the Markdown (Option A, Option B)"

// sideComments says that comments in a fence sound like ways: two or more short ones, each with commands under it, that name a side or a case.
func sideComments(src string) bool {
	named := map[string]bool{}
	open := ""
	for line := range strings.SplitSeq(src, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case !strings.HasPrefix(line, "#"):
			if open != "" {
				named[open] = true
			}
		case sideComment.MatchString(line) && len(strings.Fields(line)) <= 5:
			open = strings.ToLower(line)
		default:
			open = ""
		}
	}
	return len(named) > 1
}

var sideComment = re(`(?i)^#+\s*(?:(?:if|with|without|on|using|via)\s+\S.*|(?:the )?(?:primary|replica|standby|secondary|master|leader|follower|production|prod|staging|development|dev|test|postgres(?:ql)?|mysql|mariadb|preferred|fallback)\W*)$`)

// wayGroup is fences of an item that belong together: one, or several ways to do one thing.
type wayGroup struct {
	parts []*itemPart
	broad bool // a way holds more than one command
}

// acts says that a fence is a command, or stands where one would.
func (part *itemPart) acts() bool {
	return runnable(part.v) || part.option != "" || part.or || part.way
}

// manualWays finds commands for people that have another way after them.
func (it *item) manualWays() {
	for i := 1; i < len(it.parts); i++ {
		if it.parts[i].or && it.parts[i-1].v.verdict == "manual" {
			it.parts[i-1].way = true
		}
	}
}

// ways groups the fences of an item. unsure: they sound like ways and cannot be told apart as such.
func (it *item) ways() (groups []wayGroup, unsure bool) {
	it.manualWays()
	options, sides, early := 0, 0, false
	for i := range it.parts {
		part := &it.parts[i]
		if !part.acts() {
			continue
		}
		if part.option != "" {
			options++
		}
		if part.side != "" || part.option != "" {
			sides++
		}
		last := len(groups) - 1
		early = early || last < 0 && orWord.MatchString(part.label) // "or" before the first
		switch {
		case last >= 0 && (part.or || part.option != "" && groups[last].parts[0].option != ""):
			groups[last].parts = append(groups[last].parts, part)
		case last >= 0 && part.label == "" && len(part.between) == 0 && (groups[last].parts[0].option != "" || len(groups[last].parts) > 1):
			groups[last].broad = true // the same way goes on
			groups = append(groups, wayGroup{parts: []*itemPart{part}})
		default:
			groups = append(groups, wayGroup{parts: []*itemPart{part}})
		}
	}
	choices := 0
	for _, g := range groups {
		if n := len(g.parts); n > 1 {
			choices++
			unsure = unsure || g.broad || n > maxBranches
			if g.parts[0].option != "" {
				options -= n
			}
		}
	}
	if len(groups) > 1 && (options > 1 || options == 1 && choices > 0) {
		unsure = true // ways with steps between them
	}
	return groups, unsure || choices == 0 && (sides > 1 || early && len(groups) > 1)
}

// doubt lets nothing of the item run before somebody said how its fences belong together.
func (it *item) doubt() {
	for i := range it.parts {
		part := &it.parts[i]
		if !runnable(part.v) || part.v.verdict == "choice" {
			continue
		}
		part.v.verdict, part.v.why = "blocked", "one of several fences that sound like ways to do one thing"
		part.v.ask = append(part.v.ask, waysQuestion)
		v := part.v
		part.judged = &v
	}
}

// choose makes ways one choice.
func (p *parser) choose(s *Step, parts []*itemPart) {
	s.Kind = Choice
	names := map[string]int{}
	for i, part := range parts {
		name := part.wayName(i, s)
		if names[name]++; names[name] > 1 {
			name = fmt.Sprintf("%s (%d)", name, names[name])
		}
		s.Commands = append(s.Commands, part.Command)
		s.Alternatives = append(s.Alternatives, Alternative{Label: name, Lang: part.Lang, Source: part.Source, Line: part.Line})
		p.block(part.node, "choice", fmt.Sprintf("one of %d ways: %s", len(parts), name))
	}
	s.SourceSHA256 = sourceDigest(s.Commands)
}

// wayName is what a branch is called: by the words before it, else by its first line. A condition in the item's title is the first way's name, not a
// condition of all.
func (part *itemPart) wayName(i int, s *Step) string {
	text := part.label
	if m := orWord.FindStringSubmatch(text); m != nil && part.or {
		text = strings.TrimRight(m[1], " .:")
		if text == "" && len(part.label) > len("oder") {
			text = part.label
		}
	}
	if i == 0 && text == "" && part.option == "" && s.Condition != "" && condition(s.Title) != "" {
		text, s.Condition = s.Title, ""
	}
	if text = or(part.option, text); text != "" && len(text) <= 80 {
		return text
	}
	return label("", strings.Split(part.Source, "\n"))
}

// hear takes the words between two fences into account.
func (part *itemPart) hear(it *item) {
	part.between = slices.Clone(it.between)
	part.label = strings.TrimRight(spoken(it.label), " .:")
	for _, text := range append(slices.Clone(it.between), it.label) {
		text = strings.TrimRight(brief(spoken(text)), " .:")
		if m := optionWords.FindStringSubmatch(text); m != nil {
			part.option = m[1] + m[2] + m[3]
		} else if sideWords.MatchString(text) {
			part.side = text
		}
		part.or = part.or || len(it.parts) > 0 && orWord.MatchString(text)
	}
	if part.side == "" && it.summary && part.label != "" && !expand.MatchString(part.label) {
		part.side = part.label
	}
	part.condition = condition(it.label)
	for _, text := range slices.Backward(it.between) { // "Rollback", then what it is about, then its command
		part.condition = or(part.condition, condition(text))
	}
	if why := or(it.forbid, or(forbidden(it.label), forbiddenFence(part.Source))); why != "" && part.acts() {
		part.v = verdict{verdict: "display", why: fmt.Sprintf("the text forbids it: %q", why)}
		part.option, part.or = "", false
	}
}
