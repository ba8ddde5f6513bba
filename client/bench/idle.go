package bench

import (
	"context"
	"fmt"
	"time"
)

// parallelDials is how many clients connect at a time where connecting is not
// what the test is about, and crowd where it is.
const (
	parallelDials = 8
	crowd         = 64
)

// warmUp is how many clients come and go before memory is looked at, so that
// what a server builds once is not counted as theirs.
const warmUp = 64

// idle measures sockets that only wait.
func idle(ctx context.Context, t *target, o *options) ([]*Result, error) {
	r, err := newRig(t)
	if err != nil {
		return nil, err
	}
	defer r.close()
	early := min(warmUp, o.sockets)
	if err := r.connect(ctx, 0, early, parallelDials, nil); err != nil {
		return nil, err
	}
	for i := range early {
		r.cut(i)
	}
	if err := r.wait(ctx, o.settle/2, nil); err != nil {
		return nil, err
	}
	empty := new(Result)
	heap, stacks := empty.heap(ctx, t)
	empty.memory(ctx, t)
	before, began := r.usage(), r.now()
	if err := r.connect(ctx, 0, o.sockets, parallelDials, nil); err != nil {
		return nil, err
	}
	connected := r.now() - began
	if err := r.wait(ctx, o.settle, nil); err != nil {
		return nil, err
	}
	after := r.usage()
	result := &Result{Test: testIdle, Server: t.name, Connections: o.sockets, ConnectTotal: connected.Seconds()}
	n := float64(o.sockets)
	result.ConnectMillis = (after.server - before.server).Seconds() * 1000 / n
	result.memory(ctx, t)
	if empty.MemoryBytes > 0 {
		result.PerSocket = float64(result.MemoryBytes-empty.MemoryBytes) / n
	}
	heapNow, stacksNow := result.heap(ctx, t)
	if heapNow > 0 {
		result.HeapPerSocket = (heapNow + stacksNow - heap - stacks) / n
	}
	r.finish(ctx, result)
	list := []*Result{result}
	if t.name != serverOurs || o.sockets < 2*o.pairs || o.addr != "" {
		return list, nil
	}
	busy, err := whileIdle(ctx, r, o)
	if err != nil {
		return list, err
	}
	return append(list, busy), nil
}

// heap gives the bytes of the server's Go heap and of its stacks, zero if it
// does not say.
func (*Result) heap(ctx context.Context, t *target) (heap, stacks float64) {
	if t.metrics == nil {
		return 0, 0
	}
	values, err := t.metrics(ctx)
	if err != nil {
		return 0, 0 // memory tells of it
	}
	return values[metricHeap], values[metricStacks]
}

// whileIdle lets pairs among the idle sockets write, which makes the collector
// work on a heap of that size.
func whileIdle(ctx context.Context, r *rig, o *options) (*Result, error) {
	p := &couples{rig: r, size: o.body, sent: make([]int, len(r.conns)), got: make([]int, len(r.conns)), senders: 2 * o.pairs}
	result, err := p.run(ctx, load{window: 1}, o.warm, o.length, 0)
	if err != nil {
		return nil, err
	}
	result.Test, result.Load = testIdle, fmt.Sprintf("%d pairs, W=1", o.pairs)
	return result, nil
}

// storm lets everybody connect at once.
func storm(ctx context.Context, t *target, o *options) ([]*Result, error) {
	r, err := newRig(t)
	if err != nil {
		return nil, err
	}
	defer r.close()
	before, began := r.usage(), r.now()
	if err := r.connect(ctx, 0, o.sockets, crowd, nil); err != nil {
		return nil, err
	}
	late, last := newLatencies(), time.Duration(0)
	for i, at := range r.greeted {
		late.add(at - r.dialled[i])
		last = max(last, at)
	}
	after := r.usage()
	result := &Result{
		Test: testStorm, Server: t.name, Connections: o.sockets, Load: fmt.Sprintf("%d at a time", crowd),
		ConnectTotal:  (last - began).Seconds(),
		ConnectMillis: (after.server - before.server).Seconds() * 1000 / float64(o.sockets),
	}
	result.take(late)
	r.finish(ctx, result)
	return []*Result{result}, nil
}
