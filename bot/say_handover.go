package bot

import (
	"strconv"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// offerPrefix begins the object of an offer's message: "offer/3".
const offerPrefix = "offer/"

// offer asks the person to take over, in the incident's channel; the message is redrawn when it is answered.
func (t *talk) offer(e incident.RoleOffered) error {
	o := t.i.Offer(e.Offer)
	if o == nil || o.How != "" {
		return nil // answered while this waited
	}
	return t.line(offerPrefix+strconv.FormatUint(e.Offer, 10), templates.Handover(t.i, o))
}

// offered is what the message of an offer shows now; false when the offer is forgotten.
func (s *scene) offered(object string) (templates.Message, bool) {
	n, err := strconv.ParseUint(strings.TrimPrefix(object, offerPrefix), 10, 64)
	o := s.i.Offer(n)
	if err != nil || o == nil {
		return templates.Message{}, false
	}
	return templates.Handover(s.i, o), true
}
