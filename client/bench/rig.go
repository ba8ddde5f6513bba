package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// target is a server under test.
type target struct {
	name    string
	base    string   // of its API: http://host:port; empty if it has none
	bases   []string // of each node, where there are several
	speaker speaker
	pids    pids
	// metrics reads what the server says of itself; nil if it says nothing.
	metrics   func(ctx context.Context) (map[string]float64, error)
	internals []string // addresses where each node does, of several
	// alive tells why the server is not there any more.
	alive func() error
	stop  func()
}

// rig is one generator: clients of one server on one loop. Its methods are for
// one goroutine.
type rig struct {
	target *target
	loop   loop
	began  time.Time
	conns  []*conn

	dialled []time.Duration // when client i began to connect
	greeted []time.Duration // when it was told that it is attached; zero: not yet
	hellos  int

	delivered, acked uint64
	gone             int
	faults           map[string]int

	onDeliver func(c *conn, b body)
	onAck     func(c *conn)
	onGreet   func(i int) // must not block
	scratch   []byte
	content   []byte
}

func newRig(t *target) (*rig, error) {
	r := &rig{target: t, began: time.Now(), faults: map[string]int{}}
	own := &receiver{message: r.message, gone: r.lost}
	var err error
	r.loop, err = newLoop(own, t.speaker.endpoint(0).tls)
	return r, err
}

func (r *rig) close() { r.loop.close() }

// now is the time since the rig began, as messages carry it.
func (r *rig) now() time.Duration { return time.Since(r.began) }

func (r *rig) message(c *conn, text []byte) {
	h := r.target.speaker.read(text, func(b body) {
		r.delivered++
		if r.onDeliver != nil {
			r.onDeliver(c, b)
		}
	})
	switch {
	case h.ack:
		r.acked++
		if r.onAck != nil {
			r.onAck(c)
		}
	case h.hello:
		r.greet(c)
	case h.fault != "":
		r.faults[h.fault]++
	}
}

func (r *rig) greet(c *conn) {
	if r.greeted[c.index] == 0 {
		r.greeted[c.index] = r.now()
		r.hellos++
		if r.onGreet != nil {
			r.onGreet(c.index)
		}
	}
}

func (r *rig) lost(c *conn) {
	r.gone++
	if c.why != nil {
		r.faults[c.why.Error()]++
	}
}

// sendGroup and sendTo send what was due at that time, from client i.
func (r *rig) sendGroup(i int, due time.Duration, num, size int) error {
	r.content = appendBody(r.content[:0], body{int64(due), i, num}, size)
	r.scratch = r.target.speaker.group(r.scratch[:0], r.content)
	return r.conns[i].link.write(opText, r.scratch)
}

func (r *rig) sendTo(i, to int, due time.Duration, num, size int) error {
	r.content = appendBody(r.content[:0], body{int64(due), i, num}, size)
	r.scratch = r.target.speaker.direct(r.scratch[:0], to, r.content)
	return r.conns[i].link.write(opText, r.scratch)
}

func (r *rig) usage() usage {
	u := r.target.pids.usage()
	u.frames, u.reads = r.loop.counts()
	u.delivered, u.acked = r.delivered, r.acked
	return u
}

// helloTime bounds the wait for the last hello after the last connect.
const helloTime = time.Minute

// dialled is what became of one client's connect.
type dialled struct {
	c     *conn
	began time.Duration
	err   error
}

// connect lets clients from (the first) to (before the last) connect, parallel
// at a time, and waits until each is attached. change, if given, alters how.
func (r *rig) connect(ctx context.Context, from, to, parallel int, change func(i int, e *endpoint)) error {
	r.grow(to)
	dialling, giveUp := context.WithCancel(ctx)
	defer giveUp()
	done := r.dial(dialling, from, to, parallel, change)
	for left := to - from; left > 0; {
		var err error
		select {
		case d := <-done:
			left--
			err = r.take(d)
		default:
			err = r.loop.run(time.Now().Add(time.Millisecond), func() bool { return len(done) > 0 })
		}
		if err != nil {
			giveUp()
			for d := range done { // what still comes is closed again
				if d.c != nil {
					d.c.link.close()
				}
			}
			return fmt.Errorf("client %d of %d: %w", to-from-left, to-from, errors.Join(err, r.target.alive(), ctx.Err()))
		}
	}
	return r.attached(ctx, to)
}

// dial starts the goroutines that connect; done is closed behind the last.
func (r *rig) dial(ctx context.Context, from, to, parallel int, change func(i int, e *endpoint)) <-chan dialled {
	work, done := make(chan int), make(chan dialled, parallel)
	go func() {
		defer close(work)
		for i := from; i < to; i++ {
			select {
			case work <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	var workers sync.WaitGroup
	for range parallel {
		workers.Go(func() {
			for i := range work {
				e := r.target.speaker.endpoint(i)
				if change != nil {
					change(i, &e)
				}
				began := r.now()
				c, err := r.loop.dial(ctx, e, i)
				done <- dialled{c, began, err}
			}
		})
	}
	go func() {
		workers.Wait()
		close(done)
	}()
	return done
}

func (r *rig) take(d dialled) error {
	if d.err != nil {
		return d.err
	}
	r.conns[d.c.index], r.dialled[d.c.index] = d.c, d.began
	if !r.target.speaker.greets() {
		r.greet(d.c)
	}
	return r.loop.add(d.c)
}

func (r *rig) grow(n int) {
	for len(r.conns) < n {
		r.conns = append(r.conns, nil)
		r.dialled = append(r.dialled, 0)
		r.greeted = append(r.greeted, 0)
	}
}

// attached waits until n clients have been told so.
func (r *rig) attached(ctx context.Context, n int) error {
	err := r.loop.run(time.Now().Add(helloTime), func() bool { return r.hellos >= n || ctx.Err() != nil || r.gone > 0 })
	if err == nil && r.hellos < n {
		err = fmt.Errorf("%d of %d sockets were attached (%v)", r.hellos, n, r.faults)
	}
	return errors.Join(err, ctx.Err())
}

// cut ends client i from this side.
func (r *rig) cut(i int) {
	if c := r.conns[i]; c != nil && !c.closed {
		c.link.close()
	}
	if r.greeted[i] != 0 {
		r.greeted[i] = 0
		r.hellos--
	}
}

// wait runs the loop for a time, and gives the reason to stop before it.
func (r *rig) wait(ctx context.Context, d time.Duration, stop func() bool) error {
	err := r.loop.run(time.Now().Add(d), func() bool { return ctx.Err() != nil || stop != nil && stop() })
	return errors.Join(err, ctx.Err(), r.target.alive())
}
