package templates

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"
	"text/template"
	"time"
)

// sentences are one file each, those of a card together in one file; a sentence that a person reads is never written
// anywhere else.
//
//go:embed say/*.tmpl cards/*.tmpl
var sentences embed.FS

// parsed reads every sentence once: first those of files, then those of cards. One that does not parse is a fault of the
// program, found by its first test.
var parsed = sync.OnceValue(func() [2]*template.Template {
	return [2]*template.Template{parse("say/*.tmpl"), parse("cards/*.tmpl")}
})

func parse(pattern string) *template.Template {
	set := template.New("say").Option("missingkey=error").Funcs(template.FuncMap{
		"clock": clock, "date": date, "due": due, "dur": Duration, "plural": Plural, "count": count, "names": Names, "inc": inc,
		"at": markAt, "day": markDay, "who": markWho, "people": markPeople, "ref": markRef, "b": markBold, "mono": markMono,
	})
	return template.Must(set.ParseFS(sentences, pattern))
}

// Say gives the sentence of say/<name>.tmpl (or, for a name with a dot, the one that a file of cards/ defines) with the facts in it, without white space at the ends. A name that does not
// exist or a fact that is not given is a fault of the program; people then read which sentence it was, and every test
// of a sentence fails.
func Say(name string, facts any) string {
	text, err := say(name, facts)
	if err != nil {
		return "(sentence " + name + ": " + err.Error() + ")"
	}
	return text
}

func say(name string, facts any) (string, error) {
	marked, err := execute(name, facts)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, span := range unmark(marked) {
		b.WriteString(span.Text)
	}
	return b.String(), nil
}

// listen hears the name of every sentence that is said; tests use it to find those that nothing says.
var listen = func(string) {}

// execute runs a sentence; what the functions of spans.go marked in it is still marked.
func execute(name string, facts any) (string, error) {
	set := parsed()
	sentence := set[0].Lookup(name + ".tmpl")
	if strings.Contains(name, ".") {
		sentence = set[1].Lookup(name)
	}
	if sentence == nil {
		return "", errors.New("there is no such sentence")
	}
	listen(name)
	var b strings.Builder
	if err := sentence.Execute(&b, facts); err != nil {
		return "", err
	}
	return strings.TrimSpace(b.String()), nil
}

// Sentences lists the names of all sentences.
func Sentences() []string {
	files, err := fs.Glob(sentences, "say/*.tmpl")
	if err != nil {
		return nil
	}
	names := make([]string, len(files))
	for k, file := range files {
		names[k] = strings.TrimSuffix(path.Base(file), ".tmpl")
	}
	return names
}

// clock is an instant by the minute in UTC: "03:14". An instant that is not set is "–".
func clock(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("15:04")
}

// date is an instant with its day: "24 Nov 03:14".
func date(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2 Jan 15:04")
}

// due is an instant to come, with its year where that is not the one in which it is read.
func due(t, read time.Time) string {
	if t.IsZero() || read.IsZero() || t.UTC().Year() == read.UTC().Year() {
		return date(t)
	}
	return t.UTC().Format("2 Jan 2006 15:04")
}

// Duration says a time span in the words of a hurried person: "4 s", "33 min", "1 h", "1 h 5 min", "2 days".
func Duration(d time.Duration) string {
	d = max(d, -d, 0) // the smallest duration has no positive one
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Round(time.Second)/time.Second))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute)/time.Minute))
	case d < 48*time.Hour:
		minutes := int(d.Round(time.Minute) / time.Minute)
		if minutes%60 == 0 {
			return fmt.Sprintf("%d h", minutes/60)
		}
		return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
	}
	return Plural(int(d.Round(24*time.Hour)/(24*time.Hour)), "day")
}

// Plural counts things: "1 step", "3 steps", "2 entries".
func Plural(n int, thing string) string {
	switch {
	case n == 1:
		return "1 " + thing
	case strings.HasSuffix(thing, "y") && !strings.HasSuffix(thing, "ay") && !strings.HasSuffix(thing, "ey"):
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(thing, "y"))
	case strings.HasSuffix(thing, "s") || strings.HasSuffix(thing, "x") || strings.HasSuffix(thing, "ch"):
		return fmt.Sprintf("%d %ses", n, thing)
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// count writes a number with its thousands apart: "2,000".
func count(n int) string {
	s := fmt.Sprint(n)
	for k := len(s) - 3; k > 0 && s[k-1] != '-'; k -= 3 {
		s = s[:k] + "," + s[k:]
	}
	return s
}

// Names joins names for reading: "Ana", "Ana or Bea", "Ana, Bea or Chen". The word between the last two is "or", or
// the one that is given.
func Names(list []string, word ...string) string {
	or := "or"
	if len(word) > 0 {
		or = word[0]
	}
	switch n := len(list); n {
	case 0:
		return "nobody"
	case 1:
		return list[0]
	default:
		return strings.Join(list[:n-1], ", ") + " " + or + " " + list[n-1]
	}
}

// inc names an incident by its number: "INC-42".
func inc(id any) string { return fmt.Sprintf("INC-%v", strings.TrimPrefix(fmt.Sprint(id), "INC-")) }
