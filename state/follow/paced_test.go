package follow_test

import (
	"testing"
	"time"

	"github.com/drbot/drbot/state/follow"
	"github.com/drbot/drbot/state/statetest"
)

// pacedVendor shows an incident as it is now and wants its time between two deliveries.
type pacedVendor struct{ *vendor }

func (pacedVendor) Pace() time.Duration { return time.Minute }

// TestI55_OneDeliveryCoversWhatCameMeanwhile: what a Paced follower said it showed is not delivered again, and what
// came after that waits for its time and is not lost.
func TestI55_OneDeliveryCoversWhatCameMeanwhile(t *testing.T) {
	paper := pacedVendor{newVendor("paper")}
	h := start(t, t.TempDir(), paper)
	defer h.stop()
	id := statetest.Open(t, h, "db is down")
	c := paper.next(t)
	covered := statetest.Note(t, h, id, "a")
	c.answer <- answer{done: follow.Done{Through: covered.Seq}}
	h.passed(t, "paper")

	later := statetest.Note(t, h, id, "b")
	h.until(t, "the loop looks", func() bool { return h.loop.Health()[0].Behind == 1 })
	select {
	case c := <-paper.calls:
		t.Fatalf("delivered %v before its time", c.kinds())
	default:
	}
	h.retry <- time.Now()
	if c = paper.next(t); len(c.Records) != 1 || c.Records[0].Seq != later.Seq {
		t.Fatalf("delivered %v", c.kinds())
	}
	c.ok()
	h.passed(t, "paper")
}
