package service

import (
	"context"
	"slices"
	"strings"
	"time"

	"hongyan/model"
	"hongyan/service/db"

	"xorm.io/xorm"
)

// keyPrefix begins every API key, so that one is known for what it is where it
// should not be; keySeenStep is how exact the time of its last use is.
const (
	keyPrefix   = "hyk_"
	keySeenStep = time.Minute
)

// APIKeyService knows the keys with which programs call the internal listener.
// Nothing of them is remembered: a key that is revoked by another process opens
// nothing from then on.
type APIKeyService struct {
	db  *db.DB
	now Clock
}

// NewAPIKeyService makes an APIKeyService.
func NewAPIKeyService(d *db.DB, now Clock) *APIKeyService { return &APIKeyService{db: d, now: now} }

// Create makes a key for a program and gives it, this once. Without scopes it
// may do all there is.
func (k *APIKeyService) Create(ctx context.Context, name string, scopes []string) (key string, row *model.APIKey, err error) {
	name = strings.TrimSpace(name)
	if name == "" || !model.ValidName(name, model.MaxKeyName) {
		return "", nil, model.Invalid("name")
	}
	if len(scopes) == 0 {
		scopes = model.Scopes()
	}
	for _, scope := range scopes {
		if !model.ValidScope(scope) {
			return "", nil, model.Invalid("scopes")
		}
	}
	slices.Sort(scopes)
	key = keyPrefix + newSecret()
	row = &model.APIKey{Name: name, Hash: secretHash(key), Scopes: strings.Join(slices.Compact(scopes), ","), CreateAt: k.now.millis()}
	err = k.db.Tx(ctx, func(s *xorm.Session) error {
		row.ID = 0 // the transaction may run again
		_, err := s.Insert(row)
		return err
	})
	return key, row, err
}

// List gives all keys, the oldest first.
func (k *APIKeyService) List(ctx context.Context) ([]model.APIKey, error) {
	var list []model.APIKey
	err := k.db.View(ctx, func(s *xorm.Session) error { return s.Asc("id").Find(&list) })
	return list, err
}

// Revoke ends a key on all nodes; CodeNotFound if there is none of that id.
func (k *APIKeyService) Revoke(ctx context.Context, id int64) error {
	return k.db.Tx(ctx, func(s *xorm.Session) error {
		n, err := s.Where("id = ?", id).Delete(new(model.APIKey))
		if err == nil && n == 0 {
			return model.Fail(model.CodeNotFound)
		}
		return err
	})
}

// Check tells whether a key opens a scope: CodeUnauthenticated if it opens
// nothing, CodeForbidden if it opens others. The database is asked for its hash,
// so how long that takes says nothing of any other key.
func (k *APIKeyService) Check(ctx context.Context, key, scope string) error {
	row := new(model.APIKey)
	var found bool
	if !strings.HasPrefix(key, keyPrefix) {
		return &model.Error{Code: model.CodeUnauthenticated, Key: "key"}
	}
	err := k.db.View(ctx, func(s *xorm.Session) (err error) {
		found, err = s.Where("hash = ?", secretHash(key)).Get(row)
		return err
	})
	switch {
	case err != nil:
		return err
	case !found:
		return &model.Error{Code: model.CodeUnauthenticated, Key: "key"}
	case !slices.Contains(strings.Split(row.Scopes, ","), scope):
		return &model.Error{Code: model.CodeForbidden, Key: "scope"}
	}
	return k.touch(ctx, row)
}

// touch notes that a key is in use.
func (k *APIKeyService) touch(ctx context.Context, row *model.APIKey) error {
	now := k.now.millis()
	if now-row.SeenAt < keySeenStep.Milliseconds() {
		return nil
	}
	return k.db.Tx(ctx, func(s *xorm.Session) error {
		_, err := s.Exec("UPDATE api_key SET seenat = ? WHERE id = ? AND seenat < ?", now, row.ID, now)
		return err
	})
}
