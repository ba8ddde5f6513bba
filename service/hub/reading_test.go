package hub

import (
	"maps"
	"slices"
	"testing"
)

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
