package cluster

import (
	"errors"
	"syscall"
)

// share lets several nodes of one machine hear the same broadcasts.
func share(_, _ string, raw syscall.RawConn) error {
	var fault error
	err := raw.Control(func(fd uintptr) {
		fault = syscall.SetsockoptInt(syscall.Handle(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	})
	return errors.Join(err, fault)
}
