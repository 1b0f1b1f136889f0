package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drbot/drbot/integrations/pagerduty/pdtest"
	"github.com/drbot/drbot/state/follow"
	"github.com/drbot/drbot/workspace"
	"github.com/drbot/drbot/workspace/person"
)

// A burst of PagerDuty's: of 1,000 deliveries three in ten are duplicates, and one in five comes out of order.
const (
	burstIncidents  = 140
	burstEvents     = 5 // of each incident
	burstDeliveries = 1000
	burstAtOnce     = 50
)

// BenchmarkWebhookBurst: from each webhook's first byte until its 202, all sent as fast as 50 connections take them; the
// incidents that come of it are counted.
func BenchmarkWebhookBurst(b *testing.B) {
	shape(b, fmt.Sprintf("%d webhooks of %d incidents (30 %% duplicates, 20 %% out of order) over %d connections at once, in a new house, fsync on, followers on, Slack silent", burstDeliveries, burstIncidents, burstAtOnce))
	b.Setenv("PAGERDUTY_WEBHOOK_SECRET", pdSecret)
	for range b.N {
		dir := b.TempDir()
		config := layOutAlerts(b, dir, "http")
		s := serveHouse(b, dir, noSlack(b))
		t := burst(b, "http://"+s.address+"/pagerduty/webhook", deliveries(rand.New(rand.NewPCG(1, 2))))
		t.report(b)
		s.settle(b)
		opened, seen, open := counted(b, config)
		b.ReportMetric(float64(opened), "incidents")
		if opened != burstIncidents || seen != burstIncidents*burstEvents || open != burstIncidents/2 {
			b.Errorf("%d incidents (%d open) of %d events; %d (%d) of %d were sent", opened, open, seen, burstIncidents, burstIncidents/2, burstIncidents*burstEvents)
		}
		s.stop()
	}
}

// layOutAlerts is a house whose alerts open incidents.
func layOutAlerts(b *testing.B, dir, mode string) (config string) {
	b.Helper()
	layOut(b, dir, mode)
	config = filepath.Join(dir, "drbot.yaml")
	text := readFile(b, config) + "pagerduty: {services: {PDB1: {services: [postgres]}}}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	return config
}

// BenchmarkTriggerToChannel: from the alert in PagerDuty until its incident's channel holds the pinned card.
func BenchmarkTriggerToChannel(b *testing.B) {
	const alerts = 20
	shape(b, fmt.Sprintf("%d alerts, one after the other, each from PagerDuty's trigger until the pinned card stands in the channel of its incident; a workspace over Socket Mode", alerts))
	b.Setenv("PAGERDUTY_WEBHOOK_SECRET", pdSecret)
	for range b.N {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		space, err := workspace.Start(ctx, workspace.Options{
			BotToken: botToken, AppToken: appToken, SigningSecret: signingSecret, Commands: []string{"/incident", "/recover"},
			Channels: []workspace.Channel{{ID: "C0INCIDENTS", Name: "incidents"}}, Users: []workspace.User{{ID: "U0ANA", Name: "ana", RealName: "Ana Ruiz"}},
		})
		c := &clicker{B: b, ctx: ctx, pressed: map[string]bool{}}
		c.ok(err)
		client, err := person.Dial(ctx, space.URL())
		c.ok(err)
		account, err := pdtest.Start(pdtest.Options{Token: "t", Services: []pdtest.Place{{ID: "PDB1", Name: "Users"}}})
		c.ok(err)
		dir := b.TempDir()
		layOutAlerts(b, dir, "socket")
		s := serveHouse(b, dir, space.APIURL())
		ana := client.As("U0ANA")
		_, err = ana.Await(ctx, "drbot's links", func(st person.State) bool { return st.Links >= 2 })
		c.ok(err)
		account.Subscribe("http://"+s.address+"/pagerduty/webhook", nil, pdSecret)
		var took times
		for n := range alerts {
			begin := time.Now()
			account.Trigger("PDB1", fmt.Sprintf("Case %d", n), "high", "P1")
			_, err = ana.Await(ctx, "the channel with its card", func(st person.State) bool {
				pinned := 0
				for _, ch := range st.Channels {
					if strings.HasPrefix(ch.Name, "inc-") && len(ch.Pins) > 0 {
						pinned++
					}
				}
				return pinned == n+1
			})
			c.ok(err)
			took.all = append(took.all, time.Since(begin))
		}
		slices.Sort(took.all)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(took.at(0.5), "p50-ms")
		b.ReportMetric(took.at(0.99), "p99-ms")
		account.Close()
		client.Close()
		s.stop()
		_ = space.Close()
		cancel()
	}
}

// hookDelivery is one webhook with its id.
type hookDelivery struct {
	id   string
	body []byte
}

// deliveries makes the burst: half of the incidents end resolved.
func deliveries(r *rand.Rand) []hookDelivery {
	var all []hookDelivery
	at := time.Now().Add(-time.Hour)
	for n := range burstEvents {
		for k := range burstIncidents {
			what, status := []string{"triggered", "acknowledged", "escalated", "reassigned", "resolved"}[n], []string{"triggered", "acknowledged", "acknowledged", "acknowledged", "resolved"}[n]
			if n == burstEvents-1 && k%2 == 1 {
				what, status = "priority_updated", "acknowledged"
			}
			id := fmt.Sprintf("QBURST%03d", k)
			all = append(all, hookDelivery{id: fmt.Sprintf("W%d-%d", k, n), body: pdtest.Webhook(id, "Case "+id, "PDB1", status, what, 1000+k, at.Add(time.Duration(n)*time.Minute))})
		}
	}
	for len(all) < burstDeliveries {
		k := r.IntN(len(all))
		all = append(all, all[k])
	}
	for i := burstIncidents * burstEvents; i < len(all); i++ { // duplicates come anywhere
		j := r.IntN(len(all))
		all[i], all[j] = all[j], all[i]
	}
	for range len(all) / 10 { // each swap puts two out of order
		i, j := r.IntN(len(all)), r.IntN(len(all))
		all[i], all[j] = all[j], all[i]
	}
	return all
}

// burst sends everything and takes the time of each answer.
func burst(b *testing.B, to string, all []hookDelivery) times {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: burstAtOnce}, Timeout: 5 * time.Second} // PagerDuty waits so long
	defer client.CloseIdleConnections()
	var t times
	var mu sync.Mutex
	var workers sync.WaitGroup
	queue := make(chan hookDelivery)
	begin := time.Now()
	for range burstAtOnce {
		workers.Go(func() {
			for d := range queue {
				r, err := http.NewRequest(http.MethodPost, to, bytes.NewReader(d.body))
				if err != nil {
					b.Error(err)
					return
				}
				r.Header.Set("X-Webhook-Id", d.id)
				r.Header.Set("X-PagerDuty-Signature", pdtest.Sign(d.body, pdSecret))
				sent := time.Now()
				answer, err := client.Do(r)
				took := time.Since(sent)
				if err != nil {
					b.Error(err)
					continue
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				_ = answer.Body.Close()
				if answer.StatusCode != http.StatusAccepted {
					b.Errorf("answered %d", answer.StatusCode)
				}
				mu.Lock()
				t.all = append(t.all, took)
				mu.Unlock()
			}
		})
	}
	for _, d := range all {
		queue <- d
	}
	close(queue)
	workers.Wait()
	t.took = time.Since(begin)
	return t
}

// counted reads what came of it from the record: incidents, events of PagerDuty, and incidents that are not closed.
func counted(b *testing.B, config string) (opened, seen, open int) {
	b.Helper()
	var out, errs bytes.Buffer
	e := env{args: []string{"audit", "export", "--config", config}, stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: os.Getenv, clock: follow.Wall{}}
	if code := run(context.Background(), e); code != 0 {
		b.Fatalf("audit export: %d: %s", code, errs.String())
	}
	for line := range strings.Lines(out.String()) {
		var r record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			b.Fatal(err)
		}
		switch r.Kind {
		case "Opened":
			opened, open = opened+1, open+1
		case "AlertSeen":
			seen++
		case "Closed":
			open--
		}
	}
	return opened, seen, open
}
