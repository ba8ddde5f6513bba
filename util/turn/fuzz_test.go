package turn

import (
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// FuzzAuthenticate: a name that was not issued is worth nothing without its
// password, and one whose time is over nothing at all.
func FuzzAuthenticate(f *testing.F) {
	for _, seed := range []string{"1800000000:7", ":", "x:7", "-1:7", "9223372036854775807:7", "+1800000000:", "1800000000:7:8"} {
		f.Add(seed)
	}
	k := newKeys()
	k.now = func() time.Time { return time.Unix(1_700_000_000, 0) }
	from := &net.UDPAddr{IP: net.IPv4(1, 2, 3, 4), Port: 5}
	f.Fuzz(func(t *testing.T, username string) {
		key, ok := k.authenticate(username, "realm", from)
		if ok != (key != nil) {
			t.Fatalf("%q: %x, %v", username, key, ok)
		}
		if !ok {
			return
		}
		expiry, _, found := strings.Cut(username, ":")
		if seconds, err := strconv.ParseInt(expiry, 10, 64); !found || err != nil || seconds < k.now().Unix() {
			t.Errorf("%q may open a relay", username)
		}
		k.withinQuota(username, "realm", from)
	})
}
