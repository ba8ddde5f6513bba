package verify

// A client that is far behind reads an answer long after it was given, or never:
// its socket ends before. What an answer says is of one copy of a message, at the
// time that copy was taken.

// copies are those of a message on its device's present socket.
type copies struct {
	socket   int32 // which of the device's, counted from 1
	sent     int32
	answered int32
	early    int32 // sent before the message was seen in its place
}

// another copy was sent on a socket of the device.
func (c *copies) another(socket int32) {
	if c.socket != socket {
		*c = copies{socket: socket}
	}
	c.sent++
}

// answer counts one, and tells whether it may be that of an early copy.
func (c *copies) answer() (early bool) {
	c.answered++
	return c.answered <= c.early
}

// refusing tells whether the server asked somebody to try again about when a
// message was sent: then it may have asked its sender too, on a socket that ended
// before this was read.
func (j *judge) refusing(sentAt int64) bool {
	const before, after = 1, 15 // seconds
	for s := sentAt/1e6 - before; s <= sentAt/1e6+after; s++ {
		if j.retries[s] {
			return true
		}
	}
	return false
}
