package incident

import (
	"slices"
	"time"
)

// MaxKeptFile is how much of a file of a kept message is copied, in bytes.
const MaxKeptFile = 20 << 20

// MaxKeptText is how much of a kept message the record holds, in characters: more than the chat takes in one.
const MaxKeptText = 64_000

// File is a file of a kept message. Why says why it is not copied; empty: it is, or will be.
type File struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type,omitempty"`
	Size int64  `json:"size"`
	URL  string `json:"url,omitempty"` // at the chat, for who has its token
	Why  string `json:"why,omitempty"`
}

// Pinned keeps a message on the timeline with its own time and author.
type Pinned struct {
	By      Person    `json:"by"`
	Channel string    `json:"channel"`
	TS      string    `json:"ts"`
	Author  Person    `json:"author"`
	At      time.Time `json:"at"`
	Text    string    `json:"text"`
	Link    string    `json:"link,omitempty"`
	// All is how many characters the message has, where that is more than MaxKeptText; 0: Text is whole.
	All   int    `json:"all,omitempty"`
	Files []File `json:"files,omitempty"`
	// Mark: it was kept with the 📌 reaction, so it goes when the last one is taken back.
	Mark bool `json:"mark,omitempty"`
}

// PinStays says that somebody keeps a message with the shortcut that stood there by its 📌 alone: now it stays without one.
type PinStays struct {
	By      Person `json:"by"`
	Channel string `json:"channel"`
	TS      string `json:"ts"`
}

type PinEdited struct {
	Channel string `json:"channel"`
	TS      string `json:"ts"`
	Text    string `json:"text"`
	All     int    `json:"all,omitempty"` // as Pinned has it
}

type Unpinned struct {
	By      Person `json:"by"`
	Channel string `json:"channel"`
	TS      string `json:"ts"`
}

// PinDeleted says that a kept message was deleted at the chat; what was kept of it stays.
type PinDeleted struct {
	Channel string `json:"channel"`
	TS      string `json:"ts"`
}

// FileKept says that a file of a kept message was copied, or why it was not.
type FileKept struct {
	Channel string `json:"channel"`
	TS      string `json:"ts"`
	ID      string `json:"id"`
	Name    string `json:"name"`
	Size    int64  `json:"size,omitempty"`
	Digest  string `json:"digest,omitempty"` // sha256 of its bytes; its name in the data directory
	Why     string `json:"why,omitempty"`
}

func (Pinned) EventKind() string     { return "Pinned" }
func (PinEdited) EventKind() string  { return "PinEdited" }
func (PinStays) EventKind() string   { return "PinStays" }
func (Unpinned) EventKind() string   { return "Unpinned" }
func (PinDeleted) EventKind() string { return "PinDeleted" }
func (FileKept) EventKind() string   { return "FileKept" }

// PinFact is what the fold knows of a message on the timeline, so that what changed while drbot was away is seen.
type PinFact struct {
	Sum  string `json:"sum"` // of its text, eight digits of the sha256
	Mark bool   `json:"mark,omitempty"`
	Gone bool   `json:"gone,omitempty"` // deleted at the chat
}

func (i *Incident) kept(channel, ts string) bool { return slices.Contains(i.Pins, channel+"/"+ts) }

// SumOf is how the fold knows a text again.
func SumOf(text string) string { return short(Digest([]byte(text))) }

// keptText cuts a text to what the record holds of it; all is 0 where that is the whole.
func keptText(text string) (kept string, all int) {
	if r := []rune(text); len(r) > MaxKeptText {
		return string(r[:MaxKeptText-1]) + "…", len(r)
	}
	return text, 0
}

// Pin keeps a message on the timeline; pinning it again changes nothing, but that it stays without 📌 where it is kept so.
func (i *Incident) Pin(p Pinned) []Event {
	if i.kept(p.Channel, p.TS) {
		if !p.Mark && i.PinFacts[p.Channel+"/"+p.TS].Mark {
			return []Event{PinStays{By: p.By, Channel: p.Channel, TS: p.TS}}
		}
		return nil
	}
	p.Text, p.All = keptText(p.Text)
	return []Event{p}
}

// Unpin takes it off again; the record keeps that it was there.
func (i *Incident) Unpin(by Person, channel, ts string) []Event {
	if !i.kept(channel, ts) {
		return nil
	}
	return []Event{Unpinned{By: by, Channel: channel, TS: ts}}
}

// EditPin follows an edit of a kept message.
func (i *Incident) EditPin(channel, ts, text string) []Event {
	text, all := keptText(text)
	if !i.kept(channel, ts) || i.PinFacts[channel+"/"+ts].Sum == SumOf(text) {
		return nil
	}
	return []Event{PinEdited{Channel: channel, TS: ts, Text: text, All: all}}
}

// LosePin notes that a kept message was deleted at the chat.
func (i *Incident) LosePin(channel, ts string) []Event {
	if !i.kept(channel, ts) || i.PinFacts[channel+"/"+ts].Gone {
		return nil
	}
	return []Event{PinDeleted{Channel: channel, TS: ts}}
}

// applyPin folds what becomes of kept messages.
func (i *Incident) applyPin(e Event) bool {
	fact := func(channel, ts string, set func(*PinFact)) {
		at := channel + "/" + ts
		if !slices.Contains(i.Pins, at) {
			return
		}
		if i.PinFacts == nil {
			i.PinFacts = map[string]PinFact{}
		}
		k := i.PinFacts[at]
		set(&k)
		i.PinFacts[at] = k
	}
	switch e := e.(type) {
	case Pinned:
		i.Pins = append(i.Pins, e.Channel+"/"+e.TS)
		fact(e.Channel, e.TS, func(k *PinFact) { k.Sum, k.Mark = SumOf(e.Text), e.Mark })
	case PinStays:
		fact(e.Channel, e.TS, func(k *PinFact) { k.Mark = false })
	case PinEdited:
		fact(e.Channel, e.TS, func(k *PinFact) { k.Sum = SumOf(e.Text) })
	case PinDeleted:
		fact(e.Channel, e.TS, func(k *PinFact) { k.Gone = true })
	case Unpinned:
		at := e.Channel + "/" + e.TS
		i.Pins = slices.DeleteFunc(i.Pins, func(p string) bool { return p == at })
		if delete(i.PinFacts, at); len(i.PinFacts) == 0 {
			i.PinFacts = nil
		}
	case FileKept:
	default:
		return false
	}
	return true
}
