package incident

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// House is the fold of stream 0: what must be true across incidents.
type House struct {
	Version    int                   `json:"v"`
	Seq        uint64                `json:"seq"`
	N          uint64                `json:"n"`
	Time       time.Time             `json:"time"`
	Config     string                `json:"config,omitempty"`
	People     string                `json:"people,omitempty"`
	Odd        []string              `json:"odd,omitempty"`        // about people, as of the last change
	Unapproved map[string]time.Time  `json:"unapproved,omitempty"` // person -> when the right to approve was last removed
	Runbook    LoadedRunbook         `json:"runbook"`
	Accepted   map[string]Acceptance `json:"accepted,omitempty"` // entry digest -> who and when; only of entries that are loaded
	Away       map[string]Acceptance `json:"away,omitempty"`     // of entries that are not loaded just now, see keepAccepted
	Loaders    map[string]Loaded     `json:"loaders,omitempty"`  // entry digest that nobody accepted -> who loaded it first
	Reviewed   string                `json:"reviewed,omitempty"` // the newest lock of which every entry was accepted: later ones are compared with it
	Frozen     *Freeze               `json:"frozen,omitempty"`
	Stray      []string              `json:"stray,omitempty"` // attempts on disk that the record does not know
	Head       HeadPosted            `json:"head"`
	HeadDue    time.Time             `json:"head_due,omitzero"` // when the newest record is shown outside again
	Early      []AlertPassed         `json:"early,omitempty"`   // what PagerDuty said of alerts before their triggers came

	Scripts    map[string]Ran `json:"scripts,omitempty"`    // sha256 of a text -> how it ran
	Procedures map[string]Ran `json:"procedures,omitempty"` // id -> how its runs went
}

// LoadedRunbook is the revision that new runs use.
type LoadedRunbook struct {
	Digest     string    `json:"digest,omitempty"`
	LockDigest string    `json:"lock_digest,omitempty"`
	Loader     Person    `json:"loader"`
	At         time.Time `json:"at"`
	Entries    []string  `json:"entries,omitempty"`
}

// Acceptance lets one lock entry run.
type Acceptance struct {
	By Person    `json:"by"`
	At time.Time `json:"at"`
}

// Loaded is who loaded an entry first, and when. By is empty where drbot read it by itself.
type Loaded struct {
	By Person    `json:"by"`
	At time.Time `json:"at"`
}

// Freeze is the stop switch in its on position.
type Freeze struct {
	By     Person    `json:"by"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// NewHouse is the empty fold of stream 0.
func NewHouse() *House { return &House{Version: FoldVersion} }

// Apply folds one record of stream 0.
func (h *House) Apply(at Stamp, e Event) {
	h.Seq, h.N, h.Time = at.Seq, at.N, at.Time
	h.promised(at, e)
	switch e := e.(type) {
	case ConfigLoaded:
		h.Config = e.Digest
	case PeopleChanged:
		h.People, h.Odd = e.Digest, e.Odd
		for _, key := range e.Unapproved {
			if h.Unapproved == nil {
				h.Unapproved = map[string]time.Time{}
			}
			h.Unapproved[key] = at.Time
		}
	case RunbookLoaded:
		h.Runbook = LoadedRunbook{Digest: e.Digest, LockDigest: e.LockDigest, Loader: e.Loader, At: at.Time, Entries: e.Entries}
		h.keepAccepted(e.Entries)
		h.keepLoaders(e, at.Time)
		h.forgetTexts()
	case LockAccepted:
		if h.Accepted == nil {
			h.Accepted = map[string]Acceptance{}
		}
		for _, digest := range e.Entries {
			h.Accepted[digest] = Acceptance{By: e.By, At: at.Time}
			delete(h.Loaders, digest)
		}
		h.Away = nil // accepting a lock withdraws what it replaces and leaves out
		if len(h.Open()) == 0 {
			h.Reviewed = h.Runbook.LockDigest
		}
	case Frozen:
		h.Frozen = &Freeze{By: e.By, Reason: e.Reason, At: at.Time}
	case Thawed:
		h.Frozen, h.Stray = nil, nil
	case AttemptFound:
		h.Stray = append(h.Stray, e.Attempt)
		if h.Frozen == nil {
			h.Frozen = &Freeze{By: Bot, Reason: e.Reason(), At: at.Time}
		}
	case HeadPosted:
		h.Head = e
	case AlertPassed:
		h.early(e)
	case ScriptRan:
		h.scriptRan(at, e)
	case ProcedureRan:
		h.procedureRan(at, e)
	}
}

// keepAccepted puts the acceptances of entries that are no longer loaded aside, and takes those back that are loaded again byte for byte: a
// lock that was loaded by mistake takes no acceptance with it. What is aside lets nothing run, and the next acceptance forgets it: who accepts
// a lock accepts with it what it replaces and leaves out, which is how an acceptance is withdrawn.
//
// So a file of yesterday that is loaded again brings nothing back that a person has replaced since: a command that was mended, a second
// approver who was asked for. What does come back was valid when somebody last accepted anything, and it is the same thing: the digest
// covers the bytes, the interpreter, the values, the risk, who must approve, its title and place, and its target's definition. Its runs are
// approved anew, by people who have the right today.
func (h *House) keepAccepted(entries []string) {
	known := map[string]Acceptance{}
	maps.Copy(known, h.Away)
	maps.Copy(known, h.Accepted)
	h.Accepted, h.Away = nil, nil
	for _, digest := range entries {
		if a, ok := known[digest]; ok {
			if h.Accepted == nil {
				h.Accepted = map[string]Acceptance{}
			}
			h.Accepted[digest] = a
			delete(known, digest)
		}
	}
	if len(known) > 0 {
		h.Away = known
	}
}

// keepAbsent is how many loaders of entries that are not loaded just now are remembered.
const keepAbsent = 2000

// keepLoaders remembers for each entry that waits who loaded it first, whatever is loaded later and by whom; also while it is not loaded, so
// that it does not come back without its loader. An entry that drbot read by itself gets the first person who loads it.
func (h *House) keepLoaders(e RunbookLoaded, at time.Time) {
	loaded := map[string]bool{}
	for _, digest := range e.Entries {
		loaded[digest] = true
		if _, ok := h.Accepted[digest]; ok {
			continue
		}
		if h.Loaders == nil {
			h.Loaders = map[string]Loaded{}
		}
		if h.Loaders[digest].By.Key == "" {
			h.Loaders[digest] = Loaded{By: e.Loader, At: at}
		}
	}
	var absent []string
	for digest, l := range h.Loaders {
		switch {
		case loaded[digest]:
		case l.By.Key == "":
			delete(h.Loaders, digest)
		default:
			absent = append(absent, digest)
		}
	}
	if len(absent) > keepAbsent {
		slices.SortFunc(absent, func(a, b string) int {
			return cmp.Or(h.Loaders[a].At.Compare(h.Loaders[b].At), strings.Compare(a, b))
		})
		for _, digest := range absent[:len(absent)-keepAbsent] {
			delete(h.Loaders, digest)
		}
	}
}

// Open lists the loaded entries that nobody accepted yet.
func (h *House) Open() []string {
	var open []string
	for _, digest := range h.Runbook.Entries {
		if _, ok := h.Accepted[digest]; !ok {
			open = append(open, digest)
		}
	}
	return open
}

// Accept decides on the acceptance of lock entries that wait: by an approver, and each only by somebody else than the person that loaded it
// first (I5). Of several entries those are accepted that this person may. No entries: all that wait.
func (h *House) Accept(by Person, rights Rights, basis string, entries, difference []string) ([]Event, error) {
	if !rights.May(by.Key, Approver) {
		return nil, Refuse(NotAllowed, "Only approvers accept a lock.")
	}
	open := h.Open()
	switch {
	case len(h.Runbook.Entries) == 0:
		return nil, Refuse(WrongState, "No lock with an entry is loaded, so there is nothing to accept.")
	case len(open) == 0:
		return nil, Refuse(WrongState, "Every entry of the lock is accepted already.")
	}
	var others []string
	for _, digest := range open {
		if (len(entries) == 0 || slices.Contains(entries, digest)) && !by.Same(h.Loaders[digest].By) {
			others = append(others, digest)
		}
	}
	if len(others) == 0 {
		return nil, Refuse(NotAllowed, "You loaded this runbook with what waits in it, so someone else accepts it.").Then("Ask another approver.")
	}
	return []Event{LockAccepted{LockDigest: h.Runbook.LockDigest, Entries: others, By: by, Basis: basis, Difference: difference}}, nil
}

// Freeze turns the stop switch on; running steps go on (I24).
func (h *House) Freeze(by Person, rights Rights, reason string) ([]Event, error) {
	switch {
	case !rights.May(by.Key, Approver) && !rights.May(by.Key, Admin):
		return nil, Refuse(NotAllowed, "Only approvers and admins freeze.")
	case reason == "":
		return nil, Refuse(BadInput, "A freeze needs its reason.").Then("Like: freeze storage team moves db1")
	case h.Frozen != nil:
		return nil, Refuse(WrongState, "Frozen already by %s: %s", h.Frozen.By.Name, h.Frozen.Reason)
	}
	return []Event{Frozen{By: by, Reason: reason}}, nil
}

// Thaw turns it off.
func (h *House) Thaw(by Person, rights Rights, reason string) ([]Event, error) {
	switch {
	case !rights.May(by.Key, Admin):
		return nil, Refuse(NotAllowed, "Only admins thaw.")
	case h.Frozen == nil:
		return nil, Refuse(WrongState, "Nothing is frozen.")
	case reason == "":
		return nil, Refuse(BadInput, "A thaw needs its reason.").Then("Like: thaw db1 is moved")
	}
	return []Event{Thawed{By: by, Reason: reason}}, nil
}
