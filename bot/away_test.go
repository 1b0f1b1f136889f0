package bot

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// TestI46_CommandsDoNotWaitForASlackThatIsAway: once Slack did not answer, commands of people and channels that nobody
// knows yet ask it nothing on their way.
func TestI46_CommandsDoNotWaitForASlackThatIsAway(t *testing.T) {
	var calls atomic.Int64
	hold := make(chan struct{})
	slackDown := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) > 1 {
			<-hold // whoever asks again waits for ever
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer slackDown.Close()
	defer close(hold)
	r := &recorder{}
	b, h := doorTo(t, r, slog.New(slog.DiscardHandler), slackDown.URL+"/api/")
	for k := range 50 {
		body := fmt.Sprintf("command=%%2Fincident&text=note+x&user_id=U0NEW%d&user_name=x&team_id=T1&channel_id=C0NEW%d&trigger_id=1.2.%d", k, k, k)
		if w := send(h, "/slack/commands", body, at); w.Code != http.StatusOK {
			t.Fatalf("command %d: %d", k, w.Code)
		}
	}
	if got := len(r.commands()); got != 50 {
		t.Errorf("%d of 50 commands were carried out", got)
	}
	b.stop() // ends the one question behind the answers
	if n := calls.Load(); n > 2 {
		t.Errorf("Slack was asked %d times; once to find it away and once in a while after that", n)
	}
}

// TestHealth_AwayIsAskedAgainOnceInAWhile: of many who would ask, one may.
func TestHealth_AwayIsAskedAgainOnceInAWhile(t *testing.T) {
	h := &health{now: time.Now}
	now := at
	if away, again := h.away(now); away || !again {
		t.Error("a Slack that was not tried yet is not away")
	}
	h.api(false, "no answer")
	for k, want := range []bool{true, false, false} {
		if away, again := h.away(now.Add(time.Duration(k))); !away || again != want {
			t.Errorf("question %d: away %v, may ask %v", k, away, again)
		}
	}
	if _, again := h.away(now.Add(askAgain)); !again {
		t.Error("nobody asks again")
	}
	h.api(true, "")
	if away, _ := h.away(now); away {
		t.Error("it is back")
	}
}
