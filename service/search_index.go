package service

import (
	"context"
	"errors"
	"math"
	"time"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/util/bigram"
	"hongyan/util/guard"

	"xorm.io/xorm"
	"xorm.io/xorm/core"
)

// Bounds of the indexing: rows that a transaction takes in, and the pause after
// it, so that senders wait for no long one and not behind many; the pause where
// somebody did wait, since a search indexes what it needs itself; how long news
// may gather before it is taken in unasked; when to try again what failed; after
// what time no smaller id can become visible any more; and ids that a sweep
// looks through at once.
const (
	indexBatch = 50
	indexPause = 25 * time.Millisecond
	indexYield = 250 * time.Millisecond
	indexDelay = 300 * time.Millisecond
	indexRetry = 2 * time.Second
	indexLag   = 5 * time.Second
	indexSweep = 5000
)

// errIndexPanic is what is left of a panic that was logged.
var errIndexPanic = errors.New("the indexing panicked")

func (s *SearchService) follow(ctx context.Context) {
	defer close(s.done)
	for {
		select {
		case <-s.news:
		case <-ctx.Done():
			return
		}
		if !pause(ctx, indexDelay) {
			return
		}
		more, err := true, error(nil)
		for more && err == nil {
			waits := s.db.Waits()
			more, err = s.catchUp(ctx, 1)
			rest := indexPause
			if s.db.Waits() != waits {
				rest = indexYield
			}
			if more && !pause(ctx, rest) {
				return
			}
		}
		if err == nil {
			err = s.settle(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.log.Warn("search index is behind", "error", err)
			if !pause(ctx, indexRetry) {
				return
			}
			if !errors.Is(err, errIndexPanic) { // which the same rows would only repeat
				s.Notify()
			}
		}
	}
}

// pause waits; false if ctx ends before.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// catchUp takes in new messages, at most so many batches, once nobody else
// does; more says that there may be further ones.
func (s *SearchService) catchUp(ctx context.Context, batches int) (more bool, err error) {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	defer func() { <-s.turn }()
	for range batches {
		if more, err = s.guarded(ctx, s.take); err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

// guarded runs a step of the indexing; a panic becomes an error.
func (s *SearchService) guarded(ctx context.Context, step func(context.Context) (bool, error)) (more bool, err error) {
	err = errIndexPanic
	guard.Run(s.log, nil, "search index", func() { more, err = step(ctx) })
	return more, err
}

// take indexes the next batch, for who has the turn.
func (s *SearchService) take(ctx context.Context) (more bool, err error) {
	var latest int64
	if err := s.db.View(ctx, func(v *xorm.Session) error {
		_, err := v.SQL("SELECT COALESCE(MAX(id), 0) FROM message").Get(&latest)
		return err
	}); err != nil || latest <= s.reached {
		return false, err
	}
	var reached int64
	err = s.db.Tx(ctx, func(tx *xorm.Session) error {
		cursor, err := s.cursor(tx)
		if err != nil {
			return err
		}
		var n int
		n, reached, err = s.batch(tx, max(cursor, s.reached), math.MaxInt64)
		if more = n == indexBatch; !more {
			reached = max(reached, latest)
		}
		if err == nil && s.db.Dialect == db.SQLite { // whose ids come in the order of the commits
			err = move(tx, reached)
		}
		return err
	})
	if err != nil {
		return false, err
	}
	s.reached = reached
	return more, nil
}

// settle moves the cursor up, where several nodes write at once and an id can
// become visible after a greater one: only over what has been visible for a
// while, and after looking again for what is missing there.
func (s *SearchService) settle(ctx context.Context) error {
	if s.db.Dialect == db.SQLite {
		return nil
	}
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.turn }()
	switch {
	case s.mark == 0 && s.reached == 0, s.mark != 0 && time.Since(s.marked) < indexLag:
		return nil
	case s.mark != 0:
		more, err := s.guarded(ctx, s.sweep)
		if err != nil {
			return err
		}
		if more {
			s.Notify()
			return nil
		}
	}
	if s.mark == s.reached {
		s.mark = 0
		return nil
	}
	s.mark, s.marked = s.reached, time.Now()
	time.AfterFunc(indexLag, s.Notify)
	return nil
}

// sweep indexes what is missing before the mark, some of it at a time.
func (s *SearchService) sweep(ctx context.Context) (more bool, err error) {
	err = s.db.Tx(ctx, func(tx *xorm.Session) error {
		cursor, err := s.cursor(tx)
		if err != nil || cursor >= s.mark {
			more = false
			return err
		}
		end := min(s.mark, cursor+indexSweep)
		n, last, err := s.batch(tx, cursor, end)
		if err != nil {
			return err
		}
		if n == indexBatch {
			end = last
		}
		more = end < s.mark
		return move(tx, end)
	})
	return more, err
}

// cursor reads the id up to which everything is indexed, and keeps other nodes
// from indexing until the transaction ends.
func (s *SearchService) cursor(tx *xorm.Session) (id int64, err error) {
	_, err = tx.SQL("SELECT value FROM state WHERE name = 'search'" + s.db.ForUpdate()).Get(&id)
	return id, err
}

// move sets the cursor, never back.
func move(tx *xorm.Session, id int64) error {
	_, err := tx.Exec("UPDATE state SET value = ? WHERE name = 'search' AND value < ?", id, id)
	return err
}

// batch indexes rows after one id and up to another, and gives their number
// and the last one's id.
func (s *SearchService) batch(tx *xorm.Session, after, end int64) (n int, last int64, err error) {
	const columns = "m.id, m.conversationid, m.cmd, m.ref, m.media, m.content, m.memo, m.url"
	query := "SELECT " + columns + " FROM message m WHERE m.id > ? AND m.id <= ? ORDER BY m.id LIMIT ?"
	if s.db.Dialect == db.MySQL { // without what another node has indexed
		query = "SELECT " + columns + " FROM message m LEFT JOIN search s ON s.id = m.id WHERE m.id > ? AND m.id <= ? AND s.id IS NULL ORDER BY m.id LIMIT ?"
	}
	var rows []model.Post
	if err := tx.SQL(query, after, end, indexBatch).Find(&rows); err != nil || len(rows) == 0 {
		return 0, after, err
	}
	key := "id"
	if s.db.Dialect == db.SQLite {
		key = "rowid"
	}
	insert, err := tx.Tx().Prepare("REPLACE INTO search (" + key + ", tokens) VALUES (?, ?)")
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = insert.Close() }() // it has done what it had to
	for i := range rows {
		row := &rows[i]
		switch row.Cmd {
		case model.CmdSingle, model.CmdRoom, model.CmdNotice:
			err = index(insert, row)
		case model.CmdRecall, model.CmdEdit:
			err = reindex(tx, "DELETE FROM search WHERE "+key+" = ?", insert, row)
		}
		if err != nil {
			return 0, 0, err
		}
	}
	return len(rows), rows[len(rows)-1].ID, nil
}

// index takes in a message by its words.
func index(insert *core.Stmt, row *model.Post) error {
	tokens := bigram.Index(words(row))
	if tokens == "" {
		return nil
	}
	_, err := insert.Exec(row.ID, tokens)
	return err
}

// reindex looks anew at the message that a row changed.
func reindex(tx *xorm.Session, remove string, insert *core.Stmt, change *model.Post) error {
	target := new(model.Post)
	found, err := tx.Where("conversationid = ? AND seq = ?", change.ConversationID, change.Ref).Get(target)
	if err != nil || !found {
		return err
	}
	if _, err := tx.Exec(remove, target.ID); err != nil {
		return err
	}
	return index(insert, target)
}

// words is what a message can be found by.
func words(row *model.Post) string {
	switch row.Media {
	case model.MediaCard, model.MediaEmoji:
		return row.Memo
	case model.MediaLink:
		return row.Memo + " " + row.URL
	}
	return row.Content + " " + row.Memo
}
