//go:build unix

package hub

import (
	"errors"
	"syscall"
)

// canTry: a socket here can be written without waiting for it.
const canTry = true

// attempt is one write that does not wait. It is kept by a writer, so that
// trying allocates nothing.
type attempt struct {
	data    []byte
	written int
	err     error
	once    func(fd uintptr) bool
}

// try writes what the socket takes at once. blocked means that it takes no more
// for now.
func (a *attempt) try(p *Pipe, data []byte) (written int, blocked bool, err error) {
	if p.raw == nil {
		return 0, true, nil
	}
	if a.once == nil {
		a.once = a.write
	}
	a.data, a.written, a.err = data, 0, nil
	err = p.raw.Write(a.once)
	a.data = nil
	if err == nil {
		err = a.err
	}
	if errors.Is(err, syscall.EAGAIN) {
		return 0, true, nil
	}
	return a.written, err == nil && a.written < len(data), err
}

func (a *attempt) write(fd uintptr) bool {
	for {
		n, err := writeNow(fd, a.data)
		if err == syscall.EINTR { //nolint:errorlint // the system call's own number
			continue
		}
		a.written, a.err = max(n, 0), err
		return true
	}
}

// probe is one read that does not wait. It is kept with the buffer, so that
// trying allocates nothing.
type probe struct {
	data []byte
	got  int
	err  error
	once func(fd uintptr) bool
}

// try reads what is there. blocked means that nothing is; nothing read without
// that is the end.
func (r *probe) try(p *Pipe, data []byte) (got int, blocked bool, err error) {
	if r.once == nil {
		r.once = r.read
	}
	r.data, r.got, r.err = data, 0, nil
	err = p.raw.Read(r.once)
	r.data = nil
	if err == nil {
		err = r.err
	}
	if errors.Is(err, syscall.EAGAIN) {
		return 0, true, nil
	}
	return r.got, false, err
}

func (r *probe) read(fd uintptr) bool {
	for {
		n, err := syscall.Read(int(fd), r.data)
		if err == syscall.EINTR { //nolint:errorlint // the system call's own number
			continue
		}
		r.got, r.err = max(n, 0), err
		return true
	}
}
