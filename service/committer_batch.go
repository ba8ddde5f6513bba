package service

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/util/guard"
	"hongyan/util/mutant"

	"xorm.io/xorm"
)

// round is what one transaction takes. Who finishes it and who gives up waiting
// for it may be two goroutines.
type round struct {
	jobs []*job

	mu        sync.Mutex
	finished  bool // the transaction has ended
	abandoned bool // before that, the impatient jobs were answered
}

func (c *Committer) commitLoop() {
	defer close(c.batches)
	defer c.forget()
	for {
		jobs, ok := c.gather()
		if !ok {
			return
		}
		c.metrics.CommitQueue.Set(float64(len(c.queue)))
		b := &round{jobs: jobs}
		ended := c.watch(b)
		err := c.commit(jobs)
		ended()
		c.batches <- b
		if suspect(err) {
			c.regain(err)
		}
	}
}

// gather takes what is waiting, at least one job; false once closed and empty.
func (c *Committer) gather() ([]*job, bool) {
	var jobs []*job
	select {
	case j := <-c.queue:
		jobs = append(make([]*job, 0, min(len(c.queue)+1, maxBatch)), j)
	case <-c.closing:
		select {
		case j := <-c.queue:
			jobs = append(jobs, j)
		default:
			return nil, false
		}
	}
	for len(jobs) < maxBatch {
		select {
		case j := <-c.queue:
			jobs = append(jobs, j)
		default:
			return jobs, true
		}
	}
	return jobs, true
}

// commit runs a batch. It gives the fault of the store, if there was one.
func (c *Committer) commit(jobs []*job) error {
	start := c.now()
	err := c.inParts(jobs)
	c.metrics.Commits.Inc()
	c.metrics.BatchSize.Observe(float64(len(jobs)))
	c.metrics.CommitSeconds.Observe(c.now().Sub(start).Seconds())
	return err
}

// inParts runs jobs in one transaction. If an op fails in a way that may have
// left something half done, or other nodes want the same rows in another order,
// each half is run by itself, so that one op cannot take others with it. One by
// one they would take a sync each, which is half a minute of a large batch, and
// everybody waits for it.
func (c *Committer) inParts(jobs []*job) error {
	err := c.transact(jobs)
	apart := db.IsDeadlock(err) || !db.IsUnavailable(err) && !db.IsSuspect(err)
	if err != nil && apart && len(jobs) == 1 { // other nodes may be done by now
		err = c.transact(jobs)
	}
	if err == nil || !apart || len(jobs) == 1 {
		c.fail(jobs, err)
		return err
	}
	half := len(jobs) / 2
	if err := c.inParts(jobs[:half]); suspect(err) {
		c.fail(jobs[half:], err)
		return err
	}
	return c.inParts(jobs[half:])
}

// fail marks jobs whose transaction did not commit.
func (c *Committer) fail(jobs []*job, err error) {
	if err == nil {
		return
	}
	c.log.Error("commit failed", "ops", len(jobs), "error", err)
	unknown := db.IsUnknown(err)
	for _, j := range jobs {
		j.deliveries = c.outcome(j)
		if unknown {
			j.deliveries = resyncs(j.deliveries)
		} else {
			j.deliveries = nil
		}
		j.err = err
	}
}

// outcome is what goes out for a job that has not failed.
func (c *Committer) outcome(j *job) []model.Delivery {
	switch p := j.post; {
	case p == nil:
		return j.deliveries
	case p.repeat:
		return []model.Delivery{{Origin: p.from.Origin, Ack: &p.ack}}
	case p.stored.Seq == 0:
		return nil
	default:
		return []model.Delivery{delivery(p.from, p.stored, &p.ack)}
	}
}

// resyncs is what goes out in place of deliveries that may be in the store or
// not: whom they were for is to look there. The sender resends by cid.
func resyncs(list []model.Delivery) []model.Delivery {
	var out []model.Delivery
	for _, d := range list {
		m := &d.Message
		if m.Seq == 0 {
			continue
		}
		resync := model.Message{Cmd: model.CmdResync, Kind: m.Kind}
		if d.Group != 0 {
			resync.DstID = d.Group
			out = append(out, model.Delivery{Message: resync, Group: d.Group})
			continue
		}
		for _, id := range d.Users {
			resync.DstID = m.Peer(id)
			out = append(out, model.Delivery{Message: resync, Users: []int64{id}})
		}
	}
	return out
}

func (c *Committer) transact(jobs []*job) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic in a commit: %v\n%s", r, debug.Stack())
		}
		if err != nil {
			c.memory.forget()
		}
	}()
	// The commit of others' messages does not hang on one submitter's context.
	ctx := context.Background()
	if c.statements == nil {
		statements, err := prepareTx(ctx, c.db)
		if err != nil {
			return err
		}
		c.statements = statements
	}
	var last model.Post
	var told []model.Delivery
	err = c.db.Tx(ctx, func(s *xorm.Session) error {
		c.unexpect(told) // of an attempt before this one
		told = nil
		tx := newTx(s, c.db, c.statements.Bind(ctx, s), c.memory, c.now)
		if err := tx.prefetch(jobs); err != nil {
			return err
		}
		for _, j := range jobs {
			err := tx.do(j)
			var clean *model.Error
			if err != nil && !errors.As(err, &clean) {
				return err
			}
			j.err = err
		}
		if mutant.AckBeforeCommit || mutant.NotifyBeforeCommit {
			if err := tx.insertHeld(); err != nil {
				return err
			}
			mutantEarly(c, jobs)
		}
		last = tx.row
		if err := tx.Flush(); err != nil {
			return err
		}
		told = c.expect(jobs)
		return nil
	})
	if err != nil {
		c.unexpect(told)
		return err
	}
	if last.ID != 0 {
		c.last = last
	}
	return nil
}

// do runs one job of a batch. A panic of an op does not take the process along.
func (tx *Tx) do(j *job) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic in an op: %v\n%s", r, debug.Stack())
		}
	}()
	if j.post != nil {
		return tx.run(j.post)
	}
	tx.out, j.deliveries = nil, nil
	if !j.keepsRights {
		tx.inOp, tx.trusted = true, false
		defer func() { tx.inOp = false }()
	}
	if err := tx.insertHeld(); err != nil { // ops read messages
		return err
	}
	if err := j.run(tx); err != nil {
		return err
	}
	j.deliveries = tx.out
	return nil
}

func (c *Committer) publishLoop() {
	defer close(c.done)
	for b := range c.batches {
		b.mu.Lock()
		abandoned := b.abandoned
		b.mu.Unlock()
		for _, j := range b.jobs {
			if j.err == nil {
				j.deliveries = c.outcome(j)
			}
		}
		if mutant.SwapSeqs {
			mutantSwap(b.jobs)
		}
		for _, j := range b.jobs {
			for _, d := range j.deliveries {
				c.guarded(func() { c.out.Publish(d) })
			}
			c.metrics.AckSeconds.Observe(c.now().Sub(j.arrived).Seconds())
			c.queued.Add(-j.size)
			if !abandoned || !j.impatient {
				c.guarded(func() { j.done(j.err) })
			}
		}
	}
}

// guarded keeps a fault in the fan-out of one message from all others.
func (c *Committer) guarded(fn func()) {
	guard.Run(c.log, c.metrics.Panics.WithLabelValues("publisher").Inc, "publisher", fn)
}
