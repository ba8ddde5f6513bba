package hub

import (
	"sync"
	"time"
)

const (
	// rosterWait gathers who came and went, so that a herd is told in few words.
	rosterWait = 50 * time.Millisecond
	// rosterBeat is how often a node tells the sum of who is here, by which the
	// others see that they missed something.
	rosterBeat = 2 * time.Second
	// rosterPart is how many users go in one envelope: 60 numbers of 17 digits
	// fit the smallest bus.
	rosterPart = 60
	// rosterFill is how many users a part of a whole roster has in the mean: far
	// enough below rosterPart that none overflows.
	rosterFill = 20
	// askAgain is between two questions for a whole roster.
	askAgain = time.Second
)

// roll is what nodes tell each other of who is online with them: changes, the
// sum of the whole, a question for the whole, or a part of it. A part says: of
// the users whose mixed id leaves Rest when divided by Of, exactly On are here.
type roll struct {
	On    []int64 `json:"on,omitempty"`
	Off   []int64 `json:"off,omitempty"`
	Sum   uint64  `json:"sum,string,omitempty"`
	Count int     `json:"count,omitempty"`
	Whole bool    `json:"whole,omitempty"` // Sum and Count hold for everything said so far
	Ask   string  `json:"ask,omitempty"`   // the node that is asked
	Of    uint64  `json:"of,omitempty"`
	Rest  uint64  `json:"rest,omitempty"`
}

// roster knows who is online on which node. It is made of the sockets of each
// node and of nothing that is stored: a node that goes takes its users with it.
type roster struct {
	hub  *Hub
	beat *time.Timer

	mu      sync.RWMutex // guards the following
	mine    users
	pending map[int64]bool // what the others do not know yet
	flusher *time.Timer
	peers   map[string]*users
	total   map[int64]int // on how many other nodes a user is
	stopped bool
}

// users are a set with its sum.
type users struct {
	list  map[int64]struct{}
	sum   uint64
	asked time.Time
}

func newUsers() users { return users{list: make(map[int64]struct{})} }

// set puts a user in or takes it out; false if nothing changed.
func (u *users) set(id int64, on bool) bool {
	if _, is := u.list[id]; is == on {
		return false
	}
	u.sum ^= mix(id)
	if on {
		u.list[id] = struct{}{}
	} else {
		delete(u.list, id)
	}
	return true
}

// mix spreads ids over all bits (the end of MurmurHash3).
func mix(id int64) uint64 {
	x := uint64(id)
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

func newRoster(h *Hub) *roster {
	return &roster{hub: h, mine: newUsers(), pending: make(map[int64]bool), peers: make(map[string]*users), total: make(map[int64]int)}
}

// elsewhere tells on how many other nodes a user is.
func (r *roster) elsewhere(id int64) int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.total[id]
}

// changed is told that a user came or went here.
func (r *roster) changed(id int64) {
	if r.hub.bus == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.note(id, r.hub.users.count(id) > 0)
}

// note has the others told of who is here and who is not; for who holds mu.
func (r *roster) note(id int64, on bool) {
	if !r.mine.set(id, on) || r.stopped {
		return
	}
	if before, waits := r.pending[id]; waits && before != on {
		delete(r.pending, id) // the others think so already
	} else {
		r.pending[id] = on
	}
	if r.flusher == nil {
		r.flusher = time.AfterFunc(rosterWait, func() { r.hub.guard("roster", r.flush) })
	}
}

// flush tells the others what has changed.
func (r *roster) flush() { r.say(r.news()...) }

// news takes what the others do not know yet.
func (r *roster) news() (list []roll) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flusher = nil
	var next roll
	for id, on := range r.pending {
		if on {
			next.On = append(next.On, id)
		} else {
			next.Off = append(next.Off, id)
		}
		if len(next.On)+len(next.Off) == rosterPart {
			list = append(list, next)
			next = roll{}
		}
	}
	clear(r.pending)
	next.Whole, next.Sum, next.Count = true, r.mine.sum, len(r.mine.list)
	return append(list, next)
}

// say tells the others. It is called without the lock: a bus within the process
// brings the answer before it returns.
func (r *roster) say(list ...roll) {
	for i := range list {
		r.hub.post(nil, &envelope{Roster: &list[i]}, nil, false)
	}
}

// beatOnce tells the sum, and tidies up what else is due now and then.
func (r *roster) beatOnce() {
	r.mu.Lock()
	if r.stopped {
		r.mu.Unlock()
		return
	}
	known := len(r.pending) == 0
	sum := roll{Whole: true, Sum: r.mine.sum, Count: len(r.mine.list)}
	r.beat.Reset(rosterBeat)
	r.mu.Unlock()
	if known {
		r.say(sum)
	}
	r.hub.order.forget()
}

// peer is told of nodes that come and go.
func (r *roster) peer(name string, here bool) {
	r.mu.Lock()
	if here {
		if r.peers[name] == nil {
			u := newUsers()
			r.peers[name] = &u
		}
		ask := r.mayAsk(name)
		r.mu.Unlock()
		if ask {
			r.say(roll{Ask: name})
		}
		return
	}
	var gone []int64
	if u := r.peers[name]; u != nil {
		for id := range u.list {
			gone = append(gone, id)
			r.count(id, false)
		}
	}
	delete(r.peers, name)
	r.mu.Unlock()
	r.tell(gone)
}

// mayAsk tells whether a node may be asked for its whole roster, and notes that
// it is; for who holds mu.
func (r *roster) mayAsk(name string) bool {
	u := r.peers[name]
	if u == nil || time.Since(u.asked) < askAgain {
		return false
	}
	u.asked = time.Now()
	return true
}

// count notes that a user came to or left another node; for who holds mu.
func (r *roster) count(id int64, on bool) {
	if on {
		r.total[id]++
	} else if r.total[id]--; r.total[id] <= 0 {
		delete(r.total, id)
	}
}

// heard takes what a node says.
func (r *roster) heard(peer string, m *roll) {
	if m.Ask != "" {
		if m.Ask == r.hub.bus.Name() {
			r.say(r.answer()...)
		}
		return
	}
	r.mu.Lock()
	u := r.peers[peer]
	if u == nil { // it was there a moment ago: it will be told of again
		r.mu.Unlock()
		return
	}
	var changed []int64
	set := func(id int64, on bool) {
		if u.set(id, on) {
			r.count(id, on)
			changed = append(changed, id)
		}
	}
	if m.Of > 0 {
		on := make(map[int64]bool, len(m.On))
		for _, id := range m.On {
			on[id] = true
		}
		for id := range u.list {
			if mix(id)%m.Of == m.Rest && !on[id] {
				set(id, false)
			}
		}
	}
	for _, id := range m.On {
		set(id, true)
	}
	for _, id := range m.Off {
		set(id, false)
	}
	ask := m.Whole && (m.Sum != u.sum || m.Count != len(u.list)) && r.mayAsk(peer)
	r.mu.Unlock()
	if ask {
		r.say(roll{Ask: peer})
	}
	r.tell(changed)
}

// answer tells the whole roster in parts that each stand for themselves: one
// that is lost costs another question and no more.
func (r *roster) answer() []roll {
	r.mu.RLock()
	defer r.mu.RUnlock()
	of := uint64(1)
	for of*rosterFill < uint64(len(r.mine.list)) {
		of *= 2
	}
	parts := make([][]int64, of)
	for id := range r.mine.list {
		rest := mix(id) % of
		parts[rest] = append(parts[rest], id)
	}
	list := make([]roll, 0, of)
	for rest, part := range parts {
		list = append(list, roll{Of: of, Rest: uint64(rest), On: part})
	}
	return list
}

// tell says of users that they came to or left another node.
func (r *roster) tell(ids []int64) {
	for _, id := range ids {
		r.hub.changed(id)
	}
}

// stop ends the timers.
func (r *roster) stop() {
	r.beat.Stop() // set before the first socket
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = true
	if r.flusher != nil {
		r.flusher.Stop()
	}
}
