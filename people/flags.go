package people

import "sync"

// Flags is what the chat says of a user.
type Flags struct {
	Guest, Deactivated, Bot, Foreign bool
	Name                             string
}

// Cache remembers flags by chat user id. A user it does not know may open and note, and decide nothing (I9).
type Cache struct {
	mu    sync.RWMutex
	flags map[string]Flags
}

// Put remembers what the chat said.
func (c *Cache) Put(id string, f Flags) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flags == nil {
		c.flags = map[string]Flags{}
	}
	c.flags[id] = f
}

// Get tells what is known.
func (c *Cache) Get(id string) (Flags, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	f, ok := c.flags[id]
	return f, ok
}
