package terminal

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// Record is what auditors read while drbot holds the file.
type Record interface {
	state.Reader
	state.Keeper
}

// verified is the answer of a verification.
type verified struct {
	Head     state.Head `json:"head"`
	Compared int        `json:"compared"`
	Finding  string     `json:"finding,omitempty"`
}

// keeperOnly lets drbot's own account and root pass: they can read the file itself.
func (d *Door) keeperOnly(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, known := r.Context().Value(peerKey{}).(peer)
		if !known || p.uid != 0 && int(p.uid) != os.Getuid() {
			d.write(w, http.StatusForbidden, Answer{Text: "the whole record is for drbot's own account and root", Kind: "not_allowed"})
			return
		}
		next(w, r)
	}
}

func (d *Door) verify(w http.ResponseWriter, r *http.Request) {
	var heads []state.Head
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&heads); err != nil {
		d.write(w, http.StatusBadRequest, Answer{Text: "the request is malformed", Kind: "bad_input"})
		return
	}
	house, err := d.Record.House(r.Context())
	if err != nil {
		d.write(w, http.StatusInternalServerError, Answer{Text: err.Error(), Kind: "outage"})
		return
	}
	if house.Head.Seq != 0 {
		heads = append(heads, state.Head{Seq: house.Head.Seq, Hash: house.Head.Hash})
	}
	head, err := d.Record.Verify(r.Context(), heads...)
	v := verified{Head: head, Compared: len(heads)}
	if err != nil {
		v.Finding = err.Error()
	}
	d.write(w, http.StatusOK, v)
}

func (d *Door) export(w http.ResponseWriter, r *http.Request) {
	records := d.Record.All(r.Context(), 0)
	if only := r.URL.Query().Get("incident"); only != "" {
		id, err := incident.ParseID(only)
		if err != nil {
			d.write(w, http.StatusBadRequest, Answer{Text: err.Error(), Kind: "bad_input"})
			return
		}
		records = d.Record.Records(r.Context(), id, 0)
	}
	w.Header().Set("Trailer", "Drbot-Error")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for record, err := range records {
		if err == nil {
			err = enc.Encode(record)
		}
		if err != nil {
			w.Header().Set("Drbot-Error", err.Error())
			return
		}
	}
}

func (d *Door) backup(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Trailer", "Drbot-Error")
	if err := d.Record.Backup(r.Context(), w); err != nil {
		w.Header().Set("Drbot-Error", err.Error())
	}
}

// Verify asks the running drbot to verify its record; finding is empty when it is whole.
func (c *Client) Verify(ctx context.Context, heads []state.Head) (head state.Head, compared int, finding string, err error) {
	if heads == nil {
		heads = []state.Head{}
	}
	var v verified
	err = c.call(ctx, http.MethodPost, "/v1/audit/verify", heads, &v)
	return v.Head, v.Compared, v.Finding, err
}

// Export copies the record's JSON lines to w; only is an incident or empty.
func (c *Client) Export(ctx context.Context, only string, w io.Writer) error {
	return c.stream(ctx, "/v1/audit/export?incident="+url.QueryEscape(only), w)
}

// Backup copies the data file to w.
func (c *Client) Backup(ctx context.Context, w io.Writer) error {
	return c.stream(ctx, "/v1/backup", w)
}

func (c *Client) stream(ctx context.Context, path string, w io.Writer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://drbot"+path, nil)
	if err != nil {
		return err
	}
	unlimited := http.Client{Transport: c.http.Transport} // a large record takes longer than a line does
	res, err := unlimited.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return refused(res)
	}
	if _, err := io.Copy(w, res.Body); err != nil {
		return err
	}
	if text := res.Trailer.Get("Drbot-Error"); text != "" {
		return fmt.Errorf("the running drbot: %s", text)
	}
	return nil
}
