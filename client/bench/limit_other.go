//go:build !linux

package bench

import (
	"context"
	"errors"
	"net"
)

// errNoLimit: the limit is one of epoll.
var errNoLimit = errors.New("the limit is measured on Linux alone: leave it out with -against gorilla or -against none")

func serveLimit(context.Context, net.Listener, bool) error { return errNoLimit }
