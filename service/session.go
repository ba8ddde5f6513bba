package service

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"time"

	"hongyan/model"
	"hongyan/service/db"

	"xorm.io/xorm"
)

// SessionLife is how long a device may stay away; a cookie need not live longer.
const SessionLife = 90 * 24 * time.Hour

// tooManyDevices tells a device why it was signed out.
const tooManyDevices = "signed in on too many devices"

// SessionService knows which devices are signed in, and as whom.
type SessionService struct {
	db    *db.DB
	out   Publisher
	now   Clock
	limit int // sessions of one user
	cache *sessionCache
	seen  seenSessions
}

// NewSessionService makes a SessionService that lets a user be signed in on
// limit devices. Run must run for the times at which devices were seen to be
// kept, and for what is old to go.
func NewSessionService(d *db.DB, out Publisher, now Clock, limit int) *SessionService {
	return &SessionService{db: d, out: out, now: now, limit: limit, cache: newSessionCache(now)}
}

// Device is what is known of where a session is opened.
type Device struct {
	Name    string // as people call it: "Chrome · Android"
	Address string
}

// newSecret makes 256 random bits in a form that fits a header and a URL.
func newSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// secretHash is what the database knows of a secret.
func secretHash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Open signs a device in and gives its token. Beyond the limit the device
// that was away the longest is signed out.
func (v *SessionService) Open(ctx context.Context, userID int64, device Device) (token string, err error) {
	var ended []int64
	token = newSecret()
	err = v.db.Tx(ctx, func(s *xorm.Session) error {
		ended, err = v.open(s, userID, token, device)
		return err
	})
	if err != nil {
		return "", err
	}
	v.ended(userID, ended, CloseElsewhere, tooManyDevices)
	return token, nil
}

// open inserts a session and gives the ids of those that made room for it,
// which the caller hands to ended after the commit.
func (v *SessionService) open(s *xorm.Session, userID int64, token string, device Device) ([]int64, error) {
	var id int64
	if _, err := s.SQL("SELECT id FROM user WHERE id = ?"+v.db.ForUpdate(), userID).Get(&id); err != nil {
		return nil, err
	}
	now := v.now.millis()
	row := &model.Session{
		UserID: userID, Hash: secretHash(token), Device: device.Name, Address: device.Address, CreateAt: now, SeenAt: now,
	}
	if _, err := s.Insert(row); err != nil {
		return nil, err
	}
	var oldest []int64
	err := s.SQL("SELECT id FROM session WHERE userid = ? AND id <> ? ORDER BY seenat DESC, id DESC LIMIT 1000 OFFSET ?",
		userID, row.ID, v.limit-1).Find(&oldest)
	if err != nil {
		return nil, err
	}
	return oldest, v.remove(s, oldest)
}

// remove deletes sessions with their tickets and what is pushed to them.
func (v *SessionService) remove(s *xorm.Session, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	if _, err := s.In("sessionid", ids).Delete(new(model.Ticket)); err != nil {
		return err
	}
	if _, err := s.In("sessionid", ids).Delete(new(model.PushSubscription)); err != nil {
		return err
	}
	_, err := s.In("id", ids).Delete(new(model.Session))
	return err
}

// ended makes the end of sessions known, after the commit.
func (v *SessionService) ended(userID int64, ids []int64, code int, reason string) {
	if len(ids) == 0 {
		return
	}
	v.cache.forget(ids)
	v.out.Disconnect(userID, ids, code, reason)
}

// List gives a user's sessions, the newest first; current is the one that asks.
func (v *SessionService) List(ctx context.Context, userID, current int64) ([]model.Session, error) {
	list := []model.Session{}
	err := v.db.View(ctx, func(s *xorm.Session) error {
		return s.Where("userid = ? AND seenat > ?", userID, v.deadline()).Desc("id").Find(&list)
	})
	for i := range list {
		list[i].Current = list[i].ID == current
		list[i].SeenAt = max(list[i].SeenAt, v.seen.at(list[i].ID))
	}
	return list, err
}

// End signs one of a user's devices out. Somebody else's session answers like
// one that does not exist.
func (v *SessionService) End(ctx context.Context, userID, id int64) error {
	err := v.db.Tx(ctx, func(s *xorm.Session) error {
		found, err := s.Where("id = ? AND userid = ?", id, userID).Exist(new(model.Session))
		if err != nil {
			return err
		}
		if !found {
			return model.Fail(model.CodeNotFound)
		}
		return v.remove(s, []int64{id})
	})
	if err == nil {
		v.ended(userID, []int64{id}, CloseSessionEnded, "signed out")
	}
	return err
}

// removeOthers deletes a user's sessions but one and gives their ids.
func (v *SessionService) removeOthers(s *xorm.Session, userID, keep int64) ([]int64, error) {
	var ids []int64
	if err := s.SQL("SELECT id FROM session WHERE userid = ?", userID).Find(&ids); err != nil {
		return nil, err
	}
	ids = slices.DeleteFunc(ids, func(id int64) bool { return id == keep })
	return ids, v.remove(s, ids)
}

// deadline is the time since which a session must have been seen.
func (v *SessionService) deadline() int64 { return v.now().Add(-SessionLife).UnixMilli() }
