// Package poll tells which of many sockets have something to read, without a
// goroutine for each of them: one goroutine waits for all. It exists where the
// system has epoll; elsewhere New says that it does not. It imports nothing of
// ours.
package poll

import "errors"

// ErrUnsupported is what New gives where there is no epoll.
var ErrUnsupported = errors.New("poll: not on this system")

// Report says that there is something to read at the socket with a token. Ended
// says that the other side sends no more, or that the socket broke: what is
// there is read, and then the end.
type Report struct {
	Token uint64
	Ended bool
}
