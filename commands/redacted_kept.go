package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// keptToo names the other records of a kept message: as it was edited, or kept once more. They have its words, whichever of
// them is redacted.
func (o *Office) keptToo(ctx context.Context, of state.Record) (string, error) {
	if !ofKept(of.Kind) {
		return "", nil
	}
	e, err := of.Event()
	if err != nil {
		return "", err
	}
	var all []string
	for r, err := range o.Store.All(ctx, 0) {
		if err != nil {
			return "", err
		}
		if !ofKept(r.Kind) || r.Redacted || r.Seq == of.Seq {
			continue
		}
		other, err := r.Event()
		if err != nil {
			return "", err
		}
		if placeOfKept(other) == placeOfKept(e) {
			all = append(all, fmt.Sprint(r.Seq))
		}
	}
	switch len(all) {
	case 0:
		return "", nil
	case 1:
		return fmt.Sprintf(" Record %s has this message too, as it was kept or edited: redact that one too.", all[0]), nil
	}
	last := len(all) - 1
	return fmt.Sprintf(" Records %s and %s have this message too, as it was kept or edited: redact those too.", strings.Join(all[:last], ", "), all[last]), nil
}

// ofKept reports whether records of a kind have words of a kept message.
func ofKept(kind string) bool {
	return slices.Contains([]string{incident.Pinned{}.EventKind(), incident.PinEdited{}.EventKind()}, kind)
}

// placeOfKept is where a kept message stands at the chat, which a redaction leaves.
func placeOfKept(e incident.Event) string {
	switch e := e.(type) {
	case incident.Pinned:
		return e.Channel + "/" + e.TS
	case incident.PinEdited:
		return e.Channel + "/" + e.TS
	}
	return ""
}
