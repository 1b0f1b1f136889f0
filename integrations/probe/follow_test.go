package probe_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/probe"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
)

type memory struct{ i *incident.Incident }

func (m memory) Incident(context.Context, state.Ref) (*incident.Incident, error) {
	return m.i.Clone(), nil
}

func noon() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// ask opens an incident whose item is bound to an address, asks, and gives what came back.
func ask(t *testing.T, address string) (answers []commands.ItemProbed) {
	t.Helper()
	i := incident.New(42)
	i.Apply(incident.Stamp{Seq: 1, N: 1, Time: noon()}, incident.Opened{Title: "x", Checklist: []incident.Item{
		{ID: "c1", Text: "All health checks passing", Bind: &incident.Bind{Rule: incident.RuleProbe, Probe: address}},
	}})
	e := incident.ProbeAsked{Item: "c1"}
	payload, err := incident.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	f := probe.Follower{Read: memory{i}, Now: noon, Send: func(_ context.Context, o any, keys ...string) error {
		if len(keys) != 1 || keys[0] != "probe/2" {
			t.Errorf("keys %v", keys)
		}
		answers = append(answers, o.(commands.ItemProbed))
		return nil
	}}
	var _ follow.Follower = f
	done, err := f.Deliver(t.Context(), follow.Batch{Incident: 42, Records: []state.Record{{Seq: 2, Kind: e.EventKind(), Payload: payload}}})
	if err != nil || done.Through != 2 {
		t.Fatalf("%+v, %v", done, err)
	}
	return answers
}

func TestAnAnswerOf2xxProvesAndEverythingElseSaysWhy(t *testing.T) {
	status := 200
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte("{\"status\":\n \"fine\"}" + strings.Repeat("x", 9000)))
	}))
	defer s.Close()
	address := strings.Replace(s.URL, "http://", "http://user:hunter2@", 1) + "/healthz?token=hunter2"
	got := ask(t, address)
	if len(got) != 1 || !got[0].OK || !strings.Contains(got[0].Said, "/healthz answered 200 in ") || !strings.Contains(got[0].Said, `{"status": "fine"}`) || !strings.HasSuffix(got[0].Said, ", 12:00 UTC") {
		t.Errorf("%+v", got)
	}
	status = 503
	if got := ask(t, address); got[0].OK || !strings.Contains(got[0].Said, "answered 503") || strings.Contains(got[0].Said, "hunter2") {
		t.Errorf("%+v", got)
	}
	s.Close()
	if got := ask(t, address); got[0].OK || !strings.Contains(got[0].Said, "did not answer") || strings.Contains(got[0].Said, "hunter2") {
		t.Errorf("%+v", got)
	}
}
