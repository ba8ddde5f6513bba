//go:build !unix

package fdlimit

// Raise has nothing to do where sockets are not limited by descriptors.
func Raise() (limit uint64, ok bool) { return 0, false }
