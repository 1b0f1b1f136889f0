package mail

import (
	"context"
	"fmt"
	"strings"
)

// Finding is one thing that check says.
type Finding struct{ Level, What, Fix string }

// Check says what of the configuration would not work: it connects, protects the line, proves who it is, and offers sender
// and recipients, without a mail. offline asks nobody.
func Check(ctx context.Context, o Options, offline bool) []Finding {
	if err := o.Valid(); err != nil {
		return []Finding{{"error", "mail: " + err.Error() + ".", "Mend mail: in drbot.yaml."}}
	}
	var found []Finding
	if len(o.To) == 0 {
		found = append(found, Finding{"note", "mail.to is empty: the mailing list is not offered.", "List its addresses: mail: {to: [list@example.com]}."})
	}
	if o.TLS == Plain && !local(o.Host) {
		found = append(found, Finding{"warning", "mail.tls is none: what is mailed can be read on its way.", "Use starttls or implicit."})
	}
	if offline {
		return found
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	s, err := o.dial(ctx)
	if err != nil {
		return append(found, Finding{"error", fmt.Sprintf("mail: %s:%d does not take mail from here: %s.", o.Host, o.Port, plain(err)), "Check mail.host, port, tls, user and password."})
	}
	defer s.close()
	from, err := Address(o.From)
	if err != nil {
		return append(found, Finding{"error", "mail.from: " + err.Error() + ".", "Write one address."})
	}
	if err := s.line.Mail("<" + from.Address + ">"); err != nil {
		return append(found, Finding{"error", fmt.Sprintf("mail: the server does not take %s as a sender: %s.", from.Address, plain(err)), "Use an address in mail.from that this account may send from."})
	}
	for _, address := range append(append([]string(nil), o.To...), o.Executives...) {
		to, err := Address(address)
		if err != nil {
			continue // said above
		}
		if err := s.line.Rcpt("<" + to.Address + ">"); err != nil {
			found = append(found, Finding{"error", fmt.Sprintf("mail: the server does not take mail for %s: %s.", to.Address, plain(err)), "Mend or remove the address."})
		}
	}
	if err := s.line.Reset(); err != nil && !strings.Contains(err.Error(), "closed") {
		found = append(found, Finding{"warning", "mail: the server did not take a reset: " + plain(err) + ".", "Look at the server."})
	}
	return found
}
