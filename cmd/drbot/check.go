package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/drbot/drbot/bot"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/runbook"
)

// finding is one thing that check says: what is wrong and how it is mended.
type finding struct {
	Level string `json:"level"` // error | warning | note
	What  string `json:"what"`
	Fix   string `json:"fix,omitempty"`
}

func (p program) check() *cobra.Command {
	var asJSON, offline bool
	cmd := &cobra.Command{
		Use: "check", Short: "Say what is wrong with configuration, tokens, runbook and lock, each with its fix", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.hostConfig()
			if err != nil {
				return err
			}
			found := p.checkAll(cmd.Context(), c, offline)
			bad := false
			for _, f := range found {
				bad = bad || f.Level == "error"
			}
			if asJSON {
				if err := printJSON(p.stdout, map[string]any{"findings": found, "ok": !bad}); err != nil {
					return err
				}
			} else {
				printFindings(p, found)
			}
			if bad {
				return findings()
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&offline, "offline", false, "ask no network")
	return cmd
}

func printFindings(p program, found []finding) {
	signs := map[string]string{"error": "⛔", "warning": "⚠", "note": "·"}
	for _, f := range found {
		say(p.stdout, "%s %s", signs[f.Level], f.What)
		if f.Fix != "" {
			say(p.stdout, "    %s", f.Fix)
		}
	}
	errs := 0
	for _, f := range found {
		if f.Level == "error" {
			errs++
		}
	}
	if errs == 0 {
		say(p.stdout, "✅ drbot can serve.")
	}
}

func (p program) checkAll(ctx context.Context, c *config, offline bool) []finding {
	found := checkPeople(c.People)
	found = append(found, p.checkRecord(ctx, c)...)
	found = append(found, p.checkRunbook(ctx, c)...)
	found = append(found, p.checkHost(c)...)
	found = append(found, checkPagerDuty(ctx, c, offline)...)
	found = append(found, checkStatusPage(ctx, c, p.getenv, offline)...)
	found = append(found, checkMail(ctx, c, p.getenv, offline)...)
	if !offline {
		found = append(found, checkRemote(ctx, c)...)
	}
	swapped := checkTokens(c.Slack)
	found = append(found, swapped...)
	switch {
	case len(swapped) > 0: // Slack would only say that it does not know them
	case c.Slack.Bot.IsZero():
		found = append(found, finding{"error", "SLACK_BOT_TOKEN is not set: drbot works at the terminal only.", "Create the app from `drbot slack manifest`, install it, and set its bot token (xoxb-…)."})
	case !offline:
		for _, f := range bot.Check(ctx, bot.Options{
			BotToken: c.Slack.Bot, AppToken: c.Slack.App, SigningSecret: c.Slack.Signing, APIURL: c.Slack.APIURL, HTTP: c.SlackHTTP,
			Incident: c.Commands.Incident, Recover: c.Commands.Recover, Announce: c.Announce, House: c.House, People: func() *people.Table { return c.People },
		}) {
			found = append(found, finding{f.Level, f.What, f.Fix})
		}
	}
	if c.Announce == "" {
		found = append(found, finding{"warning", "slack.announce is not set: nobody outside an incident's channel hears of it.", "Name a channel: slack: {announce: incidents}."})
	}
	return found
}

// checkTokens finds tokens that stand in each other's place, by what Slack begins them with.
func checkTokens(t slackTokens) []finding {
	bot := strings.HasPrefix(t.Bot.Reveal(), "xapp-")
	app := strings.HasPrefix(t.App.Reveal(), "xoxb-")
	switch {
	case bot && app:
		return []finding{{"error", "SLACK_BOT_TOKEN holds the app-level token (xapp-…) and SLACK_APP_TOKEN the bot token (xoxb-…).", "Swap the two."}}
	case bot:
		return []finding{{"error", "SLACK_BOT_TOKEN holds an app-level token (xapp-…).", "Set it to the bot token (xoxb-…) from OAuth & Permissions, and SLACK_APP_TOKEN to the xapp-… one."}}
	case app:
		return []finding{{"error", "SLACK_APP_TOKEN holds a bot token (xoxb-…).", "Set it to an app-level token (xapp-…) with connections:write, from Basic Information."}}
	}
	return nil
}

// checkPeople finds duties that nobody can do, the second person's first of all.
func checkPeople(t *people.Table) []finding {
	var found []finding
	operators, approvers := t.With(incident.Operator), t.With(incident.Approver)
	switch {
	case len(operators) == 0:
		found = append(found, finding{"error", "Nobody may plan and run recoveries.", "Give somebody in people: the role operator."})
	case len(approvers) == 0:
		found = append(found, finding{"error", "Nobody may approve.", "Give two people in people: the role approver."})
	}
	for _, op := range operators {
		others := 0
		for _, a := range approvers {
			if !a.Same(op) {
				others++
			}
		}
		if others == 0 && len(approvers) > 0 {
			found = append(found, finding{"error", "Nobody but the requester can approve what " + op.Name + " asks for, so it never runs.", "Give a second person the role approver."})
		}
	}
	for right, what := range map[incident.Right]string{incident.Responder: "set severity, roles and the checklist", incident.Admin: "thaw, redact and requeue"} {
		if len(t.With(right)) == 0 {
			found = append(found, finding{"warning", "Nobody may " + what + ".", "Give somebody in people: the role " + string(right) + "."})
		}
	}
	for _, e := range t.All() {
		if e.Manager != "" {
			found = append(found, checkManager(t, e)...)
		}
		if e.Slack == "" {
			found = append(found, finding{"note", e.Name + " has no slack: id and can do nothing in Slack.", "Add it: their profile, ⋯, Copy member ID."})
		}
	}
	return found
}

// checkManager finds a manager who hears nothing: late tasks of reviews go to nobody then.
func checkManager(t *people.Table, e people.Entry) []finding {
	manager, known := t.Email(e.Manager)
	switch {
	case !known:
		return []finding{{"warning", "people." + e.Name + ": manager " + e.Manager + " is nobody here, so late tasks reach no manager.", "Write the email of somebody in people:, or add them."}}
	case manager.Key() == e.Key():
		return []finding{{"warning", "people." + e.Name + ": they are their own manager, so late tasks reach no manager.", "Write somebody else's email, or leave manager out."}}
	}
	return nil
}

func (p program) checkRunbook(ctx context.Context, c *config) []finding {
	rb, err := runbook.LoadText(c.Runbook, c.Sections)
	if err != nil {
		return []finding{{"error", "The runbook cannot be read: " + err.Error(), "Mend the file; `drbot runbook show` prints what is read."}}
	}
	var found []finding
	if rb.LockError != nil {
		found = append(found, finding{"error", "The lock is not used: " + rb.LockError.Error(), "Mend it, or write it again with `drbot runbook compile`."})
	}
	found = append(found, checkSignature(c, rb)...)
	if len(rb.Procedures) == 0 {
		found = append(found, finding{"error", "The runbook has no procedures.", "A procedure is a heading like `Procedure 1: …` with a numbered list; sections: maps other words."})
	}
	found = append(found, checkNames(c, rb)...)
	found = append(found, p.checkLock(ctx, c, rb)...)
	remarks := runbook.Lint(rb, c.linked(onThisMachine(c.Runbook)))
	if c.StatusPage.On {
		found = append(found, checkPublicWords(c, remarks)...)
	}
	if n := len(remarks); n > 0 {
		found = append(found, finding{"note", "A careful reader would remark on " + words(n, "thing", "things") + " in the runbook.", "`drbot runbook lint` lists them."})
	}
	return found
}

// checkPublicWords names what of the runbook's message for the status page the public never reads.
func checkPublicWords(c *config, remarks []runbook.Finding) []finding {
	var found []finding
	for _, r := range remarks {
		if !strings.HasPrefix(r.Rule, "status-page-") {
			continue
		}
		found = append(found, finding{"warning", fmt.Sprintf("The runbook, line %d: %s.", r.Line, r.Message), "Write " + r.Fix + "."})
	}
	return found
}

// checkHost looks at this machine: what steps need, and what they could reach.
func (p program) checkHost(c *config) []finding {
	var found []finding
	for _, program := range []string{"bash", "sha256sum"} {
		if _, err := exec.LookPath(program); err != nil {
			found = append(found, finding{"error", program + " is not on this machine; steps need it.", "Install bash and coreutils."})
		}
	}
	found = append(found, checkData(c)...)
	for name, source := range c.Secrets {
		if _, err := source.value(p.getenv); err != nil {
			found = append(found, finding{"error", "The secret " + name + " cannot be read: " + err.Error(), "Steps that need it do not start until it can."})
		}
	}
	if c.Commands.RunAs == "" {
		found = append(found, finding{
			"warning", "Steps run as drbot's own account: they could reach its socket, data directory and secrets, so no decision is taken at the terminal.",
			"Set runner: {user: drbot-run} with an account of its own; drbot then needs root, or CAP_SETUID, CAP_SETGID and CAP_KILL, and CAP_SYS_RESOURCE to limit their memory where it has no cgroup.",
		})
	}
	if why := c.unlimited(); why != "" {
		found = append(found, finding{
			"warning", "Nothing limits the memory and processes of steps as this account starts them: " + why + ".",
			"Give drbot's service CAP_SYS_RESOURCE, as packaging/drbot.service does, or a delegated cgroup; until then runner.memory_limit does nothing.",
		})
	}
	found = append(found, finding{"note", survival(), ""})
	return found
}

// survival says what happens to a running step when drbot is restarted on this machine.
func survival() string {
	if os.Getpid() == 1 {
		return "drbot is process 1 here: restarting its container ends running steps as unknown."
	}
	if b, err := os.ReadFile("/proc/1/comm"); err == nil && strings.TrimSpace(string(b)) == "systemd" {
		return "Under systemd a unit needs KillMode=process, or a restart of drbot ends running steps as unknown."
	}
	return "A restart of drbot leaves running steps alone unless whatever starts it kills the whole tree."
}

func writable(dir string) error {
	for {
		st, err := os.Stat(dir)
		if err == nil && !st.IsDir() {
			return fmt.Errorf("%s is no directory", dir)
		}
		if err == nil {
			break
		}
		if !errors.Is(err, os.ErrNotExist) {
			return err
		}
		dir = filepath.Dir(dir)
	}
	f, err := os.CreateTemp(dir, ".drbot-check-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
