package mail

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// GiveUp is how long an address may be put off until that is a refusal.
const GiveUp = 24 * time.Hour

// progress is how far the mails of one record are, by "audience:address". It is a note as long as somebody lacks theirs.
type progress struct {
	Have    map[string]bool      `json:"have,omitempty"`
	Late    map[string]time.Time `json:"late,omitempty"` // since when the server puts it off
	Refused map[string]string    `json:"refused,omitempty"`
	Asked   map[string]uint64    `json:"asked,omitempty"`  // the record of the words that may have arrived: the answer was lost
	Before  map[string][2]string `json:"before,omitempty"` // by audience: the thread's first and last when it was its turn
	key     string
	seq     uint64
}

// loadProgress reads it.
func loadProgress(p *pass, seq uint64) *progress {
	at := &progress{}
	if json.Unmarshal([]byte(p.note(noteOf(seq))), at) != nil {
		at = &progress{} // none yet
	}
	if at.Have == nil {
		at.Have = map[string]bool{}
	}
	if at.Late == nil {
		at.Late = map[string]time.Time{}
	}
	if at.Refused == nil {
		at.Refused = map[string]string{}
	}
	if at.Asked == nil {
		at.Asked = map[string]uint64{}
	}
	if at.Before == nil {
		at.Before = map[string][2]string{}
	}
	at.key, at.seq = noteOf(seq), seq
	return at
}

// progressOf is that of a record whose turn it is. A person who asks again means those that were refused, too.
func progressOf(p *pass, r state.Record) *progress {
	at := loadProgress(p, r.Seq)
	if p.b.Again {
		clear(at.Late)
		clear(at.Refused)
	}
	return at
}

func (at *progress) has(who string) {
	at.Have[who] = true
	delete(at.Late, who)
	delete(at.Refused, who)
	delete(at.Asked, who)
}

// thread is the place of a mail in its audience's thread: the one that the first of its record had.
func (at *progress) thread(p *pass, audience incident.Audience) (first, last string) {
	a := string(audience)
	before, known := at.Before[a]
	if !known {
		return p.note(noteFirst + a), p.note(noteLast + a)
	}
	if before[0] == "" { // another version of it began the thread for the others
		begun := p.note(noteFirst + a)
		return begun, begun
	}
	return before[0], before[1]
}

// threaded puts a mail that left into the thread: what is written next answers it.
func (at *progress) threaded(p *pass, audience incident.Audience, id string) {
	a := string(audience)
	if _, known := at.Before[a]; known {
		return
	}
	at.Before[a] = [2]string{p.note(noteFirst + a), p.note(noteLast + a)}
	if p.note(noteFirst+a) == "" {
		p.set(noteFirst+a, id)
	}
	p.set(noteLast+a, id)
}

func (at *progress) save(p *pass) {
	raw, err := json.Marshal(at)
	if err != nil { // texts and times
		panic(err)
	}
	p.set(at.key, string(raw))
}

// over ends a record that everybody has. One that comes again keeps its note, since it waits for somebody or stands behind
// one that does, and so does one that somebody was refused: who asks for it again repeats nothing at the others.
func (at *progress) over(p *pass) error {
	if len(p.waits) == 0 && len(at.Refused) == 0 {
		p.set(at.key, "")
		return nil
	}
	at.save(p)
	if len(at.Refused) == 0 {
		return nil
	}
	var list []string
	for _, who := range slices.Sorted(maps.Keys(at.Refused)) {
		_, address, _ := strings.Cut(who, ":")
		why := fmt.Sprintf("%s (%s)", address, at.Refused[who])
		if late := at.Late[who]; !late.IsZero() && !p.b.Again {
			why = fmt.Sprintf("%s (since %s UTC: %s)", address, late.Format("2 Jan 15:04"), at.Refused[who])
		}
		list = append(list, why)
	}
	return errors.New("the mail server refused " + strings.Join(list, ", "))
}
