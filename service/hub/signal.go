package hub

import (
	"sync"
	"sync/atomic"
)

// signal is something that happens once and may be waited for. The channel is
// made for who waits: most sockets have nobody who does.
type signal struct {
	fired atomic.Bool
	mu    sync.Mutex // guards the following
	ch    chan struct{}
}

// fire lets go who waits; true for the first call.
func (s *signal) fire() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fired.Swap(true) {
		return false
	}
	if s.ch != nil {
		close(s.ch)
	}
	return true
}

// wait gives what is closed when it has fired.
func (s *signal) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
		if s.fired.Load() {
			close(s.ch)
		}
	}
	return s.ch
}
