package main

import (
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"

	"github.com/drbot/drbot/people"
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
	switch {
	case u.Uid == "0":
		return fmt.Errorf("runner.user: %s is root, who reaches everything and can be anybody; make an account for steps alone", name)
	case u.Uid == strconv.Itoa(os.Getuid()):
		return fmt.Errorf("runner.user: %s is drbot's own account, whose data and socket steps must not reach; make another for steps alone", name)
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
