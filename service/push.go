package service

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"net/url"
	"strings"
	"sync"

	"hongyan/model"
	"hongyan/service/db"

	"xorm.io/xorm"
)

// maxOrigin bounds the address at which a device knows the site.
const maxOrigin = 300

// Pusher brings a notice to the push service of a device. A failure is a
// *model.NotifyError; one that says Gone ends the subscription.
type Pusher interface {
	Check(s *model.PushSubscription) error
	Push(ctx context.Context, s *model.PushSubscription, n *model.Notice, topic string) error
}

// PushService keeps which devices are to be woken by their push services.
type PushService struct {
	db     *db.DB
	awake  *AwakeService
	pusher Pusher
	keys   *PushKeys
	now    Clock
}

// NewPushService makes the service.
func NewPushService(d *db.DB, awake *AwakeService, pusher Pusher, keys *PushKeys, now Clock) *PushService {
	return &PushService{db: d, awake: awake, pusher: pusher, keys: keys, now: now}
}

// Key is the public key that browsers subscribe with.
func (p *PushService) Key(ctx context.Context) (string, error) {
	public, _, err := p.keys.Pair(ctx)
	return public, err
}

// Subscribe lets a session's device be woken, in place of what the session had
// before. Somebody else's former subscription of the same browser is taken over.
func (p *PushService) Subscribe(ctx context.Context, session *model.Session, s model.PushSubscription) error {
	s.UserID, s.SessionID, s.Hash, s.CreateAt, s.ID, s.Failures = session.UserID, session.ID, secretHash(s.Endpoint), p.now.millis(), 0, 0
	if err := p.pusher.Check(&s); err != nil {
		return err
	}
	var good bool
	if s.P256dh, good = oneForm(s.P256dh, isPoint); !good {
		return model.Invalid("p256dh")
	}
	if s.Auth, good = oneForm(s.Auth, func(key []byte) bool { return len(key) == 16 }); !good {
		return model.Invalid("auth")
	}
	s.Origin = knownOrigin(s.Origin)
	err := p.db.Tx(ctx, func(tx *xorm.Session) error {
		// With the session's row held, two calls of a device do not both insert.
		var id int64
		found, err := tx.SQL("SELECT id FROM session WHERE id = ?"+p.db.ForUpdate(), session.ID).Get(&id)
		if err == nil && !found {
			err = model.Fail(model.CodeUnauthenticated)
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM push_subscription WHERE sessionid = ? OR hash = ?", session.ID, s.Hash); err != nil {
			return err
		}
		row := s // the transaction may run again
		_, err = tx.Insert(&row)
		return err
	})
	if db.IsDuplicate(err) { // another session of the same browser, at the same moment
		err = model.Fail(model.CodeConflict)
	}
	if err == nil {
		p.awake.Wake()
	}
	return err
}

// Unsubscribe lets a session's device sleep.
func (p *PushService) Unsubscribe(ctx context.Context, session *model.Session) error {
	return p.db.Tx(ctx, func(tx *xorm.Session) error {
		_, err := tx.Exec("DELETE FROM push_subscription WHERE sessionid = ?", session.ID)
		return err
	})
}

// Test pushes a notice to the session's device and tells how that went:
// CodeNotFound if it has no subscription, CodeConflict with the reason.
func (p *PushService) Test(ctx context.Context, session *model.Session) error {
	s := new(model.PushSubscription)
	err := p.db.View(ctx, func(v *xorm.Session) error {
		found, err := v.Where("sessionid = ? AND userid = ?", session.ID, session.UserID).Get(s)
		if err == nil && !found {
			err = model.Fail(model.CodeNotFound)
		}
		return err
	})
	if err != nil {
		return err
	}
	n := p.awake.testNotice(s.Lang, s.Origin, "/me/notify")
	err = p.pusher.Push(ctx, s, &n, "test")
	p.awake.pushed(ctx, s.ID, err)
	return undelivered(err)
}

// Waking tells of a session's device: whether it is subscribed, and whether
// names and words are shown there.
func (p *PushService) Waking(ctx context.Context, session *model.Session) (on, content bool, err error) {
	s := new(model.PushSubscription)
	err = p.db.View(ctx, func(v *xorm.Session) error {
		on, err = v.Where("sessionid = ? AND userid = ?", session.ID, session.UserID).Get(s)
		return err
	})
	return on, s.Content, err
}

// knownOrigin is scheme and host of an address that links can begin with, "" if
// it is none.
func knownOrigin(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || len(text) > maxOrigin || u.User != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// oneForm gives the one form of a key that is kept, and whether it is good:
// base64 has no end of others, and the column has one.
func oneForm(text string, good func(key []byte) bool) (string, bool) {
	text = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(text, "="))
	key, err := base64.RawURLEncoding.DecodeString(text)
	return base64.RawURLEncoding.EncodeToString(key), err == nil && good(key)
}

// isPoint tells whether bytes are a public key of the curve that pushes use.
func isPoint(key []byte) bool {
	_, err := ecdh.P256().NewPublicKey(key)
	return err == nil
}

// vapid names the site's pair of keys among the secrets.
const vapid = "vapid"

// PushKeys is the pair of keys by which push services know the site. It is made
// at the first use and kept in the database, so that it is the same on every
// node and goes with a backup: with another pair every subscription is void.
type PushKeys struct {
	db *db.DB

	mu   sync.Mutex // guards pair
	pair []string
}

// NewPushKeys makes the PushKeys of a database.
func NewPushKeys(d *db.DB) *PushKeys { return &PushKeys{db: d} }

// Pair gives the public and the private key, in base64url.
func (k *PushKeys) Pair(ctx context.Context) (public, private string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pair == nil {
		value, err := k.load(ctx)
		if err != nil {
			return "", "", err
		}
		k.pair = strings.Split(value, " ")
	}
	return k.pair[0], k.pair[1], nil
}

func (k *PushKeys) load(ctx context.Context) (value string, err error) {
	return storedSecret(ctx, k.db, vapid, func() (string, error) {
		key, err := ecdh.P256().GenerateKey(rand.Reader)
		if err != nil {
			return "", err
		}
		return base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()) + " " + base64.RawURLEncoding.EncodeToString(key.Bytes()), nil
	})
}
