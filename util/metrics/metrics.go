// Package metrics holds the collectors that the parts of the server count into
// and the handler that shows them to Prometheus. There is one Metrics a
// server, handed to whoever counts: nothing is registered globally, and no
// label ever names a user, a group or a raw URL. It imports nothing of ours.
package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the collectors of one server. Every field is safe for concurrent use.
type Metrics struct {
	Registry *prometheus.Registry

	Connections prometheus.Gauge   // sockets that are open
	UsersOnline prometheus.Gauge   // users with at least one socket
	QueueDepth  prometheus.Gauge   // frames queued for all sockets together
	Deliveries  prometheus.Counter // frames put into sockets' queues
	Dropped     prometheus.Counter // frames dropped because a queue was full
	Resyncs     prometheus.Counter // sockets told to read their history again
	SlowClosed  prometheus.Counter // sockets closed because they stayed stuck

	Frames        *prometheus.CounterVec // frames received, by cmd
	Acks          prometheus.Counter     // messages acknowledged as durable
	AckSeconds    prometheus.Histogram   // from an operation's arrival to its ack
	Commits       prometheus.Counter     // batches committed or failed
	CommitQueue   prometheus.Gauge       // operations waiting for the next batch
	BatchSize     prometheus.Histogram   // operations in a batch
	CommitSeconds prometheus.Histogram   // a batch in its transaction

	Held     prometheus.Gauge       // requests that wait for something to happen
	Calls    prometheus.Gauge       // calls that ring or are spoken in
	CallEnds *prometheus.CounterVec // calls that ended, by result

	Bus Bus // towards other nodes

	Panics         *prometheus.CounterVec   // recovered panics, by where
	Limited        *prometheus.CounterVec   // refusals by a rate limit, by which
	Requests       *prometheus.CounterVec   // HTTP requests, by method, route and status
	RequestSeconds *prometheus.HistogramVec // by route
}

// New makes the collectors and registers them, together with those of the Go
// runtime and of the process, in a registry of their own.
func New() *Metrics {
	m := &Metrics{
		Registry:    prometheus.NewRegistry(),
		Connections: gauge("connections", "Open sockets."),
		UsersOnline: gauge("users_online", "Users with at least one open socket."),
		QueueDepth:  gauge("queue_depth", "Frames queued for all sockets together."),
		Deliveries:  counter("deliveries_total", "Frames put into sockets' queues."),
		Dropped:     counter("dropped_total", "Frames dropped because a socket's queue was full."),
		Resyncs:     counter("resyncs_total", "Sockets told to read their history again."),
		SlowClosed:  counter("slow_closed_total", "Sockets closed because they stayed stuck."),
		Frames:      counters("frames_total", "Frames received from sockets.", "cmd"),
		Acks:        counter("acks_total", "Messages acknowledged as durable."),
		AckSeconds:  histogram("ack_seconds", "From an operation's arrival to its acknowledgement."),
		Commits:     counter("commits_total", "Batches committed or failed."),
		BatchSize: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "hongyan", Name: "commit_batch_size", Help: "Operations in one commit.", Buckets: prometheus.ExponentialBuckets(1, 2, 11),
		}),
		CommitSeconds: histogram("commit_seconds", "Duration of one commit."),
		CommitQueue:   gauge("commit_queue", "Operations waiting for the next batch."),
		Held:          gauge("held", "Requests held until something happens."),
		Calls:         gauge("calls", "Calls that ring or are spoken in."),
		CallEnds:      counters("calls_ended_total", "Calls that ended.", "result"),
		Bus:           newBus(),
		Panics:        counters("panics_total", "Recovered panics.", "where"),
		Limited:       counters("limited_total", "Refusals by a rate limit.", "limit"),
		Requests:      counters("http_requests_total", "HTTP requests.", "method", "route", "status"),
		RequestSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "hongyan", Name: "http_request_seconds", Help: "Duration of HTTP requests.",
			Buckets: latencies(),
		}, []string{"route"}),
	}
	m.Registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.Connections, m.UsersOnline, m.QueueDepth, m.Deliveries, m.Dropped, m.Resyncs, m.SlowClosed,
		m.Frames, m.Acks, m.AckSeconds, m.Commits, m.BatchSize, m.CommitSeconds, m.CommitQueue,
		m.Held, m.Calls, m.CallEnds, m.Panics, m.Limited, m.Requests, m.RequestSeconds,
	)
	m.Registry.MustRegister(m.Bus.all()...)
	return m
}

// Relays adds the gauge of what relays calls, which is asked for each time.
func (m *Metrics) Relays(count func() int) {
	m.Registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "hongyan", Name: "relays", Help: "Relays of calls that are open.",
	}, func() float64 { return float64(count()) }))
}

// Build adds the gauge whose label says which version runs.
func (m *Metrics) Build(version string) {
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: "hongyan", Name: "build_info", Help: "Always 1; the label is the version.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.Registry.MustRegister(build)
}

// Handler shows the collectors in Prometheus' text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{Timeout: 10 * time.Second, MaxRequestsInFlight: 4})
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "hongyan", Name: name, Help: help})
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "hongyan", Name: name, Help: help})
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "hongyan", Name: name, Help: help}, labels)
}

func histogram(name, help string) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "hongyan", Name: name, Help: help, Buckets: latencies()})
}

func latencies() []float64 {
	return []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
}
