package turn

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	pion "github.com/pion/turn/v4"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, change func(o *Options)) *Server {
	t.Helper()
	o := Options{Listen: "127.0.0.1:0", From: 21000, To: 21999, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if change != nil {
		change(&o)
	}
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// client is a real TURN client over UDP, or over TCP.
func client(t *testing.T, s *Server, username, password string, tcp bool) *pion.Client {
	t.Helper()
	var conn net.PacketConn
	var err error
	if tcp {
		stream, err := net.Dial("tcp", s.Public().String())
		if err != nil {
			t.Fatal(err)
		}
		conn = pion.NewSTUNConn(stream)
	} else if conn, err = net.ListenPacket("udp4", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	c, err := pion.NewClient(&pion.ClientConfig{
		STUNServerAddr: s.Public().String(), TURNServerAddr: s.Public().String(), Conn: conn, Username: username, Password: password,
		Realm: Realm, LoggerFactory: logs{slog.New(slog.NewTextHandler(io.Discard, nil))},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); _ = conn.Close() })
	return c
}

func allocate(t *testing.T, s *Server, userID int64, tcp bool) net.PacketConn {
	t.Helper()
	turn := s.Servers(userID, "chat.example")[1]
	conn, err := client(t, s, turn.Username, turn.Credential, tcp).Allocate()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// TestRelay sends bytes from one relay to another and back, over UDP and TCP.
func TestRelay(t *testing.T) {
	s := start(t, nil)
	a, b := allocate(t, s, 1, false), allocate(t, s, 2, true)
	buffer := make([]byte, 1500)
	exchange := func(from, to net.PacketConn, text string) {
		t.Helper()
		if _, err := from.WriteTo([]byte(text), to.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		_ = to.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, sender, err := to.ReadFrom(buffer)
		if err == nil && string(buffer[:n]) == "hole" {
			n, sender, err = to.ReadFrom(buffer)
		}
		if err != nil || string(buffer[:n]) != text || sender.String() != from.LocalAddr().String() {
			t.Fatalf("%q from %v, %v; want %q from %v", buffer[:n], sender, err, text, from.LocalAddr())
		}
	}
	// A permission is made by the first write of each side, which may be lost.
	if _, err := b.WriteTo([]byte("hole"), a.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	exchange(a, b, "hello")
	exchange(b, a, "and back")
	if port := a.LocalAddr().(*net.UDPAddr).Port; port < 21000 || port > 21999 {
		t.Errorf("a relay on port %d", port)
	}
}

func TestCredentials(t *testing.T) {
	s := start(t, nil)
	good := s.Servers(1, "chat.example")[1]
	if want := fmt.Sprintf("turn:chat.example:%d?transport=udp", s.Public().Port()); good.URLs[0] != want {
		t.Errorf("told %v, want %s first", good.URLs, want)
	}
	expired := fmt.Sprintf("%d:1", time.Now().Add(-time.Second).Unix())
	later := fmt.Sprintf("%d:1", time.Now().Add(time.Hour).Unix())
	for name, c := range map[string]struct{ username, password string }{
		"wrong password":  {good.Username, "guess"},
		"nobody":          {"", ""},
		"another user":    {strings.Replace(good.Username, ":1", ":2", 1), good.Credential},
		"a later expiry":  {later, good.Credential},
		"expired":         {expired, s.keys.password(expired)},
		"no expiry":       {"1", s.keys.password("1")},
		"of a server ago": {good.Username, newKeys().password(good.Username)},
	} {
		if conn, err := client(t, s, c.username, c.password, false).Allocate(); err == nil {
			t.Errorf("%s: has a relay at %v", name, conn.LocalAddr())
			_ = conn.Close()
		}
	}
}

// TestARelayOutlivesItsCredentials: a call is not cut off after ten minutes, but
// nothing new is opened.
func TestARelayOutlivesItsCredentials(t *testing.T) {
	k := newKeys()
	now := time.Now()
	k.now = func() time.Time { return now }
	username, _ := k.issue(1)
	phone, other := &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 5}, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 5}
	k.events().OnAllocationCreated(phone, nil, "UDP", username, Realm, nil, 0)
	now = now.Add(time.Hour)
	if _, ok := k.authenticate(username, Realm, phone); !ok {
		t.Error("an open relay is cut off")
	}
	if _, ok := k.authenticate(username, Realm, other); ok {
		t.Error("expired credentials open a relay")
	}
	k.events().OnAllocationDeleted(phone, nil, "UDP", username, Realm)
	if _, ok := k.authenticate(username, Realm, phone); ok || len(k.open) > 0 || len(k.users) > 0 {
		t.Errorf("closed, and may be opened again; left %v %v", k.open, k.users)
	}
}

func TestQuota(t *testing.T) {
	s := start(t, nil)
	for range perUser {
		allocate(t, s, 1, false)
	}
	turn := s.Servers(1, "")[1]
	if _, err := client(t, s, turn.Username, turn.Credential, false).Allocate(); err == nil {
		t.Errorf("more than %d relays of one user", perUser)
	}
	allocate(t, s, 2, false)
	if n := s.Count(); n != perUser+1 {
		t.Errorf("%d relays are counted, want %d", n, perUser+1)
	}
}

func TestWhomARelayMayReach(t *testing.T) {
	own := netip.MustParseAddr("192.168.0.5")
	closed, open := newRules(own, false, 100, 200), newRules(own, true, 100, 200)
	for peer, want := range map[string][2]bool{ // without and with LAN
		"203.0.113.9": {true, true}, "2001:db8::1": {true, true}, "192.168.0.5": {true, true},
		"192.168.0.6": {false, true}, "10.0.0.1": {false, true}, "172.16.9.9": {false, true}, "fd00::1": {false, true},
		"100.64.0.1": {false, true}, "::ffff:10.0.0.1": {false, true},
		"127.0.0.1": {false, false}, "::1": {false, false}, "169.254.169.254": {false, false}, "fe80::1": {false, false},
		"0.0.0.0": {false, false}, "0.1.2.3": {false, false}, "::": {false, false}, "224.0.0.1": {false, false}, "255.255.255.255": {false, false},
		"::ffff:127.0.0.1": {false, false}, "64:ff9b::7f00:1": {false, false}, "2002:7f00:1::": {false, false},
	} {
		if got := [2]bool{closed.mayReach(net.ParseIP(peer)), open.mayReach(net.ParseIP(peer))}; got != want {
			t.Errorf("%s: %v, want %v", peer, got, want)
		}
	}
	if closed.mayReachPort(&net.UDPAddr{IP: own.AsSlice(), Port: 53}) || !closed.mayReachPort(&net.UDPAddr{IP: own.AsSlice(), Port: 150}) {
		t.Error("of its own machine, a relay may reach relays alone")
	}
}

// TestNothingElseOfTheMachine: what listens next to the relays hears nothing.
func TestNothingElseOfTheMachine(t *testing.T) {
	s := start(t, nil)
	secret, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = secret.Close() }()
	conn := allocate(t, s, 1, false)
	if _, err := conn.WriteTo([]byte("knock"), secret.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	other := allocate(t, s, 2, false) // what it gets, it gets after the knock
	if _, err := other.WriteTo([]byte("hole"), conn.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.WriteTo([]byte("there"), other.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 100)
	_ = other.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, _, err := other.ReadFrom(buffer); err != nil {
		t.Fatal(err)
	}
	_ = secret.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, _, err := secret.ReadFrom(buffer); err == nil {
		t.Errorf("a service of the machine heard %q", buffer[:n])
	}
	private, err := net.ResolveUDPAddr("udp", "10.1.2.3:9")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.WriteTo([]byte("knock"), private); err == nil {
		t.Error("a permission for a private address was given")
	}
}

func TestRelayIsBoundedInBandwidth(t *testing.T) {
	r := &relays{newRules(netip.MustParseAddr("127.0.0.1"), false, 21000, 21999)}
	a, _, err := r.AllocatePacketConn("udp4", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	out := a.(*relay).out
	packet := make([]byte, 1200)
	to := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 21000}
	for range 2 * bytesBurst / len(packet) {
		if _, err := a.WriteTo(packet, to); err != nil {
			t.Fatal(err)
		}
	}
	if left := out.TokensAt(time.Now()); left > bytesBurst/2 {
		t.Errorf("%v bytes are left after twice the burst", left)
	}
}

func TestStartSaysWhatIsWrong(t *testing.T) {
	s := start(t, nil)
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	for name, o := range map[string]Options{
		"taken":   {Listen: s.Public().String(), From: 1000, To: 2000, Log: log},
		"no port": {Listen: "127.0.0.1", From: 1000, To: 2000, Log: log},
		"ports":   {Listen: "127.0.0.1:0", From: 2000, To: 1000, Log: log},
	} {
		if other, err := Start(t.Context(), o); err == nil {
			t.Errorf("%s: started", name)
			_ = other.Close()
		} else if !strings.HasPrefix(err.Error(), "turn: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
