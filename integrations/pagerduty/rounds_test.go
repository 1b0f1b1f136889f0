package pagerduty

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/secret"
	"github.com/drbot/drbot/state/follow"
)

// TestI51_APageGoesBeforeTheQuestions: PagerDuty takes the connection of a question that nobody waits for and never answers;
// a page does not stand behind it, and the question is asked again after it.
func TestI51_APageGoesBeforeTheQuestions(t *testing.T) {
	r := rigged(t)
	paging(r)
	there, err := url.Parse(r.account.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy, asked := httputil.NewSingleHostReverseProxy(there), make(chan struct{}, 10)
	hangs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method == http.MethodGet && strings.HasPrefix(q.URL.RawQuery, "date_range=all&limit") {
			asked <- struct{}{}
			<-q.Context().Done()
			return
		}
		proxy.ServeHTTP(w, q)
	}))
	defer hangs.Close()
	o := r.Options
	o.Now = func() time.Time { return time.Unix(5, 0) }
	o.APIURL, o.Token, o.Until = hangs.URL, secret.New("secret-token"), func(time.Time) <-chan time.Time { return nil }
	l, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r.follower = Follower{l}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- l.Run(ctx) }()
	<-asked
	if err := r.deliver(r.record(ask(incident.PagePerson, "PBEA")), false); err != nil {
		t.Errorf("the page: %v", err)
	}
	if _, taken := r.keeper.last().(commands.PageTaken); !taken {
		t.Errorf("the page came to %+v", r.keeper.last())
	}
	select {
	case <-asked:
	case <-time.After(time.Minute):
		t.Error("what was asked is not asked again")
	}
	stop()
	<-ended
}

// TestI51_APageBehindWhatWaits: what stands before a page in the incident's order cannot be told now; the page is not tried, and
// people are told so, once.
func TestI51_APageBehindWhatWaits(t *testing.T) {
	for name, c := range map[string]struct {
		set func(*rig)
		why string
	}{
		"away": {func(r *rig) { r.account.Away(true) }, "it answers 503"}, "limited": {func(r *rig) { r.account.Limit(1, "30") }, "it asks to wait"},
	} {
		r := rigged(t)
		paging(r)
		r.link("one")
		severity := r.record(incident.SeveritySet{By: ana, From: 2, To: 1})
		r.record(ask(incident.PagePerson, "PBEA"))
		c.set(r)
		if err := r.deliver(severity, false); !errors.As(err, new(follow.Unavailable)) {
			t.Errorf("%s: %v", name, err)
		}
		failed, ok := r.keeper.last().(commands.PageFailed)
		if !ok || failed.Page != 1 || failed.Why != c.why || failed.Over || failed.Past {
			t.Errorf("%s: %+v", name, r.keeper.last())
		}
		if r.Away() == "" {
			t.Errorf("%s: the next page would say nothing", name)
		}
	}
}
