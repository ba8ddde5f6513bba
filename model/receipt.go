package model

// How far a message has come to somebody.
const (
	ReceiptStored    = "stored"
	ReceiptDelivered = "delivered"
	ReceiptRead      = "read"
)

// EventDelivered tells a sender's devices how far a friend's device has what was
// said: an event without a place in the timeline, ref is the seq.
const EventDelivered = "delivered"

// Reader is somebody a message went to, and how far it came.
type Reader struct {
	PublicUser
	State string `json:"state"`
}

// Receipt counts how far a message has come: to how many people it went, how
// many of their devices have it, how many of them have read it.
type Receipt struct {
	Seq       int64 `json:"seq"`
	Of        int   `json:"of"`
	Delivered int   `json:"delivered"`
	Read      int   `json:"read"`
}
