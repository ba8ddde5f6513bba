package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// fillWindow is how many messages each pair has under way while a store is filled.
const fillWindow = 16

// restartLoad names what is measured in the end.
const restartLoad = "kill to first ack"

// fillTime bounds the filling of a store.
const fillTime = time.Hour

// fill writes messages by pairs until there are enough.
func fill(ctx context.Context, t *target, o *options) (*Result, error) {
	p, err := newCouples(ctx, t, o)
	if err != nil {
		return nil, err
	}
	defer p.close()
	result, err := p.run(ctx, load{window: fillWindow}, 0, fillTime, o.messages)
	if err != nil {
		return nil, err
	}
	result.Test, result.Load = testRestart, fmt.Sprintf("%d messages, W=%d", o.messages, fillWindow)
	return result, nil
}

// firstAck waits for the acknowledgement of one message to a server that was
// started at began.
func firstAck(ctx context.Context, t *target, began time.Time, o *options) (*Result, error) {
	r, err := newRig(t)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if err := r.connect(ctx, 0, 1, 1, nil); err != nil {
		return nil, err
	}
	acked := false
	r.onAck = func(*conn) { acked = true }
	if err := r.sendTo(0, 1, r.now(), 0, o.body); err != nil {
		return nil, err
	}
	if err := r.wait(ctx, time.Minute, func() bool { return acked || r.gone > 0 }); err != nil {
		return nil, err
	}
	if !acked {
		return nil, errors.Join(fmt.Errorf("no ack (%v)", r.faults), t.alive())
	}
	late := newLatencies()
	late.add(time.Since(began))
	result := &Result{Test: testRestart, Server: t.name, Load: restartLoad, Connections: 1, ConnectTotal: time.Since(began).Seconds()}
	result.take(late)
	r.finish(ctx, result)
	return result, nil
}
