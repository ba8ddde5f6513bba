package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// dialTime bounds a connect and a handshake, in seconds: a storm makes a line.
const dialTime = 60

// newLoop makes the loop of this system: sockets of its own over epoll. TLS
// needs the portable one.
func newLoop(r *receiver, tls bool) (loop, error) {
	if tls {
		return newPortable(r), nil
	}
	return newPoller(r)
}

// poller is a loop over epoll with non-blocking sockets.
type poller struct {
	receiver *receiver
	epoll    int
	timer    int
	tick     func()
	sources  atomic.Uint32 // turns through the loopback addresses
	conns    map[int32]*wire
	events   [512]unix.EpollEvent
	buffer   []byte
	scratch  []byte
	frames   uint64
	reads    uint64
}

// wire is a connection of a poller.
type wire struct {
	*conn
	poller  *poller
	fd      int
	out     []byte // what the socket did not take
	frozen  bool
	waiting bool // for the socket to take more
}

func newPoller(r *receiver) (*poller, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	timer, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, errors.Join(err, unix.Close(epoll))
	}
	p := &poller{receiver: r, epoll: epoll, timer: timer, conns: map[int32]*wire{}, buffer: make([]byte, 256<<10)}
	if err := p.watch(unix.EPOLL_CTL_ADD, timer, unix.EPOLLIN); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *poller) watch(how, fd int, events uint32) error {
	return unix.EpollCtl(p.epoll, how, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

// dial connects with a blocking socket, which becomes non-blocking in add.
func (p *poller) dial(ctx context.Context, to endpoint, index int) (*conn, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	address, err := resolve(to.address)
	if err != nil {
		return nil, err
	}
	fd, err := p.socket(address, to)
	if err != nil {
		return nil, err
	}
	c := &conn{index: index}
	c.link = &wire{conn: c, poller: p, fd: fd}
	if c.rest, err = shake(fd, to); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return c, nil
}

func resolve(address string) (netip.AddrPort, error) {
	tcp, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	a := tcp.AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), nil
}

// loopbacks is how many source addresses are used towards 127.0.0.1: each has
// about 28,000 ports of its own.
const loopbacks = 8

func (p *poller) socket(to netip.AddrPort, e endpoint) (fd int, err error) {
	family, remote := unix.AF_INET, unix.Sockaddr(nil)
	if to.Addr().Is4() {
		remote = &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}
	} else {
		family, remote = unix.AF_INET6, &unix.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()}
	}
	if fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, unix.Close(fd))
		}
	}()
	if e.buffer > 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, e.buffer); err != nil {
			return -1, err
		}
	}
	if to.Addr().Is4() && to.Addr().IsLoopback() {
		source := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, byte(2 + p.sources.Add(1)%loopbacks)}}
		if err := errors.Join(unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1), unix.Bind(fd, source)); err != nil {
			return -1, err
		}
	}
	patience := unix.Timeval{Sec: dialTime}
	err = errors.Join(
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &patience),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &patience),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
	)
	if err != nil {
		return -1, err
	}
	for err = unix.EINTR; errors.Is(err, unix.EINTR); {
		err = unix.Connect(fd, remote)
	}
	if err != nil && !errors.Is(err, unix.EISCONN) {
		return -1, fmt.Errorf("connect to %s: %w", to, err)
	}
	return fd, nil
}

// shake does the handshake on a blocking socket.
func shake(fd int, to endpoint) ([]byte, error) {
	for request := to.upgrade(); len(request) > 0; {
		n, err := unix.Write(fd, request)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, err
		}
		request = request[n:]
	}
	return upgraded(func(b []byte) (int, error) {
		for {
			n, err := unix.Read(fd, b)
			switch {
			case errors.Is(err, unix.EINTR):
			case err != nil:
				return 0, err
			case n <= 0:
				return 0, errGone
			default:
				return n, nil
			}
		}
	})
}

func (p *poller) add(c *conn) error {
	w := c.link.(*wire)
	if err := unix.SetNonblock(w.fd, true); err != nil {
		return err
	}
	p.conns[int32(w.fd)] = w
	if len(c.rest) > 0 {
		p.take(w, c.rest)
	}
	if c.closed {
		return nil
	}
	return p.watch(unix.EPOLL_CTL_ADD, w.fd, unix.EPOLLIN)
}

func (p *poller) every(interval time.Duration, tick func()) error {
	p.tick = tick
	at := unix.NsecToTimespec(int64(interval))
	return unix.TimerfdSettime(p.timer, 0, &unix.ItimerSpec{Interval: at, Value: at}, nil)
}

func (p *poller) counts() (frames, reads uint64) { return p.frames, p.reads }

func (p *poller) run(until time.Time, stop func() bool) error {
	runtime.LockOSThread() // one thread, whose processor time is the generator's
	defer runtime.UnlockOSThread()
	const longest = 20 * time.Millisecond // between two looks at stop
	for {
		left := time.Until(until)
		if left <= 0 || stop != nil && stop() {
			return nil
		}
		wait := int(min(left, longest)/time.Millisecond) + 1
		n, err := unix.EpollWait(p.epoll, p.events[:], wait)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		for i := range max(n, 0) {
			p.handle(&p.events[i])
		}
	}
}

func (p *poller) handle(event *unix.EpollEvent) {
	if int(event.Fd) == p.timer {
		var expirations [8]byte
		if _, err := unix.Read(p.timer, expirations[:]); err == nil && p.tick != nil {
			p.tick()
		}
		return
	}
	w := p.conns[event.Fd]
	if w == nil {
		return
	}
	if event.Events&unix.EPOLLOUT != 0 {
		p.flush(w)
	}
	if event.Events&^uint32(unix.EPOLLOUT) != 0 && !w.closed {
		p.read(w)
	}
}

func (p *poller) read(w *wire) {
	kept := copy(p.buffer, w.rest)
	n, errno := rawRead(w.fd, p.buffer[kept:])
	p.reads++
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return
	case errno != 0:
		p.drop(w, errno)
		return
	case n <= 0:
		p.drop(w, errGone)
		return
	}
	p.take(w, p.buffer[:kept+n])
}

// take hands on the frames of b and keeps what is left of it.
func (p *poller) take(w *wire, b []byte) {
	rest, frames, err := w.feed(p.receiver, b)
	p.frames += frames
	if err != nil {
		p.drop(w, err)
		return
	}
	if len(rest) == len(p.buffer) { // a frame that does not fit
		p.buffer = make([]byte, min(2*len(p.buffer), 2*maxFrame))
	}
	w.rest = append(w.rest[:0], rest...)
	if len(rest) == 0 {
		w.rest = nil // most have nothing; together they would be much
	}
}

// drop ends a connection that ended by itself.
func (p *poller) drop(w *wire, why error) {
	if w.closed {
		return
	}
	w.why = why
	w.close()
	p.receiver.gone(w.conn)
}

func (p *poller) flush(w *wire) {
	n, errno := rawWrite(w.fd, w.out)
	switch {
	case errno == unix.EAGAIN:
		return
	case errno != 0:
		p.drop(w, errno)
		return
	}
	w.out = append(w.out[:0], w.out[n:]...)
	if len(w.out) == 0 {
		w.want(false)
	}
}

// write sends a frame at once where the socket takes it.
func (w *wire) write(op byte, payload []byte) error {
	if w.closed {
		return errGone
	}
	if len(w.out) > 0 {
		w.out = appendFrame(w.out, op, payload)
		return nil
	}
	p := w.poller
	p.scratch = appendFrame(p.scratch[:0], op, payload)
	n, errno := rawWrite(w.fd, p.scratch)
	if errno != 0 && errno != unix.EAGAIN {
		return errno
	}
	if n = max(n, 0); n < len(p.scratch) {
		w.out = append(w.out, p.scratch[n:]...)
		w.want(true)
	}
	return nil
}

// want asks to be told when the socket takes more, or no longer.
func (w *wire) want(more bool) {
	if w.waiting != more {
		w.waiting = more
		_ = w.arm() // of an open socket it cannot fail
	}
}

func (w *wire) arm() error {
	var events uint32
	if !w.frozen {
		events |= unix.EPOLLIN
	}
	if w.waiting {
		events |= unix.EPOLLOUT
	}
	return w.poller.watch(unix.EPOLL_CTL_MOD, w.fd, events)
}

func (w *wire) freeze() error {
	w.frozen = true
	return w.arm()
}

func (w *wire) close() {
	if !w.closed {
		w.closed = true
		delete(w.poller.conns, int32(w.fd))
		_ = unix.Close(w.fd) // nothing is lost with it
		w.rest, w.text, w.out = nil, nil, nil
	}
}

func (p *poller) close() {
	for _, w := range p.conns {
		w.close()
	}
	_ = unix.Close(p.timer) // both are memory alone
	_ = unix.Close(p.epoll)
}

// rawRead and rawWrite do not tell the scheduler of a system call that does not
// wait: at a million frames a second that is worth it.
func rawRead(fd int, b []byte) (int, syscall.Errno) {
	//nolint:gosec // a slice that outlives the call, as the syscall package passes it
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return int(n), errno
}

func rawWrite(fd int, b []byte) (int, syscall.Errno) {
	//nolint:gosec // as above
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return int(n), errno
}
