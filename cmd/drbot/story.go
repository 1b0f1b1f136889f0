package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"time"

	"github.com/drbot/drbot/cmd/drbot/aragora"
	"github.com/drbot/drbot/workspace/person"
)

// The story plays an incident through the chat's wire protocol with two people, the way they would: it presses what is
// on the screen and reads what comes back.

// phase is how long one part of the story took.
type phase struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// outcome is the last line of `drbot demo --headless --json`.
type demoOutcome struct {
	Recovered     bool    `json:"recovered"`
	RowsExpected  int     `json:"rows_expected"`
	RowsRecovered int     `json:"rows_recovered"`
	Phases        []phase `json:"phases"`
	RTO           float64 `json:"rto_seconds"`
	RPO           float64 `json:"rpo_seconds"`
	Audit         string  `json:"audit"`
	Backup        string  `json:"backup"`
}

// storyLimit is far above what the story takes (about fifteen seconds); a story that hangs ends.
const storyLimit = 4 * time.Minute

type story struct {
	*demo
	ana, bea *person.Person
	room     string // the incident's channel, by id
	phases   []phase
	since    time.Time
	damaged  time.Time
	expected aragora.Set
}

func (d *demo) story(ctx context.Context, begin time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, storyLimit)
	defer cancel()
	client, err := person.Dial(ctx, d.chat)
	if err != nil {
		return err
	}
	defer client.Close()
	s := &story{demo: d, ana: client.As("ana"), bea: client.As("bea"), since: begin}
	for _, part := range []struct {
		name string
		play func(context.Context) error
	}{
		{"start", s.ready}, {"accept the lock", s.accept}, {"destroy", s.destroy}, {"open", s.open}, {"tell users", s.inform}, {"plan", s.plan}, {"recover", s.recover},
		{"verify", s.verifyRows}, {"resolve", s.resolve},
	} {
		if err := part.play(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		now := d.clock.Now()
		s.phases = append(s.phases, phase{part.name, seconds(now.Sub(s.since))})
		s.tell("%-16s %6.2f s", part.name, now.Sub(s.since).Seconds())
		s.since = now
	}
	return s.finish(ctx)
}

func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }

func (s *story) tell(format string, args ...any) { say(s.stdout, format, args...) }

// quote shows what somebody reads, indented.
func (s *story) quote(text string) {
	for line := range strings.Lines(strings.TrimRight(text, "\n")) {
		s.tell("    | %s", strings.TrimRight(line, "\n"))
	}
}

// ready waits for drbot's links to the chat.
func (s *story) ready(ctx context.Context) error {
	_, err := s.ana.Await(ctx, "drbot's links", func(st person.State) bool { return st.Links > 0 })
	return err
}

// accept: nothing runs before a second person has read the lock (I5).
func (s *story) accept(ctx context.Context) error {
	m, err := s.awaitElement(ctx, s.bea, "incidents", "runbook.accept")
	if err != nil {
		return err
	}
	s.quote(m.Text)
	r, err := s.bea.PressConfirmed(ctx, person.Pick{Channel: m.Channel, TS: m.TS, ActionID: "runbook.accept"})
	return pressed(r, err)
}

func (s *story) destroy(ctx context.Context) error {
	service := filepath.Join(s.dir, "service")
	sets, err := aragora.Sets(service)
	if err != nil {
		return err
	}
	if len(sets) == 0 {
		return errors.New("there is no verified backup")
	}
	s.expected = sets[0]
	if err := aragora.Damage(ctx, service); err != nil {
		return err
	}
	s.damaged = s.clock.Now()
	status, err := s.health(ctx)
	s.tell("The users database is destroyed; the service answers HTTP %d. The newest verified backup is %s.", status, s.expected.Name)
	return err
}

func (s *story) open(ctx context.Context) error {
	s.tell("PagerDuty: the monitor triggers an alert, and drbot opens its incident.")
	st, err := s.ana.Await(ctx, "the incident's channel", func(st person.State) bool {
		for _, c := range st.Channels {
			if strings.HasPrefix(c.Name, "inc-1-") && len(c.Pins) > 0 && c.Topic != "" {
				s.room = c.ID
			}
		}
		return s.room != ""
	})
	if err != nil {
		return err
	}
	c, _ := st.Channel(s.room)
	s.tell("#%s: %s", c.Name, c.Topic)
	card, err := s.awaitElement(ctx, s.ana, s.room, "recover.plan") // the incident's card; calls have [I'm on it] too
	if err != nil {
		return err
	}
	if !strings.Contains(card.Plain, "SEV-1") {
		return fmt.Errorf("the incident is no SEV-1:\n%s", card.Plain)
	}
	s.quote(card.Plain)
	if _, err := s.ana.AwaitMessage(ctx, s.room, "Checklist"); err != nil {
		return err
	}
	r, err := s.ana.Press(ctx, person.Pick{Channel: s.room, TS: card.TS, ActionID: "incident.ack"})
	return pressed(r, err)
}

func (s *story) plan(ctx context.Context) error {
	r, err := s.ana.Command(ctx, s.room, "/recover database recovery")
	if err := pressed(r, err); err != nil {
		return err
	}
	var form person.View
	_, err = s.ana.Await(ctx, "the plan form, filled", func(st person.State) bool {
		var ok bool
		if form, ok = st.Modal(); !ok || form.Submit == "" {
			return false
		}
		e, ok := form.Element("Backup")
		return ok && len(e.Options) > 1
	})
	if err != nil {
		return err
	}
	s.quote(form.Plain)
	backup, _ := form.Element("Backup")
	if hint := backup.Hint; hint != "" {
		s.tell("    hint: %s", hint)
	}
	if s.options.damage == "newest" && !strings.Contains(backup.Hint+form.Plain, "hash differs") {
		return fmt.Errorf("the form does not say why the damaged set is refused: %s", backup.Hint)
	}
	r, err = s.ana.Submit(ctx, form.ID, nil)
	if err == nil && r.Result == "errors" {
		err = fmt.Errorf("the form was refused: %v", r.Errors)
	}
	if err != nil {
		return err
	}
	m, err := s.awaitElement(ctx, s.ana, s.room, "recover.start")
	if err != nil {
		return err
	}
	s.quote(m.Plain)
	r, err = s.ana.PressConfirmed(ctx, person.Pick{Channel: s.room, TS: m.TS, ActionID: "recover.start"})
	return pressed(r, err)
}

// recover approves as Bea whatever is asked, until the run is over.
func (s *story) recover(ctx context.Context) error {
	decided := map[string]bool{}
	for {
		var card *person.Message
		var over, end string
		_, err := s.bea.Await(ctx, "an approval, or the end of the run", func(st person.State) bool {
			card, over, end = nil, "", ""
			c, _ := st.Channel(s.room)
			for k := range c.Messages {
				m := &c.Messages[k]
				if _, ok := m.Element("recover.approve"); ok && !decided[m.TS] {
					card = m
				}
				if strings.HasPrefix(m.Plain, "⛔") && strings.Contains(m.Plain, "stopped at") {
					over = m.Plain
				}
				if strings.HasPrefix(m.Plain, "R1 ") && runDone(m.Plain) {
					over, end = "done", m.Plain
				}
			}
			return card != nil || over != ""
		})
		switch {
		case err != nil:
			return err
		case over == "done":
			s.quote(end)
			return nil
		case over != "":
			return fmt.Errorf("the run stopped:\n%s", over)
		}
		decided[card.TS] = true
		s.quote(card.Plain)
		r, err := s.bea.PressConfirmed(ctx, person.Pick{Channel: s.room, TS: card.TS, ActionID: "recover.approve"})
		if err := pressed(r, err); err != nil {
			return err
		}
		if s.options.kill && strings.Contains(card.Plain, "1.6") {
			s.tell("Killing drbot with SIGKILL while step 1.6 runs.")
			if err := s.drbot.kill(); err != nil {
				return err
			}
		}
	}
}

// runDone reads a run card: every step has its end sign.
func runDone(card string) bool {
	for _, sign := range []string{"◻", "▶", "⏳", "⛔", "❓"} {
		if strings.Contains(card, sign) {
			return false
		}
	}
	return strings.Contains(card, "✅")
}

func (s *story) verifyRows(ctx context.Context) error {
	if err := s.healthy(ctx, 30*time.Second); err != nil {
		return err
	}
	s.tell("The service answers: healthy.")
	return nil
}

func (s *story) resolve(ctx context.Context) error {
	r, err := s.ana.Command(ctx, s.room, "/incident resolve")
	if err := pressed(r, err); err != nil {
		return err
	}
	form, err := s.ana.AwaitModal(ctx, "Resolve")
	if err != nil {
		return err
	}
	s.quote(form.Plain)
	values := map[string]any{}
	for _, e := range form.Elements {
		if e.Input && !e.Optional && len(e.Selected) == 0 && len(e.Options) == 0 {
			values[e.BlockID] = "Restored from " + s.expected.Name + "; the checklist goes on in the review."
		}
	}
	if _, ok := form.Element("summary"); ok {
		values["summary"] = "The users database was restored from " + s.expected.Name + "."
	}
	r, err = s.ana.Submit(ctx, form.ID, values)
	if err == nil && r.Result == "errors" {
		err = fmt.Errorf("the form was refused: %v", r.Errors)
	}
	if err != nil {
		return err
	}
	m, err := s.ana.AwaitMessage(ctx, s.room, "INC-1 resolved")
	if err != nil {
		return err
	}
	s.quote(m.Plain)
	if !strings.Contains(m.Plain, "Review due") {
		return fmt.Errorf("the resolution opens no review:\n%s", m.Plain)
	}
	if err := s.pageSays(ctx, "All systems operational"); err != nil {
		return err
	}
	if err := s.told(ctx); err != nil {
		return err
	}
	return s.draft(ctx)
}

// finish counts what is back, verifies the record, and says it all.
func (s *story) finish(ctx context.Context) error {
	o := demoOutcome{RowsExpected: s.expected.Users + s.expected.Debates, Phases: s.phases, Backup: s.expected.Name}
	rows, err := aragora.RowsUntil(ctx, filepath.Join(s.dir, "service"), s.expected.NewestRow)
	if err != nil {
		return err
	}
	o.RowsRecovered = rows
	for _, p := range s.phases[3:8] {
		o.RTO += p.Seconds
	}
	o.RTO = seconds(time.Duration(math.Round(o.RTO*1000)) * time.Millisecond)
	o.RPO = seconds(s.damaged.Sub(s.expected.NewestRow))
	_, heads, found, err := program{env: s.env, file: ptr(filepath.Join(s.dir, "drbot.yaml"))}.verify(ctx, "", nil)
	switch {
	case err != nil:
		o.Audit = err.Error()
	case found != "":
		o.Audit = found
	case heads != 1:
		o.Audit = fmt.Sprintf("%d posted heads were compared, the resolution posted one", heads)
	default:
		o.Audit = "ok"
	}
	o.Recovered = o.RowsRecovered == o.RowsExpected && o.Audit == "ok"
	s.tell("%d of %d rows of %s are back; recovered after %.1f s, %.1f s of writes lost; record: %s.", o.RowsRecovered, o.RowsExpected, o.Backup, o.RTO, o.RPO, o.Audit)
	if s.options.asJSON {
		line, err := json.Marshal(o)
		if err != nil {
			return err
		}
		s.tell("%s", line)
	}
	if !o.Recovered {
		return errors.New("not everything is back")
	}
	return nil
}

func ptr[T any](v T) *T { return &v }

// awaitElement waits for the newest message of a channel that holds something to press.
func (s *story) awaitElement(ctx context.Context, who *person.Person, channel, action string) (person.Message, error) {
	var found person.Message
	_, err := who.Await(ctx, action+" in "+channel, func(st person.State) bool {
		c, _ := st.Channel(channel)
		for _, m := range c.Messages {
			if _, ok := m.Element(action); ok {
				found = m
				return true
			}
		}
		return false
	})
	return found, err
}

// pressed turns what the chat itself tells a person ("did not respond") into an error.
func pressed(r person.Reply, err error) error {
	if err == nil && r.Say != "" {
		err = errors.New(r.Say)
	}
	return err
}
