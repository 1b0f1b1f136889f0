package runbook

import (
	"slices"
	"strings"
)

// grammar says which options a program has, as far as they are known here. Letters stand for short options; long names
// stand without their dashes, separated by spaces.
type grammar struct {
	short    string // without a value
	valued   string // with a value, attached or in the next word
	attached string // with a value only if one is attached
	long     string // without a value, or with one behind =
	longVal  string // with a value, behind = or in the next word
}

// option is one option of a command line, named as it would stand alone: "-X", "--request".
type option struct{ name, value string }

// commandLine is a program's words taken apart.
type commandLine struct {
	options []option
	args    []string
	unknown string // the first option that the grammar does not have; what stands behind it is a guess
}

// parse takes words apart as getopt does: clusters of letters, attached values, and -- before what is no option. first
// stops at the first word that is no option, as programs do that run other programs.
func (g grammar) parse(words []string, first bool) commandLine {
	var c commandLine
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case w == "--":
			c.args = append(c.args, words[i+1:]...)
			return c
		case !strings.HasPrefix(w, "-") || w == "-":
			if first {
				c.args = append(c.args, words[i:]...)
				return c
			}
			c.args = append(c.args, w)
		case strings.HasPrefix(w, "--"):
			i += c.longOption(g, w, words[i+1:])
		default:
			i += c.letters(g, w[1:], words[i+1:])
		}
	}
	return c
}

// longOption adds one long option and gives how many of the next words it took.
func (c *commandLine) longOption(g grammar, word string, next []string) int {
	name, value, has := strings.Cut(word[2:], "=")
	switch {
	case slices.Contains(strings.Fields(g.longVal), name):
		if has {
			c.options = append(c.options, option{"--" + name, value})
			return 0
		}
		if len(next) == 0 {
			c.options = append(c.options, option{"--" + name, ""})
			return 0
		}
		c.options = append(c.options, option{"--" + name, next[0]})
		return 1
	case slices.Contains(strings.Fields(g.long), name):
	case c.unknown == "":
		c.unknown = shown("--" + name)
	}
	c.options = append(c.options, option{"--" + name, value})
	return 0
}

// letters adds a cluster of short options and gives how many of the next words it took.
func (c *commandLine) letters(g grammar, cluster string, next []string) int {
	for i, r := range cluster {
		name, behind := "-"+string(r), cluster[i+len(string(r)):]
		switch {
		case strings.ContainsRune(g.valued, r):
			if behind != "" || len(next) == 0 {
				c.options = append(c.options, option{name, behind})
				return 0
			}
			c.options = append(c.options, option{name, next[0]})
			return 1
		case strings.ContainsRune(g.attached, r):
			c.options = append(c.options, option{name, behind})
			return 0
		case strings.ContainsRune(g.short, r):
		case c.unknown == "":
			c.unknown = shown(name)
		}
		c.options = append(c.options, option{name, ""})
	}
	return 0
}

func (c commandLine) has(names ...string) bool {
	return slices.ContainsFunc(c.options, func(o option) bool { return slices.Contains(names, o.name) })
}

// values are those of all options with one of the names, in order.
func (c commandLine) values(names ...string) []string {
	var out []string
	for _, o := range c.options {
		if slices.Contains(names, o.name) {
			out = append(out, o.value)
		}
	}
	return out
}

// arg is the nth word that is no option; "" where there are fewer.
func (c commandLine) arg(n int) string {
	if n < len(c.args) {
		return c.args[n]
	}
	return ""
}
