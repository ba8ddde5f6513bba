package hub

import (
	"slices"
	"sync"

	"hongyan/util/mutant"
)

// Bounds of a socket's queue.
const (
	// maxFrames and maxBytes: what a phone in a tunnel may miss before it has
	// to read its history instead. Frames are bounded well above what one
	// commit can bring, so that a reader that keeps up is never cut off. 256 KiB for each of 1 % stuck sockets of
	// 15,000 is 40 MB, which a small machine can bear.
	maxFrames = 1024
	maxBytes  = 256 << 10
	// fullFrames and fullBytes, 90 % of the above: from here on what is worth
	// nothing a second later is not queued.
	fullFrames = maxFrames * 9 / 10
	fullBytes  = maxBytes * 9 / 10
	// maxOwed is the number of conversations that are named one by one in
	// resync frames; beyond it the client is told to look at all.
	maxOwed = 16
	// maxWrite bounds the bytes of one write. It is what a client must take
	// within writeTimeout to be kept, and the size of a writer's buffer.
	maxWrite = 32 << 10
	// idleFrames is the room that an empty queue keeps.
	idleFrames = 8
)

// DataQueue holds what waits to be written to a socket, in order. It is bounded
// in frames and bytes and never blocks: what does not fit is dropped and
// remembered, and the client is told to resync before it gets anything that
// comes after the hole.
type DataQueue struct {
	mu     sync.Mutex // guards all below
	frames []*Frame
	count  int // frames queued or in the writer's hands
	bytes  int // their length
	// busy: a writer has this queue, or will get it from the hub's list.
	busy bool
	// dues are what is not to go out yet; they count as queued.
	dues []due
	// held: nothing is written yet, since the hello has to be the first; but what
	// it is written behind, the answer to the handshake, if that is frames[0].
	held   bool
	answer bool
	// owed are the conversations with a hole, or all of them; holes counts how
	// often there was a first one.
	owed    []conversation
	owedAll bool
	holes   int
	// farewell is the close frame: after it nothing is accepted.
	farewell *Frame
	said     bool // the writer has taken the farewell
	broken   bool // the socket is gone: nothing is written any more
}

// outcome of a push.
type outcome int

const (
	queued   outcome = iota // and a writer will come to it
	awakened                // queued, and the caller has to call a writer
	dropped                 // nobody will miss it, or the socket is closing
	missed                  // dropped, and a resync is owed
	overflow                // the first to be missed
)

// push queues f for userID. It never blocks.
func (q *DataQueue) push(f *Frame, userID int64) outcome {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.farewell != nil || q.broken:
		return dropped
	case f.ephemeral && (q.count >= fullFrames || q.bytes+len(f.data) > fullBytes):
		return dropped
	case f.ephemeral:
	case q.owes(f.conversation(userID)):
		return missed
	case !q.fits(f):
		if mutant.LoseOnOverflow {
			return dropped
		}
		q.shed()
		if !q.fits(f) {
			first := !q.owedAll && len(q.owed) == 0
			q.owe(f.conversation(userID))
			if first {
				q.holes++
				return overflow
			}
			return missed
		}
	}
	if len(q.dues) > 0 && !f.ephemeral && q.behind(f, userID) {
		return queued
	}
	q.append(f)
	return q.call()
}

// call reports whether the caller has to fetch a writer.
func (q *DataQueue) call() outcome {
	if q.busy || q.held {
		return queued
	}
	q.busy = true
	return awakened
}

func (q *DataQueue) append(f *Frame) {
	q.frames = append(q.frames, f)
	q.count++
	q.bytes += len(f.data)
}

// fits reports whether there is room for f; an empty queue takes any frame.
func (q *DataQueue) fits(f *Frame) bool {
	return q.count == 0 || q.count < maxFrames && q.bytes+len(f.data) <= maxBytes
}

// shed throws out what is ephemeral, to make room for what is not.
func (q *DataQueue) shed() {
	kept := q.frames[:0]
	for _, f := range q.frames {
		if f.ephemeral {
			q.count--
			q.bytes -= len(f.data)
			continue
		}
		kept = append(kept, f)
	}
	clear(q.frames[len(kept):])
	q.frames = kept
}

// owes reports whether a frame of c would jump over a hole. What belongs to no
// conversation does so only where all are owed.
func (q *DataQueue) owes(c conversation) bool {
	if q.owedAll {
		return true
	}
	for _, o := range q.owed {
		if o == c {
			return true
		}
	}
	return false
}

func (q *DataQueue) owe(c conversation) {
	if c == (conversation{}) || len(q.owed) == maxOwed {
		q.owedAll, q.owed = true, nil
		return
	}
	q.owed = append(q.owed, c)
}

// pay puts the resyncs that are owed into the queue, which has room for them
// now. From here on the conversations flow again. It returns how many it were.
func (q *DataQueue) pay() int {
	if q.owedAll {
		q.owed = append(q.owed[:0], conversation{})
	}
	paid := len(q.owed)
	for _, c := range q.owed {
		q.append(resyncFrame(c))
	}
	q.owed, q.owedAll = nil, false
	return paid
}

// take appends to batch what may go out in one write, which is the resyncs that
// are owed as soon as nothing waits before them. An empty batch ends the writer.
func (q *DataQueue) take(batch []*Frame) (_ []*Frame, paid int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.broken {
		q.busy = false
		return batch, 0
	}
	if len(q.frames) == 0 && !q.held {
		paid = q.pay()
	}
	taken, size := 0, 0
	for _, f := range q.frames[:q.ready()] {
		if taken > 0 && size+len(f.data) > maxWrite {
			break
		}
		size += len(f.data)
		taken++
	}
	batch = append(batch, q.frames[:taken]...)
	q.answer = q.answer && taken == 0
	left := copy(q.frames, q.frames[taken:])
	clear(q.frames[left:])
	q.frames = q.frames[:left]
	if left == 0 {
		if cap(q.frames) > idleFrames {
			q.frames = nil
		}
		if q.farewell != nil && !q.said {
			q.said = true
			q.count++
			q.bytes += len(q.farewell.data)
			batch = append(batch, q.farewell)
		}
	}
	if len(batch) == 0 {
		q.busy = false
	}
	return batch, paid
}

// wrote takes note that frames are out. If more is waiting, the writer has to go
// on; else it is released. last means that the farewell was among them.
func (q *DataQueue) wrote(count, size int) (more, last bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.broken {
		q.busy = false
		return false, false
	}
	q.count -= count
	q.bytes -= size
	more = !q.held && (len(q.frames) > 0 || q.owedAll || len(q.owed) > 0 || q.farewell != nil && !q.said)
	if !more {
		q.busy = false
	}
	return more, q.said && !more
}

// end makes f the last frame: after what is queued, or instead of it where the
// queue is to be abandoned. first is false if it had ended before.
func (q *DataQueue) end(f *Frame, abandon bool) (o outcome, first bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.farewell != nil || q.broken {
		return dropped, false
	}
	if abandon {
		kept := 0
		if q.answer {
			kept = 1
		}
		for _, f := range q.frames[kept:] {
			q.count--
			q.bytes -= len(f.data)
		}
		q.frames = slices.Clone(q.frames[:kept])
	}
	q.forgo()
	q.farewell, q.held = f, false
	// A client that is sent away pulls its history when it returns.
	q.owed, q.owedAll = nil, false
	return q.call(), true
}

// stop drops everything: the socket is gone. first is false if it was stopped before.
func (q *DataQueue) stop() (first bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	first = !q.broken
	q.count, q.bytes = 0, 0
	q.broken, q.frames, q.dues, q.owed, q.owedAll = true, nil, nil, nil, false
	return first
}

// hole names the hole that is open now, or was last.
func (q *DataQueue) hole() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.holes
}

// owing reports whether no resync could be queued yet for a hole.
func (q *DataQueue) owing(hole int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.holes == hole && (q.owedAll || len(q.owed) > 0)
}

// depth gives the frames queued or being written.
func (q *DataQueue) depth() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.count
}
