package poll

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
)

const (
	// edge is EPOLLET, whose constant in package syscall is negative. A socket
	// is reported when something arrives, not as long as something is there:
	// nothing has to be armed again after each report.
	edge = 1 << 31
	// batch is how many reports are fetched with one system call.
	batch = 128
)

// Poller waits for many sockets at once. Its own descriptor waits in the
// poller of the Go runtime, so that no thread is held while nothing happens.
// Add and Close are safe for concurrent use.
type Poller struct {
	file   *os.File
	raw    syscall.RawConn
	closed atomic.Bool
}

// New makes a Poller. It has to be closed.
func New() (*Poller, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("poll: %w", err)
	}
	// os.NewFile hands to the runtime's poller what does not block.
	if err := syscall.SetNonblock(fd, true); err != nil {
		return nil, errors.Join(fmt.Errorf("poll: %w", err), syscall.Close(fd))
	}
	file := os.NewFile(uintptr(fd), "epoll")
	raw, err := file.SyscallConn()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("poll: %w", err), file.Close())
	}
	return &Poller{file: file, raw: raw}, nil
}

// Add has Run report token whenever something arrives at a socket, its end and
// its breaking included, and once at the beginning if something is there. Who
// gets a report must read until nothing is left, which less than there was room
// for shows as well as an attempt in vain, but of a socket that has Ended: what
// stays is not reported again. A socket that is closed is forgotten by the system; a report that was
// under way may still come.
func (p *Poller) Add(socket syscall.RawConn, token uint64) error {
	var failed error
	err := socket.Control(func(fd uintptr) {
		event := syscall.EpollEvent{
			Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | edge,
			Fd:     int32(uint32(token)), Pad: int32(uint32(token >> 32)), // #nosec G115 -- the halves of the token
		}
		control := p.raw.Control(func(own uintptr) {
			failed = syscall.EpollCtl(int(own), syscall.EPOLL_CTL_ADD, int(fd), &event)
		})
		failed = errors.Join(failed, control)
	})
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("poll: %w", err)
	}
	return nil
}

// Run reports until Close, in one goroutine; ready must not block and not keep
// the slice. The error is nil after Close.
func (p *Poller) Run(ready func(reports []Report)) error {
	var events [batch]syscall.EpollEvent
	var reports [batch]Report
	var failed error
	n := 0
	fetch := func(fd uintptr) (done bool) {
		n, failed = syscall.EpollWait(int(fd), events[:], 0)
		if failed == syscall.EINTR {
			n, failed = 0, nil
			return true
		}
		return n != 0 || failed != nil
	}
	for {
		if err := errors.Join(p.raw.Read(fetch), failed); p.closed.Load() {
			return nil
		} else if err != nil {
			return fmt.Errorf("poll: %w", err)
		}
		for i := range n {
			reports[i] = Report{
				Token: uint64(uint32(events[i].Fd)) | uint64(uint32(events[i].Pad))<<32, // #nosec G115 -- as they were put in
				Ended: events[i].Events&(syscall.EPOLLRDHUP|syscall.EPOLLHUP|syscall.EPOLLERR) != 0,
			}
		}
		ready(reports[:n])
	}
}

// Close ends Run. The sockets stay as they are.
func (p *Poller) Close() error {
	p.closed.Store(true)
	return p.file.Close()
}
