package bench

import (
	"context"
	"fmt"
	"time"
)

// Where the two of a pair are.
const (
	together = "same node"
	across   = "two nodes"
)

// formations are those of cluster: one node, the same with a bus and nobody
// there, then more and more nodes of which two have somebody.
func (o *options) formations() []formation {
	list := []formation{{busLocal, 1}, {busNATS, 1}, {busUDP, 1}}
	for _, n := range []int{2, 4, 8} {
		if n <= o.nodes {
			list = append(list, formation{busNATS, n}, formation{busUDP, n})
		}
	}
	return list
}

// cluster measures one to one on one node and on several, the pairs on one of
// them and on two, and what crosses between nodes for each message.
func (s *suite) cluster(ctx context.Context) (list []*Result, err error) {
	for _, f := range s.options.formations() {
		s.progress("%s", f)
		some, err := s.formed(ctx, f)
		list = append(list, some...)
		if err != nil {
			return list, fmt.Errorf("%s: %w", f, err)
		}
	}
	return list, nil
}

// formed measures one formation: the pairs together and, where there are two
// nodes, across them.
func (s *suite) formed(ctx context.Context, f formation) (list []*Result, err error) {
	where := together
	t, err := s.startNodes(ctx, f, func(i int) int {
		if where == across {
			return i % 2
		}
		return i / 2 % min(f.nodes, 2)
	})
	if err != nil {
		return nil, err
	}
	defer t.stop()
	for _, where = range []string{together, across} {
		if where == across && f.nodes == 1 {
			break
		}
		some, err := s.couples(ctx, t, where)
		list = append(list, some...)
		if err != nil {
			return list, err
		}
	}
	return list, nil
}

// idleTime is how long the bus is listened to with nothing said, since beats are
// no part of a message.
const idleTime = 3 * time.Second

func (s *suite) couples(ctx context.Context, t *target, where string) (list []*Result, err error) {
	p, err := newCouples(ctx, t, s.options)
	if err != nil {
		return nil, err
	}
	defer p.close()
	beats, err := p.beats(ctx)
	if err != nil {
		return nil, err
	}
	for _, l := range s.options.loads(load{rate: 200}) {
		before, err := t.busBytes(ctx)
		if err != nil {
			return list, err
		}
		began := time.Now()
		result, err := p.run(ctx, l, s.options.warm, s.options.length, 0)
		if err != nil {
			return list, err
		}
		took := time.Since(began).Seconds()
		after, err := t.busBytes(ctx)
		if err != nil {
			return list, err
		}
		result.Test, result.Load = testCluster, l.String()+", "+where
		if len(t.internals) > 1 && result.TotalSent > 0 {
			result.BusBytes = max(0, after-before-beats*took) / float64(result.TotalSent)
		}
		list = append(list, result)
	}
	return list, nil
}

// beats is how many bytes a second cross while nothing is said.
func (p *couples) beats(ctx context.Context) (float64, error) {
	before, err := p.target.busBytes(ctx)
	if err != nil {
		return 0, err
	}
	if err := p.wait(ctx, idleTime, nil); err != nil {
		return 0, err
	}
	after, err := p.target.busBytes(ctx)
	return (after - before) / idleTime.Seconds(), err
}
