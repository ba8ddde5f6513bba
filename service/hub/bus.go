package hub

import (
	"encoding/json"
	"strconv"
	"time"

	"hongyan/model"
)

// Bus carries envelopes to the hubs of the other nodes. A single node has none.
// It may lose them, and bring them in another order: what has a place in a
// timeline is put into its order here, and what is missing is read from the store.
type Bus interface {
	// Send hands body to the nodes that want one of the topics (none: to all)
	// without waiting for anybody; hint in its place where it is too long for
	// the bus, nothing if that is nil. What is urgent is worth sending twice.
	Send(topics []string, body, hint []byte, urgent bool)
	// Want says whether somebody here is to get what goes to a topic.
	Want(topic string, wanted bool)
	// Listen is called once, before the first Send: receive gets each envelope
	// with the name of its node, peer hears of nodes that come and go, lost that
	// something may have got lost. A node does not hear itself.
	Listen(receive func(peer string, body []byte), peer func(name string, here bool), lost func())
	// Name is how the others call this node.
	Name() string
}

// envelopeVersion rises when older nodes could misread an envelope; they leave
// out what they do not know.
const envelopeVersion = 1

// fewUsers is up to how many users get a topic each; more are everybody's matter.
const fewUsers = 8

// envelope is what travels between nodes: a delivery without what concerns the
// node it came from, a frame for a live room, sockets to close, who is online,
// or a key to look after. The message travels as it was encoded and is not
// encoded again.
type envelope struct {
	Version     int             `json:"v"`
	Message     json.RawMessage `json:"message,omitempty"`
	Users       []int64         `json:"users,omitempty"`
	Group       int64           `json:"group,omitempty"`
	Room        int64           `json:"room,omitempty"`
	Ephemeral   bool            `json:"ephemeral,omitempty"`
	Subscribe   []int64         `json:"subscribe,omitempty"`
	Unsubscribe []int64         `json:"unsubscribe,omitempty"`
	Disconnect  *disconnect     `json:"disconnect,omitempty"`
	Stored      *place          `json:"stored,omitempty"` // in a message's place: it is in the store
	Roster      *roll           `json:"roster,omitempty"`
	Key         string          `json:"key,omitempty"`
}

type disconnect struct {
	UserID     int64   `json:"userid"`
	SessionIDs []int64 `json:"sessions,omitempty"`
	Code       int     `json:"code"`
	Reason     string  `json:"reason"`
}

// place is that of a message in its conversation.
type place struct {
	Kind int   `json:"kind"`
	Low  int64 `json:"low"`
	High int64 `json:"high,omitempty"`
	Seq  int64 `json:"seq"`
}

// payload is the JSON in a text frame.
func (f *Frame) payload() []byte {
	switch f.data[1] {
	case 126:
		return f.data[4:]
	case 127:
		return f.data[10:]
	default:
		return f.data[2:]
	}
}

// publish is Publish on a node with others: they are told first, since here it
// may have to wait for the message before it.
func (h *Hub) publish(d *model.Delivery) {
	var f *Frame
	if !d.Silent && d.Only == 0 && (d.Group != 0 || len(d.Users) > 0) {
		f = h.frame(&d.Message, d.Ephemeral)
		h.relay(d, f)
	} else if d.Silent {
		h.relay(d, nil)
	}
	h.order.take(d, f)
}

func (h *Hub) relay(d *model.Delivery, f *Frame) {
	if d.Only != 0 || len(d.Users) == 0 && d.Group == 0 {
		return // for a socket of this node alone
	}
	e := envelope{Users: d.Users, Group: d.Group, Ephemeral: d.Ephemeral, Subscribe: d.Subscribe, Unsubscribe: d.Unsubscribe}
	if f != nil {
		e.Message = f.payload()
	}
	// What is in no timeline is not found by a look into one: it is sent again.
	_, placed := placeOf(d)
	h.post(topics(d), &e, short(d), !placed && !d.Ephemeral)
}

// short is what goes where a delivery is too long for the bus: that it is in
// the store, or that there is something to look for; nil of what is ephemeral.
func short(d *model.Delivery) *envelope {
	if p, ok := placeOf(d); ok {
		return &envelope{Stored: &p}
	}
	if d.Ephemeral || len(d.Users) > fewUsers && d.Group == 0 {
		return nil
	}
	resync, err := encode(&model.Message{Cmd: model.CmdResync})
	if err != nil {
		return nil
	}
	e := &envelope{Message: resync, Group: d.Group}
	if len(d.Users) <= fewUsers {
		e.Users = d.Users
	}
	return e
}

// topics are those of the users and the group that a delivery is for; nil where
// it is everybody's matter.
func topics(d *model.Delivery) []string {
	if len(d.Users)+len(d.Subscribe) > fewUsers {
		return nil
	}
	list := make([]string, 0, 1+len(d.Users)+len(d.Subscribe))
	if d.Group != 0 {
		list = append(list, topic('g', d.Group))
	}
	for _, u := range d.Users {
		list = append(list, topic('u', u))
	}
	for _, u := range d.Subscribe {
		list = append(list, topic('u', u))
	}
	return list
}

// topic is the name of a user ('u'), a group ('g') or a live room ('r') on the bus.
func topic(kind byte, id int64) string {
	return string(strconv.AppendInt([]byte{kind, '.'}, id, 10))
}

func (h *Hub) relayLive(room int64, f *Frame) {
	h.post([]string{topic('r', room)}, &envelope{Room: room, Ephemeral: true, Message: f.payload()}, nil, false)
}

func (h *Hub) relayDisconnect(userID int64, sessionIDs []int64, code int, reason string) {
	h.post(nil, &envelope{Disconnect: &disconnect{UserID: userID, SessionIDs: sessionIDs, Code: code, Reason: reason}}, nil, true)
}

// Wake tells the other nodes that there is something under a key: a hint to
// look into the store. Who waits there hears it by OnWake. Without a bus it does
// nothing.
func (h *Hub) Wake(key string) {
	if h.bus != nil {
		h.post(nil, &envelope{Key: key}, nil, true)
	}
}

// OnWake names who hears of the keys that other nodes wake. It must not block.
func (h *Hub) OnWake(woken func(key string)) { h.woken.Store(&woken) }

func (h *Hub) post(topics []string, e, hint *envelope, urgent bool) {
	e.Version = envelopeVersion
	b, err := json.Marshal(e)
	if err != nil {
		h.log.Error("envelope not encoded", "error", err)
		return
	}
	var instead []byte
	if hint != nil {
		hint.Version = envelopeVersion
		if instead, err = json.Marshal(hint); err != nil {
			instead = nil
		}
	}
	h.bus.Send(topics, b, instead, urgent)
}

// receive does here what another node did there. What it cannot read is a fault
// of that node and hurts nobody here.
func (h *Hub) receive(peer string, b []byte) {
	var e envelope
	if err := json.Unmarshal(b, &e); err != nil || e.Version != envelopeVersion {
		h.log.Warn("envelope refused", "version", e.Version, "error", err)
		return
	}
	switch {
	case e.Disconnect != nil:
		h.disconnect(e.Disconnect.UserID, e.Disconnect.SessionIDs, e.Disconnect.Code, e.Disconnect.Reason)
		return
	case e.Roster != nil:
		h.roster.heard(peer, e.Roster)
		return
	case e.Stored != nil:
		h.order.hint(*e.Stored)
		return
	case e.Key != "":
		if woken := h.woken.Load(); woken != nil {
			(*woken)(e.Key)
		}
		return
	}
	d := model.Delivery{Silent: len(e.Message) == 0, Users: e.Users, Group: e.Group, Ephemeral: e.Ephemeral, Subscribe: e.Subscribe, Unsubscribe: e.Unsubscribe}
	var f *Frame
	if len(e.Message) > 0 {
		if err := json.Unmarshal(e.Message, &d.Message); err != nil {
			h.log.Warn("envelope refused", "error", err)
			return
		}
		f = textFrame(&d.Message, e.Message, e.Ephemeral)
	}
	switch {
	case e.Room != 0 && f != nil:
		h.live(e.Room, 0, f)
	default:
		h.order.take(&d, f)
	}
}

// Here gives a Publisher's half that reaches the sockets of this node alone.
func (h *Hub) Here() Here { return Here{h} }

// Here publishes to the sockets of one node.
type Here struct{ hub *Hub }

// Publish hands a delivery to the sockets of this node that it is meant for.
func (l Here) Publish(d model.Delivery) { l.hub.apply(&d, parcel{}) }

// Disconnect closes sockets of this node.
func (l Here) Disconnect(userID int64, sessionIDs []int64, code int, reason string) {
	l.hub.disconnect(userID, sessionIDs, code, reason)
}

// Sessions gives the sessions that have a socket here, with their users.
func (h *Hub) Sessions() map[int64]int64 {
	list := make(map[int64]int64)
	for _, n := range h.users.all() {
		list[n.SessionID] = n.UserID
	}
	return list
}

// join connects the hub with its bus.
func (h *Hub) join(o *Options) {
	h.bus = o.Bus
	h.order = newOrder(h)
	h.roster = newRoster(h)
	if h.bus == nil {
		return
	}
	h.interest = newInterest(h.bus)
	h.users.edge = func(id int64) { h.interest.mark('u', id, h.users) }
	h.groups.edge = func(id int64) { h.interest.mark('g', id, h.groups) }
	h.rooms.edge = func(id int64) { h.interest.mark('r', id, h.rooms) }
	h.bus.Listen(
		func(peer string, b []byte) { h.guard("bus", func() { h.receive(peer, b) }) },
		func(peer string, here bool) { h.guard("bus", func() { h.roster.peer(peer, here) }) },
		func() {
			if o.Lost != nil {
				h.guard("bus", o.Lost)
			}
		},
	)
	h.roster.beat = time.AfterFunc(rosterBeat, func() { h.guard("roster", h.roster.beatOnce) })
}

// part ends what join began.
func (h *Hub) part() {
	if h.bus == nil {
		return
	}
	h.order.stop()
	h.roster.stop()
	h.interest.stop()
}

// OnlineHere reports whether a user has a socket on this node.
func (h *Hub) OnlineHere(userID int64) bool { return h.users.count(userID) > 0 }
