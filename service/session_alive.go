package service

import (
	"context"

	"hongyan/model"

	"xorm.io/xorm"
)

// Alive tells whether a session has not ended, by the store itself and not by
// what is remembered of it.
func (v *SessionService) Alive(ctx context.Context, id int64) (alive bool, err error) {
	err = v.db.View(ctx, func(s *xorm.Session) error {
		alive, err = s.Where("id = ? AND seenat > ?", id, v.deadline()).Exist(new(model.Session))
		return err
	})
	return alive, err
}
