package service

import (
	"context"
	"time"

	"hongyan/model"

	"xorm.io/xorm"
)

// letterTime bounds one look at the letters, and one writing of some.
const letterTime = 5 * time.Second

// Read hands this node's letters to take, one after the other, until ctx ends.
// take must not panic: what it has seen is not removed before it returns.
func (l *Letters) Read(ctx context.Context, take func(sender, body string)) {
	waiter := l.wakes.Join(letterTopic(l.node))
	defer waiter.Leave()
	again := time.NewTimer(0)
	defer again.Stop()
	read := map[string]int64{} // by sender, the last number
	for {
		select {
		case <-waiter.C:
		case <-again.C:
		case <-ctx.Done():
			return
		}
		if err := l.readAll(ctx, read, take); err != nil && ctx.Err() == nil {
			l.log.WarnContext(ctx, "letters of other nodes are not read", "error", err)
			again.Reset(letterAgain)
		}
	}
}

func (l *Letters) readAll(ctx context.Context, read map[string]int64, take func(sender, body string)) error {
	for {
		list, err := l.mine(ctx)
		if err != nil {
			return err
		}
		now := l.now.millis()
		last := map[string]int64{}
		for i := range list {
			m := &list[i]
			last[m.Sender] = m.Number
			// What could not be removed, or was written twice, is there again.
			if m.Number <= read[m.Sender] {
				continue
			}
			if len(read) >= maxSenders {
				clear(read)
			}
			read[m.Sender] = m.Number
			if m.Expires > now {
				take(m.Sender, m.Body)
			}
		}
		if err := l.remove(ctx, last); err != nil {
			return err
		}
		if len(list) < letterBatch {
			return nil
		}
	}
}

// mine gives the letters to this node, each sender's in order. One sender writes
// in one transaction after the other: what is not there yet comes after what is.
func (l *Letters) mine(ctx context.Context) (list []model.Letter, err error) {
	ctx, cancel := context.WithTimeout(ctx, letterTime)
	defer cancel()
	err = l.db.View(ctx, func(s *xorm.Session) error {
		return s.Where("node = ?", l.node).Asc("sender", "number").Limit(letterBatch).Find(&list)
	})
	return list, err
}

func (l *Letters) remove(ctx context.Context, last map[string]int64) error {
	if len(last) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, letterTime)
	defer cancel()
	return l.db.Tx(ctx, func(s *xorm.Session) error {
		for sender, number := range last {
			if _, err := s.Exec("DELETE FROM letter WHERE node = ? AND sender = ? AND number <= ?", l.node, sender, number); err != nil {
				return err
			}
		}
		return nil
	})
}
