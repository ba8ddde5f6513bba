package bench

import (
	"context"
	"fmt"
	"time"
)

// drainTime is how long is waited, once nothing more is sent, for what is under
// way.
const drainTime = 10 * time.Second

// load is how messages are sent: by a schedule, or a number of them under way.
type load struct {
	rate   float64 // a second; zero: by window
	window int
}

// String names the load.
func (l load) String() string {
	if l.rate > 0 {
		return fmt.Sprintf("%g/s", l.rate)
	}
	return fmt.Sprintf("W=%d", l.window)
}

// loads are those of the command line, or else those given.
func (o *options) loads(standard ...load) (list []load) {
	for _, rate := range o.rates {
		list = append(list, load{rate: rate})
	}
	for _, window := range o.windows {
		list = append(list, load{window: window})
	}
	if len(list) == 0 {
		return standard
	}
	return list
}

// fan sends from client 0 to everybody.
type fan struct {
	*rig
	size     int
	expected int   // receivers of each message
	left     []int // of each message, those who do not have it yet
	more     bool  // send on
	closed   bool  // the end of one sends the next
	under    int   // messages under way
	counting bool
	skip     func(i int) bool // clients that do not count
	late     *Latencies
	doubled  int
	err      error
}

func (f *fan) send(due time.Duration) {
	if err := f.sendGroup(0, due, len(f.left), f.size); err != nil && f.err == nil {
		f.err = fmt.Errorf("the sender: %w", err)
		return
	}
	f.left = append(f.left, f.expected)
	f.under++
}

func (f *fan) deliver(c *conn, b body) {
	if f.skip != nil && f.skip(c.index) {
		return
	}
	if f.counting {
		f.late.add(f.now() - time.Duration(b.due))
	}
	if b.num >= len(f.left) {
		return // of a step before
	}
	f.left[b.num]--
	switch {
	case f.left[b.num] < 0:
		f.doubled++
	case f.left[b.num] == 0:
		f.under--
		if f.closed && f.more {
			f.send(f.now())
		}
	}
}

// run sends by a load and measures. The clients are there.
func (f *fan) run(ctx context.Context, l load, o *options) (*Result, error) {
	f.onDeliver, f.late, f.left, f.under, f.more = f.deliver, newLatencies(), nil, 0, true
	f.closed, f.counting = l.rate == 0, false
	stop := func() bool { return f.err != nil || f.gone > 0 && f.skip == nil }
	if f.closed {
		for range l.window {
			f.send(f.now())
		}
	} else {
		plan := newSchedule(f.now(), l.rate)
		err := f.loop.every(plan.every(), func() {
			if f.more {
				plan.due(f.now(), f.send)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	if err := f.wait(ctx, o.warm, stop); err != nil {
		return nil, err
	}
	before, first := f.usage(), len(f.left)
	f.counting = true
	if err := f.wait(ctx, o.length, stop); err != nil {
		return nil, err
	}
	after, last := f.usage(), len(f.left)
	f.counting, f.more = false, false
	if err := f.loop.every(0, nil); err != nil {
		return nil, err
	}
	if err := f.wait(ctx, drainTime, func() bool { return f.under <= 0 || stop() }); err != nil {
		return nil, err
	}
	result := newResult(f.target, before, after, f.late)
	result.Load, result.Connections = l.String(), len(f.conns)
	result.Sent, result.TotalSent = last-first, len(f.left)
	for _, left := range f.left {
		result.Missing += max(left, 0)
	}
	result.Doubled = f.doubled
	f.finish(ctx, result)
	return result, f.err
}

// finish adds what is told of the rig as a whole.
func (r *rig) finish(ctx context.Context, result *Result) {
	result.Gone = r.gone
	for fault, n := range r.faults {
		if result.Faults == nil {
			result.Faults = map[string]int{}
		}
		result.Faults[fault] = n
	}
	result.memory(ctx, r.target)
}

// fanout measures a group on one server, load after load.
func fanout(ctx context.Context, t *target, o *options) ([]*Result, error) {
	r, err := newRig(t)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if err := r.connect(ctx, 0, o.members, parallelDials, nil); err != nil {
		return nil, err
	}
	f := &fan{rig: r, size: o.body, expected: o.members}
	if !t.speaker.echoes() {
		f.expected--
	}
	var list []*Result
	for _, l := range o.loads(load{rate: 20}, load{window: 1}, load{window: 64}) {
		result, err := f.run(ctx, l, o)
		if err != nil {
			return list, fmt.Errorf("%s: %w", l, err)
		}
		result.Test = testFanout
		list = append(list, result)
	}
	return list, nil
}
