package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/ipv4"
)

const (
	// maxDatagram keeps a datagram in one Ethernet frame, with room for tunnels:
	// what is fragmented is lost as soon as one part is.
	maxDatagram = 1400
	// readSize is more than that, so that what is too long is seen to be.
	readSize = 2048
	// socketBuffer is asked for in both directions: a burst of 3,000 datagrams.
	socketBuffer = 4 << 20
	// retryRead is between two attempts on a socket that fails.
	retryRead = 50 * time.Millisecond
)

// udpAddress is what udp://ADDR:PORT?interface=NAME says.
type udpAddress struct {
	to            netip.AddrPort
	interfaceName string
}

func parseUDP(address string) (a udpAddress, err error) {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || strings.Trim(u.Path, "/") != "" {
		return a, errors.New("want udp://ADDRESS:PORT, such as udp://192.168.0.255:3000")
	}
	for key := range u.Query() {
		if key != "interface" {
			return a, fmt.Errorf("udp: unknown parameter %q: want interface", key)
		}
	}
	a.interfaceName = u.Query().Get("interface")
	a.to, err = netip.ParseAddrPort(u.Host)
	switch {
	case err != nil || a.to.Port() == 0:
		return a, fmt.Errorf("udp: %q: want ADDRESS:PORT, such as 192.168.0.255:3000 (broadcast) or 239.77.3.1:3000 (multicast)", u.Host)
	case !a.to.Addr().Is4():
		return a, fmt.Errorf("udp: %s: want an IPv4 broadcast or multicast address", a.to.Addr())
	case a.to.Addr().IsUnspecified():
		return a, fmt.Errorf("udp: %s reaches nobody: want a broadcast or multicast address", a.to.Addr())
	}
	return a, nil
}

// udp is the bus of a LAN: every datagram goes to everybody.
type udp struct {
	conn    *ipv4.PacketConn
	to      *net.UDPAddr
	control *ipv4.ControlMessage // by which interface; nil: the routes decide
	done    chan struct{}
	tasks   sync.WaitGroup
}

func openUDP(ctx context.Context, o Options) (carrier, error) {
	a, err := parseUDP(o.Address)
	if err != nil {
		return nil, err
	}
	binder := net.ListenConfig{Control: share}
	bound, err := binder.ListenPacket(ctx, "udp4", fmt.Sprintf(":%d", a.to.Port()))
	if err != nil {
		return nil, err
	}
	u := &udp{conn: ipv4.NewPacketConn(bound), to: net.UDPAddrFromAddrPort(a.to), done: make(chan struct{})}
	if socket, ok := bound.(*net.UDPConn); ok {
		// Less than asked for is what the kernel allows, and no fault.
		_, _ = socket.SetReadBuffer(socketBuffer), socket.SetWriteBuffer(socketBuffer)
	}
	if err := u.route(a); err != nil {
		return nil, errors.Join(err, bound.Close())
	}
	return u, nil
}

// route joins a multicast group and chooses the interface.
func (u *udp) route(a udpAddress) error {
	var by *net.Interface
	if a.interfaceName != "" {
		var err error
		if by, err = net.InterfaceByName(a.interfaceName); err != nil {
			return fmt.Errorf("interface %q: %w", a.interfaceName, err)
		}
	}
	if a.to.Addr().IsMulticast() {
		if err := u.conn.JoinGroup(by, &net.UDPAddr{IP: u.to.IP}); err != nil {
			return fmt.Errorf("join %s: %w", u.to.IP, err)
		}
		if by != nil {
			if err := u.conn.SetMulticastInterface(by); err != nil {
				return fmt.Errorf("interface %q: %w", by.Name, err)
			}
		}
		// Nodes of one machine hear each other too.
		return u.conn.SetMulticastLoopback(true)
	}
	if by != nil {
		if runtime.GOOS == "windows" {
			return errors.New("interface: on Windows with a multicast address alone; give the broadcast address of the network")
		}
		u.control = &ipv4.ControlMessage{IfIndex: by.Index}
	}
	return nil
}

func (u *udp) carry(_ []string, datagram []byte) error {
	_, err := u.conn.WriteTo(datagram, u.control, u.to)
	return err
}

func (u *udp) want(string, bool) error { return nil }

func (u *udp) limit() int { return maxDatagram }

func (u *udp) lossy() bool { return true }

// run reads until the socket is closed. Any other fault is survived: an
// interface that is down comes up again.
func (u *udp) run(receive func([]byte), _ func()) {
	u.tasks.Go(func() {
		b := make([]byte, readSize)
		for {
			n, _, _, err := u.conn.ReadFrom(b)
			switch {
			case errors.Is(err, net.ErrClosed):
				return
			case err != nil:
				select {
				case <-time.After(retryRead):
				case <-u.done:
					return
				}
			default:
				receive(b[:n])
			}
		}
	})
}

func (u *udp) close() error {
	close(u.done)
	err := u.conn.Close()
	u.tasks.Wait()
	return err
}
