package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// The demo's PagerDuty is a process of its own, spoken to by a line of JSON at a time; drbot meets it over REST and
// webhooks alone.

// pagerOrder is one line to it; pagerAnswer the line that comes back.
type (
	pagerOrder struct {
		Subscribe string `json:",omitempty"` // address of drbot's door
		Secret    string `json:",omitempty"`
		Trigger   string `json:",omitempty"` // title
		Status    string `json:",omitempty"` // id
	}
	pagerAnswer struct{ URL, ID, Status string }
)

// pager is the demo's end of it.
type pager struct {
	proc   *child
	secret string
	mu     sync.Mutex
	in     *json.Decoder
	alert  string // the newest
}

// The demo's one service of PagerDuty, and in whose name drbot writes.
const (
	pagerService = "PUSERS1"
	pagerFrom    = "drbot@example.com"
)

// startPager starts it and gives what drbot's environment needs.
func (d *demo) startPager(environment []string) ([]string, error) {
	token := freshToken("u+")
	users := []map[string]string{}
	for _, c := range cast {
		users = append(users, map[string]string{"ID": "P" + strings.ToUpper(c.name), "Name": c.real, "Email": c.email})
	}
	users = append(users, map[string]string{"ID": "PDRBOT", "Name": "drbot", "Email": pagerFrom})
	options := map[string]any{"Token": token, "Users": users, "Services": []map[string]string{{"ID": pagerService, "Name": "Users database"}}}
	r, w := io.Pipe()
	p := &pager{secret: freshToken("")}
	var err error
	if p.proc, err = spawn("PagerDuty", options, w, d.log, environment, "fakepagerduty"); err != nil {
		return nil, err
	}
	d.pager = p
	go func() { <-p.proc.done; _ = w.CloseWithError(errors.New("PagerDuty ended; demo.log says why")) }()
	p.in = json.NewDecoder(bufio.NewReader(r))
	var said pagerAnswer
	if err := p.in.Decode(&said); err != nil {
		return nil, fmt.Errorf("start PagerDuty: %w", err)
	}
	if err := os.Remove(filepath.Join(d.dir, "data", "address")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err // of an earlier drbot
	}
	return append(environment, "PAGERDUTY_API_TOKEN="+token, "PAGERDUTY_WEBHOOK_SECRET="+p.secret, "PAGERDUTY_API_URL="+said.URL), nil
}

// order gives one order and reads the answer.
func (p *pager) order(o pagerOrder) (a pagerAnswer, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := json.NewEncoder(p.proc.stdin).Encode(o); err != nil {
		return a, err
	}
	if err = p.in.Decode(&a); err == nil && o.Trigger != "" {
		p.alert = a.ID
	}
	return a, err
}

// newest is the last alert that was triggered; "" when there is none.
func (p *pager) newest() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.alert
}

// watch is the monitor in front of PagerDuty: while the service does not answer there is an alert, one at a time.
func (d *demo) watch(ctx context.Context) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	subscribed := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !subscribed {
			address, err := os.ReadFile(filepath.Join(d.dir, "data", "address"))
			if err != nil {
				continue
			}
			_, err = d.pager.order(pagerOrder{Subscribe: "http://" + strings.TrimSpace(string(address)) + "/pagerduty/webhook", Secret: d.pager.secret})
			subscribed = err == nil
			continue
		}
		if status, err := d.health(ctx); err == nil && status == http.StatusOK {
			continue
		}
		if err := d.pager.alarm(); err != nil && ctx.Err() == nil {
			_, _ = fmt.Fprintln(d.log, "the monitor:", err)
		}
	}
}

// alarm triggers, unless the last alert is still open: then PagerDuty joins the two.
func (p *pager) alarm() error {
	if alert := p.newest(); alert != "" {
		if a, err := p.order(pagerOrder{Status: alert}); err != nil || a.Status != "resolved" {
			return err
		}
	}
	_, err := p.order(pagerOrder{Trigger: "The service does not answer: its health check fails"})
	return err
}

// told waits until PagerDuty has heard that the incident is resolved.
func (s *story) told(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		a, err := s.pager.order(pagerOrder{Status: s.pager.newest()})
		if err != nil || a.Status == "resolved" {
			s.tell("PagerDuty: the alert is %s.", a.Status)
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("PagerDuty calls the alert %s: %w", a.Status, ctx.Err())
		case <-tick.C:
		}
	}
}
