package hub

import (
	"maps"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// TestTheEndRightBehindAMessage: a socket of which less was read than there was
// room for is not tried again, and its end, which may have come with the same
// report, is seen all the same.
func TestTheEndRightBehindAMessage(t *testing.T) {
	h := newHub(t, nil)
	for i := range 200 {
		d := connect(t, h, socket{userID: int64(i + 1)})
		if err := d.WriteMessage(websocket.TextMessage, []byte(`{"cmd":0}`)); err != nil {
			t.Fatal(err)
		}
		if err := d.raw.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-d.node.Done():
		case <-time.After(20 * time.Second):
			t.Fatalf("socket %d has not ended", i)
		}
	}
}

// TestAGoroutineEach has the tests of sockets hold where each is read by a
// goroutine of its own, as under TLS and where there is no poller.
func TestAGoroutineEach(t *testing.T) {
	t.Setenv(goroutinesEach, "1")
	tests := map[string]func(*testing.T){
		"Publish": TestPublish, "Disconnect": TestDisconnect, "AttachRefused": TestAttachRefused,
		"AttachRacesWithMembership": TestAttachRacesWithMembership, "LiveRooms": TestLiveRooms, "Changed": TestChanged,
		"Drain": TestDrain, "QuietWaitsForOutcomes": TestQuietWaitsForOutcomes, "RefusedDuringTheDrain": TestRefusedDuringTheDrain,
		"WatchEndsWithItsNode": TestWatchEndsWithItsNode, "SlowReader": TestSlowReader, "JoinWaitsForNobody": TestJoinWaitsForNobody,
		"Hammer": TestHammer,
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		t.Run(name, tests[name])
	}
}
