package main

import (
	"context"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// meters are what is counted as it happens. Everything else is read from the record when it is asked for, so that nothing
// has to remember to count and a restart forgets nothing.
type meters struct {
	commits  prometheus.Histogram
	requests *prometheus.CounterVec
}

func newMeters() *meters {
	return &meters{
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "drbot_store_commit_duration_seconds", Help: "Time from the begin of a commit to the record until it is durable; many commands share one.",
			Buckets: []float64{0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5},
		}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "drbot_http_requests_total", Help: "HTTP requests that were answered, by the door they came to and the status: Slack's, PagerDuty's webhooks, health.",
		}, []string{"door", "code"}),
	}
}

func (m *meters) committed(took time.Duration) { m.commits.Observe(took.Seconds()) }

// counted counts the answers of a mux. Only its own patterns become labels: strangers cannot make series.
func (h *house) counted(mux *http.ServeMux) http.Handler {
	var doors sync.Map // pattern -> its counting handler
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, door := mux.Handler(r)
		if door == "" {
			door = "none"
		}
		counting, ok := doors.Load(door)
		if !ok {
			counting, _ = doors.LoadOrStore(door, promhttp.InstrumentHandlerCounter(h.meters.requests.MustCurryWith(prometheus.Labels{"door": door}), mux))
		}
		counting.(http.Handler).ServeHTTP(w, r)
	})
}

// metrics answers /metrics. A part that cannot be read is left out and the others come all the same.
func (h *house) metrics() http.Handler {
	return promhttp.HandlerFor(h.registry(), promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

func (h *house) registry() *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), h.meters.commits, h.meters.requests, gauges{h},
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "drbot_build_info", Help: "1, with the version of this drbot.", ConstLabels: prometheus.Labels{"version": release(), "goversion": runtime.Version()},
		}, func() float64 { return 1 }),
	)
	return reg
}

// What gauges reads. Drills stand in none of those about incidents (I44).
var (
	readyGauge    = prometheus.NewDesc("drbot_ready", "1 while commands can be accepted and kept.", nil, nil)
	degradedGauge = prometheus.NewDesc("drbot_links_degraded", "Links that are down.", nil, nil)

	outstandingGauge = prometheus.NewDesc("drbot_deliveries_outstanding_incidents", "Incidents of which a follower has not delivered everything yet.", []string{"follower"}, nil)
	retryingGauge    = prometheus.NewDesc("drbot_deliveries_retrying_incidents", "Of these, those that wait for another try after a failure.", []string{"follower"}, nil)
	givenUpCounter   = prometheus.NewDesc("drbot_deliveries_given_up_total", "Deliveries that were parked since the start of the process.", []string{"follower"}, nil)
	parkedGauge      = prometheus.NewDesc("drbot_deliveries_parked", "Parked deliveries of incidents that are not closed; each waits for somebody to requeue it.", nil, nil)

	openGauge      = prometheus.NewDesc("drbot_incidents_open", "Incidents that people work on, without drills.", []string{"severity"}, nil)
	triageGauge    = prometheus.NewDesc("drbot_incidents_in_triage", "Alerts that wait to be accepted as incidents.", nil, nil)
	unackedGauge   = prometheus.NewDesc("drbot_incidents_unacknowledged", "Open incidents that nobody has acknowledged.", nil, nil)
	lateGauge      = prometheus.NewDesc("drbot_updates_overdue", "Updates to people that are promised for an instant that is over.", nil, nil)
	reminderGauge  = prometheus.NewDesc("drbot_reminders_overdue_incidents", "Incidents with a reminder whose instant is over and that was not spoken yet; more than 0 for long: the clock does not run.", nil, nil)
	approvalGauge  = prometheus.NewDesc("drbot_approvals_waiting", "Requests for approval that nobody has decided.", nil, nil)
	runGauge       = prometheus.NewDesc("drbot_runs_active", "Recovery runs that go on or are paused.", nil, nil)
	taskGauge      = prometheus.NewDesc("drbot_review_tasks_open", "Open tasks and action items of reviews.", nil, nil)
	overdueGauge   = prometheus.NewDesc("drbot_review_overdue_incidents", "Incidents whose review has a task that is overdue.", nil, nil)
	slackCounter   = prometheus.NewDesc("drbot_slack_refused_total", "Requests of Slack that were not carried out, by why.", []string{"reason"}, nil)
	slackUp        = prometheus.NewDesc("drbot_slack_up", "1 while a link to Slack works.", []string{"link"}, nil)
	pagerdutyUp    = prometheus.NewDesc("drbot_pagerduty_up", "1 while PagerDuty answers.", nil, nil)
	forgedCounter  = prometheus.NewDesc("drbot_pagerduty_forged_webhooks_total", "Webhooks with a wrong signature since the start of the process.", nil, nil)
	webhookInstant = prometheus.NewDesc("drbot_pagerduty_last_webhook_timestamp_seconds", "When the newest webhook was kept, in seconds since 1970.", nil, nil)
)

// gauges reads them from the house.
type gauges struct{ h *house }

func (g gauges) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		readyGauge, degradedGauge, outstandingGauge, retryingGauge, givenUpCounter, parkedGauge, openGauge, triageGauge, unackedGauge, lateGauge, reminderGauge,
		approvalGauge, runGauge, taskGauge, overdueGauge, slackCounter, slackUp, pagerdutyUp, forgedCounter, webhookInstant,
	} {
		ch <- d
	}
}

func (g gauges) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	gauge(readyGauge, number(g.h.readiness(ctx).Ready))
	gauge(degradedGauge, float64(len(g.h.degraded())))
	for _, f := range g.h.loop.Health() {
		gauge(outstandingGauge, float64(f.Behind), f.Follower)
		gauge(retryingGauge, float64(f.Waiting), f.Follower)
		counter(givenUpCounter, float64(f.Parked), f.Follower)
	}
	if g.h.bot != nil {
		for _, link := range g.h.bot.Health() {
			gauge(slackUp, number(link.Up), link.Name)
		}
		counts := g.h.bot.Counts()
		for _, reason := range slices.Sorted(maps.Keys(counts)) {
			counter(slackCounter, float64(counts[reason]), reason)
		}
	}
	if p := g.h.pagerdutyHealth(); p != nil {
		gauge(pagerdutyUp, number(p.Up))
		counter(forgedCounter, float64(p.Forged))
		if !p.Webhook.IsZero() {
			gauge(webhookInstant, float64(p.Webhook.UnixMilli())/1000)
		}
	}
	if err := g.incidents(ctx, gauge); err != nil {
		ch <- prometheus.NewInvalidMetric(openGauge, err)
	}
}

// incidents adds up the figures of those that are not closed.
func (g gauges) incidents(ctx context.Context, gauge func(*prometheus.Desc, float64, ...string)) error {
	figures, err := g.h.store.Figures(ctx, state.Query{Alive: true})
	if err != nil {
		return err
	}
	now := g.h.clock.Now()
	due, _, err := g.h.store.Due(ctx, now)
	if err != nil {
		return err
	}
	open := map[int]int{1: 0, 2: 0, 3: 0, 4: 0}
	var parked, triage, unacked, late, approvals, runs, tasks, overdue int
	drills := map[incident.ID]bool{}
	for _, f := range figures {
		if drills[f.ID] = f.Drill; f.Drill {
			continue
		}
		switch {
		case f.State == incident.StateTriage:
			triage++
		case f.State == incident.StateOpen && f.Out == "":
			open[f.Severity]++
			if f.Acked.IsZero() {
				unacked++
			}
		}
		if !f.UpdateDue.IsZero() && now.After(f.UpdateDue) {
			late++
		}
		if !f.TaskDue.IsZero() && now.After(f.TaskDue) {
			overdue++
		}
		parked, approvals, runs, tasks = parked+f.Parked, approvals+f.Asked, runs+f.Live, tasks+f.Tasks
	}
	for severity, n := range open {
		gauge(openGauge, float64(n), strconv.Itoa(severity))
	}
	due = slices.DeleteFunc(due, func(id incident.ID) bool { return drills[id] })
	for d, n := range map[*prometheus.Desc]int{
		parkedGauge: parked, triageGauge: triage, unackedGauge: unacked, lateGauge: late, approvalGauge: approvals, runGauge: runs, taskGauge: tasks,
		overdueGauge: overdue, reminderGauge: len(due),
	} {
		gauge(d, float64(n))
	}
	return nil
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
