// Package calm tells when a storm is over: when what came in numbers comes no
// more. It imports the standard library only.
package calm

import (
	"sync/atomic"
	"time"
)

// many have come, and for after not as many again: a storm is over.
const (
	many  = 1024
	after = 2 * time.Second
)

// Watch counts what comes. All methods are safe for concurrent use; those of nil
// do nothing.
type Watch struct {
	count atomic.Uint64
	timer *time.Timer
}

// New makes a Watch that calls over, in a goroutine of its own, after each storm.
func New(over func()) *Watch {
	w := &Watch{timer: time.AfterFunc(time.Hour, over)}
	w.timer.Stop()
	return w
}

// Note takes note of one more. It does not block.
func (w *Watch) Note() {
	if w != nil && w.count.Add(1)%many == 0 {
		w.timer.Reset(after)
	}
}

// Stop forgets a storm that is not over.
func (w *Watch) Stop() {
	if w != nil {
		w.timer.Stop()
	}
}
