package aragora

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Keep holds the service up or down as Control asks, and takes a backup set every hour, until ctx ends. The service is
// up at first, and whenever it dies by itself.
func Keep(ctx context.Context, dir, self string, log *slog.Logger) error {
	l, err := controlSocket(dir)
	if err != nil {
		return err
	}
	asks := make(chan ask)
	go accept(ctx, l, asks)
	defer func() { _ = l.Close() }()
	k := &keeper{dir: dir, self: self, log: log, ended: make(chan error)}
	if err := k.start(); err != nil {
		return err
	}
	hourly := time.NewTicker(time.Hour)
	defer hourly.Stop()
	for {
		select {
		case <-ctx.Done():
			return k.stop()
		case a := <-asks:
			a.answer <- k.obey(a.word)
		case err := <-k.ended:
			k.cmd = nil
			log.Warn("the service ended by itself", "error", err)
			if err := k.start(); err != nil {
				return err
			}
		case at := <-hourly.C:
			if s, err := Backup(ctx, dir, at); err != nil {
				log.Error("hourly backup", "error", err)
			} else {
				log.Info("hourly backup", "set", s.Name)
			}
		}
	}
}

type ask struct {
	word   string
	answer chan string
}

type keeper struct {
	dir, self string
	log       *slog.Logger
	cmd       *exec.Cmd
	ended     chan error
}

func (k *keeper) start() error {
	if k.cmd != nil {
		return nil
	}
	cmd := exec.Command(k.self, "demoservice", "run", "--dir", k.dir)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	lifeline, err := cmd.StdinPipe() // closes when the keeper dies, however it dies
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return errors.Join(fmt.Errorf("start the service: %w", err), lifeline.Close())
	}
	k.cmd = cmd
	go func() { k.ended <- cmd.Wait() }()
	return nil
}

// stop ends the process and waits until it is gone.
func (k *keeper) stop() error {
	if k.cmd == nil {
		return nil
	}
	if err := k.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-k.ended:
	case <-time.After(10 * time.Second):
		_ = k.cmd.Process.Kill()
		<-k.ended
	}
	k.cmd = nil
	return nil
}

func (k *keeper) obey(word string) string {
	var err error
	switch word {
	case "start":
		err = k.start()
	case "stop":
		err = k.stop()
	case "status":
	default:
		return "error: start, stop or status"
	}
	if err != nil {
		return "error: " + err.Error()
	}
	if k.cmd == nil {
		return "inactive"
	}
	return "active"
}

// controlSocket listens beside the service; the path is short enough because the keeper works from its folder.
func controlSocket(dir string) (net.Listener, error) {
	if err := os.Chdir(dir); err != nil {
		return nil, err
	}
	if err := os.Remove("control.sock"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return net.Listen("unix", "control.sock")
}

func accept(ctx context.Context, l net.Listener, asks chan<- ask) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
			line, err := bufio.NewReader(conn).ReadString('\n')
			if err != nil {
				return
			}
			a := ask{word: strings.TrimSpace(line), answer: make(chan string, 1)}
			select {
			case asks <- a:
				_, _ = fmt.Fprintln(conn, <-a.answer)
			case <-ctx.Done():
			}
		}()
	}
}

// Control asks the keeper: start, stop or status. It answers active or inactive.
func Control(ctx context.Context, dir, word string) (string, error) {
	if err := os.Chdir(dir); err != nil {
		return "", err
	}
	conn, err := (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "unix", "control.sock")
	if err != nil {
		return "", fmt.Errorf("no keeper answers in %s: %w", filepath.Clean(dir), err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintln(conn, word); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return "", err
	}
	if problem, bad := strings.CutPrefix(strings.TrimSpace(line), "error: "); bad {
		return "", errors.New(problem)
	}
	return strings.TrimSpace(line), nil
}
