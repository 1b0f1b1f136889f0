package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/drbot/drbot/workspace"
	"github.com/drbot/drbot/workspace/person"
)

// BenchmarkApprovalToProcess: from the approver's click until the approved step has done its first deed, a file in its
// folder. In between lie the chat, the decision, the probe of the target (a bash of its own), the journal, the supervisor and the step's bash.
func BenchmarkApprovalToProcess(b *testing.B) {
	shape(b, "[Approve] on a destructive step with a probe, in a workspace over Socket Mode, until the step's bash has made its file (the kernel's clock, 4 ms coarse); empty house")
	for range b.N {
		took := clickOnce(b)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(took)/float64(time.Millisecond), "click-to-process-ms")
	}
}

// clickOnce plays examples/harmless up to its one approval, in a new workspace.
func clickOnce(b *testing.B) time.Duration {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ok := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	space, err := workspace.Start(ctx, workspace.Options{
		BotToken: botToken, AppToken: appToken, SigningSecret: signingSecret, Commands: []string{"/incident", "/recover"},
		Channels: []workspace.Channel{{ID: "C0INCIDENTS", Name: "incidents"}},
		Users:    []workspace.User{{ID: "U0ANA", Name: "ana", RealName: "Ana Ruiz"}, {ID: "U0BEA", Name: "bea", RealName: "Bea Ode"}},
	})
	ok(err)
	defer func() { _ = space.Close() }()
	client, err := person.Dial(ctx, space.URL())
	ok(err)
	defer client.Close()
	ana, bea := client.As("U0ANA"), client.As("U0BEA")

	dir := b.TempDir()
	layOut(b, dir, "socket")
	s := serveHouse(b, dir, space.APIURL())
	defer s.stop()
	// press waits for a button anywhere and presses it.
	press := func(who *person.Person, action string) time.Time {
		b.Helper()
		var at person.Pick
		_, err := who.Await(ctx, action, func(state person.State) bool {
			for _, c := range state.Channels {
				for _, m := range c.Messages {
					if _, there := m.Element(action); there {
						at = person.Pick{Channel: m.Channel, TS: m.TS, ActionID: action}
					}
				}
			}
			return at.TS != ""
		})
		ok(err)
		pressed := time.Now()
		_, err = who.PressConfirmed(ctx, at)
		ok(err)
		return pressed
	}
	press(bea, "runbook.accept")
	_, err = ana.Command(ctx, "incidents", "/incident open Rehearsal: see how it feels")
	ok(err)
	room := ""
	_, err = ana.Await(ctx, "the incident's channel", func(state person.State) bool {
		for _, c := range state.Channels {
			if strings.HasPrefix(c.Name, "inc-") && len(c.Pins) > 0 {
				room = c.ID
			}
		}
		return room != ""
	})
	ok(err)
	_, err = ana.Command(ctx, room, "/recover p1")
	ok(err)
	press(ana, "recover.start")
	pressed := press(bea, "recover.approve")
	for ctx.Err() == nil {
		if made, err := os.Stat(filepath.Join(dir, "drbot-was-here")); err == nil {
			return made.ModTime().Sub(pressed)
		}
		pause := syscall.NsecToTimespec(int64(5 * time.Millisecond))
		_ = syscall.Nanosleep(&pause, nil)
	}
	b.Fatalf("the step never ran:\n%s", readFile(b, s.log))
	return 0
}
