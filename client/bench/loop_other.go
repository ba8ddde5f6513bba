//go:build !linux

package bench

// newLoop makes the loop of this system.
func newLoop(r *receiver, _ bool) (loop, error) { return newPortable(r), nil }
