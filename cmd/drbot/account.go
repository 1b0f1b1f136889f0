package main

import (
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"

	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/runner/attempt"
)

// stepAccount refuses an account for steps that would take back what it is there for: a process of it must not be able
// to reach drbot's socket, data and secrets, nor to speak for a person (I57).
func stepAccount(name, group string, table *people.Table) error {
	if name == "" {
		return nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return fmt.Errorf("runner.user: this machine has no account %s; make one for steps alone, like useradd --system drbot-run", name)
	}
	if u.Uid == "0" {
		return fmt.Errorf("runner.user: %s is root, who reaches everything and can be anybody; make an account for steps alone", name)
	}
	if e, ok := table.Unix(u.Username); ok {
		return fmt.Errorf("runner.user: %s is the account of %s, and a step could speak for them; make one for steps alone", name, e.Name)
	}
	if group == "" {
		return nil
	}
	g, err := user.LookupGroup(group)
	if err != nil {
		return nil // the socket's own refusal names the group
	}
	groups, err := u.GroupIds()
	if err != nil {
		return fmt.Errorf("runner.user: the groups of %s: %w", name, err)
	}
	if slices.Contains(groups, g.Gid) {
		return fmt.Errorf("runner.user: %s is in terminal.group %s, and a step could reach the socket; take it out of the group", name, group)
	}
	return nil
}

// isAccount reports whether a uid is that of the named account.
func isAccount(uid int, name string) bool {
	if name == "" {
		return false
	}
	u, err := user.Lookup(name)
	return err == nil && u.Uid == strconv.Itoa(uid)
}

// hostConfig is the configuration for what runs under drbot's own account, which is not to be that of its steps.
func (p program) hostConfig() (*config, error) {
	c, err := p.config()
	if err == nil && isAccount(os.Getuid(), c.Commands.RunAs) {
		err = fmt.Errorf("runner.user: %s is drbot's own account, whose data and socket steps must not reach; make another for steps alone", c.Commands.RunAs)
		return nil, &exitError{exitConfig, fmt.Errorf("%s: %w", c.File, err)}
	}
	return c, err
}

// mayAsk refuses the account of steps at the terminal: whatever asks there may be a step, so it proves nobody (I57). The running
// drbot does not rely on it.
func (c *config) mayAsk(uid int) error {
	if !isAccount(uid, c.Commands.RunAs) {
		return nil
	}
	return fmt.Errorf("this is %s, the account of steps (runner.user), and a step's account proves nobody: ask from your own account", c.Commands.RunAs)
}

// unlimited says why nothing would limit steps, or "". Nobody misses what was turned off.
func (c *config) unlimited() string {
	if c.StepLimits.Memory < 0 && c.StepLimits.Processes < 0 {
		return ""
	}
	return attempt.Unlimited(c.Commands.RunAs)
}
