package verify

import (
	"bufio"
	"io"
	"sync"
	"time"
)

// recorder writes a history. It is safe for concurrent use: its lock makes the
// order of the lines that of what happened.
type recorder struct {
	began time.Time

	mu     sync.Mutex // guards the following
	out    *bufio.Writer
	line   []byte
	err    error
	closed bool
}

func newRecorder(w io.Writer) *recorder {
	return &recorder{began: time.Now(), out: bufio.NewWriterSize(w, 1<<20)}
}

// now is the time as events have it.
func (r *recorder) now() int64 { return time.Since(r.began).Microseconds() }

// add writes events that nothing may come between.
func (r *recorder) add(events ...Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	now := r.now()
	for i := range events {
		events[i].T = now
		r.line = appendLine(r.line[:0], &events[i])
		if _, err := r.out.Write(r.line); err != nil && r.err == nil {
			r.err = err
		}
	}
}

// close flushes the history and takes no more.
func (r *recorder) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if err := r.out.Flush(); err != nil && r.err == nil {
		r.err = err
	}
	return r.err
}
