package model

// Delivery is a message on its way to sockets: what the services hand to their
// Publisher after a commit, in the order of seq.
type Delivery struct {
	Message Message
	// Silent says that there is no Message: the delivery is about the membership
	// alone.
	Silent bool
	// Users get it on all their sockets; Group means every socket that is in
	// that group. Either may be empty, or both set; if both are empty, the
	// delivery is no more than the Ack for its Origin, unless Only is set.
	Users []int64
	Group int64
	// Only, if not zero, is the one socket that gets it, in place of Users and
	// Group. Sockets are numbered by their node: it does not travel the bus.
	Only uint64
	// Origin is the socket that the message came from: it gets Ack in the
	// message's place (nothing if Ack is nil). Zero where there is none.
	Origin uint64
	Ack    *Message
	// Ephemeral deliveries are the first to be dropped for a slow socket, and
	// dropping them needs no resync.
	Ephemeral bool
	// Subscribe and Unsubscribe name users whose sockets enter or leave Group
	// together with this delivery: subscribed before it, unsubscribed after it.
	Subscribe   []int64
	Unsubscribe []int64
}

// Sender is who acts and through which socket. Origin is zero for HTTP. Node is
// that of the socket where it is not this one, which only calls meet.
type Sender struct {
	UserID int64
	Origin uint64
	Node   string
}
