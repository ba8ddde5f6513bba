package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"hongyan/client"
	"hongyan/model"
)

// Account is somebody who is signed in.
type Account struct {
	ID    int64
	Token string
}

// requests is how many calls of the API are under way while people are prepared.
const requests = 8

// each calls fn with 0 to n-1, some at a time, with a client of the server that
// nobody else uses meanwhile.
func each(ctx context.Context, address string, n int, fn func(ctx context.Context, c *client.Client, i int) error) error {
	all, ctx := errgroup.WithContext(ctx)
	next := make(chan int)
	all.Go(func() error {
		defer close(next)
		for i := range n {
			select {
			case next <- i:
			case <-ctx.Done():
				return nil
			}
		}
		return nil
	})
	for range min(requests, n) {
		all.Go(func() error {
			c := client.New(address)
			defer c.Close()
			for i := range next {
				if err := fn(ctx, c, i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return all.Wait()
}

// register makes accounts as everybody does. Each costs the server some 25 ms of
// a processor, as a password is meant to.
func register(ctx context.Context, address string, n int, progress func(string, ...any)) ([]Account, error) {
	progress("registering %d accounts at some 25 ms of a processor each", n)
	list := make([]Account, n)
	// Numbers that nobody has, and no two runs share.
	run := time.Now().UnixMilli() % 100_000_000
	err := each(ctx, address, n, func(ctx context.Context, c *client.Client, i int) error {
		c.SetToken("")
		err := c.Register(ctx, fmt.Sprintf("99%08d%05d", run, i%100_000), rand.Text(), fmt.Sprintf("load %d", i))
		if model.CodeOf(err) == model.CodeRateLimited {
			return errors.New("the server limits how many may register: start it with -limits off for a load test")
		}
		if err != nil {
			return fmt.Errorf("register at %s: %w", address, err)
		}
		list[i] = Account{ID: c.User().ID, Token: c.Token()}
		return nil
	})
	return list, err
}

// people asks the API in the name of accounts.
type people struct {
	address  string // http://host:port
	accounts []Account
}

// as calls a route in the name of account i.
func (p people) as(ctx context.Context, c *client.Client, i int, route string, in, out any) error {
	c.SetToken(p.accounts[i].Token)
	if err := c.Post(ctx, route, in, out); err != nil {
		return fmt.Errorf("%s: %w", strings.TrimPrefix(route, "/"), err)
	}
	return nil
}

// befriend makes 0 and 1, 2 and 3, … friends, which they are once each has
// asked the other.
func (p people) befriend(ctx context.Context, pairs int) error {
	return each(ctx, p.address, pairs, func(ctx context.Context, c *client.Client, pair int) error {
		for _, i := range []int{2 * pair, 2*pair + 1} {
			if err := p.as(ctx, c, i, "/contact/addfriend", map[string]any{"dstid": p.accounts[i^1].ID}, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// gather makes a group of the accounts from first to before last.
func (p people) gather(ctx context.Context, first, last int) (groupID int64, err error) {
	c := client.New(p.address)
	defer c.Close()
	var made model.Community
	in := map[string]any{"name": fmt.Sprintf("load %d", first), "join": model.JoinOpen}
	if err := p.as(ctx, c, first, "/contact/createcommunity", in, &made); err != nil {
		return 0, err
	}
	return made.ID, each(ctx, p.address, last-first-1, func(ctx context.Context, c *client.Client, i int) error {
		return p.as(ctx, c, first+1+i, "/contact/joincommunity", map[string]any{"dstid": made.ID}, nil)
	})
}
