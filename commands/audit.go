package commands

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// auditVerbs lists what people do to the record and to approvals at a terminal.
func auditVerbs() []Verb {
	return []Verb{
		{
			Group: "audit", Name: "redact", May: incident.Admin, Scope: Anywhere, Hidden: true, Deed: "redact the record",
			Does: "Blanks the payload of one record; the chain still verifies.", do: redact,
		},
		{
			Group: "recover", Name: "text", May: incident.Everyone, Scope: OfIncident, Hidden: true, Deed: "read approvals",
			Does: "Gives the whole text of an approval.", do: approvalText,
		},
	}
}

// redact blanks a payload, for a secret that was pasted by mistake. The store writes the tombstone.
func redact(ctx context.Context, o *Office, c *call) (Reply, error) {
	if err := o.mayAnywhere(c); err != nil {
		return Reply{}, err
	}
	seq, err := strconv.ParseUint(c.Object, 10, 64)
	why := strings.TrimSpace(c.Text)
	if err != nil || why == "" {
		return Reply{}, incident.Refuse(incident.BadInput, "A redaction names one record and its reason.").Then("Like: drbot audit redact 1234 --why \"a password was pasted\"")
	}
	before, err := o.recordOf(ctx, seq)
	if err != nil {
		return Reply{}, err
	}
	copies, err := o.redactCopies(ctx, c, before, why) // before the record itself: the same command again finds the rest by it
	if err != nil {
		return Reply{}, err
	}
	if err := o.Store.Redact(ctx, seq, c.person, why); err != nil {
		return Reply{}, err
	}
	more, err := o.forget(ctx, seq)
	if err != nil {
		return Reply{}, err
	}
	edits, err := o.keptToo(ctx, before)
	if err != nil {
		return Reply{}, err
	}
	left, err := o.elsewhere(ctx, before)
	if err != nil {
		return Reply{}, fmt.Errorf("record %d is blank, and the same command again does the rest: %w", seq, err)
	}
	return Reply{Say: templates.Message{Text: fmt.Sprintf("Record %d is blank now. Who, when and why is in the record.%s%s%s%s", seq, copies, more, edits, left)}}, nil
}

// forget deletes the copy of a file with the last record that names it. Of a message it says which records its files are,
// since they hold what it showed. Doing it again deletes what an earlier try left.
func (o *Office) forget(ctx context.Context, seq uint64) (said string, err error) {
	var blank incident.Event
	var files []uint64
	var all []incident.FileKept
	for r, err := range o.Store.All(ctx, 0) {
		if err != nil {
			return "", err
		}
		file := r.Kind == incident.FileKept{}.EventKind()
		if r.Seq != seq && (!file || r.Redacted) {
			continue
		}
		e, err := r.Event()
		if err != nil {
			return "", err
		}
		if r.Seq == seq {
			blank = e
		} else if kept, ok := e.(incident.FileKept); ok && kept.Digest != "" {
			files, all = append(files, r.Seq), append(all, kept)
		}
	}
	switch e := blank.(type) {
	case incident.Pinned:
		for k, f := range all {
			if f.Channel == e.Channel && f.TS == e.TS {
				said += fmt.Sprintf(" The copy of its file %s stays with record %d: redact that one too.", cut(f.Name, 80), files[k])
			}
		}
	case incident.FileKept:
		if e.Digest == "" || o.Forget == nil {
			return "", nil
		}
		for k, f := range all {
			if f.Digest == e.Digest {
				return fmt.Sprintf(" The copy of the file stays: record %d names it too.", files[k]), nil
			}
		}
		if err := o.Forget(e.Digest); err != nil {
			return "", fmt.Errorf("record %d is blank, and the copy of its file is there still: %w", seq, err)
		}
		said = " The copy of the file is deleted."
	}
	return said, nil
}

// approvalText shows what an approval would let run, to a person who is known (a restricted one: to its people).
func approvalText(ctx context.Context, o *Office, c *call) (Reply, error) {
	i, err := o.Store.Incident(ctx, state.Ref{Index: "approval", Value: c.Object})
	if err != nil {
		return Reply{}, err
	}
	if err := o.may(c, i); err != nil {
		return Reply{}, err
	}
	text, err := o.ApprovalText(ctx, c.Object)
	if err != nil {
		return Reply{}, err
	}
	a := i.Approval(approvalNumber(c))
	view := TextView{Approval: c.Object, Text: text, Digest: incident.Digest([]byte(text))}
	decision := *c
	decision.verb = Find("recover approve")
	if err := o.mayAnywhere(&decision); err != nil {
		view.Refused = err.Error()
	} else if a.State != incident.Pending {
		view.Refused = a.Name() + " waits for nobody any more."
	}
	return Reply{Say: templates.ApprovalWhole(i, a, text, o.facts(ctx, i)), ID: i.ID, Data: view}, nil
}
