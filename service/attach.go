package service

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/util/imaging"
	"hongyan/util/limit"
	"hongyan/util/sniff"

	"xorm.io/xorm"
)

// BlobStore keeps the bytes of files under keys. An absent file is
// fs.ErrNotExist; what fails otherwise is the store's fault.
type BlobStore interface {
	// Put stores all that r gives, durably, or nothing.
	Put(ctx context.Context, key string, r io.Reader) (int64, error)
	Open(ctx context.Context, key string) (io.ReadSeekCloser, error)
	Delete(ctx context.Context, key string) error
	// SignGet gives a URL for a few minutes, or "" if the store has none.
	SignGet(ctx context.Context, key, mediaType, disposition string) (string, error)
}

// AttachLimits bounds what people put into the store.
type AttachLimits struct {
	Size  int64          // of one file
	Quota int64          // of a user's files together
	Files int            // of a user
	Rate  *limit.Limiter // by user; nil: any
}

// insertTime bounds the insertion of a file's row, which goes on when its
// sender has hung up.
const insertTime = 10 * time.Second

// AttachService takes files in and gives them out.
type AttachService struct {
	db     *db.DB
	store  BlobStore
	spool  spool
	now    Clock
	limits AttachLimits
	work   chan struct{} // pictures being decoded at a time
	parts  parts
}

// NewAttachService makes the service. Pictures wait in folder while they are
// looked at; what an earlier process has left there is removed.
func NewAttachService(d *db.DB, store BlobStore, folder string, now Clock, limits AttachLimits) (*AttachService, error) {
	waiting, err := openSpool(folder)
	if err != nil {
		return nil, err
	}
	return &AttachService{db: d, store: store, spool: waiting, now: now, limits: limits, work: make(chan struct{}, decoders)}, nil
}

// Limit is the size of one file at most.
func (s *AttachService) Limit() int64 { return s.limits.Size }

// Upload stores a file of a user's and gives its URL. Its type is that of its
// content; hint is only asked whether a container of both is sound or film.
// Nothing is kept of a file that is refused or ends early.
func (s *AttachService) Upload(ctx context.Context, userID int64, name, hint string, r io.Reader) (string, model.Attach, error) {
	if ok, wait := s.limits.Rate.Allow(strconv.FormatInt(userID, 10)); !ok {
		return "", model.Attach{}, &model.Error{Code: model.CodeRateLimited, RetryAfter: wait}
	}
	room, err := s.room(ctx, userID)
	if err != nil {
		return "", model.Attach{}, err
	}
	row, err := s.take(ctx, userID, name, hint, &source{r: r, size: s.limits.Size, room: room}, nil)
	if err != nil {
		return "", model.Attach{}, err
	}
	return fileURL(row.Key, row.Type), attach(row), nil
}

// take stores what src gives and makes it known, along with what also writes in
// the same transaction.
func (s *AttachService) take(ctx context.Context, userID int64, name, hint string, src *source, also alsoWrite) (*model.Attachment, error) {
	head := make([]byte, sniff.HeadSize)
	n, err := io.ReadFull(src, head)
	if src.err != nil {
		return nil, src.fault()
	}
	if errors.Is(err, io.EOF) {
		return nil, model.Invalid("file")
	}
	row := &model.Attachment{Key: strings.ToLower(rand.Text()), UserID: userID, CreateAt: s.now.millis()}
	row.Type = sniff.Type(head[:n], hint)
	row.Name = sniff.Name(name, row.Type)
	body := io.MultiReader(bytes.NewReader(head[:n]), src)
	if err := s.keep(ctx, row, body); err != nil {
		if src.err != nil {
			err = src.fault()
		}
		return nil, errors.Join(err, s.remove(ctx, row))
	}
	if err := s.insert(ctx, row, also); err != nil {
		return nil, errors.Join(err, s.remove(ctx, row))
	}
	return row, nil
}

// alsoWrite is what else is written in the transaction that makes a file known.
type alsoWrite func(tx *xorm.Session, row *model.Attachment) error

// keep puts the file into the store, and its thumbnail.
func (s *AttachService) keep(ctx context.Context, row *model.Attachment, body io.Reader) (err error) {
	if looksInto(row.Type) {
		return s.keepPicture(ctx, row, body)
	}
	row.Size, err = s.put(ctx, row.Key, body)
	return err
}

func (s *AttachService) put(ctx context.Context, key string, r io.Reader) (int64, error) {
	size, err := s.store.Put(ctx, key, r)
	if err != nil && ctx.Err() == nil {
		err = storeFault(err)
	}
	return size, err
}

// storeFault says that the store, not the sender, is at fault: a full disk, a
// bucket out of reach. Trying again later makes sense.
func storeFault(err error) error {
	return &model.Error{Code: model.CodeUnavailable, Key: "store", RetryAfter: 10 * time.Second, Err: err}
}

// remove takes back what was stored of a file that did not come to be.
func (s *AttachService) remove(ctx context.Context, row *model.Attachment) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), insertTime)
	defer cancel()
	return errors.Join(s.store.Delete(ctx, row.Key), s.store.Delete(ctx, thumbKey(row.Key)))
}

// room gives how many bytes a user may still store.
func (s *AttachService) room(ctx context.Context, userID int64) (room int64, err error) {
	err = s.db.View(ctx, func(v *xorm.Session) error {
		room, err = s.left(v, userID)
		return err
	})
	return room, databaseFault(err)
}

// left counts a user's files. It fails if there is no room for another.
func (s *AttachService) left(v *xorm.Session, userID int64) (int64, error) {
	var files int
	var used int64
	_, err := v.SQL("SELECT COUNT(*), COALESCE(SUM(size), 0) FROM attachment WHERE userid = ?", userID).Get(&files, &used)
	if err != nil {
		return 0, err
	}
	if files >= s.limits.Files || used >= s.limits.Quota {
		return 0, model.TooLarge("quota")
	}
	return s.limits.Quota - used, nil
}

// insert makes the file known. The quota is counted again under a lock of its
// user, since others of their uploads may have ended meanwhile.
func (s *AttachService) insert(ctx context.Context, row *model.Attachment, also alsoWrite) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), insertTime)
	defer cancel()
	return databaseFault(s.db.Tx(ctx, func(tx *xorm.Session) error {
		var id int64
		if _, err := tx.SQL("SELECT id FROM user WHERE id = ?"+s.db.ForUpdate(), row.UserID).Get(&id); err != nil {
			return err
		}
		room, err := s.left(tx, row.UserID)
		if err != nil {
			return err
		}
		if row.Size > room {
			return model.TooLarge("quota")
		}
		row.ID = 0
		if _, err = tx.Insert(row); err != nil || also == nil {
			return err
		}
		return also(tx, row)
	}))
}

func databaseFault(err error) error {
	if db.IsUnavailable(err) {
		return &model.Error{Code: model.CodeUnavailable, RetryAfter: time.Second, Err: err}
	}
	return err
}

// URLs of files: /mnt/KEY.ext, and /mnt/KEY_s.ext for the thumbnail.
const (
	filePath    = "/mnt/"
	thumbSuffix = "_s"
)

func thumbKey(key string) string { return key + thumbSuffix }

func fileURL(key, mediaType string) string { return filePath + key + "." + sniff.Extension(mediaType) }

// attach is what the uploader learns.
func attach(row *model.Attachment) model.Attach {
	a := model.Attach{
		Name: row.Name, Size: row.Size, Type: row.Type, Width: row.Width, Height: row.Height, Duration: row.Duration,
	}
	if row.Thumb != "" {
		a.Thumb = filePath + row.Thumb
	}
	return a
}

// File is a stored file to be served: its content, or where it is.
type File struct {
	Type        string
	Disposition string
	Tag         string
	Size        int64 // 0 for a thumbnail
	Time        time.Time
	Content     io.ReadSeekCloser // nil if there is a URL
	URL         string
}

// Open gives the file of a name in /mnt/, which is a key with or without the
// ending that belongs to it. What is not there and what cannot be there are
// both CodeNotFound.
func (s *AttachService) Open(ctx context.Context, name string) (File, error) {
	stem, ending, dotted := strings.Cut(name, ".")
	key, thumb := strings.CutSuffix(stem, thumbSuffix)
	row := model.Attachment{}
	found := false
	if !isKey(key) {
		return File{}, model.Fail(model.CodeNotFound)
	}
	err := s.db.View(ctx, func(v *xorm.Session) (err error) {
		found, err = v.Where("name_key = ?", key).NoAutoCondition().Get(&row)
		return err
	})
	if err != nil {
		return File{}, databaseFault(err)
	}
	kind := row.Type
	if thumb {
		kind = imaging.JPEG
		if strings.HasSuffix(row.Thumb, "."+sniff.Extension(imaging.PNG)) {
			kind = imaging.PNG
		}
		found = found && strings.HasPrefix(row.Thumb, thumbKey(key)+".")
	}
	if !found || dotted && ending != sniff.Extension(kind) {
		return File{}, model.Fail(model.CodeNotFound)
	}
	f := File{
		Type: sniff.Served(kind), Disposition: sniff.Disposition(row.Name, sniff.Inline(kind)), Tag: stem, Size: row.Size,
		Time: time.UnixMilli(row.CreateAt),
	}
	if thumb {
		f.Size, f.Disposition = 0, sniff.Disposition(sniff.Name(row.Name, kind), true)
	}
	return s.content(ctx, stem, f)
}

func (s *AttachService) content(ctx context.Context, key string, f File) (File, error) {
	var err error
	if f.URL, err = s.store.SignGet(ctx, key, f.Type, f.Disposition); err == nil && f.URL == "" {
		f.Content, err = s.store.Open(ctx, key)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return File{}, model.Failf(model.CodeNotFound, "a file without content: %w", err)
	case err != nil:
		return File{}, storeFault(fmt.Errorf("open: %w", err))
	}
	return f, nil
}

// isKey tells whether a text can be a key that Upload has made.
func isKey(text string) bool {
	if len(text) != len(rand.Text()) {
		return false
	}
	return strings.Trim(text, "abcdefghijklmnopqrstuvwxyz234567") == ""
}
