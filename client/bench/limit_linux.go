package bench

import (
	"bufio"
	"context"
	"crypto/sha1" //nolint:gosec // RFC 6455 wants it; it guards nothing
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// limit is what no server can go below as long as it writes to each socket: one
// thread over epoll that copies a text behind a head built once and writes it to
// one socket after the other. It keeps, checks and queues nothing, unless it is
// to store.
type limit struct {
	epoll    int
	coalesce bool // join what one read brought into one write for each socket
	rows     Rows // where what goes to one client is stored first; nil: nowhere

	mu     sync.Mutex // guards the following
	conns  map[int32]*limited
	byID   map[int]int
	order  []int // sockets as they came
	joined []byte
	ledger ledger
}

// limited is one connection of the limit.
type limited struct {
	fd, id int
	rest   []byte
}

// serveLimit runs the limit on a listener until ctx ends.
func serveLimit(ctx context.Context, ln net.Listener, l *limit) error {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	l.epoll, l.conns, l.byID = epoll, map[int32]*limited{}, map[int]int{}
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() { l.serve(ctx) })
	for {
		c, err := ln.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		all.Go(func() {
			if err := l.join(c); err != nil {
				_ = c.Close() // a client that did not mean it
			}
		})
	}
}

// acceptHeader answers the key of an upgrade.
func acceptHeader(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // as above
	return base64.StdEncoding.EncodeToString(sum[:])
}

// join upgrades a connection and takes its descriptor over from the runtime.
func (l *limit) join(c net.Conn) error {
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	r, err := http.ReadRequest(bufio.NewReaderSize(c, 1024))
	if err != nil {
		return err
	}
	id, err := strconv.Atoi(r.URL.Query().Get("id"))
	if err != nil {
		return err
	}
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return errors.New("not TCP")
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return err
	}
	fd, fault := -1, error(nil)
	err = raw.Control(func(own uintptr) { fd, fault = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0) })
	if err = errors.Join(err, fault); err != nil {
		return err
	}
	// Whoever has heard that it is connected may be written to: nothing goes to
	// the socket before the answer, and what is sent right after it is not lost.
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: "+acceptHeader(r.Header.Get("Sec-WebSocket-Key"))+"\r\n\r\n"); err != nil {
		return errors.Join(err, unix.Close(fd))
	}
	l.conns[int32(fd)] = &limited{fd: fd, id: id}
	l.byID[id] = fd
	l.order = append(l.order, fd)
	return errors.Join(c.Close(), unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}))
}

func (l *limit) serve(ctx context.Context) {
	buffer := make([]byte, 64<<10)
	var events [256]unix.EpollEvent
	for ctx.Err() == nil {
		n, err := unix.EpollWait(l.epoll, events[:], 200)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
		l.mu.Lock()
		for i := range max(n, 0) {
			if c := l.conns[events[i].Fd]; c != nil && !l.read(c, buffer) {
				l.leave(c)
			}
		}
		if l.rows != nil && l.settle() != nil {
			l.mu.Unlock()
			return // nobody hears any more, which is what it is then
		}
		l.mu.Unlock()
	}
}

// read handles what a socket brought; false: it has ended.
func (l *limit) read(c *limited, buffer []byte) bool {
	kept := copy(buffer, c.rest)
	n, errno := rawRead(c.fd, buffer[kept:])
	if errno == unix.EAGAIN || errno == unix.EINTR {
		return true
	}
	if errno != 0 || n <= 0 {
		return false
	}
	b := buffer[:kept+n]
	l.joined = l.joined[:0]
	for {
		f, err := parseFrame(b)
		if err != nil || f.size > 0 && f.op == opClose {
			return false
		}
		if f.size == 0 {
			break
		}
		b = b[f.size:]
		if f.op == opText && len(f.payload) > 1 {
			l.message(c, f.payload)
		}
	}
	if len(l.joined) > 0 {
		l.all(l.joined)
	}
	c.rest = append(c.rest[:0], b...)
	return true
}

func (l *limit) message(c *limited, text []byte) {
	switch {
	case text[0] == 'g':
		l.joined = appendServerFrame(l.joined, text[1:])
		if !l.coalesce {
			l.all(l.joined)
			l.joined = l.joined[:0]
		}
	case text[0] == 'd' && len(text) > 1+fromDigits:
		to := int(unhex(text[1 : 1+fromDigits]))
		fd, ok := l.byID[to]
		switch {
		case !ok:
		case l.rows != nil:
			l.ledger.add(c, to, fd, text[1+fromDigits:])
		default:
			put(fd, appendServerFrame(nil, text[1+fromDigits:]))
		}
	}
}

func (l *limit) all(b []byte) {
	for _, fd := range l.order {
		put(fd, b)
	}
}

// put writes all of b, waiting for the socket where it must.
func put(fd int, b []byte) {
	const patience = 1000 // turns of 10 ms
	for range patience {
		n, errno := rawWrite(fd, b)
		switch {
		case errno == unix.EAGAIN:
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, 10) // then it is tried again
		case errno != 0 || n >= len(b):
			return
		default:
			b = b[n:]
		}
	}
}

func (l *limit) leave(c *limited) {
	delete(l.conns, int32(c.fd))
	if l.byID[c.id] == c.fd {
		delete(l.byID, c.id)
	}
	if i := slices.Index(l.order, c.fd); i >= 0 {
		l.order = slices.Delete(l.order, i, i+1)
	}
	_ = unix.Close(c.fd) // it has ended
}
