package service

import (
	"context"
	"time"

	"hongyan/model"
	"hongyan/service/db"

	"xorm.io/xorm"
)

// StatusService is the long-poll pair of status push: a value is set under a
// key and served once to somebody who waits for it, on whichever nodes the two
// are. The database is the truth; see Wakes.
type StatusService struct {
	db        *db.DB
	committer *Committer
	wakes     *Wakes
	now       Clock
}

// NewStatusService makes a StatusService. Run removes what has expired.
func NewStatusService(d *db.DB, committer *Committer, wakes *Wakes, now Clock) *StatusService {
	return &StatusService{db: d, committer: committer, wakes: wakes, now: now}
}

// Served is a value that a waiter got. GiveBack undoes that for a waiter who is
// gone before the value reached it: the next one gets it.
type Served struct {
	Value    string
	GiveBack func()
}

// Set puts a value under a key for ttl seconds (0: model.StatusTTL). The same
// value again is the same Set; another one is CodeConflict until the first has
// expired, served or not.
func (v *StatusService) Set(ctx context.Context, key, value string, ttl int) error {
	switch {
	case key == "":
		return model.Invalid("key")
	case len(key) > model.MaxStatusKey:
		return model.TooLarge("key")
	case value == "":
		return model.Invalid("value")
	case len(value) > model.MaxStatusValue:
		return model.TooLarge("value")
	case ttl < 0 || ttl > model.MaxStatusTTL:
		return model.Invalid("ttl")
	case ttl == 0:
		ttl = model.StatusTTL
	}
	hash := secretHash(key)
	err := v.committer.Do(ctx, func(tx *Tx) error {
		row := new(model.Status)
		found, err := tx.SQL("SELECT * FROM status WHERE hash = ?"+v.db.ForUpdate(), hash).Get(row)
		switch {
		case err != nil:
			return err
		case found && row.Expires > tx.Now() && row.Value == value:
			return nil
		case found && row.Expires > tx.Now():
			return &model.Error{Code: model.CodeConflict, Key: "status"}
		case found:
			if _, err := tx.Exec("DELETE FROM status WHERE id = ?", row.ID); err != nil {
				return err
			}
		}
		expires := tx.Now() + (time.Duration(ttl) * time.Second).Milliseconds()
		if _, err := tx.Insert(&model.Status{Hash: hash, Value: value, Expires: expires}); err != nil {
			return err // a duplicate means another node was first: the op is run again
		}
		return v.wakes.note(tx.Session, hash)
	})
	if err == nil {
		v.wakes.wake(hash)
	}
	return err
}

// Get waits until there is a value under a key and takes it. It gives nil after
// hold, when this node drains, and when ctx ends.
func (v *StatusService) Get(ctx context.Context, key string, hold time.Duration) (*Served, error) {
	switch {
	case key == "":
		return nil, model.Invalid("key")
	case len(key) > model.MaxStatusKey:
		return nil, model.TooLarge("key")
	}
	hash := secretHash(key)
	waiter := v.wakes.Join(hash)
	defer waiter.Leave()
	timer := time.NewTimer(hold)
	defer timer.Stop()
	for last := false; ; {
		served, err := aside(ctx, func(ctx context.Context) (*Served, error) { return v.take(ctx, hash) })
		if ctx.Err() != nil {
			if served != nil {
				served.GiveBack()
			}
			return nil, nil // whatever failed, it failed for nobody
		}
		if err != nil || served != nil || last {
			return served, err
		}
		select {
		case <-waiter.C:
		case <-timer.C:
			last = true // what no wake-up told of
		case <-v.wakes.Draining():
			return nil, nil
		case <-ctx.Done():
			return nil, nil
		}
	}
}

// take serves the value under a key to one of those who ask; nil if there is
// none to be had. Most who ask find none, and do not trouble the writer.
func (v *StatusService) take(ctx context.Context, hash string) (*Served, error) {
	var id int64
	there, err := v.db.ReadRow(ctx, "SELECT id FROM status WHERE hash = ? AND servedat = 0 AND expires > ?", []any{hash, v.now.millis()}, &id)
	if err != nil || !there {
		return nil, err
	}
	var row model.Status
	taken := false
	// A value that was taken must not get lost between here and there.
	err = v.committer.Do(context.WithoutCancel(ctx), func(tx *Tx) error {
		row, taken = model.Status{}, false // the op may run again
		found, err := tx.SQL("SELECT * FROM status WHERE hash = ?"+v.db.ForUpdate(), hash).Get(&row)
		if err != nil || !found || row.ServedAt != 0 || row.Expires <= tx.Now() {
			return err
		}
		taken = true
		_, err = tx.Exec("UPDATE status SET servedat = ? WHERE id = ?", tx.Now(), row.ID)
		return err
	})
	if err != nil || !taken {
		return nil, err
	}
	return &Served{Value: row.Value, GiveBack: func() { v.giveBack(row.ID, hash) }}, nil
}

// giveBack makes a value that reached nobody wait again. Where that fails the
// value is lost, as with a connection that breaks a moment later.
func (v *StatusService) giveBack(id int64, hash string) {
	err := v.committer.Do(context.Background(), func(tx *Tx) error {
		if _, err := tx.Exec("UPDATE status SET servedat = 0 WHERE id = ?", id); err != nil {
			return err
		}
		return v.wakes.note(tx.Session, hash)
	})
	if err == nil {
		v.wakes.wake(hash)
	}
}

// Run removes what has expired, until ctx ends.
func (v *StatusService) Run(ctx context.Context) {
	every(ctx, time.Minute, func() {
		_ = v.db.Tx(ctx, func(s *xorm.Session) error { // the next one makes up for it
			_, err := s.Exec("DELETE FROM status WHERE expires <= ?", v.now.millis())
			return err
		})
	})
}
