package service

import (
	"context"

	"hongyan/model"

	"xorm.io/xorm"
)

// kicked tells a device that a program of the operator's signed it out.
const kicked = "signed out by the operator"

// Kick signs a user out on all devices.
func (v *SessionService) Kick(ctx context.Context, userID int64) error {
	var ended []int64
	err := v.db.Tx(ctx, func(s *xorm.Session) error {
		var id int64 // locked, as for a login: which comes before this or after it
		found, err := s.SQL("SELECT id FROM user WHERE id = ?"+v.db.ForUpdate(), userID).Get(&id)
		if err != nil {
			return err
		}
		if !found {
			return model.Fail(model.CodeNotFound)
		}
		ended, err = v.removeOthers(s, userID, 0)
		return err
	})
	if err == nil {
		v.ended(userID, ended, CloseSessionEnded, kicked)
	}
	return err
}

// KickSession ends a session, whosever it is.
func (v *SessionService) KickSession(ctx context.Context, id int64) error {
	row := new(model.Session)
	err := v.db.Tx(ctx, func(s *xorm.Session) error {
		found, err := s.SQL("SELECT * FROM session WHERE id = ?", id).Get(row)
		if err != nil {
			return err
		}
		if !found {
			return model.Fail(model.CodeNotFound)
		}
		return v.remove(s, []int64{id})
	})
	if err == nil {
		v.ended(row.UserID, []int64{id}, CloseSessionEnded, kicked)
	}
	return err
}
