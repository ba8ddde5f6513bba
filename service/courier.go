package service

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"hongyan/model"
	"hongyan/util/guard"
)

// errand is one notice on its way to one target: a device or a channel.
type errand struct {
	target  string // names the target
	talk    pair   // the conversation; a later errand about it takes this one's place
	userID  int64
	deliver func(ctx context.Context) error
	settle  func(ctx context.Context, err error) // called once, when it is over
	wanted  func(ctx context.Context) bool       // asked before each further attempt
	gap     time.Duration                        // to the next errand to the same target
}

// courierBounds are the limits of a courier.
type courierBounds struct {
	atOnce  int             // calls under way
	lanes   int             // targets with something to do
	queue   int             // errands that wait for one target
	backoff []time.Duration // between the attempts of one errand
}

// courier delivers errands: one after the other to each target, many targets at
// once, so that one that is slow or away holds up itself alone. What does not
// fit its bounds is dropped: a notice is a hint.
type courier struct {
	bounds courierBounds
	log    *slog.Logger
	slots  chan struct{}

	mu     sync.Mutex // guards lanes
	lanes  map[string][]errand
	closed bool
	tasks  sync.WaitGroup
}

func newCourier(b courierBounds, log *slog.Logger) *courier {
	return &courier{bounds: b, log: log, slots: make(chan struct{}, b.atOnce), lanes: map[string][]errand{}}
}

// send queues an errand; false if there is no room for it. ctx ends the courier.
func (c *courier) send(ctx context.Context, e errand) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	queue, running := c.lanes[e.target]
	for i := range queue {
		if queue[i].talk == e.talk {
			queue[i] = e
			return true
		}
	}
	if c.closed || len(queue) >= c.bounds.queue || !running && len(c.lanes) >= c.bounds.lanes {
		return false
	}
	c.lanes[e.target] = append(queue, e)
	if !running {
		c.tasks.Go(func() { c.run(ctx, e.target) })
	}
	return true
}

// wait returns when nothing is under way any more; ctx of send must have ended.
func (c *courier) wait() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.tasks.Wait()
}

// run works through the errands of a target until there are none.
func (c *courier) run(ctx context.Context, target string) {
	for {
		e, ok := c.next(target)
		if !ok {
			return
		}
		guard.Run(c.log, nil, "notify", func() { c.carry(ctx, e) })
		if ctx.Err() == nil && e.gap > 0 {
			pause(ctx, e.gap)
		}
		if ctx.Err() != nil {
			c.mu.Lock()
			delete(c.lanes, target)
			c.mu.Unlock()
			return
		}
	}
}

// next takes an errand from a lane; the lane ends with the last.
func (c *courier) next(target string) (errand, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	queue := c.lanes[target]
	if len(queue) == 0 {
		delete(c.lanes, target)
		return errand{}, false
	}
	e := queue[0]
	c.lanes[target] = queue[1:]
	return e, true
}

// newer tells whether a later errand about the same conversation waits.
func (c *courier) newer(e errand) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, other := range c.lanes[e.target] {
		if other.talk == e.talk {
			return true
		}
	}
	return false
}

// carry tries an errand until it is done, of no use any more, or tried enough.
func (c *courier) carry(ctx context.Context, e errand) {
	var err error
	for attempt := 0; ; attempt++ {
		if err = c.once(ctx, e); err == nil || ctx.Err() != nil {
			break
		}
		fault, known := errors.AsType[*model.NotifyError](err)
		if known && fault.Final || attempt >= len(c.bounds.backoff) {
			break
		}
		delay := c.bounds.backoff[attempt]
		if known {
			delay = max(delay, fault.RetryAfter)
		}
		if !pause(ctx, delay) {
			return
		}
		if c.newer(e) || !e.wanted(ctx) {
			return // the newer one tells of this too; what was read needs no telling
		}
	}
	if ctx.Err() == nil {
		e.settle(ctx, err)
	}
}

// once makes one attempt, when there is a place among those under way.
func (c *courier) once(ctx context.Context, e errand) error {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
		return e.deliver(ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}
