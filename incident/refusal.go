package incident

import "fmt"

// Refusal is a lawful no: what was not done and why (Say), and what the person can do now (Next).
type Refusal struct {
	Kind Kind
	Say  string
	Next string
}

// Kind sorts refusals for machines.
type Kind string

const (
	NotAllowed Kind = "not_allowed" // rights
	WrongState Kind = "wrong_state" // the incident, run, step or approval is not in a state for this
	BadInput   Kind = "bad_input"   // what was asked cannot be understood or is not acceptable
	NotFound   Kind = "not_found"
	TooLate    Kind = "too_late" // decided, expired or consumed already
	Blocked    Kind = "blocked"  // frozen, locked by another run, not accepted
	Unknown    Kind = "unknown_person"
	Outage     Kind = "outage" // drbot cannot keep what was asked
)

func (r *Refusal) Error() string {
	if r.Next == "" {
		return r.Say
	}
	return r.Say + " " + r.Next
}

// Refuse makes a Refusal; say is a format.
func Refuse(kind Kind, say string, args ...any) *Refusal {
	return &Refusal{Kind: kind, Say: fmt.Sprintf(say, args...)}
}

// Then adds what to do next.
func (r *Refusal) Then(next string, args ...any) *Refusal {
	r.Next = fmt.Sprintf(next, args...)
	return r
}
