// Package metrics holds the collectors of one running server. They are handed
// to the parts that count; there is no global registry and no label per user.
package metrics

import "github.com/prometheus/client_golang/prometheus"

// Metrics are the collectors. All are safe for concurrent use.
type Metrics struct {
	Registry *prometheus.Registry

	Commits       prometheus.Counter
	CommitQueue   prometheus.Gauge
	BatchSize     prometheus.Histogram
	CommitSeconds prometheus.Histogram
	AckSeconds    prometheus.Histogram
}

// New makes a set of collectors with a registry of its own.
func New() *Metrics {
	m := &Metrics{
		Registry:    prometheus.NewRegistry(),
		Commits:     prometheus.NewCounter(prometheus.CounterOpts{Name: "hongyan_commits_total", Help: "Batches committed or failed."}),
		CommitQueue: prometheus.NewGauge(prometheus.GaugeOpts{Name: "hongyan_commit_queue", Help: "Ops waiting for the next batch."}),
		BatchSize: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "hongyan_commit_batch_size", Help: "Ops in a batch.", Buckets: prometheus.ExponentialBuckets(1, 2, 10)}),
		CommitSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "hongyan_commit_seconds", Help: "Time of a batch in its transaction.", Buckets: latencies()}),
		AckSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "hongyan_ack_seconds", Help: "Time from an op's arrival to its acknowledgement.", Buckets: latencies()}),
	}
	m.Registry.MustRegister(m.Commits, m.CommitQueue, m.BatchSize, m.CommitSeconds, m.AckSeconds)
	return m
}

func latencies() []float64 {
	return []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
}
