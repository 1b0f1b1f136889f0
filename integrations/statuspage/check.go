package statuspage

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Finding is one thing that would not work: what it is and how it is mended.
type Finding struct{ Level, What, Fix string }

// CheckDir says whether the page can be written into a directory, or into the one that it would be made in.
func CheckDir(dir string) []Finding {
	at := dir
	for {
		st, err := os.Stat(at)
		if err == nil && !st.IsDir() {
			return []Finding{{"error", "statuspage.dir: " + at + " is no directory.", "Name another, or move what is there away."}}
		}
		if err == nil {
			break
		}
		if up := filepath.Dir(at); os.IsNotExist(err) && up != at {
			at = up
			continue
		}
		return []Finding{{"error", "statuspage.dir: " + err.Error() + ".", "Give drbot's account the right to write there."}}
	}
	f, err := os.CreateTemp(at, ".drbot-check-*")
	if err == nil {
		_ = f.Close()
		err = os.Remove(f.Name())
	}
	if err != nil {
		return []Finding{{"error", "statuspage.dir: " + at + " cannot be written: " + err.Error() + ".", "Give drbot's account the right to write there, or name another directory: statuspage: {dir: …}."}}
	}
	return nil
}

// Check asks Atlassian whether the token is taken, and whether page and components are there. It changes nothing.
func (a Atlassian) Check(ctx context.Context) []Finding {
	c := newClient(a)
	status, _, answer, err := c.send(ctx, http.MethodGet, "/components?per_page=100", nil)
	switch {
	case err != nil:
		return []Finding{{"warning", "Atlassian's Statuspage does not answer: " + err.Error() + ".", "What is published is told later, in order; see whether this machine may reach it."}}
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return []Finding{{"error", "Atlassian's Statuspage does not take the token of statuspage.atlassian.token.", "Make an API key there (your user, API info) and put it where token: points."}}
	case status == http.StatusNotFound:
		return []Finding{{"error", fmt.Sprintf("Atlassian's Statuspage has no page “%s”.", a.Page), "statuspage.atlassian.page is the page's id, as its API info shows it."}}
	case status != http.StatusOK:
		return []Finding{{"warning", fmt.Sprintf("Atlassian's Statuspage answers %d: %s", status, said(answer)), "Try again later."}}
	}
	var list []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	if err := json.Unmarshal(answer, &list); err != nil {
		return []Finding{{"warning", "Atlassian's Statuspage answers what is no list of components: " + err.Error() + ".", "See whether statuspage.atlassian.api_url is its address."}}
	}
	var there []string
	for _, component := range list {
		there = append(there, fmt.Sprintf("%s (%s)", component.ID, component.Name))
	}
	var found []Finding
	for _, name := range slices.Sorted(maps.Keys(a.Components)) {
		id := a.Components[name]
		if len(list) == 100 || slices.ContainsFunc(there, func(s string) bool { return strings.HasPrefix(s, id+" ") }) {
			continue
		}
		found = append(found, Finding{"error", fmt.Sprintf("Atlassian's Statuspage has no component “%s”, which %s stands for.", id, name), "It has: " + strings.Join(there, ", ") + "."})
	}
	return found
}
