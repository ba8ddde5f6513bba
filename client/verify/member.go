package verify

import (
	"context"
	"errors"
	"time"

	"math/rand/v2"

	"hongyan/client"
	"hongyan/model"
)

// wanderTime is the longest time between two changes of membership.
const wanderTime = 600 * time.Millisecond

// wander lets those who come and go do so, one at a time, by themselves or
// removed by a group's owner, until ctx ends. A change that has begun is seen
// through, so that it is known how it ended, unless whole ends.
func (r *run) wander(ctx, whole context.Context) {
	random := rand.New(rand.NewPCG(r.o.Seed, 2)) //nolint:gosec // to be repeated, not guessed
	var movers []*account
	for _, a := range r.accounts {
		if a.mover {
			movers = append(movers, a)
		}
	}
	for ctx.Err() == nil {
		pause(ctx, time.Duration(random.Int64N(int64(wanderTime))))
		a, room := movers[random.IntN(len(movers))], r.rooms[random.IntN(len(r.rooms))]
		switch {
		case ctx.Err() != nil:
		case a.state(room.talk) == outside:
			r.change(whole, a, room.talk, inside, "", func(ctx context.Context) error { return enter(ctx, a, room) })
		case random.IntN(2) == 0:
			r.change(whole, a, room.talk, outside, "leave", func(ctx context.Context) error {
				return a.call(ctx, "/contact/leavecommunity", map[string]any{"dstid": room.talk.low}, nil)
			})
		default:
			r.change(whole, a, room.talk, outside, "kick", func(ctx context.Context) error {
				return room.owner.call(ctx, "/community/kick", map[string]any{"dstid": room.talk.low, "memberid": a.id}, nil)
			})
		}
	}
}

// enter joins a group. Whoever was removed waits for the owner to agree.
func enter(ctx context.Context, a *account, room *room) error {
	var answer struct{ Status string }
	err := a.call(ctx, "/contact/joincommunity", map[string]any{"dstid": room.talk.low}, &answer)
	if err != nil || answer.Status == "member" {
		return err
	}
	var list []model.RequestRow
	if err := room.owner.call(ctx, "/contact/requests", nil, &list); err != nil {
		return err
	}
	for _, row := range list {
		if row.Group != nil && row.Group.ID == room.talk.low && row.User.ID == a.id && !row.Own {
			return room.owner.call(ctx, "/contact/accept", map[string]any{"id": row.ID}, nil)
		}
	}
	return errors.New("the owner does not see who waits")
}

// changeTime bounds a change of membership, faults included.
const changeTime = 2 * time.Minute

// change makes a change of membership until it is known to hold.
func (r *run) change(ctx context.Context, a *account, t talkID, to membership, how string, do func(context.Context) error) {
	ctx, cancel := context.WithTimeout(ctx, changeTime)
	defer cancel()
	begin, end := Joining, Join
	if to == outside {
		begin, end = Leaving, Leave
	}
	a.set(t, between)
	r.rec.add(Event{What: begin, User: a.id, Conv: t.String()})
	for ctx.Err() == nil {
		err := do(ctx)
		var refusal *client.Error
		if errors.As(err, &refusal) {
			switch refusal.Code {
			case model.CodeAlreadyMember, model.CodeNotMember, model.CodeNotFound: // the call before had its effect
				err = nil
			}
		}
		if err == nil {
			r.rec.add(Event{What: end, User: a.id, Conv: t.String(), Code: how})
			a.set(t, to)
			return
		}
		pause(ctx, 50*time.Millisecond)
	}
}

// lurk lets the one who is watched come, be seen and go.
func (r *run) lurk(ctx context.Context) {
	for ctx.Err() == nil && !r.watcher.thinks(r.lurker.id) {
		pause(ctx, 20*time.Millisecond)
	}
	for _, p := range r.lurker.phones {
		p.leave()
	}
}

// thinks tells whether the device believes that somebody is online.
func (p *phone) thinks(user int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.believes[user]
}
