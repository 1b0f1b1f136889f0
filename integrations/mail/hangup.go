package mail

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// againAtOnce is how many of the addresses at which the server hung up before are tried in vain in one call: the others are
// tried first, and every one gets its turn.
const againAtOnce = 2

// hangUp is a connection that ended, or stayed silent, when a mail for one address was under way: about that address when the
// server answers for others, and else about the server.
type hangUp struct {
	why   string
	asked bool // for the whole mail: it may have arrived
	met   bool // in this call; else it is what was said before
}

func (h *hangUp) Error() string { return h.why }

// doubt is a hang-up of which the other addresses decide what it is about.
type doubt struct {
	seq  uint64 // of the record
	to   reader
	hung *hangUp
}

// try mails one address, unless it waits already.
func (l *Link) try(ctx context.Context, t *turn, m message, address string) error {
	p := t.pass
	if why := p.waits[address]; why != "" { // what was written first is read first
		if slices.ContainsFunc(p.doubts, func(d doubt) bool { return d.to.address == address }) {
			return &hangUp{why: why}
		}
		return &delay{why}
	}
	before := l.health.hungUp(address)
	if before != "" && p.again >= againAtOnce && !p.b.Again {
		return &hangUp{why: before}
	}
	err := l.one(ctx, &t.line, m, address)
	var hung *hangUp
	var gone *refusal
	var later *delay
	switch {
	case errors.As(err, &hung):
		l.health.hangs(address, hung.why)
		if before != "" {
			p.again++
		}
	case err == nil || errors.As(err, &gone) || errors.As(err, &later):
		p.answered[address] = true
		l.health.answers(address)
	}
	return err
}

// hung says what a hang-up comes to; nil: the other addresses say it.
func (l *Link) hung(t *turn, to reader, hung *hangUp) error {
	switch {
	case t.b.Again: // a person asks: the answer is not tomorrow's
		return &refusal{hung.why}
	case !t.at.Late[to.key()].IsZero() || l.aboutIt(t.pass, to.address):
		if hung.met {
			l.health.seen(l.Now(), nil)
		}
		return &delay{hung.why}
	}
	t.doubts = append(t.doubts, doubt{t.at.seq, to, hung})
	t.waits[to.address] = hung.why
	return nil
}

// aboutIt reports whether the server answers for others than an address.
func (l *Link) aboutIt(p *pass, address string) bool {
	for other := range p.answered {
		if other != address {
			return true
		}
	}
	return l.health.late(address)
}

// judge puts off the addresses that were doubted, as far as others were answered, and gives the rest.
func (l *Link) judge(p *pass) (rest []doubt) {
	for _, d := range p.doubts {
		if !l.aboutIt(p, d.to.address) {
			rest = append(rest, d)
			continue
		}
		at := loadProgress(p, d.seq)
		l.later(p, at, d.to, d.hung.why)
		at.save(p)
	}
	p.doubts = nil
	return rest
}

// silent is the outage of a server that hangs up at everybody.
func (l *Link) silent(rest []doubt) error {
	at, asked := map[string]bool{}, false
	for _, d := range rest {
		at[d.to.address] = true
		asked = asked || d.hung.asked
	}
	return l.away(fmt.Errorf("at %s: %s", strings.Join(slices.Sorted(maps.Keys(at)), ", "), rest[0].hung.why), !asked)
}
