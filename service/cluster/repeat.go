package cluster

import "time"

// maxRepeats bounds what waits to be sent again: 6 MB of the longest datagrams,
// and at 1,000 urgent ones a second, which is a busy node, four times what there is.
const maxRepeats = 4096

// repeats is when something urgent is sent again, counted from the first time.
// At 30 % loss one of 400 does not get through; the rest is found in the store.
func repeats() []time.Duration {
	return []time.Duration{30 * time.Millisecond, 120 * time.Millisecond, 350 * time.Millisecond, 800 * time.Millisecond}
}

// repeat is a datagram that is sent again.
type repeat struct {
	topics   []string
	datagram []byte
	first    time.Time
	times    int // sent so far
}

// repeater sends again what is urgent. It is for one goroutine, which calls
// round when the timer fires.
type repeater struct {
	carry func(topics []string, datagram []byte)
	list  []repeat // the oldest first
	timer *time.Timer
}

func newRepeater(carry func(topics []string, datagram []byte)) *repeater {
	r := &repeater{carry: carry, timer: time.NewTimer(time.Hour)}
	r.timer.Stop()
	return r
}

// add takes what was just sent for the first time. It does not put the timer
// off: where there is always something urgent, nothing would be sent again.
func (r *repeater) add(topics []string, datagram []byte) {
	if len(r.list) == 0 {
		r.timer.Reset(repeats()[0])
	}
	if len(r.list) == maxRepeats { // the oldest has been sent most often
		r.list[0] = repeat{}
		r.list = r.list[1:]
	}
	r.list = append(r.list, repeat{topics: topics, datagram: datagram, first: time.Now(), times: 1})
}

// round sends what is due and forgets what was sent often enough.
func (r *repeater) round() {
	kept := r.list[:0]
	for _, each := range r.list {
		if time.Since(each.first) >= repeats()[each.times-1] {
			r.carry(each.topics, each.datagram)
			each.times++
		}
		if each.times <= len(repeats()) {
			kept = append(kept, each)
		}
	}
	clear(r.list[len(kept):])
	r.list = kept
	if len(kept) > 0 {
		r.timer.Reset(repeats()[0])
	}
}
