package hub

import (
	"context"

	"hongyan/model"

	"github.com/gorilla/websocket"
)

// Early is what was read of the store before a socket was there: it saves
// asking again, as long as nothing of the kind has changed since Mark.
type Early struct {
	Mark   uint64
	Groups []int64
}

// Mark counts the changes of memberships and the ends of sessions that this
// node has heard of. What is read of the store after it holds for a socket that
// is attached while the count is the same. ok is false on one of several nodes:
// what the others change may be heard of late, or not at all.
func (h *Hub) Mark() (mark uint64, ok bool) { return h.changes.Load(), h.bus == nil }

// Attach makes n a socket of its user and of its groups, and then sends hello as
// its first frame: a client that has read hello misses nothing that is stored
// from then on. The groups are those of early, or else of load, while which the
// client hears that its socket is open. Membership that changes meanwhile is
// not lost: it is known to be newer. An error leaves n closed.
func (h *Hub) Attach(ctx context.Context, n *Node, hello model.Message, early *Early, load func(context.Context) ([]int64, error)) error {
	f, err := newFrame(&hello, false)
	if err != nil {
		n.Close(websocket.CloseInternalServerErr, "internal")
		return err
	}
	if err := h.register(n); err != nil {
		n.Close(CloseTryLater, "try again later")
		return err
	}
	var groups []int64
	if early != nil && early.Mark == h.changes.Load() { // looked at where changes find n
		groups = early.Groups
	} else {
		if n.DataQueue.greet() == awakened {
			h.writeNow(n)
		}
		if groups, err = load(ctx); err != nil {
			n.Close(websocket.CloseInternalServerErr, "internal")
			return err
		}
	}
	n.loaded(groups)
	if n.DataQueue.release(f) == awakened {
		h.writeNow(n)
	}
	return nil
}
