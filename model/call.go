package model

import "encoding/json"

// Ends of a call: the result in its entry of the timeline, and the reason that
// its devices hear.
const (
	CallAnswered  = "answered"  // people spoke; one of them hung up
	CallDeclined  = "declined"  // the callee would not
	CallCancelled = "cancelled" // the caller gave up before an answer
	CallMissed    = "missed"    // nobody answered in time
	CallBusy      = "busy"      // the callee was in another call
	CallFailed    = "failed"    // accepted, but no connection came about
	CallLost      = "lost"      // a reason alone: they spoke until the connection was lost
)

// States of a call that CmdCallState tells.
const (
	CallCalling  = "calling"
	CallInCall   = "in_call"
	CallAway     = "away" // the other's socket is lost; it has a time of grace
	CallBack     = "back"
	CallEnded    = "ended"
	MaxCallField = 64 // bytes of the short texts in CallExt
)

// CallExt is the ext of the commands 20 to 29.
type CallExt struct {
	// Call is the call's id, made by the server. A client may leave it out: it
	// is in one call at most.
	Call string `json:"call,omitempty"`
	// Device is the client's own random name for the page that is in the call,
	// so that it can take the call up again with another socket.
	Device string `json:"device,omitempty"`
	Video  bool   `json:"video"`
	State  string `json:"state,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Type of a description: offer, answer or rollback.
	Type string `json:"type,omitempty"`
	// What a side is sending; absent where nothing is said of it.
	Mic    *bool `json:"mic,omitempty"`
	Camera *bool `json:"camera,omitempty"`
	Screen *bool `json:"screen,omitempty"`
}

// Valid checks the bounds of what a client sent.
func (e *CallExt) Valid() error {
	for _, text := range []string{e.Call, e.Device, e.Reason, e.Type} {
		if len(text) > MaxCallField || hasControl(text) {
			return Invalid("ext")
		}
	}
	return nil
}

// CallEntry is what ext.call of a message says of a call that has ended. Only
// the server writes it; Amount of the message has the seconds.
type CallEntry struct {
	Video  bool   `json:"video"`
	Result string `json:"result"`
}

// CallEntry gives what m says of a call that has ended; nil if it is no entry of one.
func (m *Message) CallEntry() *CallEntry {
	if m.Media != MediaUser || len(m.Ext) == 0 {
		return nil
	}
	var ext struct {
		Call *CallEntry `json:"call"`
	}
	if json.Unmarshal(m.Ext, &ext) != nil {
		return nil
	}
	return ext.Call
}

// Word names the sentence that says whether there was a picture.
func (e *CallEntry) Word() string {
	if e.Video {
		return "media.videocall"
	}
	return "media.voicecall"
}

// CallLine says that a user is in a call with another one, and which node has
// the state of it. After Expires, in Unix milliseconds, that node is taken for
// gone and the line for free.
type CallLine struct {
	UserID  int64  `xorm:"pk 'userid'"`
	PeerID  int64  `xorm:"'peerid'"`
	CallID  string `xorm:"'callid'"`
	Node    string
	Expires int64
}

// TableName names the table.
func (CallLine) TableName() string { return "callline" }
