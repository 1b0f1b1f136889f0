package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/runner/attempt"
)

// Decide asks what the compiler could not know, one question at a time, and writes the lock after each answer: whoever
// stops in the middle loses nothing. An answer makes a step no more runnable than any other edit of the lock does: an
// approver accepts it first (I5).

func (p program) runbookDecide() *cobra.Command {
	var answers []string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "decide [FILE]", Short: "Answer what the lock leaves open, one question at a time", Args: cobra.MaximumNArgs(1),
		Long: "Decide compiles FILE and asks what the compiler could not know, one question at a time, each with a proposal: Enter takes\n" +
			"it, - leaves the question for later, q stops. The lock is written after each answer. --answer answers without asking:\n" +
			"a question by its id (p1.s4/timeout, target), its step (p1.s4, where it has one question), or what it is about (p1.s2.target).",
		Example: "  drbot runbook decide\n  drbot runbook decide --answer target=db1=/srv/app --answer p1.s4.timeout=45m",
		RunE: func(_ *cobra.Command, args []string) error {
			path, sections, err := p.runbookFile(args)
			if err != nil {
				return err
			}
			c, err := compile(path, sections)
			if err != nil {
				return err
			}
			d := &deciding{program: p, compiled: c, left: map[string]bool{}}
			switch {
			case asJSON:
				return printJSON(p.stdout, map[string]any{"questions": append([]runbook.Question{}, d.open()...), "summary": d.summary()})
			case len(answers) > 0:
				err = d.answerAll(answers)
			default:
				err = d.ask(bufio.NewReader(p.stdin))
			}
			if err == nil {
				say(p.stdout, "%s", d.summary())
			}
			return err
		},
	}
	cmd.Flags().StringArrayVar(&answers, "answer", nil, "QUESTION=ANSWER; may be repeated; nothing is asked then, and one wrong answer writes none")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the questions as JSON and ask nothing")
	return cmd
}

// deciding is one sitting over one lock.
type deciding struct {
	program
	*compiled
	left map[string]bool // questions that were left for later, by step and text
}

func (d *deciding) open() []runbook.Question {
	return slices.DeleteFunc(d.after.Questions(d.rb), func(q runbook.Question) bool { return d.left[q.Step+"\x00"+q.Ask] })
}

// summary is "12 of 28 steps ready, 9 need one answer, 7 stay manual", as it is now.
func (d *deciding) summary() string {
	_, report := runbook.Compile(d.rb, d.after)
	return report.Summary()
}

func (d *deciding) write() error { return writeLock(d.lockPath, d.after.Marshal()) }

// ask goes through the questions until none is left, or the person stops.
func (d *deciding) ask(in *bufio.Reader) error {
	say(d.stdout, "%s. Enter takes the proposal, - leaves a question for later, q stops.", d.summary())
	for n := 1; ; n++ {
		open := d.open()
		if len(open) == 0 {
			return nil
		}
		q := open[0]
		d.show(q, n, len(open))
		if stop, err := d.askOne(in, q); stop || err != nil {
			return err
		}
	}
}

// askOne asks until a question is answered or left; stop: the person has had enough.
func (d *deciding) askOne(in *bufio.Reader, q runbook.Question) (stop bool, err error) {
	for {
		_, _ = fmt.Fprint(d.stdout, prompt(q))
		line, err := in.ReadString('\n')
		if err != nil && (!errors.Is(err, io.EOF) || line == "") {
			say(d.stdout, "")
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return true, err
		}
		answer := strings.TrimSpace(line)
		if answer == "" {
			answer = q.Proposal
		}
		switch answer {
		case "q":
			return true, nil
		case "-":
			d.left[q.Step+"\x00"+q.Ask] = true
			return false, nil
		case "":
			say(d.stdout, "    There is no proposal here. %s", wanted(q))
			continue
		}
		if err := d.after.Answer(q, answer); err != nil {
			say(d.stdout, "    %v", err)
			continue
		}
		return false, d.write()
	}
}

// maxShown is how many lines of a command a question shows.
const maxShown = 12

// show prints what a question is about. The runbook's own text cannot reach into the terminal.
func (d *deciding) show(q runbook.Question, n, left int) {
	head := fmt.Sprintf("\n%d, %d left", n, left)
	if q.Step != "" {
		head += " · " + q.Step + " " + q.Title
	}
	if q.Line > 0 {
		head += fmt.Sprintf(" (line %d)", q.Line)
	}
	say(d.stdout, "%s", attempt.Neutralise(head))
	lines := strings.Split(strings.TrimRight(attempt.Neutralise(q.Text), "\n"), "\n")
	for k, line := range lines {
		switch {
		case q.Text == "":
		case k < maxShown:
			say(d.stdout, "    | %s", line)
		case k == maxShown:
			say(d.stdout, "    | … %d more lines", len(lines)-k)
		}
	}
	say(d.stdout, "  %s", attempt.Neutralise(q.Ask))
	say(d.stdout, "  %s", wanted(q))
}

func wanted(q runbook.Question) string { return "Answers: " + strings.Join(q.Options, " · ") }

func prompt(q runbook.Question) string {
	if q.Proposal == "" {
		return "  > "
	}
	return "  [" + q.Proposal + "] > "
}

// answerAll takes every answer or none.
func (d *deciding) answerAll(answers []string) error {
	first := d.after.Questions(d.rb) // ids count on from these: an answer moves those of its step
	for _, a := range answers {
		name, answer, ok := strings.Cut(a, "=")
		if !ok || answer == "" {
			return usage("--answer %s: write QUESTION=ANSWER, like target=db1=/srv/app", a)
		}
		q, found := question(first, name)
		if !found {
			q, found = question(d.after.Questions(d.rb), name)
		}
		if !found {
			return fmt.Errorf("no one open question is called %s; `drbot runbook decide --json` lists them", name)
		}
		if err := d.after.Answer(q, answer); err != nil {
			if wrong := new(runbook.ValueError); errors.As(err, &wrong) && wrong.Parameter == q.ID {
				return err // it names the question
			}
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return d.write()
}

// question finds the one question that a name means: its id, its step where that has one alone, or step and subject.
func question(all []runbook.Question, name string) (runbook.Question, bool) {
	var found []runbook.Question
	for _, q := range all {
		if q.ID == name {
			return q, true
		}
		if q.Step != "" && (q.Step == name || q.Step+"."+subject(q) == name) {
			found = append(found, q)
		}
	}
	if len(found) != 1 {
		return runbook.Question{}, false
	}
	return found[0], true
}

// subject is what a question is about, by the answers that it takes.
func subject(q runbook.Question) string {
	for form, subject := range map[string]string{"NAME=DIR": "target", "DURATION": "timeout", "psql": "sql", "parameter": "parameter", "pattern RE2": "type"} {
		if slices.Contains(q.Options, form) {
			return subject
		}
	}
	return "other"
}
