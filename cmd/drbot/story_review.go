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

// draft waits for the review's draft: linked from the resolution, and a file that people go on with.
func (s *story) draft(ctx context.Context) error {
	_, err := s.ana.Await(ctx, "the draft of the review", func(st person.State) bool {
		c, _ := st.Channel(s.room)
		for _, m := range c.Messages {
			if strings.Contains(m.Plain, "INC-1 resolved") && strings.Contains(m.Plain, "writes, draft ↗") {
				return true
			}
		}
		return false
	})
	if err != nil {
		return err
	}
	file := filepath.Join(s.dir, "data", "incidents", "INC-1-review.md")
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		draft, err := os.ReadFile(file)
		switch {
		case err == nil:
			for _, want := range []string{"## Timeline", "acknowledged", "approved A2", "is done", "Ana Ruiz resolved it"} {
				if !strings.Contains(string(draft), want) {
					return fmt.Errorf("the draft of the review lacks %q:\n%s", want, draft)
				}
			}
			where := "--dir DIR keeps it as a file"
			if s.options.dir != "" {
				where = "and in " + file
			}
			s.tell("The draft of the review, %d lines: in the resolution's thread; %s", strings.Count(string(draft), "\n"), where)
			return nil
		case !errors.Is(err, os.ErrNotExist):
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the draft of the review is not written: %w", ctx.Err())
		case <-tick.C:
		}
	}
}
