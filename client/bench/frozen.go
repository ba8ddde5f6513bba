package bench

import (
	"context"
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
				for i, c := range r.conns {
					if freezes(i) && !c.closed {
						if err := c.link.freeze(); err != nil {
							return list, err
						}
					}
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
