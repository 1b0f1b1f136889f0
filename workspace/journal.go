package workspace

// change says that something a person can see is different now.
type change struct {
	Seq     uint64 `json:"seq"`
	Kind    string `json:"kind"` // message, channel, modal, home, users, links
	Channel string `json:"channel,omitempty"`
	User    string `json:"user,omitempty"` // only this one sees it
	TS      string `json:"ts,omitempty"`
	Thread  string `json:"thread,omitempty"`
}

// journalKeep bounds the changes that are kept for late readers; who asks for
// older ones is told to read everything anew.
const journalKeep = 2048

// journal numbers the changes and wakes who waits for one.
type journal struct {
	seq     uint64
	recent  []change
	changed chan struct{} // closed at each change, then renewed
}

// add is called with the workspace's lock held.
func (j *journal) add(c change) {
	j.seq++
	c.Seq = j.seq
	j.recent = append(j.recent, c)
	if len(j.recent) > 2*journalKeep {
		j.recent = append([]change(nil), j.recent[len(j.recent)-journalKeep:]...)
	}
	close(j.changed)
	j.changed = make(chan struct{})
}

// after lists the changes after seq that user may know of; all is false when
// older ones are forgotten.
func (w *Workspace) after(seq uint64, user string) (out []change, all bool) {
	all = len(w.journal.recent) == 0 || seq+1 >= w.journal.recent[0].Seq
	for _, c := range w.journal.recent {
		if c.Seq <= seq || (c.User != "" && c.User != user) {
			continue
		}
		if ch := w.channels[c.Channel]; ch != nil && !ch.visible(user) {
			continue
		}
		out = append(out, c)
	}
	return out, all
}
