package commands_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/templates"
)

// printout is an output on a disk that a test made up.
type printout string

func (p printout) Output(_ context.Context, _ string, lines int) (string, error) {
	all := strings.Split(strings.TrimSuffix(string(p), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n"), nil
}

func (p printout) Open(string) (io.ReadSeekCloser, error) {
	return struct {
		io.ReadSeeker
		io.Closer
	}{strings.NewReader(string(p)), io.NopCloser(nil)}, nil
}

// Whatever a step printed, `output` is one message: all of it, or its ends with both counts, and the file of the whole.
func TestI39_OutputIsOneMessageWithBothCounts(t *testing.T) {
	r := recovery(t).rig()
	r.conf.Host = "ops1"
	r.plan()
	r.must(r.say(ana, "/recover start"))
	r.answer()
	r.ended(incident.Succeeded, nil)
	line := strings.Repeat("x", 200_000)
	for _, c := range []struct {
		name, printed string
		codes         []string
		said          string
	}{
		{"short", "a\nb\n", []string{"a\nb"}, ""},
		{"many lines", strings.Repeat("line\n", 100), []string{strings.TrimSpace(strings.Repeat("line\n", 20))}, "It printed 500 bytes; the last 99 are shown."},
		{"one line", "begin" + line + "end", []string{"begin" + line[:2_495], line[:2_497] + "end"}, "It printed 200,008 bytes; the first 2,500 and the last 2,500 are shown."},
	} {
		r.Runs = printout(c.printed)
		reply := r.say(ana, "/recover output 1.1")
		if reply.Output == nil || reply.Output.Key != "output/R1/p1.s1/1" {
			t.Errorf("%s: the file of the whole is not named: %+v", c.name, reply.Output)
		}
		var codes []string
		for _, b := range reply.Say.Blocks {
			if code, ok := b.(templates.Code); ok {
				codes = append(codes, code.Text)
			}
		}
		if strings.Join(codes, "|") != strings.Join(c.codes, "|") {
			t.Errorf("%s: shown are %d blocks: %.80q", c.name, len(codes), codes)
		}
		text := templates.Text(templates.Message{Blocks: reply.Say.Blocks[:1]})
		if got := strings.Join(strings.Fields(text), " "); got != strings.TrimSpace("Step 1.1 · Assess damage · done "+c.said) {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

// A step whose output the lock keeps out of the chat, or to its file, shows it at the terminal alone; so does one that is
// still running, whose file comes when it ends.
func TestI38_OutputThatTheLockKeepsOutOfTheChat(t *testing.T) {
	for mode, want := range map[string]string{"none": "drbot recover output R1 1.1", "file": "to a file, in the thread of R1"} {
		r := recovery(t, func(l *runbook.Lock) { entryOf(l, "p1.s1").Output = mode }).rig()
		r.plan()
		r.must(r.say(ana, "/recover start"))
		r.answer()
		r.ended(incident.Succeeded, nil)
		r.Runs = printout("customer 4711\n")
		reply := r.say(ana, "/recover output 1.1")
		if text := strings.Join(strings.Fields(templates.Text(reply.Say)), " "); strings.Contains(text, "4711") || !strings.Contains(text, want) {
			t.Errorf("%s: in the chat: %q", mode, text)
		}
		if (reply.Output != nil) != (mode == "file") || reply.Data != nil {
			t.Errorf("%s: %+v, %v", mode, reply.Output, reply.Data)
		}
		c := commands.Command{Verb: "recover output", Object: "R1", Text: "1.1", Actor: commands.Actor{Unix: "ana"}}
		reply = r.do(c)
		if text := templates.Text(reply.Say); !strings.Contains(text, "4711") || reply.Output == nil || reply.Output.Attempt == "" {
			t.Errorf("%s: at the terminal: %q, %+v", mode, text, reply.Output)
		}
	}
}
