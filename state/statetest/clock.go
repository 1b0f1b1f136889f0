package statetest

import (
	"sync"
	"time"
)

// Clock is a wall clock that a test pushes. It has no monotonic reading.
type Clock struct {
	mu      sync.Mutex
	now     time.Time
	waiting []waiter
}

type waiter struct {
	at time.Time
	c  chan time.Time
}

// NewClock starts at an instant.
func NewClock(at time.Time) *Clock { return &Clock{now: at} }

// Now is what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Until receives once the clock shows t or later.
func (c *Clock) Until(t time.Time) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := waiter{at: t, c: make(chan time.Time, 1)}
	c.waiting = append(c.waiting, w)
	c.fire()
	return w.c
}

// Push moves the clock; a negative d sets it back.
func (c *Clock) Push(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.fire()
}

func (c *Clock) fire() {
	var left []waiter
	for _, w := range c.waiting {
		if w.at.After(c.now) {
			left = append(left, w)
			continue
		}
		w.c <- c.now
	}
	c.waiting = left
}
