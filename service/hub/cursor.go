package hub

import (
	"time"

	"hongyan/model"
)

// reader is somebody who reads a conversation.
type reader struct {
	talk
	userID int64
}

// cursor is how far a reader has come, and when that was told.
type cursor struct {
	seq  int64
	told time.Time
}

// read tells how far somebody has read, unless it was told before that it is
// further: a cursor never goes back, in whatever order a bus brings it.
func (o *order) read(d *model.Delivery, f *Frame) {
	m := &d.Message
	r := reader{talk{kind: m.Kind, low: m.DstID}, m.UserID}
	if m.Kind == model.KindSingle {
		r.low, r.high = min(m.UserID, m.DstID), max(m.UserID, m.DstID)
	}
	s := o.shard(r.talk)
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.Seq <= s.cursors[r].seq {
		o.acknowledge(d, nil)
		return
	}
	s.cursors[r] = cursor{m.Seq, time.Now()}
	o.hub.apply(d, parcel{message: f})
}
