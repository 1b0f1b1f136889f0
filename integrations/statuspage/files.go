package statuspage

import (
	"bytes"
	"embed"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html/template"
	"time"
)

//go:embed pages
var sources embed.FS

// File is one file of the site. Name is a path with slashes.
type File struct {
	Name, Type string
	Body       []byte
}

const feedLength = 50

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"parts": parts, "when": when, "stamp": stamp, "lasted": lasted, "short": func(s string) string { text, _ := short(s); return text },
	"cut":    func(s string) bool { _, cut := short(s); return cut },
	"recent": func(p Page) []Item { return p.Past[:p.Recent] },
	"banner": banner,
	"head": func(p Page, up, title string) map[string]any {
		return map[string]any{"Page": p, "Up": up, "Title": title}
	},
	"view": func(p Page, i Item, whole bool) map[string]any {
		return map[string]any{"Page": p, "Item": i, "Whole": whole}
	},
}).ParseFS(sources, "pages/*.tmpl"))

// Files makes the site, in an order in which each may be replaced: what a page needs and links to comes before it, and the
// first page last.
func (p Page) Files() ([]File, error) {
	var files []File
	for _, name := range []string{"style.css", "icon.svg"} {
		body, err := sources.ReadFile("pages/" + name)
		if err != nil {
			return nil, err
		}
		files = append(files, File{name, map[string]string{"style.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}[name], body})
	}
	for _, list := range [][]Item{p.Current, p.Scheduled, p.Past} {
		for _, i := range list {
			body, err := render("incident.tmpl", map[string]any{"Page": p, "Item": i})
			if err != nil {
				return nil, err
			}
			files = append(files, File{"incidents/" + i.ID + ".html", htmlType, body})
		}
	}
	for _, make := range []func(Page) (File, error){historyFile, feedFile, statusFile, indexFile} {
		f, err := make(p)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

const htmlType = "text/html; charset=utf-8"

func render(name string, facts any) ([]byte, error) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, facts); err != nil {
		return nil, fmt.Errorf("make the status page: %w", err)
	}
	return b.Bytes(), nil
}

func indexFile(p Page) (File, error) {
	body, err := render("index.tmpl", p)
	return File{"index.html", htmlType, body}, err
}

// month is a part of the history.
type month struct {
	Name  string
	Items []Item
}

func historyFile(p Page) (File, error) {
	var months []month
	for _, i := range p.Past {
		name := i.Ended.UTC().Format("January 2006")
		if len(months) == 0 || months[len(months)-1].Name != name {
			months = append(months, month{Name: name})
		}
		last := &months[len(months)-1]
		last.Items = append(last.Items, i)
	}
	body, err := render("history.tmpl", map[string]any{"Page": p, "Months": months})
	return File{"history.html", htmlType, body}, err
}

// when is how people read an instant, stamp how machines do.
func when(t time.Time) string  { return t.UTC().Format("2 Jan 2006, 15:04 UTC") }
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// lasted is a span in words, to the minute.
func lasted(from, until time.Time) string {
	m := int(until.Sub(from).Round(time.Minute) / time.Minute)
	switch {
	case m < 1:
		return "less than a minute"
	case m < 60:
		return fmt.Sprintf("%d min", m)
	case m < 24*60 && m%60 == 0:
		return fmt.Sprintf("%d h", m/60)
	case m < 24*60:
		return fmt.Sprintf("%d h %d min", m/60, m%60)
	}
	return fmt.Sprintf("%d d %d h", m/(24*60), m%(24*60)/60)
}

// banner is the one sentence over everything.
func banner(p Page) string {
	switch {
	case p.State == Operational:
		return "All systems operational"
	case p.State == Maintenance:
		return "Maintenance in progress"
	}
	return p.State.Words()
}

// The shape of status.json. Keys are added, none is changed.
type statusJSON struct {
	Page struct {
		Title   string     `json:"title"`
		URL     string     `json:"url,omitempty"`
		Updated *time.Time `json:"updated_at"`
	} `json:"page"`
	Status struct {
		State string `json:"state"`
		Words string `json:"words"`
	} `json:"status"`
	Components []componentJSON `json:"components"`
	Incidents  []itemJSON      `json:"incidents"`   // that are not over; a maintenance in its window is one of them
	Scheduled  []itemJSON      `json:"maintenance"` // that is to come
	History    []itemJSON      `json:"history"`     // of 90 days
}

type componentJSON struct {
	Name  string `json:"name"`
	State string `json:"state"`
}

type itemJSON struct {
	ID         string       `json:"id"`
	Kind       string       `json:"kind"` // incident | maintenance
	Title      string       `json:"title"`
	Stage      Stage        `json:"stage"`
	State      string       `json:"state"`
	Components []string     `json:"components"`
	Began      time.Time    `json:"began_at"`
	Ended      *time.Time   `json:"ended_at"`
	From       *time.Time   `json:"scheduled_from,omitempty"`
	Until      *time.Time   `json:"scheduled_until,omitempty"`
	Page       string       `json:"page"`
	Updates    []updateJSON `json:"updates"` // newest first
}

type updateJSON struct {
	ID     string     `json:"id"`
	At     time.Time  `json:"at"`
	Edited *time.Time `json:"edited_at,omitempty"`
	Stage  Stage      `json:"stage"`
	Words  string     `json:"words"`
}

func statusFile(p Page) (File, error) {
	var s statusJSON
	s.Page.Title, s.Page.URL, s.Page.Updated = p.Title, p.URL, instant(p.Updated)
	s.Status.State, s.Status.Words = p.State.Name(), banner(p)
	s.Components = []componentJSON{}
	for _, c := range p.Components {
		s.Components = append(s.Components, componentJSON{c.Name, c.State.Name()})
	}
	s.Incidents, s.Scheduled, s.History = itemsJSON(p.Current), itemsJSON(p.Scheduled), itemsJSON(p.Past)
	body, err := json.MarshalIndent(s, "", "  ")
	return File{"status.json", "application/json", append(body, '\n')}, err
}

func itemsJSON(list []Item) []itemJSON {
	all := []itemJSON{}
	for _, i := range list {
		j := itemJSON{
			ID: i.ID, Kind: "incident", Title: i.Title, Stage: i.Stage, State: i.State.Name(), Components: append([]string{}, i.Components...),
			Began: i.Began.UTC().Truncate(time.Second), Ended: instant(i.Ended), Page: "incidents/" + i.ID + ".html", Updates: []updateJSON{},
		}
		if i.Window != nil {
			j.Kind, j.From, j.Until = "maintenance", instant(i.Window.From), instant(i.Window.Until)
		}
		for _, u := range i.Updates {
			j.Updates = append(j.Updates, updateJSON{u.Key, u.At.UTC().Truncate(time.Second), instant(u.Edited), u.Stage, u.Words})
		}
		all = append(all, j)
	}
	return all
}

// instant is nil for the zero time.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

// The parts of an Atom feed (RFC 4287) that are used.
type feedXML struct {
	XMLName xml.Name   `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string     `xml:"xml:lang,attr"`
	ID      string     `xml:"id"`
	Title   string     `xml:"title"`
	Updated string     `xml:"updated"`
	Author  authorXML  `xml:"author"`
	Links   []linkXML  `xml:"link"`
	Entries []entryXML `xml:"entry"`
}

type authorXML struct {
	Name string `xml:"name"`
}

type linkXML struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
	Href string `xml:"href,attr"`
}

type entryXML struct {
	ID        string    `xml:"id"`
	Title     string    `xml:"title"`
	Published string    `xml:"published"`
	Updated   string    `xml:"updated"`
	Links     []linkXML `xml:"link"`
	Content   textXML   `xml:"content"`
}

type textXML struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

// feedFile has an entry for each update, so that a reader hears of every one; an edit is the same entry, updated.
func feedFile(p Page) (File, error) {
	feed := feedXML{Lang: "en", ID: urn("feed/" + p.Title), Title: p.Title, Updated: stamp(p.Updated), Author: authorXML{p.Title}}
	if p.Updated.IsZero() {
		feed.Updated = stamp(time.Unix(0, 0)) // an instant is asked for, and nothing was said yet
	}
	if p.URL != "" {
		feed.Links = []linkXML{{"self", "application/atom+xml", p.URL + "/feed.atom"}, {"alternate", "text/html", p.URL + "/"}}
	}
	for _, u := range p.said() {
		e := entryXML{
			ID: urn(u.Key), Title: u.item.Title + " – " + u.Stage.Words(), Published: stamp(u.At), Updated: stamp(later(u.At, u.Edited)),
			Content: textXML{"text", u.Words},
		}
		if p.URL != "" {
			e.Links = []linkXML{{"alternate", "text/html", p.URL + "/incidents/" + u.item.ID + ".html"}}
		}
		feed.Entries = append(feed.Entries, e)
	}
	body, err := xml.MarshalIndent(feed, "", "  ")
	return File{"feed.atom", "application/atom+xml; charset=utf-8", append(append([]byte(xml.Header), body...), '\n')}, err
}
