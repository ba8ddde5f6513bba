package verify

import (
	"context"
	"fmt"
	"time"

	"hongyan/model"
)

const (
	// everyone is up to how many messages all members read a timeline in the
	// end; of longer ones two do.
	everyone = 5000
	// look is how often it is looked whether something has come.
	lookEvery = 20 * time.Millisecond
)

// settle waits for the answers, reads what is stored, and waits until it has
// arrived.
func (r *run) settle(ctx context.Context) error {
	r.logf("%d acknowledged; coming to rest", r.acks.Load())
	r.await(ctx, r.o.Patience, func() bool {
		for _, p := range r.phones {
			if !p.idle() {
				return false
			}
		}
		return true
	})
	r.rec.add(Event{What: Quiet})
	ends, err := r.finals(ctx)
	if err != nil {
		return err
	}
	r.await(ctx, r.o.Patience/4, func() bool {
		for t, end := range ends {
			for _, a := range r.members(t) {
				for _, p := range a.phones {
					if p.upTo(t) < end && !p.left() {
						return false
					}
				}
			}
		}
		return true
	})
	for _, a := range r.accounts {
		if _, err := a.link.list(ctx, r.auditor(a), a.id, Last); err != nil {
			return fmt.Errorf("the list in the end: %w", err)
		}
	}
	r.presence(ctx)
	return nil
}

// presence notes what the watcher believes of who has left. Where the network
// stalls it proves nothing: presence is what a full queue drops first.
func (r *run) presence(ctx context.Context) {
	if r.o.Network {
		return
	}
	r.await(ctx, presenceTime+2*time.Second, func() bool { return !r.watcher.thinks(r.lurker.id) })
	present := Event{What: Present, Dev: r.watcher.id, User: r.lurker.id}
	if r.watcher.thinks(r.lurker.id) {
		present.N = 1
	}
	r.rec.add(present)
}

// await waits until something is so, or for as long as it may take.
func (r *run) await(ctx context.Context, within time.Duration, is func() bool) {
	for deadline := time.Now().Add(within); !is() && time.Now().Before(deadline) && ctx.Err() == nil; {
		pause(ctx, lookEvery)
	}
}

// idle tells whether the device is connected and waits for nothing.
func (p *phone) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gone || p.socket != nil && len(p.pending) == 0
}

// members are those who are in a conversation for sure.
func (r *run) members(t talkID) []*account {
	var list []*account
	for _, a := range r.accounts {
		if t.kind == model.KindSingle && (t.low == a.id || t.high == a.id) || t.kind == model.KindRoom && a.state(t) == inside {
			list = append(list, a)
		}
	}
	return list
}

// finals reads each timeline as several members have it.
func (r *run) finals(ctx context.Context) (map[talkID]int64, error) {
	talks := map[talkID]bool{}
	for _, room := range r.rooms {
		talks[room.talk] = true
	}
	for _, a := range r.accounts {
		for _, b := range a.friends {
			talks[talkOf(model.KindSingle, a.id, b.id)] = true
		}
	}
	ends := map[talkID]int64{}
	for t := range talks {
		for n, a := range r.members(t) {
			if n >= 2 && ends[t] > everyone {
				break
			}
			length, err := a.link.whole(ctx, r.auditor(a), a.id, t)
			if err != nil {
				return nil, fmt.Errorf("the timeline %s in the end: %w", t, err)
			}
			ends[t] = max(ends[t], length)
		}
	}
	return ends, nil
}
