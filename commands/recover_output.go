package commands

import (
	"context"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// What `output` shows is one message, whatever the step printed: its last lines, and where they are too long for that, its
// beginning and its end, with both counts (I39).
const (
	outputLines = 20
	outputEdge  = 2_500 // characters of the beginning, and of the end
)

// showOutput reads what a step printed: the named one, else the last that ran.
func showOutput(ctx context.Context, o *Office, c *call) (Reply, error) {
	i, err := o.Store.Incident(ctx, c.ref)
	if err != nil {
		return Reply{}, err
	}
	if err := o.may(c, i); err != nil {
		return Reply{}, err
	}
	n, name, _ := target(c)
	r := lastRun(i)
	if n != 0 {
		r = i.Run(n)
	}
	if r == nil {
		return Reply{}, incident.Refuse(incident.NotFound, "%s has no run.", i.ID)
	}
	s := ran(r, name)
	switch {
	case s == nil && name != "":
		return Reply{}, incident.Refuse(incident.NotFound, "Step %s of %s has not run.", name, r.Name())
	case s == nil:
		return Reply{}, incident.Refuse(incident.NotFound, "No step of %s has run yet.", r.Name())
	case o.Runs == nil:
		return Reply{}, incident.Refuse(incident.Outage, "Outputs cannot be read here.").Then("They are in runs/%s/output of the data directory.", s.Attempt)
	}
	return o.showPrinted(ctx, c, i, r, s)
}

// showPrinted shows the end of what a step printed, as far as its lock entry lets the chat have it; the whole is a file in
// the chat, and stands at the terminal.
func (o *Office) showPrinted(ctx context.Context, c *call, i *incident.Incident, r *incident.Run, s *incident.Step) (Reply, error) {
	head := "Step " + s.Number + " · " + s.Title + " · " + string(s.State)
	reply, whole := Reply{ID: i.ID}, &Printed{Key: templates.OutputKey(r, s), Attempt: s.Attempt}
	chat := c.Actor.Slack != ""
	if !chat || !s.State.Active() {
		reply.Output = whole
	}
	said := ""
	switch {
	case chat && s.Output == incident.OutputNone:
		said = fmt.Sprintf("Its lock entry keeps the output out of the chat. At the terminal: `drbot recover output %s %s`.", r.Name(), s.Number)
		reply.Output = nil
	case chat && s.Output == incident.OutputFile && s.State.Active():
		said = "Its lock entry keeps the output to a file, which comes when the step ends."
	case chat && s.Output == incident.OutputFile:
		said = "Its lock entry keeps the output to a file, in the thread of " + r.Name() + "."
	case s.NoText != "":
		said = templates.NoText(s.Bytes, s.NoText)
	}
	if said != "" {
		reply.Say = templates.Message{Text: head + "\n" + said}
		return reply, nil
	}
	p, err := o.printed(ctx, s)
	if err != nil {
		return Reply{}, err
	}
	if p.end == "" {
		if reply.Say = (templates.Message{Text: head + ": it printed nothing."}); !s.State.Active() {
			reply.Output = nil
		}
		return reply, nil
	}
	reply.Say, reply.Data = p.message(head, r, s), p.text()
	return reply, nil
}

// message is what is shown, under its head.
func (p printed) message(head string, r *incident.Run, s *incident.Step) templates.Message {
	lines := [][]templates.Span{{templates.T(head)}}
	if said := p.cut(s); said != "" {
		if s.State.Active() {
			said += fmt.Sprintf(" At the terminal `drbot recover output %s %s --follow` shows the rest.", r.Name(), s.Number)
		}
		lines = append(lines, []templates.Span{templates.T(said)})
	}
	m := templates.Message{Text: head + "\n" + p.text(), Blocks: []templates.Block{templates.Lines{Lines: lines}}}
	if p.begin != "" {
		m.Blocks = append(m.Blocks, templates.Code{Text: p.begin}, templates.Lines{Lines: [][]templates.Span{{templates.T("…")}}})
	}
	m.Blocks = append(m.Blocks, templates.Code{Text: p.end})
	return m
}

// printed is what is shown of an output.
type printed struct {
	begin string // where the last lines alone are too long
	end   string
	total int64 // bytes that were kept; 0: not known
}

func (o *Office) printed(ctx context.Context, s *incident.Step) (printed, error) {
	text, err := o.Runs.Output(ctx, s.Attempt, outputLines)
	if err != nil {
		return printed{}, err
	}
	p := printed{end: text}
	f, err := o.Runs.Open(s.Attempt)
	if err != nil {
		return p, nil // what Output gave is shown; only the beginning and the count are missing
	}
	defer func() { _ = f.Close() }()
	if utf8.RuneCountInString(text) > 2*outputEdge {
		raw, err := io.ReadAll(io.LimitReader(f, utf8.UTFMax*outputEdge))
		if err != nil {
			return printed{}, fmt.Errorf("read the output of %s: %w", s.Attempt, err)
		}
		p.begin, p.end = firstChars(string(raw), outputEdge), lastChars(text, outputEdge)
	}
	if p.total = s.Bytes; p.total == 0 {
		if size, err := f.Seek(0, io.SeekEnd); err == nil {
			p.total = size
		}
	}
	return p, nil
}

// text is what is shown, for scripts and for a locked phone.
func (p printed) text() string {
	if p.begin == "" {
		return p.end
	}
	return p.begin + "\n…\n" + p.end
}

// cut says how much of it is shown; "" when it is all.
func (p printed) cut(s *incident.Step) string {
	shown := int64(len(p.begin) + len(p.end))
	if p.begin == "" && p.total <= shown+1 { // but for the last line break
		return ""
	}
	so := "It printed"
	if s.State.Active() {
		so = "So far it printed"
	}
	if p.begin != "" {
		return fmt.Sprintf("%s %s bytes; the first %s and the last %s are shown.", so, thousands(p.total), thousands(int64(len(p.begin))), thousands(int64(len(p.end))))
	}
	return fmt.Sprintf("%s %s bytes; the last %s are shown.", so, thousands(p.total), thousands(shown))
}

// thousands writes a count with its thousands apart: 200,000,000.
func thousands(n int64) string {
	digits := fmt.Sprint(n)
	for k := len(digits) - 3; k > 0; k -= 3 {
		digits = digits[:k] + "," + digits[k:]
	}
	return digits
}

func firstChars(s string, n int) string {
	runes := []rune(strings.ToValidUTF8(s, "\uFFFD"))
	return string(runes[:min(len(runes), n)])
}

func lastChars(s string, n int) string {
	runes := []rune(s)
	return string(runes[max(0, len(runes)-n):])
}

// ran is the named step, else the last one that has an attempt.
func ran(r *incident.Run, name string) *incident.Step {
	if name != "" {
		if s := r.Step(name); s != nil && s.Attempt != "" {
			return s
		}
		return nil
	}
	var last *incident.Step
	for k := range r.Steps {
		if s := &r.Steps[k]; s.Attempt != "" && (last == nil || !s.Started.Before(last.Started)) {
			last = s
		}
	}
	return last
}
