package bolt

import (
	"os"
	"syscall"

	berrors "go.etcd.io/bbolt/errors"
)

// lock takes the flock that bbolt takes on the same file, without waiting.
func lock(f *os.File) error {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return berrors.ErrTimeout
	}
	return nil
}
