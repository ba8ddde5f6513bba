package bench

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Latencies holds times from the moment a message was due, whether or not the
// generator was in time to send it, to its delivery. A generator that waits for
// a slow server would otherwise leave out the very messages that were late.
type Latencies struct {
	histogram *hdrhistogram.Histogram
	max       time.Duration
}

// Bounds of a histogram, in microseconds; three digits are kept.
const (
	shortest = 1
	longest  = 120_000_000
	digits   = 3
)

func newLatencies() *Latencies {
	return &Latencies{histogram: hdrhistogram.New(shortest, longest, digits)}
}

// add counts one latency; what is out of bounds counts as the bound.
func (l *Latencies) add(d time.Duration) {
	l.max = max(l.max, d)
	micros := min(max(d.Microseconds(), shortest), longest)
	_ = l.histogram.RecordValue(micros) // within the bounds it does not fail
}

// at gives the latency that a share of all stays below; zero if there is none.
func (l *Latencies) at(share float64) time.Duration {
	return time.Duration(l.histogram.ValueAtQuantile(100*share)) * time.Microsecond
}

// merge adds what another holds.
func (l *Latencies) merge(other *Latencies) {
	l.histogram.Merge(other.histogram)
	l.max = max(l.max, other.max)
}

func (l *Latencies) count() int64 { return l.histogram.TotalCount() }

// schedule gives out the moments at which an open loop sends: evenly, and never
// later because an answer is.
type schedule struct {
	gap  time.Duration
	next time.Duration // since the run began
}

// newSchedule begins after start, at perSecond a second.
func newSchedule(start time.Duration, perSecond float64) *schedule {
	gap := time.Duration(float64(time.Second) / perSecond)
	return &schedule{gap: gap, next: start + gap}
}

// due calls send with each moment that has come by now.
func (s *schedule) due(now time.Duration, send func(due time.Duration)) {
	for ; s.next <= now; s.next += s.gap {
		send(s.next)
	}
}

// every is how often to look: at each moment, but not more than the machine can
// be woken without spending itself on that.
func (s *schedule) every() time.Duration { return max(s.gap, time.Millisecond) }

// usage is what processes have used so far.
type usage struct {
	at                    time.Time
	server, database, own time.Duration // of the processors
	frames, reads         uint64        // of the generator
	delivered, acked      uint64
}

// pids are the processes that are measured; zero is none.
type pids struct {
	server, database int
	others           []int // further nodes of the server's cluster
}

func (p pids) usage() usage {
	u := usage{at: time.Now(), server: processorTime(p.server), database: processorTime(p.database), own: ownTime()}
	for _, pid := range p.others {
		u.server += processorTime(pid)
	}
	return u
}
