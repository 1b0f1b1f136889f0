package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/workspace/person"
)

// ticked reports whether an item of the checklist is done.
func (d *drill) ticked(item string) bool {
	d.Helper()
	return slices.ContainsFunc(d.view(d.number).Checklist, func(i commands.ViewItem) bool { return i.Text == item && i.State == "done" })
}

// silent holds that no secret, in none of its usual forms, is in what drbot keeps, logs, records, or said to anybody (I38).
func (d *drill) silent(secrets ...string) {
	d.Helper()
	all := map[string]string{"the log": d.life.log()}
	d.ok(filepath.WalkDir(d.path("data"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		all[path] = string(data)
		return err
	}))
	for _, who := range []*person.Person{d.ana, d.bea, d.chen, d.dev} {
		state, err := who.State(d.within())
		d.ok(err)
		data, err := json.Marshal(state)
		d.ok(err)
		all["the chat"] += string(data)
	}
	_, out, _ := d.drbot("audit", "export")
	all["the record"] = out
	for _, s := range secrets {
		for _, form := range []string{s, url.QueryEscape(s), base64.StdEncoding.EncodeToString([]byte(s)), hex.EncodeToString([]byte(s))} {
			for where, text := range all {
				if strings.Contains(text, form) {
					d.Errorf("a secret (%.4s…) is in %s", s, where)
				}
			}
		}
	}
}

// private holds that every file under a folder is for its owner alone, and gives their names.
func (d *drill) private(folder string) []string {
	d.Helper()
	var names []string
	d.ok(filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			d.Errorf("%s has mode %o", path, info.Mode().Perm())
		}
		name, _ := filepath.Rel(folder, path)
		names = append(names, name)
		return err
	}))
	return names
}

// spent prints how long each step and phase took, where nothing was lost and no service came back.
func (d *drill) spent(v commands.View) {
	d.Helper()
	for _, s := range v.Runs[len(v.Runs)-1].Steps {
		if s.StartedAt != nil && s.EndedAt != nil {
			d.Logf("  step %-5s %-42s %6.2f s", s.Number, s.Title, s.EndedAt.Sub(*s.StartedAt).Seconds())
		}
	}
	for _, p := range d.parts {
		d.Logf("%-34s %6.2f s", p.Name, p.Seconds)
	}
	d.audited()
}
