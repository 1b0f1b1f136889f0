package incident

import "time"

// House is the fold of stream 0: what must be true across incidents.
type House struct {
	Version  int                   `json:"v"`
	Seq      uint64                `json:"seq"`
	N        uint64                `json:"n"`
	Time     time.Time             `json:"time"`
	Config   string                `json:"config,omitempty"`
	People   string                `json:"people,omitempty"`
	Odd      []string              `json:"odd,omitempty"` // about people, as of the last change
	Runbook  LoadedRunbook         `json:"runbook"`
	Accepted map[string]Acceptance `json:"accepted,omitempty"` // entry digest -> who and when; only of entries that are loaded
	Frozen   *Freeze               `json:"frozen,omitempty"`
	Stray    []string              `json:"stray,omitempty"` // attempts on disk that the record does not know
	Head     HeadPosted            `json:"head"`
	HeadDue  time.Time             `json:"head_due,omitzero"` // when the newest record is shown outside again

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
	case RunbookLoaded:
		h.Runbook = LoadedRunbook{Digest: e.Digest, LockDigest: e.LockDigest, Loader: e.Loader, At: at.Time, Entries: e.Entries}
		h.keepAccepted(e.Entries)
		h.forgetTexts()
	case LockAccepted:
		if h.Accepted == nil {
			h.Accepted = map[string]Acceptance{}
		}
		for _, digest := range e.Entries {
			h.Accepted[digest] = Acceptance{By: e.By, At: at.Time}
		}
	case Frozen:
		h.Frozen = &Freeze{By: e.By, Reason: e.Reason, At: at.Time}
	case Thawed:
		h.Frozen, h.Stray = nil, nil
	case AttemptFound:
		h.Stray = append(h.Stray, e.Attempt)
		if h.Frozen == nil {
			h.Frozen = &Freeze{By: Bot, Reason: "attempt " + e.Attempt + " is on disk and not in the record", At: at.Time}
		}
	case HeadPosted:
		h.Head = e
	case ScriptRan:
		h.scriptRan(at, e)
	case ProcedureRan:
		h.procedureRan(at, e)
	}
}

// keepAccepted forgets acceptances of entries that are no longer loaded: coming back, they are reviewed anew.
func (h *House) keepAccepted(entries []string) {
	kept := map[string]Acceptance{}
	for _, digest := range entries {
		if a, ok := h.Accepted[digest]; ok {
			kept[digest] = a
		}
	}
	h.Accepted = kept
	if len(kept) == 0 {
		h.Accepted = nil
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

// Accept decides on the acceptance of lock entries: by an approver who is not the person that loaded them (I5).
func (h *House) Accept(by Person, rights Rights, basis string, entries, difference []string) ([]Event, error) {
	if !rights.May(by.Key, Approver) {
		return nil, Refuse(NotAllowed, "Only approvers accept a lock.")
	}
	if by.Same(h.Runbook.Loader) {
		return nil, Refuse(NotAllowed, "You loaded this runbook, so someone else accepts it.").Then("Ask another approver.")
	}
	open := h.Open()
	if len(open) == 0 {
		return nil, Refuse(WrongState, "Every entry of the lock is accepted already.")
	}
	if len(entries) == 0 {
		entries = open
	}
	return []Event{LockAccepted{LockDigest: h.Runbook.LockDigest, Entries: entries, By: by, Basis: basis, Difference: difference}}, nil
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
