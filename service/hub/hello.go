package hub

import "slices"

// begin makes b, the answer to the handshake, the first that is written.
func (q *DataQueue) begin(b []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.held = true; len(b) > 0 {
		q.answer = true
		q.append(&Frame{data: b})
	}
}

// greet lets the answer go out before the hello.
func (q *DataQueue) greet() outcome {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.answer || q.busy {
		return queued
	}
	q.busy = true
	return awakened
}

// ready is how many frames may be written.
func (q *DataQueue) ready() int {
	switch {
	case !q.held:
		return len(q.frames)
	case q.answer:
		return 1
	}
	return 0
}

// release lets the writer begin, with f before everything that came meanwhile.
func (q *DataQueue) release(f *Frame) outcome {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.farewell != nil || q.broken {
		return dropped
	}
	first := q.ready() // while it is held
	q.held = false
	q.frames = slices.Insert(q.frames, first, f)
	q.count++
	q.bytes += len(f.data)
	return q.call()
}
