// Package turn is the relay for calls whose two browsers cannot reach each
// other: a TURN server (RFC 8656) over UDP and TCP with credentials that are
// good for minutes. It is no way into a network: it relays to addresses of the
// internet and between its own relays alone, unless told that a LAN is meant.
// It imports nothing of ours.
package turn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"

	pion "github.com/pion/turn/v4"
)

// Realm is what the server calls itself.
const Realm = "hongyan"

// Options are what a Server is made of.
type Options struct {
	// Listen is the address for UDP and TCP; port 0 means a free one, the same
	// for both.
	Listen string
	// Public is the address under which relays are reached; the zero value means
	// the address that is listened on, or the machine's first.
	Public netip.Addr
	// LAN lets it relay to private addresses.
	LAN bool
	// From and To bound the relays' ports.
	From, To uint16
	Log      *slog.Logger
}

// Server is a running relay. All its methods are safe for concurrent use.
type Server struct {
	public netip.Addr
	port   int
	fixed  bool // Public was given, so it is what clients are told
	keys   *keys
	inner  *pion.Server
}

// Start binds the addresses and serves until Close.
func Start(ctx context.Context, o Options) (*Server, error) {
	public, err := publicAddress(o)
	if err != nil {
		return nil, err
	}
	packets, listener, err := bind(ctx, o.Listen)
	if err != nil {
		return nil, fmt.Errorf("turn: %w", err)
	}
	rules := newRules(public, o.LAN, o.From, o.To)
	relays := &relays{rules: rules}
	may := func(_ net.Addr, peer net.IP) bool { return rules.mayReach(peer) }
	s := &Server{
		public: public, port: packets.LocalAddr().(*net.UDPAddr).Port, fixed: o.Public.IsValid(), keys: newKeys(),
	}
	s.inner, err = pion.NewServer(pion.ServerConfig{
		Realm: Realm, AuthHandler: s.keys.authenticate, QuotaHandler: s.keys.withinQuota, EventHandler: s.keys.events(),
		LoggerFactory:     logs{o.Log},
		PacketConnConfigs: []pion.PacketConnConfig{{PacketConn: packets, RelayAddressGenerator: relays, PermissionHandler: may}},
		ListenerConfigs:   []pion.ListenerConfig{{Listener: newListener(listener), RelayAddressGenerator: relays, PermissionHandler: may}},
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("turn: %w", err), packets.Close(), listener.Close())
	}
	return s, nil
}

// bind takes one port of both protocols.
func bind(ctx context.Context, address string) (net.PacketConn, net.Listener, error) {
	var binder net.ListenConfig
	packets, err := binder.ListenPacket(ctx, "udp", address)
	if err != nil {
		return nil, nil, err
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, nil, errors.Join(err, packets.Close())
	}
	port := packets.LocalAddr().(*net.UDPAddr).Port
	listener, err := binder.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, nil, errors.Join(err, packets.Close())
	}
	return packets, listener, nil
}

// publicAddress is where relays are reached.
func publicAddress(o Options) (netip.Addr, error) {
	if o.Public.IsValid() {
		return o.Public.Unmap(), nil
	}
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("turn: %w", err)
	}
	if ip, err := netip.ParseAddr(host); err == nil && !ip.IsUnspecified() {
		return ip.Unmap(), nil
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return netip.Addr{}, fmt.Errorf("turn: %w", err)
	}
	for _, a := range own {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() && !n.IP.IsLinkLocalUnicast() {
			ip, _ := netip.AddrFromSlice(n.IP.To4())
			return ip, nil
		}
	}
	return netip.Addr{}, errors.New("turn: this machine shows no address of its own: give turn-public")
}

// Public gives the address under which relays are reached, and the port that is
// listened on.
func (s *Server) Public() netip.AddrPort { return netip.AddrPortFrom(s.public, uint16(s.port)) }

// ICE is an entry of RTCConfiguration.iceServers.
type ICE struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

// Servers gives a user what a browser needs to use the relay. host is the name
// under which the client found this server.
func (s *Server) Servers(userID int64, host string) []ICE {
	if s.fixed || host == "" {
		host = s.public.String()
	}
	at := net.JoinHostPort(host, strconv.Itoa(s.port))
	username, password := s.keys.issue(userID)
	return []ICE{
		{URLs: []string{"stun:" + at}},
		{URLs: []string{"turn:" + at + "?transport=udp", "turn:" + at + "?transport=tcp"}, Username: username, Credential: password},
	}
}

// Count gives the number of relays that are open.
func (s *Server) Count() int { return s.inner.AllocationCount() }

// Close ends every relay.
func (s *Server) Close() error { return s.inner.Close() }
