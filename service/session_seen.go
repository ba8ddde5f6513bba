package service

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"hongyan/model"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"xorm.io/xorm"
)

// How stale an answer about a session may be. What this node ends is known
// here at once; another node hears of it within cacheLife.
const (
	cacheLife = time.Second
	cacheSize = 2_000 // as many as ask within cacheLife
)

// How often the times at which devices were seen are written down, how much
// newer they must be than what is written, and how many go in one transaction:
// messages wait for it.
const (
	seenInterval = 10 * time.Second
	seenStep     = time.Minute
	seenBatch    = 200
)

// Authenticate gives the session that a token opens, or CodeUnauthenticated.
func (v *SessionService) Authenticate(ctx context.Context, token string) (*model.Session, error) {
	hash := secretHash(token)
	session, ok := v.cache.get(hash)
	if !ok {
		mark, asked := v.cache.mark(), v.now()
		session.Hash = hash
		found, err := v.db.ReadRow(ctx, "SELECT id, userid, device, address, createat, seenat FROM session WHERE hash = ?", []any{hash},
			&session.ID, &session.UserID, &session.Device, &session.Address, &session.CreateAt, &session.SeenAt)
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, model.Fail(model.CodeUnauthenticated)
		}
		v.cache.put(session, mark, asked)
	}
	if max(session.SeenAt, v.seen.at(session.ID)) <= v.deadline() {
		return nil, model.Fail(model.CodeUnauthenticated)
	}
	v.touch(session.ID, session.SeenAt)
	return &session, nil
}

// Touch notes that a session's device is there, for one that only holds a socket.
func (v *SessionService) Touch(id int64) { v.touch(id, 0) }

func (v *SessionService) touch(id, before int64) {
	if now := v.now(); now.UnixMilli()-before >= seenStep.Milliseconds() {
		v.seen.note(id, now.UnixMilli())
	}
}

// Run writes down what was seen and removes what is over, until ctx ends.
func (v *SessionService) Run(ctx context.Context) {
	ticker := time.NewTicker(seenInterval)
	defer ticker.Stop()
	sweep := time.NewTicker(time.Minute)
	defer sweep.Stop()
	for {
		// A failed write is made up for by the next one: these are hints.
		select {
		case <-ticker.C:
			_ = v.flush(ctx)
		case <-sweep.C:
			_ = v.Sweep(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			_ = v.flush(last)
			cancel()
			return
		}
	}
}

// flush writes the times at which sessions were seen. Those of a batch, seconds
// apart, get the first of their times: one statement for all of them.
func (v *SessionService) flush(ctx context.Context) error {
	due := v.seen.due()
	slices.SortFunc(due, func(a, b seenEntry) int { return cmp.Compare(a.at, b.at) })
	for batch := range slices.Chunk(due, seenBatch) {
		ids := make([]int64, len(batch))
		for i, e := range batch {
			ids[i] = e.id
		}
		at := batch[0].at
		err := v.db.Tx(ctx, func(s *xorm.Session) error {
			_, err := s.Table("session").In("id", ids).And("seenat < ?", at).Update(map[string]any{"seenat": at})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Sweep removes the tickets and sessions whose time is over, and closes the
// sockets that such a session still has on a node that has not written it down.
func (v *SessionService) Sweep(ctx context.Context) error {
	var idle []model.Session
	err := v.db.Tx(ctx, func(s *xorm.Session) error {
		if _, err := s.Exec("DELETE FROM ticket WHERE expires <= ?", v.now.millis()); err != nil {
			return err
		}
		idle = nil
		if err := s.SQL("SELECT id, userid FROM session WHERE seenat <= ? LIMIT 1000", v.deadline()).Find(&idle); err != nil {
			return err
		}
		idle = slices.DeleteFunc(idle, func(row model.Session) bool { return v.seen.at(row.ID) > v.deadline() })
		ids := make([]int64, len(idle))
		for i := range idle {
			ids[i] = idle[i].ID
		}
		return v.remove(s, ids)
	})
	if err != nil {
		return err
	}
	for _, row := range idle {
		v.ended(row.UserID, []int64{row.ID}, CloseSessionEnded, "away too long")
	}
	return nil
}

// seenSessions holds when sessions were seen last, where that is newer than
// the database's knowledge by seenStep or not written yet.
type seenSessions struct {
	mu    sync.Mutex // guards times
	times map[int64]seenTime
}

type seenTime struct {
	at    int64
	dirty bool
}

type seenEntry struct{ id, at int64 }

func (q *seenSessions) at(id int64) int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.times[id].at
}

func (q *seenSessions) note(id, now int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if now-q.times[id].at < seenStep.Milliseconds() {
		return
	}
	if q.times == nil {
		q.times = map[int64]seenTime{}
	}
	q.times[id] = seenTime{at: now, dirty: true}
}

// due gives what is to be written and forgets what was written long ago.
func (q *seenSessions) due() []seenEntry {
	q.mu.Lock()
	defer q.mu.Unlock()
	var list []seenEntry
	var newest int64
	for _, t := range q.times {
		newest = max(newest, t.at)
	}
	for id, t := range q.times {
		if t.dirty {
			list = append(list, seenEntry{id, t.at})
			q.times[id] = seenTime{at: t.at}
		} else if newest-t.at > 2*seenStep.Milliseconds() {
			delete(q.times, id)
		}
	}
	return list
}

// sessionCache remembers the sessions asked for last, for cacheLife.
type sessionCache struct {
	now Clock

	mu      sync.Mutex // guards what follows
	entries *simplelru.LRU[string, cachedSession]
	hashes  map[int64]string // of the entries, by session id
	forgot  int              // counts the calls of forget
}

type cachedSession struct {
	session model.Session
	until   time.Time
}

func newSessionCache(now Clock) *sessionCache {
	c := &sessionCache{now: now, hashes: map[int64]string{}}
	entries, err := simplelru.NewLRU(cacheSize, func(_ string, e cachedSession) { delete(c.hashes, e.session.ID) })
	if err != nil {
		panic(err) // only a size below 1 fails
	}
	c.entries = entries
	return c
}

func (c *sessionCache) get(hash string) (model.Session, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries.Get(hash)
	if !ok || !c.now().Before(e.until) {
		return model.Session{}, false
	}
	return e.session, true
}

// mark is to be taken before the database is asked for what put is given: what
// was forgotten in between is not remembered again.
func (c *sessionCache) mark() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.forgot
}

func (c *sessionCache) put(session model.Session, mark int, asked time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.forgot != mark {
		return
	}
	c.entries.Add(session.Hash, cachedSession{session, asked.Add(cacheLife)})
	c.hashes[session.ID] = session.Hash
}

func (c *sessionCache) forget(ids []int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgot++
	for _, id := range ids {
		if hash, ok := c.hashes[id]; ok {
			c.entries.Remove(hash)
		}
	}
}
