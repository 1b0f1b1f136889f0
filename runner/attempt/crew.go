package attempt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"github.com/drbot/drbot/secret"
)

// Crew starts attempts like Start, and keeps one supervisor started and waiting, because loading this program takes
// longer than everything else between an approval and its process. The one that waits knows nothing and holds nothing;
// it ends when the crew is closed, or with this process however that ends.
type Crew struct {
	mu     sync.Mutex
	spare  *hand
	closed bool
	busy   sync.WaitGroup
}

// NewCrew starts the first supervisor in the background.
func NewCrew() *Crew {
	c := &Crew{}
	c.refill()
	return c
}

// Close lets the waiting supervisor go. Those with an attempt go on.
func (c *Crew) Close() {
	c.mu.Lock()
	spare := c.spare
	c.spare, c.closed = nil, true
	c.mu.Unlock()
	if spare != nil {
		spare.dismiss()
	}
	c.busy.Wait()
}

// take gives the supervisor that waits, or nil.
func (c *Crew) take() *hand {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	spare := c.spare
	c.spare = nil
	return spare
}

// refill has another one wait, unless one does.
func (c *Crew) refill() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.spare != nil {
		return
	}
	c.busy.Go(func() {
		h, err := recruit()
		if err != nil {
			return // the next start recruits its own, and says why it cannot
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.closed || c.spare != nil {
			h.dismiss()
			return
		}
		c.spare = h
	})
}

// hand is a supervisor that was started and not yet told what to do.
type hand struct {
	orders *os.File // to it
	report *os.File // from it: one byte once a claim stands, whoever's
	pid    int
	attach bool // to a step elsewhere that was claimed before
}

// orders is what a supervisor is told, once, as one JSON object. It starts nothing unless the object arrived whole.
type orders struct {
	Dir     string            `json:"dir"`
	Attach  bool              `json:"attach,omitempty"`
	Secrets map[string][]byte `json:"secrets"` // base64: a secret may hold any bytes
}

// recruit starts a supervisor in its own session, with two inherited pipes and nothing of drbot's environment.
func recruit() (*hand, error) {
	ordersOut, ordersIn, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("pipe: %w", err)
	}
	reportOut, reportIn, err := os.Pipe()
	if err != nil {
		_, _ = ordersOut.Close(), ordersIn.Close()
		return nil, fmt.Errorf("pipe: %w", err)
	}
	h := &hand{orders: ordersIn, report: reportOut}
	cmd := &exec.Cmd{
		Path:        "/proc/self/exe",
		Args:        []string{supervisorName},
		Env:         []string{"PATH=" + DefaultPath},
		Dir:         "/",
		ExtraFiles:  []*os.File{ordersOut, reportIn}, // its descriptors 3 and 4
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
	err = cmd.Start()
	_, _ = ordersOut.Close(), reportIn.Close()
	if err != nil {
		h.dismiss()
		return nil, fmt.Errorf("spawn supervisor: %w", err)
	}
	h.pid = cmd.Process.Pid
	go awaitSupervisor(cmd)
	return h, nil
}

// awaitSupervisor reaps a supervisor whenever it ends; how it ended is in its record. It lasts as long as the step.
func awaitSupervisor(cmd *exec.Cmd) { _ = cmd.Wait() }

// dismiss ends one that has no orders.
func (h *hand) dismiss() { _, _ = h.orders.Close(), h.report.Close() }

// lead gives the orders and waits until the supervisor reports or is gone. What it decided is in the claim; an error
// means that it may have decided nothing. gone: it had ended before it could have read its orders.
func (h *hand) lead(ctx context.Context, dir string, secrets map[string]secret.String) (gone bool, err error) {
	defer h.dismiss()
	stop := context.AfterFunc(ctx, h.dismiss)
	defer stop()
	o := orders{Dir: dir, Attach: h.attach, Secrets: make(map[string][]byte, len(secrets))}
	for name, value := range secrets {
		o.Secrets[name] = []byte(value.Reveal())
	}
	err = json.NewEncoder(h.orders).Encode(o)
	if err == nil {
		err = h.orders.Close()
	}
	if err != nil {
		return ctx.Err() == nil && errors.Is(err, syscall.EPIPE), errors.Join(ctx.Err(), fmt.Errorf("hand over secrets: %w", err))
	}
	if _, err := io.ReadFull(h.report, make([]byte, 1)); err != nil {
		return false, errors.Join(ctx.Err(), fmt.Errorf("supervisor ended before its claim: %s", lastWords(dir)))
	}
	return false, nil
}
