package service

import (
	"context"
	"path"
	"strings"
	"unicode/utf8"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/util/imaging"

	"xorm.io/xorm"
)

// StickerService keeps each user's collection of stickers: pictures that were
// uploaded to this server by the user, or seen in a conversation.
type StickerService struct {
	db  *db.DB
	now Clock
}

// NewStickerService makes the service.
func NewStickerService(d *db.DB, now Clock) *StickerService {
	return &StickerService{db: d, now: now}
}

// NewSticker says which picture is wanted: the URL of the user's own upload, or,
// if Seq is set, the picture of a message that the user may see.
type NewSticker struct {
	URL   string
	Kind  int
	DstID int64
	Seq   int64
	Name  string
}

// List gives a user's stickers, the newest first.
func (s *StickerService) List(ctx context.Context, userID int64) ([]model.Sticker, error) {
	var list []model.Sticker
	err := s.db.View(ctx, func(v *xorm.Session) error {
		return v.Where("userid = ?", userID).Desc("id").Limit(model.MaxStickers).Find(&list)
	})
	return list, err
}

// Add puts a picture into a user's collection, or to its front if it is there.
func (s *StickerService) Add(ctx context.Context, userID int64, in NewSticker) (*model.Sticker, error) {
	if !utf8.ValidString(in.Name) || utf8.RuneCountInString(in.Name) > model.MaxStickerName || strings.ContainsAny(in.Name, "\r\n\x00") {
		return nil, model.Invalid("sticker_name")
	}
	var row *model.Sticker
	err := s.db.Tx(ctx, func(tx *xorm.Session) error {
		file, err := picture(tx, userID, in)
		if err != nil {
			return err
		}
		if row, err = stickerOf(file); err != nil {
			return err
		}
		row.UserID, row.CreateAt = userID, s.now.millis()
		if in.Name != "" {
			row.Name = in.Name
		}
		return s.insert(tx, row)
	})
	return row, err
}

// insert counts under a lock of the user, since others of their devices may be
// adding too.
func (s *StickerService) insert(tx *xorm.Session, row *model.Sticker) error {
	var id int64
	if _, err := tx.SQL("SELECT id FROM user WHERE id = ?"+s.db.ForUpdate(), row.UserID).Get(&id); err != nil {
		return err
	}
	if _, err := tx.Where("userid = ? AND name_key = ?", row.UserID, row.Key).Delete(new(model.Sticker)); err != nil {
		return err
	}
	n, err := tx.Where("userid = ?", row.UserID).Count(new(model.Sticker))
	if err != nil {
		return err
	}
	if n >= model.MaxStickers {
		return &model.Error{Code: model.CodeConflict, Key: "stickers"}
	}
	_, err = tx.Insert(row)
	return err
}

// picture finds the file that is meant. One that does not exist and one that the
// user has no business with answer alike.
func picture(tx *xorm.Session, userID int64, in NewSticker) (*model.Attachment, error) {
	own := in.Seq == 0
	if !own {
		post, err := postSeen(tx, userID, in)
		if err != nil {
			return nil, err
		}
		in.URL = post.URL
	}
	name, found := strings.CutPrefix(in.URL, filePath)
	key := strings.TrimSuffix(strings.TrimSuffix(name, path.Ext(name)), thumbSuffix)
	if !found || !isKey(key) {
		return nil, model.Fail(model.CodeNotFound)
	}
	file := new(model.Attachment)
	found, err := tx.Where("name_key = ?", key).NoAutoCondition().Get(file)
	if err == nil && (!found || own && file.UserID != userID) {
		err = model.Fail(model.CodeNotFound)
	}
	return file, err
}

// postSeen finds a message with a picture among those that a user may see.
func postSeen(tx *xorm.Session, userID int64, in NewSticker) (*model.Post, error) {
	seat, err := seatIn(tx, in.Kind, userID, in.DstID)
	if err != nil {
		return nil, err
	}
	post, found := new(model.Post), false
	if seat != nil {
		found, err = tx.Where("conversationid = ? AND seq = ?", seat.ConversationID, in.Seq).NoAutoCondition().Get(post)
	}
	if err == nil && found {
		err = intact(*post)
	}
	if err == nil && (!found || post.Media != model.MediaImage && post.Media != model.MediaEmoji) {
		err = model.Fail(model.CodeNotFound)
	}
	return post, err
}

// stickerOf makes a sticker of a file: of its small copy, if it is large itself.
func stickerOf(file *model.Attachment) (*model.Sticker, error) {
	if !imaging.Known(file.Type) {
		return nil, &model.Error{Code: model.CodeUnsupportedMedia, Key: "picture"}
	}
	row := &model.Sticker{Key: file.Key, URL: fileURL(file.Key, file.Type), Width: file.Width, Height: file.Height}
	row.Name = strings.TrimSuffix(file.Name, path.Ext(file.Name))
	if r := []rune(row.Name); len(r) > model.MaxStickerName {
		row.Name = string(r[:model.MaxStickerName])
	}
	if file.Thumb != "" {
		row.Pic = filePath + file.Thumb
	}
	if file.Size > model.MaxStickerSize {
		if file.Thumb == "" || file.Type == imaging.GIF {
			return nil, model.TooLarge("sticker")
		}
		row.URL = row.Pic
	}
	return row, nil
}

// Remove takes a sticker out of a user's collection; one that is not in it is
// out of it already.
func (s *StickerService) Remove(ctx context.Context, userID, id int64) error {
	return s.db.Tx(ctx, func(tx *xorm.Session) error {
		_, err := tx.Where("userid = ? AND id = ?", userID, id).Delete(new(model.Sticker))
		return err
	})
}
