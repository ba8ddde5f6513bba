//go:build !unix

package hub

// canTry: a socket here is always written by a goroutine that may wait.
const canTry = false

// attempt is one write that does not wait; there is none here.
type attempt struct{}

func (*attempt) try(*Pipe, []byte) (written int, blocked bool, err error) { return 0, true, nil }

// probe is one read that does not wait; there is none here.
type probe struct{}

func (*probe) try(*Pipe, []byte) (got int, blocked bool, err error) { return 0, true, nil }
