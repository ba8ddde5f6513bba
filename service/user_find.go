package service

import (
	"context"
	"slices"

	"hongyan/model"

	"xorm.io/xorm"
)

// idsPerQuery bounds the placeholders of one statement.
const idsPerQuery = 500

// load finds an account with its hash.
func (u *UserService) load(ctx context.Context, id int64) (*model.User, error) {
	user, found := new(model.User), false
	err := u.db.View(ctx, func(s *xorm.Session) (err error) {
		found, err = s.Where("id = ?", id).Get(user)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, model.Fail(model.CodeNotFound)
	}
	return user, nil
}

// ByID gives a user as that user sees themselves.
func (u *UserService) ByID(ctx context.Context, id int64) (*model.User, error) {
	user, err := u.load(ctx, id)
	if err != nil {
		return nil, err
	}
	user.Passwd, user.Online = "", u.presence.Online(id)
	return user, nil
}

// ByIDs gives those of the users that exist. Who is online is not among it:
// whether somebody may know is for the callers who know who asks.
func (u *UserService) ByIDs(ctx context.Context, ids []int64) (map[int64]model.User, error) {
	users := make(map[int64]model.User, len(ids))
	err := u.db.View(ctx, func(s *xorm.Session) error {
		for part := range slices.Chunk(ids, idsPerQuery) {
			var list []model.User
			if err := s.In("id", part).Omit("passwd").Find(&list); err != nil {
				return err
			}
			for _, user := range list {
				users[user.ID] = user
			}
		}
		return nil
	})
	return users, err
}

// Find gives the user with exactly that id or, if it is 0, that mobile, as
// userID may see them: whether a stranger is online is not for everybody.
func (u *UserService) Find(ctx context.Context, userID, id int64, mobile string) (*model.PublicUser, error) {
	switch {
	case id < 0 || id > model.MaxID:
		return nil, model.Invalid("id")
	case id == 0 && !model.ValidMobile(mobile):
		return nil, model.Invalid("mobile")
	}
	var public model.PublicUser
	err := u.db.View(ctx, func(s *xorm.Session) error {
		where, value := "id = ?", any(id)
		if id == 0 {
			where, value = "mobile = ?", mobile
		}
		user := new(model.User)
		found, err := s.Where(where, value).Get(user)
		if err != nil {
			return err
		}
		if !found {
			return model.Fail(model.CodeNotFound)
		}
		near := user.ID == userID
		if !near {
			if near, err = areFriends(s, userID, user.ID); near && err == nil {
				blocked, failed := isBlocked(s, user.ID, userID)
				near, err = !blocked, failed
			}
		}
		if err != nil {
			return err
		}
		hidden, err := hiding(s, hideOnline, userID, user.ID)
		own := user.ID == userID
		user.Online = near && (own || len(hidden) == 0) && u.presence.Online(user.ID)
		public = user.Public()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &public, nil
}
