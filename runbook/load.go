package runbook

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Why a step is not Ready, where it is not a decision that is missing.
const (
	WhyNoEntry  = "no lock entry"
	WhyChanged  = "changed since review"
	WhyAccepted = "not accepted yet"
)

// LockPath is where the lock of a Markdown file stands: RUNBOOK.md, RUNBOOK.lock.yaml. A folder of them has one for all, DirLock inside it. Its
// folder is the one that targets' relative directories count from.
func LockPath(markdown string) string {
	if info, err := os.Stat(markdown); err == nil && info.IsDir() {
		return filepath.Join(markdown, DirLock)
	}
	return strings.TrimSuffix(markdown, filepath.Ext(markdown)) + ".lock.yaml"
}

// Load reads a runbook, a file or a folder of files, and the lock beside it. Without a lock every step is for people. A lock that is damaged is an error that names its
// line; LoadText then still gives the text.
func Load(path string, opt Sections) (*Runbook, error) {
	rb, err := LoadMarkdown(path, opt)
	if err != nil {
		return nil, err
	}
	at := LockPath(path)
	src, err := readText(at, "a lock", maxLock)
	if errors.Is(err, fs.ErrNotExist) {
		return rb.join(nil, nil, ""), nil
	}
	if err != nil {
		return nil, err
	}
	lock, err := ReadLock(src)
	if err != nil {
		return nil, inFile(err, at)
	}
	dir, err := filepath.Abs(filepath.Dir(at))
	if err != nil {
		return nil, fmt.Errorf("read lock: %w", err)
	}
	return rb.join(lock, src, dir), nil
}

// LoadText is Load for a lock that cannot be used: the runbook as text, no step Ready, and LockError says why.
func LoadText(path string, opt Sections) (*Runbook, error) {
	rb, err := Load(path, opt)
	if err == nil {
		return rb, nil
	}
	text, textErr := LoadMarkdown(path, opt)
	if textErr != nil {
		return nil, textErr
	}
	text = text.join(nil, nil, "")
	text.LockError = err
	return text, nil
}

// LoadMarkdown reads the Markdown alone, without its lock; errors name the file and the line.
func LoadMarkdown(path string, opt Sections) (*Runbook, error) {
	src, err := ReadSource(path)
	if err != nil {
		return nil, err
	}
	rb, err := Parse(src, opt)
	if err != nil {
		return nil, inFile(err, path)
	}
	if rb.Path = path; rb.Files != nil {
		rb.Warnings = append(rb.Warnings, unusedLocks(path)...)
	}
	return rb, nil
}

// Join gives the runbook with a lock: each step gets its entry and is Ready only if their bytes agree. dir is the absolute folder from which
// the targets' relative directories count.
func (rb *Runbook) Join(lockSource []byte, dir string) (*Runbook, error) {
	lock, err := ReadLock(lockSource)
	if err != nil {
		return nil, err
	}
	return rb.join(lock, lockSource, dir), nil
}

// copySteps gives a copy that shares nothing that join changes.
func (rb *Runbook) copySteps() *Runbook {
	out := *rb
	out.Procedures = slices.Clone(rb.Procedures)
	for i := range out.Procedures {
		out.Procedures[i].Steps = slices.Clone(out.Procedures[i].Steps)
	}
	out.Fences, out.Others = slices.Clone(rb.Fences), slices.Clone(rb.Others)
	out.Warnings = slices.Clone(rb.Warnings)
	return &out
}

func (rb *Runbook) join(lock *Lock, src []byte, dir string) *Runbook {
	out := rb.copySteps()
	out.Lock = lock
	if lock == nil {
		lock = &Lock{Format: lockFormat}
	} else {
		out.LockSource, out.LockDigest = src, digest(src)
	}
	out.Procedures = out.inOnePiece(lock).Procedures
	m := match(out, lock)
	undos := map[string]*Entry{}
	for k := range lock.Steps {
		undos[lock.Steps[k].UndoOf] = &lock.Steps[k]
	}
	delete(undos, "")
	for i := range out.Procedures {
		p := &out.Procedures[i]
		p.ID = m.procedures[i]
		away := moved(lock, m.entries[i])
		for j := range p.Steps {
			s := &p.Steps[j]
			s.ID = m.ids[i][j]
			s.Entry = load(lock, m.entries[i][j], dir)
			s.Undo = load(lock, undos[s.ID], dir)
			s.settle(away[j])
			if s.Condition == "" && s.Entry != nil {
				s.Condition = s.Entry.Condition
			}
			if s.Entry != nil && s.Entry.Choice {
				s.joinBranches(lock, dir)
			}
		}
	}
	out.renameCalls(m.procedures, rb)
	out.verdicts()
	return out
}

// load completes an entry for use.
func load(l *Lock, e *Entry, dir string) *Entry {
	if e == nil {
		return nil
	}
	out := l.Effective(*e)
	if t, ok := l.Targets[e.Target]; ok {
		if !t.Elsewhere() && !filepath.IsAbs(t.Dir) {
			t.Dir = filepath.Join(dir, t.Dir)
		}
		if t.Host == "" {
			t.Host = "local"
		}
		if t.Lock == "" {
			t.Lock = e.Target + ":" + t.Dir
		}
		out.On = &t
	}
	return &out
}

func undoOf(l *Lock, id string) *Entry {
	for i := range l.Steps {
		if l.Steps[i].UndoOf == id {
			return &l.Steps[i]
		}
	}
	return nil
}

// settle decides whether a step may run. The Markdown alone never makes one Ready, nor changes how one runs (I5, I17).
func (s *Step) settle(moved bool) {
	s.Ready, s.Why = false, ""
	e := s.Entry
	switch {
	case e == nil:
		if s.Kind == Executable || s.Kind == Choice {
			s.Why = WhyNoEntry
		}
		return
	case e.Manual:
		if s.Kind != Call {
			s.Kind = Manual
		}
		return
	case e.SourceSHA256 != s.SourceSHA256:
		s.Why = WhyChanged
		return
	case moved:
		s.Why = WhyMoved
		return
	}
	if s.Why = e.drift(s.Title, s.Commands); s.Why != "" {
		return
	}
	if e.Choice {
		if len(e.Decide) > 0 {
			s.Why = e.Blocked()
		}
		return // its branches are settled next
	}
	if s.Why = e.Blocked(); s.Why == "" {
		s.Ready, s.Kind = true, Executable
	}
}

// renameCalls follows procedures whose lock gave them another id than their number.
func (rb *Runbook) renameCalls(ids []string, before *Runbook) {
	for i := range rb.Procedures {
		for j := range rb.Procedures[i].Steps {
			s := &rb.Procedures[i].Steps[j]
			calls := slices.Clone(s.Calls)
			for c := range calls {
				if k := slices.IndexFunc(before.Procedures, func(p Procedure) bool { return p.ID == calls[c] }); k >= 0 {
					calls[c] = ids[k]
				}
			}
			s.Calls = calls
		}
	}
}

// names lists parameters.
func names(ps []Parameter) string {
	var out []string
	for _, p := range ps {
		out = append(out, p.Name)
	}
	return strings.Join(out, ", ")
}

// reviewedFence ends the reason of a fence that runs as it was reviewed.
const reviewedFence = ", as reviewed in the lock"

// verdicts brings the fences' verdicts in line with what the lock settled.
func (rb *Runbook) verdicts() {
	fences, others := blocksByLine(rb.Fences), blocksByLine(rb.Others)
	for _, p := range rb.Procedures {
		for _, s := range p.Steps {
			if s.Entry == nil {
				continue
			}
			for _, c := range s.Commands {
				b := fences[place{p.File, c.Line}] // indented code
				if f := fences[place{p.File, c.Line - 1}]; f != nil && b == nil {
					b = f
				}
				if c.inText {
					b = others[place{p.File, c.Line}]
				}
				if b == nil {
					continue
				}
				switch {
				case s.Ready:
					b.Verdict, b.Why = "executable", "step "+s.Number+reviewedFence
				case s.Entry.Manual && (b.Verdict == "executable" || b.Verdict == "blocked" || b.Verdict == "choice"):
					b.Verdict, b.Why = "manual", "the lock leaves it to a person"
				case b.Verdict == "blocked" && s.Why != "" && len(s.Entry.Parameters) > 0 && len(s.Entry.Decide) > 0:
					b.Why = s.Why + "; made values: " + names(s.Entry.Parameters) // not what the text alone lacked
				case b.Verdict == "executable" && s.Why != "" && s.Why != "needs a decision: "+whereQuestion:
					b.Verdict, b.Why = "blocked", s.Why
				}
			}
		}
	}
}

// place is a line of a file.
type place struct {
	file string
	line int
}

func blocksByLine(blocks []Block) map[place]*Block {
	out := map[place]*Block{}
	for i := range blocks {
		out[place{blocks[i].File, blocks[i].Line}] = &blocks[i]
	}
	return out
}

// Accepted gives a copy in which only entries whose digest was accepted are Ready (I5).
func (rb *Runbook) Accepted(accepted func(digest string) bool) *Runbook {
	out := rb.copySteps()
	for i := range out.Procedures {
		for j := range out.Procedures[i].Steps {
			s := &out.Procedures[i].Steps[j]
			if s.Ready && !accepted(s.Entry.Digest()) {
				s.Ready, s.Why = false, WhyAccepted
			}
			if s.Undo != nil && !accepted(s.Undo.Digest()) {
				s.Undo = nil
			}
			s.acceptBranches(accepted)
		}
	}
	return out
}
