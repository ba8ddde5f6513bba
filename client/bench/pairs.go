package bench

import (
	"context"
	"fmt"
	"time"
)

// couples send one to one: client 0 to 1, 2 to 3, and so on.
type couples struct {
	*rig
	senders  int // clients before this one are pairs
	size     int
	sent     []int // by client
	got      []int
	more     bool
	closed   bool
	counting bool
	under    int
	next     int // sender of an open loop
	late     *Latencies
	doubled  int
	err      error
}

func (p *couples) send(i int, due time.Duration) {
	if err := p.sendTo(i, i^1, due, p.sent[i], p.size); err != nil && p.err == nil {
		p.err = fmt.Errorf("client %d: %w", i, err)
		return
	}
	p.sent[i]++
	p.under++
}

func (p *couples) deliver(c *conn, b body) {
	if b.from != c.index^1 {
		return
	}
	if p.counting {
		p.late.add(p.now() - time.Duration(b.due))
	}
	if b.num != p.got[b.from] {
		p.doubled++ // or out of order, which is as bad
	}
	p.got[b.from] = b.num + 1
	p.under--
	if p.closed && p.more {
		p.send(b.from, p.now())
	}
}

// run sends by a load and measures; total, if not zero, ends it after so many
// messages.
func (p *couples) run(ctx context.Context, l load, warm, length time.Duration, total int) (*Result, error) {
	p.onDeliver, p.late, p.more, p.closed, p.counting = p.deliver, newLatencies(), true, l.rate == 0, false
	began := p.all()
	stop := func() bool { return p.err != nil || p.gone > 0 || total > 0 && p.all()-began >= total }
	if err := p.begin(l); err != nil {
		return nil, err
	}
	if err := p.wait(ctx, warm, stop); err != nil {
		return nil, err
	}
	before, first := p.usage(), p.all()
	p.counting = true
	if err := p.wait(ctx, length, stop); err != nil {
		return nil, err
	}
	after, last := p.usage(), p.all()
	p.counting, p.more = false, false
	if err := p.loop.every(0, nil); err != nil {
		return nil, err
	}
	if err := p.wait(ctx, drainTime, func() bool { return p.under <= 0 || p.err != nil || p.gone > 0 }); err != nil {
		return nil, err
	}
	result := newResult(p.target, before, after, p.late)
	result.Load, result.Connections = l.String(), len(p.conns)
	result.Sent, result.TotalSent, result.Missing, result.Doubled = last-first, p.all()-began, p.under, p.doubled
	p.finish(ctx, result)
	return result, p.err
}

func (p *couples) all() (n int) {
	for _, sent := range p.sent {
		n += sent
	}
	return n
}

// begin sends the first messages of a closed loop, or starts the clock of an
// open one, whose messages the pairs send in turn.
func (p *couples) begin(l load) error {
	if p.closed {
		for range l.window {
			for i := 0; i < p.senders; i += 2 {
				p.send(i, p.now())
			}
		}
		return nil
	}
	plan := newSchedule(p.now(), l.rate)
	return p.loop.every(plan.every(), func() {
		if p.more {
			plan.due(p.now(), func(due time.Duration) {
				p.send(p.next, due)
				p.next = (p.next + 2) % p.senders
			})
		}
	})
}

func newCouples(ctx context.Context, t *target, o *options) (*couples, error) {
	r, err := newRig(t)
	if err != nil {
		return nil, err
	}
	if err := r.connect(ctx, 0, 2*o.pairs, parallelDials, nil); err != nil {
		r.close()
		return nil, err
	}
	n := 2 * o.pairs
	return &couples{rig: r, senders: n, size: o.body, sent: make([]int, n), got: make([]int, n)}, nil
}

// pairs measures one-to-one messages on one server, load after load.
func pairs(ctx context.Context, t *target, o *options) ([]*Result, error) {
	p, err := newCouples(ctx, t, o)
	if err != nil {
		return nil, err
	}
	defer p.close()
	var list []*Result
	for _, l := range o.loads(load{window: 1}, load{window: 16}) {
		result, err := p.run(ctx, l, o.warm, o.length, 0)
		if err != nil {
			return list, fmt.Errorf("%s: %w", l, err)
		}
		result.Test = testPairs
		list = append(list, result)
	}
	return list, nil
}
