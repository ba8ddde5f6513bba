package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/util/guard"
	"hongyan/util/metrics"
	"hongyan/util/mutant"

	"xorm.io/xorm"
)

// Bounds of the committer. A batch is what has gathered while the commit before
// it was under way: nobody waits for a timer. The queue holds more than every
// socket of a busy node has in flight; a submitter waits queueWait for a place
// and is then told to try again.
const (
	maxBatch  = 256
	maxQueue  = 4096
	queueWait = time.Second
	// published bounds the committed batches that wait for their fan-out.
	published = 64
)

// Op is a unit of work inside a batch: it reads, checks and writes through tx.
// It may be run more than once and must have no effect outside tx. An Op that
// returns a *model.Error must not have written before; any other error rolls
// the batch back, and its ops are run again one by one.
type Op func(tx *Tx) error

// Committer gives everything that has a place in a timeline its seq and makes
// it durable: one goroutine, group commit, one order. What an op published goes
// out after its commit, in the order of the commits.
type Committer struct {
	db      *db.DB
	out     Publisher
	now     Clock
	metrics *metrics.Metrics
	log     *slog.Logger

	statements *db.Statements // of the commit loop; prepared before the first batch
	queue      chan job
	batches    chan []job
	closing    chan struct{}

	mu     sync.RWMutex // guards closed, and keeps Close from overtaking a Submit
	closed bool

	done chan struct{}
}

// job is an op with the way back to its submitter, and later its outcome.
type job struct {
	run        Op
	done       func(error)
	err        error
	deliveries []model.Delivery
	queued     time.Time
}

// NewCommitter starts a committer; Close ends it.
func NewCommitter(d *db.DB, out Publisher, now Clock, m *metrics.Metrics, logger *slog.Logger) *Committer {
	c := &Committer{
		db: d, out: out, now: now, metrics: m, log: logger,
		queue: make(chan job, maxQueue), batches: make(chan []job, published),
		closing: make(chan struct{}), done: make(chan struct{}),
	}
	go c.commitLoop()
	go c.publishLoop()
	return c
}

// Close refuses new work, finishes what was accepted and returns when the last
// delivery is handed on.
func (c *Committer) Close() {
	c.mu.Lock()
	if !c.closed {
		c.closed = true
		close(c.closing)
	}
	c.mu.Unlock()
	<-c.done
}

// Submit queues an op. done is called once, from the committer's goroutine and
// so without blocking it, after the op is durable and published (nil) or has
// failed. Submit itself returns an error, and does not call done, if the queue
// stays full or the committer is closed.
func (c *Committer) Submit(ctx context.Context, run Op, done func(error)) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return model.Fail(model.CodeUnavailable)
	}
	j := job{run: run, done: done, queued: c.now()}
	select {
	case c.queue <- j:
		return nil
	default:
	}
	full := time.NewTimer(queueWait)
	defer full.Stop()
	select {
	case c.queue <- j:
		return nil
	case <-full.C:
		return &model.Error{Code: model.CodeUnavailable, RetryAfter: queueWait, Err: errors.New("the committer's queue is full")}
	case <-ctx.Done():
		return &model.Error{Code: model.CodeUnavailable, RetryAfter: queueWait, Err: ctx.Err()}
	}
}

// Do submits an op and waits for its outcome. If ctx ends first, the op may
// still take effect.
func (c *Committer) Do(ctx context.Context, run Op) error {
	result := make(chan error, 1)
	if err := c.Submit(ctx, run, func(err error) { result <- err }); err != nil {
		return err
	}
	select {
	case err := <-result:
		return err
	case <-c.done:
		select {
		case err := <-result:
			return err
		default:
			return model.Fail(model.CodeUnavailable)
		}
	case <-ctx.Done():
		return &model.Error{Code: model.CodeUnavailable, RetryAfter: queueWait, Err: ctx.Err()}
	}
}

func (c *Committer) commitLoop() {
	defer close(c.batches)
	defer func() {
		if c.statements != nil {
			_ = c.statements.Close()
		}
	}()
	for {
		batch, ok := c.gather()
		if !ok {
			return
		}
		c.metrics.CommitQueue.Set(float64(len(c.queue)))
		c.commit(batch)
		c.batches <- batch
	}
}

// gather takes what is waiting, at least one job; false once closed and empty.
func (c *Committer) gather() ([]job, bool) {
	var batch []job
	select {
	case j := <-c.queue:
		batch = append(batch, j)
	default:
		select {
		case j := <-c.queue:
			batch = append(batch, j)
		case <-c.closing:
			select {
			case j := <-c.queue:
				batch = append(batch, j)
			default:
				return nil, false
			}
		}
	}
	for len(batch) < maxBatch {
		select {
		case j := <-c.queue:
			batch = append(batch, j)
		default:
			return batch, true
		}
	}
	return batch, true
}

// commit runs a batch in one transaction. If an op fails in a way that may
// have left something half done, the ops are run again, each by itself, so
// that one cannot take others with it.
func (c *Committer) commit(batch []job) {
	start := c.now()
	err := c.transact(batch)
	if err != nil && (!db.IsUnavailable(err) || db.IsDeadlock(err)) {
		for i := range batch {
			one := batch[i : i+1]
			c.fail(one, c.transact(one))
		}
	} else {
		c.fail(batch, err)
	}
	c.metrics.Commits.Inc()
	c.metrics.BatchSize.Observe(float64(len(batch)))
	c.metrics.CommitSeconds.Observe(c.now().Sub(start).Seconds())
}

// fail marks a batch whose transaction did not commit.
func (c *Committer) fail(batch []job, err error) {
	if err == nil {
		return
	}
	c.log.Error("commit failed", "ops", len(batch), "error", err)
	unknown := db.IsUnknown(err)
	for i := range batch {
		j := &batch[i]
		if unknown {
			j.deliveries = resyncs(j.deliveries)
		} else {
			j.deliveries = nil
		}
		j.err = err
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

func (c *Committer) transact(batch []job) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic in a commit: %v\n%s", r, debug.Stack())
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
	return c.db.Tx(ctx, func(s *xorm.Session) error {
		tx := newTx(s, c.db, c.statements.Bind(ctx, s), c.now)
		for i := range batch {
			j := &batch[i]
			tx.out = nil
			err := runOp(tx, j.run)
			var clean *model.Error
			if err != nil && !errors.As(err, &clean) {
				return err
			}
			j.err, j.deliveries = err, nil
			if err == nil {
				j.deliveries = tx.out
			}
		}
		if mutant.AckBeforeCommit || mutant.NotifyBeforeCommit {
			c.mutantEarly(batch)
		}
		return tx.Flush()
	})
}

// runOp keeps a panic of an op from taking the process with it.
func runOp(tx *Tx, run Op) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic in an op: %v\n%s", r, debug.Stack())
		}
	}()
	return run(tx)
}

func (c *Committer) publishLoop() {
	defer close(c.done)
	for batch := range c.batches {
		if mutant.SwapSeqs {
			mutantSwap(batch)
		}
		for i := range batch {
			j := &batch[i]
			for _, d := range j.deliveries {
				c.guarded(func() { c.out.Publish(d) })
			}
			c.metrics.AckSeconds.Observe(c.now().Sub(j.queued).Seconds())
			c.guarded(func() { j.done(j.err) })
		}
	}
}

// guarded keeps a fault in the fan-out of one message from all others.
func (c *Committer) guarded(fn func()) {
	guard.Run(c.log, c.metrics.Panics.WithLabelValues("publisher").Inc, "publisher", fn)
}
