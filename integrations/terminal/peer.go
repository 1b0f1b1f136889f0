package terminal

import (
	"fmt"
	"net"
	"os"
	"os/user"
	"strconv"

	"golang.org/x/sys/unix"
)

// peer is the account at the other end of a connection.
type peer struct {
	uid     uint32
	account string // empty: it proves nobody
}

// peerOf asks the kernel who connected. Root, drbot's own account and the account that steps run as are shared by
// nature, so they prove nobody (I9, I57).
func peerOf(c net.Conn, steps string) (peer, error) {
	uc, ok := c.(*net.UnixConn)
	if !ok {
		return peer{}, fmt.Errorf("not a Unix socket: %T", c)
	}
	rawConn, err := uc.SyscallConn()
	if err != nil {
		return peer{}, err
	}
	var cred *unix.Ucred
	var credErr error
	if err := rawConn.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return peer{}, err
	}
	if credErr != nil {
		return peer{}, credErr
	}
	p := peer{uid: cred.Uid}
	u, err := user.LookupId(strconv.FormatUint(uint64(cred.Uid), 10))
	if err != nil {
		return p, nil // an account without a name proves nobody
	}
	if cred.Uid == 0 || int(cred.Uid) == os.Getuid() || u.Username == steps {
		return p, nil
	}
	p.account = u.Username
	return p, nil
}
