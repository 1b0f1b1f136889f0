package state

// Trouble is what keeps a store from working: Kind is one of the errors above for machines, Why the cause, Next what a
// person does about it.
type Trouble struct {
	Kind error
	Why  error
	Next string
}

func (t *Trouble) Error() string {
	text := t.Kind.Error()
	if t.Why != nil {
		text += ": " + t.Why.Error()
	}
	if t.Next != "" {
		text += " (" + t.Next + ")"
	}
	return text
}

// Unwrap lets errors.Is find both the kind and the cause.
func (t *Trouble) Unwrap() []error {
	if t.Why == nil {
		return []error{t.Kind}
	}
	return []error{t.Kind, t.Why}
}
