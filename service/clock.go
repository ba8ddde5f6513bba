package service

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"hongyan/service/db"
)

const (
	// clockEvery is how often the database is asked what time it is: what two
	// clocks of a machine and its drift differ by until then is a few milliseconds.
	clockEvery = time.Minute
	// clockTime bounds a question: of an answer that took longer nobody could say
	// what time it was about.
	clockTime = 2 * time.Second
)

// StoreClock tells the time of the database where several nodes may share one:
// what one of them lets expire has to expire at the same moment on the others,
// however wrong their own clocks are. Between two questions it goes on by what
// nobody can set. On SQLite it is the machine's clock.
type StoreClock struct {
	db   *db.DB
	log  *slog.Logger
	mark atomic.Pointer[struct{ store, own time.Time }] // nil: the machine's clock
}

// NewStoreClock makes a clock and sets it.
func NewStoreClock(ctx context.Context, d *db.DB, logger *slog.Logger) (*StoreClock, error) {
	c := &StoreClock{db: d, log: logger}
	return c, c.set(ctx)
}

// Now is a Clock.
func (c *StoreClock) Now() time.Time {
	m := c.mark.Load()
	if m == nil {
		return time.Now()
	}
	return m.store.Add(time.Since(m.own))
}

// Run sets the clock from time to time until ctx ends.
func (c *StoreClock) Run(ctx context.Context) {
	every(ctx, clockEvery, func() {
		if err := c.set(ctx); err != nil && ctx.Err() == nil {
			c.log.WarnContext(ctx, "the database does not say what time it is", "error", err)
		}
	})
}

// set asks for the time. An answer is as good as the time it took; within that
// the clock stays as it is, so that it does not go back for nothing.
func (c *StoreClock) set(ctx context.Context) error {
	if c.db.Dialect != db.MySQL {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, clockTime)
	defer cancel()
	asked := time.Now()
	store, err := c.db.Now(ctx)
	if err != nil {
		return err
	}
	took := time.Since(asked)
	store = store.Add(took / 2)
	if off := store.Sub(c.Now()); c.mark.Load() != nil && off.Abs() <= took {
		return nil
	}
	if off := time.Until(store); off.Abs() > time.Second+took {
		c.log.WarnContext(ctx, "the clock of this machine differs from the database's, which is taken", "by", off.Round(time.Millisecond))
	}
	c.mark.Store(&struct{ store, own time.Time }{store, time.Now()})
	return nil
}
