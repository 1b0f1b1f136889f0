package pagerduty

import (
	"context"
	"sync"
)

// rounds lets pages go before the questions that nobody waits for: a page ends the round that is under way, and the next one
// begins once no page is being sent. Its zero value is ready.
type rounds struct {
	mu    sync.Mutex
	end   context.CancelFunc // of the round that is under way; nil: none
	pages int                // that are being sent
	free  chan struct{}      // is closed when the last of them is
}

// quiet waits until no page is being sent; false: ctx ended first.
func (r *rounds) quiet(ctx context.Context) bool {
	for {
		r.mu.Lock()
		free := r.free
		if r.pages == 0 {
			r.mu.Unlock()
			return ctx.Err() == nil
		}
		r.mu.Unlock()
		select {
		case <-free:
		case <-ctx.Done():
			return false
		}
	}
}

// begin gives a round its context; done must be called.
func (r *rounds) begin(ctx context.Context) (mine context.Context, done func()) {
	mine, cancel := context.WithCancel(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.end = cancel; r.pages > 0 {
		cancel()
	}
	return mine, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.end = nil
		cancel()
	}
}

// page ends the round, and keeps others from beginning until done.
func (r *rounds) page() (done func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pages++; r.pages == 1 {
		r.free = make(chan struct{})
	}
	if r.end != nil {
		r.end()
	}
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.pages--; r.pages == 0 {
			close(r.free)
		}
	}
}
