package service

import (
	"context"
	"crypto/rand"
	"strconv"
	"strings"
	"unicode/utf8"

	"hongyan/model"

	"xorm.io/xorm"
)

// Begin makes an upload in parts for a file of a size. The size counts towards
// its owner's quota from now on. It is CodeTooLarge where there is no room, and
// CodeRateLimited as Upload is.
func (s *AttachService) Begin(ctx context.Context, userID int64, name, hint string, size int64) (model.UploadState, error) {
	if ok, wait := s.limits.Rate.Allow(strconv.FormatInt(userID, 10)); !ok {
		return model.UploadState{}, &model.Error{Code: model.CodeRateLimited, RetryAfter: wait}
	}
	switch {
	case size <= 0:
		return model.UploadState{}, model.Invalid("file")
	case size > s.limits.Size:
		return model.UploadState{}, model.TooLarge("file")
	case len(hint) > maxHint || !utf8.ValidString(hint) || !utf8.ValidString(name):
		return model.UploadState{}, model.Invalid("name")
	}
	for len(name) > maxFileName { // the ending stays
		_, n := utf8.DecodeRuneInString(name)
		name = name[n:]
	}
	row := &model.Upload{Key: strings.ToLower(rand.Text()), UserID: userID, Name: name, Hint: hint, Size: size, CreateAt: s.now.millis()}
	row.SeenAt = row.CreateAt
	err := s.db.Tx(ctx, func(tx *xorm.Session) error { return s.begin(tx, row) })
	if err != nil {
		return model.UploadState{}, databaseFault(err)
	}
	return stateOf(row), nil
}

func (s *AttachService) begin(tx *xorm.Session, row *model.Upload) error {
	var id int64
	if _, err := tx.SQL("SELECT id FROM user WHERE id = ?"+s.db.ForUpdate(), row.UserID).Get(&id); err != nil {
		return err
	}
	room, err := s.left(tx, row.UserID)
	if err != nil {
		return err
	}
	if err := s.makeRoom(tx, row, room); err != nil {
		return err
	}
	row.ID = 0
	_, err = tx.Insert(row)
	return err
}

// makeRoom sees to it that an upload fits beside the others of its owner. Where
// it does not, those give way that nobody has gone on with for a while.
func (s *AttachService) makeRoom(tx *xorm.Session, row *model.Upload, room int64) error {
	var open []model.Upload
	err := tx.Where("userid = ? AND done = '' AND createat > ?", row.UserID, s.abandoned()).Asc("id").Find(&open)
	if err != nil {
		return err
	}
	count, promised := len(open), row.Size
	for _, other := range open {
		promised += other.Size
	}
	idle := s.now().Add(-idleTime).UnixMilli()
	for _, other := range open {
		if count < mostUploads && promised <= room {
			break
		}
		if other.SeenAt > idle {
			continue
		}
		if _, err := tx.ID(other.ID).Delete(new(model.Upload)); err != nil {
			return err
		}
		count--
		promised -= other.Size
	}
	switch {
	case promised > room:
		return model.TooLarge("quota")
	case count >= mostUploads:
		return &model.Error{Code: model.CodeRateLimited, RetryAfter: idleTime}
	}
	return nil
}
