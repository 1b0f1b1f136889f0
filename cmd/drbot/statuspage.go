package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/drbot/drbot/integrations/statuspage"
	"github.com/drbot/drbot/state/follow"
)

// rawStatusPage is the key statuspage of drbot.yaml. Components are what people outside know, each with the services of ours
// that it stands on.
type rawStatusPage struct {
	Title      string              `yaml:"title"`
	URL        string              `yaml:"url"`
	Dir        string              `yaml:"dir"`
	Serve      bool                `yaml:"serve"`
	Components map[string][]string `yaml:"components"`
	Atlassian  rawAtlassian        `yaml:"atlassian"`
}

type rawAtlassian struct {
	Page       string            `yaml:"page"`
	Token      rawSecret         `yaml:"token"`
	APIURL     string            `yaml:"api_url"`
	Components map[string]string `yaml:"components"` // ours -> id there
}

func (r rawStatusPage) on() bool {
	return r.Title != "" || r.URL != "" || r.Dir != "" || r.Serve || len(r.Components) > 0 || r.Atlassian.on()
}

func (r rawAtlassian) on() bool {
	return r.Page != "" || r.Token != (rawSecret{}) || r.APIURL != "" || len(r.Components) > 0
}

// statusPageConfig is what the page is made of.
type statusPageConfig struct {
	On       bool
	Serve    bool // by drbot, under /status/
	Dir      string
	Settings statuspage.Settings
	Push     bool // to Atlassian's Statuspage
	To       statuspage.Atlassian
	Token    secretSource
}

// statusPage checks the key.
func (w *written) statusPage(c *config) error {
	r := w.StatusPage
	p := statusPageConfig{On: r.on(), Serve: r.Serve, Dir: w.path(r.Dir, filepath.Join(c.Data, "statuspage")), Settings: statuspage.Settings{Title: strings.TrimSpace(r.Title)}}
	if p.Settings.Title == "" {
		p.Settings.Title = "Status"
	}
	if r.URL != "" && !webAddress(r.URL) {
		return w.places.fault(fmt.Errorf("statuspage.url: %q is no address of a page, like https://status.example.com", r.URL), "statuspage", "url")
	}
	p.Settings.URL = strings.TrimSuffix(r.URL, "/")
	if p.On && filepath.Clean(p.Dir) == filepath.Clean(c.Data) {
		return w.places.fault(errors.New("statuspage.dir: is the data directory, which holds the record; leave the key out for a folder in it, or name another directory"), "statuspage", "dir")
	}
	for _, name := range w.places.keys("statuspage", "components") {
		services := r.Components[name]
		switch {
		case strings.TrimSpace(name) == "":
			return w.places.fault(errors.New("statuspage.components: a component has no name; write one, like Login: [users]"), "statuspage", "components")
		case len(services) == 0:
			return w.places.fault(fmt.Errorf("statuspage.components.%s: names no service; list those that it stands on, like %s: [users]", name, name), "statuspage", "components", name)
		}
		p.Settings.Components = append(p.Settings.Components, statuspage.Component{Name: name, Services: services})
	}
	if r.Atlassian.on() {
		if err := w.atlassian(&p); err != nil {
			return err
		}
	}
	c.StatusPage = p
	return nil
}

// atlassian checks the part for Atlassian's Statuspage.
func (w *written) atlassian(p *statusPageConfig) error {
	r := w.StatusPage.Atlassian
	switch {
	case r.Page == "":
		return w.places.fault(errors.New("statuspage.atlassian.page: is missing; it is the page's id, as its API info shows it"), "statuspage", "atlassian")
	case (r.Token.File == "") == (r.Token.Env == ""):
		return w.places.fault(errors.New("statuspage.atlassian.token: name either file or env, like token: {env: STATUSPAGE_TOKEN}"), "statuspage", "atlassian", "token")
	case r.APIURL != "" && !webAddress(r.APIURL):
		return w.places.fault(fmt.Errorf("statuspage.atlassian.api_url: %q is no URL; leave it out for Atlassian's own", r.APIURL), "statuspage", "atlassian", "api_url")
	}
	for _, name := range slices.Sorted(maps.Keys(r.Components)) {
		if _, ok := w.StatusPage.Components[name]; !ok {
			return w.places.fault(fmt.Errorf("statuspage.atlassian.components: statuspage.components has no %q", name), "statuspage", "atlassian", "components", name)
		}
		if r.Components[name] == "" {
			return w.places.fault(fmt.Errorf("statuspage.atlassian.components.%s: is empty; write the component's id there", name), "statuspage", "atlassian", "components", name)
		}
	}
	p.Push, p.Token = true, secretSource{file: w.path(r.Token.File, ""), env: r.Token.Env}
	p.To = statuspage.Atlassian{Page: r.Page, APIURL: r.APIURL, Components: r.Components}
	return nil
}

func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == "" && (u.Scheme == "http" || u.Scheme == "https")
}

// keys are those of a mapping in the order in which they stand in the file.
func (p places) keys(path ...string) []string {
	node := p.root
	for _, step := range path {
		node = placed(node, step)
	}
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	var list []string
	for k := 0; k < len(node.Content); k += 2 {
		list = append(list, node.Content[k].Value)
	}
	return list
}

// follows adds the followers' names where there are any.
func (p statusPageConfig) follows(names []string) []string {
	if !p.On {
		return names
	}
	names = append(slices.Clone(names), statuspage.Name)
	if p.Push {
		names = append(names, statuspage.PushName)
	}
	return names
}

// openStatusPage makes the page and what tells others of it. A token that cannot be read now is read at the next start; the
// page here does not wait for it.
func (h *house) openStatusPage() []follow.Follower {
	p := h.config.StatusPage
	if !p.On {
		return nil
	}
	h.status = statuspage.New(statuspage.Options{Settings: p.Settings, Dir: p.Dir, Record: h.store, Clock: h.clock, Log: h.log})
	list := []follow.Follower{h.status}
	if !p.Push {
		h.status.Send = h.outcomes.send
		return list
	}
	token, err := p.Token.value(h.getenv)
	if err != nil {
		h.log.Warn("the token for Atlassian's Statuspage cannot be read; nothing is told there until drbot is started with it", "error", err)
	}
	p.To.Token = token
	h.push = statuspage.NewPush(p.To, h.status)
	h.push.Send = h.outcomes.send
	return append(list, h.push)
}

// statusDegraded is what of the page does not work.
func (h *house) statusDegraded() []string {
	var list []string
	if h.status != nil {
		list = append(list, h.status.Degraded()...)
	}
	if h.push != nil {
		list = append(list, h.push.Degraded()...)
	}
	return list
}

// statusRoutes serves the page, where that is asked for.
func (h *house) statusRoutes(mux *http.ServeMux) {
	if h.status != nil && h.config.StatusPage.Serve {
		mux.Handle("GET /status/", http.StripPrefix("/status", h.status))
	}
}

// checkStatusPage says what of the page would not work.
func checkStatusPage(ctx context.Context, c *config, getenv func(string) string, offline bool) []finding {
	p := c.StatusPage
	if !p.On {
		return nil
	}
	var found []finding
	add := func(list []statuspage.Finding) {
		for _, f := range list {
			found = append(found, finding{f.Level, f.What, f.Fix})
		}
	}
	add(statuspage.CheckDir(p.Dir))
	known := slices.Sorted(maps.Keys(c.Commands.Services))
	for _, component := range p.Settings.Components {
		for _, s := range component.Services {
			if !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, s) }) {
				found = append(found, finding{
					"error", fmt.Sprintf("statuspage.components.%s: services: has no “%s”, so no incident ever shows there.", component.Name, s), "It has: " + strings.Join(known, ", ") + ".",
				})
			}
		}
	}
	if len(p.Settings.Components) == 0 {
		found = append(found, finding{"note", "statuspage.components is empty: the status page shows incidents and no components.", "Name what people outside know: statuspage: {components: {Login: [users]}}."})
	}
	if !p.Push {
		return found
	}
	token, err := p.Token.value(getenv)
	if err != nil {
		return append(found, finding{"error", "statuspage.atlassian.token cannot be read: " + err.Error(), "Make an API key at Atlassian's Statuspage (your user, API info) and put it there."})
	}
	if p.To.Token = token; !offline {
		add(p.To.Check(ctx))
	}
	return found
}
