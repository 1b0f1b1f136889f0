package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/drbot/drbot/workspace/person"
)

// demoPage is where the demo's status page stands in its folder.
const demoPage = "statuspage/index.html"

// inform tells users: Ana writes words for the status page, Bea lets them go, and then they stand there (I41).
func (s *story) inform(ctx context.Context) error {
	r, err := s.ana.Command(ctx, s.room, `/incident update We restore the users database --to announcement,status --public "Nobody can log in. We restore a backup."`)
	if err := pressed(r, err); err != nil {
		return err
	}
	m, err := s.awaitElement(ctx, s.bea, s.room, "incident.release")
	if err != nil {
		return err
	}
	s.quote(m.Plain)
	if page, err := os.ReadFile(filepath.Join(s.dir, demoPage)); err == nil && strings.Contains(string(page), "Nobody can log in") {
		return errors.New("the status page did not wait for the second look")
	}
	r, err = s.bea.PressConfirmed(ctx, person.Pick{Channel: s.room, TS: m.TS, ActionID: "incident.release"})
	if err := pressed(r, err); err != nil {
		return err
	}
	return s.pageSays(ctx, "Nobody can log in. We restore a backup.")
}

// pageSays waits until the status page, as any web server would give it, has words.
func (s *story) pageSays(ctx context.Context, words string) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		page, err := os.ReadFile(filepath.Join(s.dir, demoPage))
		if err == nil && strings.Contains(string(page), words) {
			s.tell("The status page says: %s", words)
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the status page does not say %q: %w", words, ctx.Err())
		case <-tick.C:
		}
	}
}
