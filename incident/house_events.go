package incident

import "time"

// Events of the house stream (incident 0): what is true across incidents.

// ConfigLoaded notes the revision of the configuration that rights hang on (I43).
type ConfigLoaded struct {
	Digest string `json:"digest"`
	By     Person `json:"by"`
}

// PeopleChanged says in words what changed in people and roles; it is posted (I17).
type PeopleChanged struct {
	Digest  string   `json:"digest"`
	Changes []string `json:"changes"`
	Learned bool     `json:"learned,omitempty"` // from chat or PagerDuty, and not from the configuration
	// Unapproved are the keys of those who could approve before and cannot now.
	Unapproved []string `json:"unapproved,omitempty"`

	Odd []string `json:"odd,omitempty"` // what chat or PagerDuty say of them and drbot does not take
}

// RunbookLoaded makes a runbook revision the one that new runs use. Loader is empty when serve read it by itself.
type RunbookLoaded struct {
	Digest     string   `json:"digest"`
	LockDigest string   `json:"lock_digest,omitempty"`
	Loader     Person   `json:"loader"`
	Entries    []string `json:"entries,omitempty"`    // digests of every lock entry
	Difference []string `json:"difference,omitempty"` // in words, against what was loaded before

	Numbers map[string]string `json:"numbers,omitempty"` // of entries whose present number is not what the id says, by id
}

// LockAccepted lets lock entries run (I5).
type LockAccepted struct {
	LockDigest string   `json:"lock_digest"`
	Entries    []string `json:"entries"`
	By         Person   `json:"by"`
	Basis      string   `json:"basis"`
	Difference []string `json:"difference,omitempty"`
	Signature  string   `json:"signature,omitempty"` // sha256 of the SSH signature that the person gave in place of a press
}

// Frozen stops every start until Thawed (I24).
type Frozen struct {
	By     Person `json:"by"`
	Reason string `json:"reason"`
}

// Thawed lets steps start again.
type Thawed struct {
	By     Person `json:"by"`
	Reason string `json:"reason"`
}

// ClockStepped records a step of the machine's clock backwards (I54).
type ClockStepped struct {
	Back time.Duration `json:"back"`
}

// AttemptFound records an attempt on disk that the record does not know; it freezes the runner.
type AttemptFound struct {
	Attempt string `json:"attempt"`
}

// Reason says why drbot froze the runner by itself.
func (e AttemptFound) Reason() string {
	return "attempt " + e.Attempt + " is on disk and not in the record"
}

// HeadPosted says which head of the record was shown outside, so that a cut of the end is found (I42).
type HeadPosted struct {
	Seq   uint64 `json:"seq"`
	Hash  string `json:"hash"`
	Where string `json:"where"`
}

// Redacted says that the payload of a record was blanked. The chain covers digests, so it still verifies.
type Redacted struct {
	Seq uint64 `json:"seq"`
	// Incident is whose record that was; 0: the house's, or the tombstone is of an earlier version.
	Incident ID     `json:"incident,omitempty"`
	By       Person `json:"by"`
	Why      string `json:"why"`
}

// Refused records the refusal of a known person (I42).
type Refused struct {
	By   Person `json:"by"`
	What string `json:"what"`
	Kind Kind   `json:"kind"`
	Why  string `json:"why"`
	Run  uint64 `json:"run,omitempty"`
}

func (ConfigLoaded) EventKind() string  { return "ConfigLoaded" }
func (PeopleChanged) EventKind() string { return "PeopleChanged" }
func (RunbookLoaded) EventKind() string { return "RunbookLoaded" }
func (LockAccepted) EventKind() string  { return "LockAccepted" }
func (Frozen) EventKind() string        { return "Frozen" }
func (Thawed) EventKind() string        { return "Thawed" }
func (ClockStepped) EventKind() string  { return "ClockStepped" }
func (AttemptFound) EventKind() string  { return "AttemptFound" }
func (HeadPosted) EventKind() string    { return "HeadPosted" }
func (Redacted) EventKind() string      { return "Redacted" }
func (Refused) EventKind() string       { return "Refused" }
