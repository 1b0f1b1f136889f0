package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/terminal"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
)

// checkRecord says whether the stop switch is on: then drbot serves, and no step starts. Who may not read the record hears
// nothing of it.
func (p program) checkRecord(ctx context.Context, c *config) []finding {
	if _, err := os.Stat(filepath.Join(c.Data, bolt.File)); err != nil {
		return nil // no record yet
	}
	house, err := p.houseNow(ctx)
	switch {
	case errors.Is(err, terminal.ErrForbidden), errors.Is(err, state.ErrInUse):
		return nil
	case err != nil:
		return []finding{{"error", "The record cannot be read: " + err.Error(), "`drbot audit verify` says more."}}
	case house.Frozen == nil:
		return nil
	}
	f := house.Frozen
	fix := "See to what it was frozen for; an admin thaws with /" + c.Commands.Recover + " thaw."
	if len(house.Stray) > 0 {
		fix = "See in " + filepath.Join(c.Data, "runs") + " what " + strings.Join(house.Stray, ", ") + " did; an admin thaws with /" + c.Commands.Recover + " thaw."
	}
	return []finding{{"warning", fmt.Sprintf("No step starts: frozen by %s since %s: %s.", f.By.Name, f.At.UTC().Format("2 Jan 15:04 UTC"), strings.TrimSuffix(f.Reason, ".")), fix}}
}

// houseNow reads stream 0, of the file or through the drbot that holds it.
func (p program) houseNow(ctx context.Context) (*incident.House, error) {
	client, s, err := p.reader(ctx, "")
	if err != nil {
		return nil, err
	}
	if client == nil {
		house, err := s.House(ctx)
		return house, errors.Join(err, s.Close())
	}
	defer client.Close()
	r, w := io.Pipe()
	go func() { _ = w.CloseWithError(client.Export(ctx, "", w)) }()
	defer func() { _ = r.Close() }()
	house := incident.NewHouse()
	for lines := json.NewDecoder(r); ; {
		record := state.Record{}
		if err := lines.Decode(&record); errors.Is(err, io.EOF) {
			return house, nil
		} else if err != nil {
			return nil, err
		}
		if record.Incident != 0 || record.Redacted {
			continue
		}
		e, err := record.Event()
		if err != nil {
			return nil, err
		}
		house.Apply(incident.Stamp{Seq: record.Seq, N: record.N, Time: record.Time}, e)
	}
}
