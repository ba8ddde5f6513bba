package service

import (
	"context"
	"sync"
	"time"

	"hongyan/model"
	"hongyan/service/db"

	"xorm.io/xorm"
)

// How waiters learn what happened on another node without a bus: all nodes look
// into the table of wake-ups this often while somebody waits. Ids are given
// before the commit, so a look goes back to what was new wakeOverlap ago: a
// transaction that takes longer is found by the waiter's own last look.
const (
	wakeEvery   = 500 * time.Millisecond
	wakeOverlap = 5 * time.Second
	wakeLife    = time.Minute // then a row is removed
)

// Hinter carries a topic to the other nodes at once, or loses it.
type Hinter interface {
	Wake(topic string)
}

// Wakes lets requests wait for something that may happen on any node. What
// happened is in the database, under a topic's own table; a wake-up only says
// that it is time to look. All methods are safe for concurrent use.
type Wakes struct {
	// Joined, if set before the first, hears of each waiter. It must not block.
	Joined func()

	db   *db.DB
	hint Hinter // nil: there is none
	now  Clock

	busy     chan struct{} // has an element when the first waiter comes
	draining chan struct{}

	mu      sync.Mutex // guards what follows; nothing waits while it is held
	topics  map[string][]*Waiter
	waiting int
	drained bool
}

// Waiter is one request that waits for a topic. C has an element if there is
// reason to look again.
type Waiter struct {
	C     <-chan struct{}
	ring  chan struct{}
	topic string
	wakes *Wakes
}

// NewWakes makes a Wakes; Run must run for wake-ups of other nodes to be found.
func NewWakes(d *db.DB, hint Hinter, now Clock) *Wakes {
	return &Wakes{db: d, hint: hint, now: now, busy: make(chan struct{}, 1), draining: make(chan struct{}), topics: map[string][]*Waiter{}}
}

// Join makes a waiter: what is woken from now on reaches it, so the caller
// looks once after it. Leave must be called.
func (w *Wakes) Join(topic string) *Waiter {
	ring := make(chan struct{}, 1)
	waiter := &Waiter{C: ring, ring: ring, topic: topic, wakes: w}
	w.mu.Lock()
	w.topics[topic] = append(w.topics[topic], waiter)
	w.waiting++
	first := w.waiting == 1
	w.mu.Unlock()
	if w.Joined != nil {
		w.Joined()
	}
	if first {
		select {
		case w.busy <- struct{}{}:
		default:
		}
	}
	return waiter
}

// Leave ends the waiting; it is to be called once.
func (v *Waiter) Leave() {
	w := v.wakes
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting--
	list := w.topics[v.topic]
	for i, other := range list {
		if other == v {
			list[i] = list[len(list)-1]
			list[len(list)-1] = nil
			list = list[:len(list)-1]
			break
		}
	}
	if len(list) == 0 {
		delete(w.topics, v.topic)
		return
	}
	w.topics[v.topic] = list
}

// Waiting gives the number of waiters on this node.
func (w *Wakes) Waiting() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.waiting
}

// Ring wakes the waiters of a topic on this node: what a bus calls for a hint.
func (w *Wakes) Ring(topic string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, waiter := range w.topics[topic] {
		select {
		case waiter.ring <- struct{}{}:
		default: // it has not looked since the last one
		}
	}
}

// note records a wake-up in the transaction that gives the reason for it.
func (w *Wakes) note(s *xorm.Session, topic string) error {
	_, err := s.Insert(&model.Wakeup{Topic: topic, CreateAt: w.now.millis()})
	return err
}

// wake wakes the waiters of a topic on all nodes, after the commit.
func (w *Wakes) wake(topic string) {
	w.Ring(topic)
	if w.hint != nil {
		w.hint.Wake(topic)
	}
}

// Drain ends all waiting, now and from now on: Draining is closed.
func (w *Wakes) Drain() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.drained {
		w.drained = true
		close(w.draining)
	}
}

// Draining is closed once this node wants nobody to wait here.
func (w *Wakes) Draining() <-chan struct{} { return w.draining }

// Run looks for the wake-ups of other nodes while somebody waits, and removes
// old ones, until ctx ends.
func (w *Wakes) Run(ctx context.Context) {
	look := time.NewTicker(wakeEvery)
	defer look.Stop()
	sweep := time.NewTicker(wakeLife)
	defer sweep.Stop()
	var seen horizon
	for {
		if w.Waiting() == 0 {
			look.Stop()
			select {
			case <-w.busy:
				look.Reset(wakeEvery)
			case <-sweep.C:
				_ = w.sweep(ctx) // the next one makes up for it
			case <-ctx.Done():
				return
			}
			continue
		}
		select {
		case <-look.C:
			_ = w.poll(ctx, &seen) // the next look finds what this one did not
		case <-sweep.C:
			_ = w.sweep(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// poll rings the topics of all wake-ups beyond the horizon.
func (w *Wakes) poll(ctx context.Context, seen *horizon) error {
	var rows []model.Wakeup
	now := w.now()
	err := w.db.View(ctx, func(s *xorm.Session) error {
		return s.Where("id > ?", seen.floor(now)).Asc("id").Find(&rows)
	})
	if err != nil {
		return err
	}
	for i := range rows {
		w.Ring(rows[i].Topic)
	}
	if len(rows) > 0 {
		seen.reached(rows[len(rows)-1].ID, now)
	}
	return nil
}

func (w *Wakes) sweep(ctx context.Context) error {
	return w.db.Tx(ctx, func(s *xorm.Session) error {
		_, err := s.Exec("DELETE FROM wakeup WHERE createat < ?", w.now().Add(-wakeLife).UnixMilli())
		return err
	})
}

// horizon remembers how far the looks of the last wakeOverlap had reached.
type horizon struct {
	below int64 // reached longer than wakeOverlap ago
	marks []mark
}

type mark struct {
	id int64
	at time.Time
}

// floor is the id up to which no new row can appear.
func (h *horizon) floor(now time.Time) int64 {
	for len(h.marks) > 0 && now.Sub(h.marks[0].at) >= wakeOverlap {
		h.below = h.marks[0].id
		h.marks = h.marks[1:]
	}
	return h.below
}

func (h *horizon) reached(id int64, now time.Time) {
	if n := len(h.marks); n > 0 && h.marks[n-1].id == id {
		return
	}
	h.marks = append(h.marks, mark{id, now})
}

// every calls fn once an interval until ctx ends.
func every(ctx context.Context, interval time.Duration, fn func()) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			fn()
		case <-ctx.Done():
			return
		}
	}
}
