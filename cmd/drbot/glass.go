package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/drbot/drbot/integrations/terminal"
	"github.com/drbot/drbot/people"
)

// mayBreak marks the people of break_glass, named by email or by their whole name. Each is one person: a list with somebody
// unknown in it would be shorter than it looks on the day when it counts. An error is about the name at position n.
func mayBreak(all []people.Entry, names []string) (n int, err error) {
	for n, name := range names {
		found := 0
		for k := range all {
			if name != "" && (strings.EqualFold(all[k].Email, name) || all[k].Name == name) {
				all[k].Breaks = true
				found++
			}
		}
		switch {
		case found == 0:
			return n, fmt.Errorf("break_glass[%d]: no one in people has the email or the whole name %q", n, name)
		case found > 1:
			return n, fmt.Errorf("break_glass[%d]: %d in people are called %q; name one by email", n, found, name)
		}
	}
	return 0, nil
}

// glass is what breaking it needs besides the approval.
type glass struct{ reason, target string }

// breakGlass shows the whole text, asks for the digits of its sha256 and for the target, and decides in place of approvers
// who do not answer.
func (p program) breakGlass(ctx context.Context, approval, sum, key string, g glass) error {
	if g.reason == "" {
		return usage("breaking the glass needs its reason: --break-glass \"Bea and Chen were called twice\"")
	}
	client, err := p.connect(ctx, key)
	if err != nil {
		return err
	}
	defer client.Close()
	if sum == "" {
		if sum, err = p.readText(ctx, client, terminal.Request{Verb: "recover text", Object: approval}, "break the glass on "+approval); err != nil {
			return err
		}
	}
	if g.target == "" {
		_, _ = fmt.Fprint(p.stdout, "Type the target: ")
		if _, err := fmt.Fscanln(p.stdin, &g.target); err != nil {
			say(p.stdout, "Left undecided.")
			return findings()
		}
	}
	fields := map[string][]string{"reason": {g.reason}, "target": {g.target}, "sha256": {sum}}
	return p.carryOut(ctx, client, terminal.Request{Verb: "recover break", Object: approval, Fields: fields})
}
