package turn

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"golang.org/x/time/rate"
)

const (
	// bytesPerSecond is a good picture with sound, in each direction of a relay;
	// bytesBurst a key frame on top of it. What is above is lost, as on a slow line.
	bytesPerSecond = 512 << 10
	bytesBurst     = 512 << 10
	// tries is how often a port is looked for before there is none.
	tries = 64
)

// rules say whom a relay may reach.
type rules struct {
	own      netip.Addr // the relays' own address
	from, to uint16     // the relays' own ports
	never    []netip.Prefix
}

// newRules makes the rules of relays at own:from to own:to. Without a LAN,
// private networks are as closed as what is no unicast address of anybody.
func newRules(own netip.Addr, lan bool, from, to uint16) rules {
	r := rules{own: own, from: from, to: to}
	never := []string{"0.0.0.0/8", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16"}
	if !lan {
		never = append(never, "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
	}
	for _, n := range never {
		r.never = append(r.never, netip.MustParsePrefix(n))
	}
	return r
}

// mayReach tells whether a peer's address may be relayed to. Two relays of this
// server may always reach each other: that is how two people behind it talk.
func (r rules) mayReach(peer net.IP) bool {
	ip, ok := netip.AddrFromSlice(peer)
	if !ok {
		return false
	}
	ip = ip.Unmap()
	if ip == r.own {
		return true
	}
	if !ip.IsGlobalUnicast() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		return false
	}
	return !slices.ContainsFunc(r.never, func(n netip.Prefix) bool { return n.Contains(ip) })
}

// mayReachPort keeps relays off whatever else listens on their own machine.
func (r rules) mayReachPort(peer net.Addr) bool {
	udp, ok := peer.(*net.UDPAddr)
	if !ok || !r.mayReach(udp.IP) {
		return false
	}
	ip := udp.AddrPort().Addr().Unmap()
	return ip != r.own || udp.Port >= int(r.from) && udp.Port <= int(r.to)
}

// relays opens the sockets of relays.
type relays struct{ rules }

var errNoPort = errors.New("no port is free for a relay")

// Validate is asked by the server at its start.
func (r *relays) Validate() error {
	if r.from == 0 || r.to < r.from {
		return errNoPort
	}
	return nil
}

// AllocatePacketConn opens a relay on one of the ports.
func (r *relays) AllocatePacketConn(network string, requested int) (net.PacketConn, net.Addr, error) {
	if requested != 0 {
		return nil, nil, errNoPort
	}
	for range tries {
		port := int(r.from) + rand.IntN(int(r.to)-int(r.from)+1) //nolint:gosec // no secret
		conn, err := net.ListenPacket(network, ":"+strconv.Itoa(port))
		if err != nil {
			continue
		}
		in, out := rate.NewLimiter(bytesPerSecond, bytesBurst), rate.NewLimiter(bytesPerSecond, bytesBurst)
		return &relay{PacketConn: conn, rules: r.rules, in: in, out: out}, &net.UDPAddr{IP: r.own.AsSlice(), Port: port}, nil
	}
	return nil, nil, errNoPort
}

// AllocateConn refuses TCP relays: browsers do not ask for them.
func (r *relays) AllocateConn(string, int) (net.Conn, net.Addr, error) { return nil, nil, errNoPort }

// relay is the socket of a relay, bounded in both directions.
type relay struct {
	net.PacketConn
	rules   rules
	in, out *rate.Limiter
}

// ReadFrom gives the next datagram that is within the rate.
func (r *relay) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		n, from, err := r.PacketConn.ReadFrom(p)
		if err != nil || r.in.AllowN(time.Now(), n) {
			return n, from, err
		}
	}
}

// WriteTo sends a datagram; what may not be sent is lost without a word.
func (r *relay) WriteTo(p []byte, to net.Addr) (int, error) {
	if !r.rules.mayReachPort(to) || !r.out.AllowN(time.Now(), len(p)) {
		return len(p), nil
	}
	return r.PacketConn.WriteTo(p, to)
}
