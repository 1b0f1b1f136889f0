package runbook

// Question is one `decide:` line of a lock, as `drbot runbook decide` asks it.
type Question struct {
	ID       string   // names the question until it is answered: p1.s4/2, or "target"
	Step     string   // the entry's id; empty: it is about the whole lock
	Line     int      // of the step in the Markdown; 0: unknown
	Title    string   // of the step
	Ask      string   // one sentence
	Text     string   // the command that it is about; may be empty
	Proposal string   // the answer that is likely right; empty: none
	Options  []string // answers that are understood, or a form like "NAME=DIR"; empty: any text, which only closes the question
}
