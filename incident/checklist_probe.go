package incident

import (
	"net/url"
	"strings"
	"time"
)

// Address reports whether the probe is an address that drbot asks itself.
func (b *Bind) Address() bool {
	return b != nil && b.Rule == RuleProbe && (strings.HasPrefix(b.Probe, "http://") || strings.HasPrefix(b.Probe, "https://"))
}

// Named is the probe as people read it: a step by its number, an address without what may be a secret in it.
func (b *Bind) Named() string {
	if !b.Address() {
		return "step " + strings.Replace(strings.TrimPrefix(b.Probe, "p"), ".s", ".", 1) + " of a run"
	}
	u, err := url.Parse(b.Probe)
	if err != nil {
		return "its address"
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
	return u.String()
}

// AskProbe asks for the address of an item's probe.
func (i *Incident) AskProbe(by Person, id string) ([]Event, error) {
	it, err := i.item(id)
	switch {
	case err != nil:
		return nil, err
	case !it.Bind.Address():
		return nil, Refuse(WrongState, "%s has no address to ask.", it.ID)
	case it.Closed():
		return nil, Refuse(WrongState, "%s is closed already, by %s.", it.ID, it.By.Name)
	}
	return []Event{ProbeAsked{By: by, Item: it.ID}}, nil
}

// askAgain is how old an answer of a probe may be before drbot asks anew by itself.
const askAgain = time.Minute

// AskProbes asks for every address whose item is open, but for those that were asked just now.
func (i *Incident) AskProbes(now time.Time) []Event {
	var asked []Event
	for k := range i.Checklist {
		it := &i.Checklist[k]
		if !it.Bind.Address() || it.Closed() || now.Sub(it.Asked) < askAgain || now.Sub(it.ProbedAt) < askAgain {
			continue
		}
		asked = append(asked, ProbeAsked{By: Bot, Item: it.ID})
	}
	return asked
}

// ToProbe lists the items whose address is worth asking because a run ended: what it was before says nothing any more.
func (i *Incident) ToProbe(events []Event) []Event {
	var asked []Event
	for _, e := range events {
		if end, ok := e.(RunEnded); !ok || end.How == EndDiscarded {
			continue
		}
		for k := range i.Checklist {
			if it := &i.Checklist[k]; it.Bind.Address() && !it.Closed() {
				asked = append(asked, ProbeAsked{By: Bot, Item: it.ID})
			}
		}
		break
	}
	return asked
}
