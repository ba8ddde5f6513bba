package cluster

import (
	"fmt"
	"testing"
	"time"
)

// TestUDPOutlivesReadErrors: where reading fails again and again, as of an
// interface that is down or of an ICMP message that says nobody is there, the
// receiver goes on, and hears again when it can.
func TestUDPOutlivesReadErrors(t *testing.T) {
	t.Parallel()
	address := fmt.Sprintf("udp://127.255.255.255:%d", port(t))
	nodes := over(t, address, 2)
	a, b := nodes[0], nodes[1]
	met(a, b)
	conn := b.Bus.(*member).lane.(*udp).conn
	if err := conn.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	a.Send(nil, []byte("while it fails"), nil, false)
	time.Sleep(4 * retryRead) // some errors
	if b.has("while it fails") {
		t.Fatal("no test: it reads all the same")
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	reaches(a, "after", b)
}
