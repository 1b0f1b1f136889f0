package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

func (p program) serve() *cobra.Command {
	return &cobra.Command{
		Use: "serve", Short: "Run drbot", Args: cobra.NoArgs,
		Long: "Serve runs drbot until it is told to stop. It starts whatever is down around it, and says at /readyz what is.\n" +
			"SIGHUP reads the runbook and its lock again, and of drbot.yaml the keys " + strings.Join(rereadKeys, ", ") + ";\n" +
			"it says in the log what of the rest changed and waits for a restart.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.hostConfig()
			if err != nil {
				return err
			}
			hup := make(chan os.Signal, 1)
			signal.Notify(hup, syscall.SIGHUP)
			defer signal.Stop(hup)
			return p.serveWith(cmd.Context(), c, hup)
		},
	}
}

// What drbot keeps is a few megabytes, so that collecting at twice of it would be most of the work under load. At five
// times it stays far under 80 MB; should it ever keep more, memory bounds it again. GOGC and GOMEMLIMIT take precedence.
const (
	garbage = 400       // percent
	memory  = 128 << 20 // bytes
)

// serveWith opens the record, wires every room, and runs until ctx ends.
func (p program) serveWith(ctx context.Context, c *config, hup <-chan os.Signal) error {
	log := slog.New(slog.NewTextHandler(p.stderr, nil))
	slog.SetDefault(log)
	if p.getenv("GOGC") == "" && p.getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(garbage)
		debug.SetMemoryLimit(memory)
	}
	h, err := wire(ctx, c, p.env, log)
	if err != nil {
		return err
	}
	defer h.close()
	httpListener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return &exitError{exitConfig, fmt.Errorf("listen: %w", err)}
	}
	socket, err := h.terminal.Listen(c.Socket)
	if err != nil {
		return errors.Join(err, httpListener.Close())
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	run := func(name string, f func(context.Context) error) {
		all.Go(func() {
			if err := f(ctx); err != nil && ctx.Err() == nil {
				cancel(fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	run("terminal", func(ctx context.Context) error { return h.terminal.Serve(ctx, socket) })
	run("http", func(ctx context.Context) error { return serveHTTP(ctx, httpListener, h.mux(), log) })
	h.run(run)
	run("reload", func(ctx context.Context) error { return h.reloads(ctx, hup) })
	if err := writeAddress(c.Data, httpListener.Addr()); err != nil {
		log.Warn("write the address", "error", err)
	}
	if why := c.unlimited(); why != "" {
		log.Warn("nothing limits the memory and processes of steps", "runner.user", c.Commands.RunAs, "why", why)
	}
	h.ready.Store(true)
	log.Info("ready", "version", release(), "listen", httpListener.Addr().String(), "data", c.Data, "pid", os.Getpid())
	<-ctx.Done()
	log.Info("stopping; running steps go on under their supervisors")
	all.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// writeAddress says where the HTTP door is, for a listen address that ends in :0. It is there whole or not at all.
func writeAddress(data string, addr net.Addr) error {
	path := filepath.Join(data, "address")
	if err := os.WriteFile(path+".new", []byte(addr.String()+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func serveHTTP(ctx context.Context, l net.Listener, mux http.Handler, log *slog.Logger) error {
	s := &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		if err := s.Shutdown(grace); err != nil {
			_ = s.Close()
		}
	})
	defer stop()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
