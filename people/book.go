package people

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
)

// What chat and PagerDuty say completes the configuration: ids and phone numbers of people whom it names by their email.
// Nobody comes in that way and no role does: rights are the configuration's alone (I17). An address that two users of one
// source share is taken for neither of them, and what the configuration says is never replaced.

// Sources of what was found.
const (
	FromSlack     = "slack"
	FromPagerDuty = "pagerduty"
)

// Found is one user as a source knows them.
type Found struct{ Email, ID, Phone string }

// Book is the table as it is now. It is safe for concurrent use; reading it takes no lock.
type Book struct {
	mu     sync.Mutex
	config *Table
	found  map[string][]Found
	odd    []string
	now    atomic.Pointer[Table]
}

// NewBook begins with the configuration alone.
func NewBook(config *Table) *Book {
	b := &Book{config: config, found: map[string][]Found{}}
	b.now.Store(config)
	return b
}

// Configure replaces the configuration; what was found stays, for those who are still in it.
func (b *Book) Configure(config *Table) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.config = config
	b.complete()
}

// Table is the table as it is now.
func (b *Book) Table() *Table { return b.now.Load() }

// Learn replaces what one source says. When the table or what is odd about it changed by that, told hears what is odd;
// changes are told one after the other, so that each is compared with the one before. told may read the table.
func (b *Book) Learn(source string, list []Found, told func(odd []string)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before, odd := b.now.Load().Digest(), b.odd
	b.found[source] = slices.Clone(list)
	b.complete()
	if b.now.Load().Digest() != before || !slices.Equal(odd, b.odd) {
		told(slices.Clone(b.odd))
	}
}

// Restore takes from an earlier table what had been found, so that a start needs nobody to answer. It says nothing of a
// source that has answered since.
func (b *Book) Restore(earlier []Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for source, id := range map[string]func(Entry) string{FromSlack: func(e Entry) string { return e.Slack }, FromPagerDuty: func(e Entry) string { return e.PagerDuty }} {
		if b.found[source] != nil {
			continue
		}
		for _, e := range earlier {
			f := Found{Email: e.Email}
			if slices.Contains(e.Found, source) {
				f.ID = id(e)
			}
			if source == FromPagerDuty && slices.Contains(e.Found, "phone") {
				f.Phone = e.Phone
			}
			if f.ID != "" || f.Phone != "" {
				b.found[source] = append(b.found[source], f)
			}
		}
	}
	b.complete()
}

// complete makes the table anew. The caller holds the lock.
func (b *Book) complete() {
	entries := b.config.All()
	b.odd = nil
	for _, source := range []string{FromPagerDuty, FromSlack} {
		byEmail := map[string][]Found{}
		for _, f := range b.found[source] {
			if email := strings.ToLower(f.Email); email != "" {
				byEmail[email] = append(byEmail[email], f)
			}
		}
		taken := map[string]string{}
		for k := range entries {
			if id := *idOf(&entries[k], source); id != "" {
				taken[id] = entries[k].Name
			}
		}
		for k := range entries {
			b.fill(&entries[k], source, byEmail[strings.ToLower(entries[k].Email)], taken)
		}
	}
	sort.Strings(b.odd)
	if table, err := New(entries); err == nil {
		b.now.Store(table)
	} else { // cannot be: what two people would share was left out
		b.odd = append(b.odd, err.Error())
	}
}

func (b *Book) fill(e *Entry, source string, list []Found, taken map[string]string) {
	name := map[string]string{FromSlack: "the chat", FromPagerDuty: "PagerDuty"}[source]
	id := idOf(e, source)
	switch {
	case len(list) == 0:
		return
	case len(list) > 1:
		if *id == "" {
			b.odd = append(b.odd, fmt.Sprintf("%d users of %s have the email of %s: none of them is taken for %s.", len(list), name, e.Name, e.Name))
		}
		return
	case *id == "" && taken[list[0].ID] != "":
		b.odd = append(b.odd, fmt.Sprintf("The user of %s with the email of %s is %s in drbot.yaml already.", name, e.Name, taken[list[0].ID]))
		return
	}
	found := list[0]
	if *id == "" && found.ID != "" {
		*id = found.ID
		taken[found.ID] = e.Name
		e.Found = append(slices.Clone(e.Found), source)
	}
	if e.Phone == "" && found.Phone != "" && *id == found.ID {
		e.Phone = found.Phone
		e.Found = append(slices.Clone(e.Found), "phone")
	}
}

func idOf(e *Entry, source string) *string {
	if source == FromSlack {
		return &e.Slack
	}
	return &e.PagerDuty
}

// From reports whether a source said the entry's id, and not the configuration.
func (e Entry) From(source string) bool { return slices.Contains(e.Found, source) }
