package service

import (
	"context"
	"time"

	"hongyan/model"
	"hongyan/service/db"

	"xorm.io/xorm"
)

// What the committer does with a store that is slow, away or not to be trusted.
const (
	// commitPatience is how long a sender waits for a commit under way.
	commitPatience = 1500 * time.Millisecond
	// Between two attempts to get the store back, and for one of them.
	regainPause = 200 * time.Millisecond
	regainTime  = 5 * time.Second
)

// suspect tells whether a store that failed so has to be looked at before it
// may take anything further.
func suspect(err error) bool {
	return err != nil && !db.IsDeadlock(err) && (db.IsSuspect(err) || db.IsAway(err))
}

// watch gives up waiting for a batch after commitPatience: impatient senders are told
// to try again, and so is everybody who comes until the commit has ended. The
// commit itself goes on; what it stores is published then. ended must be called
// when the transaction has.
func (c *Committer) watch(b *round) (ended func()) {
	timer := time.AfterFunc(commitPatience, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.finished {
			return
		}
		b.abandoned = true
		c.away.Store(true)
		c.log.Warn("the store does not answer in time: senders are told to try again", "ops", len(b.jobs), "after", commitPatience)
		for _, j := range b.jobs {
			if j.impatient {
				c.guarded(func() { j.done(unavailable(errAway)) })
			}
		}
		c.refuseQueued(errAway)
	})
	return func() {
		timer.Stop()
		b.mu.Lock()
		defer b.mu.Unlock()
		b.finished = true
		if b.abandoned {
			c.away.Store(false)
		}
	}
}

// refuseQueued answers what waits in the queue; nothing of it was begun.
func (c *Committer) refuseQueued(cause error) {
	for {
		select {
		case j := <-c.queue:
			c.queued.Add(-j.size)
			c.guarded(func() { j.done(unavailable(cause)) })
		default:
			return
		}
	}
}

// regain gets a store back that failed in a way after which nothing it says on
// the same connection proves anything (a failed fsync that is repeated succeeds,
// and the data is gone). It is closed, opened and checked; until that has
// worked, nothing is acknowledged.
func (c *Committer) regain(cause error) {
	c.away.Store(true)
	defer c.away.Store(false)
	c.forget()
	for first := true; ; first = false {
		c.refuseQueued(errAway)
		ctx, cancel := context.WithTimeout(context.Background(), regainTime)
		err := c.db.Reopen(ctx)
		if err == nil {
			err = c.remembers(ctx)
		}
		cancel()
		if err == nil {
			c.log.Info("the store works again", "after", cause)
			return
		}
		if first {
			c.log.Error("the store cannot be used: nothing is acknowledged until it works", "cause", cause, "error", err)
		}
		select {
		case <-time.After(regainPause):
		case <-c.closing:
			c.refuseQueued(errAway)
			return
		}
	}
}

// remembers fails if the store does not have the message that was acknowledged
// last: then it is not what it was, and nothing may be added to it.
func (c *Committer) remembers(ctx context.Context) error {
	if c.last.ID == 0 {
		return nil
	}
	return c.db.View(ctx, func(v *xorm.Session) error {
		row := new(model.Post)
		found, err := v.Where("id = ?", c.last.ID).Get(row)
		if err == nil && (!found || row.Digest != c.last.Digest || row.Seq != c.last.Seq || row.ConversationID != c.last.ConversationID) {
			err = &DamageError{Conversation: c.last.ConversationID, Seq: c.last.Seq}
		}
		if err == nil {
			err = intact(*row)
		}
		return err
	})
}

// forget drops what holds for the connection that it was made with.
func (c *Committer) forget() {
	c.memory.forget()
	if c.statements != nil {
		_ = c.statements.Close() // of a connection that is given up
		c.statements = nil
	}
}
