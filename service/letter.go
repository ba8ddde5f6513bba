package service

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"hongyan/model"
	"hongyan/service/db"

	"xorm.io/xorm"
)

const (
	// letterLife is how long a letter waits for a node that does not read.
	letterLife = 30 * time.Second
	// letterPatience is after how long a node that leaves its letters is taken for gone.
	letterPatience = 12 * time.Second
	// letterAgain is between two attempts on a database that fails.
	letterAgain = 300 * time.Millisecond
	// letterBatch and batchBytes bound what is written or read at once.
	letterBatch = 64
	batchBytes  = 1 << 20
	// maxLetterBytes is what may wait for being written: a database that is away
	// must not fill the memory.
	maxLetterBytes = 8 << 20
	// maxSenders bounds the memory of whose letters were read; nodes are few, and
	// have a new name with each start.
	maxSenders = 1000
)

// Letters carry texts from this node to others, each sender's in order and once.
// They are rows: a bus only says that there are some, so that neither its losses
// nor its size of a datagram matter. All methods are safe for concurrent use.
type Letters struct {
	db    *db.DB
	wakes *Wakes
	node  string
	now   Clock
	log   *slog.Logger

	kick chan struct{} // has an element when there is something to write

	mu      sync.Mutex // guards the following
	queue   []model.Letter
	bytes   int
	tried   int // so many at the head were written in vain, perhaps
	number  int64
	written chan struct{} // closed and made anew when letters left the queue
}

// NewLetters makes the letters of the node named. Run must run for them to leave.
func NewLetters(d *db.DB, wakes *Wakes, node string, now Clock, logger *slog.Logger) *Letters {
	return &Letters{
		db: d, wakes: wakes, node: node, now: now, log: logger,
		kick: make(chan struct{}, 1), written: make(chan struct{}),
	}
}

// Post sends body to a node, behind what was posted before, without waiting;
// false if too much waits already.
func (l *Letters) Post(node string, body []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bytes+len(body) > maxLetterBytes {
		return false
	}
	l.number++
	l.bytes += len(body)
	l.queue = append(l.queue, model.Letter{
		Node: node, Sender: l.node, Number: l.number, Body: string(body), Expires: l.now().Add(letterLife).UnixMilli(),
	})
	select {
	case l.kick <- struct{}{}:
	default:
	}
	return true
}

// Flush waits until what was posted is written, or ctx ends.
func (l *Letters) Flush(ctx context.Context) {
	for {
		l.mu.Lock()
		left, written := len(l.queue), l.written
		l.mu.Unlock()
		if left == 0 {
			return
		}
		select {
		case <-written:
		case <-ctx.Done():
			return
		}
	}
}

// Run writes what is posted until ctx ends, and what is left then.
func (l *Letters) Run(ctx context.Context) {
	again := time.NewTimer(0) // what a panic left is in the queue still
	defer again.Stop()
	for {
		select {
		case <-l.kick:
		case <-again.C:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			_ = l.writeAll(last) // the calls of this node have ended: nobody needs these for long
			return
		}
		if err := l.writeAll(ctx); err != nil && ctx.Err() == nil {
			l.log.WarnContext(ctx, "letters to other nodes are not written", "error", err)
			again.Reset(letterAgain)
		}
	}
}

// writeAll writes the queue, a batch at a time. A batch whose commit nobody can
// tell of is written again as it was: then all of it is there, or nothing. Where
// it was read meanwhile, the receiver knows what it has read.
func (l *Letters) writeAll(ctx context.Context) error {
	for {
		batch := l.head()
		if len(batch) == 0 {
			return nil
		}
		if err := l.write(ctx, batch); err != nil && !db.IsDuplicate(err) {
			return err
		}
		l.drop(len(batch))
		seen := map[string]bool{}
		for i := range batch {
			if node := batch[i].Node; !seen[node] {
				seen[node] = true
				l.wakes.wake(letterTopic(node))
			}
		}
	}
}

// head gives the oldest letters of the queue, without those that are too old.
func (l *Letters) head() []model.Letter {
	now := l.now.millis()
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := l.tried; n > 0 && l.queue[n-1].Expires > now {
		return l.queue[:n:n]
	} else if n > 0 { // all of it is worth nothing by now, there or not
		l.dropLocked(n)
		l.tried = 0
	}
	for len(l.queue) > 0 && l.queue[0].Expires <= now {
		l.dropLocked(1)
	}
	n, size := 0, 0
	for n < len(l.queue) && n < letterBatch && (n == 0 || size+len(l.queue[n].Body) <= batchBytes) {
		size += len(l.queue[n].Body)
		n++
	}
	l.tried = n
	return l.queue[:n:n]
}

func (l *Letters) drop(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropLocked(n)
	l.tried = 0
}

// dropLocked is drop for who holds mu.
func (l *Letters) dropLocked(n int) {
	for i := range n {
		l.bytes -= len(l.queue[i].Body)
	}
	if l.queue = l.queue[n:]; len(l.queue) == 0 {
		l.queue = nil
	}
	close(l.written)
	l.written = make(chan struct{})
}

func (l *Letters) write(ctx context.Context, batch []model.Letter) error {
	ctx, cancel := context.WithTimeout(ctx, letterTime)
	defer cancel()
	return l.db.Tx(ctx, func(s *xorm.Session) error {
		if _, err := s.Insert(&batch); err != nil {
			return err
		}
		noted := map[string]bool{}
		for i := range batch {
			topic := letterTopic(batch[i].Node)
			if noted[topic] {
				continue
			}
			noted[topic] = true
			if err := l.wakes.note(s, topic); err != nil {
				return err
			}
		}
		return nil
	})
}

// letterTopic is what is woken for a node's letters.
func letterTopic(node string) string { return secretHash("letters for " + node) }

// Sweep removes the letters that nobody has read in time.
func (l *Letters) Sweep(ctx context.Context) error {
	return l.db.Tx(ctx, func(s *xorm.Session) error {
		_, err := s.Exec("DELETE FROM letter WHERE expires <= ?", l.now.millis())
		return err
	})
}

// Unread gives the nodes that leave what this one wrote to them.
func (l *Letters) Unread(ctx context.Context) (nodes []string, err error) {
	old := l.now().Add(letterLife - letterPatience).UnixMilli()
	err = l.db.View(ctx, func(s *xorm.Session) error {
		return s.SQL("SELECT DISTINCT node FROM letter WHERE sender = ? AND expires <= ?", l.node, old).Find(&nodes)
	})
	return nodes, err
}
