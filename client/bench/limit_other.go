//go:build !linux

package bench

import (
	"context"
	"errors"
	"net"
)

// errNoLimit: the limit is one of epoll.
var errNoLimit = errors.New("the limit is measured on Linux alone: leave it out with -against gorilla or -against none")

// limit is only named here.
type limit struct {
	coalesce bool
	rows     Rows
}

func serveLimit(context.Context, net.Listener, *limit) error { return errNoLimit }
