package hub

import (
	"slices"

	"hongyan/model"
	"hongyan/util/mutant"
)

// Publish hands a delivery to the sockets it is meant for, here and on the other
// nodes, in call order. It never blocks.
func (h *Hub) Publish(d model.Delivery) {
	if h.bus != nil {
		h.publish(&d)
		return
	}
	h.apply(&d, parcel{})
}

// parcel is what of a delivery is encoded already.
type parcel struct{ message, ack *Frame }

// apply is Publish on this node alone. What is not encoded yet is.
func (h *Hub) apply(d *model.Delivery, p parcel) {
	if len(d.Subscribe) > 0 || len(d.Unsubscribe) > 0 {
		h.changes.Add(1) // before anybody is looked for: see Mark
	}
	for _, u := range d.Subscribe {
		for _, n := range h.users.list(u) {
			n.join(d.Group)
		}
	}
	h.deliver(d, p)
	for _, u := range d.Unsubscribe {
		for _, n := range h.users.list(u) {
			n.part(d.Group)
		}
	}
}

// fan is a fan-out in progress. It is pooled; reset leaves nothing behind.
type fan struct {
	frame   *Frame
	ack     *Frame
	origin  uint64
	met     bool // the origin was among the receivers
	reached int
	awake   []*Node
	seen    map[*Node]struct{} // only where a node could be met twice
}

func (f *fan) reset() {
	clear(f.awake)
	*f = fan{awake: f.awake[:0]}
}

// visit queues the frame for one node.
func (f *fan) visit(n *Node) {
	if f.seen != nil {
		if _, twice := f.seen[n]; twice {
			return
		}
		f.seen[n] = struct{}{}
	}
	frame, own := f.frame, n.ID == f.origin
	if own {
		frame, f.met = f.ack, true
	}
	if frame == nil || mutant.Rarely(mutant.DropFanOut) {
		return
	}
	var o outcome
	if own {
		o = n.acknowledge(frame)
	} else {
		o = n.push(frame)
	}
	switch o {
	case awakened:
		f.awake = append(f.awake, n)
		f.reached++
	case queued:
		f.reached++
	}
}

// deliver queues the message for users and group, each node once, and the ack
// for the origin.
func (h *Hub) deliver(d *model.Delivery, p parcel) {
	f := h.fans.Get().(*fan)
	defer h.fans.Put(f)
	defer f.reset()
	f.origin, f.ack = d.Origin, p.ack
	if f.frame = p.message; f.frame == nil && !d.Silent && (d.Group != 0 || len(d.Users) > 0 || d.Only != 0) {
		f.frame = h.frame(&d.Message, d.Ephemeral)
	}
	if f.ack == nil && d.Ack != nil && d.Origin != 0 {
		f.ack = h.frame(d.Ack, false)
	}
	if f.frame == nil && f.ack == nil {
		return
	}
	users := distinct(d.Users)
	if d.Only != 0 {
		users = nil
		if n := h.origins.find(d.Only); n != nil && f.frame != nil {
			f.visit(n)
		}
	}
	if d.Group != 0 && d.Only == 0 {
		if len(users) > 0 {
			f.seen = make(map[*Node]struct{})
		}
		h.groups.each(d.Group, f.visit)
	}
	for _, u := range users {
		h.users.each(u, f.visit)
	}
	if d.Origin != 0 && !f.met && f.ack != nil {
		if n := h.origins.find(d.Origin); n != nil {
			f.visit(n)
		}
	}
	if len(f.awake) > 0 {
		h.call(f.awake...)
	}
	h.metrics.Deliveries.Add(float64(f.reached))
}

// frame encodes a message; nil, counted in the log, if it cannot be encoded.
func (h *Hub) frame(m *model.Message, ephemeral bool) *Frame {
	f, err := newFrame(m, ephemeral)
	if err != nil {
		h.log.Error("frame not encoded", "error", err)
		return nil
	}
	return f
}

// distinct drops repeated users; lists are short or already without repeats.
func distinct(users []int64) []int64 {
	switch {
	case len(users) < 2, len(users) == 2 && users[0] != users[1]:
		return users
	}
	users = slices.Clone(users)
	slices.Sort(users)
	return slices.Compact(users)
}

// Disconnect closes sockets of a user, here and on the other nodes: those of
// the sessions named, or all if none is.
func (h *Hub) Disconnect(userID int64, sessionIDs []int64, code int, reason string) {
	h.disconnect(userID, sessionIDs, code, reason)
	if h.bus != nil {
		h.relayDisconnect(userID, sessionIDs, code, reason)
	}
}

func (h *Hub) disconnect(userID int64, sessionIDs []int64, code int, reason string) {
	h.changes.Add(1) // before anybody is looked for: see Mark
	for _, n := range h.users.list(userID) {
		if len(sessionIDs) == 0 || slices.Contains(sessionIDs, n.SessionID) {
			n.Close(code, reason)
		}
	}
}

// Enter lets a node hear a live room; false if it is in too many.
func (h *Hub) Enter(n *Node, room int64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, in := n.rooms[room]; in || n.gone {
		return true
	}
	if len(n.rooms) >= maxRooms {
		return false
	}
	if n.rooms == nil {
		n.rooms = make(map[int64]struct{})
	}
	n.rooms[room] = struct{}{}
	h.rooms.add(room, n, 0)
	return true
}

// Exit ends Enter.
func (h *Hub) Exit(n *Node, room int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, in := n.rooms[room]; in {
		delete(n.rooms, room)
		h.rooms.remove(room, n)
	}
}

// Live hands m to everybody in the live room m.DstID but the node it came from:
// at most once, and never stored.
func (h *Hub) Live(from *Node, m model.Message) {
	f := h.frame(&m, true)
	if f == nil {
		return
	}
	h.live(m.DstID, from.ID, f)
	if h.bus != nil {
		h.relayLive(m.DstID, f)
	}
}

func (h *Hub) live(room int64, origin uint64, frame *Frame) {
	f := h.fans.Get().(*fan)
	defer h.fans.Put(f)
	defer f.reset()
	f.origin, f.frame = origin, frame
	h.rooms.each(room, f.visit)
	if len(f.awake) > 0 {
		h.call(f.awake...)
	}
	h.metrics.Deliveries.Add(float64(f.reached))
}
