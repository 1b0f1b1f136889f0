package terminal

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"github.com/drbot/drbot/evidence"
	"github.com/drbot/drbot/incident"
)

// evidence streams the archive of one incident; an error after its first byte comes as the trailer.
func (d *Door) evidence(w http.ResponseWriter, r *http.Request) {
	id, err := incident.ParseID(r.URL.Query().Get("incident"))
	if err == nil && id == 0 {
		err = incident.Refuse(incident.BadInput, "The house has no evidence of its own.")
	}
	if err != nil {
		d.write(w, http.StatusBadRequest, Answer{Text: err.Error(), Kind: "bad_input"})
		return
	}
	from := evidence.Source{Store: d.Record, Data: d.Data}
	if d.Zone != nil {
		from.Zone = d.Zone()
	}
	w.Header().Set("Trailer", "Drbot-Error")
	if err := evidence.Export(r.Context(), from, id, w); err != nil {
		w.Header().Set("Drbot-Error", err.Error())
	}
}

// Evidence copies the archive of an incident to w.
func (c *Client) Evidence(ctx context.Context, id incident.ID, w io.Writer) error {
	return c.stream(ctx, "/v1/evidence?incident="+url.QueryEscape(id.String()), w)
}
