package hub

import (
	"slices"

	"hongyan/model"
)

// due waits in a queue: an acknowledgement until the place of its message has
// come, or what must not pass one. Acknowledgements go out in the order in which
// the frames they answer were committed, whatever their messages wait for: a
// client that sends without cids has nothing else to tell them apart by.
type due struct {
	frame *Frame
	ready bool // it waits for those before it alone
}

// reserve keeps a place for f, an acknowledgement that is not to go out yet.
func (q *DataQueue) reserve(f *Frame, userID int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.farewell != nil || q.broken || q.owes(f.conversation(userID)) || !q.fits(f) {
		return // in its time it is dropped, and the client told to resync
	}
	q.wait(len(q.dues), due{frame: f})
}

func (q *DataQueue) wait(at int, d due) {
	q.dues = slices.Insert(q.dues, at, d)
	q.count++
	q.bytes += len(d.frame.data)
}

// behind lets f wait for what it must not pass, if there is any: all that is due
// before an acknowledgement; for anything else what its conversation has before
// it, but not the acknowledgements there whose place comes later.
func (q *DataQueue) behind(f *Frame, userID int64) bool {
	if f.cmd == model.CmdAck {
		if len(q.dues) > 0 {
			q.wait(len(q.dues), due{f, true})
			return true
		}
		return false
	}
	at, has := len(q.dues), false
	for i, d := range q.dues {
		if d.frame.conversation(userID) != f.conversation(userID) {
			continue
		}
		if !d.ready {
			at = i
			break
		}
		has = true
	}
	if has {
		q.wait(at, due{f, true})
	}
	return has
}

// come notes that the place of f has come; false if none was reserved.
func (q *DataQueue) come(f *Frame) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range q.dues {
		if q.dues[i].frame == f {
			q.dues[i].ready = true
			return true
		}
	}
	return false
}

// settle queues what is due first, if that waits for nothing.
func (q *DataQueue) settle() (o outcome, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.dues) == 0 || !q.dues[0].ready {
		return dropped, false
	}
	q.frames = append(q.frames, q.dues[0].frame)
	if q.dues = slices.Delete(q.dues, 0, 1); len(q.dues) == 0 {
		q.dues = nil
	}
	return q.call(), true
}

// forgo drops what is due: nothing is written any more.
func (q *DataQueue) forgo() {
	for _, d := range q.dues {
		q.count--
		q.bytes -= len(d.frame.data)
	}
	q.dues = nil
}

// acknowledge is push for an acknowledgement. What had waited for it follows.
func (n *Node) acknowledge(f *Frame) outcome {
	o := queued
	if !n.DataQueue.come(f) {
		o = n.push(f)
	}
	for {
		next, ok := n.DataQueue.settle()
		if !ok {
			return o
		}
		if next == awakened {
			o = awakened
		}
	}
}
