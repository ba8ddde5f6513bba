package verify

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	// calmAfter is how long after a fault a message counts as sent outside faults:
	// by then all have to be in step again (doc/reliability.md).
	calmAfter = 5 * time.Second
	// longestDelay bounds what is told apart.
	longestDelay = 10 * time.Minute
)

// Delay is how long messages took from their sending to other devices' screens.
type Delay struct {
	Count         int64
	P50, P99, Max time.Duration
}

// delays measures on the one clock of the run.
type delays struct {
	near, far *hdrhistogram.Histogram // µs, outside faults; by whether both devices are at one node
	trouble   bool                    // a fault is there
	ended     int64                   // when the last one was over, in µs; 0: there was none
	name      string                  // of it
}

func newDelays() *delays {
	one := func() *hdrhistogram.Histogram { return hdrhistogram.New(1, longestDelay.Microseconds(), 2) }
	return &delays{near: one(), far: one()}
}

// begins and ends are told of faults, which come one after the other.
func (d *delays) begins() { d.trouble = true }

func (d *delays) ends(name string, at int64) { d.trouble, d.name, d.ended = false, name, at }

// calm tells whether what is sent now is sent outside faults.
func (d *delays) calm(now int64) bool {
	return !d.trouble && (d.ended == 0 || now-d.ended > calmAfter.Microseconds())
}

// delayed takes what a device shows. A message from before the end of a fault
// tells how long it takes after that until all are in step again. Who was no
// member yet when it was sent reads it when they come.
func (j *judge) delayed(d *device, t *talk, seq int64) {
	if seq < 1 || seq > int64(len(t.owner)) || t.owner[seq-1] == 0 {
		return
	}
	m := &j.messages[t.owner[seq-1]-1]
	if m.dev == d.id || !j.seat(d.user, t).inSince(m.sentAt) {
		return
	}
	switch last := j.delays; {
	case m.calm && j.device(m.dev).node == d.node:
		_ = last.near.RecordValue(j.now - m.sentAt) // one of more than ten minutes is left out
	case m.calm:
		_ = last.far.RecordValue(j.now - m.sentAt)
	case !last.trouble && last.ended > 0 && m.sentAt <= last.ended:
		after := time.Duration(j.now-last.ended) * time.Microsecond
		j.verdict.Healed[last.name] = max(j.verdict.Healed[last.name], after)
	}
}

// delay reads a histogram.
func delay(h *hdrhistogram.Histogram) Delay {
	at := func(quantile float64) time.Duration {
		return time.Duration(h.ValueAtQuantile(quantile)) * time.Microsecond
	}
	return Delay{h.TotalCount(), at(50), at(99), time.Duration(h.Max()) * time.Microsecond}
}
