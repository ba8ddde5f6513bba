//go:build unix

package fdlimit

import "syscall"

// Raise sets the soft limit to the hard one and gives the limit that holds
// then; ok is false where it cannot be read.
func Raise() (limit uint64, ok bool) {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		return 0, false
	}
	if r.Cur < r.Max {
		wanted := r
		wanted.Cur = r.Max
		// macOS refuses "unlimited" here: the old limit then stands.
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &wanted); err == nil {
			r = wanted
		}
	}
	return uint64(r.Cur), true
}
