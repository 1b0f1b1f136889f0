package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// attemptFiles are what the runner leaves of an attempt and an auditor wants: what was asked, what was printed, how it
// ended. None of them holds a secret.
var attemptFiles = []string{"job.json", "output", "exit.json"}

// pack writes commands and requests, and the bytes that they name.
func (c *collected) pack(ctx context.Context, a *archive, data string) error {
	for _, cmd := range c.commands {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := c.packCommand(a, cmd, data); err != nil {
			return err
		}
	}
	if err := lines(a, "commands.jsonl", c.commands); err != nil {
		return err
	}
	if err := lines(a, "approvals.jsonl", c.requests); err != nil {
		return err
	}
	used := map[string]string{}
	for _, e := range c.events { // a draft that was changed is a plan too: its record names what it was made of
		plan, ok := e.(incident.RunPlanned)
		if !ok {
			continue
		}
		used[plan.Revision], used[plan.Lock] = "runbook/"+plan.Revision+".md", "runbook/"+plan.Lock+".lock.yaml"
		for _, s := range slices.Concat(plan.Steps, plan.Undos) {
			used[s.Spec] = "steps/" + s.Spec + ".json"
		}
	}
	for _, e := range c.houseIs {
		if a, ok := e.(incident.LockAccepted); ok && a.Signature != "" {
			used[a.Signature], used[a.LockDigest] = "runbook/"+a.Signature+".sig", "runbook/"+a.LockDigest+".lock.yaml"
		}
	}
	for _, digest := range slices.Sorted(maps.Keys(used)) {
		if b, ok := c.blobs[digest]; ok {
			if err := a.add(used[digest], b); err != nil {
				return err
			}
		}
	}
	return nil
}

// packCommand writes what one attempt was and what it printed.
func (c *collected) packCommand(a *archive, cmd *Command, data string) error {
	folder := "commands/" + cmd.Attempt + "/"
	add := func(name string, b []byte) error {
		cmd.Files = append(cmd.Files, folder+name)
		return a.add(folder+name, b)
	}
	script, ok := c.script(cmd.Script)
	switch {
	case !ok:
		cmd.Missing = append(cmd.Missing, "its bytes are not in the store")
	default:
		text := c.actions[cmd.Attempt].Text(script)
		if incident.Digest([]byte(text)) != cmd.Digest {
			cmd.Missing = append(cmd.Missing, "action.txt is not what the digest was made of")
		}
		if err := errors.Join(add("script", script), add("action.txt", []byte(text))); err != nil {
			return err
		}
	}
	if data == "" {
		cmd.Missing = append(cmd.Missing, "what it printed: no data directory was at hand")
		return nil
	}
	if cmd.redacted {
		cmd.Missing = append(cmd.Missing, "the runner's files: a record of this command was redacted")
		return nil
	}
	return c.packFiles(a, cmd, filepath.Join(data, Runs, cmd.Attempt), folder)
}

func (c *collected) script(sum string) ([]byte, bool) {
	for _, spec := range c.specs {
		if incident.Digest([]byte(spec.Script)) == sum {
			return []byte(spec.Script), true
		}
	}
	return nil, false
}

// packFiles copies the attempt's files. A step may have run as drbot's own account, so nothing here follows a link out of
// the attempt's folder, and only regular files are read. An output that still grows is copied up to its present size.
func (c *collected) packFiles(a *archive, cmd *Command, dir, folder string) error {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		cmd.Missing = append(cmd.Missing, "the attempt's folder")
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	for _, name := range attemptFiles {
		info, err := root.Lstat(name)
		if err != nil || !info.Mode().IsRegular() {
			cmd.Missing = append(cmd.Missing, name)
			continue
		}
		if err := c.packFile(a, cmd, root, folder+name, name, info.Size()); err != nil {
			return err
		}
	}
	return nil
}

func (c *collected) packFile(a *archive, cmd *Command, root *os.Root, to, name string, size int64) error {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	sum, err := a.stream(to, size, f)
	if err != nil {
		return err
	}
	cmd.Files = append(cmd.Files, to)
	if name == "output" && cmd.Output != "" && cmd.Bytes == cmd.Kept && sum != cmd.Output {
		cmd.Missing = append(cmd.Missing, "the output is not the one that was digested")
	}
	return nil
}

// timeline is the incident in sentences, one a record, at the time that it is about.
func (f *file) timeline() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s: what the record says\n\nTimes are UTC, and behind it the local time of the people. The number before a line is its record.\n\n", f.id)
	events := make([]templates.Happened, len(f.record))
	for k, r := range f.record {
		events[k] = templates.Happened{At: r.Time, E: f.events[k]}
		if r.Redacted {
			events[k].E = nil
		}
	}
	for k, e := range templates.Recorded(f.fold, events) {
		r := f.record[k]
		if e.Text == "" {
			e.At, e.Text = r.Time, r.Kind
		}
		fmt.Fprintf(&b, "- %d · %s · %s", r.Seq, templates.BothTimes(e.At, f.zone), e.Plainly())
	}
	return b.Bytes()
}
