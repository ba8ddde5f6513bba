package freeport

import (
	"fmt"
	"net"
	"testing"
)

// What was found can be bound, for TCP and UDP at once.
func TestFind(t *testing.T) {
	for range 20 {
		port, err := Find()
		if err != nil {
			t.Fatal(err)
		}
		c, err := net.ListenPacket("udp4", fmt.Sprint("127.0.0.1:", port))
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp4", fmt.Sprint("127.0.0.1:", port))
		_ = c.Close()
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
	}
}
