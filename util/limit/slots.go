package limit

import "sync"

// Slots bounds how many things go on at a time: in all, and for each key. A nil
// Slots bounds nothing. All methods are safe for concurrent use.
type Slots struct {
	all, each int

	mu    sync.Mutex // guards what follows
	taken int
	keys  map[string]int
}

// NewSlots makes Slots of which there are that many in all and for each key.
func NewSlots(all, each int) *Slots {
	return &Slots{all: all, each: each, keys: map[string]int{}}
}

// Take takes a slot; release, to be called once, gives it back. ok is false if
// there is none left.
func (s *Slots) Take(key string) (release func(), ok bool) {
	if s == nil {
		return func() {}, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken >= s.all || s.keys[key] >= s.each {
		return nil, false
	}
	s.taken++
	s.keys[key]++
	return func() { s.release(key) }, true
}

func (s *Slots) release(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken--
	if s.keys[key]--; s.keys[key] == 0 {
		delete(s.keys, key)
	}
}

// Taken gives the number of slots that are taken, and of keys that have some.
func (s *Slots) Taken() (slots, keys int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken, len(s.keys)
}
