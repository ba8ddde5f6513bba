package hub

import "sync"

// interest tells the bus for whom there is somebody here. It does so in a
// goroutine of its own, so that a socket that opens does not wait for the bus;
// what is said until the others know of it is found in the store.
type interest struct {
	bus Bus

	mu     sync.Mutex // guards the following
	dirty  map[wish]*index
	wake   chan struct{}
	closed bool
	done   chan struct{}
}

// wish is a topic by its parts.
type wish struct {
	kind byte
	id   int64
}

func newInterest(b Bus) *interest {
	i := &interest{bus: b, dirty: make(map[wish]*index), wake: make(chan struct{}, 1), done: make(chan struct{})}
	go i.run()
	return i
}

// mark notes that a key of an index has got its first node or lost its last
// one. It is called under the index's lock.
func (i *interest) mark(kind byte, id int64, of *index) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return
	}
	i.dirty[wish{kind, id}] = of
	select {
	case i.wake <- struct{}{}:
	default:
	}
}

func (i *interest) run() {
	defer close(i.done)
	for range i.wake {
		i.mu.Lock()
		list := i.dirty
		i.dirty = make(map[wish]*index)
		i.mu.Unlock()
		for w, of := range list {
			i.bus.Want(topic(w.kind, w.id), of.count(w.id) > 0)
		}
	}
}

// stop ends the goroutine.
func (i *interest) stop() {
	i.mu.Lock()
	if !i.closed {
		i.closed = true
		close(i.wake)
	}
	i.mu.Unlock()
	<-i.done
}
