package bolt

import (
	"errors"
	"os"
	"syscall"
	"time"

	berrors "go.etcd.io/bbolt/errors"
)

// hold takes the flock that bbolt takes on the same file, LOCK_SH or LOCK_EX, damaged or not; no file needs none. It waits as long as
// bbolt does for another holder.
func hold(path string, how int) (release func(), err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, troubled(path, err)
	}
	for waited := time.Duration(0); ; waited += lockStep {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) || waited >= lockWait {
			_ = f.Close()
			if errors.Is(err, syscall.EWOULDBLOCK) {
				err = berrors.ErrTimeout
			}
			return nil, troubled(path, err)
		}
		time.Sleep(lockStep)
	}
}
