package hub

import (
	"encoding/json"

	"hongyan/model"
)

// envelopeVersion rises when older nodes could misread an envelope; they leave
// out what they do not know.
const envelopeVersion = 1

// envelope is what travels between nodes: a delivery without what concerns the
// node it came from, a frame for a live room, or sockets to close. The message
// travels as it was encoded and is not encoded again.
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
}

type disconnect struct {
	UserID     int64   `json:"userid"`
	SessionIDs []int64 `json:"sessions,omitempty"`
	Code       int     `json:"code"`
	Reason     string  `json:"reason"`
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

func (h *Hub) relay(d *model.Delivery, f *Frame) {
	if d.Only != 0 || len(d.Users) == 0 && d.Group == 0 {
		return // for a socket of this node alone
	}
	e := envelope{Users: d.Users, Group: d.Group, Ephemeral: d.Ephemeral, Subscribe: d.Subscribe, Unsubscribe: d.Unsubscribe}
	if f != nil {
		e.Message = f.payload()
	}
	h.post(&e)
}

func (h *Hub) relayLive(room int64, f *Frame) {
	h.post(&envelope{Room: room, Ephemeral: true, Message: f.payload()})
}

func (h *Hub) relayDisconnect(userID int64, sessionIDs []int64, code int, reason string) {
	h.post(&envelope{Disconnect: &disconnect{UserID: userID, SessionIDs: sessionIDs, Code: code, Reason: reason}})
}

func (h *Hub) post(e *envelope) {
	e.Version = envelopeVersion
	b, err := json.Marshal(e)
	if err != nil {
		h.log.Error("envelope not encoded", "error", err)
		return
	}
	h.bus.Send(b)
}

// receive does here what another node did there. What it cannot read is a fault
// of that node and hurts nobody here.
func (h *Hub) receive(b []byte) {
	var e envelope
	if err := json.Unmarshal(b, &e); err != nil || e.Version != envelopeVersion {
		h.log.Warn("envelope refused", "version", e.Version, "error", err)
		return
	}
	if e.Disconnect != nil {
		h.disconnect(e.Disconnect.UserID, e.Disconnect.SessionIDs, e.Disconnect.Code, e.Disconnect.Reason)
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
		h.apply(&d, f)
	}
}
