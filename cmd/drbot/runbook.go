package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/drbot/drbot/runbook"
)

func (p program) runbook() *cobra.Command {
	return group("runbook", "Read, check, compile and accept the runbook",
		p.runbookShow(), p.runbookLint(), p.runbookCompile(), p.runbookDecide(), p.runbookAccept(), p.runbookReload())
}

// runbookFile is the named file, or the configuration's; neither show, lint nor compile needs a configuration.
func (p program) runbookFile(args []string) (string, runbook.Sections, error) {
	if len(args) > 0 {
		return args[0], nil, nil
	}
	c, err := p.config()
	if err != nil {
		return "", nil, fmt.Errorf("name the runbook's file, or a configuration that does: %w", err)
	}
	return c.Runbook, c.Sections, nil
}

// readRunbook reads what show and lint are about, with or without its lock.
func (p program) readRunbook(args []string) (path string, rb *runbook.Runbook, err error) {
	path, sections, err := p.runbookFile(args)
	if err != nil {
		return "", nil, err
	}
	rb, err = runbook.LoadText(path, sections)
	return path, rb, err
}

func (p program) runbookShow() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show [FILE]", Short: "Print what drbot reads in a runbook", Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			_, rb, err := p.readRunbook(args)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(p.stdout, rb)
			}
			showRunbook(p.stdout, rb)
			if rb.LockError != nil {
				say(p.stderr, "The lock is not used: %v", rb.LockError)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (p program) runbookLint() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "lint [FILE]", Short: "Say what a careful reader would of a runbook", Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			path, rb, err := p.readRunbook(args)
			if err != nil {
				return err
			}
			env := onThisMachine(path)
			if len(args) == 0 {
				if c, err := p.config(); err == nil {
					env = c.linked(env)
				}
			}
			found := runbook.SortFindings(runbook.Lint(rb, env))
			if asJSON {
				if err := printJSON(p.stdout, found); err != nil {
					return err
				}
			} else {
				for _, f := range found.Findings {
					say(p.stdout, "%s:%d: %s: %s [%s]\n    %s", inFolder(path, f.File), f.Line, f.Level, f.Message, f.Rule, f.Fix)
				}
				say(p.stdout, "%d findings.", len(found.Findings))
			}
			if len(found.Findings) > 0 {
				return findings()
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (p program) runbookCompile() *cobra.Command {
	var check, diff bool
	var report string
	cmd := &cobra.Command{
		Use: "compile [FILE]", Short: "Write the lock beside the runbook", Args: cobra.MaximumNArgs(1),
		Long: "Compile writes FILE's lock: what may run, byte for byte, to be reviewed and committed like code. What it cannot know it\n" +
			"writes as `decide:`, and that step does not run until someone decided. Human decisions are kept.",
		RunE: func(_ *cobra.Command, args []string) error {
			if report != "" && report != "json" && report != "text" {
				return usage("--report is text or json")
			}
			path, sections, err := p.runbookFile(args)
			if err != nil {
				return err
			}
			c, err := compile(path, sections)
			if err != nil {
				if without := (*runbook.NoProcedure)(nil); errors.As(err, &without) { // what was read is said all the same
					return errors.Join(printReport(p, report, without.Report), err)
				}
				return err
			}
			if !check && !diff && !bytes.Equal(c.old, c.next) { // first of all, so that no reader of the report can stop it
				if err := writeLock(c.lockPath, c.next); err != nil {
					return err
				}
			}
			if report == "json" {
				err = printJSON(p.stdout, c.report)
			} else {
				c.print(p, diff)
			}
			if err == nil && check && !bytes.Equal(c.old, c.next) {
				say(p.stderr, "%s and %s differ; run `drbot runbook compile %s` and review the difference", path, c.lockPath, path)
				err = findings()
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "write nothing; exit 1 if lock and Markdown differ")
	cmd.Flags().BoolVar(&diff, "diff", false, "write nothing; say in words what would change")
	cmd.Flags().StringVar(&report, "report", "", "text or json: what became of every fence and list")
	return cmd
}

type compiled struct {
	rb            *runbook.Runbook
	report        runbook.Report
	lockPath      string
	old, next     []byte
	before, after *runbook.Lock
}

func compile(path string, sections runbook.Sections) (*compiled, error) {
	c := &compiled{lockPath: runbook.LockPath(path)}
	var err error
	if c.rb, err = runbook.LoadMarkdown(path, sections); err != nil {
		return nil, err
	}
	if c.old, err = os.ReadFile(c.lockPath); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if c.old != nil {
		if c.before, err = runbook.ReadLock(c.old); err != nil {
			return nil, fmt.Errorf("%s: %w", c.lockPath, err)
		}
	}
	c.after, c.report = runbook.Compile(c.rb, c.before)
	c.next = c.after.Marshal()
	return c, nil
}

func (c *compiled) print(p program, diff bool) {
	if diff {
		changes := runbook.Diff(c.before, c.after)
		if c.before != nil && c.before.Older() {
			say(p.stdout, "%s.", runbook.OlderForm)
		}
		for _, d := range changes {
			if !d.Form {
				say(p.stdout, "%s: %s", d.ID, d.Text)
			}
		}
		switch {
		case len(changes) > 0:
		case bytes.Equal(c.old, c.next):
			say(p.stdout, "Nothing changes.")
		default:
			say(p.stdout, "No entry changes: the lock was written by hand, in another form (order, spaces, quotes or comments) than compile writes it.")
		}
		return
	}
	printBlocks(p.stdout, c.report)
}

func printReport(p program, form string, r runbook.Report) error {
	if form == "json" {
		return printJSON(p.stdout, r)
	}
	printBlocks(p.stdout, r)
	return nil
}

// printBlocks is a report as text.
func printBlocks(w io.Writer, r runbook.Report) {
	say(w, "%s", r.Summary())
	for _, part := range []struct {
		what   string
		blocks []runbook.Block
	}{{"", r.Fences}, {"list: ", r.Lists}, {"text: ", r.Others}} {
		for _, b := range part.blocks {
			say(w, "  %s: %s%s: %s", lineOf(b), part.what, b.Verdict, b.Why)
		}
	}
	for _, shown := range r.Rewrites {
		say(w, "  line %d: %s runs %q where the runbook says %q", shown.Line, shown.Step, shown.To, shown.From)
	}
}

// lineOf is where a fence or list stands; in a folder with its file.
func lineOf(b runbook.Block) string {
	if b.File != "" {
		return fmt.Sprintf("%s line %d", b.File, b.Line)
	}
	return fmt.Sprintf("line %d", b.Line)
}

// inFolder is the path of a runbook's file: the runbook itself, or one file of its folder.
func inFolder(path, file string) string {
	if file == "" {
		return path
	}
	return filepath.Join(path, file)
}

// writeLock replaces the lock in one step, so that no reader ever sees half of it.
func writeLock(path string, b []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".lock-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(b)
	if err = errors.Join(err, tmp.Chmod(0o644), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

func (p program) runbookReload() *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use: "reload", Short: "Let the running drbot read runbook and lock again", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.line(cmd.Context(), lineOptions{group: "runbook", text: "reload", key: key})
		},
	}
	cmd.Flags().StringVar(&key, "ssh-key", "", keyFlag)
	return cmd
}

// showRunbook prints a runbook for people, in the order in which an incident needs it.
func showRunbook(w io.Writer, rb *runbook.Runbook) {
	say(w, "%s  (%s)", rb.Title, rb.Digest[:12])
	for _, s := range rb.Severities {
		say(w, "  %s %s, respond %s: %s", s.ID, s.Name, s.ResponseText, s.Definition)
	}
	say(w, "\nIncident types")
	for _, t := range rb.IncidentTypes {
		say(w, "  SEV-%d %s: %s", t.Severity, t.Name, t.Description)
	}
	say(w, "\nObjectives")
	for _, o := range rb.RTO {
		say(w, "  RTO %s: %s (%s)", o.Tier, o.TargetText, o.Description)
	}
	for _, o := range rb.RPO {
		say(w, "  RPO %s: %s (%s)", o.Data, o.TargetText, o.Mechanism)
	}
	for _, proc := range rb.Procedures {
		title := proc.Title
		if proc.File != "" {
			title += " (" + proc.File + ")"
		}
		say(w, "\n%s %s: %s", proc.ID, title, proc.Scenario)
		for _, s := range proc.Steps {
			state := "ready"
			if !s.Ready {
				state = string(s.Kind)
				if s.Why != "" {
					state += ", " + s.Why
				}
			}
			if s.Condition != "" {
				state += "; only " + s.Condition
			}
			say(w, "  %-4s %s [%s]", s.Number, s.Title, state)
		}
		for _, note := range proc.Notes {
			say(w, "  Note: %s", note)
		}
	}
	for _, phase := range rb.Checklist.Phases {
		say(w, "\n%s", phase.Title)
		showItems(w, phase.Items, "  ")
	}
	say(w, "\nMessages: %d, review tasks: %d, contacts: %d", len(rb.Templates), len(rb.Review.Deadlines), len(rb.Contacts))
	for _, f := range rb.Warnings {
		say(w, "%s: %s", lineOf(runbook.Block{Line: f.Line, File: f.File}), f.Message)
	}
}

func showItems(w io.Writer, items []runbook.Item, indent string) {
	for _, it := range items {
		say(w, "%s%-3s %s", indent, it.ID, it.Text)
		showItems(w, it.Items, indent+"  ")
	}
}

// onThisMachine lets lint ask for files that the runbook names, where they count from its folder, and for programs.
func onThisMachine(path string) runbook.Env {
	dir := filepath.Dir(runbook.LockPath(path)) // the folder itself, or the file's
	return runbook.Env{
		Exists: func(name string) bool {
			if !filepath.IsAbs(name) {
				name = filepath.Join(dir, name)
			}
			_, err := os.Stat(name)
			return err == nil
		},
		Binary: func(program string) bool {
			_, err := exec.LookPath(program)
			return err == nil
		},
	}
}

// linked adds what the configuration says of the parts of a runbook: types and their procedures, services and their tiers.
func (c *config) linked(env runbook.Env) runbook.Env {
	env.Types, env.Services = c.Commands.Procedures, map[string]string{}
	for name, s := range c.Commands.Services {
		env.Services[name] = s.Tier
	}
	return env
}
