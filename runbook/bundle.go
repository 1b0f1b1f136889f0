package runbook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A runbook may be a folder: its Markdown files are read as one, in the order of their names, with one lock for all of them, so no two steps
// share an id. As bytes it is a bundle: each file after a line that gives its name and length. Parse reads a bundle like a file, so that a run keeps
// its revision as one text (I4).

// DirLock is the name of a folder's lock.
const DirLock = "runbook.lock.yaml"

var bundleMark = regexp.MustCompile(`^<!-- drbot:file ([^\n]{1,255}) ([0-9]{1,9}) bytes -->\n`)

// bundleFile is one file of a bundle.
type bundleFile struct {
	name string
	src  []byte
}

// ReadSource reads a Markdown file, or the Markdown files of a folder as a bundle. Folders inside it are not read.
func ReadSource(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read runbook: %w", err)
	}
	if !info.IsDir() {
		src, err := readText(path, "a runbook", maxMarkdown)
		if err != nil {
			return nil, err
		}
		if bundleMark.Match(src) {
			return nil, &Error{File: path, Line: 1, Problem: "begins like a bundle of files", Want: "the runbook's own text"}
		}
		return src, nil
	}
	names, err := markdownFiles(path)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, name := range names {
		src, err := readText(filepath.Join(path, name), "a runbook", maxMarkdown)
		if err != nil {
			return nil, err
		}
		if b.Len()+len(src) > maxMarkdown {
			return nil, &Error{File: path, Problem: fmt.Sprintf("more than %d bytes of Markdown in one folder", maxMarkdown), Want: "several runbooks"}
		}
		fmt.Fprintf(&b, "<!-- drbot:file %s %d bytes -->\n", name, len(src))
		b.Write(src)
	}
	return b.Bytes(), nil
}

// readText reads a regular file of at most so many bytes. A device or a pipe could give bytes for ever, or none.
func readText(path, what string, most int) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{File: path, Problem: "is no regular file", Want: what}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	defer func() { _ = f.Close() }()
	src, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	if len(src) > most {
		return nil, &Error{File: path, Problem: fmt.Sprintf("more than %d bytes", most), Want: what + " of less"}
	}
	return src, nil
}

func markdownFiles(dir string) ([]string, error) {
	list, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return nil, fmt.Errorf("read runbook: %w", err)
	}
	var names []string
	for _, f := range list {
		name := f.Name()
		if f.IsDir() || strings.HasPrefix(name, ".") || !strings.EqualFold(filepath.Ext(name), ".md") {
			continue
		}
		if strings.ContainsFunc(name, hidden) || strings.Contains(name, "-->") {
			return nil, &Error{File: filepath.Join(dir, name), Problem: "a name with hidden characters", Want: "letters, digits, dots, dashes"}
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil, &Error{File: dir, Problem: "no Markdown in this folder", Want: "files that end with .md"}
	}
	return names, nil
}

// unbundle takes a bundle apart; nil: it is none.
func unbundle(src []byte) ([]bundleFile, error) {
	var out []bundleFile
	for rest := src; len(rest) > 0; {
		m := bundleMark.FindSubmatch(rest)
		if m == nil {
			if out == nil {
				return nil, nil
			}
			return nil, &Error{Problem: "a bundle of files that is damaged", Want: "the mark of a file after " + out[len(out)-1].name}
		}
		n, _ := strconv.Atoi(string(m[2])) // the pattern allows nine digits
		rest = rest[len(m[0]):]
		if n > len(rest) {
			return nil, &Error{File: string(m[1]), Problem: "a bundle of files that is cut off", Want: fmt.Sprintf("%d bytes", n)}
		}
		out = append(out, bundleFile{string(m[1]), rest[:n]})
		rest = rest[n:]
	}
	return out, nil
}

// parseBundle reads each file by itself and puts them together. What only one file may say, such as the severities, is refused in two.
func parseBundle(src []byte, files []bundleFile, opt Sections) (*Runbook, error) {
	out := &Runbook{Source: slices.Clone(src), Digest: digest(src)}
	var errs []error
	items, titles := 0, map[string]bool{}
	for _, f := range files {
		p, err := newParser(f.src, opt)
		if err == nil {
			p.next = items
			p.readAll()
			items = p.next
			maps.Copy(titles, p.titles)
			err = errors.Join(p.errs...)
		}
		if err != nil {
			errs = append(errs, inFile(err, f.name))
			continue
		}
		p.rb.Path = f.name
		p.rb.nameFile(f.name)
		if err := out.merge(p.rb); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if len(out.Procedures) == 0 {
		return nil, out.noProcedure("")
	}
	out.Warnings = append(out.Warnings, notThere(opt, titles)...)
	if len(out.Severities) == 0 {
		out.Warnings = append(out.Warnings, noSeverities())
	}
	out.resolveCalls()
	return out, nil
}

// nameFile marks everything with a line by its file.
func (rb *Runbook) nameFile(name string) {
	for _, bs := range [][]Block{rb.Fences, rb.Lists, rb.Others} {
		for i := range bs {
			bs[i].File = name
		}
	}
	for i := range rb.Warnings {
		rb.Warnings[i].File = name
	}
	for i := range rb.Procedures {
		rb.Procedures[i].File = name
	}
}

// merge adds a file.
func (rb *Runbook) merge(f *Runbook) error {
	rb.Title = or(rb.Title, f.Title)
	var errs []error
	one := func(what string, had, has int, line int) bool {
		if had > 0 && has > 0 {
			errs = append(errs, &Error{File: f.Path, Line: line, Problem: "a second table of " + what, Want: "it in one file"})
		}
		return has > 0
	}
	if one("severities", len(rb.Severities), len(f.Severities), firstLine(f.Severities, func(s Severity) int { return s.Line })) {
		rb.Severities = f.Severities
	}
	if one("contacts", len(rb.Contacts), len(f.Contacts), firstLine(f.Contacts, func(c Contact) int { return c.Line })) {
		rb.Contacts = f.Contacts
	}
	if one("review deadlines", len(rb.Review.Deadlines), len(f.Review.Deadlines), f.Review.Line) {
		rb.Review.Deadlines, rb.Review.Line = f.Review.Deadlines, f.Review.Line
	}
	rb.Review.Template = or(rb.Review.Template, f.Review.Template)
	for _, t := range f.IncidentTypes {
		if was := rb.exactType(t.Name); was != nil && was.Severity != t.Severity {
			errs = append(errs, &Error{File: f.Path, Line: t.Line, Problem: fmt.Sprintf("%q again, with another severity", t.Name), Want: "it in one file"})
		} else if was == nil {
			rb.IncidentTypes = append(rb.IncidentTypes, t)
		}
	}
	for _, t := range f.Templates {
		if rb.Template(t.Key) == nil {
			rb.Templates = append(rb.Templates, t)
		} else {
			f.Warnings = append(f.Warnings, Finding{t.Line, "second-template", LevelWarning, fmt.Sprintf("a second message %q; the one of a file before is used", t.Key), "keep one", f.Path})
		}
	}
	rb.RTO, rb.RPO = append(rb.RTO, f.RTO...), append(rb.RPO, f.RPO...)
	rb.Checklist.Phases = append(rb.Checklist.Phases, f.Checklist.Phases...)
	rb.Fences, rb.Lists, rb.Others = append(rb.Fences, f.Fences...), append(rb.Lists, f.Lists...), append(rb.Others, f.Others...)
	rb.Warnings = append(rb.Warnings, f.Warnings...)
	rb.addProcedures(f)
	rb.Files = append(rb.Files, f)
	return errors.Join(errs...)
}

func firstLine[T any](list []T, line func(T) int) int {
	if len(list) == 0 {
		return 0
	}
	return line(list[0])
}

func (rb *Runbook) exactType(name string) *IncidentType {
	for i := range rb.IncidentTypes {
		if strings.EqualFold(rb.IncidentTypes[i].Name, name) {
			return &rb.IncidentTypes[i]
		}
	}
	return nil
}

// addProcedures gives each a number that no other file's has: its own, or the next that is free.
func (rb *Runbook) addProcedures(f *Runbook) {
	next := 0
	used := map[int]bool{}
	for _, list := range [][]Procedure{rb.Procedures, f.Procedures} {
		for _, p := range list {
			next = max(next, p.Number)
		}
	}
	for _, p := range rb.Procedures {
		used[p.Number] = true
	}
	for _, p := range f.Procedures {
		if used[p.Number] {
			next++
			p.renumber(next)
		}
		rb.Procedures = append(rb.Procedures, p)
	}
}

func (p *Procedure) renumber(n int) {
	was, now := strconv.Itoa(p.Number)+".", strconv.Itoa(n)+"."
	p.Number, p.ID = n, fmt.Sprintf("p%d", n)
	p.Steps = slices.Clone(p.Steps)
	rename := func(s *Step) {
		s.ID = "p" + now + strings.TrimPrefix(s.ID, "p"+was)
		s.Number = now + strings.TrimPrefix(s.Number, was)
		if s.Item != "" {
			s.Item = now + strings.TrimPrefix(s.Item, was)
		}
	}
	var whole, renamed *Step
	for i := range p.Steps {
		rename(&p.Steps[i])
		if w := p.Steps[i].whole; w != nil {
			if w != whole {
				copied := *w
				rename(&copied)
				whole, renamed = w, &copied
			}
			p.Steps[i].whole = renamed
		}
	}
}

// unusedLocks names the locks of single files in a folder, which has one for all.
func unusedLocks(dir string) []Finding {
	var out []Finding
	names, err := filepath.Glob(filepath.Join(dir, "*.lock.yaml"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil // the pattern is fixed; a folder of an odd name has none then
	}
	for _, n := range names {
		if base := filepath.Base(n); base != DirLock {
			out = append(out, Finding{0, "unused-lock", LevelWarning, base + " is not used: a folder has one lock, " + DirLock, "drbot runbook compile on the folder, then remove it", base})
		}
	}
	return out
}
