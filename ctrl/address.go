package ctrl

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
)

type addressKey struct{}

func withAddress(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, addressKey{}, address)
}

// ClientAddress gives the IP address of who asked, as far as it can be
// believed: what rate limits go by and the list of devices shows.
func ClientAddress(ctx context.Context) string {
	address, _ := ctx.Value(addressKey{}).(string)
	return address
}

// Proxies are the networks whose X-Forwarded headers are believed.
type Proxies []netip.Prefix

func (p Proxies) trust(address netip.Addr) bool {
	for _, n := range p {
		if n.Contains(address) {
			return true
		}
	}
	return false
}

// address tells who asks. X-Forwarded-For is read from its end, where the
// nearest proxy wrote, and only as far as the proxies are ours: what stands
// before that, anybody can write.
func (p Proxies) address(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	address := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && p.trust(address); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		address = hop.Unmap().WithZone("")
	}
	return address.String()
}
