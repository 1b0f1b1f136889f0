package attempt

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// request is one line to the supervisor; answer is its one line back.
type request struct {
	Version int       `json:"version"`
	Cancel  string    `json:"cancel,omitempty"` // why
	Extend  time.Time `json:"extend,omitzero"`  // until when
	Watch   bool      `json:"watch,omitempty"`  // keep the connection: its end is the supervisor's

	answer chan answer
}

type answer struct {
	Error string `json:"error,omitempty"`
}

// Cancel stops the attempt: SIGTERM to every process of it, after its grace
// SIGKILL. It returns when the supervisor has begun; Wait gives the end. An
// attempt that nobody claimed yet is claimed, so that it never starts, and Cancel
// returns nil. ErrNotRunning: there is nothing to stop.
func Cancel(ctx context.Context, runsDir, attempt, why string) error {
	dir, err := attemptDir(runsDir, attempt)
	if err != nil {
		return err
	}
	if why == "" {
		why = "cancelled"
	}
	err = ask(ctx, dir, request{Version: Version, Cancel: why})
	if !errors.Is(err, ErrNotRunning) {
		return err
	}
	if refused := refuse(dir, "cancelled before it started: "+why); errors.Is(refused, ErrNotStarted) {
		return nil
	}
	return err
}

// Extend moves the limit of a running attempt to until, which must be later than
// the present limit.
func Extend(ctx context.Context, runsDir, attempt string, until time.Time) error {
	dir, err := attemptDir(runsDir, attempt)
	if err != nil {
		return err
	}
	return ask(ctx, dir, request{Version: Version, Extend: until})
}

func ask(ctx context.Context, dir string, r request) error {
	conn, err := dial(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := json.NewEncoder(conn).Encode(r); err != nil {
		return errors.Join(ErrNotRunning, ctx.Err(), err)
	}
	var a answer
	if err := json.NewDecoder(conn).Decode(&a); err != nil {
		return errors.Join(ErrNotRunning, ctx.Err(), err)
	}
	if a.Error != "" {
		return errors.New(a.Error)
	}
	return nil
}

// retry is how long awaitFall waits where there is no socket to wait on: before
// the supervisor listens, and after it closed with its record not yet written.
const retry = 20 * time.Millisecond

// awaitFall blocks until the supervisor's connection ends.
func awaitFall(ctx context.Context, dir string) error {
	conn, err := dial(ctx, dir)
	if err != nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(retry):
			return nil
		}
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := json.NewEncoder(conn).Encode(request{Version: Version, Watch: true}); err != nil {
		return ctx.Err()
	}
	_, _ = io.Copy(io.Discard, conn)
	return ctx.Err()
}

// shortPath opens dir and names a file in it so that any depth fits a socket
// address (108 bytes). Close the file when done with the path.
func shortPath(dir, name string) (*os.File, string, error) {
	d, err := os.OpenFile(dir, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, "", err
	}
	return d, fmt.Sprintf("/proc/self/fd/%d/%s", d.Fd(), name), nil
}

func dial(ctx context.Context, dir string) (net.Conn, error) {
	d, path, err := shortPath(dir, controlFile)
	if err != nil {
		return nil, errors.Join(ErrNotRunning, err)
	}
	defer func() { _ = d.Close() }()
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, errors.Join(ErrNotRunning, err)
	}
	return conn, nil
}

// listen opens the control socket. Whoever holds the flock may take over the
// socket of a supervisor that died before its claim.
func listen(dir string) (net.Listener, error) {
	d, path, err := shortPath(dir, controlFile)
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.Close() }()
	_ = os.Remove(filepath.Join(dir, controlFile)) // none there is the usual case
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen on control socket: %w", err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // its path goes through a descriptor that is closed by then
	if err := os.Chmod(filepath.Join(dir, controlFile), 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// serveControl hands every request to the supervisor's loop until l is closed;
// with ctx the connections end too.
func serveControl(ctx context.Context, l net.Listener, requests chan<- request) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = conn.Close() }()
			defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
			if !ownPeer(conn) {
				return
			}
			var r request
			line, err := bufio.NewReader(io.LimitReader(conn, 64<<10)).ReadBytes('\n')
			if err != nil || json.Unmarshal(line, &r) != nil {
				return
			}
			if r.Watch {
				_, _ = io.Copy(io.Discard, conn) // ends with the watcher, or with this process
				return
			}
			r.answer = make(chan answer, 1)
			select {
			case requests <- r:
				_ = json.NewEncoder(conn).Encode(<-r.answer)
			case <-ctx.Done():
			}
		}()
	}
}

// ownPeer lets in this process's own account and root: the directory's mode says
// the same, and the step itself may run as another account.
func ownPeer(conn net.Conn) bool {
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return false
	}
	own := false
	err = raw.Control(func(fd uintptr) {
		cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
		own = err == nil && (cred.Uid == 0 || int(cred.Uid) == os.Geteuid())
	})
	return err == nil && own
}
