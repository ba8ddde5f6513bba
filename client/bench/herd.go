package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"hongyan/client"
	"hongyan/model"
)

// herd cuts everybody off at once; while they are away something is written in
// each of their groups; then all come back at once and read what they missed.
// It measures until each has it.
func herd(ctx context.Context, t *target, o *options, groups []int64, people people) ([]*Result, error) {
	r, err := newRig(t)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if err := r.connect(ctx, 0, o.sockets, crowd, nil); err != nil {
		return nil, err
	}
	for i := range r.conns {
		r.cut(i)
	}
	written, err := writeWhileAway(ctx, groups, o.members, people)
	if err != nil {
		return nil, err
	}
	before, began := r.usage(), r.now()
	back := &returning{people: people, bases: []string{t.base}, written: written, members: o.members, late: newLatencies(), began: time.Now()}
	if len(t.bases) > 0 {
		back.bases = t.bases
	}
	if err := back.come(ctx, r, o.sockets); err != nil {
		return nil, err
	}
	after := r.usage()
	result := &Result{
		Test: testHerd, Server: t.name, Connections: o.sockets, Load: fmt.Sprintf("%d at a time", crowd),
		ConnectTotal:  (r.now() - began).Seconds(),
		ConnectMillis: (after.server - before.server).Seconds() * 1000 / float64(o.sockets),
		Missing:       back.missing,
	}
	result.take(back.late)
	r.finish(ctx, result)
	return []*Result{result}, nil
}

// entry is what was written in a group while its members were away.
type entry struct{ groupID, seq, id int64 }

// writeWhileAway writes one message in each group, in its owner's name.
func writeWhileAway(ctx context.Context, groups []int64, members int, p people) ([]entry, error) {
	written := make([]entry, len(groups))
	for g, id := range groups {
		c := client.New(p.address)
		c.SetToken(p.accounts[g*members].Token)
		line, err := c.Dial(ctx)
		if err != nil {
			c.Close()
			return nil, err
		}
		ack, err := line.Send(ctx, model.Message{Cmd: model.CmdRoom, DstID: id, Media: model.MediaText, Content: "while you were away", CID: fmt.Sprint("herd", time.Now().UnixNano())})
		line.Close()
		c.Close()
		if err != nil {
			return nil, err
		}
		written[g] = entry{id, ack.Seq, ack.ID}
	}
	return written, nil
}

// returning reads, for each client that is back, what it missed.
type returning struct {
	people  people
	bases   []string // client i reads from the one that it is at
	written []entry
	members int
	began   time.Time

	mu      sync.Mutex // guards the following
	late    *Latencies
	missing int
}

// come lets n clients connect and read their histories. The sockets are read
// meanwhile: the server has other things to tell them.
func (b *returning) come(ctx context.Context, r *rig, n int) error {
	reading, giveUp := context.WithCancel(ctx)
	defer giveUp()
	attached, fetched, fault := make([]chan int, len(b.bases)), make(chan struct{}), error(nil)
	for i := range attached {
		attached[i] = make(chan int, n)
	}
	go func() {
		defer close(fetched)
		all, reading := errgroup.WithContext(reading)
		for i, base := range b.bases {
			all.Go(func() error { return b.fetch(reading, base, attached[i]) })
		}
		fault = all.Wait()
	}()
	r.onGreet = func(i int) { attached[i%len(attached)] <- i }
	err := r.connect(ctx, 0, n, crowd, nil)
	for _, list := range attached {
		close(list)
	}
	for err == nil {
		select {
		case <-fetched:
			return fault
		default:
			err = r.wait(ctx, 10*time.Millisecond, nil)
		}
	}
	giveUp()
	<-fetched
	return err
}

// fetch asks for the history of each client as soon as it is attached: what is
// written from then on comes by the socket.
func (b *returning) fetch(ctx context.Context, base string, attached <-chan int) error {
	return each(ctx, base, requests/len(b.bases), func(ctx context.Context, c *client.Client, _ int) error {
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case i, open := <-attached:
				if !open {
					return nil
				}
				if err := b.one(ctx, c, i); err != nil {
					return err
				}
			}
		}
	})
}

func (b *returning) one(ctx context.Context, c *client.Client, i int) error {
	want := b.written[i/b.members]
	var list []model.Message
	in := map[string]any{"kind": model.KindRoom, "dstid": want.groupID, "after": want.seq - 1, "limit": 50}
	if err := b.people.as(ctx, c, i, "/message/history", in, &list); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.late.add(time.Since(b.began))
	if len(list) == 0 || list[0].ID != want.id {
		b.missing++
	}
	return nil
}
