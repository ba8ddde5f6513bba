package service

import (
	"encoding/json"
	"time"

	"hongyan/model"

	"golang.org/x/time/rate"
)

// signalsPerSecond and signalsBurst bound what the two devices of a call send
// each other: an offer with its candidates, many times over.
const (
	signalsPerSecond = 20
	signalsBurst     = 300
)

// call is one call from the invitation to its end.
type call struct {
	id             string
	video          bool
	invite         model.Message // as the callee's devices got it
	caller, callee party
	answered       time.Time // zero while it rings
	rings          time.Time // when nobody answers: until then
	timer          *time.Timer
	signals        *rate.Limiter
}

// party is a side of a call. A callee that has not answered has no device yet.
type party struct {
	userID int64
	device string
	at     socket
	away   bool // its socket is lost
	timer  *time.Timer
}

// socket is one of this node (""), or of another one; none if its id is zero.
type socket struct {
	node string
	id   uint64
}

func socketOf(from model.Sender) socket { return socket{from.Node, from.Origin} }

// told is a delivery for the sockets of a user, or for one. Node is that of the
// socket which it names, and is to hand it on: "" for this one.
type told struct {
	node string
	model.Delivery
}

// sides gives userID's side of the call and the other one.
func (c *call) sides(userID int64) (own, other *party) {
	if c.caller.userID == userID {
		return &c.caller, &c.callee
	}
	return &c.callee, &c.caller
}

// holds tells whether a frame comes from the device that has this side.
func (p *party) holds(from model.Sender, device string) bool {
	if device != "" && p.device != "" {
		return device == p.device
	}
	return p.at.id != 0 && p.at == socketOf(from)
}

// switchboard has the calls of a node and every transition between their
// states. A user is in one call at most, ringing included. It knows no clock, no
// timers and no database; what is to be told gathers in out. Its owner guards it.
type switchboard struct {
	calls map[int64]*call // by each of its two users
	out   []told
	// several says that there are other nodes, over says what their devices heard
	// of calls that have ended: once, and a bus can lose it.
	several bool
	over    []told
}

// open starts a call that rings until the time given.
func (b *switchboard) open(id string, from model.Sender, m *model.Message, ext *model.CallExt, now, until time.Time) *call {
	c := &call{
		id: id, video: ext.Video, rings: until, signals: rate.NewLimiter(signalsPerSecond, signalsBurst),
		caller: party{userID: from.UserID, device: ext.Device, at: socketOf(from)}, callee: party{userID: m.DstID},
	}
	c.invite = frame(model.CmdCallInvite, from.UserID, m.DstID, model.CallExt{Call: c.id, Video: c.video})
	c.invite.Content, c.invite.At = m.Content, now.UnixMilli()
	b.calls[from.UserID], b.calls[m.DstID] = c, c
	b.ring(c, now, model.MaxContent)
	b.calling(c, m.CID, now)
	return c
}

// ring rings on all devices of the callee, with what the caller says if it is
// that short.
func (b *switchboard) ring(c *call, now time.Time, short int) {
	m := c.ringing(now)
	if len(m.Content) > short {
		m.Content = ""
	}
	b.out = append(b.out, told{"", model.Delivery{Message: m, Users: []int64{c.callee.userID}, Ephemeral: true}})
}

// ringing is the invitation with the seconds that are left to answer it.
func (c *call) ringing(now time.Time) model.Message {
	m := c.invite
	m.Amount = max(int64(c.rings.Sub(now)/time.Second), 1)
	return m
}

// calling tells the caller's device the number of its call and how long it rings,
// and the caller's others that there is one.
func (b *switchboard) calling(c *call, cid string, now time.Time) {
	m := c.state(&c.caller, model.CallCalling, "")
	m.Amount = c.ringing(now).Amount
	b.tellUser(c.caller.userID, m, c.caller.at)
	m.CID = cid
	b.tell(c.caller.at, m)
}

// accept gives the callee's side to a device.
func (b *switchboard) accept(c *call, from model.Sender, device string, video bool, now time.Time) {
	c.answered = now
	c.callee.device, c.callee.at = device, socketOf(from)
	b.tell(c.caller.at, frame(model.CmdCallAccept, from.UserID, c.caller.userID, model.CallExt{Call: c.id, Video: video}))
	b.tell(c.callee.at, c.state(&c.callee, model.CallInCall, ""))
	b.again(c, now)
}

// end takes the call off the board. The command goes to the devices that it
// concerns, unless by is their user; all other devices hear the state.
func (b *switchboard) end(c *call, cmd int, by int64, reason string, now time.Time) {
	delete(b.calls, c.caller.userID)
	delete(b.calls, c.callee.userID)
	seconds, before := c.seconds(now), len(b.out)
	for _, own := range []*party{&c.caller, &c.callee} {
		_, other := c.sides(own.userID)
		ended := c.state(own, model.CallEnded, reason)
		ended.Amount = seconds
		m := frame(cmd, other.userID, own.userID, model.CallExt{Call: c.id, Video: c.video, Reason: reason})
		m.Amount = seconds
		switch {
		case own.userID == by:
			b.tellUser(own.userID, ended, socket{})
		case own.at.id == 0: // it rings on all of them
			b.tellUser(own.userID, m, socket{})
		default:
			b.tell(own.at, m)
			b.tellUser(own.userID, ended, own.at)
		}
	}
	for _, d := range b.out[before:] {
		if b.several && len(d.Users) > 0 {
			b.over = append(b.over, d)
		}
	}
}

// again says once more what became of a call that goes on, to devices that came
// since or did not hear it.
func (b *switchboard) again(c *call, now time.Time) {
	if c.answered.IsZero() {
		b.ring(c, now, briefInvite)
		return
	}
	for _, own := range []*party{&c.callee, &c.caller} {
		b.tellUser(own.userID, c.state(own, model.CallInCall, ""), own.at)
	}
}

// overAgain does so for calls that have ended since.
func (b *switchboard) overAgain() {
	b.out, b.over = append(b.out, b.over...), nil
}

// seconds is how long people have spoken.
func (c *call) seconds(now time.Time) int64 {
	if c.answered.IsZero() {
		return 0
	}
	return max(int64(now.Sub(c.answered)/time.Second), 0)
}

// result is what the timeline says of a call that ended for a reason.
func (c *call) result(reason string) string {
	switch {
	case c.answered.IsZero() && reason == model.CallLost:
		return model.CallCancelled
	case !c.answered.IsZero() && reason != model.CallFailed:
		return model.CallAnswered
	}
	return reason
}

// endReason is what hanging up means: before an answer the caller gives up.
func endReason(rings bool, said string) string {
	switch {
	case rings && said == model.CallFailed, !rings && (said == model.CallFailed || said == model.CallLost):
		return said
	case rings:
		return model.CallCancelled
	}
	return model.CallAnswered
}

// relay hands a signal from one device of a call to the other.
func (b *switchboard) relay(c *call, from model.Sender, m *model.Message, ext *model.CallExt) {
	_, other := c.sides(from.UserID)
	signal := model.CallExt{Call: c.id, Video: ext.Video}
	switch m.Cmd {
	case model.CmdCallDescription:
		signal.Type = ext.Type
	case model.CmdCallMedia:
		signal.Mic, signal.Camera, signal.Screen = ext.Mic, ext.Camera, ext.Screen
	}
	relayed := frame(m.Cmd, from.UserID, other.userID, signal)
	relayed.Content = m.Content
	b.tell(other.at, relayed)
}

// leave notes that the socket of a side is lost.
func (b *switchboard) leave(c *call, own *party) {
	own.away, own.at = true, socket{}
	b.other(c, own, model.CallAway)
}

// back gives a side to the socket that its device has now.
func (b *switchboard) back(c *call, own *party, at socket) {
	if own.at == at {
		return
	}
	own.away, own.at = false, at
	b.other(c, own, model.CallBack)
}

// other tells the other side of a call in progress what became of own.
func (b *switchboard) other(c *call, own *party, state string) {
	_, other := c.sides(own.userID)
	if !c.answered.IsZero() {
		b.tell(other.at, c.state(other, state, ""))
	}
}

// state is the frame that tells a user's device of the state of its call.
func (c *call) state(own *party, state, reason string) model.Message {
	_, other := c.sides(own.userID)
	return frame(model.CmdCallState, other.userID, own.userID,
		model.CallExt{Call: c.id, Device: own.device, Video: c.video, State: state, Reason: reason})
}

func frame(cmd int, userID, dstID int64, ext model.CallExt) model.Message {
	b, err := json.Marshal(ext)
	if err != nil {
		panic(err) // texts and truths always encode
	}
	return model.Message{Cmd: cmd, UserID: userID, DstID: dstID, Ext: b}
}

// tell sends m to one socket; to none while there is none.
func (b *switchboard) tell(to socket, m model.Message) {
	if to.id != 0 {
		b.out = append(b.out, told{to.node, model.Delivery{Message: m, Only: to.id, Ephemeral: true}})
	}
}

// tellUser sends m to all sockets of a user but one. It ends what they show: a
// bus that loses much has it several times.
func (b *switchboard) tellUser(userID int64, m model.Message, except socket) {
	b.out = append(b.out, told{except.node, model.Delivery{Message: m, Users: []int64{userID}, Origin: except.id}})
}

// sent takes what is to be told.
func (b *switchboard) sent() []told {
	out := b.out
	b.out = nil
	return out
}
