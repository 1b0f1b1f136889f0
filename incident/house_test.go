package incident

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// approvers says that everybody is an approver.
type approvers struct{}

func (approvers) May(string, Right) bool { return true }

// housed is a house to which things happen, a minute apart.
type housed struct {
	*testing.T
	*House
	at time.Time
}

func (h *housed) apply(e Event) {
	h.at = h.at.Add(time.Minute)
	h.Apply(Stamp{Seq: h.Seq + 1, N: h.N + 1, Time: h.at}, e)
}

func (h *housed) load(by Person, entries ...string) {
	h.apply(RunbookLoaded{Digest: h.at.String(), LockDigest: strings.Join(entries, "+"), Loader: by, Entries: entries})
}

// accept gives what was accepted; nothing: it was refused.
func (h *housed) accept(by Person) string {
	h.Helper()
	events, err := h.Accept(by, approvers{}, "", h.Open(), nil)
	if refusal := (*Refusal)(nil); errors.As(err, &refusal) {
		return ""
	} else if err != nil {
		h.Fatal(err)
	}
	h.apply(events[0])
	return strings.Join(events[0].(LockAccepted).Entries, "+")
}

func (h *housed) open(want ...string) {
	h.Helper()
	if got := h.Open(); !slices.Equal(got, want) {
		h.Errorf("%v waits, want %v", got, want)
	}
}

var (
	loaderA = Person{Key: "ana@example.com", Name: "Ana"}
	loaderB = Person{Key: "bea@example.com", Name: "Bea"}
	loaderC = Person{Key: "chen@example.com", Name: "Chen"}
)

func houseOf(t *testing.T) *housed {
	return &housed{t, NewHouse(), time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)}
}

func TestI5_WhoLoadedAChangeNeverAcceptsItWhateverIsLoadedLater(t *testing.T) {
	h := houseOf(t)
	h.load(Person{}, "a", "b")
	if got := h.accept(loaderA); got != "a+b" {
		t.Fatalf("accepted %q", got)
	}
	h.load(loaderA, "a", "b2")
	if got := h.accept(loaderA); got != "" {
		t.Fatalf("the loader accepted %q", got)
	}
	for name, later := range map[string]func(){
		"a SIGHUP after a line of prose": func() { h.load(Person{}, "a", "b2") },
		"a restart, and another lock":    func() { h.load(Person{}, "a", "b2", "c") },
		"another lock, and back":         func() { h.load(Person{}, "a"); h.load(Person{}, "a", "b2") },
		"somebody else's load":           func() { h.load(loaderB, "a", "b2") },
	} {
		if later(); strings.Contains(h.accept(loaderA), "b2") {
			t.Errorf("after %s the loader accepted it", name)
		}
	}
	h.load(Person{}, "a", "b2")
	h.open("b2")
	if got := h.accept(loaderB); got != "b2" {
		t.Errorf("nobody else may: %q", got)
	}
	// Each may accept what the other loaded, and drbot's own load takes the name of the first person who loads it.
	h.load(loaderA, "a", "b2", "x")
	h.load(loaderB, "a", "b2", "x", "y")
	h.load(Person{}, "a", "b2", "x", "y", "z")
	h.load(loaderC, "a", "b2", "x", "y", "z")
	if got := h.accept(loaderA); got != "y+z" {
		t.Errorf("Ana accepts %q", got)
	}
	if got := h.accept(loaderC) + h.accept(loaderA); got != "x" {
		t.Errorf("then %q", got)
	}
	if len(h.Loaders) != 0 {
		t.Errorf("%v are remembered", h.Loaders)
	}
}

func TestI5_WhatComesBackByteForByteIsAcceptedStill(t *testing.T) {
	h := houseOf(t)
	h.load(Person{}, "a", "b")
	h.accept(loaderB)
	h.load(Person{}, "a", "b-by-mistake")
	h.open("b-by-mistake")
	if _, ok := h.Accepted["b"]; ok {
		t.Error("what is not loaded may run")
	}
	h.load(loaderA, "a", "b")
	h.open()
	h.load(Person{}) // no lock at all
	if got := h.accept(loaderB); got != "" {
		t.Errorf("accepted %q of nothing", got)
	}
	h.load(Person{}, "a", "b")
	h.open()
	// A replacement that was accepted withdraws what it replaced: a file of yesterday brings nothing back.
	h.load(loaderA, "a", "b-mended")
	h.accept(loaderB)
	h.load(loaderA, "a", "b")
	h.open("b")
	if got := h.accept(loaderA); got != "" {
		t.Errorf("and its loader accepted %q", got)
	}
}

func TestLoadersOfAbsentEntriesAreForgottenInTheEnd(t *testing.T) {
	h := houseOf(t)
	for k := range keepAbsent + 50 {
		h.load(loaderA, strings.Repeat("x", k))
	}
	if n := len(h.Loaders); n != keepAbsent+1 {
		t.Errorf("%d loaders are remembered", n)
	}
}
