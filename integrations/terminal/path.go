package terminal

import (
	"fmt"
	"os"
	"path/filepath"
)

// maxSocketPath is what fits into a sockaddr_un with its closing NUL.
const maxSocketPath = 107

// reachable gives a name for a socket path of any length: a long one goes by way of its folder's descriptor. release
// closes that descriptor once the socket is open.
func reachable(path string) (name string, release func(), err error) {
	if len(path) <= maxSocketPath {
		return path, func() {}, nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path)), func() { _ = dir.Close() }, nil
}
