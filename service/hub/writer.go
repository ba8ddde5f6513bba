package hub

import (
	"bytes"
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// writeTimeout is how long a socket may refuse bytes before it is given up.
const writeTimeout = 10 * time.Second

// lastWords is how long a socket that was given up may take to hear why.
const lastWords = 4 * time.Second

// errPanic stands for a panic of a reader or writer, which is logged where it
// happened.
var errPanic = errors.New("panic")

// writers is the line of nodes that have something to write, and the few
// goroutines that work it off: as many as there are processors, started when
// something is queued and gone when the list is empty. A goroutine for each
// socket would cost a wake-up for each delivery, which is half of what the
// system call costs. While the list is long, frames gather in the queues and
// leave several at a time.
type writers struct {
	mu      sync.Mutex // guards the following
	line    line
	running int // goroutines that work off the list
	tasks   int // all goroutines that write
	idle    sync.Cond
	max     int
}

// perWriter is the length of the line at which a further writer is worth its start.
const perWriter = 64

func newWriters() *writers {
	w := &writers{max: runtime.GOMAXPROCS(0)}
	w.idle.L = &w.mu
	return w
}

// call hands nodes with a full queue to the writers.
func (h *Hub) call(nodes ...*Node) {
	w := h.writers
	w.mu.Lock()
	w.line.add(nodes...)
	start := w.running < w.max && (w.running == 0 || w.line.len() > perWriter*w.running)
	if start {
		w.running++
	}
	w.mu.Unlock()
	if start {
		h.write(h.writeAll)
	}
}

// write runs a writer in a goroutine of its own. A WaitGroup would not do for
// the count: a socket that is refused during the drain is written to while
// others already wait for the end.
func (h *Hub) write(fn func()) {
	w := h.writers
	w.mu.Lock()
	w.tasks++
	w.mu.Unlock()
	go func() {
		defer w.ended()
		h.guard("writer", fn)
	}()
}

func (w *writers) ended() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.tasks--; w.tasks == 0 {
		w.idle.Broadcast()
	}
}

// wait returns when nobody writes.
func (w *writers) wait() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.tasks > 0 {
		w.idle.Wait()
	}
}

// next gives a writer its next node; nil ends the writer.
func (w *writers) next() *Node {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.line.next()
	if n == nil {
		w.running--
	}
	return n
}

// writeAll is a writer: it serves the nodes of the list, each with one write,
// and ends when the list is empty. A panic that its node could not bear does not
// keep it from the others.
func (h *Hub) writeAll() {
	for ended := false; !ended; {
		h.guard("writer", func() {
			w := h.spare.Get().(*writer)
			defer h.spare.Put(w)
			for n := h.writers.next(); n != nil; n = h.writers.next() {
				w.serve(n)
			}
			ended = true
		})
	}
}

// writeNow writes once to a node whose queue the caller has. It does not wait.
func (h *Hub) writeNow(n *Node) {
	w := h.spare.Get().(*writer)
	defer h.spare.Put(w)
	w.serve(n)
}

// writer has what a write needs, so that writing allocates nothing.
type writer struct {
	attempt attempt
	batch   []*Frame
	buffer  []byte
}

// serve writes once to n what is queued. A socket that does not take it at once
// gets a goroutine of its own until it has caught up.
func (w *writer) serve(n *Node) {
	defer n.recoverWriter()
	data, count := w.gather(n)
	if count == 0 {
		return
	}
	written, blocked, err := w.attempt.try(n.pipe, data)
	switch {
	case err != nil:
		n.broke(err)
	case blocked:
		size := len(data)
		rest := bytes.Clone(data[written:])
		n.hub.write(func() { n.catchUp(rest, count, size) })
	case n.wrote(count, len(data)):
		n.hub.call(n)
	}
}

// gather joins what is queued for n: a single frame as it is, several copied
// into one buffer. For 16 short frames that costs half of handing the kernel a
// vector, and an eighth of writing prepared messages one by one (BenchmarkJoin).
func (w *writer) gather(n *Node) (data []byte, count int) {
	batch, paid := n.DataQueue.take(w.batch[:0])
	w.batch = batch
	if paid > 0 {
		n.hub.metrics.Resyncs.Add(float64(paid))
	}
	count = len(batch)
	if count == 1 {
		data = batch[0].data
	} else {
		w.buffer = w.buffer[:0]
		for _, f := range batch {
			w.buffer = append(w.buffer, f.data...)
		}
		data = w.buffer
	}
	clear(batch)
	return data, count
}

// catchUp writes to a socket that makes its writer wait, until its queue is
// empty, the socket is closed or nothing moves for writeTimeout.
func (n *Node) catchUp(data []byte, count, size int) {
	defer n.recoverWriter()
	w := n.hub.spare.Get().(*writer)
	defer n.hub.spare.Put(w)
	for {
		if err := n.writeSlowly(data); err != nil {
			n.broke(err)
			return
		}
		if !n.wrote(count, size) {
			return
		}
		if data, count = w.gather(n); count == 0 {
			return
		}
		size = len(data)
	}
}

// writeSlowly writes data within writeTimeout. A client that does not take it
// loses its queue, and has lastWords to take what is begun and the reason why.
func (n *Node) writeSlowly(data []byte) error {
	conn := n.pipe.Conn
	if err := conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	written, err := conn.Write(data)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		n.tooSlow()
		if err = conn.SetWriteDeadline(time.Now().Add(lastWords)); err == nil {
			_, err = conn.Write(data[written:])
		}
	}
	if err != nil {
		return err
	}
	return conn.SetWriteDeadline(time.Time{})
}

// wrote takes note of a finished write and reports whether more is waiting.
func (n *Node) wrote(count, size int) (more bool) {
	more, last := n.DataQueue.wrote(count, size)
	if last {
		n.finished.fire()
	}
	return more
}

// broke ends a node whose socket takes nothing any more.
func (n *Node) broke(err error) {
	n.hub.log.Debug("socket broke", "socket", n.ID, "user", n.UserID, "error", err)
	n.cut()
}

// recoverWriter keeps a panic from ending more than the socket it met.
func (n *Node) recoverWriter() {
	if r := recover(); r != nil {
		n.hub.metrics.Panics.WithLabelValues("writer").Inc()
		n.hub.log.Error("panic in a writer", "socket", n.ID, "user", n.UserID, "panic", r, "stack", string(debug.Stack()))
		n.broke(errPanic)
	}
}
