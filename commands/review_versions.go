package commands

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// VersionView is one saved version of a review's text.
type VersionView struct {
	Version int       `json:"version"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Bytes   int       `json:"bytes"`
}

// listVersions lists every saved version of a review.
func listVersions(ctx context.Context, o *Office, c *call) (Reply, error) {
	i, err := o.lookReview(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	list, err := o.versions(ctx, i)
	if err != nil {
		return Reply{}, err
	}
	v := reviewView(i, "")
	for _, one := range list {
		v.Versions = append(v.Versions, VersionView{one.N, one.By.Name, one.At.UTC(), one.Size})
	}
	return Reply{Say: templates.ReviewVersions(i, list), ID: i.ID, Seq: i.Seq, Data: v}, nil
}

// versions reads from the record who saved which version; what was redacted is there with its number alone.
func (o *Office) versions(ctx context.Context, i *incident.Incident) ([]templates.ReviewVersion, error) {
	var list []templates.ReviewVersion
	for r, err := range o.Store.Records(ctx, i.ID, 0) {
		if err != nil {
			return nil, err
		}
		if r.Kind != (incident.ReviewSaved{}).EventKind() {
			continue
		}
		e, err := r.Event()
		if err != nil {
			return nil, err
		}
		if saved, ok := e.(incident.ReviewSaved); ok {
			list = append(list, templates.ReviewVersion{N: saved.Version, By: saved.By, At: r.Time, Size: saved.Size})
		}
	}
	return list, nil
}

// showVersion shows a page of one: "3", "3 2". 0 is drbot's draft.
func showVersion(ctx context.Context, o *Office, c *call, typed string) (Reply, error) {
	i, err := o.lookReview(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	word, rest := head(typed)
	n, err := versionOf(i, word)
	if err != nil {
		return Reply{}, err
	}
	page := 1
	if rest != "" {
		if page, err = strconv.Atoi(rest); err != nil || page < 1 {
			return Reply{}, incident.Refuse(incident.BadInput, "%q is no page.", cut(rest, 40)).Then("Like: review version %d 2", n)
		}
	}
	text, err := o.textOf(ctx, i, n)
	if err != nil {
		return Reply{}, err
	}
	of := templates.ReviewVersion{N: n}
	list, err := o.versions(ctx, i)
	if err != nil {
		return Reply{}, err
	}
	for _, one := range list {
		if one.N == n {
			of = one
		}
	}
	v := reviewView(i, text)
	v.Version = n
	return Reply{Say: templates.ReviewVersionText(i, of, text, page), ID: i.ID, Seq: i.Seq, Data: v}, nil
}

// versionOf reads which version is meant.
func versionOf(i *incident.Incident, word string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(word))
	if err != nil || n < 0 || n > i.Review.Version {
		return 0, incident.Refuse(incident.BadInput, "The review of %s has no version %q.", i.ID, cut(word, 20)).Then("There are 0 (drbot's draft) to %d; `review versions` lists them.", i.Review.Version)
	}
	return n, nil
}
