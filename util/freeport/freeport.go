// Package freeport finds ports for servers that a test starts a moment later.
package freeport

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// Below what systems give to connections that are opened (from 32,768 on, or
// 49,152): one of these could have a port before the test's server does.
const (
	lowest = 20_000
	count  = 12_000
)

// Find gives a port that is free on all of this machine's IPv4 addresses for both
// TCP and UDP. Nothing keeps it: who needs it binds it soon.
func Find() (int, error) {
	for range 100 {
		port := lowest + rand.IntN(count) //nolint:gosec // any will do
		address := fmt.Sprint(":", port)
		c, err := net.ListenPacket("udp4", address)
		if err != nil {
			continue
		}
		l, err := net.Listen("tcp4", address)
		_ = c.Close()
		if err == nil {
			_ = l.Close()
			return port, nil
		}
	}
	return 0, errors.New("no port is free")
}
