package service

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/util/metrics"
)

// Bounds of the committer. A batch is what has gathered while the commit before
// it was under way: nobody waits for a timer. The queue holds more than every
// socket of a busy node has in flight, and not more than queueBytes of what
// people say; a submitter waits queueWait for a place and is then told to try
// again.
const (
	maxBatch   = 2048
	maxQueue   = 4096
	queueBytes = 32 << 20
	queueWait  = time.Second
	// published bounds the committed batches that wait for their fan-out.
	published = 16
)

// Op is a unit of work inside a batch: it reads, checks and writes through tx.
// It may be run more than once and must have no effect outside tx. An Op that
// returns a *model.Error must not have written before; any other error rolls
// the batch back, and its ops are run again in halves.
type Op func(tx *Tx) error

// Committer gives everything that has a place in a timeline its seq and makes
// it durable: one goroutine, group commit, one order. What an op published goes
// out after its commit, in the order of the commits.
//
// While the store does not answer, or has to be opened again, it refuses what
// is submitted: with a retryable error, at once.
type Committer struct {
	db      *db.DB
	out     Publisher
	now     Clock
	metrics *metrics.Metrics
	log     *slog.Logger

	// Expecter, if set before the first op, hears of what is about to be published.
	Expecter Expecter

	statements *db.Statements // of the commit loop; prepared before the first batch
	memory     *memory        // of the commit loop
	last       model.Post     // SQLite: the row stored last, of the commit loop; see regain
	queue      chan *job
	queued     atomic.Int64 // bytes in the queue and on the way
	batches    chan *round
	away       atomic.Bool // the store does not answer
	closing    chan struct{}

	mu     sync.RWMutex // guards closed, and keeps Close from overtaking a Submit
	closed bool

	done chan struct{}
}

// job is an op or a message with the way back to its submitter, and later its
// outcome.
type job struct {
	run  Op
	post *post // in place of run
	// on is the conversation that the op locks first; none if it is not known before.
	on   pair
	done func(error)
	size int64 // bytes, about
	// impatient jobs are answered after commitPatience, though it is not known then
	// what becomes of them: their senders ask again by cid.
	impatient bool
	// keepsRights says that the op does not change who may speak where.
	keepsRights bool

	err        error
	deliveries []model.Delivery
	arrived    time.Time
}

// sizeOf is about what a message takes while it waits.
func sizeOf(m *model.Message) int64 {
	return int64(len(m.Content) + len(m.Pic) + len(m.URL) + len(m.Memo) + len(m.Ext) + 1024)
}

// NewCommitter starts a committer; Close ends it.
func NewCommitter(d *db.DB, out Publisher, now Clock, m *metrics.Metrics, logger *slog.Logger) *Committer {
	c := &Committer{
		db: d, out: out, now: now, metrics: m, log: logger, memory: newMemory(),
		queue: make(chan *job, maxQueue), batches: make(chan *round, published),
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

// Submit queues an op. done is called once, from another goroutine and so
// without blocking it, after the op is durable and published (nil) or has
// failed. Submit itself returns an error, and does not call done, if the queue
// stays full, the store does not answer or the committer is closed.
func (c *Committer) Submit(ctx context.Context, run Op, done func(error)) error {
	return c.submit(ctx, &job{run: run, done: done, size: 1024})
}

func (c *Committer) submit(ctx context.Context, j *job) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	switch {
	case c.closed:
		return model.Fail(model.CodeUnavailable)
	case c.away.Load():
		return unavailable(errAway)
	}
	if c.queued.Add(j.size) > queueBytes {
		c.queued.Add(-j.size)
		return unavailable(errFull)
	}
	j.arrived = c.now()
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
		c.queued.Add(-j.size)
		return unavailable(errFull)
	case <-ctx.Done():
		c.queued.Add(-j.size)
		return unavailable(ctx.Err())
	}
}

// Why a job is refused, for the log.
var (
	errFull = errors.New("the committer's queue is full")
	errAway = errors.New("the store does not answer")
)

// unavailable tells a sender to try again.
func unavailable(cause error) error {
	return &model.Error{Code: model.CodeUnavailable, RetryAfter: queueWait, Err: cause}
}

// Do submits an op and waits for its outcome. If ctx ends first, the op may
// still take effect.
func (c *Committer) Do(ctx context.Context, run Op) error { return c.doOn(ctx, pair{}, run) }

// doOn is Do for an op that locks the conversation on first: on MySQL it takes
// its turn with those of the whole batch.
func (c *Committer) doOn(ctx context.Context, on pair, run Op) error {
	result := make(chan error, 1)
	if err := c.submit(ctx, &job{run: run, on: on, size: 1024, done: func(err error) { result <- err }}); err != nil {
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
		return unavailable(ctx.Err())
	}
}
