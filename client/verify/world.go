package verify

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"hongyan/client"
	"hongyan/model"

	"golang.org/x/sync/errgroup"
)

// passwd is that of all accounts of a run, whose numbers are random.
const passwd = "a password of the delivery checker"

// membership is what the run itself knows of somebody's place in a room.
type membership byte

const (
	outside membership = iota
	inside
	between // it is changing
)

// account is a user of the run.
type account struct {
	id     int64
	number int
	token  string
	link   *link
	mover  bool // comes to rooms and goes
	phones []*phone
	probes chan probe

	friends []*account

	mu    sync.Mutex // guards rooms
	rooms map[talkID]membership
}

// room is a group of the run.
type room struct {
	talk  talkID
	owner *account
}

func (a *account) set(t talkID, m membership) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rooms[t] = m
}

func (a *account) state(t talkID) membership {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.rooms[t]
}

// populate makes users, friendships and groups. A quarter of the users comes and
// goes; one more is there to be watched leaving.
func (r *run) populate(ctx context.Context) error {
	base := rand.Int64N(1e9) //nolint:gosec // numbers that are free, most likely
	r.accounts = make([]*account, r.o.Users+1)
	all, reg := errgroup.WithContext(ctx)
	all.SetLimit(4)
	for i := range r.accounts {
		all.Go(func() error {
			a, err := r.register(reg, i, fmt.Sprintf("+99%09d%03d", base, i))
			r.accounts[i] = a
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return err
	}
	settled := r.o.Users - max(r.o.Users/4, 1)
	for _, a := range r.accounts[settled:r.o.Users] {
		a.mover = true
	}
	if err := r.befriend(ctx); err != nil {
		return err
	}
	for g := range r.o.Groups {
		if err := r.found(ctx, g, r.accounts[:settled]); err != nil {
			return err
		}
	}
	r.equip()
	return nil
}

// equip gives everybody their devices.
func (r *run) equip() {
	for _, a := range r.accounts {
		for range r.o.Devices {
			p := newPhone(r, len(r.phones)+1, a)
			a.phones = append(a.phones, p)
			r.phones = append(r.phones, p)
		}
	}
	r.lurker = r.accounts[r.o.Users]
	r.watcher = r.accounts[0].phones[0]
}

func (r *run) register(ctx context.Context, number int, mobile string) (*account, error) {
	addresses, _ := r.where()
	n := number % len(addresses)
	c := client.New(append(append([]string(nil), addresses[n:]...), addresses[:n]...)...)
	defer c.Close()
	err := patiently(ctx, func() error { return c.Register(ctx, mobile, passwd, fmt.Sprint("verify ", number)) })
	if err != nil {
		return nil, err
	}
	return &account{
		id: c.User().ID, number: number, token: c.Token(), link: r.link(c.Token(), number),
		probes: make(chan probe, 4), rooms: map[talkID]membership{},
	}, nil
}

// patiently repeats what a server with limits asks to be repeated.
func patiently(ctx context.Context, fn func() error) error {
	for {
		err := fn()
		var refusal *client.Error
		if !errors.As(err, &refusal) || refusal.Code != model.CodeRateLimited && refusal.Code != model.CodeUnavailable || ctx.Err() != nil {
			return err
		}
		pause(ctx, max(refusal.RetryAfter, 100*time.Millisecond))
	}
}

// call posts as an account.
func (a *account) call(ctx context.Context, route string, in, out any) error {
	return patiently(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, callTime)
		defer cancel()
		return a.link.client().Post(ctx, route, in, out)
	})
}

// befriend makes a ring of friends; the last is the lurker.
func (r *run) befriend(ctx context.Context) error {
	for i, a := range r.accounts {
		b := r.accounts[(i+1)%len(r.accounts)]
		for _, pair := range [][2]*account{{a, b}, {b, a}} {
			if err := pair[0].call(ctx, "/contact/addfriend", map[string]any{"dstid": pair[1].id}, nil); err != nil {
				return err
			}
			pair[0].friends = append(pair[0].friends, pair[1])
			t := talkOf(model.KindSingle, a.id, b.id)
			r.rec.add(Event{What: Joining, User: pair[0].id, Conv: t.String()}, Event{What: Join, User: pair[0].id, Conv: t.String()})
		}
	}
	return nil
}

// found makes a group: the first of all who stay, the others of some of them.
func (r *run) found(ctx context.Context, g int, settled []*account) error {
	owner := settled[g%len(settled)]
	var group struct{ ID int64 }
	err := owner.call(ctx, "/contact/createcommunity", map[string]any{"name": fmt.Sprint("verify ", g), "join": model.JoinOpen}, &group)
	if err != nil {
		return err
	}
	t := talkID{kind: model.KindRoom, low: group.ID}
	r.rooms = append(r.rooms, &room{talk: t, owner: owner})
	wanted := len(settled) / 2
	if r.o.Members > 0 {
		wanted = r.o.Members
	}
	for _, a := range settled {
		if a != owner && g > 0 && r.random.IntN(len(settled)) >= wanted {
			continue
		}
		if a != owner {
			if err := a.call(ctx, "/contact/joincommunity", map[string]any{"dstid": group.ID}, nil); err != nil {
				return err
			}
		}
		a.set(t, inside)
		r.rec.add(Event{What: Joining, User: a.id, Conv: t.String()}, Event{What: Join, User: a.id, Conv: t.String()})
	}
	return nil
}
