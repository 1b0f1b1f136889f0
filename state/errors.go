package state

import (
	"errors"
	"fmt"

	"github.com/drbot/drbot/incident"
)

var (
	// ErrNotFound: no such incident, blob or index.
	ErrNotFound = errors.New("not found")
	// ErrNotWritable: the store cannot keep anything now; it wraps why. Nothing was done.
	ErrNotWritable = errors.New("the record cannot be written")
	// ErrNewer: the file was written by a newer drbot and was not touched.
	ErrNewer = errors.New("the data file is from a newer drbot")
	// ErrDamaged: the file or its record is damaged.
	ErrDamaged = errors.New("the data file is damaged")
	// ErrInUse: another process holds the data directory.
	ErrInUse = errors.New("the data directory is in use")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("the store is closed")
)

// ClaimError refuses a decision whose claim another incident holds.
type ClaimError struct {
	Name   string
	Holder incident.ID
}

func (e *ClaimError) Error() string { return fmt.Sprintf("%s is held by %s", e.Name, e.Holder) }
