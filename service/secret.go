package service

import (
	"context"

	"hongyan/model"
	"hongyan/service/db"

	"xorm.io/xorm"
)

// SharedSecret gives a secret that all nodes on one database have, and nobody
// else. It is made at the first use.
func SharedSecret(ctx context.Context, d *db.DB, name string) (string, error) {
	return storedSecret(ctx, d, name, func() (string, error) { return newSecret(), nil })
}

// storedSecret gives a secret of the site; make makes it if there is none yet.
func storedSecret(ctx context.Context, d *db.DB, name string, make func() (string, error)) (value string, err error) {
	read := func(s *xorm.Session) (bool, error) {
		return s.SQL("SELECT value FROM secret WHERE name = ?", name).Get(&value)
	}
	made := ""
	err = d.Tx(ctx, func(tx *xorm.Session) error {
		found, err := read(tx)
		if err != nil || found {
			return err
		}
		if made, err = make(); err != nil {
			return err
		}
		_, err = tx.Insert(&model.Secret{Name: name, Value: made})
		return err
	})
	if db.IsDuplicate(err) { // another node was first
		value, made = "", ""
		err = d.View(ctx, func(s *xorm.Session) error { _, err := read(s); return err })
	}
	if value == "" {
		value = made
	}
	return value, err
}
