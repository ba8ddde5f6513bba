package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// frozenBuffer is the receive buffer of who will not read: small, so that the
// server notices within the run and not after megabytes.
const frozenBuffer = 4 << 10

// frozenShare is one in so many.
const frozenShare = 100

// States of a group, and a load in the second of them.
const (
	allRead   = ", all read"
	someFroze = ", 1 % frozen"
)

func frozenLoad(load string) string { return strings.TrimSuffix(load, allRead) + someFroze }

// frozen measures what the others of a group notice when some of it stop
// reading: the same load before and while. Those who freeze count in neither.
func frozen(ctx context.Context, t *target, o *options) ([]*Result, error) {
	r, err := newRig(t)
	if err != nil {
		return nil, err
	}
	defer r.close()
	freezes := func(i int) bool { return i > 0 && i%frozenShare == 0 || i == 1 && o.members <= frozenShare }
	count := 0
	for i := range o.members {
		if freezes(i) {
			count++
		}
	}
	err = r.connect(ctx, 0, o.members, parallelDials, func(i int, e *endpoint) {
		if freezes(i) {
			e.buffer = frozenBuffer
		}
	})
	if err != nil {
		return nil, err
	}
	f := &fan{rig: r, size: o.body, expected: o.members - count, skip: freezes}
	if !t.speaker.echoes() {
		f.expected--
	}
	var list []*Result
	for _, l := range o.loads(load{rate: 50}) {
		for _, state := range []string{allRead, someFroze} {
			if state == someFroze {
				if err := f.freeze(ctx); err != nil {
					return list, err
				}
			}
			result, err := f.run(ctx, l, o)
			if err != nil {
				return list, fmt.Errorf("%s%s: %w", l, state, err)
			}
			result.Test, result.Load = testFrozen, l.String()+state
			list = append(list, result)
		}
	}
	return list, nil
}

// What is sent until those who do not read have nowhere left to put it: more
// than both kernels' buffers and the server's queue hold for one socket.
const (
	fillMessages = 150
	fillBytes    = 8 << 10
)

// freeze stops the reading of those who do not count, and fills their buffers.
func (f *fan) freeze(ctx context.Context) error {
	for i, c := range f.conns {
		if f.skip(i) && !c.closed {
			if err := c.link.freeze(); err != nil {
				return err
			}
		}
	}
	size := f.size
	defer func() { f.size = size }()
	f.size, f.left, f.under, f.more = fillBytes, nil, 0, false
	for range fillMessages {
		f.send(f.now())
		if err := f.wait(ctx, drainTime, func() bool { return f.under == 0 || f.err != nil }); err != nil || f.err != nil {
			return errors.Join(err, f.err)
		}
	}
	return nil
}
