package commands

// recoverVerbs lists the verbs of `/recover`, approvals included.
func recoverVerbs() []Verb { return nil }
