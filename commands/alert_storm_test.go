package commands_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/drbot/drbot/incident"
)

// TestI47_AStormGoesOnWithAnotherIncident: alerts that come at once fill an incident up to its bound too, and not beyond.
func TestI47_AStormGoesOnWithAnotherIncident(t *testing.T) {
	o := opened(t)
	const storm, most = 120, 50
	var all sync.WaitGroup
	failed := make(chan error, storm)
	for n := range storm {
		c := heard(alarm(fmt.Sprintf("P%d", n), fmt.Sprintf("E%d", n), "triggered", o.clock(), map[string]string{incident.AlertPriority: "P1"}))
		all.Go(func() {
			err := errors.New("not sent")
			for try := 0; err != nil && try < 20; try++ { // as PagerDuty does after a 503
				_, err = o.Handle(t.Context(), c)
			}
			failed <- err
		})
	}
	all.Wait()
	close(failed)
	for err := range failed {
		if err != nil {
			t.Fatal(err)
		}
	}
	count := 0
	for id := incident.ID(1); count < storm && id <= storm; id++ {
		n := len(o.read(id).Alerts)
		if count += n; n > most || n == 0 {
			t.Errorf("%s has %d alerts", id, n)
		}
	}
	if count != storm {
		t.Errorf("%d alerts of %d", count, storm)
	}
}
