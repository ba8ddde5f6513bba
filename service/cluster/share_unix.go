//go:build unix

package cluster

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// share lets several nodes of one machine hear the same broadcasts. BSDs want
// their own option for that, under Linux it would divide the datagrams.
func share(_, _ string, raw syscall.RawConn) error {
	var fault error
	err := raw.Control(func(fd uintptr) {
		fault = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, shareOption, 1)
	})
	return errors.Join(err, fault)
}
